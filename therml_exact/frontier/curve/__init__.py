"""Whole frontiers: sheets between an inner and an outer polytope, claims, files."""
