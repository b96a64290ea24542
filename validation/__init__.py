"""The evidence: one module for each question, each giving a section of the report that `python -m validation` writes."""
