"""prove: every inequality of the paper, no tolerance, witnesses and certificates rechecked."""

import copy
import json
import re
from fractions import Fraction
from functools import cache
from itertools import combinations

import numpy as np
import oracle
import pytest
from click.testing import CliRunner
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.shannon.chain import chain_cone
from therml_exact.shannon.cone import build
from therml_exact.shannon.derivation import form_of
from therml_exact.shannon.inequalities import INEQUALITIES, arguments
from therml_exact.shannon.program import decide
from therml_exact.shannon.setting import free, of_graph, of_world
from therml_exact.shannon.statements import parse

ZHANG_YEUNG = "2 I(C;D) <= I(A;B) + I(A;C,D) + 3 I(C;D|A) + I(C;D|B)"
INGLETON = "I(A;B) <= I(A;B|C) + I(A;B|D) + I(C;D)"


@cache
def open_case():
    """The answer to Zhang and Yeung's inequality, which takes seconds."""
    return tx.prove(ZHANG_YEUNG)


_TERM = re.compile(r"(?:([\d.]+(?:/\d+)?(?:e-?\d+)?)\s*\*?\s*)?([HI])\(([^()]*)\)")


def left_minus_right(text, world, n):
    """The difference of a statement's sides by the oracle: substitution of text, nothing of the library's grammar."""
    if isinstance(world, tx.Joint):
        table = oracle.Table.of(world.table, world.axes)
    else:
        table = oracle.World(world.kind, list(world.tables.values())).p
    text = text.replace("Φ", "Phi").replace("Θ", "Theta").replace("[", "(").replace("]", ")")

    def whole(match):
        inside = match[1]
        return "(" + "+".join(inside.replace("_i", str(i)) for i in range(1, n + 1)) + ")"

    nested = r"((?:\((?:[^()]|\([^()]*\))*\))|(?:[HI]\([^()]*\)))"
    text = re.sub(r"sum_i\s*" + nested, whole, text)
    text = re.sub(r"([XYZ])\^N", lambda m: ",".join(f"{m[1]}{i}" for i in range(1, n + 1)), text).replace("_", "")

    def amount(scale, letter, inside):
        what, _, on = inside.partition("|")
        parts = [[v.strip() for v in part.split(",")] for part in what.split(";")]
        on = [v.strip() for v in on.split(",")] if on else []
        value = table.H(parts[0], on) if letter == "H" else table.I(parts[0], parts[1], on)
        return value * Fraction(scale or 1)

    left, right = re.split(r"<=|>=|=", text)
    total = oracle.Logs()
    for sign, side in ((1, left), (-1, right)):
        code = _TERM.sub(lambda m: f"amount({m[1]!r},{m[2]!r},{m[3]!r})", side)
        if code.strip() != "0":
            value = eval("oracle.Logs()+" + code.strip(), {"amount": amount, "oracle": oracle})  # our own text
            total = total + value * sign
    return total


def checked(result, text, n=1):
    """A result whose certificate holds, and whose witness breaks the statement by the oracle."""
    copied = json.loads(json.dumps(result.certificate))
    assert tx.verify_proof(copied).valid, tx.verify_proof(copied)
    if result.verdict == "refuted":
        difference = left_minus_right(text, result.world, n)
        slack = difference if result.certificate["side"] == "left - right" else -difference
        assert tx.PrimeLog(slack.terms) == result.slack
        assert result.slack < 0
        assert slack.mp() < 0
    return result.verdict


CASES = [
    pytest.param(i, n, id=f"{i.label}-{n}") for i in INEQUALITIES for n in (range(i.least_n, 4) if i.world else (1,))
]


@pytest.mark.parametrize(("inequality", "n"), CASES)
def test_inequalities_of_the_paper(inequality, n):
    result = tx.prove(inequality.text, **arguments(inequality, n))
    assert checked(result, inequality.text, n) == inequality.verdict


@pytest.mark.parametrize(
    ("text", "more", "verdict"),
    [
        ("I(Z1;Phi) <= I(Z1;X1,Theta)", {"world": "P", "n": 4}, "proved"),
        pytest.param("I(Z^N;Phi) <= sum_i I(X_i,Y_i;Phi)", {"world": "P", "n": 4}, "proved", marks=pytest.mark.deep),
        pytest.param(  # many corners
            next(i.text for i in INEQUALITIES if i.label == "15a"),
            {"world": "P", "n": 4},
            "proved",
            marks=pytest.mark.deep,
        ),
        ("I(Theta;Phi) <= 2 I(X1,Y1;Phi)", {"world": "P", "n": 2}, "proved"),  # the samples share their tables
        ("I(Theta;Phi) <= 1.9 I(X1,Y1;Phi)", {"world": "P", "n": 2}, "refuted"),
        ("H(X1) = H(X2)", {"world": "P", "n": 2}, "proved"),
        ("H(Z1) = H(Z2)", {"world": "P", "n": 2}, "refuted"),  # the rule need not be symmetric
        ("I(X1;Phi) = 0", {"world": "Q", "n": 2}, "proved"),
        ("I(X1;Y1) = 0", {"world": "Q", "n": 1}, "refuted"),
        ("I(A;B) <= I(A;B|C)", {}, "refuted"),
        ("I(A;B) <= I(A;B|C)", {"given": "I(A;C) = 0"}, "proved"),
        ("I(A;B|C) <= I(A;B)", {"given": ["I(A;C) = 0", "I(B;C) = 0"]}, "refuted"),
        ("I(A;C) <= I(A;B)", {"graph": tx.Graph({"B": ["A"], "C": ["B"]})}, "proved"),
        ("I(A;C) <= 0.5 I(A;B)", {"graph": tx.Graph({"B": ["A"], "C": ["B"]})}, "refuted"),
        ("I(A;B|C) <= I(A;B)", {"graph": tx.Graph({"C": ["A", "B"]})}, "refuted"),
        ("I(Z^N;Phi) <= sum_i [0.9 I(X_i,Y_i;Phi)]", {"world": "P", "n": 2}, "refuted"),  # noisy tables alone do it
        (INGLETON, {}, "refuted"),  # no linear world does
        pytest.param(
            ZHANG_YEUNG,
            {"graph": tx.Graph({"B": ["A"], "C": ["A", "B"], "D": ["A", "B", "C"]})},
            "undecided",
            marks=pytest.mark.deep,
        ),
        (ZHANG_YEUNG, {"given": ZHANG_YEUNG}, "proved"),
        ("2 I(C;D) <= I(A;B) + I(A;C,D) + 3 I(C;D|A) + I(C;D|B) + H(E)", {"given": [ZHANG_YEUNG]}, "proved"),
        ("H(A) >= 0", {"given": "H(A) <= 0"}, "proved"),
        ("H(A) <= 0", {"given": "H(A) <= H(B)"}, "refuted"),
    ],
)
def test_verdicts(text, more, verdict):
    result = tx.prove(text, **more)
    assert checked(result, text, more.get("n", 1)) == verdict
    assert str(result).startswith(verdict)
    assert result.explain()
    if verdict == "undecided":
        assert "not implied by Shannon" in str(result)
        assert result.polymatroid is not None


@pytest.mark.parametrize("exponent", [3, 6, 9, 12, 15, 18])
def test_no_tolerance(exponent):
    text = f"(1 - 1e-{exponent}) H(X) >= I(X;Y)"
    assert checked(tx.prove(text), f"{Fraction(10**exponent - 1, 10**exponent)} H(X) >= I(X;Y)") == "refuted"
    assert checked(tx.prove(f"(1 + 1e-{exponent}) H(X) >= I(X;Y)"), text) == "proved"
    text = f"I(Theta;Phi) >= (1 + 1e-{exponent}) I(Theta;Phi|X1)"
    assert tx.prove(text, world="P").verdict != "proved"


def coefficient(rng):
    kind = rng.integers(0, 5)
    if kind == 0:
        return Fraction(int(rng.integers(1, 5)))
    if kind == 1:
        return Fraction(int(rng.integers(1, 9)), int(rng.integers(1, 9)))
    if kind == 2:
        return Fraction(float(rng.random()))
    if kind == 3:
        return Fraction(int(rng.integers(1, 10)), 10 ** int(rng.integers(3, 14)))
    return Fraction(int(rng.integers(1, 10**6)), int(rng.integers(1, 10**6)))


def combined(form, triple, m):
    total = dict(form)
    for mask, c in form_of(triple).items():
        total[mask] = total.get(mask, Fraction(0)) + m * c
    return {mask: c for mask, c in total.items() if c}


@pytest.mark.parametrize(
    ("setting", "times"),
    [(free("ABCD"), examples(120)), (of_world("P", 1), examples(120)), (of_world("P", 2), examples(12))],
    ids=["free", "P1", "P2"],
)
def test_random_combinations(setting, times):
    """Conic combinations are always proved; with a coefficient off the wrong way, only what is still true is.

    Off or not is told by a point of the cone that is checked here row by row.
    """
    rng = np.random.default_rng(5)
    space = build(setting, setting.names, ())
    rows = [tuple(int(v) for v in row) for row in space.row_sets]
    off = 0
    for k in range(times):
        form = {}
        for _ in range(rng.integers(1, 9)):
            form = combined(form, rows[rng.integers(len(rows))], coefficient(rng))
        assert decide(space, space.reduce(form)).rows is not None
        wrong = combined(form, rows[rng.integers(len(rows))], -Fraction(1, 10 ** (6, 9, 12, 15)[k % 4]))
        answer = decide(space, space.reduce(wrong))
        assert (answer.rows is None) != (answer.point is None)
        if answer.point is not None:
            off += 1
            h = space.spread(answer.point)
            assert all(sum(c * h[mask] for mask, c in form_of(row).items()) >= 0 for row in rows)
            assert sum(c * h[mask] for mask, c in wrong.items()) < 0
        else:
            total = {}
            for row, m in answer.rows.items():
                assert m > 0
                total = combined(total, rows[row], m)
            assert space.reduce(total) == space.reduce(wrong)
    assert off > times // 4


# ---- the reduced cone


@given(st.integers(0, 2**20), st.integers(2, 5))
@settings(max_examples=examples(30), deadline=None)
def test_the_cone_knows_every_independence(seed, m):
    """An information reduces to nothing iff the graph separates its variables (or equations remain that say so)."""
    rng = np.random.default_rng(seed)
    names = "ABCDE"[:m]
    graph = tx.Graph({v: [w for w in names[:k] if rng.random() < 0.5] for k, v in enumerate(names)})
    space = build(of_graph(graph), graph.nodes, ())
    for i, j in combinations(range(m), 2):
        for k in range(2**m):
            if k >> i & 1 or k >> j & 1:
                continue
            on = [graph.nodes[b] for b in range(m) if k >> b & 1]
            nothing = not space.reduce(form_of((1 << i, 1 << j, k)))
            separated = graph.separated(graph.nodes[i], graph.nodes[j], on)
            assert nothing == separated or (separated and space.equations.shape[0])


@pytest.mark.parametrize("kind", ["P", "bayes", "discriminative"])
def test_worlds_satisfy_their_cone(kind):
    """Rows and reductions hold in random worlds of two samples."""
    import support

    setting = of_world(kind, 2)
    space = build(setting, setting.names, ())
    assert space.equations.shape[0] == 0
    world = support.random_worlds(range(3, 4), 2, kind, 2)[0]
    h = [float(v) for v in tx.entropy_vector(world.joint())]
    index = {name: k for k, name in enumerate(world.joint().axes)}
    whole = [h[sum(1 << index[v] for v in setting.members(mask))] for mask in range(2 ** len(setting.names))]
    unknown = {}
    for mask in range(len(whole)):
        low, high = space.normal.indptr[mask], space.normal.indptr[mask + 1]
        if high - low == 1 and space.normal.data[low] == 1:
            unknown.setdefault(int(space.normal.indices[low]), whole[mask])
    point = np.array([unknown[k] for k in range(space.normal.shape[1])])
    assert np.allclose(space.normal @ point, whole, atol=1e-12)
    assert (space.rows @ point).min() > -1e-12


# ---- results and certificates


def test_results_are_neither_true_nor_false():
    for result in (tx.prove("H(A) >= 0"), tx.prove("H(A) <= H(B)")):
        with pytest.raises(TypeError, match="three values"):
            bool(result)
        with pytest.raises(AttributeError):
            result.statement = "H(A) <= 0"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("I(Z^N;Phi) <= sum_i I(X_i,Y_i;Phi)", {"world": "P", "n": 2}),
        ("I(Theta;Phi) <= 2 I(X1,Y1;Phi)", {"world": "P", "n": 2}),
        ("I(A;B) <= I(A;B|C)", {"given": "I(A;C) = 0"}),
    ],
)
def test_edited_proofs_are_refused(text, more):
    proof = tx.prove(text, **more).certificate
    assert tx.verify_proof(proof).valid
    edits = 0
    for k, term in enumerate(proof["parts"][0]["sum"]):
        for change in (lambda t: None, lambda t: [str(-Fraction(t[0])), *t[1:]], lambda t: ["1/7", *t[1:]]):
            edited = copy.deepcopy(proof)
            new = change(term)
            edited["parts"][0]["sum"][k : k + 1] = [] if new is None else [new]
            assert not tx.verify_proof(edited).valid
            edits += 1
    for field, value in (
        ("statement", "H(Phi) <= 0" if "world" in more else "H(A) <= 0"),
        ("given", ["H(A"]),
        ("parts", []),
        ("verdict", "refuted"),
        ("format", "other"),
    ):
        assert not tx.verify_proof(proof | {field: value}).valid
    assert not tx.verify_proof({}).valid
    assert edits >= 6


def symmetric(names):
    """Statements that do not change when the variables are permuted: subadditivity, Han's inequality and its dual."""
    whole, singles = ",".join(names), " + ".join(f"H({v})" for v in names)
    without = [",".join(w for w in names if w != v) for v in names]
    yield f"H({whole}) <= {singles}"
    yield f"{len(names) - 1} H({whole}) <= " + " + ".join(f"H({rest})" for rest in without)
    yield f"H({whole}) >= " + " + ".join(f"H({v}|{rest})" for v, rest in zip(names, without, strict=True))
    yield f"2 H({whole}) <= " + " + ".join(f"H({v},{w})" for v, w in zip(names, names[1:] + names[:1], strict=True))


@pytest.mark.parametrize(
    "names",
    [
        "ABCDEFG",
        pytest.param("ABCDEFGHIJ", marks=pytest.mark.deep),
        pytest.param("ABCDEFGHIJKL", marks=pytest.mark.deep),
    ],
)
def test_many_variables_by_chain_rules(names):
    """Subadditivity of ten variables took minutes: the whole program has 11,520 rows, all of them alike."""
    for text in symmetric(names):
        assert checked(tx.prove(text), text) == "proved"
    text = f"H({','.join(names)}) <= " + " + ".join(f"0.999 H({v})" for v in names)
    assert checked(tx.prove(text), text) == "refuted"


def test_rows_of_the_chain_cone_hold_in_every_world():
    ground = tuple("ABCDE")
    rng = np.random.default_rng(0)
    space = chain_cone(ground, [3, 12, 21])
    h = np.array(tx.entropy_vector(tx.Joint(rng.dirichlet(np.ones(32)).reshape((2,) * 5), ground)), dtype=float)
    for row, triple in zip(space.rows.toarray(), space.row_sets.tolist(), strict=True):
        total = {}
        for column, c in enumerate(row):
            if c:
                total[int(np.flatnonzero(space.normal.toarray()[:, column])[0])] = int(c)
        assert total == form_of(tuple(triple))
        assert sum(c * h[mask] for mask, c in total.items()) > -1e-12


def test_the_time_limit_is_honoured_and_said():
    result = tx.prove("I(Z^N;Phi) <= sum_i I(X_i,Y_i;Phi)", world="P", n=4, time_limit=1e-3)
    assert result.verdict == "undecided"
    assert result.polymatroid is None
    assert result.stopped == 1e-3
    assert "time limit of 0.001 s" in str(result)
    for limit in (0, -1, float("nan"), True, "1"):
        with pytest.raises(ValueError, match="time_limit"):
            tx.prove("H(A) >= 0", time_limit=limit)


@pytest.mark.parametrize("unit", ["1e-9", "1e-350", "1e350", "1"])
def test_units_do_not_matter(unit):
    """The program dropped coefficients below 1e-9 and could not write 1e350 as a float."""
    text = f"{unit} H(A) <= {unit} H(B)"
    assert checked(tx.prove("H(A) <= H(B)", given=text), "") == "proved"
    assert checked(tx.prove("H(A) <= H(B|C)", given=[text, f"{unit} I(B;C) = 0"]), "") == "proved"
    refuted = tx.prove(text)
    assert refuted.verdict == "refuted"
    assert refuted.slack == tx.prove("H(A) <= H(B)").slack * Fraction(unit)
    assert str(refuted)


def test_open_cases_have_an_exact_corner():
    """1 - 1e-6 is no fraction of a denominator up to 10^5, and 1e-9 is what floats take for 0."""
    for exponent in (6, 9, 12):
        nearly = 1 - Fraction(1, 10**exponent)
        space = build(free("AB"), ("A", "B"), ())
        answer = decide(space, {0: Fraction(-1), 1: Fraction(1)}, [({0: -nearly, 1: Fraction(1)}, False)])
        h = space.spread(answer.point)
        assert nearly * h[1] <= h[2] < h[1]


CHAIN = {"given": ["H(A) <= H(B)", "H(B) = H(C)"]}


def test_what_rests_on_hypotheses_says_so():
    """The verdict read "proved ... in every distribution", its hypotheses nowhere."""
    proof = tx.prove("H(A) <= H(C)", **CHAIN)
    reason = tx.verify_proof(proof.certificate).reason
    for text in (str(proof), proof.explain(), reason):
        assert "under the hypotheses H(A) <= H(B); H(B) = H(C)" in text
        assert "H(A) <= H(C)" in text
    assert "under" not in str(tx.prove("H(A) >= 0"))


@pytest.mark.parametrize("text", ["H(A) <= H(B)", pytest.param(ZHANG_YEUNG, marks=pytest.mark.deep)])
def test_what_is_refuted_or_open_under_hypotheses_says_so(text):
    result = tx.prove(text, given="H(A) >= 0")
    assert result.verdict == ("undecided" if text == ZHANG_YEUNG else "refuted")
    assert "under the hypothesis H(A) >= 0" in str(result)
    reason = tx.verify_proof(result.certificate).reason
    assert repr(result.statement) in reason
    assert "under the hypothesis H(A) >= 0" in reason


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "0.5", " 1", "1/2/3", "9" * 5000, True, 1, None])
def test_forged_numbers_are_refused_at_once(number):
    proof = tx.prove("H(A) >= 0").certificate
    forged = proof | {"parts": [{"claim": "left - right", "sum": [[number, "entropy", ["A"], []]]}]}
    assert "is no rational number" in tx.verify_proof(forged).reason
    undecided = open_case().certificate
    values = ["0", number, *undecided["polymatroid"]["entropies"][2:]]
    forged = undecided | {"polymatroid": undecided["polymatroid"] | {"entropies": values}}
    assert "is no rational number" in tx.verify_proof(forged).reason


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"world": "P", "n": 1}, "the setting is world, free"),
        ({"graph": {"A": [], "B": [], "C": []}}, "the setting is graph, free"),
        ({"n": 1}, "the setting is free"),
        ({"version": True}, "version True"),
        ({"given": {}}, "given is a dict"),
    ],
)
def test_ambiguous_certificates_are_refused(forged, why):
    proof = tx.prove("H(A) <= H(C)", **CHAIN).certificate
    assert tx.verify_proof(proof).valid
    assert why in tx.verify_proof(proof | forged).reason


def test_false_independences_and_exchanges_are_refused():
    base = {"format": "therml-exact/proof", "version": 1, "verdict": "proved", "given": [], "world": "P", "n": 2}
    for text, term in (
        ("I(X1;Y1) <= 0", ["-1", "independence", ["X1"], ["Y1"], []]),
        ("H(Z1) >= H(Z2)", ["1", "exchange", ["Z1"], ["Z2"]]),
        ("H(X1) >= H(Y2)", ["1", "exchange", ["X1"], ["Y2"]]),
        ("I(X1;Y1) <= 0", ["-1", "information", ["X1"], ["Y1"], []]),
    ):
        claim = "left - right" if ">=" in text else "right - left"
        found = tx.verify_proof(base | {"statement": text, "parts": [{"claim": claim, "sum": [term]}]})
        assert not found.valid
        assert "add up" not in found.reason
        assert "malformed" not in found.reason


def test_false_witnesses_and_polymatroids_are_refused():
    refuted = tx.prove("I(A;B|C) <= I(A;B)", graph=tx.Graph({"C": ["A", "B"]})).certificate
    assert not tx.verify_proof(refuted | {"statement": "I(A;B|C) >= I(A;B)", "side": "left - right"}).valid
    arrows = {"A": [], "B": [], "C": []}
    assert "factorise" in tx.verify_proof(refuted | {"graph": arrows}).reason
    undecided = open_case().certificate
    values = undecided["polymatroid"]["entropies"]
    for k in range(1, 16):
        for other in ("0", "5"):
            edited = [*values[:k], other, *values[k + 1 :]]
            assert not tx.verify_proof(
                undecided | {"polymatroid": undecided["polymatroid"] | {"entropies": edited}}
            ).valid


def test_explanations_name_their_steps():
    text = tx.prove("I(Z1;Phi) <= I(Z1;X1,Theta)", world="P", n=2).explain()
    assert "[I(Z1;X1,Theta) - I(Z1;Phi)]" in text
    assert "data processing" in text
    assert "chain rule" in text
    text = tx.prove("H(A|B) <= H(A)").explain()
    assert "information is nonnegative" in text


@pytest.mark.parametrize(
    ("text", "given", "reasons"),
    [
        ("I(A;C) <= I(A;B)", "A -> B -> C", ["data processing", "B separates A from C (A -> B -> C)"]),
        ("H(A|B,C) <= H(A|C)", (), ["submodularity", "H(A|C) >= H(A|B,C)"]),
        ("H(B) <= H(A)", "B = f(A)", ["function: 0: B = f(A)"]),
        ("I(A;B|C) >= I(A;B)", "A _||_ B", ["independence: 0: A _||_ B"]),
        ("H(A,B) >= H(B)", (), ["H(A|B)", "H(A,B) >= H(B)"]),
        ("H(A) <= log 3", "H(A) <= 1", ["number", "1 log 3"]),
    ],
)
def test_each_step_has_its_own_reason(text, given, reasons):
    explained = tx.prove(text, given=given).explain()
    assert all(reason in explained for reason in reasons), explained
    assert "in joint entropies" in explained


def test_undecided_prints_one_table_of_the_sets_that_matter():
    answer = open_case()
    assert checked(answer, ZHANG_YEUNG) == "undecided"
    assert "not implied by Shannon" in str(answer)
    lines = answer.explain().splitlines()
    start = next(k for k, line in enumerate(lines) if line.split() == ["set", "H"])
    rows = {frozenset(line.split()[0].split(",")): line.split()[1] for line in lines[start + 1 : -1]}
    about = free("CDAB")  # in order of appearance
    claim = parse(ZHANG_YEUNG, about)
    assert rows.keys() >= {frozenset(about.members(mask)) for mask in claim.form}
    assert Fraction(rows[frozenset("AB")]) == answer.polymatroid["A", "B"]
    (side,) = claim.sides
    slack = sum(c * answer.polymatroid[about.members(mask)] for mask, c in side.items())
    assert lines[-1].split("   ")[0] == f"{answer.certificate['side']} = {slack}"


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"world": "R"}, "world is 'R'"),
        ({"world": "P", "n": 0}, "n is 0"),
        ({"n": 2}, "give world="),
        ({"world": "P", "graph": tx.Graph({"A": []})}, "not both"),
        ({"graph": 5}, "tx.Graph"),
        ({"graph": {"A": "B"}}, "list of names"),
        ({"given": None}, "given is a NoneType"),
        ({"given": 5}, "given is a int"),
        ({"given": [5]}, r"given\[0\] is 5"),
        ({"world": ["P"]}, "world is a list"),
        ({"given": "H(A"}, r"given\[0\], character"),
    ],
)
def test_bad_arguments(more, why):
    with pytest.raises((ValueError, TypeError), match=why):
        tx.prove("H(A) >= 0", **more)


def test_command_line(tmp_path):
    def run(*arguments):
        return CliRunner().invoke(main, ["prove", *arguments], catch_exceptions=False)

    path = tmp_path / "proof.json"
    done = run("I(Z1;Phi) <= I(Z1;X1,Theta)", "--world", "P", "--n", "2", "--explain", "--out", str(path))
    assert done.exit_code == 0
    assert "data processing" in done.output
    assert tx.verify_proof(path).valid
    done = run("H(A) <= H(B)")
    assert done.exit_code == 1
    assert "refuted" in done.output
    assert run(ZHANG_YEUNG, "--time-limit", "1e-6").exit_code == 3
    assert run("-H(A) <= 0").exit_code == 0  # was: no such option -H
    assert run("H(A) <= H(B)", "--explian").exit_code == 2
    assert "time limit" in run("I(Z^N;Phi) <= 0.9 I(X1;Phi)", "--world", "P", "--n", "3", "--time-limit", "1e-6").output
    assert run("H(A) <= H(B)", "--given", "H(A) = 0").exit_code == 0
    (tmp_path / "graph.json").write_text('{"B": ["A"], "C": ["B"]}')
    assert run("I(A;C) <= I(A;B)", "--graph", str(tmp_path / "graph.json")).exit_code == 0
    done = run("H(A) <= H(B")
    assert done.exit_code == 2
    assert "character" in done.output
