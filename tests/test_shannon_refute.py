"""Refutations under hypotheses: codes that have a function of sets as entropies, lifted worlds; each one exact."""

import json
import random

import numpy as np
import pytest
from depth import DEEP, examples

import therml_exact as tx
from therml_exact.shannon import codes

SECRET = ["H(S|A,B) = 0", "H(S|A,C) = 0", "H(S|B,C) = 0", "I(S;A) = 0", "I(S;B) = 0", "I(S;C) = 0"]
SECRET_OF_FOUR = [f"H(S|{a},{b}) = 0" for a, b in ("AB", "AC", "AD", "BC", "BD", "CD")]
SECRET_OF_FOUR += [f"I(S;{a}) = 0" for a in "ABCD"]
BUTTERFLY = ["I(A;B) = 0", "H(M|A,B) = 0", "H(B|A,M) = 0", "H(A|B,M) = 0"]
CACHE = ["I(V;W) = 0", "H(Z|V,W) = 0", "H(X|V,W) = 0", "H(V|X,Z) = 0", "H(W|X,Z) = 0"]
UNIFORM = ["H(A) = H(B)", "H(B) = H(C)", "H(C) = H(D)", "H(C|A,B) = 0", "H(D|A,B) = 0"]
UNIFORM += [f"I({a};{b}) = 0" for a, b in ("AB", "AC", "AD", "BC", "BD", "CD")]

FALSE = [
    ("H(A) >= 1.5 H(S)", SECRET),  # Z_3: s + r, s + 2r, r
    ("H(A) + H(B) + H(C) >= 4 H(S)", SECRET),
    ("H(A) >= 1.1 H(S)", SECRET_OF_FOUR),  # needs GF(4)
    ("H(A) >= 2 H(S)", ["H(S|A,B,C) = 0", "I(S;A,B) = 0", "I(S;A,C) = 0", "I(S;B,C) = 0"]),
    ("H(B) + H(C) >= 3.5 H(S)", ["H(S|A,B) = 0", "H(S|B,C) = 0", "H(S|C,D) = 0",
                                 "I(S;A,C) = 0", "I(S;A,D) = 0", "I(S;B,D) = 0"]),
    ("H(K) >= 2 H(M)", ["I(M;C) = 0", "H(M|C,K) = 0", "H(C|M,K) = 0", "I(M;K) = 0"]),
    ("H(A) + H(B) <= H(M)", BUTTERFLY),
    ("H(X) + H(Z) >= 1.2 H(V,W)", [*CACHE, "H(V) = H(W)"]),
    ("H(X) >= H(V) + H(W)", CACHE),
    ("H(U) + H(V) <= H(X,Y)", ["H(U|X) = 0", "H(V|Y) = 0", "H(X,Y|U,V,W) = 0"]),
    ("H(A,B,C,D) <= 1.9 H(A)", UNIFORM),
    ("H(A,C) >= 2.1 H(A)", ["H(A) = H(B)", "H(C|A,B) = 0"]),
    ("H(B) <= 0", ["H(A) = 3 H(B)"]),
    ("H(A) <= 2 H(B)", ["5 H(A) = 2 H(B) + 7 H(C)"]),
    ("I(A;B) <= 0", ["3 I(A;B) = H(A)", "H(A) = H(B)"]),
    ("H(C) <= 1.4 H(A)", ["H(A) = H(B)", "H(C|A,B) = 0", "2 H(C) = 3 H(A)", "I(A;B) = 0"]),
    ("I(A;B|C) <= I(A;B)", ["I(A;C) = 0", "I(B;C) = 0", "H(C|A,B) = 0"]),
    ("I(A,C;B,D) <= I(A;B) + I(C;D)", ["I(A;C) = 0", "I(B;D) = 0"]),
    ("I(A;B) <= I(A;B|C) + I(A;B|D) + I(C;D)", ["I(A;B|C) = 0"]),  # no code does
]  # fmt: skip


def test_false_statements_with_hypotheses_are_refuted():
    """Twelve of nineteen such were undecided: random worlds do not meet equations."""
    for text, given in FALSE if DEEP else FALSE[::2]:
        result = tx.prove(text, given=given)
        assert result.verdict == "refuted", text
        assert tx.verify(json.loads(json.dumps(result.certificate))).valid
        assert result.slack < 0


def test_simple_witnesses_stay_simple():
    assert tx.prove("H(A) >= 1.5 H(S)", given=SECRET).world.shape == (3, 3, 3, 3)
    assert tx.prove("H(B) <= 0", given="H(A) = 3 H(B)").world.shape == (2, 8)
    assert tx.prove("H(A) <= H(B) + H(C,D,E,F)").world.shape == (2, 1, 1, 1, 1, 1)


def network(rng):
    """A random statement about sources and functions of them, most often false."""
    names = "ABCDEF"[: rng.randint(4, 6)]
    sources = names[: rng.randint(2, 3)]
    given = ["+".join(f"H({v})" for v in sources) + f" = H({','.join(sources)})"]
    given += [f"H({v}|{','.join(rng.sample(names[:k], 2))}) = 0" for k, v in enumerate(names) if k >= len(sources)]
    whole = rng.sample(names, 3)
    given.append(f"H({whole[0]}|{','.join(whole[1:])}) = 0")

    def side():
        chosen = [rng.sample(names, 3) for _ in range(2)]
        return " + ".join(
            [f"{rng.choice(['1', '2', '3/2'])} I({a};{b}|{c})" for a, b, c in chosen] + [f"H({rng.choice(names)})"]
        )

    return f"{side()} <= {side()}", given


def test_random_network_statements_are_decided():
    rng = random.Random(20)
    for _ in range(examples(25)):
        text, given = network(rng)
        result = tx.prove(text, given=given)
        assert result.verdict != "undecided", (text, given)
        assert tx.verify(result.certificate).valid


@pytest.mark.deep
def test_constants_lift_what_fewer_variables_refute():
    """Ingleton's inequality fails, but only outside of codes: with E and F it stayed undecided."""
    result = tx.prove("I(A;B) <= I(A;B|C) + I(A;B|D) + I(C;D) + H(E,F)")
    assert result.verdict == "refuted"
    assert result.world.marginal("E", "F").shape == (1, 1)


@pytest.mark.parametrize(
    ("text", "n"),
    [
        pytest.param("I(Z^N;Phi) <= sum_i [0.9 I(X_i,Y_i;Phi)]", 4, marks=pytest.mark.deep),
        ("H(Z1) = H(Z2)", 4),
        ("I(Theta;X^N|Phi) <= I(Theta;X_1|Phi)", 3),
    ],
)
def test_rules_that_ignore_samples_lift_refutations(text, n):
    result = tx.prove(text, world="P", n=n)
    assert result.verdict == "refuted"
    assert tx.verify(result.certificate).valid


def test_codes_have_the_ranks_asked_for():
    """Ranks of random codes are realised again; those of the uniform matroid of two in four from GF(3) on."""
    rng = np.random.default_rng(3)
    uniform = [min(2, k.bit_count()) for k in range(16)]
    assert [codes.realise(uniform, q) is not None for q in codes.FIELDS] == [False, True, True, True]
    for trial in range(12):
        q, d = ((2, 5), (3, 4), (4, 3), (5, 3))[trial % 4]
        code = [codes.field(q, d).digits[rng.integers(1, q**d, size=rng.integers(1, 3))] for _ in range(4)]
        ranks = entropies(code, q)
        found = codes.realise(ranks, q)
        assert found is not None and entropies(found, q) == ranks


def entropies(code, q):
    """log_q of the number of outcomes of each set, all of them equally likely."""
    values, sizes = codes.letters(code, q)
    assert (values < sizes).all()
    found = []
    for mask in range(2 ** len(code)):
        chosen = values[:, [v for v in range(len(code)) if mask >> v & 1]]
        _, counts = np.unique(chosen, axis=0, return_counts=True)
        assert len(set(counts.tolist())) == 1
        found.append(round(np.log(len(counts)) / np.log(q)))
    return found


@pytest.mark.parametrize("exponent", [6, *(pytest.param(k, marks=pytest.mark.deep) for k in (9, 12)), 15])
@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("H(A) <= H(B)", ["H(B) >= (1 - {}) H(A)"]),
        ("I(A;B) <= I(A;C)", ["I(A;C) >= (1 - {}) I(A;B)"]),
        ("H(A) + H(B) <= H(C)", ["H(C) >= (1 - {}) [H(A) + H(B)]", "H(C|A,B) = 0"]),
    ],
)
def test_hypotheses_that_are_all_but_tight(text, given, exponent):
    """Neither a function nor a world was found from 1e-9 on."""
    result = tx.prove(text, given=[h.format(f"1e-{exponent}") for h in given])
    assert result.verdict == "refuted"
    assert tx.verify(result.certificate).valid
