"""Markov kernels on a finite Theta that keep a law: Metropolis, heat bath, an irreversible sweep, Langevin on a grid.

A kernel K[..., theta, theta'] has rows that sum to 1 and keeps pi[..., theta]: pi K = pi; leading axes are data sets.

    metropolis   propose any theta' with probability 1/|Theta|, accept with min(1, pi'/pi)          reversible
    heat_bath    choose theta' likewise, redraw between the two: pi'/(pi + pi')                     reversible
    sweep        heat baths on (0, 1), then (1, 2), ..., to the end: not reversible if |Theta| > 2
    langevin     K = 1 + tau Q, Q the finite-volume Fokker-Planck operator on a line of parameters: the flux from theta
                 to its neighbour is m (p/pi - p'/pi'), m = 2 pi pi'/(pi + pi') at the edge, as tau -> 0 the overdamped
                 Langevin equation; tau <= 1/4 keeps it a kernel                                    reversible

All are rational where pi is, so that pi K = pi is decided. For floats they are functions of log pi'/pi: a law that
knows its logarithms (log_law.Law) has its true ratios even between entries that underflow. The Euler step of Langevin's
equation without correction (`euler`) keeps another law, and `check_preserves` refuses it. No units.
Sources: Metropolis et al. (1953); Barker (1965); Eymard, Gallouet, Herbin, Finite Volume Methods (2000).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.numbers.tables import Array, check_rows, read_table, to_fractions
from therml_exact.thermo.log_law import Law, logs_of

_ONE: Any = Fraction(1)
_KEPT = 1e-12  # |pi K - pi| of float kernels


def metropolis(pi: Any) -> Array:
    """Metropolis' kernel: propose uniformly over Theta, accept with min(1, pi'/pi). It is reversible.

    pi: the law [..., theta], without unit; leading axes are data sets.
    Returns a kernel [..., theta, theta'], exact for a rational law. Raises ValueError for rows that do not sum to 1.

    >>> import therml_exact as tx
    >>> [[str(k) for k in row] for row in tx.markov.metropolis(["1/3", "2/3"])]
    [['1/2', '1/2'], ['1/4', '3/4']]
    """
    law = _law(pi)
    if law.dtype != object:
        # Between two parameters of probability 0 there is no ratio: such moves are accepted.
        return _with_diagonal(np.exp(np.minimum(_log_ratios(law, 0.0), 0.0)) / law.shape[-1])
    here, there = _pairs(law)
    accepted = np.where(there >= here, _ONE, _ratio(there, here))
    return _with_diagonal(accepted / law.shape[-1])


def heat_bath(pi: Any) -> Array:
    """The heat bath (Barker's kernel): choose a parameter uniformly and redraw between the two: pi'/(pi + pi').

    It is reversible.

    pi: the law [..., theta], without unit; leading axes are data sets.
    Returns a kernel [..., theta, theta'], exact for a rational law. Raises ValueError for rows that do not sum to 1.

    >>> import therml_exact as tx
    >>> [[str(k) for k in row] for row in tx.markov.heat_bath(["1/3", "2/3"])]
    [['2/3', '1/3'], ['1/6', '5/6']]
    """
    law = _law(pi)
    return _with_diagonal(_shares(law) / law.shape[-1])


def sweep(pi: Any) -> Array:
    """Heat baths on neighbours (0, 1), (1, 2), ... one after another; it is not reversible if |Theta| > 2.

    pi: the law [..., theta], without unit; leading axes are data sets.
    Returns a kernel [..., theta, theta'], exact for a rational law. Raises ValueError for rows that do not sum to 1.

    >>> import therml_exact as tx
    >>> law = ["1/4", "1/4", "1/2"]
    >>> tx.markov.check_preserves(tx.markov.sweep(law), law)
    >>> tx.markov.is_reversible(tx.markov.sweep(law), law)
    False
    """
    law = _law(pi)
    total = _identity(law)
    shares = _shares(law)
    for k in range(law.shape[-1] - 1):
        step = _identity(law)
        stay, move = shares[..., k + 1, k], shares[..., k, k + 1]
        neither = stay + move == 0
        # Each is its own fraction, so that neither loses its digits where the other is nearly 1.
        half = _ONE / 2 if law.dtype == object else 0.5
        for row in (k, k + 1):
            step[..., row, k], step[..., row, k + 1] = np.where(neither, half, stay), np.where(neither, half, move)
        total = total @ step
    return total


def langevin(pi: Any, tau: Fraction | float = Fraction(1, 4)) -> Array:
    """One step of the finite-volume Fokker-Planck equation on the line 0, 1, ..., |Theta| - 1. It is reversible.

    pi: the law [..., theta], without unit; leading axes are data sets.
    tau: the length of the step in (0, 1/4], without unit; beyond 1/4 a row would have a negative entry.
    Returns a kernel [..., theta, theta'], exact for a rational law. Raises ValueError for rows that do not sum to 1,
    and a bad tau.

    >>> import therml_exact as tx
    >>> [[str(k) for k in row] for row in tx.markov.langevin(["1/3", "2/3"])]
    [['2/3', '1/3'], ['1/6', '5/6']]
    """
    if not 0 < tau <= Fraction(1, 4):
        raise ValueError(f"tau is {tau}; it is in (0, 1/4], beyond which a row has a negative entry")
    law = _law(pi)
    size = law.shape[-1]
    step = Fraction(tau) if law.dtype == object else float(tau)
    neighbours = abs(np.subtract.outer(np.arange(size), np.arange(size))) == 1
    shares = _shares(law)
    return _with_diagonal(np.where(neighbours, 2 * step * shares, 0 * shares))


def euler(energy: Any, tau: float = 0.25, sigma: float = 1.0) -> Array:
    """Langevin's Euler step on the line without correction: it keeps pi ~ exp(-energy/sigma) only as tau -> 0.

    theta' is the grid point drawn with weight exp(-(theta' - theta + tau E')^2/(4 sigma tau)), E' the central slope.
    energy: floats [..., theta], in the unit of sigma. tau: the length of the step, > 0. sigma: the temperature, > 0.
    Returns a kernel [..., theta, theta'] of floats.

    >>> import therml_exact as tx
    >>> tx.markov.euler([0.0, 1.0]).round(3).tolist()
    [[0.818, 0.182], [0.378, 0.622]]
    """
    e = np.asarray(energy, dtype=np.float64)
    grid = np.arange(e.shape[-1])
    drift = grid - tau * np.gradient(e, axis=-1)
    weight = np.exp(-((grid - drift[..., None]) ** 2) / (4 * sigma * tau))
    return np.asarray(weight / weight.sum(axis=-1, keepdims=True))


def check_preserves(kernel: Any, pi: Any) -> None:
    """Refuse a kernel that does not keep a law, pi K = pi: exactly for rationals, within 1e-12 for floats.

    kernel: [..., theta, theta']. pi: [..., theta]. Neither has a unit. Returns None.
    Raises ValueError, which names the worst entry, where the law moves; also for shapes or kinds of number that differ.

    >>> import therml_exact as tx
    >>> tx.markov.check_preserves([["1/2", "1/2"], ["1/4", "3/4"]], ["1/3", "2/3"])
    >>> tx.markov.check_preserves([["1/2", "1/2"], ["1/4", "3/4"]], ["1/2", "1/2"])
    Traceback (most recent call last):
    ValueError: the kernel does not keep the law: at [0] it moves 1/2 to 3/8
    """
    k, law = _kernel(kernel), _law(pi)
    if k.shape != (*law.shape, law.shape[-1]):
        raise ValueError(f"kernel has shape {k.shape}; for this law it is {(*law.shape, law.shape[-1])}")
    if (k.dtype == object) != (law.dtype == object):
        raise ValueError("of kernel and law one is exact and the other float64; give both alike")
    after = (law[..., None, :] @ k)[..., 0, :]
    off = abs(after - law)
    exact = off.dtype == object
    worst = off.reshape(-1)[int(np.argmax(off))]
    if worst > (0 if exact else _KEPT):
        where = tuple(int(i) for i in np.unravel_index(int(np.argmax(off)), off.shape))
        raise ValueError(f"the kernel does not keep the law: at {list(where)} it moves {law[where]} to {after[where]}")


def is_reversible(kernel: Any, pi: Any) -> bool:
    """Whether a kernel is in detailed balance with a law, pi(a) K(a, b) = pi(b) K(b, a).

    kernel: [..., theta, theta']. pi: [..., theta]. Neither has a unit. Decided exactly, or within 1e-12 for floats.
    Raises ValueError for rows that do not sum to 1.

    >>> import therml_exact as tx
    >>> tx.markov.is_reversible(tx.markov.metropolis(["1/3", "2/3"]), ["1/3", "2/3"])
    True
    """
    flow = _law(pi)[..., None] * _kernel(kernel)
    off = abs(flow - np.swapaxes(flow, -1, -2))
    return bool((off <= (0 if off.dtype == object else _KEPT)).all())


def advance(law: Array, kernel: Array) -> Array:
    """The law after one step, p'(theta') = sum_theta p(theta) K(theta, theta').

    law: an array [..., theta]. kernel: an array [..., theta, theta']. Neither has a unit. Returns [..., theta'].

    >>> advance(np.array([1.0, 0.0]), np.array([[0.5, 0.5], [0.25, 0.75]])).tolist()
    [0.5, 0.5]
    """
    return np.asarray((law[..., None, :] @ kernel)[..., 0, :])


def _law(pi: Any) -> Array:
    """The law as the kernels compute with it: checked, as Fractions or floats; a Law keeps its logarithms."""
    table = read_table(pi, "pi")
    check_rows(table, "pi")
    if table.dtype == object:
        return to_fractions(table)
    return pi if isinstance(pi, Law) else table


def _kernel(kernel: Any) -> Array:
    """The kernel, checked, as Fractions or floats."""
    table = read_table(kernel, "kernel")
    check_rows(table, "kernel")
    return to_fractions(table) if table.dtype == object else table


def _pairs(law: Array) -> tuple[Array, Array]:
    """The law at the row and of the column, over [..., theta, theta']."""
    shape = (*law.shape, law.shape[-1])
    return np.broadcast_to(law[..., None], shape), np.broadcast_to(law[..., None, :], shape)


def _log_ratios(law: Array, undefined: float) -> Array:
    """The logarithm of pi'/pi over [..., theta, theta'], and `undefined` where both are 0."""
    logs = logs_of(law)
    with np.errstate(invalid="ignore"):
        ratios = logs[..., None, :] - logs[..., None]
    return np.where(np.isnan(ratios), undefined, ratios)


def _shares(law: Array) -> Array:
    """pi'/(pi + pi') over [..., theta, theta'], and 0 where both are 0."""
    if law.dtype == object:
        here, there = _pairs(law)
        return _ratio(there, here + there)
    from scipy.special import expit

    return np.asarray(expit(_log_ratios(law, -np.inf)))


def _ratio(a: Array, b: Array) -> Array:
    """a/b, and 0 where b is 0."""
    return np.asarray(a / np.where(b == 0, _ONE, b))


def _identity(law: Array) -> Array:
    """The kernel that stays where it is, for each data set."""
    size = law.shape[-1]
    eye = np.eye(size) if law.dtype != object else to_fractions(np.eye(size, dtype=int).astype(object))
    return np.array(np.broadcast_to(eye, (*law.shape, size)))


def _with_diagonal(moves: Array) -> Array:
    """Off-diagonal moves, and what is left on the diagonal."""
    kernel = np.array(moves)
    i = np.arange(kernel.shape[-1])
    kernel[..., i, i] = 0
    kernel[..., i, i] = 1 - kernel.sum(axis=-1)
    return kernel
