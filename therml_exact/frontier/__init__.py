"""Frontiers: what encoders can reach, and proofs that nothing reaches farther."""
