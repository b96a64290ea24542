"""The audit of a model: the exact functionals of its own tables beside what its training loop reported (nats).

    R, C, D, S, V, U of the tables that are given (10)-(13), and the least value that each has over all q's:
    I(Z;X,Theta), H(Y|Z), H(X|Z), I(Theta;X^N,Y^N), I(Z;Theta|X) (equations 70-77)

Tables are whatever NumPy can read; those with letters (DataFrames, DataArrays) are put in the order of the joint's.
Shapes: as in variational.py, and z_given_x[x, z] for the encoder of a joint.
Errors: ValueError for tables and reports that do not fit, naming them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from therml_exact.containers import contents
from therml_exact.frontier.curve.claim import Classification, locate
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.functional import functionals
from therml_exact.joint import Joint
from therml_exact.letters import Letter
from therml_exact.numbers.tables import SINGLE_PRECISION, Array, as_array, check_rows, entry, read_table
from therml_exact.numbers.text import listed, shown
from therml_exact.results import result
from therml_exact.variational import FAMILIES, Variational, optimal_variational
from therml_exact.worlds import World, WorldP

_FUNCTIONALS = "RCDSVU"
_NEEDS = {"R": "z[z]", "C": "y_given_z[z, y]", "D": "x_given_z[z, x]", "S": "theta[theta]", "V": "z_given_x[x, z]"}
_ENERGY = {"bayes": "x_given_theta[theta, x]", "discriminative": "y_given_x_theta[x, theta, y]"}
_LEAST = {"R": "I(Z;X,Theta)", "C": "H(Y|Z)", "D": "H(X|Z)", "S": "I(Theta;X^N,Y^N)", "V": "I(Z;Theta|X)"}


@dataclass(frozen=True)
class ModelRow:
    """One functional of a model, exact and as it was reported.

    name        the functional: R, C, D, S, V or U
    exact       its exact value, nats
    reported    what was reported, nats; None where nothing was
    difference  reported - exact, nats; None where nothing was reported
    note        what the difference looks like, such as "looks like bits"; empty where there is none

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> tables = {"theta": ["1/2", "1/2"], "x_given_theta": [["3/4", "1/4"], ["1/4", "3/4"]]}
    >>> row = tx.audit.model(world, tables, reported={"S": 1.0}).rows[0]
    >>> row.name, round(row.exact, 6), row.reported, row.note
    ('S', 0.693147, 1.0, 'looks like bits')
    """

    name: str
    exact: float
    reported: float | None
    difference: float | None
    note: str


@result
@dataclass(frozen=True, eq=False, repr=False)
class ModelAudit:
    """What the audit of a model found.

    rows      a ModelRow for each functional that the tables define
    rescaled  by how much the rows of tables of floats missed 1, by the table's name; those were rescaled. No unit
    location  where the model lies in the plane of (R, C, D), per sample, as a Classification; None where that is not
              known
    optimal   the least value of each functional over all q's, such as I(X;Z) for R and H(Y|Z) for C, by name; nats
    meaning   what information that is, by the functional's name
    missing   the table that each functional needs whose table is not given, by name
    others    the names of what else was reported: losses that are no functional, and are not audited

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> audit = tx.audit.model(world, {"theta": ["1/4", "3/4"]}, reported={"S": 1.0, "epoch": 7})
    >>> len(audit.rows), audit.rescaled, audit.location, audit.missing
    (1, {}, None, {'U': 'x_given_theta[theta, x]'})
    >>> round(audit.rows[0].exact, 4), round(audit.optimal["S"], 4), audit.meaning["S"]
    (0.837, 0.6931, 'I(Theta;X^N)')
    """

    rows: tuple[ModelRow, ...]
    rescaled: dict[str, float]
    location: Classification | None
    optimal: dict[str, float]
    meaning: dict[str, str]
    missing: dict[str, str]
    others: tuple[str, ...]

    def __str__(self) -> str:
        lines = []
        for r in self.rows:
            told = "not reported" if r.difference is None else f"reported {r.reported:.9g}, off by {r.difference:+.3g}"
            lines.append(f"{r.name} = {r.exact:.9g} nats, {told}" + (f" ({r.note})" if r.note else ""))
        lines += [f"rows of {name} were rescaled by up to {by:.2g}" for name, by in self.rescaled.items()]
        least = [f"{name} = {self.meaning[name]} = {value:.9g}" for name, value in self.optimal.items()]
        lines.append(f"with the best q's: {', '.join(least)} nats")
        lines += [f"{name} needs {table}" for name, table in self.missing.items()]
        if self.others:
            lines.append(f"not audited, as they are no functionals: {listed(self.others)}")
        if self.location is not None:
            lines.append(f"a sample: {self.location}")
        return "\n".join(lines)


def model(
    world: World | Joint,
    tables: Variational | Mapping[str, Any],
    reported: Mapping[str, Any] | None = None,
    log: bool = False,
) -> ModelAudit:
    """The exact functionals R, C, D, S, ... (10)-(13) of a model's own tables, beside those that were reported.

    world: a World with the model's own encoder and learning rule; or a Joint p(x, y), whose encoder is then
    tables["z_given_x"][x, z]. tables: the q's by name (theta, z, x_given_z, y_given_z, ...), or a Variational; whatever
    NumPy can read, tensors of torch and jax among it. reported: the reported values by name, in nats; names that are no
    functional (other losses) are kept apart. log: whether the tables hold logarithms of probabilities.
    Rows of floats that are off by no more than single precision are rescaled, and `rescaled` says by how much. Tables
    with letters are put in the order of the joint's.
    Returns a ModelAudit in nats; for a WorldP it also has the model's distance to the true frontier.
    Raises TypeError for a world of another type; ValueError for tables and reports that do not fit, naming them.

    >>> import therml_exact as tx
    >>> world = tx.BayesWorld(["1/2", "1/2"], [[1, 0], [0, 1]], [[1, 0], [0, 1]])
    >>> tables = {"theta": ["1/2", "1/2"], "x_given_theta": [["3/4", "1/4"], ["1/4", "3/4"]]}
    >>> print(tx.audit.model(world, tables, reported={"S": 1.0, "U": 0.3}))
    S = 0.693147181 nats, reported 1, off by +0.307 (looks like bits)
    U = 0.287682072 nats, reported 0.3, off by +0.0123 (differs)
    with the best q's: S = I(Theta;X^N) = 0.693147181, U = H(X|Theta) = 0 nats
    """
    if not isinstance(world, (World, Joint)):
        raise TypeError(f"world is a {type(world).__name__}; give a World, or a Joint p(x, y)")
    if not isinstance(tables, (Variational, Mapping)):
        raise TypeError(f"tables is a {type(tables).__name__}; give a dict of the q's by name, or a Variational")
    given = dict(tables.given()) if isinstance(tables, Variational) else dict(tables)
    rescaled: dict[str, float] = {}
    letters = _Letters(world)
    given = {name: _rows(name, letters.ordered(name, table), rescaled, log) for name, table in given.items()}
    if isinstance(world, Joint):
        world = _world(world, _encoder(world, given))
    foreign = [name for name in given if name not in {f.name for f in fields(Variational) if f.init}]
    if foreign:
        known = [f.name for f in fields(Variational) if f.init]
        raise ValueError(f"tables has {foreign[0]!r}; the q's are {', '.join(known)}")
    q = Variational(**given)
    best = functionals(world, optimal_variational(world, shared=not any(map(q.per_sample, q.given()))))
    if q.given() and q.is_exact != world.is_exact and not q.whole:
        world, q = world.to_float(), q.to_float()
    values, optimal = ({n: float(v) for n, v in _found(f)} for f in (functionals(world, q), best))
    if letters.trivial:
        optimal = {name: optimal[name] for name in "RCD"}
    missing = {name: needs for name in optimal if name not in values for needs in [_needs(name, world)]}
    told = {} if reported is None else dict(reported)
    claims = {name: _reported(name, value) for name, value in told.items() if name in tuple(_FUNCTIONALS)}
    others = tuple(name for name in told if name not in claims)
    for name in claims:
        if name not in values:
            needs = f"; {name} needs {missing[name]}" if name in missing else ""
            raise ValueError(
                f"reported has {name!r}, which these tables do not define; they give {', '.join(values) or 'nothing'}"
                + needs
            )
    rows = []
    for name, value in values.items():
        claim = claims.get(name)
        note = "" if claim is None else _note(value, claim, world.n)
        rows.append(ModelRow(name, value, claim, None if claim is None else claim - value, note))
    location = None
    here = {name: values[name] / world.n for name in "RCD" if name in values and math.isfinite(values[name])}
    if isinstance(world, WorldP) and here:
        location = locate(_problem(world), here)
    meaning = {name: _meaning(name, world, letters.trivial) for name in optimal}
    return ModelAudit(tuple(rows), rescaled, location, optimal, meaning, missing, others)


def _found(values: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(values, name)) for name in _FUNCTIONALS if getattr(values, name) is not None]


def _needs(name: str, world: World) -> str:
    return _ENERGY[world.kind] if name == "U" else _NEEDS[name]


def _meaning(name: str, world: World, trivial: bool) -> str:
    """The information that is the least value of a functional, summed over the samples."""
    if name == "U":
        return "H(X|Theta)" if world.kind == "bayes" else "H(Y|X,Theta)"
    if trivial and name == "R":
        return "I(X;Z)"
    return "I(Theta;X^N)" if name == "S" and world.kind == "bayes" else _LEAST[name]


def _reported(name: str, value: Any) -> float:
    array = as_array(value, f"reported[{name!r}]")
    if array.size != 1 or array.dtype.kind not in "fiubVO":
        raise ValueError(f"reported[{name!r}] is {shown(value)}; report one number of nats")
    try:
        number = float(array.reshape(-1)[0])
    except (TypeError, ValueError):
        raise ValueError(f"reported[{name!r}] is {shown(value)}; report one number of nats") from None
    if math.isnan(number):
        raise ValueError(f"reported[{name!r}] is nan; report a number of nats, or leave it out")
    return number


class _Letters:
    """The letters of X, Y and of the codes Z, by which tables are ordered; those of Z are of the first table."""

    def __init__(self, world: World | Joint) -> None:
        self.trivial = isinstance(world, Joint)
        self.known: dict[str, tuple[Letter, ...]] = {}
        if isinstance(world, Joint):
            for variable, name in zip("XY", world.axes, strict=False):
                if name in world.labels:
                    self.known[variable] = world.labels[name]

    def ordered(self, name: str, table: Any) -> Any:
        """The table with its letters in the joint's order; a table without letters as it is."""
        held = None if isinstance(table, Mapping) else contents(table, name)
        if held is None or name not in FAMILIES:
            return table
        cells = np.asarray(held.cells)
        given, what = FAMILIES[name]
        variables = (*given, what)
        for axis, (variable, letters) in enumerate(zip(variables, held.letters, strict=False)):
            if letters is None:
                continue
            known = self.known.setdefault(variable, letters) if variable == "Z" else self.known.get(variable)
            if known is None:
                raise ValueError(f"{name} has letters of {variable}, and the world has none; pass {name}.to_numpy()")
            if set(known) != set(letters):
                odd = sorted(map(str, set(known) ^ set(letters)))
                raise ValueError(f"{name} and the joint differ in the letters of {variable}: {listed(odd)}; name all")
            cells = np.take(cells, [letters.index(letter) for letter in known], axis=axis)
        return cells


def _encoder(joint: Joint, given: dict[str, Any]) -> Array:
    """The encoder of a joint, taken out of the tables."""
    if "z_given_x" not in given:
        raise ValueError('tables has no "z_given_x": a Joint needs the model\'s encoder z_given_x[x, z]')
    encoder = read_table(given.pop("z_given_x"), "z_given_x")
    check_rows(encoder, "z_given_x")
    if encoder.ndim != 2 or len(encoder) != joint.shape[0]:
        raise ValueError(f"z_given_x has shape {encoder.shape}; it is [x, z] with {joint.shape[0]} letters of x")
    return encoder


def _rows(name: str, table: Any, rescaled: dict[str, float], log: bool) -> Any:
    """The table as NumPy reads it; rows of floats that miss 1 by single precision are divided by their sums."""
    array = as_array(table, name)
    if array.dtype.kind not in "fV":
        if log:
            raise ValueError(f"{name} holds no floats, and log=True says that it holds logarithms")
        return table
    array = array.astype(np.float64)
    if log:
        above = np.argwhere(~(array <= SINGLE_PRECISION))
        if len(above):
            index = tuple(int(k) for k in above[0])
            raise ValueError(
                f"{entry(name, index)} is {array[index]}; with log=True it is a logarithm of a probability, <= 0"
            )
        array = np.exp(array)
    sums = array.sum(axis=-1, keepdims=True)
    off = float(np.abs(sums - 1).max(initial=0.0))
    if 1e-12 < off <= SINGLE_PRECISION:
        rescaled[name] = off
        return array / sums
    return array


def _world(p_xy: Joint, encoder: Any) -> WorldP:
    """One process, a learning rule that learns nothing, and the encoder."""
    if len(p_xy.axes) != 2:
        raise ValueError(f"the joint has axes {p_xy.axes}; give p(x, y), or a World")
    p = p_xy.to_float().table
    x = p.sum(axis=1)
    y_given_x = np.where(x[:, None] > 0, p / np.where(x > 0, x, 1.0)[:, None], 1 / p.shape[1])
    rule = np.ones((*p.shape, 1))
    return WorldP([1.0], x[None, :] / x.sum(), y_given_x[None], rule, np.asarray(encoder, dtype=float)[:, None, :])


def _problem(world: WorldP) -> EncoderProblem:
    """The mixture over the samples, which is what shared q's see."""
    weights = [world.marginal([f"X{i}", "Theta", f"Y{i}"]) for i in world.samples]
    total = sum(w.table for w in weights[1:]) + weights[0].table
    table = total / total.sum() if not world.is_exact else total * (1 / sum(total.reshape(-1)))
    return EncoderProblem(Joint(table, ("X", "Theta", "Y")))


def _note(exact: float, claim: float, n: int) -> str:
    def close(value: float) -> bool:
        return abs(claim - value) <= 2e-3 * max(abs(value), 1e-3)

    if close(exact):
        return ""
    if close(exact / math.log(2)):
        return "looks like bits"
    if n > 1 and close(exact / n):
        return f"looks like a mean over the {n} samples; functionals are sums"
    return "differs"
