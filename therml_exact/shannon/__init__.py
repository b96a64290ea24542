"""The Shannon cone of a world: inequalities proved, refuted, or left undecided with the reason."""
