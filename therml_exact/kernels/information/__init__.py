"""Kernels of entropies and informations of tables."""
