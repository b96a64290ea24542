"""What each hypothesis of a bound on the generalisation gap is for: where it is dropped, the bound fails.

Each example has both sides of the bound as it would read without the hypothesis, exact numbers with left > right (for
an identity: left != right). A fair bit of data W, remembered by theta = W, with the loss 1 for theta != W, is behind
most of them: training loss 0, population loss 1/2, I(Theta; W) = log 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import therml_exact as tx

LOG2 = tx.PrimeLog.log(2)
MISS = [[[0, 1]], [[1, 0]]]  # loss[theta, x, y] with one letter x: 1 where theta is not y


@dataclass(frozen=True)
class Example:
    """A bound without one of its hypotheses, and the two sides that then contradict it."""

    bound: str
    hypothesis: str
    world: str
    sides: Callable[[], tuple[Any, Any]]

    @property
    def fails(self) -> bool:
        """Whether the bound fails here, decided exactly."""
        left, right = self.sides()
        return left != right if "identity" in self.bound else left > right


def remembered(scale: int = 1) -> tx.Generalization:
    """The fair bit that is remembered, with the loss 0 or `scale`."""
    return tx.generalization(tx.examples.fair_label(), [[[scale * v for v in row] for row in t] for t in MISS])


def _small_range(name: str) -> Callable[[], tuple[Any, Any]]:
    """The loss is 0 or 2, and 1 is given for its range."""

    def sides() -> tuple[Any, Any]:
        row = remembered(2)[name]
        return row.lhs, row.rhs / 4  # the right side is proportional to the square of the range

    return sides


def _of_mixture(n: int) -> tuple[Fraction, tx.PrimeLog]:
    """N copies of one fair bit phi, remembered: the gap from a fresh bit of the mixture over phi, and I(Theta; T)."""
    half, bits = Fraction(1, 2), [[1, 0], [0, 1]]
    ones = tx.types(n, (2, 1))[:, 1, 0]
    rule = np.eye(2, dtype=int)[(2 * ones > n).astype(int)]
    maps = tx.encoders.deterministic(2, 2)[:2]
    world = tx.WorldP.exchangeable([half, half], bits, [[[1], [1]]] * 2, n, rule, maps)
    theta, letter = world.marginal("Theta").table, world.marginal("X1").table
    both = world.marginal("Theta", "X1").table
    gap = sum(theta[a] * letter[b] - both[a, b] for a in range(2) for b in range(2) if a != b)
    return gap, tx.mutual_information(world, "Theta", world.data)  # type: ignore[return-value]


def _dependent(factor: int, n: int, extra: tx.PrimeLog) -> Callable[[], tuple[Any, Any]]:
    """The sides factor N gap^2 and I(Theta; T) + extra, the samples independent only given phi."""

    def sides() -> tuple[Any, Any]:
        gap, information = _of_mixture(n)
        return factor * n * gap**2, information + extra

    return sides


def _other_laws() -> tuple[Any, Any]:
    """W_1 = 0 and W_2 = 1 always, the loss is W, nothing is learnt, and a fresh sample is like the first."""
    joint = tx.Joint([[[1]], [[0]]], ("W1", "W2", "Theta"))  # W2 has one letter, which is its value 1
    population = joint.marginal("W1").table[1]
    training = (population + 1) / 2
    return 2 * 2 * (population - training) ** 2, tx.mutual_information(joint, "Theta", ["W1", "W2"])


def _seen_prior() -> tuple[Any, Any]:
    """The rule itself as its prior: its divergence from it is 0."""
    told = remembered()
    return told["Catoni, best prior"].lhs, tx.PrimeLog()


def _mean_of_kl() -> tuple[Any, Any]:
    """One fair bit, one parameter, the loss is the bit: the mean of kl(training || population) is log 2, KL is 0."""
    half = Fraction(1, 2)
    terms = [tx.kl_divergence([1 - bit, bit], [half, half]) * half for bit in (0, 1)]
    return terms[0] + terms[1], tx.PrimeLog()


def _not_from_data() -> tuple[Any, Any]:
    """Theta = Phi, told by somebody: I(Theta; T|Phi) = 0, and I(Theta; T) - I(Theta; Phi) = -log 2."""
    joint = tx.Joint([[["1/2"], [0]], [[0], ["1/2"]]], ("Phi", "Theta", "T"))
    kept = tx.mutual_information(joint, "Theta", "T") - tx.mutual_information(joint, "Theta", "Phi")
    return tx.mutual_information(joint, "Theta", "T", given="Phi"), kept


def gibbs(weight: Fraction, phis: tuple[Fraction, ...]) -> tx.DiscriminativeWorld:
    """One sample Y of a coin with heads phi, and the Gibbs rule with weight^loss, the loss MISS."""
    rule = [[[1 / (1 + weight), weight / (1 + weight)], [weight / (1 + weight), 1 / (1 + weight)]]]
    n = len(phis)
    return tx.DiscriminativeWorld([Fraction(1, n)] * n, [[1]] * n, [[[1 - p, p]] for p in phis], rule)


def _process_forgotten() -> tuple[Any, Any]:
    """The gap of each process, beside informations that do not condition on it."""
    phis = (Fraction(1, 4), Fraction(3, 4))
    each = tx.generalization(gibbs(Fraction(1, 2), phis), MISS)["Gibbs identity"]
    mixed = tx.generalization(gibbs(Fraction(1, 2), (Fraction(1, 2),)), MISS)["Gibbs identity"]
    return each.lhs, mixed.rhs


def _no_gibbs_rule() -> tuple[Any, Any]:
    """A rule of weight 1/2 for the loss MISS, held against beta = log 2 and twice the loss."""
    row = tx.generalization(gibbs(Fraction(1, 2), (Fraction(1, 2),)), MISS)["Gibbs identity"]
    return row.lhs * 2, row.rhs


RANGE = "the loss lies in [a, b]"
EXAMPLES: tuple[Example, ...] = (
    *(
        Example(name, RANGE, "a fair bit remembered, loss 0 or 2, [a, b] taken as [0, 1]", _small_range(name))
        for name in ("Xu-Raginsky", "Bu-Zou-Veeravalli", "Steinke-Zakynthinou", "McAllester-Maurer, best prior")
    ),
    Example(
        "Xu-Raginsky",
        "the gap is that of each process: samples are independent given Φ",
        "two copies of one fair bit remembered, a fresh bit of the mixture",
        _dependent(2, 2, tx.PrimeLog()),
    ),
    Example(
        "McAllester-Maurer, best prior",
        "the gap is that of each process: samples are independent given Φ",
        "eight copies of one fair bit remembered, a fresh bit of the mixture",
        _dependent(2, 8, tx.PrimeLog.log(6)),  # xi(8) is below 6
    ),
    Example("Xu-Raginsky", "samples are identically distributed", "W_1 = 0, W_2 = 1, nothing learnt", _other_laws),
    Example("Catoni, given prior", "the prior does not see the data", "a fair bit remembered", _seen_prior),
    Example("McAllester-Maurer", "log ξ(N) is added, where means of kl are bounded", "a fair bit, one θ", _mean_of_kl),
    Example("the identity I(Θ;T|Φ) = I(Θ;T) - I(Θ;Φ)", "Θ is drawn from the data alone", "Θ = Φ", _not_from_data),
    Example("Gibbs identity", "informations are given Φ", "a coin with heads 1/4 or 3/4", _process_forgotten),
    Example(
        "Gibbs identity", "the rule is the Gibbs rule of this loss", "a Gibbs rule, twice its loss", _no_gibbs_rule
    ),
)
