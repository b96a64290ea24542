"""Everything free: the gap that a joint problem leaves, and the time it takes, the worst of many multipliers.

    python -m validation.benchmarks.free [--groups N=2 N=3 ...] [--processes a b c] [--gammas 2 4] [--sigmas 0 .02]
                                         [--deltas 0 .3] [--patience 1] [--points]

A group is a size with its target: a gap (nats) within seconds of one core. Seconds are of this process (CPU), so that
other work on the machine does not count; the search itself stops by the wall clock, at `patience` times the target.
--points prints every point, and --checked verifies its certificate too.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import therml_exact as tx
from validation.benchmarks.timing import Row

HALF = "1/2"
PROCESSES: dict[str, tuple[Any, Any, Any]] = {
    "a": ([1], [[HALF, HALF]], [[["1/4", "3/4"], ["2/3", "1/3"]]]),
    "b": (
        [HALF, HALF],
        [[HALF, HALF], ["1/3", "2/3"]],
        [[["1/4", "3/4"], ["2/3", "1/3"]], [["9/10", "1/10"], ["1/5", "4/5"]]],
    ),
    "c": (
        ["1/3", "2/3"],
        [["1/4", "3/4"], [HALF, HALF]],
        [[[1, 0], ["1/5", "4/5"]], [["1/10", "9/10"], [HALF, HALF]]],
    ),
    "three x": (
        [HALF, HALF],
        [[HALF, "1/4", "1/4"], ["1/4", "1/4", HALF]],
        [[["1/4", "3/4"], [HALF, HALF], ["9/10", "1/10"]], [["2/3", "1/3"], ["1/5", "4/5"], ["1/4", "3/4"]]],
    ),
    "three y": (
        [HALF, HALF],
        [[HALF, HALF], ["1/3", "2/3"]],
        [[["1/4", "1/4", HALF], ["2/3", "1/6", "1/6"]], [["1/10", "4/5", "1/10"], ["1/5", "1/5", "3/5"]]],
    ),
}
GAMMAS = ("1.2", "2", "4", "10")
SIGMAS = ("0", ".02", ".1", ".3", "1", "2", "8")
SOME = (".3", ".7", "1", "1.5")


@dataclass(frozen=True)
class Group:
    """Problems of one size: their processes, samples and deltas; the gap wanted (None: stated only) in seconds."""

    name: str
    processes: tuple[str, ...]
    samples: tuple[int, ...]
    deltas: tuple[str, ...]
    gap: float | None
    seconds: float
    codes: int = 2


BINARY = ("a", "b", "c")
GROUPS = (
    Group("N=2", BINARY, (2,), ("0",), 1e-6, 2),
    Group("N=3", BINARY, (3,), ("0",), 1e-6, 10),
    Group("N=4", BINARY, (4,), ("0",), 1e-6, 30),
    Group("N=8", BINARY, (8,), ("0",), 1e-4, 120),
    Group("N=20", BINARY, (20,), ("0",), None, 240),
    Group("N=2,delta", BINARY, (2,), SOME, 1e-5, 20),
    Group("N=3,delta", BINARY, (3,), SOME, 1e-4, 60),
    Group("|X|=3", ("three x",), (1, 2), ("0", *SOME), 1e-4, 60),
    Group("|Y|=3", ("three y",), (1, 2), ("0", *SOME), 1e-4, 60),
    Group("|Z|=3", BINARY, (1, 2), ("0",), 1e-3, 60, 3),
)


@dataclass(frozen=True)
class Point:
    """One optimum: where, its gap, CPU seconds, why it ended, and cells."""

    where: str
    gap: float
    seconds: float
    reason: str
    cells: int


@dataclass(frozen=True)
class Choice:
    """What is measured of every group: None means all of it."""

    processes: Sequence[str] | None = None
    gammas: Sequence[str] = GAMMAS
    sigmas: Sequence[str] = SIGMAS
    deltas: Sequence[str] | None = None
    patience: float = 1.0
    checked: bool = False


def points(group: Group, choice: Choice) -> Iterator[Point]:
    """The optima of one group."""
    wanted = [p for p in group.processes if choice.processes is None or p in choice.processes]
    deltas = [d for d in group.deltas if choice.deltas is None or d in choice.deltas]
    for name, n, delta, gamma, sigma in itertools.product(wanted, group.samples, deltas, choice.gammas, choice.sigmas):
        problem = tx.JointProblem(*PROCESSES[name], n, z_size=group.codes)
        at = {"gamma": float(gamma), "delta": float(delta), "sigma": float(sigma)}
        limit, tol = choice.patience * group.seconds, group.gap or 1e-4
        start = time.process_time()
        found = tx.minimize(problem, **at, tol=tol, time_limit=limit)
        seconds = time.process_time() - start
        if choice.checked:
            verdict = tx.verify(found.certificate, problem)
            assert verdict.valid, verdict.reason
        where = f"{name}, N = {n}, gamma = {gamma}, sigma = {sigma}" + (f", delta = {delta}" if delta != "0" else "")
        yield Point(where, found.value - found.lower_bound, seconds, found.reason, found.cells)


def worst(group: Group, found: Sequence[Point]) -> Row:
    """The largest gap and time of a group, and the points that miss the target."""
    gap, seconds = max(p.gap for p in found), max(p.seconds for p in found)
    missed = [p for p in found if group.gap is not None and (p.gap > group.gap or p.seconds > group.seconds)]
    note = "; ".join(f"{p.where}: {p.gap:.1e} in {p.seconds:.3g} s, {p.reason}" for p in missed)
    if group.gap is None:
        note = "; ".join(f"{p.where}: {p.gap:.1e}" for p in found)
    target = "stated" if group.gap is None else f"gap {group.gap:g} in {group.seconds:g} s"
    met = None if group.gap is None else not missed
    size = f"{group.name}, {len(found) - len(missed)} of {len(found)} points"
    return Row("minimize, everything free", size, "the worst gap (as ratio)", seconds, None, gap, target, met, note)


def rows(short: bool = False) -> Iterator[Row]:
    """The groups that take minutes (two points in the short form); the others by this module's own command."""
    compile_first()
    if short:
        yield worst(GROUPS[0], list(points(GROUPS[0], Choice(("a",), ("2",), (".1", "1"), patience=5.0))))
        return
    for group in GROUPS[:3]:
        yield worst(group, list(points(group, Choice())))


def compile_first() -> None:
    """Have everything compiled that is not measured: small problems of both kinds."""
    for delta, sigma in ((0, 0), (0, 1), (0.5, 0), (0.5, 1)):
        tx.minimize(tx.JointProblem(*PROCESSES["a"], 1), gamma=2, delta=delta, sigma=sigma, tol=1e-2)


def measure(names: Sequence[str], choice: Choice, say: Callable[[str], None], every: bool) -> None:
    """Print the points and the worst of each group."""
    compile_first()
    for group in GROUPS:
        if group.name not in names:
            continue
        found = []
        for p in points(group, choice):
            found.append(p)
            if every:
                say(f"{p.where}: gap {p.gap:.2e}, {p.seconds:.2f} s, {p.cells} cells, {p.reason}")
        if found:
            row = worst(group, found)
            met = "" if row.met is None else "met" if row.met else "MISSED"
            say(
                f"{row.size}: worst gap {row.ratio:.2e}, worst time {row.seconds:.2f} s; {row.target} {met}; {row.note}"
            )


def main() -> None:
    names = [group.name for group in GROUPS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", nargs="+", choices=names, default=names)
    parser.add_argument("--processes", nargs="+", choices=list(PROCESSES), default=None)
    parser.add_argument("--gammas", nargs="+", default=GAMMAS)
    parser.add_argument("--sigmas", nargs="+", default=SIGMAS)
    parser.add_argument("--deltas", nargs="+", default=None)
    parser.add_argument("--patience", type=float, default=1.0, help="wall clock allowed, in units of the target")
    parser.add_argument("--points", action="store_true", help="print every point")
    parser.add_argument("--checked", action="store_true", help="verify every certificate")
    a = parser.parse_args()
    choice = Choice(a.processes, a.gammas, a.sigmas, a.deltas, a.patience, a.checked)
    measure(a.groups, choice, lambda line: print(line, flush=True), a.points)


if __name__ == "__main__":
    main()
