"""Kernels of sums over types."""
