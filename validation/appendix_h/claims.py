"""What the paper says of its experiments, against the numbers of this run (nats).

A trained functional F in (C, D) overfits by

    [F_true - F_train](trained on the sample) - [F_true - F_train](trained on the infinite data),

the gap between truth and training set, less what a model that never saw the sample has on it: the second bracket is
the luck of the 50 draws. Mean and standard error are over samples; `overfits` if the mean exceeds MARGIN nats by two
standard errors, `does not` if it lies below by as many, else `unclear` (one sample has no standard error: then the bare
comparison, and the text says so). A fit of k parameters to N samples by maximum likelihood has a gap of k/N on average
(Akaike): MARGIN is that of the four parameters of the classifier alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

import therml_exact as tx
from validation.appendix_h import handcrafted, rules
from validation.appendix_h.assessment import Tables, functionals
from validation.appendix_h.data import TARGET, information
from validation.appendix_h.experiment import Results
from validation.appendix_h.handcrafted import optimum
from validation.appendix_h.model import count, initial
from validation.appendix_h.objectives import OBJECTIVES, Objective
from validation.appendix_h.rules import MARGIN
from validation.section import Claim

EXPERIMENTS = "Appendix H, experiments"
MEMORISES = "The model is powerful enough to memorise the 50 examples."
MOST = "Most objectives are very susceptible to overfitting."
ONLY = "Only the objectives with S are able to avoid overfitting."
HELPS = "Objectives regularised by S are able to avoid overfitting in the {}."
ON_SAMPLES = (
    (rules.memorises, MEMORISES), (rules.most, MOST), (rules.only, ONLY), (rules.able, HELPS.format("classifier")),
    (rules.able, HELPS.format("decoder")),
)  # fmt: skip


@dataclass(frozen=True)
class Overfit:
    """Means over the samples for one functional of one objective and decoder."""

    objective: Objective
    decoder: str
    name: str
    train: float
    true: float
    by: float
    error: float

    @property
    def verdict(self) -> str:
        """Overfits, does not, or unclear."""
        return rules.overfitting(by=self.by, error=self.error)


def overfits(results: Results) -> list[Overfit]:
    """All trained C and D of both decoders; none without samples."""
    rows: list[Overfit] = []
    if not results.samples:
        return rows
    for k, o in enumerate(OBJECTIVES):
        printed = [models[k].tables for models in results.models]
        rows += [_overfit(o, "as printed", printed, results, name) for name in "CD" if _has(o, name)]
        if o.name in results.by_letter:
            rows.append(_overfit(o, "by letter", results.by_letter[o.name], results, "D"))
    return rows


def _has(objective: Objective, name: str) -> bool:
    return (objective.gamma if name == "C" else objective.delta) > 0


def _overfit(o: Objective, decoder: str, models: list[Tables], results: Results, name: str) -> Overfit:
    truth, reference = results.truth, models[0]
    train, true, by = [], [], []
    base = functionals(reference, truth, o)[name]
    for model, sample in zip(models[1:], results.samples, strict=True):
        train.append(functionals(model, sample, o)[name])
        true.append(functionals(model, truth, o)[name])
        by.append(true[-1] - train[-1] - (base - functionals(reference, sample, o)[name]))
    error = float(np.std(by, ddof=1)) / math.sqrt(len(by)) if len(by) > 1 else 0.0
    return Overfit(o, decoder, name, float(np.mean(train)), float(np.mean(true)), float(np.mean(by)), error)


def claims(results: Results, rows: list[Overfit]) -> tuple[Claim, ...]:
    """Every statement of Appendix H, and those of section 3 that its figures illustrate."""
    return (
        _information(results),
        _count(),
        _noise(results),
        _prior(results),
        _reached(results),
        _never_below(results),
        _converged(results),
        *_on_samples(results, rows),
        _deterministic(results),
        _bottleneck(results),
        _smooth(results),
        _undetermined(results),
        _handcrafted(results),
    )


def _on_samples(results: Results, rows: list[Overfit]) -> tuple[Claim, ...]:
    """What is said of training on 50 examples, if this run has any."""
    if not results.samples:
        return tuple(rule.not_run(EXPERIMENTS, says) for rule, says in ON_SAMPLES)
    return (
        _memorise(results),
        _most_overfit(results, rows),
        _only_entropy(results, rows),
        _entropy_helps(results, rows, "C"),
        _entropy_helps(results, rows, "D"),
    )


def _by_name(results: Results, data: int = 0) -> dict:
    return {a.objective.name: a for a in results.models[data]}


def _seeds(results: Results) -> str:
    number = len(results.samples)
    return "one sample of 50, no standard error" if number == 1 else f"{number} samples of 50"


def _information(results: Results) -> Claim:
    middle, radius = information(results.truth)
    return rules.half_a_nat.claim(
        "Appendix H, data",
        f"The toy's latent bit has I(x; z) = {TARGET} nats.",
        f"I - {TARGET} = {middle:.2g} within {radius:.1g} nats, in ball arithmetic on the table used. Means, "
        "widths and the range of the bins are not stated; data.py states ours.",
        middle=middle,
        radius=radius,
    )


def _count() -> Claim:
    total = count(initial(0))
    return rules.counts.claim(
        "Appendix H, model",
        "184 parameters, with tables proportional to -exp[(w x - b)^2], weights indexed by the code.",
        f"{total} = 60 + 60 + 4 + 30 + 30, if the formula is read exp[-(w x - b)^2] and the classifier's weights are "
        "indexed by the label (indexed by the code, as printed, they would be 60, not 4).",
        total=total,
    )


def _noise(results: Results) -> Claim:
    return rules.unnoticed.claim(
        "Appendix H, model",
        "The start is such that at sigma = 0 the noise has no noticeable effect, in training or testing.",
        f"It changes the cost by at most {results.noise_at_start:.2g} nats at the start and {results.noise_at_end:.2g} "
        "nats after training, over all objectives without S.",
        start=results.noise_at_start,
        end=results.noise_at_end,
    )


def _prior(results: Results) -> Claim:
    sizes = [a.true["S"] for a in results.models[0] if a.objective.sigma == 0]
    return rules.finite_s.claim(
        "(10), Appendix H",
        "S can be had from log-normal noise on the encoder, following Achille & Soatto.",
        "Their log-uniform prior has no integral: S is then fixed up to a constant only, falls without bound as a "
        "grows, and bounds no information; and 30 a's leave open which of 60 weights are noisy, where a weight without "
        "noise has infinite S. With log N(-1/2, 1) as q(theta) and noise on all 60, S is finite and in closed form; "
        f"the models without S in their objective have {min(sizes):.0f} to {max(sizes):.0f} nats of it.",
        sizes=sizes,
    )


def discretised_normal(p: np.ndarray) -> float:
    """The least KL(p; q) over q_j ~ exp -(w j - b)^2 (nats): the fit that keeps mean and variance, by Newton's method.

    log q is linear in (j, j^2), so that the problem is convex.
    """
    from scipy.optimize import minimize

    j = np.linspace(-1, 1, len(p))
    found = minimize(
        lambda t: np.logaddexp.reduce(t[0] * j - t[1] * j**2) - p @ (t[0] * j - t[1] * j**2), np.zeros(2), tol=1e-12
    )
    return float(found.fun + p @ np.log(p))


def _reached(results: Results) -> Claim:
    wanted = ("R + 2 C", "R + 10 C", "R + D", "R + D/2", "R + 2 D")
    found = _by_name(results)
    text = ", ".join(f"{name}: {found[name].excess[1]:.4f}" for name in wanted)
    one = discretised_normal(results.truth.sum(axis=1))
    return rules.reached.claim(
        "Figures 7 and 9",
        "The trained models are points of the optimal surface (VIB, VAE, beta-VAE).",
        f"On the infinite data their cost lies above the certified minimum by at most (nats) {text}. R + D/2 is best "
        f"served without a code, R = 0, and a single discretised normal stays KL = {one:.4f} nats from p(x): half of "
        f"it is {one / 2:.4f}.",
        excesses=[found[name].excess[1] for name in wanted],
    )


def _never_below(results: Results) -> Claim:
    everything = [a for models in results.models for a in models]
    below = [f"{a.objective.name} ({a.data})" for a in everything if not a.possible]
    return rules.none_below.claim(
        "section 2.2",
        "No model lies below the frontier.",
        f"{len(everything)} models on the true p(x, y): certified below it: {', '.join(below) or 'none'}. "
        "(It is a theorem; this tests the audit.)",
        below=len(below),
        models=len(everything),
    )


def _converged(results: Results) -> Claim:
    drift = {f"{a.objective.name}, {a.data}": abs(a.drift) for models in results.models for a in models}
    worst = max(drift, key=lambda name: drift[name])
    spread = {name: float(max(costs)) for name, costs in results.spread.items()}
    return rules.converged.claim(
        "Appendix H, experiments",
        "After 10,000 gradient steps all objectives have converged, or nearly.",
        f"Over the last quarter of {results.steps:,} steps, which shrink to 0 here, the objective per unit of "
        f"multipliers gains {np.median(list(drift.values())):.1g} nats (median), {drift[worst]:.2g} at most ({worst}). "
        + _patience(results)
        + "It converges to one of many optima, by its start: the worst restart of an objective ends up to "
        f"{max(spread.values()):.3g} nats above its best ({max(spread, key=lambda name: spread[name])}), "
        f"{np.median(list(spread.values())):.2g} in the median; the best is kept.",
        worst=drift[worst],
    )


def _patience(results: Results) -> str:
    if not results.longer:
        return ""
    most = max(results.longer, key=lambda name: results.longer[name])
    return (
        f"Twice the steps gain {np.median(list(results.longer.values())):.1g} nats more (median) on the infinite data, "
        f"{results.longer[most]:.2g} at most ({most}). "
    )


def _memorise(results: Results) -> Claim:
    found = [_by_name(results, d) for d in range(1, len(results.models))]
    c, d = (max(f[name].train_excess[1] for f in found) for name in ("C", "D"))
    vib = max(f["R + 10 C"].train_excess[1] for f in found)
    return rules.memorises.claim(
        EXPERIMENTS,
        MEMORISES,
        f"Trained on C alone and on D alone it ends within {c:.2g} and {d:.2g} nats of the least that any model can "
        f"have on its own sample; for R + 10 C {vib:.2g} nats remain ({_seeds(results)}).",
        c=c,
        d=d,
    )


def _told(rows: list[Overfit]) -> str:
    return ", ".join(f"{r.name} of {r.objective.name} ({r.by:+.2f})" for r in rows) or "none"


def _most_overfit(results: Results, rows: list[Overfit]) -> Claim:
    plain = [r for r in rows if r.objective.sigma == 0 and r.decoder == "as printed"]
    yes = [r for r in plain if r.verdict == "overfits"]
    return rules.most.claim(
        EXPERIMENTS,
        MOST,
        f"Without S, {len(yes)} of {len(plain)} trained C's and D's overfit (nats): {_told(yes)} ({_seeds(results)}).",
        overfitting=len(yes),
        trained=len(plain),
    )


def _only_entropy(results: Results, rows: list[Overfit]) -> Claim:
    plain = [r for r in rows if r.objective.sigma == 0 and r.decoder == "as printed"]
    yes = [r for r in plain if r.verdict == "overfits"]
    spared = [r for r in plain if r.verdict == "does not"]
    why = "A beta-VAE of delta < 1 keeps no code, and one discretised normal is too poor to overfit much"
    return rules.only.claim(
        EXPERIMENTS,
        ONLY,
        f"Without S and not overfitting: {_told(spared)}; unclear: "
        f"{_told([r for r in plain if r.verdict == 'unclear'])}. "
        f"{why} ({_seeds(results)}).",
        overfitting=len(yes),
        trained=len(plain),
    )


def _pair(noisy: Overfit, plain: Overfit) -> bool:
    """The same objective, decoder and functional, with S and without."""
    same = noisy.objective.weights[:3] == plain.objective.weights[:3]
    return same and not plain.objective.sigma and (noisy.decoder, noisy.name) == (plain.decoder, plain.name)


def _entropy_helps(results: Results, rows: list[Overfit], name: str) -> Claim:
    table = {"C": "classifier", "D": "decoder"}[name]
    noisy = [r for r in rows if r.objective.sigma > 0 and r.name == name and r.decoder == "as printed"]
    avoid = [r for r in noisy if r.verdict == "does not"]
    yes = [r for r in noisy if r.verdict == "overfits"]
    # One that has learnt nothing proves nothing: on the infinite data it must gain on a constant answer.
    blank = {"C": tx.entropy(results.frontier.problem.p_xy, "Y"), "D": tx.entropy(results.frontier.problem.p_xy, "X")}
    found = _by_name(results)
    learnt = [r for r in avoid if found[r.objective.name].true[name] < float(blank[name]) - MARGIN]
    text = (
        f"Not overfitting though they have learnt: {_told(learnt)}; having learnt nothing: "
        f"{_told([r for r in avoid if r not in learnt])}; unclear: "
        f"{_told([r for r in noisy if r.verdict == 'unclear'])}; overfitting, as S is too weak beside the rest: "
        f"{_told(yes)}. "
    )
    pairs = [(r, p) for r in noisy for p in rows if _pair(r, p)]
    changes = (f"{r.objective.name} {p.by:+.2f} to {r.by:+.2f}" for r, p in pairs)
    text += f"Without S and with it: {', '.join(changes)}. "
    if name == "D":
        most = max(r.by for r in rows if r.objective.sigma > 0 and r.decoder == "by letter")
        text += (
            "S restrains the encoder only: a decoder with weights by letter memorises which x occurred whatever the "
            f"encoder does (up to {most:+.1f} nats); the claim needs the decoder as printed. "
        )
    return rules.able.claim(
        EXPERIMENTS,
        HELPS.format(table),
        f"{text}({_seeds(results)})",
        learnt=len(learnt),
    )


def _deterministic(results: Results) -> Claim:
    found = [_by_name(results, d)["C"] for d in range(len(results.models))]
    blur = [a.blur for a in found]
    return rules.hard.claim(
        "section 3",
        "With C alone the network learns to be deterministic in its activations and parameters.",
        f"H(Z|X) of {len(blur)} trained encoders is {min(blur):.3f} to {max(blur):.3f} nats: codes on which the "
        "classifier agrees cost the same, so that the choice between them stays random. An optimum can be chosen "
        "deterministic; gradient descent need not choose it. The noise of the weights is small as it was at the start "
        f"(S = {found[0].true['S']:.0f} nats): nothing rewards it, or its absence.",
        blur=blur,
    )


def _bottleneck(results: Results) -> Claim:
    found = _by_name(results)
    hard, soft, low = (functionals(found[name].tables, results.truth, None) for name in ("C", "R + 10 C", "R + 2 C"))
    return rules.squeezes.claim(
        "section 3",
        "VIB bounds what the representation keeps of x, while it keeps what tells of y.",
        f"I(Z;X) is {hard['R']:.3f} nats for C alone, {soft['R']:.3f} for R + 10 C, {low['R']:.3f} for R + 2 C; "
        f"H(Y|Z) is {hard['C']:.3f}, {soft['C']:.3f}, {low['C']:.3f} nats.",
        kept=[v["R"] for v in (hard, soft, low)],
        told=[v["C"] for v in (hard, soft, low)],
    )


def _smooth(results: Results) -> Claim:
    below, above = (tx.minimize(results.frontier.problem, delta=delta) for delta in (0.99, 1.01))
    return rules.jumps.claim(
        "section 3",
        "Adjusting delta, gamma and sigma moves smoothly across the frontier.",
        f"At gamma = sigma = 0 the certified optimum has R = {below.point['R']:.4f} nats for delta = 0.99 and "
        f"{above.point['R']:.4f} for delta = 1.01: a beta-VAE with enough power has one of two optima, no code or a "
        f"copy of x. The trained ones are these: R = {_by_name(results)['R + D/2'].true['R']:.4f} for R + D/2, "
        f"{_by_name(results)['R + 2 D'].true['R']:.4f} for R + 2 D.",
        below=below.point["R"],
        above=above.point["R"],
    )


def _undetermined(results: Results) -> Claim:
    told = ", ".join(f"{_by_name(results, d)['R + D'].true['R']:.2f}" for d in range(len(results.models)))
    data = f"the infinite data{' and the samples' if results.samples else ''}"
    least = tx.minimize(results.frontier.problem, delta=1)
    p = results.truth
    blank, copy = (sum(functionals(t, p, None)[n] for n in "RD") for t in (handcrafted.blank(p), handcrafted.copy(p)))
    return rules.an_edge.claim(
        "section 3, Figure 9",
        "delta = 1 (the ELBO) is a point of the frontier.",
        f"It is a whole edge, R + D = H(X): no code costs {blank:.9f} nats, a copy of x {copy:.9f}, and the certified "
        f"least is {least.lower_bound:.9f}. Which rate a VAE takes is the "
        f"choice of its start and family. Trained on {data}: R = {told} nats.",
        blank=blank,
        copy=copy,
        least=least.lower_bound,
    )


def _handcrafted(results: Results) -> Claim:
    f = functionals(optimum(results.truth), results.truth, None)
    on_edge = f["R"] + f["D"] - tx.entropy(results.frontier.problem.p_xy, "X")
    off = results.frontier.classify(R=f["R"], C=f["C"])
    return rules.half_optimal.claim(
        "Figure 5",
        "The hand-crafted model is optimal.",
        f"For R and D: R = {f['R']:.4f}, R + D - H(X) = {on_edge:.1g} nats. Not for C: at this rate (R, C) = "
        f"({f['R']:.3f}, {f['C']:.3f}) is {str(off).split(': ')[-1]}, as z is a sample of the bit, not the best guess.",
        on_edge=on_edge,
        off=off.suboptimal[0],
    )
