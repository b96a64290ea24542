"""Rate-distortion and capacity-cost curves: points that are achieved, and lines that are proved (nats).

An optimum at beta proves a line: I >= lower_bound - beta D for every channel, or I <= upper_bound + beta cost for every
input. The hull of the lines bounds the curve from one side, what the points achieve and their mixtures from the other.

Errors: TypeError for arguments of `trace` that are foreign to these problems.
Source: Blahut, IEEE Trans. Inf. Theory 18 (1972) 460.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.classical.channel import CapacityProblem, maximize_capacity
from therml_exact.frontier.classical.reproduction import RateDistortionProblem, minimize_rate_distortion
from therml_exact.frontier.curve.request import Request
from therml_exact.numbers.tables import Array
from therml_exact.results import result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOREIGN = ("gammas", "deltas", "sigmas", "checkpoint", "volume")
SLOPES = tuple(2.0 ** (k / 4) for k in range(-16, 33))  # betas, in units of the inverse range of costs


@result
@dataclass(frozen=True, eq=False, repr=False)
class Tradeoff:
    """A curve of information against distortion or cost.

    problem    the problem
    optima     the optima, by beta
    across     the name of the other coordinate: "D" (the distortion's unit) or "cost" (the costs' unit)
    side       "below": the lines bound the curve from below (rate-distortion); "above" (capacity-cost)

    >>> import therml_exact as tx
    >>> curve = tx.trace(tx.RateDistortionProblem(["1/2", "1/2"], [[0, 1], [1, 0]]), betas=[1, 2, 4], progress=False)
    >>> curve.status, round(curve.bound(0.119203), 4)  # log 2 - h(0.119203)
    ('certified', 0.3278)
    """

    problem: Any
    optima: tuple[Any, ...] = field(repr=False)
    across: str
    side: str

    @property
    def points(self) -> Array:
        """What the optima achieve [k, 2]: the other coordinate and the information in nats."""
        name = "R" if self.side == "below" else "I"
        return np.array([[o.point[self.across], o.point[name]] for o in self.optima])

    @property
    def gap(self) -> float:
        """The largest gap of an optimum, nats."""
        return max(o.gap for o in self.optima)

    @property
    def status(self) -> str:
        """The text "certified" if all optima are, else "open"."""
        return "certified" if all(o.status == "certified" for o in self.optima) else "open"

    def bound(self, at: float) -> float:
        """The proved bound of the information in nats where the other coordinate is `at`, in its own unit."""
        betas = [o.multipliers["beta"] for o in self.optima]
        if self.side == "below":
            lines = (o.lower_bound - beta * at for o, beta in zip(self.optima, betas, strict=True))
            return max(0.0, *lines)
        lines = (o.upper_bound + beta * at for o, beta in zip(self.optima, betas, strict=True))
        return min(lines)

    def __str__(self) -> str:
        """One line: how many points, the range, the largest gap."""
        x = self.points[:, 0]
        return (f"{len(self.optima)} points, {self.across} from {x.min():.4g} to {x.max():.4g}, "
                f"largest gap {self.gap:.2g} nats ({self.status})")  # fmt: skip

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the points, and in grey what is proved to be impossible; returns the axes.

        ax: axes of Matplotlib; None: a new figure. ImportError without matplotlib.
        """
        from therml_exact.figures.style import shown_axes, style

        drawn = shown_axes() if ax is None else ax
        with style():
            return self._drawn(drawn)

    def _drawn(self, drawn: Axes) -> Axes:
        from therml_exact.figures.style import IMPOSSIBLE, ink

        points = self.points[np.argsort(self.points[:, 0])]
        x = np.linspace(points[0, 0], points[-1, 0], 400) if len(points) > 1 else points[:, 0]
        edge = [self.bound(at) for at in x]
        top = 1.05 * max(float(points[:, 1].max()), max(edge), 1e-9)
        far = 0.0 if self.side == "below" else top
        drawn.fill_between(x, edge, far, color=IMPOSSIBLE, label="proved impossible")
        drawn.plot(points[:, 0], points[:, 1], "o-", ms=5, color=ink(0), label="achieved")
        word = "distortion" if self.across == "D" else "cost"
        drawn.set(xlabel=f"{self.across} ({word}, in its own unit)", ylabel="I (nats)", ylim=(0, top))
        drawn.set_title(str(self).replace(", largest", "\nlargest"))
        drawn.legend()
        return drawn


def trace_reproductions(problem: RateDistortionProblem, asked: Request) -> Tradeoff:
    """The rate-distortion curve for a checked request."""
    return Tradeoff(problem, _optima(problem, problem.distortion, minimize_rate_distortion, asked), "D", "below")


def trace_inputs(problem: CapacityProblem, asked: Request) -> Tradeoff:
    """The capacity-cost curve for a checked request."""
    return Tradeoff(problem, _optima(problem, problem.cost, maximize_capacity, asked), "cost", "above")


def _optima(problem: Any, costs: Array, solve: Callable[..., Any], asked: Request) -> tuple[Any, ...]:
    """The optima at the betas asked for, or at SLOPES over the range of the costs, in ascending order of beta."""
    asked.refuse(type(problem).__name__, FOREIGN)
    spread = float(costs.max()) - float(costs.min())
    chosen = [s / spread for s in SLOPES] if spread > 0 else [0.0]
    betas = chosen if asked.betas is None else list(asked.betas)
    if not betas:
        raise ValueError("betas is empty; give at least one, or None")
    if len(betas) > asked.max_points:
        raise ValueError(f"betas has {len(betas)} entries, more than max_points = {asked.max_points}")
    each = asked.budget.within(1e-9)
    share = Budget(each.tol, each.cells, min(each.seconds, asked.seconds / len(betas)))
    one = partial(_one, problem, solve, share)
    found = map(one, betas) if asked.executor is None else asked.executor.map(one, betas)
    return tuple(sorted(found, key=lambda o: o.multipliers["beta"]))


def _one(problem: Any, solve: Callable[..., Any], budget: Budget, beta: Any) -> Any:
    """One optimum; a function of the module, so that other processes can run it."""
    return solve(problem, {"beta": beta}, budget)
