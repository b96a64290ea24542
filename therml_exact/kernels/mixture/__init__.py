"""Kernels of a mixture's likelihood."""
