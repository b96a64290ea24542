"""What N exchangeable samples tell, as sums over types (histograms), with a proven bound of the error (nats).

    I_pred(N) = sum_phi p(phi) sum_t p(t|phi) log p(t|phi)/p(t),      t = (n_1..n_k), sum N

Two forms of the sum, of which the cheaper that is accurate enough is taken:

    H(Phi) - sum_t p(t) H(Phi|t)                                       (A)   one logarithm a type
    sum_phi p(phi) sum_t d(p(t|phi), p(t)),   d(e, m) = e log(e/m) - e + m    (B)   no cancellation

Skipped types. R_phi holds all types but a probability delta given phi (types_walk). Write b = 1 for the pairs
(t, phi) left out.
(A) visits O, the types in R_phi for two phi or more; elsewhere all phi but one are left out, and a phi is left out of
    rows where it has less than a threshold. H(Phi|T) <= H(b|T) + H(Phi|T, b) <= h(P(b = 1)) + P(b = 1) log |Phi| +
    visited part; and the visited part is at most H(Phi|T), as m log m - sum q log q increases in every q. So
        visited <= H(Phi|T) <= visited + h(eps) + eps log |Phi|,     eps = P(b = 1) <= 2 delta.
(B) visits the union of the R_phi. A type contributes sum_phi p(phi) e log(e/m) >= 0 (Jensen), at most
    sum_phi p(phi) e log 1/p(phi), so that between 0 and delta H(Phi) is missing. delta is chosen relative to I_pred(1),
    which I_pred(N) is never below.

Rounding, u = 2^-53. p(t|phi) is a product of k rounded table entries and a rounded constant: relative error
theta = (2k + 4) u.
(A) The visited part is homogeneous of degree one and increasing in the q's: theta moves it by at most theta E.
    log q is a sum of k + 1 rounded logarithms of numbers of at most 1 (the constant may reach C > 1): error
    u ((k + 3)(|log q| + 2 log C) + 3.1 k + 5.1). log m carries |Phi| u from the sum. With S = -sum q log q and
    T = -sum m log m, both at most S* = log(number of types) + H(Phi),
        error <= u ((3k + 24) E + (k + 2|Phi| + 7) S* + 3.1 k + 5.1 + |Phi| + 2 (k + 3) log C).
(B) The kernel carries a bound type by type: d's derivative log(e/m) times the error of e - m, which is made of terms
    p(t|reference)(exp(r) - 1), r a sum of k centred terms.
Sums: 16 additions a place ((A); |Phi| times as many in (B)), then compensated.

Before that: equal p(.|phi) are one phi, and letters with proportional p(c|.) are one letter (the merged histogram is
sufficient), decided in rational arithmetic; probabilities below 1e-200 are 0, at the price that the error states.

Shapes: prior[phi], letters[phi, letter]; floats, or rationals. A float means its exact binary value; rows are
normalised in rational arithmetic. Memory: 5 k |Phi| N numbers.
Errors: ValueError for tables that are no distributions, and for sums over more than LARGEST types.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np

UNIT = 2.0**-53
DELTA = 2.0**-60
LARGEST = 2 * 10**10
NEGLIGIBLE = Fraction(1, 10**200)
SMALLEST = 1e-280  # I_pred(1) below it: squares of differences would underflow, and I_pred(N) <= N I_pred(1) is 0
WANTED = 5e-13  # form (A) serves while its bound is below this, relative to I_pred
_TABLE = 10**8
_ROWS = 10**9

Row = list[Fraction]


@dataclass(frozen=True)
class Learned:
    """What a rule p(theta|t) takes from N samples, in nats; `error` bounds the error of each of the four."""

    theta_type: float  # I(Theta; T_N), which is I(Theta; X^N, Y^N)
    theta_phi: float  # I(Theta; Phi)
    type_phi: float  # I(T_N; Phi) = I_pred(N)
    theta: float  # H(Theta)
    error: float


def predictive(prior: Any, letters: Any, n: int) -> tuple[float, float]:
    """I_pred(n) = I(T_n; Phi) in nats, and a bound of its error."""
    weights, rows, changed = _without_tiny(*_read(prior, letters), n)
    error = 2 * _continuity(changed, len(weights))
    weights, rows = _merge(weights, rows)
    if n == 0 or len(weights) == 1:
        return 0.0, error
    letter = _letter_information(weights, rows)
    if letter < SMALLEST:
        return 0.0, error + n * SMALLEST
    entropy = float(_entropy(weights))
    most = min(entropy, n * letter)
    sums = _Sums(weights, rows, n)
    if sums.rounding(entropy) <= WANTED * most:
        value, bound = _by_equivocation(sums, entropy)
        if bound <= WANTED * value:
            return value, bound + error
    value, bound = _by_divergence(sums, entropy, letter)
    return value, bound + error


def learned(prior: Any, letters: Any, n: int, rule: Callable[[np.ndarray], np.ndarray], block: int = 65536) -> Learned:
    """What a permutation-invariant rule takes from n samples.

    rule(counts[T, letter]) -> p(theta|t) as [T, theta]; it is called on at most `block` types at a time.
    """
    from therml_exact.kernels.types.information import collect

    weights, rows, changed = _without_tiny(*_read(prior, letters), n)
    weight = np.asarray([float(w) for w in weights])
    high = low = np.zeros((0, 0))
    conditional = np.zeros(2)
    for counts, given in _blocks(weights, rows, n, block):
        answer = np.ascontiguousarray(rule(counts), dtype=float)
        _check_rule(answer, len(counts), high.shape[1])
        if not high.size:
            high, low = np.zeros((len(rows), answer.shape[1])), np.zeros((len(rows), answer.shape[1]))
        collect(weight, given, answer, high, low, conditional)
    reached = high + low
    reached /= reached.sum(axis=1, keepdims=True)
    joint = weight[:, None] * reached
    theta = joint.sum(axis=0)
    size = len(theta)
    entropy = -math.fsum(_xlogx(theta))
    theta_type = max(entropy - float(conditional.sum()), 0.0)
    ratio = np.where(joint > 0, reached, 1.0) / np.where(joint > 0, theta, 1.0)
    theta_phi = max(math.fsum((joint * np.log(ratio)).flat), 0.0)
    value, bound = predictive(prior, letters, n)
    # Each of H(Theta), H(Theta|T), H(Theta|Phi) moves by what `_continuity` allows; two make an information.
    skipped = 2 * _continuity(2 * (DELTA + float(changed)), size)
    theta_unit = (2 * len(rows[0]) + size + len(weights) + 16) * UNIT
    rounding = theta_unit * (3 * math.log(size) + 6)
    return Learned(theta_type, theta_phi, value, entropy, max(bound, skipped + rounding))


class _Sums:
    """The tables of one problem; the letters in increasing order of probability, so that the inner loops are long."""

    def __init__(self, weights: Row, rows: list[Row], n: int) -> None:
        from therml_exact.kernels.types.walk import fill_tables

        order = sorted(range(len(rows[0])), key=lambda c: sum(w * row[c] for w, row in zip(weights, rows, strict=True)))
        self.order = order
        self.n, self.weights, self.rows = n, weights, [[row[c] for c in order] for row in rows]
        self.k, self.width = len(order), len(rows)
        if self.k * self.width * (n + 1) > _TABLE:
            raise ValueError(f"n = {n:,} needs tables of {self.k * self.width * (n + 1):,} numbers; at most {_TABLE:,}")
        self.weight = np.asarray([float(w) for w in weights])
        self.mean = np.empty((self.k, self.width, 2))
        inverse = np.zeros((self.k, self.width, 2))
        for f, row in enumerate(self.rows):
            for c, p in enumerate(row):
                self.mean[c, f] = _pair(n * p)
                if p:
                    inverse[c, f] = _pair(1 / (n * p))
        self.table = np.empty((self.k, self.width, n + 1))
        self.logs = np.empty_like(self.table)
        self.constant = np.empty(self.width)
        fill_tables(self.mean, inverse, self.table, self.logs, self.constant)
        for table in (self.table, self.logs):
            table[-1] = table[-1, :, ::-1].copy()
        self.types = math.comb(n + self.k - 1, self.k - 1)

    def rounding(self, entropy: float) -> float:
        """The bound of the rounding in (A), with the equivocation at its largest."""
        k, width = self.k, self.width
        most = math.log(self.types) + entropy
        largest = max(0.0, float(np.log(self.constant.max())))
        inner = (k + 2 * width + 7) * most + 3.1 * k + 5.1 + width + 2 * (k + 3) * largest
        return UNIT * 1.01 * ((3 * k + 24) * entropy + inner + 2 * entropy)

    def walk(self, delta: float, need: int, constant: np.ndarray, largest: int = LARGEST) -> tuple[Any, float]:
        """A walk over the types of which less than delta is missing given any phi, and how many those may be."""
        from therml_exact.kernels.types.walk import count_types, fill_intervals, start

        share, rest = np.zeros((self.k - 1, self.width)), np.zeros((self.k - 1, self.width))
        for f, row in enumerate(self.rows):
            left = Fraction(1)
            for c, p in enumerate(row[:-1]):
                if left:
                    share[c, f], rest[c, f] = float(p / left), float((left - p) / left)
                left -= p
        lows, highs = (np.empty((self.k - 1, self.width, self.n + 1), dtype=np.int64) for _ in range(2))
        fill_intervals(share, rest, math.log(2 * (self.k - 1)) - math.log(delta), lows, highs)
        widths = (highs - lows).max(axis=2).clip(0) + 1.0
        count = min(float(self.types), float(widths.prod(axis=0).sum()))

        def begin() -> Any:
            return start(self.table, self.logs, lows, highs, constant, need)

        if count > largest:
            if widths[:-1].prod(axis=0).sum() <= _ROWS:
                count = float(count_types(begin(), largest))
            if count > largest:
                over = f"n = {self.n:,} over {self.k} letters"
                raise ValueError(f"{over} visits {count:.3g} types or more; at most {largest:.3g}")
        return begin(), count


def _by_equivocation(sums: _Sums, entropy: float) -> tuple[float, float]:
    """Form (A)."""
    from therml_exact.kernels.types.information import equivocation

    constant = sums.constant * sums.weight
    walk, count = sums.walk(DELTA, 2, constant)
    lost, _ = equivocation(walk, DELTA / (count * sums.width))
    return max(entropy - lost, 0.0), sums.rounding(entropy) + _continuity(2 * DELTA, sums.width) + _underflow(sums)


def _by_divergence(sums: _Sums, entropy: float, letter: float) -> tuple[float, float]:
    """Form (B); letter = I_pred(1)."""
    from therml_exact.kernels.types.information import divergences

    delta = min(DELTA, DELTA * letter / entropy)
    walk, _ = sums.walk(delta, 1, sums.constant)
    reference = int(np.argmax(sums.weight))
    ratios, offset = _ratios(sums, reference)
    slack = ((2 * sums.k + 4) * UNIT, (sums.k + 7) * UNIT, (sums.width + 3) * UNIT)
    value, error, _ = divergences(walk, sums.weight, reference, ratios, offset, slack)
    return value, 1.01 * error + (16 * sums.width + 8) * UNIT * value + delta * entropy + _underflow(sums)


def _ratios(sums: _Sums, reference: int) -> tuple[np.ndarray, np.ndarray]:
    """Tables of log p(n|phi)/p(n|reference) = offset[phi] + sum_c (n_c - lambda_c) l_c, lambda the reference's means.

    A letter that only one of the two has is worth 1e9: the kernel then takes the difference of the probabilities.
    """
    n = sums.n
    ratios = np.zeros((sums.k, sums.width, n + 1))
    offset = np.zeros(sums.width)
    for f, row in enumerate(sums.rows):
        if f == reference:
            continue
        base = sums.rows[reference]
        nearest = min((abs(p - q) / q for p, q in zip(row, base, strict=True) if p != q and q), default=Fraction(1))
        with localcontext() as context:
            context.prec = 50 + 3 * _digits(nearest)
            total = Decimal(0)
            for c, (p, q) in enumerate(zip(row, base, strict=True)):
                if p and q:
                    each = _decimal(p / q).ln()
                    total += _decimal(q) * each
                    counts = np.arange(n + 1.0) - sums.mean[c, reference, 0] - sums.mean[c, reference, 1]
                    ratios[c, f] = counts * float(each)
                elif p or q:
                    ratios[c, f, 1:] = 1e9
            offset[f] = float(n * total)
    ratios[-1] = ratios[-1, :, ::-1].copy()
    return ratios, offset


def _blocks(weights: Row, rows: list[Row], n: int, block: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The types of which less than DELTA is missing given any phi: counts[T, letter] and p(t|phi)[T, phi]."""
    from therml_exact.kernels.types.walk import fill_block

    used = [c for c in range(len(rows[0])) if any(row[c] for row in rows)]
    if n == 0 or len(used) == 1:
        counts = np.zeros((1, len(rows[0])), dtype=np.int64)
        counts[0, used[0]] = n
        yield counts, np.ones((1, len(rows)))
        return
    sums = _Sums(weights, [[row[c] for c in used] for row in rows], n)
    walk, _ = sums.walk(DELTA, 1, sums.constant, LARGEST // 20)
    cursor = np.asarray([0, 1, 0])
    while True:
        counts, given = np.empty((block, len(used)), dtype=np.int64), np.empty((block, len(rows)))
        filled = fill_block(walk, cursor, counts, given)
        if not filled:
            return
        # A rule need not know what to do with a type that cannot occur.
        occurs = given[:filled].any(axis=1)
        full = np.zeros((int(occurs.sum()), len(rows[0])), dtype=np.int64)
        full[:, [used[c] for c in sums.order]] = counts[:filled][occurs]
        if len(full):
            yield full, np.ascontiguousarray(given[:filled][occurs])


def _read(prior: Any, letters: Any) -> tuple[Row, list[Row]]:
    """Both tables as rationals with rows of sum 1, without the phi of probability 0."""
    first, second = np.asarray(prior), np.asarray(letters)
    if first.ndim != 1 or second.ndim != 2 or len(first) != len(second) or not second.size:
        raise ValueError(f"prior has shape {first.shape} and letters {second.shape}; they are [phi] and [phi, letter]")
    weights = _normalised(first.tolist(), "prior")
    rows = [_normalised(row, f"letters[{f}]") for f, row in enumerate(second.tolist())]
    kept = [f for f, w in enumerate(weights) if w]
    return [weights[f] for f in kept], [rows[f] for f in kept]


def _normalised(row: list[Any], name: str) -> Row:
    try:
        exact = [Fraction(value) for value in row]
    except (OverflowError, TypeError, ValueError):
        raise ValueError(f"{name} is {row}; it holds finite numbers") from None
    total = sum(exact, Fraction(0))
    if min(exact) < 0 or abs(total - 1) > Fraction(1, 10**9):
        raise ValueError(f"{name} is {row}; it is a distribution (its sum is {float(total)})")
    return [value / total for value in exact]


def _without_tiny(weights: Row, rows: list[Row], n: int) -> tuple[Row, list[Row], Fraction]:
    """Probabilities below NEGLIGIBLE set to 0, and the total variation that this costs p(phi, t) at most."""
    tiny = [[p if p >= NEGLIGIBLE else Fraction(0) for p in row] for row in [weights, *rows]]
    lost = [1 - sum(row, Fraction(0)) for row in tiny]
    if not any(lost):
        return weights, rows, Fraction(0)
    kept = [f for f, w in enumerate(tiny[0]) if w]
    total = sum(tiny[0], Fraction(0))
    changed = 2 * (lost[0] + n * max(lost[1:]))
    return (
        [tiny[0][f] / total for f in kept],
        [[p / (1 - lost[f + 1]) for p in tiny[f + 1]] for f in kept],
        changed,
    )


def _merge(weights: Row, rows: list[Row]) -> tuple[Row, list[Row]]:
    """Equal phi and proportional letters joined; letters that no phi has left out."""
    phis: dict[tuple[Fraction, ...], Fraction] = {}
    for w, row in zip(weights, rows, strict=True):
        phis[tuple(row)] = phis.get(tuple(row), Fraction(0)) + w
    columns: dict[tuple[Fraction, ...], Row] = {}
    for column in zip(*phis, strict=True):
        total = sum(column, Fraction(0))
        if total:
            key = tuple(p / total for p in column)
            columns[key] = [a + b for a, b in zip(columns.get(key, [Fraction(0)] * len(column)), column, strict=True)]
    return list(phis.values()), [list(row) for row in zip(*columns.values(), strict=True)]


def _pair(x: Fraction) -> tuple[float, float]:
    high = float(x)
    return high, float(x - Fraction(high))


def _decimal(x: Fraction) -> Decimal:
    return Decimal(x.numerator) / Decimal(x.denominator)


def _digits(x: Fraction) -> int:
    """About -log10 x, at least 0."""
    return max(0, len(str(x.denominator)) - len(str(x.numerator)) + 1)


def _entropy(weights: Row) -> Decimal:
    with localcontext() as context:
        context.prec = 50 + _digits(1 - max(weights))
        return -sum((p * p.ln() for p in map(_decimal, weights)), Decimal(0))


def _letter_information(weights: Row, rows: list[Row]) -> float:
    """I_pred(1), correct in all digits: the precision is raised until the sum is far above it."""
    joint = [[w * p for p in row] for w, row in zip(weights, rows, strict=True)]
    mean = [sum(column, Fraction(0)) for column in zip(*joint, strict=True)]
    terms = [
        (x, x / (w * m)) for w, row in zip(weights, joint, strict=True) for x, m in zip(row, mean, strict=True) if x
    ]
    digits = 40
    while True:
        with localcontext() as context:
            context.prec = digits
            total = sum((_decimal(x) * _decimal(ratio).ln() for x, ratio in terms), Decimal(0))
            if total > Decimal(10) ** (20 - digits):
                return float(total)
        digits *= 2


def _continuity(change: Fraction | float, size: int) -> float:
    """How far a conditional entropy over `size` values moves at most when a share `change` of the joint does."""
    if not change:
        return 0.0
    # The float keeps 1e-300 of a change that is smaller.
    d = max(float(change), 1e-300)
    return d * math.log(max(size, 2)) + 2 * d * (1 + math.log(1 / d)) if d < 0.1 else math.log(size)


def _underflow(sums: _Sums) -> float:
    """What the table entries below 1e-250 that count as 0 are worth, and the products below the smallest float."""
    return 1e-240 * min(sums.types, 10 * LARGEST) * sums.width


def _check_rule(answer: np.ndarray, types: int, size: int) -> None:
    if answer.ndim != 2 or len(answer) != types or (size and answer.shape[1] != size) or not answer.shape[1]:
        raise ValueError(f"rule gave shape {answer.shape} for {types} types; it gives [type, theta]")
    if not (answer >= 0).all() or abs(answer.sum(axis=1) - 1).max() > 1e-9:
        raise ValueError("rule gave rows that are no distributions over theta")


def _xlogx(p: np.ndarray) -> np.ndarray:
    return p * np.log(np.where(p > 0, p, 1.0))
