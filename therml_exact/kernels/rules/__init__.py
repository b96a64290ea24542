"""Kernels of learning rules."""
