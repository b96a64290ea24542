"""The tour: a real contingency table as worlds P, every bound of the paper decided on it, and what it could teach.

A table of counts over (Phi, X, Y) is p(phi) p(x|phi) p(y|x,phi), exactly. N of its samples are shown to a learning rule
over the dictionary of all maps X -> Z, |Z| = |Y|:

    erm       the maps of least empirical 0-1 loss
    gibbs     the Boltzmann rule (24) for a fixed classifier that trusts the code with probability 3/4;
              its rows are irrational in general and are rounded to multiples of 1/10^6
    memorize  theta is the data set, read through the map that erm would choose for it

and held against the q's of practice: a uniform prior q(theta), and q(z), q(x|z), q(y|z), q(z|x) fitted and shared by
the samples. Then   I(Theta; Phi) <= I_pred = I(X^N, Y^N; Phi) <= H(T_N)   and   I(Theta; X^N, Y^N) <= S   (nats).

For more samples the same rules are tables by type (ExchangeableWorld), in floats with error bounds; `memorize`, which
keeps the order of the samples too, has none and is left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from therml_exact import encoders, learners, type_rules
from therml_exact.bounds.registry import BoundsReport, check_bounds
from therml_exact.files import save_result
from therml_exact.functional import Functionals, functionals
from therml_exact.histograms import types
from therml_exact.information import mutual_information
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.numbers.tables import Array, check_size
from therml_exact.predictive import PredictiveInformation, predictive_information
from therml_exact.variational import Variational, optimal_variational
from therml_exact.worlds import ExchangeableWorld, WorldP, data_tables

if TYPE_CHECKING:
    from therml_exact.joint import Joint

LEARNERS = ("constant", "erm", "gibbs", "memorize", "posterior")
TOUR_LEARNERS = ("erm", "gibbs", "memorize")
TYPE_LEARNERS = ("erm", "gibbs")
DENOMINATOR = 10**6
SIGMA, GAMMA, DELTA = Fraction(3, 4), 1, 0
CONFIDENCE = Fraction(3, 4)


@dataclass(frozen=True)
class Stop:
    """One world of the tour: a learner at N samples, its bounds and what it learnt (nats)."""

    learner: str
    n: int
    rounded: float  # the largest distance of a rule's row from the irrational one, 0 where it is exact
    bounds: BoundsReport
    functionals: Functionals
    I_pred: PrimeLog | float
    H_data: PrimeLog | float
    I_theta_phi: PrimeLog | float
    I_theta_data: PrimeLog | float

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**vars(self), "bounds": self.bounds.to_json()}


@dataclass(frozen=True)
class Tour:
    """All stops, with the variables that play Phi, X, Y: those over data sets, and those of more samples, by types."""

    roles: tuple[str, str, str]
    stops: tuple[Stop, ...]
    by_types: tuple[Stop, ...] = ()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write every number and verdict as JSON, in nats."""
        content = {"units": "nats", "roles": dict(zip(("phi", "x", "y"), self.roles, strict=True))}
        stops = {"stops": [s.to_json() for s in self.stops], "by_types": [_of_one_sample(s) for s in self.by_types]}
        save_result("tour", content | stops, path)

    def save_figure(self, path: str | os.PathLike[str], unit: str = "nats") -> None:
        """Draw what the data could teach against what was learnt, a panel for each N."""
        from therml_exact.figures import information as figures
        from therml_exact.figures import style as plots

        everything = (*self.stops, *self.by_types)
        samples = sorted({stop.n for stop in everything})
        figure, panels = plots.panels(len(samples))
        for n, ax in zip(samples, panels, strict=True):
            groups = {
                stop.learner: {
                    r"$I(\Theta;\Phi)$ learnt of the process": float(stop.I_theta_phi),
                    r"$I_{\mathrm{pred}}$ what could be": float(stop.I_pred),
                    r"$I(\Theta;X^N,Y^N)$ kept of the data": float(stop.I_theta_data),
                    r"$S$ paid": float(stop.functionals.S) if stop.functionals.S is not None else float("nan"),
                    r"$H(\mathcal{T}_N)$ all there is": float(stop.H_data),
                }
                for stop in everything
                if stop.n == n
            }
            figures.draw_teaching(groups, unit, ax)
            legend = ax.get_legend()
            if legend is not None and n != samples[0]:
                legend.remove()  # one serves all panels
            phi, x, y = self.roles
            ax.set_title(f"N = {n}:  $\\Phi$ = {phi}, X = {x}, Y = {y}", fontsize=10)
        plots.save_figure(figure, path)


def _of_one_sample(stop: Stop) -> dict[str, Any]:
    """A stop by types as plain data: the rows of one sample stand for those of all."""
    rows = tuple(row for row in stop.bounds if row.sample in (None, 1))
    return replace(stop, bounds=BoundsReport(rows, stop.bounds.skipped)).to_json()


def run(data: Joint, samples: tuple[int, ...] = (1, 2)) -> Iterator[Stop]:
    """The tour's stops one by one."""
    for n in samples:
        told = predictive_information(*data_tables(data), n)
        for learner in TOUR_LEARNERS:
            yield stop(*build(data, learner, n), learner, told)


def run_by_types(data: Joint, samples: tuple[int, ...] = (10, 50)) -> Iterator[Stop]:
    """The tour's stops at more samples, by types."""
    for n in samples:
        phi, x, y = (table.astype(float) for table in data_tables(data))
        told = predictive_information(phi, x, y, n)
        for learner in TYPE_LEARNERS:
            yield stop(build_by_types(data, learner, n), 0.0, learner, told)


def stop(world: WorldP | ExchangeableWorld, rounded: float, learner: str, told: PredictiveInformation) -> Stop:
    """The bounds and informations of a world with the q's of practice; told: what N samples tell of its process."""
    q = practice(world)
    return Stop(
        learner,
        world.n,
        rounded,
        check_bounds(world, q),
        functionals(world, q),
        mutual_information(world, world.data, "Phi"),
        told.H,
        mutual_information(world, "Theta", "Phi"),
        mutual_information(world, "Theta", world.data),
    )


def build_by_types(data: Joint, learner: str, n: int) -> ExchangeableWorld:
    """The world of `build` with its rule by type, in floats, for a learner that sees the type alone."""
    if learner not in TYPE_LEARNERS:
        raise ValueError(f"learner is {learner!r}; by types there are {', '.join(TYPE_LEARNERS)}")
    phi, x, y = (table.astype(float) for table in data_tables(data))
    _, nx, ny = data.shape
    maps = encoders.deterministic(nx, ny)
    counts = types(n, nx * ny)
    if learner == "erm":
        errors = 1 - maps.reshape(len(maps), -1)  # loss[theta, x, y] = 1 where the code is not y
        rule = type_rules.erm(counts, errors).astype(float)
    else:
        q = _reader(len(maps), ny).to_float()
        cost = learners.sample_cost(maps.astype(float), q, 1, ny, float(GAMMA), float(DELTA)).T
        rule = type_rules.gibbs(counts, cost, q.theta, float(SIGMA))
    return WorldP.exchangeable(phi, x, y, n, rule, maps.astype(float))


def build(data: Joint, learner: str, n: int) -> tuple[WorldP, float]:
    """The world of a joint over (Phi, X, Y) and a named learner, and how far its rows were rounded."""
    if learner not in LEARNERS:
        raise ValueError(f"learner is {learner!r}; it is one of {', '.join(LEARNERS)}")
    phi, x_given_phi, y_given_x_phi = data_tables(data)
    _, nx, ny = data.shape
    if learner == "constant":
        one = np.zeros((1, nx, ny), dtype=object)
        one[..., 0] = 1  # every letter has one code
        return WorldP(phi, x_given_phi, y_given_x_phi, learners.constant(nx, ny, n), encoders.table(one)), 0.0
    check_size((nx * ny) ** n * ny**nx, 2 * n + 1, True, f"the rule over all {ny}^{nx} maps X -> Z for N = {n}")
    maps = encoders.deterministic(nx, ny)
    rule = learners.erm(nx, ny, n, maps)
    erm = WorldP(phi, x_given_phi, y_given_x_phi, rule, encoders.table(maps))
    if learner == "memorize":
        return replace(
            erm, theta_given_data=learners.memorize(nx, ny, n), z_given_x_theta=_read_through(rule, maps)
        ), 0.0
    if learner == "posterior":
        draw = learners.posterior(phi, x_given_phi, y_given_x_phi, n)
        best = _best_maps(y_given_x_phi, maps)
        return replace(erm, theta_given_data=draw, z_given_x_theta=encoders.table(best)), 0.0
    if learner == "gibbs":
        exact = learners.gibbs(SIGMA, maps, _reader(len(maps), ny), nx, ny, n, GAMMA, DELTA)
        rows = learners.rational_rows(exact, DENOMINATOR)
        return replace(erm, theta_given_data=rows), float(np.abs(rows.astype(float) - exact).max())
    return erm, 0.0


def practice(world: WorldP | ExchangeableWorld) -> Variational:
    """The q's of practice: a uniform prior, the others fitted to the mixture of the samples."""
    size = world.network.sizes["Theta"]
    uniform = [Fraction(1, size) if world.is_exact else 1 / size] * size
    return replace(optimal_variational(world, shared=True), theta=uniform)


def _reader(theta: int, ny: int) -> Variational:
    """Fixed q's for the Boltzmann rule: uniform priors, and a classifier that reads the code as the label."""
    other = (1 - CONFIDENCE) / max(1, ny - 1)
    rows = [[(CONFIDENCE if z == y else other) if ny > 1 else Fraction(1) for y in range(ny)] for z in range(ny)]
    return Variational(theta=[Fraction(1, theta)] * theta, z=[Fraction(1, ny)] * ny, y_given_z=rows)


def _read_through(rule: Array, maps: Array) -> Array:
    """z_given_x_theta for theta a data set: the map that erm draws for it."""
    flat = rule.reshape(-1, len(maps))
    table = (flat[:, :, None, None] * maps[None]).sum(axis=1)  # [data set, x, z]
    return encoders.table(table)


def _best_maps(y_given_x_phi: Array, maps: Array) -> Array:
    """For each phi the map that names its likeliest label."""
    best = y_given_x_phi.argmax(axis=2)  # [phi, x]
    letters = maps.argmax(axis=2)  # [theta, x]
    return np.stack([maps[int(np.flatnonzero((letters == row).all(axis=1))[0])] for row in best])
