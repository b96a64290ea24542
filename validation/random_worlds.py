"""Do the paper's relations hold? Every one, decided exactly, on tens of thousands of random rational worlds.

    python validation/random_worlds.py [--worlds 20000] [--out random_worlds.json]

Worlds P with N = 1, 2, 3, Bayes and discriminative worlds, alphabets of 1 to 3 letters; q's optimal for each sample,
optimal and shared, and arbitrary. An identity counts as failed unless both sides are equal, a bound unless its slack is
>= 0; the tolerance is zero. Prints how often each verdict was given to each equation and writes the table as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import therml_exact as tx
from therml_exact.examples import random_rows
from therml_exact.files import write_text

console = Console()


def draw_world(rng: np.random.Generator) -> tx.World:
    kind = rng.choice(["P", "P", "P", "bayes", "discriminative"])
    n = int(rng.choice([1, 2, 3], p=[0.7, 0.25, 0.05]))
    phi, x, y, theta, z = (int(k) for k in rng.integers(1, 4 if n == 1 else 3, size=5))
    if kind == "P":
        return tx.random_world(rng, n, (phi, x, y, theta, z))
    data = (x,) * n if kind == "bayes" else (x, y) * n
    shapes = [(phi,), (phi, x), *([(phi, x, y)] if kind != "bayes" else []), (*data, theta)]
    tables = [random_rows(rng, shape, exact=True) for shape in shapes]
    return tx.BayesWorld(*tables) if kind == "bayes" else tx.DiscriminativeWorld(*tables)


def draw_q(rng: np.random.Generator, world: tx.World) -> tx.Variational:
    choice = rng.integers(3)
    best = tx.optimal_variational(world, shared=bool(choice == 1))
    if choice < 2:
        return best
    return tx.Variational(**{name: random_rows(rng, table.shape, exact=True) for name, table in best.given().items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None, help="write the table as JSON")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    verdicts: dict[str, Counter[str]] = {}
    failures: list[str] = []
    start = time.perf_counter()
    for k in track(range(arguments.worlds), description="worlds", console=Console(stderr=True)):
        world = draw_world(rng)
        for row in tx.check_bounds(world, draw_q(rng, world)):
            verdicts.setdefault(f"{row.equation}{row.part}", Counter())[row.verdict] += 1
            equal = row.relation.sense != "=" or row.verdict in ("tight", "infinite")
            if row.verdict == "violated" or not equal:
                failures.append(f"world {k}: {row}")
    seconds = time.perf_counter() - start
    table = Table(title=f"{arguments.worlds:,} random rational worlds, seed {arguments.seed}: verdicts, exact")
    names = ("tight", "holds", "infinite", "violated")
    for heading in ("equation", *names):
        table.add_column(heading, justify="right")
    order = [f"{relation.equation}{relation.part}" for relation in tx.RELATIONS]
    for equation, counts in sorted(verdicts.items(), key=lambda item: order.index(item[0])):
        table.add_row(equation, *(f"{counts[name]:,}" for name in names))
    console.print(table)
    console.print(
        f"{sum(map(Counter.total, verdicts.values())):,} decisions in {seconds:.0f} s, {len(failures)} failures"
    )
    for failure in failures[:20]:
        console.print(failure, markup=False)
    if arguments.out is not None:
        content = {"worlds": arguments.worlds, "seed": arguments.seed, "seconds": seconds, "failures": failures}
        write_text(json.dumps({**content, "verdicts": verdicts}, indent=1), arguments.out)
    raise SystemExit(bool(failures))


if __name__ == "__main__":
    main()
