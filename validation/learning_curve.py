"""The learning curve: what the best rule keeps, and how much of it is about the process: (19) and (20), decided.

Everything is free (rule, encoder and q's), so that each row is the least rho R + delta D + gamma C + sigma S itself,
from both sides. S is the slope of that minimum in sigma, which is concave: with lower bounds L and values V at
neighbouring sigmas,

    (L(s+) - V(s)) / (s+ - s)  <=  S of every optimal rule at s  <=  (V(s) - L(s-)) / (s - s-),

so that "S <= I_pred" is decided for all optima at once, or left undecided; nothing rests on one witness. I_pred(N) is
I(Phi; X^N,Y^N), all that N samples can tell of the process. The witness's own I(Theta;Phi) stands beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import therml_exact as tx
from therml_exact.figures import style as plots
from therml_exact.figures.learning import draw_phase_diagram
from therml_exact.frontier.learning.frontier import RuleFrontier
from validation.alone import alone
from validation.by_hand import predictive, same
from validation.section import Claim, Section, Start, Table, picture
from validation.verdicts import check, rule

PROCESSES: dict[str, tuple[list[str], list[list[str]], list[list[list[str]]]]] = {
    "two coins": (
        ["1/2", "1/2"],
        [["1/2", "1/2"], ["1/2", "1/2"]],
        [[["9/10", "1/10"], ["9/10", "1/10"]], [["1/5", "4/5"], ["1/5", "4/5"]]],
    ),
    "two maps": (
        ["1/2", "1/2"],
        [["1/2", "1/2"], ["1/2", "1/2"]],
        [[["9/10", "1/10"], ["1/5", "4/5"]], [["1/5", "4/5"], ["9/10", "1/10"]]],
    ),
    "three maps": (
        ["1/3", "1/3", "1/3"],
        [["1/2", "1/2"], ["3/10", "7/10"], ["7/10", "3/10"]],
        [[["9/10", "1/10"], ["3/5", "2/5"]], [["3/10", "7/10"], ["4/5", "1/5"]], [["1/5", "4/5"], ["1/2", "1/2"]]],
    ),
}
GAMMAS = (2.0, 4.0)
SIGMAS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
SAMPLES = {False: (1, 2), True: (1, 2, 3, 4, 6, 8)}
LIMIT = {False: 3.0, True: 60.0}  # seconds for an optimum
TOL = 1e-5
DIAGRAMS = {False: (1, 2), True: (1, 2, 4, 8)}  # N of the phase diagrams, of the process "two maps"
GRID = (1.2, 2.0, 4.0, 10.0), (0.1, 0.3, 0.75, 1.5, 3.0, 8.0)  # gammas and sigmas
COARSE = 1e-3  # nats: of an optimum of a phase diagram
SAME = 1e-9  # nats: S and I_pred are told apart beyond


@check("learning curve: (19), (20)", f"I(Theta;Phi) <= S, I_pred and I_pred <= sum I(X,Y;Phi), to {SAME:g} nats",
       "theorems; the numbers are floats of 1e-12")  # fmt: skip
def bounded(about: float, S: float, predictive: float, samples: float) -> bool:
    return about <= min(S, predictive) + SAME and predictive <= samples + SAME


@check("learning curve: bounds", "the lower ones are not above the upper ones", "both are proved")
def in_order(lower: float, value: float, low: float, high: float) -> bool:
    return lower <= value and low <= high


@rule("learning curve: S <= I_pred", "no for one optimum: refuted; undecided for one: undecided; else measured",
      "for every optimal rule, from certified values at neighbouring sigmas")  # fmt: skip
def keeps_no_more(no: int, undecided: int, yes: int) -> str:
    return "refuted" if no else "undecided" if undecided or not yes else "measured"


@rule("learning curve: one optimum", f"yes if S at most <= I_pred + {SAME:g}, no if S at least is above it",
      "bounds of S for all optimal rules")  # fmt: skip
def at_one(low: float, high: float, predictive: float) -> str:
    return "yes" if high <= predictive + SAME else "no" if low > predictive + SAME else "undecided"


@dataclass(frozen=True)
class Point:
    """One optimum of the curve; informations in nats."""

    process: str
    n: int
    gamma: float
    sigma: float
    lower: float
    value: float
    S: float  # the witness's
    about: float  # I(Theta;Phi) of the witness
    slopes: tuple[float, float]  # S of every optimal rule lies between
    predictive: float  # I_pred(N)
    samples: float  # sum_i I(X_i,Y_i;Phi), of (20)

    @property
    def verdict(self) -> str:
        """Whether S <= I_pred for every optimal rule: "yes", "no" or "undecided"."""
        return at_one(low=self.slopes[0], high=self.slopes[1], predictive=self.predictive)


def between(lower: Sequence[float], value: Sequence[float], sigmas: Sequence[float], k: int) -> tuple[float, float]:
    """The bounds of every optimal S at sigmas[k], from those of the minimum at its neighbours, nats."""
    low, high = 0.0, math.inf
    if k + 1 < len(sigmas):
        low = max(low, (lower[k + 1] - value[k]) / (sigmas[k + 1] - sigmas[k]))
    if k > 0:
        high = (value[k] - lower[k - 1]) / (sigmas[k] - sigmas[k - 1])
    return low, high


def curve(process: str, n: int, gamma: float, seconds: float, advance: Callable[[], None]) -> list[Point]:
    """The points of one process, N and gamma, for all SIGMAS."""
    phi, x, y = PROCESSES[process]
    problem = tx.JointProblem(phi, x, y, n)
    found: list[Any] = []
    for sigma in SIGMAS:
        found.append(tx.minimize(problem, gamma=gamma, sigma=sigma, tol=TOL, time_limit=seconds))
        advance()
    once = float(tx.predictive_information(phi, x, y, 1).I_pred)
    lower, value = [o.lower_bound for o in found], [o.value for o in found]
    return [
        Point(process, n, gamma, sigma, o.lower_bound, o.value, o.point["S"], o.learned.I_theta_phi,
              between(lower, value, SIGMAS, k), o.learned.I_pred, n * once)
        for k, (sigma, o) in enumerate(zip(SIGMAS, found, strict=True))
    ]  # fmt: skip


def broken(points: Iterable[Point]) -> list[str]:
    """What contradicts (19), (20) or a law of the minimum."""
    told: list[str] = []
    for p in points:
        where = f"{p.process}, N = {p.n}, gamma {p.gamma:g}, sigma {p.sigma:g}"
        told += bounded.failures(f"{where}: I(Theta;Phi) = {p.about:.6g}, I_pred = {p.predictive:.6g}, S = {p.S:.6g}",
                                 about=p.about, S=p.S, predictive=p.predictive, samples=p.samples)  # fmt: skip
        low, high = p.slopes
        told += in_order.failures(f"{where}: bounds that cross", lower=p.lower, value=p.value, low=low, high=high)
    return told


def off_by_hand(points: Iterable[Point]) -> float:
    """How far I_pred is from the sum over all data sets, N <= 4; nats."""
    worst = 0.0
    for process, n, stated in {(p.process, p.n, p.predictive) for p in points if p.n <= 4}:
        phi, x, y = (_floats(table) for table in PROCESSES[process])
        pairs = (x[:, :, None] * y).reshape(len(phi), -1)
        worst = max(worst, abs(stated - predictive(phi.tolist(), pairs, n)))
    return worst


def _floats(table: Any) -> np.ndarray:
    """Text such as "1/3" as floats."""
    return np.vectorize(lambda v: float(Fraction(v)))(np.array(table))


def answer(points: Sequence[Point]) -> Claim:
    """Is S <= I_pred at the optimum? As the numbers of this run decide."""
    counts = {v: [p for p in points if p.verdict == v] for v in ("yes", "no", "undecided")}
    told = f"{len(counts['yes'])} yes, {len(counts['no'])} no, {len(counts['undecided'])} undecided of {len(points)}"
    if counts["no"]:
        worst = max(counts["no"], key=lambda p: p.slopes[0] - p.predictive)
        told += (
            f"; more is kept than there is to know at {worst.process}, N = {worst.n}, gamma {worst.gamma:g}, sigma "
            f"{worst.sigma:g}: S >= {worst.slopes[0]:.4g} nats for every optimal rule, I_pred = {worst.predictive:.4g}"
        )
        sigmas = sorted({p.sigma for p in counts["no"]})
        told += f"; the largest sigma at which that is so is {sigmas[-1]:g}"
    asked = "asked of (19) and (20): does the best rule keep no more than there is to know of the process, S <= I_pred?"
    return keeps_no_more.claim("(19), (20)", asked, told, **{name: len(found) for name, found in counts.items()})


def draw(points: Sequence[Point], gamma: float) -> Any:
    """S and I(Theta;Phi) of the witnesses against N, beside I_pred, a panel for each process."""
    names = list(dict.fromkeys(p.process for p in points))
    figure, panels = plots.panels(len(names), 5.6)
    shown = SIGMAS[1], SIGMAS[4], SIGMAS[5]
    for ax, name in zip(panels, names, strict=True):
        mine = [p for p in points if p.process == name and p.gamma == gamma]
        for k, sigma in enumerate(shown):
            line = sorted((p.n, p.S, p.about) for p in mine if p.sigma == sigma)
            n, s, about = zip(*line, strict=True)
            ax.plot(n, s, "o-", color=plots.ink(k), label=rf"$S$, $\sigma$ = {sigma:g}")
            ax.plot(n, about, "s:", color=plots.ink(k), mfc="white", label=rf"$I(\Theta;\Phi)$, $\sigma$ = {sigma:g}")
        limit = sorted({(p.n, p.predictive) for p in mine})
        ax.plot(*zip(*limit, strict=True), "k--", label=r"$I_{\mathrm{pred}}(N)$")
        ax.set_title(name)
        ax.set_xlabel("training samples N")
        ax.set_ylabel("information (nats)")
        ax.set_ylim(bottom=0)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.spines[["top", "right"]].set_visible(False)
    panels[-1].legend(fontsize=11)
    return figure


def diagram(n: int, seconds: float, advance: Callable[[], None]) -> RuleFrontier:
    """The optima of "two maps" over GRID, for N = n."""
    problem = tx.JointProblem(*PROCESSES["two maps"], n)
    found = []
    for gamma, sigma in product(*GRID):
        found.append(tx.minimize(problem, gamma=gamma, sigma=sigma, tol=COARSE, time_limit=seconds))
        advance()
    return RuleFrontier(problem, tuple(found), COARSE)


def section(full: bool, folder: Path, start: Start) -> Section:
    """The certified learning curves, and whether S <= I_pred at the optimum."""
    samples = SAMPLES[full]
    advance = start("learning curves", len(PROCESSES) * len(samples) * len(GAMMAS) * len(SIGMAS))
    points: list[Point] = []
    for process, n, gamma in product(PROCESSES, samples, GAMMAS):
        points += curve(process, n, gamma, LIMIT[full], advance)
    advance = start("phase diagrams", len(DIAGRAMS[full]) * len(GRID[0]) * len(GRID[1]))
    diagrams = [diagram(n, LIMIT[full], advance) for n in DIAGRAMS[full]]
    rows = tuple(
        (p.process, p.n, p.gamma, p.sigma, p.lower, p.value, p.value - p.lower, p.S, *p.slopes, p.about, p.predictive,
         p.samples, p.verdict)
        for p in points
    )  # fmt: skip
    worst, off = max(p.value - p.lower for p in points), off_by_hand(points)
    return Section(
        "The learning curve: how much the best rule keeps, and what of it is about the process",
        "Rule, encoder and q's are all free, rho = 1 and delta = 0: the least R + gamma C + sigma S over everything, "
        f"for N samples; the largest gap in this run is {worst:.2g} nats. A small sigma buys memory, and S exceeds "
        "what the data can tell of the process; a large one buys nothing.",
        (
            Table(
                "Certified optima with everything free (nats; gamma and sigma are ratios)",
                ("process", "N", "gamma", "sigma", "at least", "at most", "gap", "S (witness)", "S at least",
                 "S at most", "I(Theta;Phi)", "I_pred(N)", "sum I(X,Y;Phi)", "S <= I_pred"),
                rows,
                "S at least, at most: for every optimal rule, from the concavity of the minimum in sigma.",
            ),
        ),
        (
            *(
                picture(f"Learning curves at gamma = {gamma:g}", draw(points, gamma),
                        "What the best rule keeps (filled), what of it is about the process (open), and all that the "
                        "data can tell of it (dashed).")
                for gamma in GAMMAS
            ),
            *(
                picture(f"The phase diagram of learning, N = {f.problem.n}", draw_phase_diagram(f)[0].figure,
                        f"Everything free; the largest gap is {f.gap:.2g} nats. Dots: Theta is learnt, crosses: it is "
                        "constant, both proved for every optimal rule.")
                for f in diagrams
            ),
        ),
        (answer(points),),
        () if full else ("N = 3 to 8: the full mode",),
        (*broken(points), *same.failures(f"I_pred is off by {off:.2g} nats from the sum over data sets",
                                         difference=off)),
    )  # fmt: skip


if __name__ == "__main__":
    alone(section)
