"""How much can data teach? Equations (3) and (4), measured to thousands of samples.

    python validation/predictive_information.py [--out predictive_information]

Processes over k = 4 letters, |Phi| = 2, 3, 5 random letter distributions (seed 0), N up to 3,000. Writes a figure
(I_pred against N with its ratio to H(T_N); the information between N training and M test samples rising to I_pred)
and the numbers as JSON, each with its proven error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

import therml_exact as tx
from therml_exact import plots
from therml_exact.files import save_result

SAMPLES = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000, 3000)
TESTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("predictive_information"), help="stem of the .png and .json")
    arguments = parser.parse_args()
    console = Console(stderr=True)
    rng = np.random.default_rng(0)
    curves, rising = {}, {}
    for size in (2, 3, 5):
        x = rng.dirichlet(np.full(4, 8.0), size=size)
        phi = np.full(size, 1 / size)
        bar = track(SAMPLES, description=f"|Phi| = {size}", console=console)
        curves[rf"$|\Phi|$ = {size}"] = [tx.predictive_information(phi, x, None, n) for n in bar]
        if size == 3:
            for n in (1, 10, 100):
                tested = [tx.predictive_information(phi, x, None, n, m) for m in TESTS]
                rising[f"N = {n}"] = [*tested, tx.predictive_information(phi, x, None, n)]
    figure, (left, middle, right) = plots.panels(3, 5.2)
    plots.draw_predictive(curves, axes=(left, middle))
    plots.draw_test_information(rising, ax=right)
    right.set_title(r"$|\Phi|$ = 3", fontsize=10)
    plots.save_figure(figure, arguments.out.with_suffix(".png"))
    content = {"units": "nats", "growth": curves, "train_and_test": rising}
    save_result("predictive_information", content, arguments.out.with_suffix(".json"))
    worst = max(point.error / float(point.I_pred) for points in curves.values() for point in points)
    print(f"wrote {arguments.out.with_suffix('.png')} and .json; largest proven relative error {worst:.1g}")


if __name__ == "__main__":
    main()
