"""What learning rules over a dictionary of encoders and free ones share: frontiers, falls of S, caps."""
