"""Learning as thermodynamics: potentials, Maxwell relations, equilibria, relaxation towards them."""
