"""Learning rules p(theta|x^N,y^N) as tables theta_given_data[x1, y1, ..., xN, yN, theta].

    constant    one parameter, nothing learnt:              S = 0
    memorize    theta is the data set, letter by letter:    I(Theta; X^N, Y^N) = H(X^N, Y^N)
    erm         the encoders of least empirical loss, ties shared equally
    posterior   theta is a draw of phi from p(phi|x^N,y^N)
    gibbs       p*(theta|x^N,y^N) = q(theta) exp(-(R + delta D + gamma C)/sigma) / Z      (24), (25)

with R, D, C of (24) those of the data set and of theta:
    R = sum_i sum_z p(z|x_i,theta) log p(z|x_i,theta)/q(z),
    C = -sum_i sum_z p(z|x_i,theta) log q(y_i|z),      D = -sum_i sum_z p(z|x_i,theta) log q(x_i|z).

All but `memorize` are invariant under permutations of the samples (`gibbs`: if the q's are shared). All but `gibbs`
are exact. Its rows are irrational; `rationalize=M` replaces each by a row of multiples of 1/M, every entry within 1/M
of it: again a learning rule, near the Boltzmann one.
Size: (nx ny)^N |Theta| cells, refused up front where that cannot fit.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from therml_exact.encoders import read_dictionary
from therml_exact.numbers.tables import Array, check_rows, check_size, freeze, read_table, to_fractions, unify, whole
from therml_exact.process import read_process
from therml_exact.variational import Variational

__all__ = ["constant", "erm", "gibbs", "memorize", "posterior", "rational_rows"]


def constant(nx: int, ny: int, n: int) -> Array:
    """The rule that learns nothing: there is one parameter, whatever the data. S = 0.

    nx, ny: the sizes of the alphabets of X and Y. n: the number of samples N.
    Returns theta_given_data[x1, y1, ..., xN, yN, 1], exact, without unit. Raises ValueError where it is too large to
    hold.

    >>> import therml_exact as tx
    >>> tx.learners.constant(2, 2, 2).shape
    (2, 2, 2, 2, 1)
    """
    return _exact(np.ones((*_data_shape(nx, ny, n, 1), 1), dtype=object))


def memorize(nx: int, ny: int, n: int) -> Array:
    """The rule whose parameter is the data set itself: I(Theta; X^N, Y^N) = H(X^N, Y^N).

    nx, ny: the sizes of the alphabets of X and Y. n: the number of samples N.
    Returns theta_given_data[x1, y1, ..., xN, yN, theta], exact, without unit, with (nx ny)^N parameters numbered as
    `reshape` numbers [x1, y1, ..., xN, yN]. It keeps the samples' order too, and so is not invariant under
    permutations. Raises ValueError where it is too large to hold.

    >>> import therml_exact as tx
    >>> tx.learners.memorize(1, 2, 1).tolist()
    [[[Fraction(1, 1), Fraction(0, 1)], [Fraction(0, 1), Fraction(1, 1)]]]
    """
    size = (whole("nx", nx) * whole("ny", ny)) ** whole("n", n)
    shape = _data_shape(nx, ny, n, size)
    return _exact(np.eye(size, dtype=object).reshape(*shape, size))


def erm(nx: int, ny: int, n: int, encoders: npt.ArrayLike, loss: Any = None) -> Array:
    """Empirical risk minimisation over a dictionary of encoders; ties are shared equally.

    The risk of theta on a data set is sum_i sum_z p(z|x_i,theta) loss[z, y_i].
    nx, ny: the sizes of the alphabets of X and Y. n: the number of samples N. encoders: p(z|x) as encoders[theta, x,
    z].
    loss: a table [z, y] in any unit, by default the 0-1 loss that reads the code as the label (|Z| = |Y|); or a
    function loss(z, y); or a table [theta, x, y] of the risks themselves. Returns theta_given_data[x1, y1, ..., xN, yN,
    theta], exact, without unit; ties are exact with exact encoders and loss. Raises ValueError for shapes that do not
    fit, and where the table is too large to hold.

    >>> import therml_exact as tx
    >>> rule = tx.learners.erm(2, 2, 1, tx.encoders.deterministic(2, 2))
    >>> [str(p) for p in rule[0, 1]]
    ['0', '0', '1/2', '1/2']
    """
    dictionary = read_dictionary(encoders)
    _check_letters(dictionary, nx)
    risk = _risk(dictionary, ny, loss)
    shape = _data_shape(nx, ny, n, len(dictionary))
    total = _sum_over_samples(risk, n)
    least = total.min(axis=-1, keepdims=True)
    best = (total == least).astype(int)
    ties = best.sum(axis=-1)
    cells = np.empty((*shape, len(dictionary)), dtype=object)
    for index in np.ndindex(*cells.shape):
        cells[index] = Fraction(int(best[index]), int(ties[index[:-1]]))
    return freeze(cells)


def posterior(phi: Any, x_given_phi: Any, y_given_x_phi: Any, n: int) -> Array:
    """The rule that draws a phi from the posterior p(phi|x^N,y^N).

    phi: p(phi) as [phi]. x_given_phi: p(x|phi) as [phi, x]. y_given_x_phi: p(y|x,phi) as [phi, x, y]; None gives the
    rule of a BayesWorld. n: the number of samples N. Returns theta_given_data[x1, y1, ..., xN, yN, phi] ([x1, ..., xN,
    phi] without labels), without unit, exact for exact tables. Data sets of probability 0 get the prior. Raises
    ValueError for tables that are no distributions.

    >>> import therml_exact as tx
    >>> rule = tx.learners.posterior(["1/2", "1/2"], [[1, 0], ["1/2", "1/2"]], None, 1)
    >>> [[str(p) for p in row] for row in rule]
    [['2/3', '1/3'], ['0', '1']]
    """
    prior, like, labels = read_process(phi, x_given_phi, y_given_x_phi)
    if labels is not None:
        like = like[..., None] * labels
    letters = like.shape[1:]
    n = whole("n", n)
    check_size(int(np.prod(letters)) ** n * len(prior), len(letters) * n + 1, prior.dtype == object, "the posterior")
    evidence = prior
    per_sample = np.moveaxis(like, 0, -1)  # [x, y, phi]
    for _ in range(n):
        evidence = evidence[..., None, :] * per_sample.reshape(-1, len(prior))
        if prior.dtype != object:
            # Only ratios matter: floats are kept in range, so that many samples do not underflow to the prior.
            top = evidence.max(axis=-1, keepdims=True)
            evidence = evidence / np.where(top > 0, top, 1.0)
    rows = evidence.reshape(*letters * n, len(prior))
    sums = rows.sum(axis=-1, keepdims=True)
    empty = sums == 0
    return freeze(np.where(empty, prior, rows) / np.where(empty, prior.sum(), sums))


def gibbs(
    sigma: float | Fraction,
    encoders: npt.ArrayLike,
    variational: Variational,
    nx: int,
    ny: int,
    n: int,
    gamma: float | Fraction = 0,
    delta: float | Fraction = 0,
    rationalize: int | None = None,
) -> Array:
    """The Boltzmann rule (24) for given q's: p(theta|data) = q(theta) exp(-(R + delta D + gamma C)/sigma)/Z.

    sigma: the temperature, > 0. gamma, delta: the multipliers of C and D, >= 0. None of the three has a unit.
    encoders: p(z|x) as encoders[theta, x, z]. variational: the q's; theta and z are used, y_given_z for gamma > 0 and
    x_given_z for delta > 0. nx, ny: the sizes of the alphabets of X and Y. n: the number of samples N.
    rationalize: None, or the denominator M of exact rows nearby, each entry within 1/M of the true one.
    Returns theta_given_data[x1, y1, ..., xN, yN, theta], without unit; floats unless `rationalize` is given. Parameters
    of infinite cost get 0. Raises ValueError for bad multipliers, missing q's, shapes that do not fit, and a data set
    that has infinite cost for every theta.

    >>> import therml_exact as tx
    >>> q = tx.Variational(theta=["1/2", "1/2"], z=["1/2", "1/2"], y_given_z=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> tx.learners.gibbs(1, [[[1, 0]], [[0, 1]]], q, nx=1, ny=2, n=1, gamma=2).round(3).tolist()
    [[[0.9, 0.1], [0.1, 0.9]]]
    """
    if not isinstance(variational, Variational):
        raise TypeError(f"variational is a {type(variational).__name__}; give a Variational")
    for name, value, low in (("sigma", sigma, "> 0"), ("gamma", gamma, ">= 0"), ("delta", delta, ">= 0")):
        if not isinstance(value, numbers.Real):
            raise ValueError(f"{name} is {value!r}; it is a number {low}")
        number = float(value)
        if not np.isfinite(number) or number < 0 or (number == 0 and low == "> 0"):
            remedy = "; for sigma = 0 use erm" if name == "sigma" else ""
            raise ValueError(f"{name} is {value!r}; it is a finite number {low}{remedy}")
    dictionary = read_dictionary(encoders).astype(np.float64)
    _check_letters(dictionary, nx)
    for name, coefficient in (("theta", 1), ("z", 1), ("y_given_z", gamma), ("x_given_z", delta)):
        if coefficient and getattr(variational, name) is None:
            raise ValueError(
                f"variational.{name} is None; gibbs needs it" + ("" if coefficient == 1 else " for this multiplier")
            )
    shape = _data_shape(nx, ny, n, len(dictionary))
    q = variational.to_float()
    _check_tables(q, len(dictionary), nx, ny, dictionary.shape[2], n)
    prior = q.theta
    energy = np.zeros(len(dictionary))
    for i in range(1, n + 1):
        cost = sample_cost(dictionary, q, i, ny, float(gamma), float(delta))
        energy = energy[..., None, :] + cost
    energy = energy.reshape(*shape, len(dictionary)) / float(sigma)
    with np.errstate(divide="ignore"):
        log_weight = np.log(prior) - energy
    top = log_weight.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        where = tuple(int(k) for k in np.argwhere(~np.isfinite(top))[0][:-1])
        raise ValueError(f"data set {where} has infinite cost for every theta: some q is 0 where the data need it")
    weight = np.exp(log_weight - top)
    rows = weight / weight.sum(axis=-1, keepdims=True)
    return freeze(rows) if rationalize is None else rational_rows(rows, rationalize)


def rational_rows(table: npt.ArrayLike, denominator: int) -> Array:
    """Rows of floats as exact rows of multiples of 1/denominator nearby.

    table: floats [..., theta] whose rows sum to 1. denominator: a whole number from 1 to 2^52.
    Returns Fractions of the same shape, without unit: each entry is rounded down, and what is missing to 1 goes to the
    entries of largest remainder. Raises ValueError for rows that do not sum to 1 and for a bad denominator.

    >>> rational_rows([[0.3, 0.7], [1 / 3, 2 / 3]], 10).tolist()
    [[Fraction(3, 10), Fraction(7, 10)], [Fraction(3, 10), Fraction(7, 10)]]
    """
    rows = read_table(table, "table").astype(np.float64)
    check_rows(rows, "table")
    if isinstance(denominator, bool) or not isinstance(denominator, int) or not 1 <= denominator <= 2**52:
        raise ValueError(f"denominator is {denominator!r}; it is a whole number from 1 to 2^52")
    flat = rows.reshape(-1, rows.shape[-1])
    down = np.floor(flat * denominator).astype(np.int64)
    remainder = flat * denominator - down
    cells = np.empty(flat.shape, dtype=object)
    for k, counts in enumerate(down):
        order = np.argsort(-remainder[k], kind="stable")
        for position in range(int(denominator - counts.sum())):
            counts[order[position % len(order)]] += 1
        cells[k] = [Fraction(int(c), denominator) for c in counts]
    return freeze(cells.reshape(rows.shape))


def _check_tables(q: Variational, theta: int, nx: int, ny: int, nz: int, n: int) -> None:
    """The q's have the alphabets of the dictionary and of the data, and one table for each sample or for all."""
    expected = {"theta": (theta,), "z": (nz,), "x_given_z": (nz, nx), "y_given_z": (nz, ny)}
    for name, shape in expected.items():
        table = getattr(q, name)
        if table is None:
            continue
        if table.shape not in (shape, (n, *shape) if name != "theta" else shape):
            raise ValueError(f"variational.{name} has shape {table.shape}; it is {shape}, or {(n, *shape)} by samples")


def sample_cost(encoders: Array, q: Variational, i: int, ny: int, gamma: float, delta: float) -> Array:
    """The cost R + delta D + gamma C of one sample under each parameter, in nats: the exponent of (24).

    encoders: floats p(z|x) as [theta, x, z]. q: the q's in floats. i: the sample 1, ..., N. ny: the size of Y's
    alphabet.
    gamma, delta: the multipliers of C and D. Returns [x y, theta]: a row for each pair of letters, x first.

    >>> import therml_exact as tx
    >>> q = tx.Variational(z=[0.5, 0.5], y_given_z=[[0.75, 0.25], [0.25, 0.75]])
    >>> sample_cost(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]), q, 1, ny=2, gamma=2.0, delta=0.0).round(4).tolist()
    [[1.2685, 3.4657], [3.4657, 1.2685]]
    """
    z = q.table("z", i)
    assert z is not None
    theta, nx, _ = encoders.shape
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(encoders > 0, encoders * (np.log(encoders) - np.log(z)), 0.0).sum(axis=-1)  # [theta, x]
        cost = np.repeat(rate[..., None], ny, axis=2)
        for table, multiplier in (("x_given_z", delta), ("y_given_z", gamma)):
            if multiplier:
                rows = q.table(table, i)
                assert rows is not None
                if table == "x_given_z":
                    part = np.where(encoders > 0, -encoders * np.log(rows.T), 0.0).sum(axis=-1)[..., None]
                else:
                    part = np.where(encoders[..., None] > 0, -encoders[..., None] * np.log(rows), 0.0).sum(axis=2)
                cost = cost + multiplier * part
    return np.asarray(np.moveaxis(cost.reshape(theta, nx * ny), 0, -1))


def _risk(dictionary: Array, ny: int, loss: Any) -> Array:
    """The risk of each parameter on each pair of letters, [theta, x, y]."""
    nz = dictionary.shape[2]
    if loss is None:
        if nz != ny:
            raise ValueError(
                f"the default 0-1 loss reads codes as labels, but |Z| = {nz} and |Y| = {ny}; give loss[z, y]"
            )
        loss = [[int(z != y) for y in range(ny)] for z in range(nz)]
    if isinstance(loss, Callable):  # type: ignore[arg-type]
        loss = [[loss(z, y) for y in range(ny)] for z in range(nz)]
    cells = read_table(loss, "loss")
    if cells.shape == (nz, ny):
        pair = unify({"encoders": dictionary, "loss": cells})
        return np.asarray((pair["encoders"][..., None] * pair["loss"]).sum(axis=2))
    if cells.shape == (*dictionary.shape[:2], ny):
        return cells if cells.dtype != object else to_fractions(cells)
    raise ValueError(
        f"loss has shape {cells.shape}; it is [z, y] = {(nz, ny)}, or [theta, x, y] = {(*dictionary.shape[:2], ny)}"
    )


def _sum_over_samples(risk: Array, n: int) -> Array:
    """sum_i risk[theta, x_i, y_i] as [x1, y1, ..., xN, yN, theta].

    Summed type by type, in the order of the letters, so that permuted data sets tie exactly in floats too.
    """
    theta, nx, ny = risk.shape
    flat = np.moveaxis(risk.reshape(theta, nx * ny), 0, -1)
    counts = np.zeros((*(nx * ny,) * n, nx * ny), dtype=int)
    for k in range(n):
        counts += np.eye(nx * ny, dtype=int).reshape(*(1,) * k, nx * ny, *(1,) * (n - 1 - k), nx * ny)
    total = np.zeros((*counts.shape[:-1], theta), dtype=risk.dtype)
    for letter in range(nx * ny):
        total = total + counts[..., letter, None] * flat[letter]
    return total.reshape(*(nx, ny) * n, theta)


def _exact(cells: Array) -> Array:
    """A table of integers as read-only Fractions."""
    return freeze(to_fractions(cells))


def _data_shape(nx: int, ny: int, n: int, theta: int) -> tuple[int, ...]:
    """The axes (nx, ny) of N samples; a rule with `theta` parameters that would not fit is refused."""
    nx, ny, n = whole("nx", nx), whole("ny", ny), whole("n", n)
    check_size((nx * ny) ** n * theta, 2 * n + 1, True, f"theta_given_data for N = {n}")
    return (nx, ny) * n


def _check_letters(dictionary: Array, nx: int) -> None:
    """A dictionary with another number of letters of x than nx is refused."""
    if dictionary.shape[1] != nx:
        raise ValueError(f"encoders has {dictionary.shape[1]} letters of x on axis 1; nx is {nx}")
