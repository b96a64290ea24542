"""Figures: one style, and what is drawn of graphs, frontiers and equilibria."""
