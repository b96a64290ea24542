"""What the paper says without a number: geometry of the frontier, special cases, Markov chains, footnotes.

Each function below computes the numbers that one sentence of the text rests on, and the rule before it decides. The
report fails where they do not bear out a verdict. Everything is in nats.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import numpy as np

import therml_exact as tx
from therml_exact.examples import random_rows
from therml_exact.frontier.rules.bent import MIDPOINT, bent
from therml_exact.thermo import markov
from therml_exact.thermo.second_law import divergences
from validation.alone import alone
from validation.by_hand import critical
from validation.section import Claim, Section, Start
from validation.verdicts import check, rule


@rule("text: monotonic", "measured if no certified point lies below another by more than the gap in every coordinate",
      "points are within the gap of the frontier")  # fmt: skip
def falls(points: int, beyond: float) -> str:
    return "measured" if points > 3 and beyond <= 0 else "undecided"


def beyond_gap(points: Sequence[Sequence[float]], gap: float) -> float:
    """By how much one point is below another in all coordinates, less the gap (nats); at most 0 on a frontier."""
    return max(min(b - a for a, b in zip(one, other, strict=True)) - gap for one, other in permutations(points, 2))


def monotone(full: bool) -> Claim:
    surface = np.array([[[30, 2], [3, 15]], [[2, 20], [26, 2]]]) / 100
    joints = {
        "hair and eye colour": tx.examples.hair_eye().marginal("Hair", "Eye"),
        "a binary symmetric channel": tx.examples.binary_symmetric(),
        "Appendix H's toy": tx.examples.appendix_h(),
        "a two-sided coin with Theta": tx.Joint(surface, ("X", "Theta", "Y")),
    }
    told, beyond, count = [], -math.inf, 0
    for name, joint in joints.items():
        axes = "RDC" if joint.table.ndim == 3 else "RC"
        found = tx.trace(tx.EncoderProblem(joint), tol=1e-2 if joint.table.ndim == 3 else 1e-3, progress=False)
        points = [tuple(o.point[axis] for axis in axes) for o in found.points]
        beyond, count = max(beyond, beyond_gap(points, found.gap)), count + len(points)
        told.append(f"{len(points)} points in ({', '.join(axes)}) of {name}")
    problem, caps = bent(5), np.linspace(0.1, math.log(2), 5 if full else 4)
    capped = [tx.minimize_capped(problem, "C", {"R": float(c), "S": float(c)}, tol=2e-2) for c in caps]
    beyond = max(beyond, *(b.lower_bound - a.value for a, b in itertools.pairwise(capped)))
    told.append(f"C under {len(caps)} growing caps of R and S")
    return falls.claim(
        "Section 3", "The optimal surface is monotonic in all of its arguments",
        f"No point is below another in all coordinates, by certified values: {'; '.join(told)}. In general: a q can "
        "always be made worse, so whatever lies above an achievable point can be achieved too.",
        points=count + len(caps), beyond=beyond,
    )  # fmt: skip


@rule("text: a polytope", "refuted if both are above 1e-3 nats", "a million times the gaps of the three optima")
def is_round(inside: float, others: float) -> str:
    return "refuted" if inside > 1e-3 and others > 1e-3 else "undecided"


def polytope(full: bool) -> Claim:
    p = tx.EncoderProblem(tx.examples.binary_symmetric())
    low, middle, high = (tx.minimize(p, gamma=gamma) for gamma in (2, 3, 5))
    share = (middle.point["C"] - high.point["C"]) / (low.point["C"] - high.point["C"])
    chord = share * low.point["R"] + (1 - share) * high.point["R"]
    # The three points are optimal for their multipliers only: a face would hold all three.
    inside = chord - middle.point["R"]
    others = min(3 * o.point["C"] + o.point["R"] - middle.value for o in (low, high))
    return is_round.claim(
        "Sections 2.2 and 3",
        "In the infinite family limit the surface is a convex polytope with edges, faces and corners",
        f"Binary symmetric channel, crossover 1/10: at gamma = 3 the certified optimum lies {inside:.4f} nats below "
        f"the chord of those at gamma = 2 and 5, which miss the optimal value by at least {others:.4f} nats (gap "
        f"{max(o.gap for o in (low, middle, high)):.1g}): the curve is round, with a tangent for every gamma.",
        inside=inside,
        others=others,
    )


@rule("text: convex in S", "refuted if both ends are achieved and no rule comes within 1e-3 nats of their midpoint",
      "the bound is proved over all cells; 1e-3 is far above rounding")  # fmt: skip
def is_bent(ends: Sequence[str], least: float) -> str:
    return "refuted" if set(ends) == {"feasible"} and least > 1e-3 else "undecided"


def convex_in_s(full: bool) -> Claim:
    size = 17 if full else 5
    problem = bent(size)
    log2 = math.log(2)
    ends = [
        tx.classify_rule(problem, **end).verdict
        for end in ({"R": 0, "C": log2, "S": 0}, {"R": log2, "C": 0, "S": log2})
    ]
    found = tx.excess(problem, MIDPOINT, tol=1e-3 if full else 1e-2)
    return is_bent.claim(
        "Section 4",
        "Learning finds points of the surface of a convex three-dimensional set in R, C, D, S",
        "Y a fair bit, one letter of X, N = 1: (R, C, S) = (0, log 2, 0) and (log 2, 0, log 2) are achieved, and "
        f"every rule over {size} encoders exceeds their midpoint by {found.lower_bound:.4f} to {found.value:.4f} "
        "nats in some coordinate (certified by cells). frontier/rules/bent.py proves it for all alphabets.",
        ends=ends,
        least=found.lower_bound,
    )


@rule("text: smooth", "refuted if the curvature is 0 to 1e-3 below gamma_c, < -0.05 above, and a corner is found",
      "second differences of certified values: their error is 4e-11/0.02^2 = 1e-7")  # fmt: skip
def is_rough(below: float, above: float, corners: int, off: float) -> str:
    jumps = abs(below) < 1e-3 and above < -0.05 and abs(off) < 1e-6
    return "refuted" if jumps and corners >= 1 else "undecided"


def smooth(full: bool) -> Claim:
    p = tx.EncoderProblem(tx.examples.binary_symmetric())
    gamma_c = tx.trace(p, tol=1e-2, progress=False).gamma_c or math.nan
    step = 0.02

    def curvature(at: float) -> float:
        values = [tx.minimize(p, gamma=at + k * step, tol=1e-11).value for k in (-1, 0, 1)]
        return (values[0] - 2 * values[1] + values[2]) / step**2

    below, above = curvature(gamma_c - 2 * step), curvature(gamma_c + 2 * step)
    same_letters = tx.EncoderProblem(tx.Joint([[1 / 2, 0.0], [0.0, 1 / 2]], ("X", "Y")))
    kinks = tx.trace(same_letters, tol=1e-2, progress=False).kinks
    return is_rough.claim(
        "Section 4",
        "R(C, D, S) is entire, smooth and convex, so that multipliers can replace functionals everywhere",
        f"Binary symmetric channel: at gamma_c = {gamma_c:.6f} (1/(1-2e)^2 = {critical(0.1):.6f}) the curvature of the "
        f"optimal value jumps from {below:.2g} to {above:.3g}. Where Y is a function of X there is a corner: "
        f"{len(kinks)} found for Y = X, optimal for gamma in "
        f"{', '.join(f'[{k.low:.3g}, {k.high:.3g}]' for k in kinks)}.",
        below=below,
        above=above,
        corners=len(kinks),
        off=gamma_c - critical(0.1),
    )


@rule("text: C alone is deterministic", "corrected if a hard encoder reaches H(Y|X), certified least, within 1e-8 nats",
      "the gap asked of the optimum")  # fmt: skip
def some_are_hard(off: float, above: float, gap: float) -> str:
    return "corrected" if abs(off) <= 1e-8 and above >= -1e-8 and gap <= 1e-8 else "undecided"


def deterministic(full: bool) -> Claim:
    joint = tx.examples.hair_eye().marginal("Hair", "Eye")
    best = tx.minimize(tx.EncoderProblem(joint), rho=0, gamma=1)
    hard = float(tx.entropy(joint, "Eye")) - max(i for _, i, _ in tx.deterministic_frontier(joint).points)
    floor = float(tx.entropy(joint, ["Hair", "Eye"]) - tx.entropy(joint, "Hair"))
    return some_are_hard.claim(
        "Section 3",
        "Keeping C alone is supervised learning: activations and parameters become deterministic",
        "Instead: among the optima there is a deterministic one. Hair and eye colour: the least C over all encoders "
        f"is {best.lower_bound:.9f}, the best deterministic encoder has {hard:.9f}, H(Y|X) is {floor:.9f} nats. But "
        "C alone does not force it: Z = (X, noise) has the same C. (What training finds: Appendix H.)",
        off=hard - floor,
        above=hard - best.lower_bound,
        gap=best.gap,
    )


@rule("text: equal optima", "measured if the values agree within 1e-8 nats", "the gaps of the certified optima")
def agree(difference: float) -> str:
    return "measured" if abs(difference) <= 1e-8 else "undecided"


def vib(full: bool) -> Claim:
    p = tx.EncoderProblem(tx.examples.hair_eye().marginal("Hair", "Eye"))
    worst = 0.0
    for gamma, delta in ((8.0, 0.5), (5.0, 0.2), (3.0, 0.3)):
        both = tx.minimize(p, gamma=gamma, delta=delta)
        h = both.point["R"] + both.point["D"]  # = H(X) where Theta is trivial and the q's are optimal
        plain = tx.minimize(p, gamma=gamma / (1 - delta))
        worst = max(worst, abs(both.value - (delta * h + (1 - delta) * plain.value)))
    return agree.claim(
        "Section 3",
        "delta = sigma = 0 is the variational information bottleneck with beta = 1/gamma",
        "True by the definitions. More: with one encoder R + D = H(X), so delta < 1 adds nothing new: R + delta D + "
        "gamma C has the value delta H(X) + (1 - delta) times the bottleneck's at gamma/(1 - delta); largest "
        f"difference over three certified pairs {worst:.1g} nats.",
        difference=worst,
    )


def autoencoder(full: bool) -> Claim:
    joint = tx.examples.hair_eye().marginal("Hair", "Eye")
    alone = tx.minimize(tx.EncoderProblem(joint), rho=0, delta=1)
    return agree.claim(
        "Section 3", "If we retain only D, we are training a stochastic autoencoder",
        f"The certified least D over all encoders of hair colour is {alone.value:.2g} nats (bound "
        f"{alone.lower_bound:.2g}), that of Z = X: with as many codes as letters nothing asks it to be stochastic.",
        difference=max(alone.value, -alone.lower_bound),
    )  # fmt: skip


def semi_supervised(full: bool) -> Claim:
    joint = tx.examples.hair_eye().marginal("Hair", "Eye")
    problem, h_x = tx.EncoderProblem(joint), float(tx.entropy(joint, "Hair"))
    worst = 0.0
    for alpha in (0.5, 2.0, 10.0):
        found = tx.minimize(problem, delta=1, gamma=alpha)
        worst = max(worst, abs(found.value - h_x - alpha * float(tx.entropy(joint, "Eye", given="Hair"))))
    return agree.claim(
        "Section 3", "sigma = 0, gamma = alpha, delta = 1 recovers the semi-supervised objective",
        "R + D + alpha C, by the definitions. Its certified least value is H(X) + alpha H(Y|X) for every alpha (three "
        f"tried, within {worst:.1g} nats): R + D = H(X) leaves C alone to be minimised.",
        difference=worst,
    )  # fmt: skip


def learner() -> tx.LearningRuleProblem:
    """Two samples of one process, all maps X -> Z."""
    return tx.LearningRuleProblem(
        [1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 2, tx.encoders.deterministic(2, 2)
    )


@rule("text: C + beta S", "measured if value/gamma is at least the limit, at most that plus max R/gamma, to 1e-6",
      "0 <= R <= N log |Z|; 1e-6 is the gap of the optima")  # fmt: skip
def is_limit(excess: Sequence[float], most: Sequence[float]) -> str:
    fits = all(-1e-6 <= e <= m + 1e-6 for e, m in zip(excess, most, strict=True))
    return "measured" if fits and excess and excess[-1] < excess[0] else "undecided"


def bottleneck_of_parameters(full: bool) -> Claim:
    problem, beta, gammas = learner(), 0.3, (10.0, 100.0, 1000.0)
    limit = tx.minimize(problem, rho=0, gamma=1, sigma=beta, tol=1e-7)
    found = [tx.minimize(problem, gamma=g, sigma=beta * g, tol=1e-7 * g) for g in gammas]
    excess = [o.value / g - limit.value for o, g in zip(found, gammas, strict=True)]
    return is_limit.claim(
        "Section 3", "gamma, sigma -> infinity at sigma/gamma = beta keeps C + beta S only",
        f"Two samples, all maps X -> Z, beta = {beta}: the least C + beta S is {limit.value:.6f} nats, and the least "
        f"R + gamma (C + beta S), over gamma, exceeds it by {', '.join(f'{e:.2g}' for e in excess)} nats at gamma = "
        "10, 100, 1000.",
        excess=excess, most=[2 * math.log(2) / g for g in gammas],
    )  # fmt: skip


@rule("text: C + S", "measured if the rule of least U + S is Bayes' posterior in every cell", "exact rationals")
def is_posterior(cells_off: int, cells: int) -> str:
    return "measured" if cells > 0 and cells_off == 0 else "undecided"


def bayesian_network(full: bool) -> Claim:
    half = Fraction(1, 2)
    likelihood = [[["9/10", "1/10"], ["2/3", "1/3"]], [["1/5", "4/5"], ["1/2", "1/2"]]]  # [x, theta, y]
    rule_size = np.full((2,) * 4 + (2,), half, dtype=object)
    world = tx.DiscriminativeWorld([1], [["1/3", "2/3"]], [[["1/4", "3/4"], ["3/5", "2/5"]]], rule_size)
    q = tx.Variational(theta=["1/4", "3/4"], y_given_x_theta=likelihood)
    found = tx.tempered_posterior(world, q, beta=1).rule
    off = 0
    table, prior = np.vectorize(Fraction)(np.array(likelihood)), (Fraction(1, 4), Fraction(3, 4))
    for x1, y1, x2, y2 in itertools.product(range(2), repeat=4):
        weights = [prior[t] * table[x1, t, y1] * table[x2, t, y2] for t in range(2)]
        off += any(found[x1, y1, x2, y2][t] != weights[t] / sum(weights) for t in range(2))
    return is_posterior.claim(
        "Section 3", "C + S is the objective of a Bayesian neural network",
        "Where y is predicted from x and theta (a deterministic activation z), C is U of Appendix C: the rule of least "
        f"U + S, for a given prior and likelihood, is Bayes' posterior in {16 - off} of 16 data sets, exactly. With "
        "a stochastic z, C averages -log q(y|z) over z, and the least rule weighs by exp of that mean instead.",
        cells_off=off, cells=16,
    )  # fmt: skip


@rule("text: sampling (24)", "measured if J never rises and ends within 1e-6 nats of -sigma <log Z>",
      "it falls by half a nat; a millionth is left")  # fmt: skip
def relaxes(rises: int, end: float) -> str:
    return "measured" if rises == 0 and 0 <= end + 1e-12 <= 1e-6 else "undecided"


def sampling(full: bool) -> Claim:
    maps = tx.encoders.deterministic(2, 2)
    labels = [[["9/10", "1/10"], ["1/5", "4/5"]]]
    exact = tx.WorldP([1], [["1/2", "1/2"]], labels, tx.learners.erm(2, 2, 1, maps), tx.encoders.table(maps))
    world = exact.to_float()
    q = tx.Variational(theta=[0.5, 1 / 6, 1 / 6, 1 / 6], z=[1 / 3, 2 / 3], y_given_z=[[0.75, 0.25], [0.25, 0.75]])
    e = tx.boltzmann(world, q, 1, gamma=2)
    steps = [float(v) for v in tx.second_law(e, tx.markov.langevin, 400).J]
    rises = sum(a < b - 1e-12 for a, b in itertools.pairwise(steps))
    return relaxes.claim(
        "Section 3.1", "Samples of (24) come from descent with injected noise (Langevin dynamics)",
        "For a chain that is corrected to keep (24) exactly (markov.langevin): J falls from "
        f"{steps[0]:.6f} to {steps[-1]:.6f} nats in 400 steps, {rises} rises, -sigma <log Z> = {float(e.value):.6f}. "
        "Stochastic gradient descent itself keeps (24) up to its step size only; nothing here says how far.",
        rises=rises, end=steps[-1] - float(e.value),
    )  # fmt: skip


@rule("text: contraction", "measured if there is no rise", "every comparison is exact")
def contracts(rises: int, trials: int) -> str:
    return "measured" if trials > 0 and rises == 0 else "undecided"


def contraction(full: bool) -> Claim:
    rng = np.random.default_rng(0)
    trials, rises = 200 if full else 40, 0
    for _ in range(trials):
        p, q = random_rows(rng, (3,), exact=True), np.array([Fraction(1, 3)] * 3)
        values = divergences(random_rows(rng, (3, 3), exact=True), p, q, 4)
        rises += any(a < b for a, b in itertools.pairwise(values))
    return contracts.claim(
        "Section 5",
        "The divergence of two chains under one Markov kernel decreases monotonically",
        f"Never grows: {rises} rises in {trials} random rational chains of 4 steps, each comparison exact. Not "
        "strictly: a permutation keeps it.",
        rises=rises,
        trials=trials,
    )


@rule("text: uniform law", "corrected if the shift keeps the entropy and the lazy shift raises it", "both exact")
def need_not_grow(same: bool, grows: bool) -> str:
    return "corrected" if same and grows else "undecided"


def uniform_law(full: bool) -> Claim:
    turn = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=object)
    half = Fraction(1, 2)
    lazy = half * turn + half * np.eye(3, dtype=int).astype(object)
    law = np.array([Fraction(1, 7), Fraction(2, 7), Fraction(4, 7)])

    def entropy(p: np.ndarray) -> tx.PrimeLog | float:
        return tx.entropy(tx.Joint(p, ("T",)), "T")

    same = entropy(markov.advance(law, turn)) == entropy(law)
    grows = entropy(markov.advance(law, lazy)) > entropy(law)
    return need_not_grow.claim(
        "Footnote 14",
        "If the stationary law is uniform the entropy increases",
        "Instead: it never decreases. Decided exactly on p = (1, 2, 4)/7: a cyclic shift keeps the entropy "
        f"({'equal' if same else 'not equal'}), the lazy shift raises it ({'yes' if grows else 'no'}).",
        same=same,
        grows=grows,
    )


@rule("text: measures", "measured if the difference is exactly 0", "rational tables")
def shifts(exactly: bool) -> str:
    return "measured" if exactly else "undecided"


def measures(full: bool) -> Claim:
    world = tx.random_world(np.random.default_rng(1), 1, (2, 3, 2, 2, 2))
    q = tx.optimal_variational(world)
    m = [Fraction(1, 2), Fraction(1, 3), Fraction(5)]
    plain, relative = tx.functionals(world, q), tx.functionals(world, q, measure_x=m)
    p_x = world.marginal(["X1"]).table
    shift = sum((p * tx.PrimeLog.log(v) for p, v in zip(p_x, m, strict=True)), tx.PrimeLog.log(1))
    return shifts.claim(
        "Footnote 8",
        "D and C can be defined against measures m(x), m(y)",
        f"D against m = (1/2, 1/3, 5) is D + <log m(x)> exactly: {float(relative.D):.6f} = {float(plain.D):.6f} "
        f"{float(shift):+.6f} nats, decided with tolerance zero on a random rational world; it may then be negative.",
        exactly=plain.D + shift == relative.D,
    )


PARTS: tuple[Callable[[bool], Claim], ...] = (
    monotone, polytope, convex_in_s, smooth, deterministic, vib, autoencoder, semi_supervised, bottleneck_of_parameters,
    bayesian_network, sampling, contraction, uniform_law, measures,
)  # fmt: skip


@check("text: every claim", "no verdict is undecided", "each was decided when its text was written")
def decided(verdict: str) -> bool:
    return verdict != "undecided"


def section(full: bool, folder: Path, start: Start) -> Section:
    """Sentences of the paper that have no number, each decided by a computation."""
    advance = start("claims of the text", len(PARTS))
    claims, failures = [], []
    for part in PARTS:
        claim = part(full)
        claims.append(claim)
        told = f"{claim.where}: the numbers do not bear out what is said: {claim.evidence}"
        failures += decided.failures(told, verdict=claim.verdict)
        advance()
    return Section(
        "Claims of the text",
        "What the paper says between its equations, decided by certified optima, exact chains and counterexamples.",
        claims=tuple(claims),
        failures=tuple(failures),
    )


if __name__ == "__main__":
    alone(section)
