"""dit: entropies, informations, total correlation, and rate-distortion by Blahut and Arimoto.

dit works in bits; its answers are converted. The truth is the exact value of the same rational table (PrimeLog),
rounded once. Rate-distortion: min over q(y|x) of I(X;Y) + beta <d>, d the Hamming distortion. For a binary source it is
R(D) + beta D at D = 1/(1 + exp(beta)), R(D) = h(p) - h(D), where D < min p.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact.kernels.rules.rate_distortion import rate_distortion
from validation.peers.agreement import compared
from validation.section import Cell

LN2 = math.log(2)
NEAR = Fraction(1, 10**9)


def inputs() -> dict[str, tx.Joint]:
    """Exact joints: a real table, a large random one, and one next to independence."""
    counts = np.random.default_rng(0).integers(1, 100, size=(4,) * 5)
    quarter = Fraction(1, 4)
    near = np.array([[quarter + NEAR, quarter - NEAR], [quarter - NEAR, quarter + NEAR]], dtype=object)
    return {
        "hair, eye, sex": tx.examples.hair_eye(),
        "random, 4^5": tx.Joint.from_counts(counts, list("ABCDE")),
        "1/4 ± 1e-9, 2 x 2": tx.Joint(near, ("X", "Y")),
    }


def entropies(dit: ModuleType) -> Iterator[tuple[Cell, ...]]:
    for name, exact in inputs().items():
        joint = exact.to_float()
        outcomes = list(np.ndindex(*joint.shape))
        d = dit.Distribution([tuple(map(str, o)) for o in outcomes], [float(joint.table[o]) for o in outcomes])
        a, b = exact.axes[-2:]
        i, j = len(exact.axes) - 2, len(exact.axes) - 1
        cases: dict[str, tuple[Callable[[tx.Joint], Any], Callable[[], float]]] = {
            f"H({a})": (lambda t, a=a: tx.entropy(t, a), lambda d=d, i=i: dit.shannon.entropy(d, [i])),
            f"I({a};{b})": (
                lambda t, a=a, b=b: tx.mutual_information(t, a, b),
                lambda d=d, i=i, j=j: dit.shannon.mutual_information(d, [i], [j]),
            ),
            "multi-information": (tx.multi_information, lambda d=d: dit.multivariate.total_correlation(d)),
        }
        if len(exact.axes) > 2:
            c = exact.axes[0]
            cases[f"I({a};{b}|{c})"] = (
                lambda t, a=a, b=b, c=c: tx.mutual_information(t, a, b, given=c),
                lambda d=d, i=i, j=j: dit.multivariate.coinformation(d, [[i], [j]], [0]),
            )
        for quantity, (ours, theirs) in cases.items():
            truth = float(ours(exact))
            row = compared(quantity, name, truth, lambda f=ours, t=joint: f(t), lambda f=theirs: LN2 * f())
            off = abs(row[4]) > 1e-9 * abs(truth)
            why = "a difference of entropies near independence has no correct digit; ours sums p log(p/q) - p + q"
            yield *row[:-1], why if off else "rounding"


def rate_distortions() -> Iterator[tuple[Cell, ...]]:
    from dit.rate_distortion.blahut_arimoto import blahut_arimoto

    hamming = 1.0 - np.eye(2)
    for p in ((0.5, 0.5), (0.3, 0.7)):
        for bits in (2.0, 3.0, 5.0):  # dit's beta, which sits under a power of 2
            beta = bits * LN2
            source = np.array(p)
            d = 1 / (1 + math.exp(beta))
            truth = _h(p[0]) - _h(d) + beta * d

            def ours(source: np.ndarray = source, beta: float = beta) -> float:
                q, rule = np.full(2, 0.5), np.zeros((2, 2))
                # The proven lower bound of min <d> + R/beta.
                return beta * float(rate_distortion(source, hamming, 1 / beta, q, rule))

            for restarts in (1, 100):  # one is enough, as the problem is convex; its default is 100

                def theirs(source: np.ndarray = source, bits: float = bits, restarts: int = restarts) -> float:
                    np.random.seed(0)  # noqa: NPY002 (dit draws from the global state)
                    found, _ = blahut_arimoto(source, bits, restarts=restarts)
                    return float(found.rate + bits * found.distortion) * LN2

                given = f"p = {p}, beta = {beta:.3f}, restarts = {restarts}"
                row = compared("min I(X;Y) + beta <d>, Hamming", given, truth, ours, theirs)
                why = "it ends once two distortions agree to 1e-5 (numpy.isclose); ours is a proven lower bound"
                yield *row[:-1], why if abs(row[4]) > 1e-14 else "rounding"


def _h(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)
