"""Learning as thermodynamics: potentials, Maxwell relations, equilibria, relaxation towards them."""

from therml_exact.thermo import markov as markov  # public as tx.markov: an attribute before anybody imports it
