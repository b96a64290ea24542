"""Hard encoders: enumeration against a loop from scratch, branch and bound against enumeration, and n = 20."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import numpy as np

import therml_exact as tx
from therml_exact.frontier import hard
from therml_exact.kernels.partitions.branch import branch_and_bound
from therml_exact.kernels.partitions.enumeration import enumerate_from_scratch, enumerate_partitions
from therml_exact.kernels.partitions.tables import partition_tables, reorder, rounding_bounds
from validation.benchmarks.timing import Row, alternate, faster, judge

NO_LIMIT = 1 << 62
KINDS = ("dirichlet", "even", "uniform")


def joint(n: int, n_y: int, kind: str, seed: int) -> tx.Joint:
    rng = np.random.default_rng(seed)
    p_x = np.full(n, 1 / n) if kind == "uniform" else rng.dirichlet(np.ones(n) * (5.0 if kind == "even" else 1.0))
    p = p_x[:, None] * rng.dirichlet(np.ones(n_y), size=n)
    return tx.Joint(p / p.sum(), ("X", "Y"))


def kernels(p_xy: tx.Joint) -> tuple[Callable[[], object], Callable[[], object]]:
    """(enumeration, branch and bound), each with its tables and seeds."""
    problem = hard._read(p_xy)
    n = len(problem.p)
    units_a, shift, units_d = rounding_bounds(problem.p, problem.e, problem.q, True)
    rest = (2 * units_a, 2 * units_d, problem.proof, problem.weight, problem.cells, NO_LIMIT)
    rank = np.argsort(-problem.p.sum(axis=1), kind="stable")
    place = np.empty(n, np.int64)
    place[rank] = np.arange(n)

    def run(search: Callable[..., tuple[int, int, int]], *more: object, order: object = None) -> object:
        out = np.zeros((8192, 5), np.int64)
        a, d = partition_tables(problem.p, problem.e, problem.q, shift)
        if order is not None:
            a, d = reorder(a, order), reorder(d, order)
        count, work, _ = search(n, a, d, out, *rest, *more)
        return out[:count, :4], work

    return lambda: run(enumerate_partitions), lambda: run(branch_and_bound, place, order=rank)


def rows(short: bool = False) -> Iterator[Row]:
    p_xy = joint(12, 3, "dirichlet", 0)
    problem = hard._read(p_xy)
    enumeration, _ = kernels(p_xy)
    row = faster(
        "enumeration",
        "n = 12",
        "a loop that recomputes",
        enumeration,
        lambda: enumerate_from_scratch(12, problem.p),
        30,
        rounds=3 if short else 7,
    )
    yield row
    rate = hard.bell_number(12) / row.seconds
    yield judge("enumeration", "n = 12", "partitions a second", row.seconds, None, rate, ">=", None if short else 2e8)
    if short:
        return
    yield from _against_enumeration()
    for n_y in (2, 3, 4):
        times = []
        for kind in KINDS:
            p_xy = joint(20, n_y, kind, 0)
            times.append(alternate(lambda p=p_xy: tx.deterministic_frontier(p), lambda: None, rounds=3)[0])
        worst = max(times)
        yield Row(
            "deterministic_frontier",
            f"n = 20, |Y| = {n_y}",
            "the worst of three",
            worst,
            None,
            None,
            "< 2 s",
            worst < 2,
        )


def _against_enumeration() -> Iterator[Row]:
    ratios: list[tuple[float, str, int]] = []
    seconds: list[tuple[float, float]] = []
    for kind in KINDS:
        for n_y in (2, 3, 4):
            for seed in range(2):
                enumeration, branch = kernels(joint(14, n_y, kind, seed))
                slow, quick = alternate(enumeration, branch, rounds=3, seconds=1.0)
                (front, _), (same, _) = enumeration(), branch()  # type: ignore[misc]
                assert np.array_equal(front, same), "the fronts differ"
                ratios.append((slow / quick, f"{kind}, |Y| = {n_y}", len(front)))
                seconds.append((quick, slow))
    middle = statistics.median(ratio for ratio, *_ in ratios)
    below = [(ratio, name, points) for ratio, name, points in ratios if ratio < 100]
    note = "; ".join(f"{ratio:.0f} at {name} ({points} points)" for ratio, name, points in sorted(below)[:4])
    quick, slow = (statistics.median(pair[k] for pair in seconds) for k in (0, 1))
    yield Row(
        "branch and bound",
        "n = 14",
        f"enumeration, median of {len(ratios)}, identical fronts",
        quick,
        slow,
        middle,
        ">= 100",
        middle >= 100,
        f"least {min(ratios)[0]:.0f}, {len(below)} below 100: {note}" if below else f"least {min(ratios)[0]:.0f}",
    )
