"""First-order transitions of the learning rule: where S jumps as sigma grows (nats).

    F(sigma) = min over rules (and encoders, where they are free) of rho R + delta D + gamma C + sigma S

is concave, being a minimum of linear functions of sigma, and the S of an optimal rule is a slope of it (28), which
never grows with sigma. Where the values of two locally optimal rules cross, the other one becomes the best, and S jumps
down.

*Search.* At each sigma of a grid the best rule known is the best of many local descents, some of which start from the
rules of its neighbours. Where S differs between two neighbours, their interval is halved, and the middle takes the
better of the descents from their two rules. The halving ends where S falls by less than `least`, or evenly and by
little more, or where the interval is short: then there is a jump in it. Certified optima at the ends, at every jump
and inside each piece between jumps tell whether a better rule was missed; if so it joins the known ones, and all is
done again.

*Certified.* With lo < s < hi, concavity gives for every optimal rule

    S >= (F(s) - F(lo)) / (s - lo)   at sigma <= lo,        S <= (F(hi) - F(s)) / (hi - s)   at sigma >= hi,

and certified bounds of F at the three points bound both sides. The width of [lo, hi] is `tol`. What is proved is the
fall of S over [lo, hi]; bounds of F alone do not tell a jump from a smooth fall inside so short an interval.

Errors: TypeError for another problem; ValueError where the interval is empty, or for a tol or least out of range.
Source: Alemi and Fischer, TherML (2018), section 6 and (28).
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.numbers.given import Number
from therml_exact.numbers.memory import check_libraries
from therml_exact.results import result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from therml_exact.frontier.joint.optimum import JointOptimum
    from therml_exact.frontier.joint.problem import JointProblem
    from therml_exact.frontier.rules.optimum import RuleOptimum
    from therml_exact.frontier.rules.problem import LearningRuleProblem

DESCENTS = {
    "learning rule": ("therml_exact.frontier.rules.descents", "RuleDescents"),
    "joint": ("therml_exact.frontier.joint.descents", "FreeDescents"),
}
GRID = 24  # sigmas of the first search, evenly in log sigma
BETTER = 1e-9  # nats: a certified optimum that is lower than the best rule known by more shows that one was missed


@result
@dataclass(frozen=True, eq=False, repr=False)
class Jump:
    """A certified fall of S within a short interval of sigma: a first-order transition of the learning rule.

    sigma       where the values of the two rules cross, no unit
    low, high   the interval about it, no unit
    before      nats: every rule that is optimal at a sigma <= low has at least this S
    after       nats: every rule that is optimal at a sigma >= high has at most this S
    points      R, C, D, S by name, nats, of the two rules at the crossing
    optima      the optima at low, sigma and high, which prove before and after

    `drop` is before - after. Source: Alemi and Fischer, TherML (2018), section 6 and (28).

    >>> Jump(1.0, 0.999, 1.001, before=0.75, after=0.25, points=({"S": 0.75}, {"S": 0.25}), optima=()).drop
    0.5
    """

    sigma: float
    low: float
    high: float
    before: float
    after: float
    points: tuple[dict[str, float], dict[str, float]]
    optima: tuple[RuleOptimum | JointOptimum, ...] = field(repr=False)

    @property
    def drop(self) -> float:
        """The certified fall of S, nats."""
        return self.before - self.after

    def __str__(self) -> str:
        """One sentence: where S jumps, from what and to what."""
        return f"S jumps at sigma = {self.sigma:.7g} from at least {self.before:.6g} to at most {self.after:.6g} nats"


@dataclass(frozen=True)
class Piece:
    """What is known of S between two jumps, or beside one.

    low, high   the ends, values of sigma, no unit
    status      "smooth" (the S of the best rule known moves in steps of at most `least`, and the certified optima
                inside and at the ends find no better rule) or "lost" (something is not certified, and a jump may hide)
    fall        nats: by how much S falls from one end to the other; no jump in between is larger
    reason      one sentence that says why
    """

    low: float
    high: float
    status: str
    fall: float
    reason: str


@result
@dataclass(frozen=True, eq=False, repr=False)
class Jumps:
    """All jumps of S that were found for sigma in [low, high], and what is known of the rest.

    low, high   the interval of sigma, no unit
    least       nats: smaller falls were not looked for
    jumps       the jumps, each certified, by sigma
    pieces      what is known of S between them, by sigma
    checks      the optima that all this rests on, by sigma

    `len` and iteration go over the jumps; `status` is "lost" where a piece is, else "complete".

    >>> found = Jumps(0.1, 3.0, 0.001, (), (Piece(0.1, 3.0, "smooth", 0.0, "S falls by 0 nats"),), ())
    >>> len(found), found.status, str(found)
    (0, 'complete', 'from sigma = 0.1 to 3 it is smooth: S falls by 0 nats')
    """

    low: float
    high: float
    least: float
    jumps: tuple[Jump, ...]
    pieces: tuple[Piece, ...]
    checks: tuple[RuleOptimum | JointOptimum, ...] = field(repr=False)

    def __iter__(self) -> Iterator[Jump]:
        return iter(self.jumps)

    def __len__(self) -> int:
        return len(self.jumps)

    def plot(self, ax: Axes | None = None, unit: str = "nats") -> Axes:
        """Draw S of the optima that all this rests on against sigma, with the jumps.

        ax: axes of Matplotlib; None: a new figure. unit: "nats" or "bits". Returns the axes.
        """
        from therml_exact.figures.frontier import draw_learning
        from therml_exact.figures.style import shown_axes

        return draw_learning(self.checks, self, unit, shown_axes() if ax is None else ax)

    @property
    def status(self) -> str:
        """The word "complete" where S is smooth between the jumps, or "lost" where some piece is."""
        return "lost" if any(piece.status == "lost" for piece in self.pieces) else "complete"

    @property
    def largest(self) -> Jump:
        """The jump with the largest certified fall of S; ValueError if there is none."""
        if not self.jumps:
            raise ValueError(f"no jump of S is certified: {self}")
        return max(self.jumps, key=lambda jump: jump.drop)

    def __str__(self) -> str:
        """One sentence for each jump and each piece, by sigma."""
        told = [(j.low, str(j)) for j in self.jumps]
        told += [(p.low, f"from sigma = {p.low:.7g} to {p.high:.7g} it is {p.status}: {p.reason}") for p in self.pieces]
        return "; ".join(text for _, text in sorted(told))


@dataclass(frozen=True, eq=False, order=False)
class Known:
    """A local optimum at a sigma, with its value and its R, C, D, S (point) in nats, and what a descent starts from."""

    sigma: float
    value: float
    point: dict[str, float]
    start: Any


class Descents(Protocol):
    """Local descents of a problem with all multipliers but sigma given.

    inside    nats: the gap of the certified optima that check a piece
    """

    inside: float

    def gaps(self, fall: float, reach: float) -> tuple[float, float]:
        """The gaps (nats) of the optima that certify a fall of S: at the two ends, `reach` away, and in the middle."""

    def starts(self) -> Iterable[Any]:
        """What descents begin with."""

    def descend(self, sigma: float, start: Any) -> Known:
        """The local optimum that a start leads to."""

    def start_of(self, optimum: Any) -> Any:
        """The start that the witness of an optimum is."""

    def optimum(self, at: Mapping[str, Fraction], budget: Budget, starts: list[Any]) -> Any:
        """The certified optimum at these multipliers; starts are what is known beside it."""


@dataclass(frozen=True, eq=False)
class _Window:
    """A short interval in which the best rule known changes from one branch (before) to another (after)."""

    before: Known
    after: Known


class _Branches:
    """The best rules known, by sigma, found by local descents."""

    def __init__(self, descend: Callable[[float, Any], Known], starts: list[Any], low: float, high: float) -> None:
        self.descend = descend
        self.known: list[Known] = []
        for sigma in np.geomspace(low, high, GRID).tolist():
            # geomspace may leave the ends by a rounding.
            self.learn(min(max(sigma, low), high), starts)
        self.exchange()

    def best(self, sigma: float, starts: list[Any]) -> Known:
        """The best that these starts lead to; of equal ones the first."""
        return min((self.descend(sigma, start) for start in starts), key=lambda known: known.value)

    def beside(self, sigma: float) -> list[Any]:
        """What is known at the nearest sigmas, on either side."""
        return [k.start for k in [*[k for k in self.known if k.sigma <= sigma][-1:],
                                 *[k for k in self.known if k.sigma >= sigma][:1]]]  # fmt: skip

    def learn(self, sigma: float, starts: list[Any]) -> Known:
        """Add the best rule at sigma that these starts and the neighbours lead to."""
        found = self.best(sigma, [*starts, *self.beside(sigma)])
        self.known = [k for k in self.known if k.sigma != sigma]
        insort(self.known, found, key=lambda known: known.sigma)
        return found

    def exchange(self) -> None:
        """Pass every rule on as long as it is better than its neighbour's, in both directions."""
        for _ in range(2):
            self.known.reverse()
            for k in range(1, len(self.known)):
                here, other = self.known[k], self.descend(self.known[k].sigma, self.known[k - 1].start)
                if other.value < here.value - 1e-12 * (1 + abs(here.value)):
                    self.known[k] = other

    def windows(self, least: float, width: float) -> list[_Window]:
        """The intervals, no longer than `width`, in which S falls by more than `least` nats at once."""
        found: list[_Window] = []
        stack = list(zip(self.known, self.known[1:], strict=False))[::-1]
        while stack:
            a, b = stack.pop()
            fall = a.point["S"] - b.point["S"]
            if fall <= least:
                continue
            if b.sigma - a.sigma <= width:
                found.append(_Window(a, b))
                continue
            middle = self.best(0.5 * (a.sigma + b.sigma), [a.start, b.start])
            uneven = abs(0.5 * (a.point["S"] + b.point["S"]) - middle.point["S"])
            # A jump of J inside leaves the middle J/2 from the mean of the ends.
            if fall > 10 * least or uneven > 0.05 * fall:
                stack += [(middle, b), (a, middle)]
        return found


class _Search:
    """The search: windows of the best rules known, and certified optima, until they agree."""

    def __init__(self, descents: Descents, at: dict[str, Fraction], low: float, high: float, tol: float,
                 least: float, time_limit: float) -> None:  # fmt: skip
        self.descents, self.at, self.low, self.high = descents, at, low, high
        self.tol, self.least, self.time_limit = tol, least, time_limit
        self.optima: dict[float, Any] = {}
        self.branches = _Branches(descents.descend, list(descents.starts()), low, high)

    def optimum(self, sigma: float, gap: float) -> Any:
        """The optimum at sigma, solved to this gap in nats or a smaller one, and remembered."""
        kept = self.optima.get(sigma)
        if kept is None or kept.tol > gap:
            exact = {**self.at, "sigma": Fraction(sigma)}
            kept = self.optima[sigma] = self.descents.optimum(
                exact, Budget(gap, 2_000_000, self.time_limit), self.branches.beside(sigma)
            )
        return kept

    def missed(self, sigma: float, gap: float) -> bool:
        """Whether the optimum at sigma is better than the rules known there; then its rule joins them."""
        found = self.optimum(sigma, gap)
        known = self.branches.best(sigma, self.branches.beside(sigma))
        if found.value >= known.value - BETTER * (1 + abs(known.value)):
            return False
        self.branches.learn(sigma, [self.descents.start_of(found)])
        self.branches.exchange()
        return True

    def run(self) -> Jumps:
        """Search and check until no check finds a better rule, twenty times at most."""
        for _ in range(20):
            groups = self._groups()
            sigmas = [where for group in groups for where in self._certifying(group)]
            inside = self.descents.inside
            sigmas += [(sigma, inside) for piece in self._between(groups) for sigma in self._inside(*piece)]
            # Every one is asked, so that all better rules are known in the next round.
            missed = [self.missed(*where) for where in sigmas]
            if not any(missed):
                break
        return self._told(groups)

    def _groups(self) -> list[list[_Window]]:
        """The windows by sigma; those closer together than tol form one group."""
        groups: list[list[_Window]] = []
        for window in self.branches.windows(self.least, 0.02 * self.tol):
            if groups and window.before.sigma - groups[-1][-1].after.sigma < self.tol:
                groups[-1].append(window)
            else:
                groups.append([window])
        return groups

    def _bracket(self, group: list[_Window]) -> tuple[float, float, float]:
        """The jump's sigma, where the tangents of the two branches cross, and [low, high] about it."""
        a, b = group[0].before, group[-1].after
        at_a = b.value - b.point["S"] * (b.sigma - a.sigma)  # of b's tangent
        sigma = a.sigma + min(max((at_a - a.value) / (a.point["S"] - b.point["S"]), 0.0), b.sigma - a.sigma)
        reach = 0.5 * self.tol + 0.5 * (b.sigma - a.sigma)
        return max(sigma - reach, self.low), sigma, min(sigma + reach, self.high)

    def _certifying(self, group: list[_Window]) -> list[tuple[float, float]]:
        """The three sigmas of a bracket, each with the gap to which its optimum is solved."""
        low, sigma, high = self._bracket(group)
        fall = group[0].before.point["S"] - group[-1].after.point["S"]
        ends, middle = self.descents.gaps(fall, 0.5 * (high - low))
        return [(low, ends), (sigma, middle), (high, ends)]

    def _between(self, groups: list[list[_Window]]) -> list[tuple[float, float]]:
        """The intervals between the brackets of the jumps."""
        brackets = [self._bracket(group) for group in groups]
        starts, ends = [self.low, *(b[2] for b in brackets)], [*(b[0] for b in brackets), self.high]
        return [(a, b) for a, b in zip(starts, ends, strict=True) if a < b]

    def _inside(self, low: float, high: float) -> list[float]:
        """Where a piece is checked: its ends and the middle, evenly in log sigma."""
        return [low, math.sqrt(low * high), high]

    def _told(self, groups: list[list[_Window]]) -> Jumps:
        """The result: a group whose fall of S is proved is a jump, any other one a lost piece."""
        jumps, pieces = [], []
        for group in groups:
            lo, sigma, hi = self._bracket(group)
            a, middle, b = (self.optimum(*where) for where in self._certifying(group))
            fall = group[0].before.point["S"] - group[-1].after.point["S"]
            before = (middle.lower_bound - a._claim) / (sigma - lo) if lo < sigma else -math.inf
            after = (b._claim - middle.lower_bound) / (hi - sigma) if sigma < hi else math.inf
            if before > after:
                ends = group[0].before, group[-1].after
                left, right = (self.branches.descend(sigma, k.start).point for k in ends)
                jumps.append(Jump(sigma, lo, hi, before, after, (left, right), (a, middle, b)))
                continue
            is_open = [o for o in (a, middle, b) if o.status == "open"]
            why = (
                f"the optimum at sigma = {is_open[0].multipliers['sigma']:.9g} stayed open ({is_open[0].reason})"
                if is_open
                else "its certified bounds are wider apart than the fall"
            )
            pieces.append(Piece(lo, hi, "lost", fall, f"S seems to jump by {fall:.6g} nats, but {why}"))
        for low, high in self._between(groups):
            pieces.append(self._piece(low, high))
        checks = tuple(o for _, o in sorted(self.optima.items(), key=lambda item: item[0]))
        pieces.sort(key=lambda piece: piece.low)
        return Jumps(self.low, self.high, self.least, tuple(jumps), tuple(pieces), checks)

    def _piece(self, low: float, high: float) -> Piece:
        """What the certified optima of an interval between jumps say of it."""
        checks = [self.optimum(sigma, self.descents.inside) for sigma in self._inside(low, high)]
        fall = max(checks[0].point["S"] - checks[-1].point["S"], 0.0)
        unsure = [o for o in checks if o.status == "open"]
        if unsure:
            o = unsure[0]
            reason = (
                f"the optimum at sigma = {o.multipliers['sigma']:.9g} stayed open ({o.reason}), by {o.gap:.2g} nats"
            )
            return Piece(low, high, "lost", fall, reason)
        reason = f"S falls by {fall:.6g} nats in steps of at most {self.least:.2g}, or evenly"
        return Piece(low, high, "smooth", fall, reason)


def jump(
    problem: LearningRuleProblem | JointProblem,
    low: float,
    high: float,
    gamma: Number = 0,
    delta: Number = 0,
    rho: Number = 1,
    tol: float = 1e-6,
    time_limit: float = 60.0,
    least: float = 1e-3,
) -> Jumps:
    """All sigmas between low and high at which the S of the best rule falls at once by more than `least` nats.

    problem             a LearningRuleProblem or a JointProblem
    low, high           the interval of sigma, no unit, 0 < low < high
    gamma, delta, rho   multipliers of C, D, R, no unit
    tol                 the width of the interval of sigma within which a fall is certified, no unit, at least 1e-8
    time_limit          seconds for each of the optima that certify a fall
    least               nats: smaller falls are not looked for, at least 1e-4

    Returns Jumps: the falls that are proved, and what is known of S between them.
    Errors: TypeError for another problem; ValueError for an empty interval, a tol, least or multiplier out of range.
    Source: Alemi and Fischer, TherML (2018), section 6 and (28).

    >>> import therml_exact as tx
    >>> p = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])  # learn one bit, or not
    >>> found = jump(p, 0.1, 3, gamma=2)
    >>> len(found), float(round(found.largest.sigma, 6)), float(round(found.largest.before, 2)), found.status
    (1, 1.0, 0.69, 'complete')
    """
    check_libraries()
    kind = getattr(problem, "kind", None)
    if kind not in DESCENTS:
        raise TypeError(f"problem is a {type(problem).__name__}; give a LearningRuleProblem or a JointProblem")
    if not (0 < low < high < math.inf):
        raise ValueError(f"low is {low!r} and high {high!r}; give 0 < low < high")
    if not 1e-8 <= tol <= high - low:
        raise ValueError(f"tol is {tol!r}; it is at least 1e-8 and at most high - low")
    if not 1e-4 <= least < math.inf:
        raise ValueError(f"least is {least!r} nats; it is at least 1e-4")
    at = read_multipliers(problem, {"gamma": gamma, "delta": delta, "rho": rho, "sigma": low})
    module, name = DESCENTS[kind]
    descents = getattr(import_module(module), name)(problem, at)
    return _Search(descents, at, float(low), float(high), tol, least, time_limit).run()
