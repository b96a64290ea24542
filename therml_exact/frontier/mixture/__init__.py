"""Optima of problems that are mixtures: a value from above, a bound from below, and the certificate of both."""
