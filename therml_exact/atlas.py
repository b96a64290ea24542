"""The atlas of ground truth: distributions whose informations are known exactly or between proved bounds (nats).

    >>> import therml_exact as tx
    >>> entry = tx.atlas.load("xor")
    >>> entry.truth["I(X;Y|Z)"], entry.truth["I(X;Y)"]
    (PrimeLog(log 2; 0.69314718056 nats), PrimeLog(0; 0 nats))

Each entry has a joint, its exact entropies, mutual, conditional and multi-informations, and its source; entries over
two variables have frontier points of the information bottleneck with certificates, and the critical gamma between
bounds; entries of processes have what N samples could teach, and what an optimal learner keeps. The data are computed
by `python -m validation.atlas`, which writes data/atlas.json; VERSION changes with them.

`score` samples an entry and compares an estimator with its truth:

    def estimate(x, y): ...                            # letters 0, 1, ... as integer arrays; returns nats
    tx.atlas.load("erasure").score(estimate, n=1000, trials=100)

Errors: KeyError for an unknown name, ValueError for an unknown quantity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np

from therml_exact.audit import EstimatorAudit, draw
from therml_exact.audit import estimator as against_truth
from therml_exact.files import read_json
from therml_exact.joint import Joint
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, whole
from therml_exact.results import result

VERSION = 1
__all__ = ["VERSION", "Entry", "load", "names"]


@result
@dataclass(frozen=True, eq=False, repr=False)
class Entry:
    """One distribution of the atlas.

    name        how it is called
    about       what it is, in a sentence
    source      where it comes from
    joint       the distribution, exact where its numbers are rational
    truth       informations by statement, such as "I(X;Y|Z)", in nats: PrimeLog of an exact joint, else floats
    quantity    the statement that `score` compares with unless another is named
    frontier    for two variables: points {"gamma", "value", "lower_bound", "R", "C", "certificate"} of the least
                R + gamma C, nats; the certificate is None where it is long
    gamma_c     the critical gamma as (lower, upper) bounds, no unit; None where there is none
    process     for processes: "I_pred", triples [N, nats, error], and "learning", optima of the best rule; else {}

    >>> import therml_exact as tx
    >>> entry = tx.atlas.load("symmetric-10")
    >>> entry.quantity, [round(bound, 3) for bound in entry.gamma_c]  # 1 / 0.8^2
    ('I(X;Y)', [1.562, 1.562])
    """

    name: str
    about: str
    source: str
    joint: Joint
    truth: Mapping[str, Any] = field(repr=False)
    quantity: str
    frontier: tuple[Mapping[str, Any], ...] = field(repr=False)
    gamma_c: tuple[float, float] | None
    process: Mapping[str, Any] = field(repr=False)

    def sample(self, n: int, rng: np.random.Generator | int = 0) -> Array:
        """Draw samples [n, axis] of the letters' numbers 0, 1, ...

        n: how many. rng: a seed or a NumPy Generator. ValueError for n < 1.

        >>> import therml_exact as tx
        >>> tx.atlas.load("xor").sample(4, rng=0).sum(axis=1).tolist()  # the parity of X, Y, Z is even
        [2, 2, 0, 0]
        """
        generator, count = np.random.default_rng(rng), whole("n", n)
        columns = draw(self.joint.to_float().table, count, generator)
        return np.stack(columns, axis=1)

    def score(
        self,
        estimator: Callable[..., float],
        n: int,
        trials: int = 200,
        rng: np.random.Generator | int = 0,
        quantity: str | None = None,
    ) -> EstimatorAudit:
        """Compare an estimator with the truth on many data sets.

        estimator   takes one array of letters for each axis, or one table samples[n, axis], and returns nats
        n, trials   the number of samples of a data set, and of data sets
        rng         a seed or a NumPy Generator
        quantity    a statement of `truth`; None: the entry's own

        Returns an EstimatorAudit: truth, mean, bias, standard deviation, all in nats.
        Errors: ValueError for a quantity that `truth` does not have, and those of `tx.audit.estimator`.

        >>> import therml_exact as tx
        >>> round(tx.atlas.load("copy").score(lambda x, y: 0.0, n=10, trials=5).bias, 6)
        -1.386294
        """
        asked = self.quantity if quantity is None else quantity
        if asked not in self.truth:
            raise ValueError(f"quantity is {asked!r}; the truth of {self.name!r} has {', '.join(self.truth)}")
        return against_truth(estimator, self.joint, n, trials, rng, target=float(self.truth[asked]))

    def __str__(self) -> str:
        """The name, what it is, and its own quantity."""
        axes = ", ".join(f"{a}: {k}" for a, k in zip(self.joint.axes, self.joint.shape, strict=True))
        return f"{self.name} ({axes}): {self.about}; {self.quantity} = {float(self.truth[self.quantity]):.9g} nats"


@cache
def _content() -> dict[str, dict[str, Any]]:
    """The entries by name, as they are in the file."""
    with as_file(files("therml_exact") / "data" / "atlas.json") as path:
        content = read_json(path)
    return {entry["name"]: entry for entry in content["entries"]}


def names() -> list[str]:
    """The names of the entries, in the atlas's order.

    >>> import therml_exact as tx
    >>> len(tx.atlas.names()) >= 40, "erasure" in tx.atlas.names()
    (True, True)
    """
    return list(_content())


def load(name: str) -> Entry:
    """The entry of this name; KeyError, which lists the names, for another.

    >>> import therml_exact as tx
    >>> print(tx.atlas.load("copy"))
    copy (X: 4, Y: 4): Y is X, uniform over four letters; I(X;Y) = 1.38629436 nats
    """
    entries = _content()
    if name not in entries:
        raise KeyError(f"{name!r} is not in the atlas; it has {', '.join(entries)}")
    entry = entries[name]
    joint = _joint(entry)
    truth = {statement: _number(value) for statement, value in entry["truth"].items()}
    bounds = entry["gamma_c"]
    return Entry(
        name,
        entry["about"],
        entry["source"],
        joint,
        truth,
        entry["quantity"],
        tuple(entry["frontier"]),
        None if bounds is None else (float(bounds[0]), float(bounds[1])),
        entry["process"],
    )


def _joint(entry: Mapping[str, Any]) -> Joint:
    """The joint of an entry: rationals as text, or floats."""
    return Joint(entry["table"], entry["axes"], labels=entry["labels"] or None)


def _number(value: Any) -> Any:
    """An exact number, or a float."""
    if isinstance(value, Mapping):
        return PrimeLog({int(n): Fraction(r) for n, r in value["exact"]})
    return float(value)
