"""Kernels of hard encoders."""
