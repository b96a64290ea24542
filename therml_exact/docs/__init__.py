"""The documentation's sources, and the command that builds the site: `python -m therml_exact.docs` (extra `docs`)."""
