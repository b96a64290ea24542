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
from validation.section import Section, Start, Table, picture

GAMMAS = (1.2, 2.0, 5.0, 20.0)


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
            check = tx.verify(best.certificate, problem)
            verified = time.perf_counter()
            rows.append(
                (
                    name,
                    ", ".join(f"{k} = {v:g}" for k, v in m.items()),
                    best.value,
                    best.gap,
                    best.status,
                    check.valid,
                    solved - begin,
                    verified - solved,
                )
            )
            if not check.valid:
                failures.append(f"{name}, {m}: the certificate is refused: {check.reason}")
            elif not (best.lower_bound <= check.lower_bound and best.value <= check.value <= best.value + 1e-9):
                failures.append(f"{name}, {m}: the certificate proves {check.lower_bound!r} and {check.value!r}")
            advance()
    p = tx.EncoderProblem(tx.examples.appendix_h())
    frontier = tx.trace(p, tol=1e-3)
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
