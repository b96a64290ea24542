"""H, I, KL, J, R, C, D, S, I_pred and gamma_c once more, by sums over all outcomes that share nothing with the library.

A world is multiplied out of its tables into p(outcome); every expectation is a sum over outcomes with math.fsum,
every marginal a dictionary. Slow, and meant to be. The chapters hold the library's numbers against these: an error of
1e-3 in any of them turns the chapter that states it red.

    I_pred(N)  sum over all data sets of p(data) log p(data|phi)/p(data)
    gamma_c    1/(1 - 2e)^2 for the binary symmetric channel with crossover e
Units: nats. Rounding: below 1e-12 for the sizes used here.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

import therml_exact as tx
from validation.verdicts import check

NEAR = 1e-9  # nats


@check("quantities: by hand", f"|library - sum by hand| <= {NEAR:g} nats", "both are right to 1e-12; an error shows")
def same(difference: float) -> bool:
    return abs(difference) <= NEAR


Outcome = tuple[int, ...]


def outcomes(world: tx.World) -> tuple[tuple[str, ...], dict[Outcome, float]]:
    """The names, and p of every outcome, multiplied out of the world's own tables."""
    t = {name: np.asarray(table, dtype=float) for name, table in world.tables.items()}
    labels = world.kind != "bayes"
    names = ["Phi", *(f"{v}{i}" for i in world.samples for v in ("XY" if labels else "X")), "Theta"]
    names += [f"Z{i}" for i in world.samples] if world.kind == "P" else []
    rule = t["theta_given_data"]
    letters = (range(t["x_given_phi"].shape[1]), *([range(t["y_given_x_phi"].shape[2])] if labels else []))
    found = {}
    for phi in range(len(t["phi"])):
        for data in itertools.product(*letters * world.n):
            p = t["phi"][phi]
            step = 2 if labels else 1
            for k in range(0, len(data), step):
                p *= t["x_given_phi"][phi, data[k]] * (t["y_given_x_phi"][phi, data[k], data[k + 1]] if labels else 1)
            for theta in range(rule.shape[-1]):
                q = p * rule[(*data, theta)]
                codes = [t["z_given_x_theta"][data[2 * i], theta] for i in range(world.n)] if world.kind == "P" else []
                for z in itertools.product(*(range(len(row)) for row in codes)):
                    found[(phi, *data, theta, *z)] = q * math.prod(row[k] for row, k in zip(codes, z, strict=True))
    return tuple(names), {o: p for o, p in found.items() if p > 0}


def marginal(names: Sequence[str], p: dict[Outcome, float], kept: Sequence[str]) -> dict[Outcome, float]:
    places, cells = [names.index(name) for name in kept], defaultdict(list)
    for outcome, weight in p.items():
        cells[tuple(outcome[k] for k in places)].append(weight)
    return {cell: math.fsum(weights) for cell, weights in cells.items()}


def entropy(names: Sequence[str], p: dict[Outcome, float], kept: Sequence[str]) -> float:
    return -math.fsum(w * math.log(w) for w in marginal(names, p, kept).values())


def information(names: Sequence[str], p: dict[Outcome, float], a: Sequence[str], b: Sequence[str]) -> float:
    """Sum of p(a,b) log p(a,b)/p(a)p(b)."""
    both, left, right = (marginal(names, p, kept) for kept in ([*a, *b], a, b))
    return math.fsum(w * math.log(w / (left[ab[: len(a)]] * right[ab[len(a) :]])) for ab, w in both.items())


def divergence(p: Iterable[float], q: Iterable[float]) -> float:
    return math.fsum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def of_table(table: Any) -> tuple[tuple[str, ...], dict[Outcome, float]]:
    """The outcomes of a joint table over X and Y."""
    cells = np.asarray(table, dtype=float)
    return ("X", "Y"), {index: float(w) for index, w in np.ndenumerate(cells) if w > 0}


def mean_log(names: Sequence[str], p: dict[Outcome, float], q: np.ndarray, of: Sequence[str]) -> float:
    """<log q(of)>, the table indexed by the letters of `of`."""
    places = [names.index(name) for name in of]
    return math.fsum(w * math.log(q[tuple(o[k] for k in places)]) for o, w in p.items())


def differences(world: tx.World, q: tx.Variational) -> dict[str, float]:
    """The library's H, I, KL, J and functionals of a world, exact or of floats, minus those by hand (nats)."""
    names, p = outcomes(world)
    data = [name for name in names if name[0] in "XY"]
    found = {
        "H": float(tx.entropy(world, data)) - entropy(names, p, data),
        "H(|)": float(tx.entropy(world, "Theta", given=data))
        - entropy(names, p, [*data, "Theta"]) + entropy(names, p, data),
        "I": float(tx.mutual_information(world, "Theta", data)) - information(names, p, ["Theta"], data),
        "J": float(world.mismatch()) - _mismatch(world, names, p),
        "J, any graphs": float(tx.mismatch(world.joint(), world.graph, world.graph_q)[0]) - _mismatch(world, names, p),
    }  # fmt: skip
    f = tx.functionals(world, q)
    table = np.asarray(q.theta, dtype=float)
    size = len(table)
    even = [Fraction(1, size) if world.is_exact else 1 / size] * size
    held = marginal(names, p, ["Theta"])
    law = [held.get((k,), 0.0) for k in range(size)]
    found["KL"] = float(tx.kl_divergence(world.marginal("Theta").table, even)) - divergence(law, [1 / size] * size)
    if all(b > 0 for b in table):
        s = entropy(names, p, data) - entropy(names, p, [*data, "Theta"]) - mean_log(names, p, table, ["Theta"])
        found["S"] = float(f.S or 0) - s
    for name, value, key, of in _expected(world):
        total = getattr(f, value)
        if total is None or math.isinf(total):
            continue
        by_hand = -math.fsum(mean_log(names, p, np.asarray(q.table(key, i), dtype=float), [v.format(i) for v in of])
                             for i in world.samples)  # fmt: skip
        if name == "R":  # less H(Z|X,Theta)
            by_hand -= math.fsum(entropy(names, p, [f"X{i}", "Theta", f"Z{i}"]) - entropy(names, p, [f"X{i}", "Theta"])
                                 for i in world.samples)  # fmt: skip
        found[name] = float(total) - by_hand
    return found


def _expected(world: tx.World) -> tuple[tuple[str, str, str, tuple[str, ...]], ...]:
    if world.kind == "P":
        return (
            ("R", "R", "z", ("Z{}",)),
            ("C", "C", "y_given_z", ("Z{}", "Y{}")),
            ("D", "D", "x_given_z", ("Z{}", "X{}")),
        )
    if world.kind == "bayes":
        return (("U", "U", "x_given_theta", ("Theta", "X{}")),)
    return (("U", "U", "y_given_x_theta", ("X{}", "Theta", "Y{}")),)


def _mismatch(world: tx.World, names: Sequence[str], p: dict[Outcome, float]) -> float:
    """Sum over p log p(outcome) / prod of q*(node|parents) on graph Q."""
    logs = []
    for node, parents in world.graph_q:
        both = marginal(names, p, [*parents, node])
        above = marginal(names, p, list(parents))
        logs.append(([names.index(v) for v in (*parents, node)], both, above))
    total = []
    for outcome, weight in p.items():
        q = math.fsum(math.log(both[cell] / above[cell[:-1]])
                      for places, both, above in logs for cell in [tuple(outcome[k] for k in places)])  # fmt: skip
        total.append(weight * (math.log(weight) - q))
    return math.fsum(total)


def predictive(phi: Sequence[float], x: np.ndarray, n: int) -> float:
    """I(Phi; X^N) over all data sets."""
    total = []
    for data in itertools.product(range(x.shape[1]), repeat=n):
        each = [w * math.prod(row[k] for k in data) for w, row in zip(phi, x, strict=True)]
        whole = math.fsum(each)
        total += [v * math.log(v / (w * whole)) for v, w in zip(each, phi, strict=True) if v > 0]
    return math.fsum(total)


def critical(crossover: float) -> float:
    """gamma_c of the binary symmetric channel."""
    return 1 / (1 - 2 * crossover) ** 2
