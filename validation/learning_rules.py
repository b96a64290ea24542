"""Learning rules: is every jump of S found, and is every optimum closed, or its reason told?

Random processes with two letters of X and Y, N = 2 and all maps X -> Z. Jumps in sigma are compared with a bisection
that knows nothing of branches: the interval is cut into pieces, evenly in log sigma, and in each the half where the
certified optimum's S falls more is halved again. Optima are drawn over processes with zeros and over the multipliers.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import therml_exact as tx
from validation.alone import alone
from validation.section import Section, Start, Table
from validation.verdicts import check

SEEDS = {False: range(100, 104), True: range(100, 200)}
GAMMAS = (2, 4)
LOW, HIGH, PIECES = 0.02, 4.0, 8
FALL = 0.01  # nats: of S, within WIDTH of sigma, is a jump to the bisection
WIDTH = 1e-4
WORLDS = {False: 20, True: 200}
LIMIT = 5.0  # seconds for an optimum
RHOS, STRENGTHS, SIGMAS = (0, 0.5, 1, 2), (1, 3, 10), (0.01, 0.05, 0.2, 1, 5)


REASONS = ("closed", "time", "cells", "rounding")


@check("learning rules: a jump", "what bisection brackets, jump brackets too", "bisection knows nothing of branches")
def bracketed(meeting: int) -> bool:
    return meeting >= 1


@check("learning rules: an optimum", f"a reason that is one of four, within {2 * LIMIT:g} s", "the limit is half of it")
def ends_well(reason: str, seconds: float) -> bool:
    return reason in REASONS and seconds <= 2 * LIMIT


@check("learning rules: a certificate", "accepted", "the verifier has no solver")
def accepted(valid: bool) -> bool:
    return valid


def draw_rows(rng: np.random.Generator, least: int, most: int, shape: tuple[int, ...]) -> Any:
    """Rows of rationals whose numerators lie in [least, most)."""
    counts = rng.integers(least, most, size=shape)
    counts[..., 0] += counts.sum(axis=-1) == 0
    rows = [[Fraction(int(c), int(row.sum())) for c in row] for row in counts.reshape(-1, shape[-1])]
    return np.array(rows, dtype=object).reshape(shape)


def draw_process(rng: np.random.Generator, least: int, most: int, phi: int, n: int, z: int) -> tx.LearningRuleProblem:
    """Two letters of X and of Y, all maps X -> Z; y is drawn first."""
    y = draw_rows(rng, least, most, (phi, 2, 2))
    tables = draw_rows(rng, least, most, (1, phi))[0], draw_rows(rng, least, most, (phi, 2)), y
    return tx.LearningRuleProblem(*tables, n, tx.encoders.deterministic(2, z))


def bisect(problem: tx.LearningRuleProblem, gamma: float) -> list[tuple[float, float, float]]:
    """Low, high and the fall of S, wherever it falls by FALL within WIDTH."""

    def s(sigma: float) -> float:
        return tx.minimize(problem, gamma=gamma, sigma=sigma, tol=1e-8).point["S"]  # type: ignore[union-attr]

    found = []
    ends = [(sigma, s(sigma)) for sigma in np.geomspace(LOW, HIGH, PIECES + 1).tolist()]
    for left, right in pairwise(ends):
        while left[1] - right[1] > FALL and right[0] - left[0] > WIDTH:
            sigma = 0.5 * (left[0] + right[0])
            here = sigma, s(sigma)
            left, right = (left, here) if left[1] - here[1] > here[1] - right[1] else (here, right)
        if left[1] - right[1] > FALL:
            found.append((left[0], right[0], left[1] - right[1]))
    return found


def compare_jumps(seeds: range, advance: Callable[[], None]) -> tuple[Table, list[str]]:
    """Every jump that bisection finds is one of tx.jump's."""
    rows: list[tuple[int, ...]] = []
    failures: list[str] = []
    for gamma in GAMMAS:
        counts: Counter[str] = Counter()
        for seed in seeds:
            problem = draw_process(np.random.default_rng(seed), 1, 7, 2, 2, 2)
            ours = tx.jump(problem, LOW, HIGH, gamma=gamma)
            counts["jumps"] += len(ours)
            counts["lost"] += sum(piece.status == "lost" for piece in ours.pieces)
            counts["smooth"] += not ours.jumps and ours.status == "complete"
            for low, high, fall in bisect(problem, gamma):
                counts["bisection"] += 1
                told = bracketed.failures(
                    f"seed {seed}, gamma {gamma}: S falls by {fall:.4g} in [{low:.6g}, {high:.6g}]: {ours}",
                    meeting=sum(j.low <= high and low <= j.high for j in ours),
                )
                counts["missed"] += len(told)
                failures += told
            advance()
        names = ("jumps", "bisection", "missed", "lost", "smooth")
        rows.append((gamma, len(seeds), *(counts[name] for name in names)))
    table = Table(
        f"Jumps of S for sigma from {LOW} to {HIGH}",
        ("gamma", "processes", "jumps certified", "jumps of bisection", "missed by us", "pieces lost",
         "processes without a jump"),
        tuple(rows),
        f"Bisection: S falls by more than {FALL} nats within {WIDTH} of sigma, from {PIECES} pieces; it follows one "
        "fall in each, so that it may find fewer.",
    )  # fmt: skip
    return table, failures


def close_optima(worlds: int, advance: Callable[[], None]) -> tuple[Table, list[str]]:
    """How many optima are certified to 1e-6 in LIMIT seconds; the others say what ended the search."""
    reasons: dict[float, Counter[str]] = {rho: Counter() for rho in RHOS}
    gaps: dict[float, float] = dict.fromkeys(RHOS, 0.0)
    failures: list[str] = []
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        z, n, phi = int(rng.integers(2, 4)), int(rng.integers(1, 3)), int(rng.integers(1, 3))
        problem = draw_process(rng, 0, 5, phi, n, z)
        rho, gamma, sigma = (values[rng.integers(len(values))] for values in (RHOS, STRENGTHS, SIGMAS))
        began = time.monotonic()
        o: Any = tx.minimize(problem, rho=rho, gamma=gamma, sigma=sigma, tol=1e-6, time_limit=LIMIT)
        seconds = time.monotonic() - began
        reasons[rho][o.reason] += 1
        gaps[rho] = max(gaps[rho], o.gap)
        told = f"world {seed}, rho {rho}, gamma {gamma}, sigma {sigma}"
        if o.reason == "closed" and len(o.certificate["leaves"]) < 3000:
            failures += accepted.failures(f"{told}: refused", valid=tx.verify(o.certificate).valid)
        failures += ends_well.failures(f"{told}: {o.reason} after {seconds:.3g} s, gap {o.gap:.3g}", reason=o.reason,
                                       seconds=seconds)  # fmt: skip
        advance()
    table = Table(
        f"Optima at sigma > 0, within 1e-6 nats or {LIMIT:g} s",
        ("rho", *REASONS, "largest gap (nats)"),
        tuple((rho, *(reasons[rho][kind] for kind in REASONS), gaps[rho]) for rho in RHOS),
        "Processes with zeros, |Z| = 2 or 3, N = 1 or 2; gamma 1, 3 or 10, sigma 0.01 to 5. How many are closed "
        "depends on the machine; where time ran out, the gap is proved all the same.",
    )
    return table, failures


def section(full: bool, folder: Path, start: Start) -> Section:
    """Jumps of learning rules against bisection, and how many optima are closed."""
    seeds, worlds = SEEDS[full], WORLDS[full]
    jumps, missed = compare_jumps(seeds, start("jumps", len(seeds) * len(GAMMAS)))
    optima, refused = close_optima(worlds, start("optima", worlds))
    return Section(
        "Learning rules: jumps and closed gaps",
        f"{len(seeds)} random processes, each with gamma = {GAMMAS[0]} and {GAMMAS[1]}: a jump of S that bisection "
        "with certified optima finds, and `jump` does not, would be a failure. And "
        f"{worlds} random optima at sigma > 0: each is certified, or says what ended its search.",
        (jumps, optima),
        failures=tuple([*missed, *refused][:20]),
    )


if __name__ == "__main__":
    alone(section)
