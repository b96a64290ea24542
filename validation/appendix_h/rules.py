"""What decides the verdicts on Appendix H: functions of numbers in nats, each with its threshold and its reason.

What was trained depends on starts, seeds and a model family that the paper does not fix in full. Such results are
"measured" with their spread, or "undecided" where the numbers do not bear the claim out; they refute nothing. What is
certified (optima, balls, counts) can be proved, corrected or refuted.
"""

from __future__ import annotations

from collections.abc import Sequence

from validation.appendix_h.data import EXAMPLES
from validation.verdicts import check, rule

MARGIN = 4 / EXAMPLES  # nats: the mean gap k/N of a fit of k = 4 parameters, the classifier's (Akaike)
NEAR = 0.03  # nats: within a few hundredths
FAR = 0.05  # nats
AKAIKE = "the mean gap of the classifier's own four parameters (Akaike)"


def _borne_out(stands: bool) -> str:
    return "measured" if stands else "undecided"


@rule(
    "appendix_h: I(x; bit)", "proved if |I - 0.5| <= 2^-50 nats for all of the ball", "the float table's own rounding"
)
def half_a_nat(middle: float, radius: float) -> str:
    return "proved" if abs(middle) + radius <= 2**-50 else "undecided"


@rule("appendix_h: parameters", "corrected if the count is 184 under the stated reading", "60 + 60 + 4 + 30 + 30")
def counts(total: int) -> str:
    return "corrected" if total == 184 else "undecided"


@rule("appendix_h: noise", f"measured if both effects are at most {MARGIN:.2g} nats", AKAIKE)
def unnoticed(start: float, end: float) -> str:
    return _borne_out(max(start, end) <= MARGIN)


@rule("appendix_h: S", "corrected if S of every model is finite and positive", "the closed form with a proper prior")
def finite_s(sizes: Sequence[float]) -> str:
    return "corrected" if len(sizes) > 0 and all(0 < s < float("inf") for s in sizes) else "undecided"


@rule(
    "appendix_h: optimal points",
    f"measured if each excess is at most {FAR:g} nats",
    "a tenth of the 0.5 nats that there are to tell",
)
def reached(excesses: Sequence[float]) -> str:
    return _borne_out(len(excesses) > 0 and max(excesses) <= FAR)


@rule("appendix_h: no model below", "measured if none is certified to lie below", "it is a theorem")
def none_below(below: int, models: int) -> str:
    return _borne_out(models > 0 and below == 0)


@rule("appendix_h: converged", f"measured if the last quarter gains at most {FAR:g} nats, of every objective",
      "steps shrink to 0; and to which optimum is another question: see the restarts")  # fmt: skip
def converged(worst: float) -> str:
    return _borne_out(worst <= FAR)


@rule("appendix_h: memorises", f"measured if C and D alone end within {MARGIN:.2g} nats of the least", AKAIKE)
def memorises(c: float, d: float) -> str:
    return _borne_out(max(c, d) <= MARGIN)


@rule("appendix_h: most overfit", "measured if more than half of them overfit", "the word 'most'")
def most(overfitting: int, trained: int) -> str:
    return _borne_out(2 * overfitting > trained)


@rule("appendix_h: only with S", "measured if all without S overfit", "the word 'only'; training refutes nothing")
def only(overfitting: int, trained: int) -> str:
    return _borne_out(trained > 0 and overfitting == trained)


@rule("appendix_h: S helps", "measured if one that has learnt does not overfit", "'are able to'")
def able(learnt: int) -> str:
    return _borne_out(learnt > 0)


@rule("appendix_h: one functional", f"overfits above {MARGIN:.2g} nats by two standard errors, not below by two",
      AKAIKE)  # fmt: skip
def overfitting(by: float, error: float) -> str:
    if by - 2 * error > MARGIN:
        return "overfits"
    return "does not" if by + 2 * error <= MARGIN else "unclear"


@rule("appendix_h: deterministic", f"measured if H(Z|X) is below {MARGIN:.2g} nats in all runs", AKAIKE)
def hard(blur: Sequence[float]) -> str:
    return _borne_out(len(blur) > 0 and max(blur) < MARGIN)


@rule("appendix_h: bottleneck", "measured if I(Z;X) falls from C to R + 10 C to R + 2 C, H(Y|Z) within 0.1 nats",
      "'bounds what is kept of x, while it keeps what tells of y'; 0.1 is a fifth of I(x; y)")  # fmt: skip
def squeezes(kept: Sequence[float], told: Sequence[float]) -> str:
    return _borne_out(kept[0] >= kept[1] >= kept[2] and max(told) - min(told) <= 0.1)


@rule("appendix_h: smooth", "refuted if the certified R jumps by more than 1 nat between delta = 0.99 and 1.01",
      "H(x) is 3 nats; both optima are certified")  # fmt: skip
def jumps(below: float, above: float) -> str:
    return "refuted" if above - below > 1 else "undecided"


@rule("appendix_h: delta = 1", "corrected if no code and a copy of x cost the same, certified least, within 1e-8 nats",
      "the gap of the optimum")  # fmt: skip
def an_edge(blank: float, copy: float, least: float) -> str:
    return "corrected" if max(abs(blank - copy), abs(blank - least)) <= 1e-8 else "undecided"


@rule("appendix_h: hand-crafted", "corrected if on R + D = H(X) to 1e-9 nats, and (R, C) is suboptimal by over 1e-3",
      "exact tables; a certified distance")  # fmt: skip
def half_optimal(on_edge: float, off: float) -> str:
    return "corrected" if abs(on_edge) <= 1e-9 and off > 1e-3 else "undecided"


@rule(
    "appendix_h: with S", "no rule that learns is better if the two bounds agree within 1e-8 nats", "certified bounds"
)
def decides(low: float, high: float) -> str:
    return "no rule that learns is better" if high - low <= 1e-8 else "a rule that learns may be better"


@rule("appendix_h: why", f"near within {NEAR:g} nats; else what is near instead", "free tables, the other decoder")
def why(excess: float, free: float, letter: float | None, sigma: float, plain: bool) -> str:
    if excess <= NEAR:
        return "near"
    if sigma:
        return "S and its noise: without them near" if plain else "S and its noise"
    if free > NEAR:
        return "optimiser: free tables stay farther too" if free > excess / 2 else "optimiser and family"
    if letter is not None and letter <= NEAR:
        return "model family: with the decoder by letter it is near"
    return "model family, or the optimiser in it: free tables are near"


@check("appendix_h: possible", "not certified below the frontier, and an excess >= 0", "it is a theorem")
def possible(impossible: bool, excess: float) -> bool:
    return not impossible and excess >= 0


@check(
    "appendix_h: trained well", f"VIBs and beta-VAEs on infinite data: excess <= {FAR:g} nats", "else nothing is shown"
)
def trained_well(excess: float) -> bool:
    return excess <= FAR
