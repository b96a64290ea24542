"""A smooth family of equilibria: learning rules over given soft encoders, where D, C and S vary independently.

For multipliers (delta, gamma, sigma) an equilibrium is a stationary point, in the rule p(theta|data), of

    J = R + delta D + gamma C + sigma S                                                            (32)

with every q at its optimum. With the encoders p(z|x,theta) fixed all cells are linear in the rule r[t, theta]
(t: the type of the data set, probability p_t, n_t[x, y] samples of each kind). With h(m) = sum m log m,

    R = sum_t p_t n_t r e log e - h(m_z) + N log N,   D = h(m_z) - h(m_xz),   C = h(m_z) - h(m_yz),
    S = sum_t p_t h(r_t) - h(P),   m_z = sum p_t n_t[x,y] r[t,theta] e[theta,x,z], and so on,   P = sum_t p_t r_t.

Given the cells m, which are the q's, the best rule is Boltzmann's (24),

    r[t, theta] = softmax over theta of log P_theta - (cost of theta for t)/sigma,

so that an equilibrium is a fixed point of the cells alone. Newton works on log m and the multipliers (bordered.py):
there are some ten cells whatever N is, and entries of the rule below what floats hold have no say. Any three of
(D, C, S, delta, gamma, sigma), one of each pair, may be prescribed; the others are unknowns of the same system, whose
tangent (right side zero but for one prescribed variable) is the implicit derivative of an experiment.

An encoder that does not pay is left out: P_theta = 0, its column of the rule is 0, and the equilibrium is one of the
others. It stays out while its alpha = sum_t p_t exp(-cost/sigma)/Z_t (what a little weight would gain) is below 1.

`curvature` is the least eigenvalue of J's Hessian over sigma, in the metric in which S is round: > 0 is a strict local
minimum. Where it is 0, or an encoder enters or leaves, the branch ends or splits (a kink): nothing is differentiated
there, `NotSmoothError` says why. Global optimality is not claimed here.
Errors: ValueError for bad tables and multipliers and for more than 20,000 types, NotSmoothError where no smooth
equilibrium is found or the time is up. Nats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from therml_exact.clock import now
from therml_exact.encoders import read_dictionary
from therml_exact.numbers.tables import Array, whole
from therml_exact.process import read_process
from therml_exact.results import by_content
from therml_exact.thermo.bordered import ORDER, Features, NotSmoothError, System, negentropy, slot
from therml_exact.thermo.potentials import MULTIPLIERS, PAIRS, VARIABLES, Derivative

RESIDUAL = 1e-12  # of the stationarity conditions, in the metric of S
SETTLED = 2e-6  # relative uncertainty of a re-solved derivative
NOISE = 4e-16  # of a variable of a polished state, relative to its size or 1
_HALVINGS = 12
FLAT = 1e-5  # curvature below which a point counts as a kink; likewise 1 - alpha of an encoder that is out
_LOST = 1e-13  # an encoder of a smaller share P_theta has left
_TYPES = 20_000
_STARTS = 8


@by_content
@dataclass(frozen=True, eq=False)
class EquilibriumFamily:
    """The equilibria (24), (32) of learning rules over given soft encoders, for all multipliers (delta, gamma, sigma).

    phi            p(phi) as [phi]; tables are without unit
    x_given_phi    p(x|phi) as [phi, x]
    y_given_x_phi  p(y|x,phi) as [phi, x, y]
    n              the number of samples N
    encoders       at least two p(z|x) as [theta, x, z], all entries positive
    types          how often each pair of letters occurs in each type of data set, [type, x y]
    p              the probability of each type, [type]

    `solve(delta=, gamma=, sigma=)` gives a State: its rule and multipliers, and R, D, C, S in nats.
    Raises ValueError for tables that are no distributions, for encoders with a 0, and for more than 20,000 types.

    >>> import therml_exact as tx
    >>> x, y = [[0.7, 0.3], [0.2, 0.8]], [[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.1, 0.9]]]
    >>> encoders = [[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.45, 0.55]], [[0.15, 0.85], [0.7, 0.3]]]
    >>> family = tx.EquilibriumFamily([0.4, 0.6], x, y, 2, encoders)
    >>> state = family.solve(delta=0.5, gamma=4, sigma=0.3)
    >>> [round(v, 4) for v in (state.R, state.D, state.C, state.S)]
    [0.4994, 1.0115, 1.0841, 0.29]
    """

    phi: Any
    x_given_phi: Any
    y_given_x_phi: Any
    n: int
    encoders: Any
    types: Array = field(init=False, repr=False)
    p: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        prior, x, y = (
            np.asarray(t, dtype=np.float64) for t in read_process(self.phi, self.x_given_phi, self.y_given_x_phi)
        )
        e = read_dictionary(self.encoders).astype(np.float64)
        if e.min() <= 0:
            raise ValueError(f"encoders has an entry {e.min():g}; a smooth family has soft encoders, all entries > 0")
        if e.shape[1] != x.shape[1]:
            raise ValueError(f"encoders has {e.shape[1]} letters of x on axis 1; x_given_phi has {x.shape[1]}")
        if len(e) < 2:
            raise ValueError("encoders has one encoder; with |Theta| = 1 nothing is learnt and S does not vary")
        letters = (x[:, :, None] * y).reshape(len(prior), -1)
        n, kinds = whole("n", self.n), letters.shape[1]
        if math.comb(n + kinds - 1, kinds - 1) > _TYPES:
            count = math.comb(n + kinds - 1, kinds - 1)
            raise ValueError(
                f"n is {n}: {n} samples of {kinds} kinds have {count:,} types; a family has up to {_TYPES:,}"
            )
        types = np.array(_compositions(n, kinds))
        multinomial = np.array([math.factorial(self.n) / math.prod(map(math.factorial, t)) for t in types.tolist()])
        p = multinomial * (prior * np.prod(letters ** types[:, None, :], axis=2)).sum(axis=1)
        object.__setattr__(self, "encoders", e)
        object.__setattr__(self, "types", types[p > 0])
        object.__setattr__(self, "p", p[p > 0])

    @cached_property
    def features(self) -> Features:
        """What each (type, theta) adds to the cells z, xz, yz, theta, and to R."""
        e = self.encoders
        theta, nx, nz = e.shape
        counts = self.types.reshape(len(self.types), nx, -1).astype(np.float64)
        both = [np.einsum("txy,axz->taxz", counts, e), np.einsum("txy,axz->tayz", counts, e)]
        each = np.broadcast_to(np.eye(theta), (len(counts), theta, theta))
        blocks = [both[0].sum(axis=2), *(part.reshape(len(counts), theta, -1) for part in both), each]
        linear = np.einsum("txy,axz->ta", counts, e * np.log(e))
        sizes = (nz, nx * nz, counts.shape[2] * nz, theta)
        return Features(np.concatenate(blocks, axis=2), linear, self.p, self.n, sizes)

    def evaluate(self, rule: Array) -> tuple[Array, Array, Array]:
        """Values [4], gradients [4, t theta] and Hessians [4, t theta, t theta] of R, D, C, S."""
        f = self.features
        r, size = rule.reshape(-1), rule.size
        own = np.repeat(self.p, rule.shape[1])
        linear = own * f.linear.reshape(-1)
        rows = (own[:, None] * f.b.reshape(size, -1)).T
        ends = np.cumsum(f.sizes)
        h = {
            name: negentropy(m, m @ r)
            for name, m in zip(("z", "xz", "yz", "theta"), np.split(rows, ends[:-1]), strict=True)
        }
        entropy = (
            float((own * r * np.log(r)).sum()),
            own * (np.log(r) + 1),
            np.diag(own / r),
        )
        constant = (float(linear @ r) + self.n * math.log(self.n), linear, np.zeros((size, size)))
        parts = [(constant, h["z"]), (h["z"], h["xz"]), (h["z"], h["yz"]), (entropy, h["theta"])]
        values, gradients, hessians = zip(*([a[k] - b[k] for k in range(3)] for a, b in parts), strict=True)
        return np.array(values), np.array(gradients), np.array(hessians)

    def solve(self, start: State | npt.ArrayLike | None = None, time_limit: float = 60.0, **prescribed: Any) -> State:
        """The equilibrium with three prescribed variables, one of each of (D, delta), (C, gamma), (S, sigma).

        Newton from `start` (a State, followed in small steps if it is far; or a rule [type, theta] beside three
        multipliers). Without a start the best of eight relaxations (fixed seed) is polished, encoders that do not pay
        left out: three multipliers only.
        """
        goal = read_prescribed(prescribed)
        if goal.get("sigma", 1.0) <= 0:
            raise ValueError(f"sigma is {prescribed['sigma']}; temperatures are > 0")
        if isinstance(start, State):
            if not start.family.same_as(self):
                raise ValueError("start is a state of another family; give one of this family's own")
            return self._follow(start, goal)
        if set(goal) != set(MULTIPLIERS):
            raise ValueError("without a State to start from prescribe delta, gamma and sigma; then follow the branch")
        if start is None:
            return self._search(goal, now() + time_limit)
        try:
            rule = np.asarray(start, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(f"start is a {type(start).__name__}; give a State or a rule [type, theta]") from None
        if rule.shape != (len(self.p), len(self.encoders)):
            raise ValueError(f"start has shape {rule.shape}; it is {(len(self.p), len(self.encoders))}")
        if not (np.isfinite(rule).all() and (rule > 0).all() and np.allclose(rule.sum(axis=1), 1)):
            raise ValueError("start has a row that is no law with all entries > 0: its rows are p(theta|type)")
        return self.newton(rule / rule.sum(axis=1, keepdims=True), goal, goal)

    def same_as(self, other: EquilibriumFamily) -> bool:
        """Whether two families have the same process, data sets and encoders."""
        return self is other or all(
            np.array_equal(a, b)
            for a, b in ((self.types, other.types), (self.p, other.p), (self.encoders, other.encoders))
        )

    def _search(self, goal: Mapping[str, float], deadline: float) -> State:
        """The best strict local minimum that some of eight relaxations lead to."""
        rng = np.random.default_rng(0)
        best: State | None = None
        reasons: list[str] = []
        for k in range(_STARTS):
            if now() > deadline:
                reasons.append(f"the time was up after {k} of {_STARTS} starts")
                break
            rule = self.relax(rng.dirichlet(np.ones(len(self.encoders)), size=len(self.p)), goal, 2000)
            try:
                state = self._polish(rule, goal)
            except NotSmoothError as error:
                reasons.append(str(error))
                continue
            if best is None or state.J < best.J - 1e-12:
                best = state
        if best is None:
            told = max(set(reasons), key=reasons.count)  # what most of the starts met
            raise NotSmoothError(f"no smooth equilibrium was found from {_STARTS} starts: {told}")
        return best

    def _polish(self, rule: Array, goal: Mapping[str, float]) -> State:
        """Newton from a relaxed rule, without the encoders that lose all their share; only strict minima."""
        while True:
            share = self.p @ rule
            rule = np.where(share > _LOST, rule, 0.0)
            rule = rule / rule.sum(axis=1, keepdims=True)
            if (share > _LOST).sum() < 2:
                raise NotSmoothError(
                    f"one encoder (theta = {int(np.argmax(share))}) takes all data sets at these multipliers, so that "
                    "nothing is learnt and S does not vary; try a larger gamma or a smaller sigma"
                )
            try:
                state = self.newton(rule, goal, goal)
                break
            except LostError as lost:
                rule = np.where(np.arange(rule.shape[1]) == lost.theta, 0.0, rule)
        if state.curvature <= 0:
            raise NotSmoothError(
                f"the stationary rule found is no minimum: its curvature is {state.curvature:.2g} sigma"
            )
        if state.entering >= 0:
            raise NotSmoothError("an encoder that relaxation had left without weight would pay: no minimum was reached")
        return state

    def _follow(self, start: State, target: Mapping[str, float]) -> State:
        """Newton along the segment from the start's values to the target's, halving steps that fail."""
        begin = {name: getattr(start, name) for name in target}
        state, done, step = start, 0.0, 1.0
        while done < 1:
            here = min(1.0, done + step)
            aim = target if here == 1 else {name: begin[name] + here * (target[name] - begin[name]) for name in target}
            try:
                state, done = self.newton(state.rule, state.multipliers, aim), here
            except NotSmoothError:
                step /= 2
                if step < 1e-3:
                    raise
        return state

    def newton(self, rule: Array, multipliers: Mapping[str, float], target: Mapping[str, float]) -> State:
        """Newton's method on log m from a rule's cells and multipliers to three prescribed values.

        Encoders that the rule gives no share stay out.
        """
        lam = np.array([multipliers[PAIRS[name]] for name in ORDER])
        kept = (self.p @ rule) > 0
        features = self.features if kept.all() else self.features.of(kept)
        m = features.cells(rule[:, kept])
        last = math.inf
        for _ in range(80):
            share = m[-features.sizes[3] :]
            if share.min() < _LOST:
                raise LostError(int(np.flatnonzero(kept)[int(np.argmin(share))]))
            system = System(features, m, lam)
            size = float(np.abs(system.residual(target)).max())
            if size < RESIDUAL / 100 or (size < RESIDUAL and size >= last / 2):
                full = np.zeros((len(self.p), len(kept)))
                full[:, kept] = system.rule
                named = {PAIRS[name]: float(value) for name, value in zip(ORDER, lam, strict=True)}
                return State(self, full, named, size, system)
            last = size
            step = system.solve(target)
            if not np.isfinite(step).all():
                break
            damp = min(1.0, 0.7 / max(1e-300, float(np.abs(step[:-3]).max())))
            lam = lam + damp * step[-3:]
            if lam[2] <= 0:
                raise NotSmoothError("the prescribed values lead to sigma <= 0")
            m = m * np.exp(damp * step[:-3])
        raise NotSmoothError(f"Newton's residual stays at {last:.1g}: no smooth equilibrium near the start")

    def relax(self, rule: Array, multipliers: Mapping[str, float], steps: int) -> Array:
        """Alternating minimisation: Boltzmann's rule (24) for the present q's, and their refit."""
        lam = np.array([multipliers[PAIRS[name]] for name in ORDER])
        for _ in range(steps):
            m = self.features.cells(rule)
            if m.min() <= 0:
                break
            new = np.exp(self.features.log_rule(m, lam))
            if np.abs(new - rule).max() < 1e-9:
                return np.asarray(new)
            rule = new
        return rule


class LostError(NotSmoothError):
    """An encoder's share has gone to 0 on the way; `theta` is its number."""

    def __init__(self, theta: int) -> None:
        super().__init__(f"the equilibrium lies on the boundary: theta = {theta} has lost all its probability")
        self.theta = theta


@dataclass(frozen=True, eq=False)
class State:
    """An equilibrium of a family; the attributes R, D, C, S, J are in nats, delta, gamma, sigma without unit.

    family       the EquilibriumFamily
    rule         p(theta|type) as [type, theta], without unit
    multipliers  delta, gamma and sigma by name
    residual     how far the stationarity conditions are from 0, in the metric of S
    """

    family: EquilibriumFamily = field(repr=False)
    rule: Array = field(repr=False)
    multipliers: Mapping[str, float]
    residual: float
    _system: System = field(repr=False)

    def __getattr__(self, name: str) -> float:
        if name in MULTIPLIERS:
            return float(self.multipliers[name])
        if name in ("R", *PAIRS):
            return float(self._system.values[("R", *ORDER).index(name)])
        raise AttributeError(name)

    @property
    def J(self) -> float:
        """The objective (32)."""
        return self.R + sum(self.multipliers[PAIRS[name]] * getattr(self, name) for name in ORDER)

    @property
    def curvature(self) -> float:
        """Least eigenvalue of J's Hessian over sigma, in the metric of S: > 0 at a strict local minimum."""
        return self._system.curvature

    @cached_property
    def entering(self) -> float:
        """Log alpha of the encoder left out that would pay most: < 0 where it stays out; -inf where none is out."""
        out = (self.family.p @ self.rule) == 0
        if not out.any():
            return -math.inf
        everything, kept = self.family.features, ~out
        m = np.ones(sum(everything.sizes))
        m[np.concatenate([np.ones(len(m) - len(out), dtype=bool), kept])] = self._system.m
        costs = -everything.costs(m, self._system.lam) / self.sigma
        # log Z_t = log P - cost/sigma - log r, the same for every theta that is in.
        inside = int(np.argmax(kept))
        log_z = costs[:, inside] + math.log(m[len(m) - len(out) + inside]) - self._system.log_rule[:, 0]
        with np.errstate(over="ignore"):
            alpha = self.family.p @ np.exp(costs[:, out] - log_z[:, None])
        return float(np.log(alpha.max()))

    def check_smooth(self) -> None:
        """Refuse kinks: raises NotSmoothError where the Hessian is singular."""
        if abs(self.curvature) < FLAT:
            raise NotSmoothError(
                f"kink: J's Hessian is singular here (least eigenvalue {self.curvature:.1e} sigma, at "
                f"delta = {self.delta:.6g}, gamma = {self.gamma:.6g}, sigma = {self.sigma:.6g}); the branch ends or "
                "splits, so one-sided derivatives differ or diverge and no Maxwell relation is stated"
            )
        if self.entering > -FLAT:
            raise NotSmoothError(
                f"kink: an encoder that is left out enters here (log alpha = {self.entering:.1e}), so one-sided "
                "derivatives differ and no Maxwell relation is stated"
            )

    def derivative(self, experiment: Derivative) -> float:
        """An experiment by implicit differentiation: one linear system, with exactly its own variables held."""
        step = self.tangent(experiment)
        return self._response(experiment.of, step)

    def tangent(self, experiment: Derivative) -> Array:
        """The move (d log m, d lambda) of the equilibrium for a unit change of `wrt`."""
        self.check_smooth()
        prescribed = (experiment.wrt, *experiment.held)
        read_prescribed(dict.fromkeys(prescribed, 0.0))
        right = np.zeros(len(self._system.m) + 3)
        right[-3 + slot(experiment.wrt)] = 1.0
        matrix = self._system.matrix(prescribed)
        scaled = matrix / np.linalg.norm(matrix, axis=1, keepdims=True).clip(1e-300)
        if np.linalg.cond(scaled) > 1e12:
            raise NotSmoothError(
                f"degenerate: {experiment.wrt} cannot vary here with {', '.join(experiment.held)} held"
            )
        return np.linalg.solve(matrix, right)

    def _sizes(self, experiment: Derivative) -> float:
        """How large a change of `of` the whole of each variable of the experiment would make, and `of` itself."""
        prescribed = (experiment.wrt, *experiment.held)
        sides = np.eye(len(self._system.m) + 3)[:, [slot(name) - 3 for name in prescribed]]
        answers = self._system.response(experiment.of) @ np.linalg.solve(self._system.matrix(prescribed), sides)
        sizes = [max(abs(getattr(self, name)), 1.0) for name in (*prescribed, experiment.of)]
        return float(np.append(abs(answers), 1.0) @ sizes)

    def _response(self, of: str, step: Array) -> float:
        return float(self._system.response(of) @ step)

    def redone(self, experiment: Derivative, reach: float = 6e-2) -> float:
        """The same experiment by re-solving: central differences, extrapolated to step 0 (Ridders' method).

        The first step moves the logarithms of the cells and of the multipliers by about `reach`; it is halved, and of
        all extrapolations that is taken which is known best: by how it differs from its neighbours, and by the rounding
        of what was prescribed and read, over the step. Where that is more than SETTLED of itself, the experiment is
        refused: what has not settled tells nothing about a relation.
        """
        tangent = self.tangent(experiment)
        lam = np.array([self.multipliers[PAIRS[name]] for name in ORDER])
        scale = np.concatenate([tangent[:-3], tangent[-3:] / np.maximum(abs(lam), 1e-12)])
        base = {name: getattr(self, name) for name in (experiment.wrt, *experiment.held)}
        h = reach / float(np.abs(scale).max())
        noise = NOISE * self._sizes(experiment)

        def slope(step: float) -> float:
            ends = (
                getattr(self.family.solve(self, **(base | {experiment.wrt: base[experiment.wrt] + s})), experiment.of)
                for s in (step, -step)
            )
            return (next(ends) - next(ends)) / (2 * step)

        rows: list[list[float]] = []
        best, error = math.nan, math.inf
        for _ in range(_HALVINGS):
            try:
                row = [slope(h)]
            except NotSmoothError:  # beyond the end of the branch: nearer, it may be smooth
                if rows:
                    raise
                h /= 2
                continue
            for k, before in enumerate(rows[-1][:5] if rows else []):
                row.append(row[k] + (row[k] - before) / (4 ** (k + 1) - 1))
                off = max(abs(row[-1] - row[-2]), abs(row[-1] - before), noise / h)
                if off < error:
                    best, error = row[-1], off
            rows.append(row)
            if error <= 0.01 * SETTLED * abs(best):
                break
            h /= 2
        if error <= SETTLED * abs(best):
            return best
        raise NotSmoothError(
            f"re-solved at smaller and smaller steps of {experiment.wrt}, d{experiment.of}/d{experiment.wrt} does not "
            f"settle: {best:.9g} is known within {error:.1g} only"
        )

    def __str__(self) -> str:
        parts = [f"{name} = {getattr(self, name):.6g}" for name in ("delta", "gamma", "sigma", "R", *PAIRS)]
        return f"{', '.join(parts)} (nats); residual {self.residual:.1e}, curvature {self.curvature:.3g} sigma"


def read_prescribed(prescribed: Mapping[str, Any]) -> dict[str, float]:
    """Three variables as floats, one of each pair; any real number is one, Fractions too."""
    for name, value in prescribed.items():
        if name not in VARIABLES:
            raise ValueError(f"{name!r} is no variable of the family; they are {', '.join(VARIABLES)}")
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise ValueError(f"{name} is {value!r}; it is a finite number")
    if sorted(map(slot, prescribed)) != [0, 1, 2]:
        raise ValueError(
            f"prescribed: {', '.join(prescribed) or 'nothing'}; give one of D, delta, one of C, gamma, one of S, sigma"
        )
    return {name: float(value) for name, value in prescribed.items()}


def _compositions(total: int, parts: int) -> list[tuple[int, ...]]:
    if parts == 1:
        return [(total,)]
    return [(k, *rest) for k in range(total, -1, -1) for rest in _compositions(total - k, parts - 1)]
