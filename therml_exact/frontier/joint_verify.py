"""verify_joint: is the certificate of a JointProblem true? Balls and exact sums; no solver is imported (nats).

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

A Verification never raises: whatever is malformed or false is not valid, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from flint import arb

from therml_exact.frontier.certificate import digest, read_number
from therml_exact.frontier.joint.problem import JointProblem
from therml_exact.frontier.leaves import ball, plogp
from therml_exact.frontier.problems import EncoderProblem
from therml_exact.frontier.verify import verify
from therml_exact.joint import Joint
from therml_exact.numbers.tables import Array
from therml_exact.shannon.grammar import Form, add, parse
from therml_exact.shannon.setting import Setting, of_world
from therml_exact.verification import Verification, finite, judge, read, require

FORMAT = "therml-exact/joint-bound"
VERSION = 1
Multipliers = Mapping[str, Fraction]


def verify_joint(certificate: Any, problem: JointProblem | None = None) -> Verification:
    """Check a certificate (a mapping, or the path of a JSON file), and that it is about `problem` if given."""
    return judge(lambda: (*_verify(read(certificate), problem), "every claim holds"))


def _verify(c: Mapping[str, Any], problem: JointProblem | None) -> tuple[float, float]:
    require(c["format"] == FORMAT and c["version"] == VERSION, f"the format is not {FORMAT}, {VERSION}")
    require(c["sha256"] == digest(dict(c)), "the digest does not match the content")
    require(problem is None or problem.describe() == c["problem"], "the certificate is about another problem")
    about = JointProblem.read(c["problem"])
    multipliers = {name: read_number(text) for name, text in c["multipliers"].items()}
    require(set(multipliers) == set(JointProblem.multipliers), "multipliers are missing or foreign")
    require(min(multipliers.values()) >= 0, "a multiplier is negative")
    claimed, bound, tol = (finite(c[name]) for name in ("value", "lower_bound", "tol"))
    tables = [np.array([finite(v) for v in c[name]["cells"]]).reshape(c[name]["shape"]) for name in ("rule", "encoder")]
    value = objective_of(functionals_in_balls(about, *tables), multipliers)
    require(value <= arb(claimed), f"the witness has value {value.str(20)}, above the claimed {claimed!r}")
    lower = bound_in_balls(about, multipliers, c["bound"])
    require(lower >= arb(bound), f"the lower bound proven is {lower.str(20)}, below the claimed {bound!r}")
    require(c["status"] in ("certified", "open"), f"the status {c['status']!r} is unknown")
    if c["status"] == "certified":
        require(arb(claimed) - arb(bound) <= arb(tol), "certified, but the gap exceeds the tolerance")
    return claimed, bound


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


def bound_in_balls(problem: JointProblem, multipliers: Multipliers, claim: Mapping[str, Any]) -> arb:
    """The lower bound that a claim proves."""
    kind = claim["kind"]
    if kind == "zero":
        return arb(0)
    if kind == "shannon":
        return shannon_in_balls(problem, multipliers, claim["proof"])
    if kind == "chord":
        parts = [(read_number(p["weight"]), read_number(p["sigma"]), p["bound"]) for p in claim["parts"]]
        require(all(w >= 0 and s >= 0 for w, s, _ in parts), "a weight or a sigma is negative")
        require(sum(w for w, _, _ in parts) == 1, "the weights do not sum to 1")
        require(sum(w * s for w, s, _ in parts) <= multipliers["sigma"], "the chord lies at a larger sigma")
        require(all(p["kind"] != "chord" for _, _, p in parts), "a chord of chords")
        each = (ball(w) * bound_in_balls(problem, {**multipliers, "sigma": s}, p) for w, s, p in parts)
        return sum(each, arb(0))
    if kind == "partitions":
        return ball(Fraction(problem.n)) * arb(_least_of_partitions(problem, multipliers, claim["leaves"]))
    relaxed, at, scale, loss = relaxation(problem, multipliers, kind)
    lower = _encoder_bound(relaxed, at, claim["certificate"])
    h_x = sum((plogp(ball(v)) for v in problem.cells.sum(axis=(1, 2)).tolist()), arb(0))
    return ball(scale) * arb(lower) - ball(loss) * h_x


def _encoder_bound(relaxed: EncoderProblem, at: Multipliers, inner: Any) -> float:
    checked = verify(inner, relaxed)
    require(checked.valid, f"the encoder problem's certificate: {checked.reason}")
    given = {name: read_number(text) for name, text in inner["multipliers"].items()}
    require(given == at, "the encoder problem's certificate has other multipliers")
    assert checked.lower_bound is not None
    return checked.lower_bound


def _least_of_partitions(problem: JointProblem, multipliers: Multipliers, leaves: Any) -> float:
    require(multipliers["sigma"] == 0, "partitions bound the problem at sigma = 0 only")
    at = {name: multipliers[name] for name in ("rho", "delta", "gamma")}
    certificates = {tuple(leaf["decided"]): leaf["certificate"] for leaf in leaves}
    least = math.inf
    waiting: list[tuple[int, ...]] = [()]
    while waiting:
        decided = waiting.pop()
        if decided in certificates:
            least = min(least, _encoder_bound(decided_problem(problem, decided), at, certificates[decided]))
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


def shannon_in_balls(problem: JointProblem, multipliers: Multipliers, proof: Mapping[str, Any]) -> arb:
    """sum_S m_S H(S) - u log theta_size - v N log z_size of a proof about the problem's world P."""
    from therml_exact.shannon.verify import verify_proof  # loads SciPy's sparse matrices, which no other bound needs

    checked = verify_proof(proof)
    require(checked.valid and proof["verdict"] == "proved", f"the proof: {checked.reason}")
    require((proof.get("world"), proof.get("n"), proof["given"]) == ("P", problem.n, []), "a proof of another world")
    setting = of_world("P", problem.n)
    statement = parse(proof["statement"], setting)
    require(statement.relation == ">=", "the proof's statement is no lower bound")
    rest = add(dict(statement.form), objective_form(setting, multipliers)[1], Fraction(-1))
    return known_in_balls(problem, setting, rest)


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
