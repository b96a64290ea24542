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
from therml_exact.thermo.potentials import MULTIPLIERS, PAIRS, VARIABLES, Derivative

RESIDUAL = 1e-12  # of the stationarity conditions, in the metric of S
FLAT = 1e-5  # curvature below which a point counts as a kink
_ORDER = tuple(PAIRS)  # D, C, S
_SMALLEST = 1e-200  # a rule entry below it has reached the boundary of the simplex


class NotSmoothError(ValueError):
    """There is no derivative to measure here; the message says why."""


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
        h = {name: _negentropy(m, m @ r) for name, m in maps.items()}
        marginal = np.einsum("t,ab->bta", self.p, np.eye(rule.shape[1])).reshape(rule.shape[1], size)
        own = np.repeat(self.p, rule.shape[1])
        total = _negentropy(marginal, marginal @ r)
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
        if isinstance(start, State):
            return self._follow(start, prescribed)
        if set(prescribed) != set(MULTIPLIERS):
            raise ValueError("without a State to start from prescribe delta, gamma and sigma; then follow the branch")
        if start is not None:
            rule = np.asarray(start, dtype=np.float64)
            if rule.shape != (len(self.p), len(self.encoders)):
                raise ValueError(f"start has shape {rule.shape}; it is {(len(self.p), len(self.encoders))}")
            return self._newton(rule, prescribed, prescribed)
        rng = np.random.default_rng(0)
        best: State | None = None
        reason = ""
        for _ in range(8):
            rule = self._relax(rng.dirichlet(np.ones(len(self.encoders)), size=len(self.p)), prescribed, 2000)
            try:
                state = self._newton(rule, prescribed, prescribed)
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
                state, done = self._newton(state.rule, state.multipliers, aim), here
            except NotSmoothError:
                step /= 2
                if step < 1e-3:
                    raise
        return state

    def _newton(self, rule: Array, multipliers: Mapping[str, float], target: Mapping[str, float]) -> State:
        lam = np.array([multipliers[PAIRS[name]] for name in _ORDER])
        goal = dict(target)
        last = math.inf
        for _ in range(60):
            if rule.min() < _SMALLEST:
                raise NotSmoothError("the equilibrium lies on the boundary: some theta has lost all its probability")
            system = _System(self, rule, lam)
            off = system.residual(goal)
            size = float(np.abs(off).max())
            if size < RESIDUAL / 100 or (size < RESIDUAL and size >= last / 2):
                return State(self, rule, dict(zip(map(PAIRS.get, _ORDER), lam.tolist(), strict=True)), size, system)  # type: ignore[arg-type]
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

    def _relax(self, rule: Array, multipliers: Mapping[str, float], steps: int) -> Array:
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
    _system: _System = field(repr=False)

    def __getattr__(self, name: str) -> float:
        if name in MULTIPLIERS:
            return float(self.multipliers[name])
        if name in ("R", *PAIRS):
            return float(self._system.values[("R", *_ORDER).index(name)])
        raise AttributeError(name)

    @property
    def J(self) -> float:
        """The objective (32)."""
        return self.R + sum(self.multipliers[PAIRS[name]] * getattr(self, name) for name in _ORDER)

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
        right[-3 + _slot(experiment.wrt)] = 1.0
        matrix = self._system.matrix(prescribed)
        scaled = matrix / np.linalg.norm(matrix, axis=1, keepdims=True).clip(1e-300)
        if np.linalg.cond(scaled) > 1e12:
            raise NotSmoothError(
                f"degenerate: {experiment.wrt} cannot vary here with {', '.join(experiment.held)} held"
            )
        return np.linalg.solve(matrix, right)

    def _response(self, of: str, step: Array) -> float:
        if of in MULTIPLIERS:
            return float(step[-3 + _slot(of)])
        row = 0 if of == "R" else 1 + _slot(of)
        return float(self._system.slopes[row] @ step[:-3])

    def redone(self, experiment: Derivative, reach: float = 4e-3) -> float:
        """The same experiment by re-solving: central differences at two steps, extrapolated (error O(step^4)).

        The step moves the state by about `reach` in the metric of S and in the logarithms of the multipliers.
        """
        tangent = self.tangent(experiment)
        lam = np.array([self.multipliers[PAIRS[name]] for name in _ORDER])
        scale = np.concatenate([tangent[:-3] / np.sqrt(self.family.p.min()), tangent[-3:] / np.maximum(abs(lam), 0.1)])
        h = reach / float(np.abs(scale).max())
        base = {name: getattr(self, name) for name in (experiment.wrt, *experiment.held)}

        def at(shift: float) -> float:
            aim = base | {experiment.wrt: base[experiment.wrt] + shift}
            return getattr(self.family.solve(self, **aim), experiment.of)

        wide, narrow = ((at(s) - at(-s)) / (2 * s) for s in (h, h / 2))
        return (4 * narrow - wide) / 3

    def __str__(self) -> str:
        parts = [f"{name} = {getattr(self, name):.6g}" for name in ("delta", "gamma", "sigma", "R", *PAIRS)]
        return f"{', '.join(parts)} (nats); residual {self.residual:.1e}, curvature {self.curvature:.3g} sigma"


class _System:
    """The bordered system at a rule and multipliers."""

    def __init__(self, family: EquilibriumFamily, rule: Array, lam: Array) -> None:
        self.values, gradients, hessians = family.evaluate(rule)
        self.lam = lam
        self.basis = _basis(rule, family.p)
        weights = np.array([1.0, *lam])
        self.slopes = gradients @ self.basis
        self.gradient = weights @ self.slopes
        self.hessian = self.basis.T @ np.einsum("k,kab->ab", weights, hessians) @ self.basis

    def residual(self, goal: Mapping[str, float]) -> Array:
        off = np.zeros(3)
        for name, value in goal.items():
            k = _slot(name)
            off[k] = (self.lam[k] if name in MULTIPLIERS else self.values[1 + k]) - value
        return np.concatenate([self.gradient, off])

    def matrix(self, prescribed: Any) -> Array:
        n = len(self.hessian)
        matrix = np.zeros((n + 3, n + 3))
        matrix[:n, :n] = self.hessian
        matrix[:n, n:] = self.slopes[1:].T
        for name in prescribed:
            k = _slot(name)
            if name in MULTIPLIERS:
                matrix[n + k, n + k] = 1.0
            else:
                matrix[n + k, :n] = self.slopes[1 + k]
        return matrix

    def solve(self, goal: Mapping[str, float], right: Array) -> Array:
        try:
            return np.linalg.solve(self.matrix(goal), right)
        except np.linalg.LinAlgError:
            raise NotSmoothError(
                "the bordered Hessian is singular on the way: a kink, or a variable that cannot vary"
            ) from None


def default_family() -> tuple[EquilibriumFamily, State]:
    """The family on which `therml maxwell` measures, and the equilibrium in its middle.

    N = 2 binary samples; a hidden bit turns the label round; three soft encoders copy x, flip it, or lean to one code.
    """
    family = EquilibriumFamily(
        [0.4, 0.6],
        [[0.4, 0.6], [0.45, 0.55]],
        [[[0.95, 0.05], [0.1, 0.9]], [[0.15, 0.85], [0.9, 0.1]]],
        2,
        [[[0.9, 0.1], [0.2, 0.8]], [[0.15, 0.85], [0.9, 0.1]], [[0.9, 0.1], [0.8, 0.2]]],
    )
    return family, family.solve(delta=0.5, gamma=2.1, sigma=0.3)


def branch_end(state: State, multiplier: str, toward: float, width: float = 1e-12) -> tuple[State, float]:
    """Where the branch stops being smooth as one multiplier goes `toward` a value: the last state, and a value beyond.

    Bisection on whether the branch can be followed with positive curvature. The two multipliers are within `width`.
    """
    if multiplier not in MULTIPLIERS:
        raise ValueError(f"multiplier is {multiplier!r}; it is one of {', '.join(MULTIPLIERS)}")
    last, beyond = state, float(toward)
    step = (beyond - state.multipliers[multiplier]) / 50
    while abs(beyond - last.multipliers[multiplier]) > width:
        here = last.multipliers[multiplier]
        middle = here + step if abs(step) < abs(beyond - here) / 2 else (here + beyond) / 2
        try:
            found = last.family._newton(last.rule, last.multipliers, dict(last.multipliers) | {multiplier: middle})
            smooth = found.curvature > 0
        except NotSmoothError:
            smooth = False
        if smooth:
            last = found
        else:
            beyond = middle
        if middle == toward:
            break
    if beyond == toward:
        raise NotSmoothError(f"the branch stays smooth up to {multiplier} = {last.multipliers[multiplier]:.12g}")
    return last, beyond


def sample_states(
    family: EquilibriumFamily, middle: State, count: int, seed: int = 0, spread: float = 0.1
) -> list[State]:
    """Equilibria of one branch at `count` random multipliers, each within a factor 1 +- spread of the middle's."""
    rng = np.random.default_rng(seed)
    factors = 1 + spread * rng.uniform(-1, 1, size=(count, 3))
    return [
        family.solve(middle, **{m: middle.multipliers[m] * f for m, f in zip(MULTIPLIERS, row, strict=True)})
        for row in factors
    ]


def _negentropy(m: Array, cells: Array) -> tuple[float, Array, Array]:
    """Value, gradient and Hessian of sum c log c at cells c = m r."""
    log = np.log(cells)
    return float(cells @ log), m.T @ (log + 1), (m.T / cells) @ m


def _basis(rule: Array, p: Array) -> Array:
    """Columns dr = sqrt(r/p) u, u an orthonormal basis of the complement of sqrt(r), block by block."""
    rows, size = rule.shape
    basis = np.zeros((rows * size, rows * (size - 1)))
    for t, row in enumerate(rule):
        root = np.sqrt(row)
        turned = root.copy()
        turned[0] += 1.0  # Householder: maps sqrt(r) to the first axis
        u = (np.eye(size) - 2 * np.outer(turned, turned) / (turned @ turned))[:, 1:]
        basis[t * size : (t + 1) * size, t * (size - 1) : (t + 1) * (size - 1)] = root[:, None] * u / math.sqrt(p[t])
    return basis


def _slot(name: str) -> int:
    return _ORDER.index(MULTIPLIERS.get(name, name))


def _check_prescribed(prescribed: Mapping[str, float]) -> None:
    for name, value in prescribed.items():
        if name not in VARIABLES:
            raise ValueError(f"{name!r} is no variable of the family; they are {', '.join(VARIABLES)}")
        if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)) or not math.isfinite(value):
            raise ValueError(f"{name} is {value!r}; it is a finite number")
    if prescribed.get("sigma", 1.0) < 0:
        raise ValueError(f"sigma is {prescribed['sigma']}; temperatures are > 0")
    if sorted(map(_slot, prescribed)) != [0, 1, 2]:
        raise ValueError(
            f"prescribed: {', '.join(prescribed) or 'nothing'}; give one of D, delta, one of C, gamma, one of S, sigma"
        )


def _compositions(total: int, parts: int) -> list[tuple[int, ...]]:
    if parts == 1:
        return [(total,)]
    return [(k, *rest) for k in range(total, -1, -1) for rest in _compositions(total - k, parts - 1)]
