"""How far do the certificates close? Frontiers of worlds of every kind, each optimum rechecked in ball arithmetic.

For each problem and multiplier the value achieved, the proved lower bound, their gap, and the verdict of the verifier,
which contains no solver. Seconds are those of this run; the first call of a kind, which compiles, is left out.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact.figures import style as plots
from therml_exact.figures.frontier import draw_frontier
from therml_exact.frontier.curve.objectives import named_objectives
from validation.alone import alone
from validation.by_hand import critical, same
from validation.section import Section, Start, Table, picture
from validation.verdicts import check

GAMMAS = (1.2, 2.0, 5.0, 20.0)


CLOSED = 1e-6  # nats


@check("frontiers: a certificate", "accepted, its bound not below and its value not above what the optimum says",
       "the verifier has no solver; 1e-9 is what it adds for balls")  # fmt: skip
def proves(valid: bool, claimed_bound: float, claimed_value: float, bound: float, value: float) -> bool:
    return valid and claimed_bound <= bound and claimed_value <= value <= claimed_value + 1e-9


@check("frontiers: a gap", f"gap <= {CLOSED:g} nats", "what minimize closes by default on worlds of this size")
def closed(gap: float) -> bool:
    return gap <= CLOSED


@check("frontiers: gamma_c", "gamma just below it: no code pays; just above: one does", "both by certified optima")
def switches(below: float, above: float) -> bool:
    """Least R + gamma C less gamma H(Y), nats: 0 below gamma_c, negative above."""
    return abs(below) <= 1e-10 and above < -1e-10


def at_critical(problem: tx.EncoderProblem, gamma_c: float) -> dict[str, float]:
    """What the best code gains on none at gamma_c (1 -+ 5e-4), nats."""
    h_y = float(tx.entropy(problem.p_xy, problem.p_xy.axes[-1]))
    gains = []
    for gamma in (gamma_c * (1 - 5e-4), gamma_c * (1 + 5e-4)):
        best = tx.minimize(problem, gamma=gamma, tol=1e-12)
        gains.append((best.lower_bound if gamma < gamma_c else best.value) - gamma * h_y)
    return {"below": gains[0], "above": gains[1]}


def problems(full: bool) -> dict[str, tuple[Any, list[dict[str, float]]]]:
    rng = np.random.default_rng(0)
    encoder = [{"gamma": gamma} for gamma in GAMMAS]
    shapes = ((5, 3), (30, 2), (4, 4)) if full else ((5, 3), (4, 4))
    random = {
        f"random {a}x{b}": (
            tx.EncoderProblem(tx.Joint(rng.dirichlet(np.ones(a * b)).reshape(a, b), ("X", "Y"))),
            encoder,
        )
        for a, b in shapes
    }
    coin = np.array([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1]])
    samples = (2, 10, 50) if full else (2, 10)
    return {
        "hair and eye": (tx.EncoderProblem(tx.examples.hair_eye().marginal(["Hair", "Eye"])), encoder),
        "Appendix H's toy": (tx.EncoderProblem(tx.examples.appendix_h()), encoder),
        **random,
        **{
            f"Bayes, N = {n}": (tx.BayesProblem(np.full(3, 1 / 3), coin, n), [{"beta": b} for b in (0.5, 1.0, 2.0)])
            for n in samples
        },
    }


def section(full: bool, folder: Path, start: Start) -> Section:
    """Certified optima of worlds of every kind, and how far their gaps close."""
    chosen = problems(full)
    rows, failures = [], []
    advance = start("certified frontiers", sum(len(m) for _, m in chosen.values()) + 1)
    for name, (problem, multipliers) in chosen.items():
        tx.minimize(problem, **multipliers[0])
        for m in multipliers:
            begin = time.perf_counter()
            best = tx.minimize(problem, **m)
            solved = time.perf_counter()
            found = tx.verify(best.certificate, problem)
            verified = time.perf_counter()
            rows.append(
                (
                    name,
                    ", ".join(f"{k} = {v:g}" for k, v in m.items()),
                    best.value,
                    best.gap,
                    best.status,
                    found.valid,
                    solved - begin,
                    verified - solved,
                )
            )
            failures += proves.failures(
                f"{name}, {m}: the certificate proves {found.lower_bound!r} and {found.value!r}: {found.reason}",
                valid=found.valid,
                claimed_bound=best.lower_bound,
                claimed_value=best.value,
                bound=found.lower_bound,
                value=found.value,
            )
            failures += closed.failures(f"{name}, {m}: the gap is {best.gap:.2g} nats", gap=best.gap)
            advance()
    p = tx.EncoderProblem(tx.examples.appendix_h())
    frontier = tx.trace(p, tol=1e-3)
    critical_rows = []
    binary = tx.EncoderProblem(tx.examples.binary_symmetric())
    hair = tx.EncoderProblem(tx.examples.hair_eye().marginal("Hair", "Eye"))
    for name, problem, closed_form in (
        ("binary symmetric, 1/10", binary, critical(0.1)),
        ("hair and eye", hair, None),
        ("Appendix H's toy", p, None),
    ):
        gamma_c = frontier.gamma_c if problem is p else tx.trace(problem, tol=1e-2, progress=False).gamma_c
        assert gamma_c is not None
        gains = at_critical(problem, gamma_c)
        critical_rows.append((name, gamma_c, closed_form, gains["below"], gains["above"]))
        failures += switches.failures(f"{name}: gamma_c = {gamma_c:.9g}, but gains {gains}", **gains)
        if closed_form is not None:
            failures += same.failures(f"{name}: gamma_c = {gamma_c!r}, not {closed_form!r}",
                                      difference=gamma_c - closed_form)  # fmt: skip
    figure, (ax,) = plots.panels(1, 7.0, 5.4)
    draw_frontier(frontier, ax=ax, objectives=named_objectives(p, 4.0))
    advance()
    return Section(
        "The true frontier, certified",
        "An optimum is a value that some encoder or rule achieves, and a lower bound that is proved for all of "
        "them. The verifier reads the certificate alone and repeats the proof in ball arithmetic.",
        (
            Table(
                "Two-sided optima",
                ("problem", "multipliers", "value, nats", "gap, nats", "status", "verified", "solve, s", "verify, s"),
                tuple(rows),
            ),
            Table(
                "Where the first code pays",
                ("problem", "gamma_c (a ratio)", "closed form", "gain at gamma_c - 0.05%, nats", "at + 0.05%, nats"),
                tuple(critical_rows),
                "Gain: least R + gamma C less gamma H(Y). Closed form: 1/(1 - 2e)^2.",
            ),
        ),
        (
            picture(
                "The frontier of Appendix H's toy",
                figure,
                f"{len(frontier.points)} certified optima; between the polygons, at most {frontier.gap:.1g} nats "
                "apart, lies the true frontier. gamma_c is where the first code pays.",
            ),
        ),
        failures=tuple(failures),
    )


if __name__ == "__main__":
    alone(section)
