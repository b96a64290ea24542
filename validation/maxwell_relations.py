"""Do all 24 Maxwell relations hold as measurements? At many equilibria, both sides, implicit and re-solved.

    python validation/maxwell_relations.py [--points 100]

Prints for each relation the largest relative difference of its two sides by implicit differentiation, by re-solving at
shifted values, and of all four numbers; and where the branch of equilibria ends, with the reason for refusing there.
"""

from __future__ import annotations

import argparse

from rich.console import Console
from rich.progress import track
from rich.table import Table

import therml_exact as tx
from therml_exact.thermo.branch import branch_end, default_family, sample_states


def gap(a: float, b: float) -> float:
    return abs(a - b) / max(abs(a), abs(b))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100)
    arguments = parser.parse_args()
    console = Console(width=120)
    family, middle = default_family()
    states = sample_states(family, middle, arguments.points)
    reports = [tx.measure_maxwell(state) for state in track(states, console=Console(stderr=True))]
    table = Table(title=f"Largest relative differences at {len(states)} equilibria")
    for heading in ("relation", "implicit", "re-solved", "all four"):
        table.add_column(heading)
    for rows in zip(*reports, strict=True):
        numbers = [
            max(gap(row.left, row.right) for row in rows),
            max(gap(row.left_redone, row.right_redone) for row in rows),
            max(row.difference for row in rows),
        ]
        table.add_row(str(rows[0].relation), *(f"{value:.1e}" for value in numbers))
    console.print(table, markup=False)
    worst = max(state.residual for state in states)
    console.print(f"residual of every equilibrium <= {worst:.1e}, curvature >= {min(s.curvature for s in states):.3f}")
    end, beyond = branch_end(middle, "sigma", 3.0)
    console.print(f"the branch ends between sigma = {end.sigma:.13f} and {beyond:.13f}:")
    console.print(tx.measure_maxwell(end).rows[0].refused)


if __name__ == "__main__":
    main()
