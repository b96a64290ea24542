"""The lower bound of a joint problem by Shannon's inequalities alone (nats).

With h the entropies of Phi, X^N, Y^N, Theta, Z^N, of which those of the data are known,

    min c.h   over A h >= 0 (the cone of world P), h_K known,   h(Theta) <= log theta_size,  h(Z_i) <= log z_size
    = max     mu.h_K - u log theta_size - v N log z_size   over lambda, u, v >= 0:  A_F' lambda = c_F + u e + v f,
              mu = c_K - A_K' lambda,

F the entropies that are not known: any exact lambda proves  c.h + u h(Theta) + v sum h(Z_i) >= mu.h_K  for all worlds
P, whatever data and alphabets. lambda is exact (shannon/refinement.py) and written out as a proof (certificate.py of
shannon) that `tx.verify_proof` rechecks. The data's entropies are balls.
Shannon's inequalities do not know the data beyond these entropies: the bound is often loose.

Errors: TypeError and ValueError for multipliers, ValueError for more than 3 samples.
Source: R. Yeung, A framework for linear information inequalities (1997); EQUATIONS (21), (22).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags

from therml_exact.frontier.joint.entropies import known_in_balls, objective_form
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.problems.multipliers import read_multipliers
from therml_exact.numbers.balls import precision, rounded
from therml_exact.numbers.given import Number
from therml_exact.results import result
from therml_exact.shannon import certificate as proofs
from therml_exact.shannon.cone import Cone, cone
from therml_exact.shannon.derivation import derive
from therml_exact.shannon.grammar import Form
from therml_exact.shannon.program import Answer, decide
from therml_exact.shannon.refinement import Program, add, exact_multipliers
from therml_exact.shannon.setting import Setting, of_world
from therml_exact.shannon.statements import parse
from therml_exact.verification import BITS

MOST_SAMPLES = 3
_ROUNDED = (10**6, 100, 1)  # parts of the largest multiplier that the others are rounded down to, if need be


@result
@dataclass(frozen=True, eq=False, repr=False)
class ShannonBound:
    """A lower bound of rho R + delta D + gamma C + sigma S for every rule, encoder and q's, by Shannon's inequalities.

    lower_bound   nats
    statement     the inequality that is proved for all worlds P, whatever data and alphabets
    multipliers   the coefficients of the data's entropies in it, by the names of the variables; no unit
    proof         plain data that `tx.verify` checks

    >>> problem = JointProblem([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], n=1)
    >>> bound = shannon_outer_bound(problem, gamma=1, delta=1)
    >>> round(bound.lower_bound, 4), bound.multipliers["X1"] == 1
    (0.6931, True)
    """

    lower_bound: float
    statement: str
    multipliers: dict[str, Fraction]
    proof: dict[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f">= {self.lower_bound:.9g} nats, from {self.statement}"


def shannon_outer_bound(
    problem: JointProblem, gamma: Number = 0, delta: Number = 0, sigma: Number = 0, rho: Number = 1, sized: bool = False
) -> ShannonBound:
    """The least rho R + delta D + gamma C + sigma S that Shannon's inequalities allow, for any alphabets.

    sized: H(Theta) and H(Z_i) are also held below the logarithms of the problem's sizes.

    >>> problem = JointProblem([1], [["1/2", "1/2"]], [[[1, 0], [0, 1]]], n=1, theta_size=2, z_size=2)
    >>> shannon_outer_bound(problem, gamma=1, delta=1).lower_bound > 0.693
    True
    """
    if not isinstance(problem, JointProblem):
        raise TypeError(f"problem is a {type(problem).__name__}; give a JointProblem")
    given = {"gamma": gamma, "delta": delta, "sigma": sigma, "rho": rho}
    return shannon_bound(problem, read_multipliers(problem, given), sized)


def shannon_bound(problem: JointProblem, at: Mapping[str, Fraction], sized: bool) -> ShannonBound:
    """The bound at exact multipliers."""
    if problem.n > MOST_SAMPLES:
        raise ValueError(f"n is {problem.n}; the linear program is built for at most {MOST_SAMPLES} samples")
    setting = of_world("P", problem.n)
    text, form = objective_form(setting, at)
    samples = (tuple(range(1, problem.n + 1)),)
    space = cone(setting, setting.names, samples)
    names = ["Theta", *(f"Z{i}" for i in range(1, problem.n + 1))] if sized else []
    sizes = {setting.mask([name]): Fraction(0) for name in names}
    loose = {
        m: space.reduce({m: Fraction(1)}) for m in ([setting.mask(["Theta"]), setting.mask(["Z1"])] if sized else [])
    }
    rows, caps = _multipliers(problem, setting, space, at, loose)
    for mask, u in caps.items():
        share = u if setting.members(mask) == ("Theta",) else u / problem.n
        for other in sizes:
            if setting.members(other)[0][0] == setting.members(mask)[0][0]:
                sizes[other] = share
    # What the rows leave is known: mu.h_K. Sets of the data that samples' exchange maps to each other are one unknown.
    left = space.reduce(form)
    for mask, u in caps.items():
        add(left, loose[mask], u)
    for k, m in rows.items():
        add(left, _row(space, k), -m)
    first = space.row_sets[-space.rows.shape[1] :, 0]
    known = {int(first[column]): c for column, c in left.items()}
    claim: Form = dict(form)
    add(claim, {m: u for m, u in sizes.items() if u}, Fraction(1))
    add(claim, known, Fraction(-1))
    right = " + ".join(f"{m} H({','.join(setting.members(s))})" for s, m in sorted(known.items())) or "0"
    extra = "".join(f" + {u} H({setting.members(m)[0]})" for m, u in sizes.items() if u)
    statement = parse(f"{text}{extra} >= {right}", setting)
    derivation = derive(setting, space, samples, claim, [], Answer(rows, {}, {}))
    part = {"claim": proofs.LEFT, "sum": proofs.terms(setting, derivation)}
    proof = proofs.header(setting, statement.text, [], "proved") | {"parts": [part]}
    with precision(BITS):
        rest = {m: u for m, u in sizes.items() if u} | {s: -m for s, m in known.items()}
        lower = rounded(known_in_balls(problem, setting, rest), up=False)
    return ShannonBound(lower, statement.text, {",".join(setting.members(s)): m for s, m in known.items()}, proof)


def _multipliers(
    problem: JointProblem,
    setting: Setting,
    space: Cone,
    at: Mapping[str, Fraction],
    caps: Mapping[int, Mapping[int, Fraction]],
) -> tuple[dict[int, Fraction], dict[int, Fraction]]:
    """Exact lambda of the cone's rows, and u of the capped entropies.

    R, D, C, S >= 0: where none are found at the given multipliers, those at multipliers rounded down serve.
    """
    program = _program(problem, setting, space, caps)
    inside = {column for form in program.columns for column in form}
    top = max(at.values()) or Fraction(1)
    for unit in (None, *(top / d for d in _ROUNDED)):
        below = {name: m if unit is None else m // unit * unit for name, m in at.items()}
        target = {c: v for c, v in space.reduce(objective_form(setting, below)[1]).items() if c in inside}
        found = exact_multipliers(program, target)
        if found is not None:
            break
    else:
        below, found = dict.fromkeys(at, Fraction(0)), {}
    rows = {k: m for k, m in found.items() if k < space.rows.shape[0]}
    for name, m in at.items():
        if m != below[name]:
            one = {other: Fraction(other == name) for other in at}
            proof = decide(space, space.reduce(objective_form(setting, one)[1])).rows
            assert proof is not None, "an information is a sum of elemental ones"
            add(rows, proof, m - below[name])
    return rows, {mask: found[k] for k, mask in enumerate(caps, space.rows.shape[0]) if k in found}


def _program(
    problem: JointProblem, setting: Setting, space: Cone, caps: Mapping[int, Mapping[int, Fraction]]
) -> Program:
    """The cone's rows and -h(Theta) >= -log theta_size, -h(Z_1) >= -log z_size, the data's entropies put in."""
    unknowns = space.rows.shape[1]
    first = space.row_sets[-unknowns:, 0]
    data = setting.mask(sorted(setting.data))
    fixed = np.array([not int(s) & ~data for s in first])
    forms = [_row(space, k) for k in range(space.rows.shape[0])]
    forms += [{column: -v for column, v in form.items()} for form in caps.values()]
    entries = [(float(v), k, column) for k, form in enumerate(forms) for column, v in form.items()]
    values, places, columns = (np.array(part) for part in zip(*entries, strict=True))
    matrix = csr_matrix((values, (places, columns)), shape=(len(forms), unknowns))
    right = np.zeros(len(forms))
    logs = [math.log(problem.thetas if setting.members(m) == ("Theta",) else problem.z_size) for m in caps]
    right[space.rows.shape[0] :] = -np.array(logs)
    right -= matrix[:, np.flatnonzero(fixed)] @ _data_entropies(problem, setting, first[fixed])
    unknown = [{column: v for column, v in form.items() if not fixed[column]} for form in forms]
    return Program(unknown, matrix @ diags((~fixed).astype(float)), right)


def _data_entropies(problem: JointProblem, setting: Setting, masks: Any) -> Any:
    one = Fraction(-1)
    return np.array([float(known_in_balls(problem, setting, {int(s): one}).mid()) for s in masks])


def _row(space: Cone, k: int) -> dict[int, Fraction]:
    low, high = space.rows.indptr[k], space.rows.indptr[k + 1]
    pairs = zip(space.rows.indices[low:high], space.rows.data[low:high], strict=True)
    return {int(c): Fraction(int(v)) for c, v in pairs}
