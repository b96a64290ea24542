"""Certificates of joint problems: each kind of bound just true and just false, and a forgery for each requirement."""

import itertools
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hostile import edited, sealed

import therml_exact as tx
from therml_exact.frontier.joint.relaxations import independent, relaxation
from therml_exact.numbers.balls import rounded

LITTLE = 1e-9
JointProblem = tx.JointProblem
ONE = JointProblem([1], [["1/3", "2/3"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1, 2, 3)
TWO = JointProblem([1], [["1/3", "2/3"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 2, 2, 2)
MIXED = JointProblem(
    ["1/4", "3/4"], [["1/3", "2/3"], ["4/5", "1/5"]],
    [[["1/4", "3/4"], ["2/3", "1/3"]], [["1/2", "1/2"], ["1/7", "6/7"]]], 2, 3, 2,
)  # fmt: skip
ALONE = JointProblem(MIXED.phi, MIXED.x_given_phi, MIXED.y_given_x_phi, 2, 1, 2)
SKEWED = JointProblem([1], [[1]], [[["1/10", "9/10"]]], 1, 2, 2)
AT = {"rho": Fraction(1, 2), "delta": Fraction(1, 4), "gamma": Fraction(2), "sigma": Fraction(1, 3)}


def text(cells):
    cells = np.asarray(cells, dtype=float)
    return {"shape": list(cells.shape), "cells": [float(v).hex() for v in cells.reshape(-1)]}


def claim(problem, at=AT, lower=-1e3, value=1e3, bound=None, rule=None, encoder=None, **more):
    """A certificate; its rule and encoder are constant if none are given."""
    rule = np.ones((len(problem.types), 1)) if rule is None else rule
    encoder = np.ones((problem.shape[0], rule.shape[1], 1)) if encoder is None else encoder
    content = {
        "format": "therml-exact/joint-bound", "version": 1, "problem": problem.describe(),
        "multipliers": {name: str(m) for name, m in at.items()}, "value": float(value).hex(),
        "lower_bound": float(lower).hex(), "tol": (1e-6).hex(), "status": "open", "rule": text(rule),
        "encoder": text(encoder), "bound": {"kind": "zero"} if bound is None else bound, **more,
    }  # fmt: skip
    return sealed(json.loads(json.dumps(content)))


def holds_up_to(bound, make):
    found = tx.verify(make(bound - LITTLE))
    assert found.valid, found.reason
    found = tx.verify(make(bound + LITTLE))
    assert not found.valid
    return found.reason


def h(cells):
    return -sum(float(v) * math.log(v) for v in np.asarray(cells, dtype=float).reshape(-1) if v)


# ---- values


def oracle(problem, rule, encoder):
    """R, D, C, S from p(t, x, y, theta, z), by definition."""
    (nx, ny), n = problem.shape, problem.n
    counts = np.array([c for c, _ in problem.types], dtype=float).reshape(-1, nx, ny) / n
    mass = np.array([float(m) for _, m in problem.types])
    joint = np.einsum("t,txy,ta,xaz->txyaz", mass, counts, rule, encoder)

    def entropy(axes):
        return h(joint.sum(axis=tuple(k for k in range(5) if k not in axes)))

    return {
        "rho": n * (entropy((4,)) + entropy((1, 3)) - entropy((1, 3, 4))),
        "delta": n * (entropy((1, 4)) - entropy((4,))), "gamma": n * (entropy((2, 4)) - entropy((4,))),
        "sigma": h(mass) + h(mass @ rule) - h(mass[:, None] * rule),
    }  # fmt: skip


@pytest.mark.parametrize("problem", [ONE, TWO, MIXED, ALONE, SKEWED])
def test_a_witness_proves_its_value_and_no_less(problem):
    rng = np.random.default_rng(0)
    for thetas, z in ((problem.theta_size, problem.z_size), (1, 2)):
        rules = [rng.dirichlet(np.ones(thetas), size=len(problem.types)),
                 np.eye(thetas)[rng.integers(0, thetas, len(problem.types))]]  # fmt: skip
        encoders = [rng.dirichlet(np.ones(z), size=(problem.shape[0], thetas)),
                    np.eye(z)[rng.integers(0, z, (problem.shape[0], thetas))]]  # fmt: skip
        for rule, encoder in itertools.product(rules, encoders):
            f = oracle(problem, rule, encoder)
            for at in (AT, *({name: Fraction(name == only) for name in AT} for only in AT)):
                value = sum(float(at[name]) * f[name] for name in f)
                near = rule * (1 + 5e-10), encoder * (1 - 5e-10)  # rows are divided by their sums
                reason = holds_up_to(-value, lambda v, at=at, near=near: claim(
                    problem, at, value=-v, rule=near[0], encoder=near[1]))  # fmt: skip
                assert "above the claimed" in reason


# ---- lower bounds


def inner(problem, at):
    """A certificate of an encoder problem and the bound that it claims."""
    c = tx.minimize(problem, **at, tol=1e-4).certificate
    return c, float.fromhex(c["lower_bound"])


def relaxed(problem, at, kind):
    easier, multipliers, scale, loss = relaxation(problem, at, kind)
    c, lower = inner(easier, multipliers)
    return {"kind": kind, "certificate": c}, scale, loss, lower


@pytest.mark.parametrize(("problem", "kind"), [(MIXED, "types"), (TWO, "samples"), (ONE, "types"), (ALONE, "constant")])
def test_relaxations_prove_their_bound_and_no_more(problem, kind):
    """N and sigma H(X) as the header of the verifier says, from its own words."""
    at, n = AT, problem.n
    bound, _, _, lower = relaxed(problem, at, kind)
    hx = h(problem.cells.sum(axis=(1, 2)))
    expected = {
        "types": lower - float(at["sigma"]) * hx, "samples": n * lower - n * float(at["sigma"]) * hx,
        "constant": n * lower,
    }[kind]  # fmt: skip
    stated = {name: Fraction(m) for name, m in bound["certificate"]["multipliers"].items()}
    factor = n if kind == "types" else 1
    sigma = 0 if kind == "constant" else at["sigma"]
    assert stated == {"rho": factor * at["rho"] + sigma, "delta": factor * at["delta"] + sigma,
                      "gamma": factor * at["gamma"]}  # fmt: skip
    reason = holds_up_to(expected, lambda v: claim(problem, at, lower=v, bound=bound))
    assert "below the claimed" in reason
    rng = np.random.default_rng(0)
    for _ in range(20):  # the law: no rule and encoder are below
        f = oracle(problem, rng.dirichlet(np.full(problem.theta_size, 0.3), size=len(problem.types)),
                   rng.dirichlet(np.full(problem.z_size, 0.3), (problem.shape[0], problem.theta_size)))  # fmt: skip
        assert sum(float(at[name]) * f[name] for name in f) >= expected - 1e-12


FLAT = {**AT, "sigma": Fraction(0)}
PLAIN = {name: m for name, m in AT.items() if name != "sigma"}


def grouped(problem, decided):
    """p(x, block, y), cell by cell: the most probable types have the blocks decided, the others one of their own."""
    (nx, ny), n = problem.shape, problem.n
    order = sorted(range(len(problem.types)), key=lambda t: (-problem.types[t][1], t))
    blocks = [*decided, *range(len(set(decided)), len(set(decided)) + len(order) - len(decided))]
    cells = np.full((nx, max(blocks) + 1, ny), Fraction(0), dtype=object)
    for t, block in zip(order, blocks, strict=True):
        counts, mass = problem.types[t]
        for k, count in enumerate(counts):
            cells[k // ny, block, k % ny] += mass * Fraction(count, n)
    return tx.EncoderProblem(tx.Joint(cells, ("X", "T", "Y")))


def partition(problem, leaves):
    """The bound by these leaves, and the least of their certificates' bounds."""
    found = [(decided, *inner(grouped(problem, decided), PLAIN)) for decided in leaves]
    bound = {"kind": "partitions", "leaves": [{"decided": list(d), "certificate": c} for d, c, _ in found]}
    return bound, min(lower for _, _, lower in found)


# A first type alone is block 0; each other joins a block that is there, or makes a new one while theta has letters.
LEAVES = [
    (ONE, [()]), (ONE, [(0,)]), (ONE, [(0, 0), (0, 1)]), (TWO, [(0, 0), (0, 1)]),
    (ONE, [(0, 0, 0), (0, 0, 1), (0, 1)]), (ONE, [(0, 0), (0, 1, 0), (0, 1, 1)]),
    (MIXED, [(0, 0), (0, 1, 0), (0, 1, 1), (0, 1, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("problem", "leaves"), LEAVES)
def test_partitions_prove_their_bound_and_no_more(problem, leaves):
    bound, least = partition(problem, leaves)
    assert "below the claimed" in holds_up_to(problem.n * least, lambda v: claim(problem, FLAT, lower=v, bound=bound))
    for k in range(len(leaves)):
        fewer = {"kind": "partitions", "leaves": bound["leaves"][:k] + bound["leaves"][k + 1 :]}
        assert not tx.verify(claim(problem, FLAT, bound=fewer)).valid


def proof(problem, extra, objective, *terms):
    """objective + extra >= 0 in world P; the objective is gamma sum_i H(Y_i|Z_i)."""
    statement = f"{objective} {extra} >= 0"
    parts = [{"claim": "left - right", "sum": list(terms)}]
    return {"kind": "shannon", "proof": {
        "format": "therml-exact/proof", "version": 1, "verdict": "proved", "statement": statement, "given": [],
        "world": "P", "n": problem.n, "parts": parts,
    }}  # fmt: skip


def errors(problem, extra, *terms):
    each = [["1", "entropy", [f"Y{i}"], [f"Z{i}"]] for i in range(1, problem.n + 1)]
    return proof(problem, extra, " + ".join(f"H(Y{i}|Z{i})" for i in range(1, problem.n + 1)), *each, *terms)


ERRORS = {"rho": Fraction(0), "delta": Fraction(0), "gamma": Fraction(1), "sigma": Fraction(0)}


@pytest.mark.parametrize(
    "names", ["X1", "Y2", "X1,Y1", "X1,Y2", "X1,X2", "Phi", "Phi,X1", "Phi,X1,Y1,Y2", "X1,Y1,X2,Y2"]
)
def test_entropies_of_data_are_known(names):
    """objective + 2 H(names) >= 0, so that the objective is at least -2 H(names)."""
    phi, x, y = (np.array([[float(Fraction(v)) for v in np.ravel(t)]]).reshape(np.shape(t))
                 for t in (MIXED.phi, MIXED.x_given_phi, MIXED.y_given_x_phi))  # fmt: skip
    pair = x[:, :, None] * y
    joint = np.einsum("f,fab,fcd->fabcd", phi, pair, pair)
    axes = [("Phi", "X1", "Y1", "X2", "Y2").index(name) for name in names.split(",")]
    known = h(joint.sum(axis=tuple(k for k in range(5) if k not in axes)))
    bound = errors(MIXED, f"+ 2 H({names})", ["2", "entropy", names.split(","), []])
    assert "below the claimed" in holds_up_to(-2 * known, lambda v: claim(MIXED, ERRORS, lower=v, bound=bound))


def test_sizes_bound_what_is_not_known():
    """H(Theta) <= log theta_size and H(Z_i) <= log z_size."""
    for name, size in (("Theta", 3), ("Z1", 2), ("Z2", 2)):
        bound = errors(MIXED, f"+ 1/2 H({name})", ["1/2", "entropy", [name], []])
        assert "below the claimed" in holds_up_to(
            -0.5 * math.log(size), lambda v, b=bound: claim(MIXED, ERRORS, lower=v, bound=b))  # fmt: skip


def test_the_objective_of_a_proof_is_that_of_the_problem():
    """All four multipliers: R_i + D_i >= H(X_i), C_i >= 0, S >= 0."""
    at = {"rho": Fraction(2), "delta": Fraction(2), "gamma": Fraction(1), "sigma": Fraction(3)}
    objective = "2 I(Z1;X1,Theta) + 2 H(X1|Z1) + H(Y1|Z1) + 3 I(Theta;X1,Y1)"
    bound = proof(ONE, "- 2 H(X1)", objective, ["2", "information", ["Z1"], ["Theta"], ["X1"]],
                  ["1", "entropy", ["Y1"], ["Z1"]], ["3", "information", ["Theta"], ["X1", "Y1"], []])  # fmt: skip
    assert "below the claimed" in holds_up_to(2 * h([1 / 3, 2 / 3]), lambda v: claim(ONE, at, lower=v, bound=bound))
    for name in at:
        other = {**at, name: at[name] - 1}
        assert "known" in tx.verify(claim(ONE, other, lower=-9, bound=bound)).reason


def test_a_chord_proves_its_bound_and_no_more():
    at = {**ERRORS, "sigma": Fraction(1, 2)}
    negative = errors(MIXED, "+ H(Phi)", ["1", "entropy", ["Phi"], []])
    hphi = h([1 / 4, 3 / 4])
    bound = {"kind": "chord", "parts": [{"weight": "1/4", "sigma": "2", "bound": {"kind": "zero"}},
                                        {"weight": "3/4", "sigma": "0", "bound": negative}]}  # fmt: skip
    assert "below the claimed" in holds_up_to(-0.75 * hphi, lambda v: claim(MIXED, at, lower=v, bound=bound))


def test_floats_are_rounded_outwards():
    from flint import arb

    for value in (arb(1) / 3, arb(2).log(), arb(0), arb(-1) / 3):
        low, high = rounded(value, up=False), rounded(value, up=True)
        assert arb(low) <= value <= arb(high)
        assert low in (0.0, -1 / 3, 1.0) or high - low <= 2.0**-50
    wide = arb(1).union(arb(2))
    assert rounded(wide, up=False) <= 1 and rounded(wide, up=True) >= 2
    assert rounded(arb(0.5), up=True) == rounded(arb(0.5), up=False) == 0.5


# ---- forgeries


def at(content, *changes):
    for path, value in changes:
        content = edited(content, path, value)
    return content


def base():
    types = relaxed(ONE, AT, "types")[0]
    tree = partition(ONE, [(0, 0), (0, 1)])[0]
    chord = {"kind": "chord", "parts": [{"weight": "1/2", "sigma": "0", "bound": {"kind": "zero"}},
                                        {"weight": "1/2", "sigma": "2/3", "bound": types}]}  # fmt: skip
    chord["parts"][1]["bound"] = {"kind": "zero"}
    return {
        "zero": claim(ONE), "types": claim(ONE, bound=types), "tree": claim(ONE, FLAT, bound=tree),
        "chord": claim(ONE, bound=chord), "shannon": claim(MIXED, ERRORS, bound=errors(MIXED, "")),
        "samples": claim(TWO, bound=relaxed(TWO, AT, "samples")[0]),
        "constant": claim(ALONE, bound=relaxed(ALONE, AT, "constant")[0]),
        "seen": claim(ONE, rule=np.full((4, 2), 0.5), encoder=np.full((2, 2, 3), 1 / 3)),
    }  # fmt: skip


BASE = base()
CHORD, ROW = ("bound", "parts"), (0.5).hex()
OTHER = {"multipliers": {name: str(m) for name, m in {**AT, "rho": Fraction(3)}.items()}}
FORGERIES = {
    "version true": ("zero", [(("version",), True)], "the version is True"),
    "a later version": ("zero", [(("version",), 2)], "the version is 2"),
    "a foreign field": ("zero", [(("proved",), True)], "the fields are"),
    "another status": ("zero", [(("status",), "proved")], "the status 'proved' is unknown"),
    "infeasible": ("zero", [(("status",), "infeasible")], "is unknown"),
    "certified with a gap": ("zero", [(("status",), "certified")], "the gap exceeds the tolerance"),
    "a lower bound above the value": ("zero", [(("value",), (-1e4).hex())], "lies above the value"),
    "a negative tolerance": ("zero", [(("tol",), "-" + ROW)], "negative"),
    "a value below the witness's": ("zero", [(("value",), (0.5).hex())], "above the claimed 0.5"),
    "a lower bound above 0": ("zero", [(("lower_bound",), (5e-324).hex())], "below the claimed 5e-324"),
    "a multiplier missing": ("zero", [(("multipliers",), {"rho": "1"})], "missing or foreign"),
    "a foreign multiplier": ("zero", [(("multipliers", "beta"), "1")], "missing or foreign"),
    "a negative multiplier": ("zero", [(("multipliers", "rho"), "-1")], "out of range"),
    "a multiplier that is too large": ("zero", [(("multipliers", "rho"), f"{10**18 + 1}")], "out of range"),
    "a multiplier that is too small": ("zero", [(("multipliers", "rho"), f"1/{10**18 + 1}")], "out of range"),
    "a row of the rule missing": ("seen", [(("rule",), text(np.full((3, 2), 0.5)))], "the rule has shape (3, 2)"),
    "a rule that is no table": ("seen", [(("rule",), text(np.full((4, 2, 1), 0.5)))], "the rule has shape"),
    "a theta too many": ("seen", [(("rule",), text(np.full((4, 3), 1 / 3))),
                                  (("encoder",), text(np.full((2, 3, 3), 1 / 3)))], "3 values of theta; at most 2"),
    "an encoder of other thetas": ("seen", [(("encoder",), text(np.full((2, 1, 3), 1 / 3)))], "the encoder has shape"),
    "an encoder of another X": ("seen", [(("encoder",), text(np.full((3, 2, 3), 1 / 3)))], "the encoder has shape"),
    "an encoder that is no table": ("seen", [(("encoder",), text(np.full((2, 2, 3, 1), 1 / 3)))], "encoder has shape"),
    "a z too many": ("seen", [(("encoder",), text(np.full((2, 2, 4), 0.25)))], "4 values of z; at most 3"),
    "a row that sums to more": ("seen", [(("rule", "cells", 0), (0.500000002).hex())], "a row is no distribution"),
    "a negative entry": ("seen", [(("rule", "cells", 0), (1.5).hex()), (("rule", "cells", 1), "-" + ROW)],
                         "a row is no"),
    "a foreign field of the problem": ("zero", [(("problem", "for"), "all alphabets")], "has the fields"),
    "a problem of another kind": ("zero", [(("problem", "kind"), "encoder")], "the kind is 'encoder', not joint"),
    "a shape to be guessed": ("zero", [(("problem", "x_given_phi", "shape"), [1, -1])], "do not fill the shape"),
    # chords
    "a chord of chords": ("chord", [((*CHORD, 0, "bound"), {"kind": "chord", "parts": []})], "a chord of chords"),
    "a chord of half the weight": ("chord", [((*CHORD, 0, "weight"), "1/4")], "the weights do not sum to 1"),
    "a chord of negative weight": ("chord", [((*CHORD, 0, "weight"), "3/2"), ((*CHORD, 1, "weight"), "-1/2")],
                                   "a weight or a sigma is negative"),
    "a chord at negative sigma": ("chord", [((*CHORD, 0, "sigma"), "-1")], "a weight or a sigma is negative"),
    "a chord at a larger sigma": ("chord", [((*CHORD, 0, "sigma"), "1/1000")], "lies at a larger sigma"),
    "a chord of no part": ("chord", [(CHORD, [])], "the weights do not sum to 1"),
    "a chord of many parts": ("chord", [(CHORD, [{"weight": "1/101", "sigma": "0", "bound": {"kind": "zero"}}] * 101)],
                              "a chord of 101 parts; at most 100"),
    # partitions
    "partitions at sigma > 0": ("tree", [(("multipliers", "sigma"), "1/9")], "at sigma = 0 only"),
    "a partition left out": ("tree", [(("bound", "leaves"), slice(1))], "a rule is not covered"),
    "no partitions": ("tree", [(("bound", "leaves"), [])], "malformed"),
    "a partition with another's certificate": (
        "tree", [(("bound", "leaves", 0, "certificate"), slice(None))], "about another problem"),
    # relaxations
    "types at other multipliers": ("types", [(("multipliers", "rho"), "3")], "has other multipliers"),
    "types for samples": ("types", [(("bound", "kind"), "samples")], "about another problem"),
    "a constant rule where theta varies": ("types", [(("bound", "kind"), "constant")], "'constant' does not apply"),
    "an unknown kind": ("constant", [(("bound", "kind"), "magic")], "'magic' does not apply"),
    # proofs
    "a proof that is a refutation": ("shannon", [(("bound", "proof"), {
        "format": "therml-exact/proof", "version": 1, "verdict": "undecided", "statement": "H(A) <= 0", "given": [],
        "free": ["A"], "polymatroid": {"ground": ["A"], "entropies": ["0", "1"]}, "side": "right - left"})],
        "the proof's verdict is 'undecided'"),
    "a false proof": ("shannon", [(("bound", "proof", "parts", 0, "sum"), [])], "do not add up"),
    "a proof of another world": ("shannon", [(("bound", "proof"), {
        "format": "therml-exact/proof", "version": 1, "verdict": "proved", "statement": "H(A) >= 0", "given": [],
        "free": ["A"], "parts": [{"claim": "left - right", "sum": [["1", "entropy", ["A"], []]]}]})], "another world"),
    "a proof under a hypothesis": ("shannon", [(("bound", "proof", "given"), ["H(Phi) <= 0"])], "another world"),
    "a proof for other samples": ("shannon", [(("problem", "n"), 3), (("rule",), text(np.ones((20, 1))))],
                                  "another world"),
    "a proof of an upper bound": ("shannon", [
        (("bound", "proof", "statement"), "0 <= H(Y1|Z1) + H(Y2|Z2)"),
        (("bound", "proof", "parts", 0, "claim"), "right - left")], "is no lower bound"),
    "a proof that speaks of pairs": ("shannon", [
        (("bound", "proof", "statement"), "H(Y1|Z1) + H(Y2|Z2) + H(Theta,Z1) >= 0"),
        (("bound", "proof", "parts", 0, "sum", 0), ["1", "entropy", ["Theta", "Z1"], []]),
        (("bound", "proof", "parts", 0, "sum"), [["1", "entropy", ["Theta", "Z1"], []],
         *[["1", "entropy", [f"Y{i}"], [f"Z{i}"]] for i in (1, 2)]])], "speaks of H(Theta, Z1)"),
    "a proof that needs H(Theta) from below": ("shannon", [
        (("bound", "proof", "statement"), "H(Y1|Z1) + H(Y2|Z2) >= H(Theta) - H(Theta,X1)"),
        (("bound", "proof", "parts", 0, "sum"), [["1", "entropy", ["X1"], ["Theta"]],
         *[["1", "entropy", [f"Y{i}"], [f"Z{i}"]] for i in (1, 2)]])], "which is not known"),
}  # fmt: skip


@pytest.mark.parametrize("name", BASE)
def test_true_certificates_are_valid(name):
    problem = {"shannon": MIXED, "samples": TWO, "constant": ALONE}.get(name, ONE)
    found = tx.verify(BASE[name], problem)
    assert found.valid, found.reason
    assert found.value == 1e3 and found.lower_bound == -1e3
    assert "itself says 'open'" in found.reason and "gamma = " in found.claim
    assert "about another problem" in tx.verify(BASE[name], SKEWED).reason
    assert "about another problem" in tx.verify(BASE[name], "ONE").reason


@pytest.mark.parametrize("name", FORGERIES)
def test_each_requirement_refuses_what_fails_it(name):
    of, changes, reason = FORGERIES[name]
    content = BASE[of]
    for path, value in changes:
        if isinstance(value, slice):
            leaves = content["bound"]["leaves"]
            value = leaves[value] if path[-1] == "leaves" else leaves[1]["certificate"]
        content = edited(content, path, value)
    found = tx.verify(content)
    assert not found.valid and reason in found.reason, found.reason


def test_edges_that_are_read():
    low = at(BASE["zero"], (("multipliers", "rho"), (1e-18).hex()), (("multipliers", "gamma"), f"{10**18}"),
             (("value",), (1e30).hex()), (("multipliers", "delta"), "0"))  # fmt: skip
    assert tx.verify(low).valid
    assert tx.verify(at(BASE["zero"], (("lower_bound",), (0.0).hex()))).valid
    closed = at(BASE["zero"], (("lower_bound",), (0.0).hex()), (("tol",), (1e3).hex()), (("status",), "certified"))
    assert tx.verify(closed).reason == "every claim holds"
    many = [{"weight": "1/100", "sigma": "1/3", "bound": {"kind": "zero"}}] * 100
    assert tx.verify(at(BASE["chord"], (CHORD, many))).valid
    assert tx.verify({**BASE["zero"], "sha256": "0" * 64}).reason == "the digest does not match the content"


def test_samples_that_depend_on_each_other_are_no_samples():
    bound = BASE["samples"]["bound"]
    assert "depend on each other" in tx.verify(claim(MIXED, bound=bound)).reason
    never = JointProblem(["0", "1"], MIXED.x_given_phi, MIXED.y_given_x_phi, 2, 3, 2)
    same = JointProblem(MIXED.phi, [MIXED.x_given_phi[0]] * 2, [MIXED.y_given_x_phi[0]] * 2, 2, 3, 2)
    for problem in (never, same):
        assert independent(problem)
        assert tx.verify(claim(problem, bound=relaxed(problem, AT, "samples")[0]), problem).valid
    apart = JointProblem(MIXED.phi, MIXED.x_given_phi, [MIXED.y_given_x_phi[0]] * 2, 2, 3, 2)
    assert not independent(apart)
