"""Do the paper's relations hold? Every one, decided exactly, on random rational worlds.

Worlds P with N = 1, 2, 3, Bayes and discriminative worlds, alphabets of 1 to 3 letters; q's optimal for each sample,
optimal and shared, and arbitrary. An identity counts as failed unless both sides are equal, a bound unless its slack is
>= 0; the tolerance is zero. The two sides are computed apart (bounds/quantities.py); and on the first worlds H, I, KL,
J, R, C, D, S and U, exact and of floats, are summed once more by hand (by_hand.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import therml_exact as tx
from therml_exact.examples import random_rows
from validation import by_hand
from validation.alone import alone
from validation.section import Section, Start, Table
from validation.verdicts import check

WORLDS = {False: 1_000, True: 20_000}
BY_HAND = 60  # worlds
SEED = 0
VERDICTS = ("tight", "holds", "infinite", "violated")


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


@check(
    "random worlds: a relation",
    "an identity: both sides equal; a bound: slack >= 0",
    "exact signs; no tolerance needed",
)
def stands(verdict: str, identity: bool) -> bool:
    return verdict in (("tight", "infinite") if identity else ("tight", "holds", "infinite"))


@dataclass(frozen=True)
class Count:
    """How often each verdict was given to each relation (equation and part), and every failure: counted, in words.

    off  by quantity, the largest difference from the sum by hand, nats
    """

    worlds: int
    verdicts: dict[str, Counter[str]]
    failed: Counter[str]
    failures: tuple[str, ...]
    off: dict[str, float]


def count(worlds: int, advance: Callable[[], None]) -> Count:
    rng = np.random.default_rng(SEED)
    verdicts: dict[str, Counter[str]] = {}
    failed: Counter[str] = Counter()
    failures: list[str] = []
    off: dict[str, float] = {}
    for k in range(worlds):
        world = draw_world(rng)
        q = draw_q(rng, world)
        for row in tx.check_bounds(world, q):
            verdicts.setdefault(f"{row.equation}{row.part}", Counter())[row.verdict] += 1
            told = stands.failures(f"world {k}: {row}", verdict=row.verdict, identity=row.relation.sense == "=")
            failed[f"{row.equation}{row.part}"] += len(told)
            failures += told
        for w, v in ((world, q), (world.to_float(), q.to_float())) if k < BY_HAND else ():
            for name, by in by_hand.differences(w, v).items():
                off[name] = max(off.get(name, 0.0), abs(by))
        advance()
    wrong = [text for name, by in off.items() for text in by_hand.same.failures(f"{name} is off by {by:.2g}",
             difference=by)]  # fmt: skip
    order = [f"{relation.equation}{relation.part}" for relation in tx.RELATIONS]
    return Count(worlds, {name: verdicts[name] for name in order if name in verdicts}, failed,
                 (*wrong, *failures), off)  # fmt: skip


def section(full: bool, folder: Path, start: Start) -> Section:
    """Every relation of the paper on random rational worlds, decided with tolerance zero."""
    worlds = WORLDS[full]
    found = count(worlds, start("random worlds", worlds))
    decisions = sum(map(Counter.total, found.verdicts.values()))
    return Section(
        "Every relation on random worlds",
        f"{worlds:,} random worlds with rational tables (seed {SEED}): worlds P with N = 1, 2, 3, Bayes and "
        f"discriminative ones, with optimal, shared and arbitrary q's. {decisions:,} decisions, each of them exact: "
        "a difference of two sides is a rational combination of logarithms of primes, and its sign is certified. An "
        "identity that is not equal, or a bound with a negative slack, would be a failure; there were "
        f"{len(found.failures)}.",
        (
            Table(
                "How often each verdict was given",
                ("equation", *VERDICTS),
                tuple((name, *(counts[v] for v in VERDICTS)) for name, counts in found.verdicts.items()),
                "tight: both sides equal. infinite: a q is 0 where p is not.",
            ),
            Table(
                f"The quantities against sums by hand: {min(BY_HAND, worlds)} worlds, exact and of floats",
                ("quantity", "largest difference, nats"),
                tuple(found.off.items()),
                "By hand: every outcome multiplied out of the tables, sums with math.fsum (by_hand.py).",
            ),
        ),
        failures=found.failures[:20],
    )


if __name__ == "__main__":
    alone(section)
