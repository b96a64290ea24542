"""Worlds and joints that serve as examples: the paper's toy, two real contingency tables, and the counterexamples.

Units: probabilities. Sources: P. J. Bickel, E. A. Hammel, J. W. O'Connell, Science 187 (1975) for the admissions to
Berkeley; R. D. Snee, The American Statistician 28 (1974) for hair and eye colour; Appendix H of the paper for the toy.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib import resources

import numpy as np

from therml_exact import encoders, learners
from therml_exact.doors import check_type
from therml_exact.joint import Joint
from therml_exact.numbers.tables import Array, check_size, whole
from therml_exact.worlds import WorldP

__all__ = [
    "appendix_h",
    "berkeley",
    "binary_symmetric",
    "fair_label",
    "hair_eye",
    "identical",
    "random_world",
    "shared_excess",
]

HALF = Fraction(1, 2)
_ROLES = ("phi", "x", "y", "theta", "z")


def berkeley() -> Joint:
    """Admissions to Berkeley in 1973, six largest departments: the exact joint of Dept, Gender, Admit.

    >>> import therml_exact as tx
    >>> tx.examples.berkeley().summary()
    'Joint over Dept: 6, Gender: 2, Admit: 2; exact, 24 cells'
    >>> print(tx.examples.berkeley().marginal("Gender").table)
    [Fraction(2691, 4526) Fraction(1835, 4526)]
    """
    return _bundled("ucb_admissions_1973.csv", ("Dept", "Gender", "Admit"))


def hair_eye() -> Joint:
    """Hair and eye colour of 592 students: the exact joint of Sex, Hair, Eye.

    >>> import therml_exact as tx
    >>> print(tx.examples.hair_eye().marginal("Sex", "Hair"))
    Sex     Hair=Black  Hair=Brown  Hair=Red  Hair=Blond
    Male          7/74     143/592    17/296      23/296
    Female      13/148     143/592      1/16      81/592
    """
    return _bundled("hair_eye_color.csv", ("Sex", "Hair", "Eye"))


def _bundled(name: str, columns: tuple[str, ...]) -> Joint:
    with resources.as_file(resources.files("therml_exact") / "data" / name) as path:
        return Joint.from_csv(path, columns, count="Count")


def binary_symmetric(crossover: Fraction | int | float = Fraction(1, 10)) -> Joint:
    """The binary symmetric world: X is a fair bit, Y is X flipped with the crossover probability.

    crossover: a probability; a float makes the joint one of floats, an int or Fraction makes it exact.
    Returns the Joint of X and Y. Raises ValueError for a crossover outside [0, 1].

    >>> import therml_exact as tx
    >>> tx.examples.binary_symmetric(Fraction(1, 4)).table[0].tolist()
    [Fraction(3, 8), Fraction(1, 8)]
    """
    if not 0 <= crossover <= 1:
        raise ValueError(f"crossover is {crossover!r}; it is a probability")
    if not isinstance(crossover, numbers.Rational):
        crossover = float(crossover)
        return Joint([[(1 - crossover) / 2, crossover / 2], [crossover / 2, (1 - crossover) / 2]], ("X", "Y"))
    e = Fraction(crossover)
    return Joint([[(1 - e) / 2, e / 2], [e / 2, (1 - e) / 2]], ("X", "Y"))


def appendix_h(bins: int = 30, information: float = 0.5) -> Joint:
    """The paper's toy (Appendix H): Y ~ Bernoulli(0.7), h|Y normal with means -m, +m and width 1, X the bin of h.

    bins: the number of bins; they divide [-4, 4] equally, and the outer two take the tails.
    information: I(X;Y) in nats, for which m is solved; the paper states 0.5 and leaves means, width and bins open.
    Returns the Joint of X and Y, in floats.

    >>> import therml_exact as tx
    >>> joint = tx.examples.appendix_h()
    >>> joint.summary(), round(tx.mutual_information(joint, "X", "Y"), 9)
    ('Joint over X: 30, Y: 2; float64, 60 cells', 0.5)
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    edges = np.linspace(-4, 4, bins + 1)
    edges[0], edges[-1] = -np.inf, np.inf

    def table(m: float) -> Array:
        rows = [weight * np.diff(ndtr(edges - sign * m)) for weight, sign in ((0.3, -1), (0.7, 1))]
        cells = np.stack(rows, axis=1)
        return np.asarray(cells / cells.sum())

    def excess(m: float) -> float:
        p = table(m)
        x, y = p.sum(axis=1, keepdims=True), p.sum(axis=0, keepdims=True)
        support = p > 0
        return float((p * np.log(np.where(support, p / (x * y), 1.0)))[support].sum()) - information

    return Joint(table(float(brentq(excess, 1e-3, 3.9, xtol=1e-15, rtol=1e-15))), ("X", "Y"))


def shared_excess() -> WorldP:
    """The world where one q for all samples costs more (5): X1, X2 fair bits, Theta = X1, Z_i = X_i AND Theta. N = 2.

    The excess is 0.21576 nats, of which q(z) has 2 h(3/8) - h(1/2) - h(1/4), h the binary entropy. Returns an exact
    WorldP.

    >>> import therml_exact as tx
    >>> world = tx.examples.shared_excess()
    >>> print(f"{world.mismatch(shared=True) - world.mismatch():.5f}")
    0.21576
    """
    theta = np.zeros((2, 1, 2, 1, 2), dtype=object)
    z = np.zeros((2, 2, 2), dtype=object)
    for a, b in np.ndindex(2, 2):
        theta[a, 0, b, 0, a] = 1
        z[a, b, a & b] = 1
    return WorldP([1], [[HALF, HALF]], [[[1], [1]]], theta, z)


def identical(n: int = 1) -> WorldP:
    """The world X = Y = Phi, a fair bit: here I_pred/H(T_N) is 1 for every N, so that (4) needs H(X,Y|Phi) > 0.

    n: the number of samples N. Returns an exact WorldP whose rule memorizes the data.

    >>> import therml_exact as tx
    >>> world = tx.examples.identical()
    >>> print(tx.mutual_information(world, ["X1", "Y1"], "Phi"), "of", tx.entropy(world, ["X1", "Y1"]))
    log 2 of log 2
    """
    same = [[1, 0], [0, 1]]
    labels = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
    return WorldP([HALF, HALF], same, labels, learners.memorize(2, 2, n), _first_letter(4**n))


def _first_letter(theta: int) -> Array:
    """An encoder that copies X whatever Theta is."""
    return encoders.table(np.broadcast_to(np.array([[1, 0], [0, 1]], dtype=object), (theta, 2, 2)))


def fair_label(answer: bool = True) -> WorldP:
    """The world whose feasible set is not convex in S: X constant, Y a fair bit, N = 1, Z a copy of Theta.

    answer: True for Theta = Y, where (R,C,S)/log 2 = (1,0,1); False for a constant Theta, where it is (0,1,0). Both
    points are achievable and their midpoint is not. Returns an exact WorldP.

    >>> import therml_exact as tx
    >>> for answer in (True, False):
    ...     world = tx.examples.fair_label(answer)
    ...     f = tx.functionals(world, tx.optimal_variational(world))
    ...     print(f.R, "|", f.C, "|", f.S)
    log 2 | 0 | log 2
    0 | log 2 | 0
    """
    theta = [[[1, 0], [0, 1]]] if answer else [[[1], [1]]]
    z = [[[1, 0], [0, 1]]] if answer else [[[1, 0]]]
    return WorldP([1], [[1]], [[[HALF, HALF]]], theta, z)


def random_world(
    rng: np.random.Generator | int,
    n: int = 1,
    sizes: Mapping[str, int] | Sequence[int] = (2, 2, 2, 2, 2),
    exact: bool = True,
) -> WorldP:
    """A random world P.

    rng: a seed or a NumPy Generator; the same seed gives the same world. n: the number of samples N.
    sizes: the sizes of the alphabets (phi, x, y, theta, z), or a mapping of some of these names, the others being 2.
    exact: whether rows are ratios of small integers, a fifth of which are 0; else they are floats, uniform on the
    simplex. Returns a WorldP. Raises ValueError without a seed, for bad sizes, and where its rule is too large to hold.

    >>> import therml_exact as tx
    >>> tx.random_world(0, sizes={"theta": 3}).summary()
    'WorldP with N = 1, |Phi| = 2, |X| = 2, |Y| = 2, |Theta| = 3, |Z| = 2; exact'
    >>> tx.random_world(0) == tx.random_world(0)
    True
    """
    if rng is None:
        raise ValueError("rng is None; give a seed or a Generator, so that the world can be made again")
    seeds = (int, np.integer, np.random.Generator, np.random.SeedSequence, np.random.BitGenerator)
    check_type(rng, seeds, "rng", "a seed, which is a whole number >= 0, or a Generator of NumPy")
    generator = np.random.default_rng(rng)
    if isinstance(sizes, Mapping):
        unknown = [name for name in sizes if name not in _ROLES]
        if unknown:
            raise ValueError(f"sizes has {unknown[0]!r}; its names are {', '.join(_ROLES)}")
        letters = [sizes.get(name, 2) for name in _ROLES]
    else:
        letters = list(sizes)
    if len(letters) != 5:
        raise ValueError(f"sizes is {sizes!r}; it has five alphabets: {', '.join(_ROLES)}")
    phi, x, y, theta, z = (whole(f"sizes: |{name}|", size) for name, size in zip(_ROLES, letters, strict=True))
    check_size((x * y) ** whole("n", n) * theta, 2 * n + 1, exact, f"theta_given_data for N = {n}")
    shapes = ((phi,), (phi, x), (phi, x, y), (*(x, y) * n, theta), (x, theta, z))
    return WorldP(*(random_rows(generator, shape, exact) for shape in shapes))


def random_rows(rng: np.random.Generator, shape: tuple[int, ...], exact: bool) -> Array:
    """Random rows that sum to 1, on the last axis of a table of the given shape, without unit.

    rng: a NumPy Generator. exact: whether entries are ratios of small integers, a fifth of which are 0; else floats.

    >>> random_rows(np.random.default_rng(0), (2, 2), exact=True).sum(axis=1).tolist()
    [Fraction(1, 1), Fraction(1, 1)]
    """
    if not exact:
        weights = rng.exponential(size=shape)
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
    counts = rng.integers(1, 10, size=shape) * (rng.random(shape) > 0.2)
    # A row of zeros gets one letter, drawn at random.
    empty = counts.sum(axis=-1) == 0
    counts[empty, rng.integers(0, shape[-1], size=int(empty.sum()))] = 1
    totals = counts.sum(axis=-1)
    cells = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        cells[index] = Fraction(int(counts[index]), int(totals[index[:-1]]))
    return cells
