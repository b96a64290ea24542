r"""The registry of bounds on the generalisation gap: what each says, what it assumes, and why it is true.

Throughout, the samples W_i = (X_i, Y_i) are independent and identically distributed *given phi*, theta is drawn from
p(theta|T) alone, and the loss lies in [a, b]. For fixed phi and theta let L = E loss(theta, W) and Lhat the mean loss
on T. Hoeffding's lemma: a variable in [a, b] is sub-Gaussian with constant (b - a)/2, so that

    log E exp(lam (Lhat - L)) <= lam^2 (b - a)^2/(8 N)          for independent samples of one law, any lam.      (H)

Donsker and Varadhan: E_P f <= KL(P||Q) + log E_Q exp f.                                                          (DV)

*Xu and Raginsky 2017.* (DV) with P = p(theta, t|phi), Q = p(theta|phi) p(t|phi), f = -lam (Lhat - L) and (H) give
lam gap_phi <= I_phi + lam^2 (b - a)^2/(8 N) for every lam, so gap_phi^2 <= (b - a)^2 I_phi/(2N). Jensen over phi:
gap^2 <= E gap_phi^2 <= (b - a)^2 I(Theta; T|Phi)/(2N). Since Theta - T - Phi,
I(Theta; T|Phi) = I(Theta; T) - I(Theta; Phi): what the rule keeps of the data that is not about the process.

*Bu, Zou and Veeravalli 2020.* gap = (1/N) sum_i of the gap of sample i, and each is bounded as above with one sample.
Only the marginal law of each sample counts, not their independence; for independent ones
sum_i I(Theta; W_i|Phi) <= I(Theta; T|Phi), so that the bound is never above Xu and Raginsky's (Jensen).

*Steinke and Zakynthinou 2020.* Given the supersample and the coins, gap = E (1/N) sum_i +-D_i with D_i the difference
of the losses of the two candidates, |D_i| <= b - a, the sign a coin. (DV) between p(theta, u|w~) and the product, where
the mean of N such terms is sub-Gaussian with constant (b - a)/sqrt(N): gap^2 <= 2 (b - a)^2 I(Theta; U|w~)/N. The
exchange of the two candidates needs samples that are iid given phi. I(Theta; U|w~) <= min(N log 2, I(Theta; T|Phi)).

*Catoni 2007, in expectation.* Scale the loss to [0, 1]. As exp(-c x) <= 1 - x (1 - exp(-c)) on [0, 1] for any real c, E
exp(-c N Lhat) <= (1 - L (1 - exp(-c)))^N. (DV) with Q = p(t|phi) q(theta), q a prior that does not see the data: E
[-log(1 - L (1 - exp(-c))) - c Lhat] <= E KL(p(theta|T)||q)/N. The first term is convex in L (Jensen), and the best c
gives the relative entropy of two coins, kl(E Lhat || E L) <= E KL(p(theta|T)||q)/N. In expectation c may be chosen
last, as one c serves all T. The mean divergence is S (10) for a given q; the best prior is p(theta), with I(Theta; T);
and a prior that knows phi may be p(theta|phi), with I(Theta; T|Phi). Pinsker's kl >= 2 gap^2 gives Xu and Raginsky
again.

*McAllester 1999, Maurer 2004, in expectation.* (DV) with f = N kl(Lhat||L) and E exp(N kl(Lhat||L)) <= xi(N) (Maurer):
E kl(Lhat||L) <= (E KL(p(theta|T)||q) + log xi(N))/N, here after Pinsker and Jensen. It bounds the mean of kl, the bound
above the kl of the means; that is what log xi(N) pays for.

*Gibbs rules* (gibbs_rule.py): an identity.

Squares are compared, and relative entropies of rationals are PrimeLogs, so that verdicts on exact worlds with a loss of
rationals are exact; with a loss of logarithms, and sums of different square roots, balls decide (numbers/enclosed.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from therml_exact.bounds.gap import Gap
from therml_exact.numbers.approximate import Approximate
from therml_exact.numbers.enclosed import (
    Real,
    binary_divergence,
    farthest,
    formula,
    is_exact,
    minus,
    nonnegative,
    order,
    plus,
    root,
    size,
    times,
)
from therml_exact.numbers.weights import Number

Sides = tuple[Real, Real, Real]
"""The two sides that are compared, and the bound on |gap|."""

IID = "samples iid given Φ; Θ drawn from the data alone"
RANGE = "loss in [a, b]"


@dataclass(frozen=True)
class GapBound:
    """One bound on the generalisation gap, as `generalization` evaluates it.

    name        who found it, and with which prior
    statement   the relation in plain text: T the data, W_i = (X_i, Y_i), kl(p‖q) the relative entropy of two coins
    latex       the same in LaTeX
    sense       "<=", or "=" for an identity
    sides       a function of the terms of a world and a loss that gives the sides as compared, and the bound on |gap|
    hypotheses  what it assumes, in words; the proof is at the head of this module
    source      where it is from

    >>> import therml_exact as tx
    >>> [bound.name for bound in tx.GAP_BOUNDS][:3]
    ['Xu-Raginsky', 'Bu-Zou-Veeravalli', 'Steinke-Zakynthinou']
    >>> print(tx.GAP_BOUNDS[0])
    Xu-Raginsky: 2N gap² <= (b-a)² I(Θ;T|Φ)
    """

    name: str
    statement: str
    latex: str
    sides: Callable[[Gap], Sides] = field(repr=False)
    hypotheses: str
    source: str
    sense: Literal["<=", "="] = "<="

    def __str__(self) -> str:
        return f"{self.name}: {self.statement}"


def _squares(t: Gap, factor: Fraction, information: Real) -> Sides:
    """The sides of factor gap^2 <= (b - a)^2 information, and the bound (b - a) sqrt(information/factor)."""
    left = times(factor, times(t.gap, t.gap))
    bound = times(t.span, root(times(1 / factor, information)))
    return left, times(times(t.span, t.span), information), bound


def _xu_raginsky(t: Gap) -> Sides:
    return _squares(t, Fraction(2 * t.n), t.excess)


def _individual(t: Gap) -> Sides:
    """N |gap| <= (b - a) sum_i sqrt(I_i/2); squared where all I_i that are not 0 are known to be equal."""
    first = next((value for value, _ in t.each if not is_exact(value) or value != 0), t.each[0][0])
    equal = [many for value, many in t.each if value is first or order(value, first) == "equal"]
    none = [many for value, many in t.each if is_exact(value) and value == 0 and value is not first]
    if sum(equal) + sum(none) == t.n:
        share = Fraction(sum(equal), t.n)
        return _squares(t, Fraction(2), times(share * share, first))
    total: Real = Fraction(0)
    for value, many in t.each:
        total = plus(total, times(Fraction(many, t.n), root(times(Fraction(1, 2), value))))
    bound = times(t.span, total)
    return size(t.gap), bound, bound


def _supersample(t: Gap) -> Sides:
    return _squares(t, Fraction(t.n, 2), t.supersample)


def _catoni(t: Gap, information: Number) -> Sides:
    """kl(training || population) <= information/N, and how far from the training loss that lets the other be."""
    training, population = t.scaled
    level = times(Fraction(1, t.n), information)
    left = Fraction(0) if order(t.gap, Fraction(0)) == "equal" else binary_divergence(training, population)
    if t.span == 0 or order(level, Fraction(0)) == "equal":
        return left, level, Fraction(0)
    # kl(p || q) is symmetric under the exchange of both sides of the coins, so that a gap below 0 is one above 0.
    up = order(t.gap, Fraction(0)) != "less"
    p = training if up else minus(Fraction(1), training)
    bound = times(t.span, formula(lambda far, near: nonnegative(far - near), farthest(p, level), p))
    return left, level, bound


def _mcallester(t: Gap, information: Number) -> Sides:
    return _squares(t, Fraction(2 * t.n), information + t.log_xi)


def _gibbs(t: Gap) -> Sides:
    beta = t.gibbs.beta
    both = t.excess + t.lautum
    if isinstance(both, Approximate):
        both = Approximate(both.value, both.error + 2 * t.gibbs.off)
    scale = times(Fraction(t.n), beta)
    return times(scale, t.gap), both, size(formula(lambda x, y: x / y, both, scale))


def _prior(name: str) -> str:
    return f"{RANGE}; {IID}; {name}"


GAP_BOUNDS: tuple[GapBound, ...] = (
    GapBound(
        "Xu-Raginsky",
        "2N gap² <= (b-a)² I(Θ;T|Φ)",
        r"2N\,\mathrm{gap}^2 \leq (b-a)^2 I(\Theta;T|\Phi)",
        _xu_raginsky,
        f"{RANGE}; {IID}",
        "A. Xu, M. Raginsky, NeurIPS 2017",
    ),
    GapBound(
        "Bu-Zou-Veeravalli",
        "|gap| <= (b-a)/N Σ_i √(I(Θ;W_i|Φ)/2)",
        r"|\mathrm{gap}| \leq \frac{b-a}{N}\sum_i \sqrt{I(\Theta;W_i|\Phi)/2}",
        _individual,
        f"{RANGE}; samples identically distributed given Φ (not: independent)",
        "Y. Bu, S. Zou, V. V. Veeravalli, IEEE J. Sel. Areas Inf. Theory 1 (2020)",
    ),
    GapBound(
        "Steinke-Zakynthinou",
        "N gap²/2 <= (b-a)² I(Θ;U|supersample)",
        r"\frac{N}{2}\,\mathrm{gap}^2 \leq (b-a)^2 I(\Theta;U|\tilde W)",
        _supersample,
        f"{RANGE}; {IID}",
        "T. Steinke, L. Zakynthinou, COLT 2020",
    ),
    GapBound(
        "Catoni, prior p(θ|φ)",
        "kl(training‖population) <= I(Θ;T|Φ)/N",
        r"\mathrm{kl}(\mathrm{training}\|\mathrm{population}) \leq I(\Theta;T|\Phi)/N",
        lambda t: _catoni(t, t.excess),
        _prior("a prior that may know the process, not the data"),
        "O. Catoni, IMS Lecture Notes 56 (2007), in expectation",
    ),
    GapBound(
        "Catoni, best prior",
        "kl(training‖population) <= I(Θ;T)/N",
        r"\mathrm{kl}(\mathrm{training}\|\mathrm{population}) \leq I(\Theta;T)/N",
        lambda t: _catoni(t, t.kept),
        _prior("prior p(θ), which does not see the data"),
        "O. Catoni, IMS Lecture Notes 56 (2007), in expectation",
    ),
    GapBound(
        "Catoni, given prior",
        "kl(training‖population) <= S/N",
        r"\mathrm{kl}(\mathrm{training}\|\mathrm{population}) \leq S/N",
        lambda t: _catoni(t, t.S),
        _prior("a prior q(θ) that does not see the data"),
        "O. Catoni, IMS Lecture Notes 56 (2007), in expectation",
    ),
    GapBound(
        "McAllester-Maurer, best prior",
        "2N gap² <= (b-a)² [I(Θ;T) + log ξ(N)]",
        r"2N\,\mathrm{gap}^2 \leq (b-a)^2 [I(\Theta;T) + \log\xi(N)]",
        lambda t: _mcallester(t, t.kept),
        _prior("prior p(θ), which does not see the data"),
        "D. McAllester, COLT 1999; A. Maurer, arXiv cs/0411099 (2004), in expectation",
    ),
    GapBound(
        "McAllester-Maurer, given prior",
        "2N gap² <= (b-a)² [S + log ξ(N)]",
        r"2N\,\mathrm{gap}^2 \leq (b-a)^2 [S + \log\xi(N)]",
        lambda t: _mcallester(t, t.S),
        _prior("a prior q(θ) that does not see the data"),
        "D. McAllester, COLT 1999; A. Maurer, arXiv cs/0411099 (2004), in expectation",
    ),
    GapBound(
        "Gibbs identity",
        "β N gap = I(Θ;T|Φ) + L(Θ;T|Φ)",
        r"\beta N\,\mathrm{gap} = I(\Theta;T|\Phi) + L(\Theta;T|\Phi)",
        _gibbs,
        f"Gibbs rule of this loss at inverse temperature β, one prior for all φ; {IID}",
        "G. Aminian, Y. Bu, L. Toni, M. Rodrigues, G. Wornell, NeurIPS 2021",
        "=",
    ),
)
