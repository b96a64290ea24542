"""How much can data teach? Equations (3) and (4), measured to thousands of samples.

Processes over 4 letters, |Phi| = 2, 3, 5 random letter distributions (seed 0). I_pred against N with its ratio to
H(T_N), and the information between N training and M test samples rising to I_pred; each number has a proven error.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

import therml_exact as tx
from therml_exact.figures import style as plots
from therml_exact.figures.information import draw_predictive, draw_test_information
from validation.alone import alone
from validation.by_hand import predictive, same
from validation.section import Section, Start, Table, picture
from validation.verdicts import check

SAMPLES = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 3000)
TESTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
LONGEST = {False: 300, True: 3000}


@check("predictive: I_pred", "never falls with N, never above H(Phi), beyond twice its proven error", "(3), theorems")
def rises(least_step: float, above: float, error: float) -> bool:
    return least_step >= -2 * error and above <= 2 * error


@check("predictive: its share", "I_pred/H(data) never grows with N", "(4); here H(X|Phi) > 0")
def share_falls(largest_step: float) -> bool:
    return largest_step <= 0


@check("predictive: test samples", "never falls with M beyond twice its proven error", "data processing")
def approaches(least_step: float, error: float) -> bool:
    return least_step >= -2 * error


def section(full: bool, folder: Path, start: Start) -> Section:
    """Predictive information by types, to thousands of samples."""
    rng = np.random.default_rng(0)
    curves, rising, processes = {}, {}, {}
    samples = [n for n in SAMPLES if n <= LONGEST[full]]
    tests = [m for m in TESTS if m <= LONGEST[full]]
    advance = start("predictive information", 3 * len(samples))
    for size in (2, 3, 5):
        x = processes[size] = rng.dirichlet(np.full(4, 8.0), size=size)
        phi = np.full(size, 1 / size)
        points = []
        for n in samples:
            points.append(tx.predictive_information(phi, x, None, n))
            advance()
        curves[rf"$|\Phi|$ = {size}"] = points
        if size == 3:
            for n in (1, 10, 100):
                tested = [tx.predictive_information(phi, x, None, n, m) for m in tests]
                rising[f"N = {n}"] = [*tested, tx.predictive_information(phi, x, None, n)]
    figure, (left, middle, right) = plots.panels(3, 5.2)
    draw_predictive(curves, axes=(left, middle))
    draw_test_information(rising, ax=right)
    right.set_title(r"$|\Phi|$ = 3")
    rows = []
    for size, points in zip((2, 3, 5), curves.values(), strict=True):
        rows += [(size, p.n, float(p.I_pred), p.error, p.ratio) for p in points]
    failures: list[str] = []
    for size, points in zip((2, 3, 5), curves.values(), strict=True):
        told, error = [float(p.I_pred) for p in points], max(p.error for p in points)
        step, above = float(np.diff(told).min()), told[-1] - math.log(size)
        failures += rises.failures(f"|Phi| = {size}: I_pred falls with N, or exceeds H(Phi)", least_step=step,
                                   above=above, error=error)  # fmt: skip
        grows = float(np.diff([p.ratio for p in points]).max())
        failures += share_falls.failures(f"|Phi| = {size}: the share of I_pred grows with N", largest_step=grows)
    for name, tested in rising.items():
        step = float(np.diff([float(p.I_pred) for p in tested]).min())
        says = f"{name}: the information about M test samples does not rise to I_pred"
        failures += approaches.failures(says, least_step=step, error=max(p.error for p in tested))
    off = 0.0
    for size, x in processes.items():
        for n in (1, 2, 3, 5):
            phi = np.full(size, 1 / size)
            off = max(off, abs(float(tx.predictive_information(phi, x, None, n).I_pred) - predictive(phi, x, n)))
    failures += same.failures(f"I_pred is off by {off:.2g} nats from the sum over all data sets", difference=off)
    worst = max(p.error / float(p.I_pred) for points in curves.values() for p in points)
    return Section(
        "Why learning data forever teaches so little",
        "I_pred(N) = I(Phi; X^N) is all that N samples can tell of the process. It grows like a logarithm and stops "
        "at H(Phi), while the entropy of the data grows without end: almost all of what could be memorised is "
        f"useless (3), (4). Computed by types instead of data sets; largest proven relative error {worst:.1g}. For N "
        f"up to 5 the sum over all data sets differs by {off:.1g} nats at most.",
        (
            Table(
                "Predictive information", ("|Phi|", "N", "I_pred, nats", "error, nats", "I_pred / H(data)"), tuple(rows)
            ),
        ),
        (
            picture(
                "Predictive information",
                figure,
                "Left: what N samples tell of the process, and the ceiling H(Phi). Middle: its share of the entropy "
                "of the data. Right: the information between N training and M test samples rises to it.",
            ),
        ),
        failures=tuple(failures),
    )


if __name__ == "__main__":
    alone(section)
