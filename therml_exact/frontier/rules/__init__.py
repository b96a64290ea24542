"""Learning rules over finitely many encoders: the S axis."""
