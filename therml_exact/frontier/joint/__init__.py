"""The problem in which rule, encoder and q's are all free."""
