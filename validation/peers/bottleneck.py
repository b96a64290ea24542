"""How far from the true frontier are other solvers' information bottlenecks?

embo (Blahut-Arimoto with restarts) and dit (method "ba") run on the same joints as we do. Each of their points (R, C)
is classified against the certified frontier: none may be impossible, and the distance says by how much it is suboptimal
(max norm, nats). Two findings are shown by numbers:

- embo's beta: divergences in bits sit inside its exponential, so the multiplier that its point belongs to is beta/ln 2.
- dit's method "ba" states impossible points. Its second start is no channel: q(t|x) = 1 for the first x and every t,
  0 for the others (the index of `q_y_x[0, :] = 1` in rate_distortion/blahut_arimoto.py is transposed). There the
  distortion is 0 at once, which ends the iteration before anything is normalised, and the "rate" is that of no
  distribution: m p log2(1/(m p)) bits for m letters and p = p(x = first), whatever Y is. It beats all true channels.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from types import ModuleType

import numpy as np

import therml_exact as tx
from therml_exact.frontier.curve.claim import locate
from therml_exact.frontier.mixture.path import minimize_path
from validation.peers.cpu import alternate
from validation.peers.equal_work import curve, multipliers, without_pool
from validation.section import Cell, Picture, picture

SHAPES = ((2, 2), (3, 3), (5, 3), (30, 2))
BETAS = (1.5, 3.0, 6.0)
LN2 = math.log(2)
COLUMNS = (
    "peer",
    "joint",
    "points",
    "impossible",
    "by up to (nats)",
    "suboptimal by up to (nats)",
    "median (nats)",
    "peer, CPU ms a point",
    "ours, CPU ms a point",
    "peer / ours",
    "why",
)

Point = tuple[float, float]  # R, C in nats
Points = dict[str, list[Point]]


def joint_of(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(shape[0] * 100 + shape[1]).dirichlet(np.ones(math.prod(shape))).reshape(shape)


def problem_of(shape: tuple[int, int]) -> tx.EncoderProblem:
    return tx.EncoderProblem(tx.Joint(joint_of(shape), ("X", "Y")))


@lru_cache
def certified(shape: tuple[int, int]) -> tuple[tx.Optimum, ...]:
    """Points of the certified frontier, within 1e-4 nats."""
    return tuple(tx.trace(problem_of(shape), tol=1e-4, progress=False).points)


def judged(
    peer: str, shape: tuple[int, int], points: Sequence[Point], times: tuple[float, float] | None, why: str
) -> tuple[Cell, ...]:
    """A row: the peer's points against the certified frontier. times: ours and theirs, CPU milliseconds a point."""
    problem = problem_of(shape)
    found = [locate(problem, {"R": r, "C": c}, certified(shape)) for r, c in points]
    beyond = [c.by for c in found if c.verdict == "impossible"]
    off = [c.suboptimal[0] for c in found if c.verdict != "impossible"]
    ours, theirs = times or (None, None)
    return (
        peer,
        f"{shape[0]} x {shape[1]}",
        len(points),
        len(beyond),
        max(beyond, default=None),
        max(off, default=None),
        float(np.median(off)) if off else None,
        theirs,
        ours,
        None if times is None else times[1] / times[0],
        why,
    )


def of_embo(embo: ModuleType, count: int, points: Points) -> Iterator[tuple[Cell, ...]]:
    for shape in SHAPES:
        p, problem = joint_of(shape), problem_of(shape)
        h_y = tx.entropy(problem.p_xy, "Y")
        gammas = multipliers(problem, count)
        path = [{"gamma": float(gamma)} for gamma in gammas]

        def run(p: np.ndarray = p, gammas: np.ndarray = gammas) -> tuple[np.ndarray, ...]:
            return curve(embo, p, gammas)

        ix, iy, _, beta = run()
        found = [(float(r) * LN2, float(h_y - i * LN2)) for r, i in zip(ix, iy, strict=True)]
        points[f"embo {shape}"] = found
        # Its points against the optimum at the multiplier it names, and at beta/ln 2.
        late = [k for k in range(len(beta)) if found[k][0] > 0.1 * max(r for r, _ in found)]
        excess = []
        for factor in (1.0, 1 / LN2):
            at = [(found[k], float(beta[k]) * factor) for k in late[:: max(1, len(late) // 6)]]
            excess.append(max(r + g * c - tx.minimize(problem, gamma=g).lower_bound for (r, c), g in at))
        ours, theirs = alternate(lambda q=problem, path=path: list(minimize_path(q, path)), run, budget=0.0)
        why = (
            f"R + gamma C misses its minimum by up to {excess[0]:.2g} at gamma = its beta, by {excess[1]:.2g} at "
            "beta/ln 2: bits inside its exponential; the rest is its stopping rule"
        )
        yield judged("embo", shape, found, (ours / len(path), theirs / count), why)
        with without_pool(embo):
            alone = alternate(lambda q=problem, path=path: list(minimize_path(q, path)), run, budget=0.0)
        why = "the same points without its pool of processes"
        yield judged("embo, no pool", shape, found, (alone[0] / count, alone[1] / count), why)


def of_dit(points: Points) -> Iterator[tuple[Cell, ...]]:
    from dit.rate_distortion.blahut_arimoto import blahut_arimoto_ib

    for shape in SHAPES[:3]:  # its distortion is a Python loop over all pairs for each start: 30 x 2 would take minutes
        p, problem = joint_of(shape), problem_of(shape)
        h_y = float(tx.entropy(problem.p_xy, "Y"))
        i_xy = float(tx.mutual_information(problem.p_xy, "X", "Y"))
        first = len(p) * float(p[0].sum())

        def run(beta: float, p: np.ndarray = p) -> tuple:
            np.random.seed(0)  # noqa: NPY002 (dit draws from the global state)
            return blahut_arimoto_ib(p, beta, restarts=10)

        stated, own, no_channel = [], [], 0
        for beta in BETAS:
            found, q = run(beta)
            stated.append((float(found.rate) * LN2, h_y - i_xy + float(found.distortion) * LN2))
            no_channel += found.distortion == 0 and abs(found.rate + first * math.log2(first)) < 1e-12
            channel = q.sum(axis=1) / p.sum(axis=1, keepdims=True)
            point, _ = problem.tables(channel[:, None, :])
            own.append((point["R"], point["C"]))
        points[f"dit, stated {shape}"], points[f"dit, its channel {shape}"] = stated, own
        times = alternate(lambda q=problem: tx.minimize(q, gamma=3.0), lambda run=run: run(3.0), budget=0.0)
        why = f"{no_channel} of {len(BETAS)} are its second start, no channel: distortion 0, rate m p log(1/(m p))"
        yield judged("dit, as stated", shape, stated, times, why)
        at = zip(own, BETAS, strict=True)
        excess = max(r + g * c - tx.minimize(problem, gamma=g).lower_bound for (r, c), g in at)
        why = (
            f"by us; R up to {max(r for r, _ in own):.2g}, and R + beta C misses its minimum by up to {excess:.2g}: "
            "Z independent of X, since empty rows of its second start are filled evenly and its first start stays even"
        )
        yield judged("dit, its channel", shape, own, None, why)


def drawn(points: Points) -> Picture | None:
    """The peers' points on the joint 5 x 3, before the certified frontier."""
    from matplotlib.figure import Figure

    shape = (5, 3)
    here = {name.removesuffix(f" {shape}"): found for name, found in points.items() if name.endswith(str(shape))}
    if not here:
        return None
    frontier = sorted(certified(shape), key=lambda p: p.point["R"])
    figure = Figure(figsize=(7.5, 5), layout="constrained")
    ax = figure.subplots()
    r, c = [p.point["R"] for p in frontier], [p.point["C"] for p in frontier]
    ax.plot(r, c, color="black", linewidth=1.5, label="certified frontier")
    low, high = ax.get_ylim()
    styles = {
        "embo": ("o", "#0072b2", 4),
        "dit, stated": ("X", "#d55e00", 10),
        "dit, its channel": ("D", "#009e73", 7),
    }
    for name, found in here.items():
        marker, colour, size = styles[name]
        ax.plot(*zip(*found, strict=True), marker, color=colour, markersize=size, label=name, alpha=0.8)
    below = min(low, *(c for found in here.values() for _, c in found)) - 0.02
    ax.fill_between([-r[-1], *r, 2 * r[-1]], [c[0], *c, c[-1]], below, color="0.9", zorder=0, label="impossible")
    ax.set_ylim(below, high)
    ax.set_xlim(-0.02 * r[-1], 1.1 * r[-1])
    ax.set_xlabel("rate R = I(X;Z) (nats)")
    ax.set_ylabel("classification error C = H(Y|Z) (nats)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=11)
    caption = "Information bottlenecks of a random joint, 5 x 3. A point in the grey region is achieved by no encoder."
    return picture("Other solvers' bottlenecks before the certified frontier", figure, caption)


def quietly(call, *arguments):  # type: ignore[no-untyped-def]
    """Peers warn of divisions by zero in passing."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return call(*arguments)
