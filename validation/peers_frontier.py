"""How far from the true frontier are other solvers' information bottlenecks?  python validation/peers_frontier.py

embo (Blahut-Arimoto with restarts) and dit (method "ba") run on the same joints as we do. Each of their points is
classified against the certified frontier: none may be impossible, and the distance says by how much it is suboptimal
(max norm, nats). Two findings are shown by numbers:

- embo's beta: divergences in bits sit inside its exponential, so the multiplier that its point belongs to is beta/ln 2.
- dit's method "ba": the rate and distortion that it states are impossible (a row of ones stands for q(y|t) of a code
  that is not used), while those of the channel that it returns are not.

Peers that are not installed are skipped, and the report says so: pip install 'therml_exact[peers]'.
"""

from __future__ import annotations

import argparse
import math
import warnings
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import therml_exact as tx
from therml_exact.files import save_result
from therml_exact.frontier.locate import locate
from therml_exact.frontier.optimum import encoder_tables

SHAPES = ((2, 2), (5, 3), (3, 3), (30, 2))
LN2 = math.log(2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=None, help="write the numbers as JSON")
    parser.add_argument("--points", type=int, default=100)
    arguments = parser.parse_args()
    rows = [row for shape in SHAPES for row in (*of_embo(shape, arguments.points), *of_dit(shape))]
    table = Table(title="Points of other solvers against the certified frontier (nats)")
    for heading in ("peer", "joint", "points", "impossible", "off by at most", "median", "note"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()))
    Console(width=150).print(table)
    if arguments.out is not None:
        save_result("peers_frontier", {"units": "nats", "rows": rows}, arguments.out)


def joint_of(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(shape[0] * 100 + shape[1]).dirichlet(np.ones(math.prod(shape))).reshape(shape)


def summary(peer: str, shape: tuple[int, int], problem: tx.EncoderProblem, points: list, note: str) -> dict:
    known = tx.trace(problem, tol=1e-4, progress=False).points
    found = [locate(problem, {"R": r, "C": c}, known) for r, c in points]
    off = [c.suboptimal[0] for c in found]
    impossible = [c.by for c in found if c.verdict == "impossible"]
    # Their informations carry rounding of their own.
    broken = f"{len(impossible)}, by {max(impossible):.1g}" if impossible else "0"
    return {
        "peer": peer,
        "joint": "x".join(map(str, shape)),
        "points": len(points),
        "impossible": broken,
        "worst": max(off, default=math.nan),
        "median": float(np.median(off)) if off else math.nan,
        "note": note,
    }


def absent(peer: str) -> dict:
    row = dict.fromkeys(("peer", "joint", "points", "impossible", "worst", "median"), "")
    return {**row, "peer": peer, "note": "skipped: not installed"}


def of_embo(shape: tuple[int, int], count: int) -> list[dict]:
    try:
        from embo import InformationBottleneck
    except ImportError:
        return [absent("embo")]
    p = joint_of(shape)
    problem = tx.EncoderProblem(tx.Joint(p, ("X", "Y")))
    h_y = tx.entropy(problem.p_xy, "Y")
    np.random.seed(0)  # noqa: NPY002 (embo draws from the global state)
    ix, iy, _, beta = InformationBottleneck(pxy=p.copy(), maxbeta=10, numbeta=count).get_bottleneck()
    points = [(float(r) * LN2, float(h_y - i * LN2)) for r, i in zip(ix, iy, strict=True)]
    # Its points against the optimum at the multiplier it names, and at beta/ln 2.
    late = [k for k in range(len(beta)) if points[k][0] > 0.1 * max(r for r, _ in points)]
    excess = {}
    for name, factor in (("beta", 1.0), ("beta/ln 2", 1 / LN2)):
        worst = 0.0
        for k in late[:: max(1, len(late) // 10)]:
            gamma = float(beta[k]) * factor
            worst = max(worst, points[k][0] + gamma * points[k][1] - tx.minimize(problem, gamma=gamma).lower_bound)
        excess[name] = worst
    told = ", ".join(f"R + gamma C at gamma = {name} misses its minimum by up to {v:.2g}" for name, v in excess.items())
    return [summary("embo", shape, problem, points, told)]


def of_dit(shape: tuple[int, int]) -> list[dict]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from dit.rate_distortion.blahut_arimoto import blahut_arimoto_ib
    except ImportError:
        return [absent("dit")]
    if shape[0] > 5:
        return []  # its distortion is a Python loop over all pairs, for each of 250 starts
    p = joint_of(shape)
    problem = tx.EncoderProblem(tx.Joint(p, ("X", "Y")))
    h_y = float(tx.entropy(problem.p_xy, "Y"))
    i_xy = float(tx.mutual_information(problem.p_xy, "X", "Y"))
    stated, own = [], []
    np.random.seed(0)  # noqa: NPY002
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for beta in (1.5, 3.0, 6.0):
            found, q = blahut_arimoto_ib(p, beta, restarts=10)
            stated.append((found.rate * LN2, h_y - i_xy + found.distortion * LN2))
            channel = q.sum(axis=1) / p.sum(axis=1, keepdims=True)
            point, _ = encoder_tables(problem, channel[:, None, :])
            own.append((point["R"], point["C"]))
    apart = max(abs(a - b) for pair in zip(stated, own, strict=True) for a, b in zip(*pair, strict=True))
    note = f"as stated; R, C of its own channel differ by up to {apart:.2g}"
    return [summary("dit ba", shape, problem, stated, note), summary("dit ba", shape, problem, own, "of its channel")]


if __name__ == "__main__":
    main()
