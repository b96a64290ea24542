"""check_joint: is the certificate of a JointProblem true? Balls and exact sums; no solver is imported (nats).

    value        rho R + delta D + gamma C + sigma S of the witness's tables, bounded from above
    lower bound  by one of these, with T the type of the data and X, Y, Z those of a sample drawn uniformly:

    shannon     an exact proof of    objective + u H(Theta) + v sum_i H(Z_i) >= sum_S m_S H(S)    for world P;
                the entropies of data S are known, H(Theta) <= log theta_size, H(Z_i) <= log z_size
    types       S >= I(Theta;T|X) >= I(Z;T|X) and R >= N I(Z;X,T), as Theta - T - X and Z - (X,Theta) - T:
                the encoder problem of (X, T, Y) at (N rho + sigma, N delta + sigma, N gamma), less sigma H(X)
    samples     data independent and alike: S >= N I(Theta;X,Y) >= N I(Z;Y|X), R >= N I(Z;X,Y):
                N times the encoder problem of (X, Y, Y) at (rho + sigma, delta + sigma, gamma), less N sigma H(X)
    partitions  sigma = 0: given encoder and q's the objective is linear in the rule, so some deterministic rule, a
                partition of the types, is optimal. Where only the first types' blocks are decided, to know the others
                apart costs nothing: N times the encoder problem of (X, block, Y) bounds all rules that follow
    constant    theta_size = 1: N times the encoder problem of (X, Y) at (rho, delta, gamma)
    zero        nothing: R, D, C and S are never negative
    chord       bounds at several sigma_k with weights w_k, sum w_k = 1 and sum w_k sigma_k <= sigma: the objective is
                linear in sigma, so that its minimum is concave, and S >= 0

For (rho + sigma) I(Z;X,T) + (delta + sigma) H(X|Z) = rho I(Z;X,T) + delta H(X|Z) + sigma [H(X) + I(Z;T|X)].
`types` at sigma = 0 is exact where theta_size reaches the number of types.

Errors: RefusedError for a claim that is false or not proved, UnfinishedError where the time ends.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.check import check_bounds_of
from therml_exact.frontier.problems.encoder import EncoderProblem
from therml_exact.joint import Joint
from therml_exact.numbers.balls import ball, plogp, settled
from therml_exact.numbers.tables import Array
from therml_exact.numbers.text import read_exact, shown
from therml_exact.shannon.grammar import Form, add, parse
from therml_exact.shannon.setting import Setting, of_world
from therml_exact.verification import Clock, Proven, bracketed, finite, require, told

FORMAT = "therml-exact/joint-bound"
VERSION = 1
LARGE = 10**18  # of a multiplier; `minimize` takes 1e12
MOST_PARTS = 100  # of a chord
Multipliers = Mapping[str, Fraction]


FIELDS = {
    "format",
    "version",
    "problem",
    "multipliers",
    "value",
    "lower_bound",
    "tol",
    "status",
    "rule",
    "encoder",
    "bound",
    "sha256",
}


def check_joint(c: Mapping[str, Any], problem: Any, clock: Clock) -> Proven:
    """Every claim of one certificate."""
    require(type(c.get("version")) is int and c["version"] == VERSION, f"the version is {shown(c.get('version'))}")
    require(set(c) == FIELDS, f"the fields are {shown(sorted(c))}; they are {', '.join(sorted(FIELDS))}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    if problem is not None:
        ours = problem.describe() if isinstance(problem, JointProblem) else None
        require(ours == c["problem"], "the certificate is about another problem")
    require(c["status"] in ("certified", "open"), f"the status {shown(c['status'])} is unknown")
    claimed, bound, tol = (finite(c[name]) for name in ("value", "lower_bound", "tol"))
    bracketed(claimed, bound, c["status"], tol)
    about = JointProblem.read(c["problem"])
    multipliers = {name: read_exact(text) for name, text in c["multipliers"].items()}
    require(set(multipliers) == set(JointProblem.multipliers), "multipliers are missing or foreign")
    require(all(m == 0 or 1 / LARGE <= m <= LARGE for m in multipliers.values()), "a multiplier is out of range")
    rule, encoder = (_table(c[name]) for name in ("rule", "encoder"))
    value = settled(lambda: objective_of(functionals_in_balls(about, rule, encoder), multipliers))
    require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    lower = bound_in_balls(about, multipliers, c["bound"], clock)
    require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    what = "every claim holds" + ("; the certificate itself says 'open'" if c["status"] == "open" else "")
    return Proven(claimed, bound, what, told(c["problem"], {"multipliers": c["multipliers"]}))


def _table(content: Mapping[str, Any]) -> Array:
    """A table of floats in hexadecimal."""
    return np.array([finite(v) for v in content["cells"]]).reshape(content["shape"])


# ---- from above


def functionals_in_balls(problem: JointProblem, rule: Array, encoder: Array) -> dict[str, arb]:
    """R, D, C, S with the best q's; rows are divided by their sums."""
    (nx, ny), letters = problem.shape, len(problem.types)
    require(rule.shape[:1] == (letters,) and rule.ndim == 2, f"the rule has shape {rule.shape}: {letters} rows")
    thetas = rule.shape[1]
    shape = (nx, thetas, problem.z_size)
    most = problem.theta_size or thetas
    require(1 <= thetas <= most, f"{thetas} values of theta; at most {most}")
    require(encoder.shape[:2] == shape[:2] and encoder.ndim == 3, f"the encoder has shape {encoder.shape}: {shape}")
    require(1 <= encoder.shape[2] <= problem.z_size, f"{encoder.shape[2]} values of z; at most {problem.z_size}")
    masses = [ball(mass) for _, mass in problem.types]
    rows = [_scaled(row) for row in rule.tolist()]
    s = _information(masses, rows)
    share = [[arb(0)] * (nx * ny) for _ in range(thetas)]  # N p(x, y, theta)
    for (counts, _), mass, row in zip(problem.types, masses, rows, strict=True):
        for k, r in enumerate(row):
            if r != 0:
                share[k] = [v + n * mass * r if n else v for v, n in zip(share[k], counts, strict=True)]
    pairs, codes = [], []
    z_size = encoder.shape[2]
    xz = [[arb(0)] * nx for _ in range(z_size)]
    yz = [[arb(0)] * ny for _ in range(z_size)]
    for x, k in product(range(nx), range(thetas)):
        cell = share[k][x * ny : (x + 1) * ny]
        row = _scaled(encoder[x, k].tolist())
        pairs.append(sum(cell, arb(0)) / problem.n)
        codes.append(row)
        for z, e in enumerate(row):
            xz[z][x] += sum(cell, arb(0)) * e / problem.n
            yz[z] = [v + p * e / problem.n for v, p in zip(yz[z], cell, strict=True)]
    n = problem.n
    return {"R": n * _information(pairs, codes), "D": n * _conditional(xz), "C": n * _conditional(yz), "S": s}


def objective_of(point: Mapping[str, arb], multipliers: Multipliers) -> arb:
    """The Lagrangian rho R + delta D + gamma C + sigma S."""
    names = {"R": "rho", "D": "delta", "C": "gamma", "S": "sigma"}
    return sum((ball(multipliers[names[name]]) * value for name, value in point.items()), arb(0))


def _information(masses: list[arb], rows: list[list[arb]]) -> arb:
    """I of a channel: sum p e log(e/q)."""
    total = arb(0)
    for column in zip(*rows, strict=True):
        q = sum((p * e for p, e in zip(masses, column, strict=True)), arb(0))
        total += plogp(q) - sum((p * plogp(e) for p, e in zip(masses, column, strict=True)), arb(0))
    return total


def _conditional(rows: list[list[arb]]) -> arb:
    """H(A|Z) of the table [z][a]."""
    total = arb(0)
    for row in rows:
        total += sum((plogp(v) for v in row), arb(0)) - plogp(sum(row, arb(0)))
    return total


def _scaled(row: list[float]) -> list[arb]:
    total = sum((arb(v) for v in row), arb(0))
    require(min(row) >= 0 and bool(abs(total - 1) < arb("1e-9")), "a row is no distribution")
    return [arb(v) / total for v in row]


# ---- from below


def bound_in_balls(problem: JointProblem, multipliers: Multipliers, claim: Mapping[str, Any], clock: Clock) -> arb:
    """The lower bound that a claim proves."""
    clock.tick()
    kind = claim["kind"]
    if kind == "zero":
        return arb(0)
    if kind == "shannon":
        return shannon_in_balls(problem, multipliers, claim["proof"], clock)
    if kind == "chord":
        parts = [(read_exact(p["weight"]), read_exact(p["sigma"]), p["bound"]) for p in claim["parts"]]
        require(len(parts) <= MOST_PARTS, f"a chord of {len(parts)} parts; at most {MOST_PARTS} are followed")
        require(all(w >= 0 and s >= 0 for w, s, _ in parts), "a weight or a sigma is negative")
        require(sum(w for w, _, _ in parts) == 1, "the weights do not sum to 1")
        require(sum(w * s for w, s, _ in parts) <= multipliers["sigma"], "the chord lies at a larger sigma")
        require(all(p["kind"] != "chord" for _, _, p in parts), "a chord of chords")
        bounds = [(w, bound_in_balls(problem, {**multipliers, "sigma": s}, p, clock)) for w, s, p in parts]
        return settled(lambda: sum((ball(w) * bound for w, bound in bounds), arb(0)))
    if kind == "partitions":
        least = _least_of_partitions(problem, multipliers, claim["leaves"], clock)
        return settled(lambda: ball(Fraction(problem.n)) * arb(least))
    relaxed, at, scale, loss = relaxation(problem, multipliers, kind)
    lower = _encoder_bound(relaxed, at, claim["certificate"], clock)
    masses = problem.cells.sum(axis=(1, 2)).tolist()
    return settled(lambda: ball(scale) * arb(lower) - ball(loss) * sum((plogp(ball(v)) for v in masses), arb(0)))


def _encoder_bound(relaxed: EncoderProblem, at: Multipliers, inner: Any, clock: Clock) -> float:
    """The lower bound of the certificate of an encoder problem, at these multipliers."""
    given = {name: read_exact(text) for name, text in inner["multipliers"].items()}
    require(given == at, "the encoder problem's certificate has other multipliers")
    return check_bounds_of(inner, relaxed, clock)[1]


def _least_of_partitions(problem: JointProblem, multipliers: Multipliers, leaves: Any, clock: Clock) -> float:
    require(multipliers["sigma"] == 0, "partitions bound the problem at sigma = 0 only")
    at = {name: multipliers[name] for name in ("rho", "delta", "gamma")}
    certificates = {tuple(leaf["decided"]): leaf["certificate"] for leaf in leaves}
    least = math.inf
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        clock.tick()
        decided = waiting.pop()
        if decided in certificates:
            bound = _encoder_bound(decided_problem(problem, decided), at, certificates[decided], clock)
            least = min(least, bound)
        else:
            require(len(decided) < min(len(problem.types), max(map(len, certificates))), "a rule is not covered")
            waiting += decisions(problem, decided)
    return least


def decisions(problem: JointProblem, decided: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The blocks that the next type may join: those before it, or a new one."""
    blocks = max(decided, default=-1) + 1
    return [(*decided, block) for block in range(min(blocks + 1, problem.thetas))]


def decided_problem(problem: JointProblem, decided: tuple[int, ...]) -> EncoderProblem:
    """(X, block, Y) where the most probable types have the blocks decided, and each other type one of its own."""
    order = by_mass(problem)
    blocks = max(decided, default=-1) + 1
    cells = np.full((problem.shape[0], blocks + len(order) - len(decided), problem.shape[1]), Fraction(0), dtype=object)
    for k, t in enumerate(order):
        cells[:, decided[k] if k < len(decided) else blocks + k - len(decided)] += problem.cells[:, t]
    return EncoderProblem(Joint(cells, ("X", "T", "Y")))


def by_mass(problem: JointProblem) -> list[int]:
    """The types, the most probable first."""
    return sorted(range(len(problem.types)), key=lambda t: (-problem.types[t][1], t))


def relaxation(
    problem: JointProblem, multipliers: Multipliers, kind: str
) -> tuple[EncoderProblem, dict[str, Fraction], Fraction, Fraction]:
    """The encoder problem of a kind of bound, its multipliers, its factor and the multiple of H(X) to subtract."""
    rho, delta, gamma, sigma = (multipliers[name] for name in ("rho", "delta", "gamma", "sigma"))
    n, one = Fraction(problem.n), Fraction(1)
    cells = problem.cells
    if kind == "types":
        at = {"rho": n * rho + sigma, "delta": n * delta + sigma, "gamma": n * gamma}
        return EncoderProblem(Joint(cells, ("X", "T", "Y"))), at, one, sigma
    pairs = cells.sum(axis=1)
    if kind == "samples":
        require(independent(problem), "the samples depend on each other")
        diagonal = np.full((*pairs.shape, pairs.shape[1]), Fraction(0), dtype=object)
        for y in range(pairs.shape[1]):
            diagonal[:, y, y] = pairs[:, y]
        at = {"rho": rho + sigma, "delta": delta + sigma, "gamma": gamma}
        return EncoderProblem(Joint(diagonal, ("X", "T", "Y"))), at, n, n * sigma
    require(kind == "constant" and problem.theta_size == 1, f"the bound {kind!r} does not apply")
    return EncoderProblem(Joint(pairs, ("X", "Y"))), {"rho": rho, "delta": delta, "gamma": gamma}, n, Fraction(0)


def independent(problem: JointProblem) -> bool:
    """Whether p(x,y|phi) is the same for every phi that occurs."""
    prior, tables = exact_tables(problem)
    used = [table for p, table in zip(prior, tables, strict=True) if p]
    return all((table == used[0]).all() for table in used)


def exact_tables(problem: JointProblem) -> tuple[list[Fraction], list[Array]]:
    """p(phi), and p(x,y|phi) for each phi, as Fractions."""
    phi, x, y = (_rows(t) for t in (problem.phi, problem.x_given_phi, problem.y_given_x_phi))
    return phi.tolist(), [x[f][:, None] * y[f] for f in range(len(phi))]


def _rows(table: Any) -> Array:
    given = np.asarray(table, dtype=object)
    cells = np.array([Fraction(v) for v in given.reshape(-1).tolist()], dtype=object).reshape(given.shape)
    return np.asarray(cells / cells.sum(axis=-1, keepdims=True))


def objective_form(setting: Setting, multipliers: Multipliers) -> tuple[str, Form]:
    """The objective with the best q of each sample, a lower bound of that with shared q's: as text and as a form."""
    parts = {
        "rho": "sum_i I(Z_i;X_i,Theta)",
        "delta": "sum_i H(X_i|Z_i)",
        "gamma": "sum_i H(Y_i|Z_i)",
        "sigma": "I(Theta;X^N,Y^N)",
    }
    text = " + ".join(f"{multipliers[name]} {part}" for name, part in parts.items() if multipliers[name]) or "0"
    return text, dict(parse(f"{text} >= 0", setting).form)


def shannon_in_balls(problem: JointProblem, multipliers: Multipliers, proof: Mapping[str, Any], clock: Clock) -> arb:
    """sum_S m_S H(S) - u log theta_size - v N log z_size of a proof about the problem's world P."""
    from therml_exact.shannon.verify import check_proof  # loads SciPy's sparse matrices, which no other bound needs

    check_proof(proof, None, clock)
    require(proof["verdict"] == "proved", f"the proof's verdict is {shown(proof['verdict'])}")
    require((proof.get("world"), proof.get("n"), proof["given"]) == ("P", problem.n, []), "a proof of another world")
    setting = of_world("P", problem.n)
    statement = parse(proof["statement"], setting)
    require(statement.relation == ">=", "the proof's statement is no lower bound")
    rest = add(dict(statement.form), objective_form(setting, multipliers)[1], Fraction(-1))
    return settled(lambda: known_in_balls(problem, setting, rest))


def known_in_balls(problem: JointProblem, setting: Setting, rest: Mapping[int, Fraction]) -> arb:
    """The lower bound of -rest, for rest in entropies of data (known), and H(Theta) and H(Z_i) (at most log sizes)."""
    prior, tables = exact_tables(problem)
    inside = {name: k for k, name in enumerate(v for v in setting.names if v in setting.data)}
    total = arb(0)
    entropies: dict[tuple[Any, ...], arb] = {}
    for mask, c in rest.items():
        names = setting.members(mask)
        if set(names) <= set(inside):
            # Samples are exchangeable: only how many of each kind matters.
            kinds = sorted("".join(v[0] for v in own if v in names) for own in setting.samples)
            key = ("Phi" in names, *kinds)
            if key not in entropies:
                entropies[key] = _entropy(prior, tables, "Phi" in names, kinds)
            total -= ball(c) * entropies[key]
        else:
            require(len(names) == 1 and c >= 0, f"the proof speaks of H({', '.join(names)}), which is not known")
            size = problem.thetas if names[0] == "Theta" else problem.z_size
            total -= ball(c) * arb(size).log()
    return total


def _entropy(prior: list[Fraction], tables: list[Array], phi: bool, kinds: list[str]) -> arb:
    """H of Phi (if asked) and of samples observed as "X", "Y", "XY" or "" (not at all)."""
    rows = []
    for p, table in zip(prior, tables, strict=True):
        row = [p]
        for kind in kinds:
            if kind:
                seen = table if kind == "XY" else table.sum(axis=1) if kind == "X" else table.sum(axis=0)
                row = [v * q for v in row for q in seen.reshape(-1).tolist()]
        rows.append(row)
    cells = (
        [v for row in rows for v in row] if phi else [sum(column, Fraction(0)) for column in zip(*rows, strict=True)]
    )
    return sum((plogp(ball(v)) for v in cells), arb(0))


def rounded(value: arb, up: bool) -> float:
    """A float not below (or not above) a finite ball."""
    edge = float((value.upper() if up else value.lower()).mid())
    while not (arb(edge) >= value if up else arb(edge) <= value):
        edge = math.nextafter(edge, math.inf if up else -math.inf)
    return edge
