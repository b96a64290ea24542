"""Multi-information and the entropy vector: against NumPy, dit, and a bare pass of p log p."""

from __future__ import annotations

import importlib.util
import itertools
import math
import string
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

import therml_exact as tx
from therml_exact.kernels.information.entropy import plogp_sum_kernel
from therml_exact.kernels.information.lattice import entropy_vector_kernel
from therml_exact.kernels.information.multi_information import multi_information_kernel
from validation.benchmarks.timing import Row, alternate, faster, judge, limit

Table = NDArray[np.float64]

SHAPES: dict[str, tuple[int, ...]] = {"6^5": (6,) * 5, "2^16": (2,) * 16, "4^10": (4,) * 10, "2^24": (2,) * 24}
VECTORS: dict[str, tuple[int, ...]] = {"2^10": (2,) * 10, "3^10": (3,) * 10, "2^16": (2,) * 16}


def table(shape: tuple[int, ...]) -> Table:
    p = np.random.default_rng(0).exponential(size=math.prod(shape))
    return (p / p.sum()).reshape(shape)


def flat(p: Table) -> Table:
    cells = p.reshape(-1)
    cells.flags.writeable = False
    return cells


def numpy_multi_information(p: Table) -> float:
    axes = range(p.ndim)
    return float(sum(entr(p.sum(axis=tuple(b for b in axes if b != a))).sum() for a in axes) - entr(p).sum())


def expert_multi_information(p: Table) -> float:
    """As an expert would write it: each margin by one contraction of what the last one left, p @ log p."""
    rest, margins = p.reshape(p.shape[0], -1), 0.0
    for k in range(p.ndim):
        margin = rest.sum(axis=1)
        margins -= margin @ np.log(margin)
        if k + 1 < p.ndim:
            rest = rest.sum(axis=0).reshape(p.shape[k + 1], -1)
    cells = p.reshape(-1)
    return float(margins + cells @ np.log(cells))


def expert_lattice(p: Table) -> Table:
    """The lattice of contractions, with p @ log p."""
    out = np.zeros(1 << p.ndim)

    def descend(q: Table, open_axes: int, mask: int) -> None:
        cells = q.reshape(-1)
        out[mask] = -(cells @ np.log(cells))
        for axis in range(open_axes - 1, -1, -1):
            descend(q.sum(axis=axis), axis, mask & ~(1 << axis))

    descend(p, p.ndim, (1 << p.ndim) - 1)
    return out


def numpy_lattice(p: Table) -> Table:
    """The same lattice of contractions in NumPy."""
    out = np.zeros(1 << p.ndim)

    def descend(q: Table, open_axes: int, mask: int) -> None:
        out[mask] = entr(q).sum()
        for axis in range(open_axes - 1, -1, -1):
            descend(q.sum(axis=axis), axis, mask & ~(1 << axis))

    descend(p, p.ndim, (1 << p.ndim) - 1)
    return out


def numpy_by_subset(p: Table, masks: list[int]) -> list[float]:
    """One reduction of the whole table for each subset."""
    n = p.ndim
    return [float(entr(p.sum(axis=tuple(a for a in range(n) if not mask >> a & 1))).sum()) for mask in masks]


EXPERT = {"6^5": 5, "2^16": 12, "4^10": 12}  # least ratios against successive contractions in NumPy
LATTICE = {"2^10": 8}  # and of the lattice; half of what was measured
SHORT = {"6^5", "2^16", "4^10", "2^10"}


def rows(short: bool = False) -> Iterator[Row]:
    timed: dict[str, Any] = {"seconds": 0.6, "rounds": 201} if short else {}
    for name, shape in SHAPES.items():
        if short and name not in SHORT:
            continue
        p = table(shape)
        cells, sizes = flat(p), np.array(shape, np.int64)

        def ours(cells: Table = cells, sizes: NDArray[np.int64] = sizes) -> float:
            return float(multi_information_kernel(cells, sizes)[0])

        expert = "NumPy, successive contractions and p @ log p"
        yield faster("multi-information", name, expert, ours, lambda p=p: expert_multi_information(p),
                     EXPERT.get(name), **timed)  # fmt: skip
        if short:
            continue
        naive = "NumPy, axis sums and entr"
        yield faster("multi-information", name, naive, ours, lambda p=p: numpy_multi_information(p), None)
        at_most = 1.5 if name == "6^5" else 1.2
        yield limit(
            "multi-information", name, "a bare pass of p log p", ours, lambda c=cells: plogp_sum_kernel(c), at_most
        )
        joint = tx.Joint(p, [f"V{k}" for k in range(len(shape))])
        yield limit(
            "tx.multi_information",
            name,
            "its kernel (the wrapper's overhead)",
            lambda j=joint: tx.multi_information(j),
            ours,
            None,
        )
    if not short:
        yield from _dit()
    for name, shape in VECTORS.items():
        if short and name not in SHORT - {"2^16"}:
            continue
        p = table(shape)
        cells, sizes, out = flat(p), np.array(shape, np.int64), np.empty(2 ** len(shape))

        def vector(c: Table = cells, s: NDArray[np.int64] = sizes, o: Table = out) -> None:
            entropy_vector_kernel(c, s, o)

        expert = "the lattice in NumPy with p @ log p"
        yield faster("entropy vector", name, expert, vector, lambda p=p: expert_lattice(p), LATTICE.get(name, 3),
                     **timed)  # fmt: skip
        if short:
            continue
        bound = flat(table(tuple(1 + k for k in shape)))
        at_most = 2.5 if name in ("2^16", "3^10") else None
        yield limit(
            "entropy vector", name, "p log p over (1+k)^n cells", vector, lambda b=bound: plogp_sum_kernel(b), at_most
        )
        yield faster(
            "entropy vector", name, "the lattice in NumPy with entr", vector, lambda p=p: numpy_lattice(p), None
        )
        yield _by_subset(name, p, vector)


def _by_subset(name: str, p: Table, vector) -> Row:  # type: ignore[no-untyped-def]
    """Timed on 64 subsets drawn at random and scaled up: all 2^n would take minutes."""
    count = 2**p.ndim
    masks = np.random.default_rng(1).choice(count, min(64, count), replace=False).tolist()
    mine, some = alternate(vector, lambda: numpy_by_subset(p, masks), rounds=15)
    ratio = some * count / len(masks) / mine
    note = f"{len(masks)} of {count} subsets timed"
    return judge("entropy vector", name, "one NumPy reduction a subset", mine, ratio * mine, ratio, ">=", None, note)


def _dit() -> Iterator[Row]:
    if importlib.util.find_spec("dit") is None:
        yield Row(
            "tx.multi_information",
            "6^5",
            "dit.multivariate.total_correlation",
            0,
            None,
            None,
            ">= 500",
            None,
            "dit is not installed",
        )
        return
    import dit

    p = table(SHAPES["6^5"])
    outcomes = ["".join(o) for o in itertools.product(string.digits[:6], repeat=5)]
    distribution = dit.Distribution(outcomes, p.reshape(-1))
    joint = tx.Joint(p, list("VWXYZ"))
    cells, sizes = flat(p), np.array(SHAPES["6^5"], np.int64)
    for name, ours, target in (
        ("multi-information", lambda: multi_information_kernel(cells, sizes), 500),
        ("tx.multi_information", lambda: tx.multi_information(joint), None),
    ):
        theirs = "dit.multivariate.total_correlation"
        yield faster(name, "6^5", theirs, ours, lambda: dit.multivariate.total_correlation(distribution), target)
    assert (
        abs(dit.multivariate.total_correlation(distribution) * math.log(2) - tx.multi_information(joint)) < 1e-9
    )  # bits
