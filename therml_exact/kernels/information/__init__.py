"""Compiled kernels for the entropies and informations of tables, in nats."""
