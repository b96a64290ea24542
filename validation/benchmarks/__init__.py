"""Speed as ratios: against what a user would run instead, and against the machine's own limit."""
