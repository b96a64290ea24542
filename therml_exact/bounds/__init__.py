"""The paper's relations as objects: each is evaluated on a world and decided."""
