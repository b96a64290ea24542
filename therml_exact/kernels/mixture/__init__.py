"""Compiled kernels for the likelihood of a mixture: its weights and codes from above, its cells from below."""
