"""A smooth family of equilibria: learning rules over given soft encoders, where D, C and S vary independently.

For multipliers (delta, gamma, sigma) an equilibrium is a stationary point, in the rule p(theta|data), of

    J = R + delta D + gamma C + sigma S                                                            (32)

with every q at its optimum. With the encoders p(z|x,theta) fixed all cells are linear in the rule r[t, theta]
(t: the type of the data set, probability p_t, n_t[x, y] samples of each kind). With h(m) = sum m log m,

    R = sum_t p_t n_t r e log e - h(m_z) + N log N,   D = h(m_z) - h(m_xz),   C = h(m_z) - h(m_yz),
    S = sum_t p_t h(r_t) - h(P),   m_z = sum p_t n_t[x,y] r[t,theta] e[theta,x,z], and so on,   P = sum_t p_t r_t.

Gradients and second derivatives are exact sums. Newton works in the metric in which S is round, dr = sqrt(r/p) u with
u orthogonal to sqrt(r): there the first part of S has the unit matrix as its Hessian, however small r is. Any three
of (D, C, S, delta, gamma, sigma), one of each pair, may be prescribed: the others are unknowns of a bordered system

    [ H  F' ] [ u       ]   [ -J'                ]        H = Hessian of J, F' = gradients of D, C, S,
    [ prescribed        ] [ d lambda ] = [ target - present ]

Its tangent (right side zero but for one prescribed variable) is the implicit derivative of an experiment.

`curvature` is the least eigenvalue of H over sigma in that metric: > 0 is a strict local minimum. At 0 the branch ends
or splits (a kink): nothing is differentiated there, `NotSmoothError` says why. Global optimality is not claimed here.
Errors: ValueError for bad tables and multipliers, NotSmoothError where no smooth equilibrium is found. Nats.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from therml_exact.encoders import read_dictionary
from therml_exact.numbers.tables import Array, whole
from therml_exact.process import read_process
from therml_exact.thermo.bordered import ORDER, NotSmoothError, System, negentropy, slot
from therml_exact.thermo.potentials import MULTIPLIERS, PAIRS, VARIABLES, Derivative

RESIDUAL = 1e-12  # of the stationarity conditions, in the metric of S
SETTLED = 1e-6  # relative change of a re-solved derivative between two steps
_HALVINGS = 8
FLAT = 1e-5  # curvature below which a point counts as a kink
_SMALLEST = 1e-200  # a rule entry below it has reached the boundary of the simplex


@dataclass(frozen=True, eq=False)
class EquilibriumFamily:
    """Learning rules on types of N samples over the dictionary encoders[theta, x, z], all entries positive."""

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
        types = np.array(_compositions(whole("n", self.n), letters.shape[1]))
        multinomial = np.array([math.factorial(self.n) / math.prod(map(math.factorial, t)) for t in types.tolist()])
        p = multinomial * (prior * np.prod(letters ** types[:, None, :], axis=2)).sum(axis=1)
        object.__setattr__(self, "encoders", e)
        object.__setattr__(self, "types", types[p > 0])
        object.__setattr__(self, "p", p[p > 0])

    @cached_property
    def _maps(self) -> tuple[Array, dict[str, Array]]:
        """R's linear part, and the linear maps from the rule to m_z, m_xz, m_yz: [cell, t theta]."""
        e = self.encoders
        theta, nx, nz = e.shape
        w = (self.p[:, None] * self.types).reshape(len(self.p), nx, -1)
        cells = np.einsum("txy,axz->xyzta", w, e).reshape(nx, -1, nz, len(self.p) * theta)
        linear = np.einsum("txy,axz->ta", w, e * np.log(e)).reshape(-1)
        return linear, {
            "z": cells.sum(axis=(0, 1)),
            "xz": cells.sum(axis=1).reshape(nx * nz, -1),
            "yz": cells.sum(axis=0).reshape(-1, cells.shape[3]),
        }

    def evaluate(self, rule: Array) -> tuple[Array, Array, Array]:
        """Values [4], gradients [4, t theta] and Hessians [4, t theta, t theta] of R, D, C, S."""
        linear, maps = self._maps
        r, size = rule.reshape(-1), rule.size
        h = {name: negentropy(m, m @ r) for name, m in maps.items()}
        marginal = np.einsum("t,ab->bta", self.p, np.eye(rule.shape[1])).reshape(rule.shape[1], size)
        own = np.repeat(self.p, rule.shape[1])
        total = negentropy(marginal, marginal @ r)
        entropy = (
            float((own * r * np.log(r)).sum()),
            own * (np.log(r) + 1),
            np.diag(own / r),
        )
        constant = (float(linear @ r) + self.n * math.log(self.n), linear, np.zeros((size, size)))
        parts = [(constant, h["z"]), (h["z"], h["xz"]), (h["z"], h["yz"]), (entropy, total)]
        values, gradients, hessians = zip(*([a[k] - b[k] for k in range(3)] for a, b in parts), strict=True)
        return np.array(values), np.array(gradients), np.array(hessians)

    def solve(self, start: State | npt.ArrayLike | None = None, **prescribed: float) -> State:
        """The equilibrium with three prescribed variables, one of each of (D, delta), (C, gamma), (S, sigma).

        Newton from `start` (a State, followed in small steps if it is far; or a rule [type, theta] beside three
        multipliers). Without a start the best of eight relaxations (fixed seed) is polished: three multipliers only.
        """
        _check_prescribed(prescribed)
        if prescribed.get("sigma", 1.0) <= 0:
            raise ValueError(f"sigma is {prescribed['sigma']}; temperatures are > 0")
        if isinstance(start, State):
            return self._follow(start, prescribed)
        if set(prescribed) != set(MULTIPLIERS):
            raise ValueError("without a State to start from prescribe delta, gamma and sigma; then follow the branch")
        if start is not None:
            try:
                rule = np.asarray(start, dtype=np.float64)
            except (TypeError, ValueError):
                raise TypeError(f"start is a {type(start).__name__}; give a State or a rule [type, theta]") from None
            if rule.shape != (len(self.p), len(self.encoders)):
                raise ValueError(f"start has shape {rule.shape}; it is {(len(self.p), len(self.encoders))}")
            if not (np.isfinite(rule).all() and (rule > 0).all() and np.allclose(rule.sum(axis=1), 1)):
                raise ValueError("start has a row that is no law with all entries > 0: its rows are p(theta|type)")
            rule = rule / rule.sum(axis=1, keepdims=True)
            return self.newton(rule, prescribed, prescribed)
        rng = np.random.default_rng(0)
        best: State | None = None
        reason = ""
        for _ in range(8):
            rule = self.relax(rng.dirichlet(np.ones(len(self.encoders)), size=len(self.p)), prescribed, 2000)
            try:
                state = self.newton(rule, prescribed, prescribed)
            except NotSmoothError as error:
                reason = str(error)
                continue
            if state.curvature > 0 and (best is None or state.J < best.J - 1e-12):
                best = state
        if best is None:
            raise NotSmoothError(f"no interior equilibrium from 8 starts: {reason}")
        return best

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
        """Newton's method from a rule and multipliers to three prescribed values; steps keep the rule positive."""
        lam = np.array([multipliers[PAIRS[name]] for name in ORDER])
        goal = dict(target)
        last = math.inf
        for _ in range(60):
            if rule.min() < _SMALLEST:
                raise NotSmoothError("the equilibrium lies on the boundary: some theta has lost all its probability")
            system = System(self.evaluate(rule), rule, self.p, lam)
            off = system.residual(goal)
            size = float(np.abs(off).max())
            if size < RESIDUAL / 100 or (size < RESIDUAL and size >= last / 2):
                return State(self, rule, dict(zip(map(PAIRS.get, ORDER), lam.tolist(), strict=True)), size, system)  # type: ignore[arg-type]
            last = size
            step = system.solve(goal, -off)
            move = (system.basis @ step[:-3]).reshape(rule.shape) / rule
            damp = min(1.0, 0.7 / max(1e-300, float(np.abs(move).max())))
            lam = lam + damp * step[-3:]
            if lam[2] <= 0:
                raise NotSmoothError("the prescribed values lead to sigma <= 0")
            rule = rule * np.exp(damp * move)
            rule = rule / rule.sum(axis=1, keepdims=True)
        raise NotSmoothError(f"Newton's residual stays at {last:.1g}: no smooth equilibrium near the start")

    def relax(self, rule: Array, multipliers: Mapping[str, float], steps: int) -> Array:
        """Alternating minimisation: Boltzmann's rule (24) for the present q's, and their refit."""
        lam = [1.0, multipliers["delta"], multipliers["gamma"]]
        for _ in range(steps):
            if rule.min() < _SMALLEST:
                break
            _, gradients, _ = self.evaluate(rule)
            # With optimal q's the gradient of R + delta D + gamma C is the cost of each theta, up to a row's constant.
            cost = np.einsum("k,ka->a", lam, gradients[:3]).reshape(rule.shape) / self.p[:, None]
            log = np.log(self.p @ rule) - cost / multipliers["sigma"]
            weight = np.exp(log - log.max(axis=1, keepdims=True))
            new = weight / weight.sum(axis=1, keepdims=True)
            if np.abs(new - rule).max() < 1e-9:
                return np.asarray(new)
            rule = new
        return rule


@dataclass(frozen=True, eq=False)
class State:
    """An equilibrium: its rule [type, theta], multipliers, functionals and how well it is polished. Nats."""

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

    @cached_property
    def curvature(self) -> float:
        """Least eigenvalue of J's Hessian over sigma, in the metric of S: > 0 at a strict local minimum."""
        return float(np.linalg.eigvalsh(self._system.hessian)[0] / self.sigma)

    def check_smooth(self) -> None:
        """Refuse kinks: raises NotSmoothError where the Hessian is singular."""
        if abs(self.curvature) < FLAT:
            raise NotSmoothError(
                f"kink: J's Hessian is singular here (least eigenvalue {self.curvature:.1e} sigma, at "
                f"delta = {self.delta:.6g}, gamma = {self.gamma:.6g}, sigma = {self.sigma:.6g}); the branch ends or "
                "splits, so one-sided derivatives differ or diverge and no Maxwell relation is stated"
            )

    def derivative(self, experiment: Derivative) -> float:
        """An experiment by implicit differentiation: one linear system, with exactly its own variables held."""
        step = self.tangent(experiment)
        return self._response(experiment.of, step)

    def tangent(self, experiment: Derivative) -> Array:
        """The move (u, d lambda) of the equilibrium for a unit change of `wrt`."""
        self.check_smooth()
        prescribed = (experiment.wrt, *experiment.held)
        _check_prescribed(dict.fromkeys(prescribed, 0.0))
        right = np.zeros(len(self._system.hessian) + 3)
        right[-3 + slot(experiment.wrt)] = 1.0
        matrix = self._system.matrix(prescribed)
        scaled = matrix / np.linalg.norm(matrix, axis=1, keepdims=True).clip(1e-300)
        if np.linalg.cond(scaled) > 1e12:
            raise NotSmoothError(
                f"degenerate: {experiment.wrt} cannot vary here with {', '.join(experiment.held)} held"
            )
        return np.linalg.solve(matrix, right)

    def _response(self, of: str, step: Array) -> float:
        if of in MULTIPLIERS:
            return float(step[-3 + slot(of)])
        row = 0 if of == "R" else 1 + slot(of)
        return float(self._system.slopes[row] @ step[:-3])

    def redone(self, experiment: Derivative, reach: float = 4e-3) -> float:
        """The same experiment by re-solving: central differences at two steps, extrapolated (error O(step^4)).

        The first step moves the state by about `reach` in the metric of S and in the logarithms of the multipliers;
        it is halved until two extrapolations agree within SETTLED, and where none do the experiment is refused.
        """
        tangent = self.tangent(experiment)
        lam = np.array([self.multipliers[PAIRS[name]] for name in ORDER])
        scale = np.concatenate([tangent[:-3] / np.sqrt(self.family.p.min()), tangent[-3:] / np.maximum(abs(lam), 0.1)])
        h = reach / float(np.abs(scale).max())
        base = {name: getattr(self, name) for name in (experiment.wrt, *experiment.held)}

        def slope(step: float) -> float:
            ends = (
                getattr(self.family.solve(self, **(base | {experiment.wrt: base[experiment.wrt] + s})), experiment.of)
                for s in (step, -step)
            )
            return (next(ends) - next(ends)) / (2 * step)

        wide, narrow = slope(h), slope(h / 2)
        found = (4 * narrow - wide) / 3
        size = max(abs(getattr(self, experiment.of)), 1.0)
        for _ in range(_HALVINGS):
            h, wide, last = h / 2, narrow, found
            narrow = slope(h / 2)
            found = (4 * narrow - wide) / 3
            if abs(found - last) <= SETTLED * max(abs(found), abs(last)) + RESIDUAL * size / h:
                return found
        raise NotSmoothError(
            f"re-solved at smaller and smaller steps of {experiment.wrt}, d{experiment.of}/d{experiment.wrt} does not "
            f"settle: {last:.9g}, then {found:.9g}"
        )

    def __str__(self) -> str:
        parts = [f"{name} = {getattr(self, name):.6g}" for name in ("delta", "gamma", "sigma", "R", *PAIRS)]
        return f"{', '.join(parts)} (nats); residual {self.residual:.1e}, curvature {self.curvature:.3g} sigma"


def _check_prescribed(prescribed: Mapping[str, float]) -> None:
    for name, value in prescribed.items():
        if name not in VARIABLES:
            raise ValueError(f"{name!r} is no variable of the family; they are {', '.join(VARIABLES)}")
        if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)) or not math.isfinite(value):
            raise ValueError(f"{name} is {value!r}; it is a finite number")
    if sorted(map(slot, prescribed)) != [0, 1, 2]:
        raise ValueError(
            f"prescribed: {', '.join(prescribed) or 'nothing'}; give one of D, delta, one of C, gamma, one of S, sigma"
        )


def _compositions(total: int, parts: int) -> list[tuple[int, ...]]:
    if parts == 1:
        return [(total,)]
    return [(k, *rest) for k in range(total, -1, -1) for rest in _compositions(total - k, parts - 1)]
