"""The classical problems: rate-distortion, capacity, common information; each two-sided, with a certificate."""
