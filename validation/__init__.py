"""The evidence: a module for each question, each giving a section of the report of `python -m validation`."""
