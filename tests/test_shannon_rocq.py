"""Proofs that another kernel checks: what the files say, and that coqc compiles them (skipped where there is none)."""

import copy
import re
import shutil
import subprocess

import pytest
from click.testing import CliRunner

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.shannon.export import identifiers, words
from therml_exact.shannon.inequalities import INEQUALITIES, arguments
from therml_exact.shannon.rocq import HEAD, module, to_rocq

compiled = pytest.mark.skipif(
    shutil.which("coqc") is None, reason="no coqc (Debian: coq), so that no proof is compiled"
)


def coqc(text, folder):
    """Whether coqc accepts a file, and what it prints."""
    (folder / "proof.v").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["coqc", "-q", "proof.v"], cwd=folder, capture_output=True, text=True, timeout=500, check=False
    )
    return done.returncode == 0, done.stdout + done.stderr


KINDS = [
    ("I(Z1;Phi) <= I(Z1;X1,Theta)", {"world": "P"}),
    ("I(A;C) <= I(A;B)", {"given": "A -> B -> C"}),
    ("I(X;Z) = 1/2 H(X)", {"given": "H(X|Z) = 1/2 H(X)"}),  # fractions, both sides of an equality
    ("H(K) >= 2 log 3", {"given": "H(M) = log 9; M = f(C,K); M _||_ C"}),
    ("H(W) <= log 3", {"given": "H(W) <= 1"}),  # a number whose sign coqc is told
    ("I(A;B) <= min(H(A), H(B))", {}),
    ("I(A;B) <= H(A) <= H(A,B)", {}),
    ("H(A,B) = H(B) + H(A|B)", {}),  # no term at all
    ("H(X1) = H(X2)", {"world": "P", "n": 2}),  # exchangeable data
    ("I(A;A,B) >= H(A)", {}),  # sets that overlap
    ("H(θ',I) <= H(θ') + H(I)", {}),
    ('I(a b*c"d;Type) <= H(Type)', {"graph": {'a b*c"d': [], "Type": ['a b*c"d']}}),
]


@compiled
def test_every_kind_of_proof_compiles(tmp_path):
    proofs = [tx.prove(text, **more) for text, more in KINDS]
    assert [p.verdict for p in proofs] == ["proved"] * len(KINDS)
    done, printed = coqc(HEAD + "".join(module(p.certificate, f"M{k}") for k, p in enumerate(proofs)), tmp_path)
    assert done, printed


@compiled
@pytest.mark.deep
def test_the_inequalities_of_the_paper_compile(tmp_path):
    modules = [
        module(tx.prove(inequality.text, **arguments(inequality, n)).certificate, f"M{k}_{n}")
        for k, inequality in enumerate(INEQUALITIES)
        for n in range(inequality.least_n, 4 if inequality.world else 2)
        if inequality.verdict == "proved"
    ]
    assert len(modules) > 75
    done, printed = coqc(HEAD + "".join(modules), tmp_path)
    assert done, printed


@compiled
@pytest.mark.parametrize("which", [0, 1])
def test_a_false_multiplier_does_not_compile(which, tmp_path):
    certificate = copy.deepcopy(tx.prove("I(Z1;Phi) <= I(Z1;X1,Theta)", world="P").certificate)
    term = certificate["parts"][0]["sum"][which]
    assert term[1] == ("information", "independence")[which]
    term[0] = str(2 * int(term[0]))
    done, printed = coqc(to_rocq(certificate), tmp_path)
    assert not done
    assert "Error" in printed


@compiled
def test_no_axioms_but_those_of_the_reals(tmp_path):
    done, printed = coqc(tx.prove("I(A;B|C) >= 0").to_rocq(), tmp_path)
    assert done
    axioms = re.findall(r"^(\S+)\s*(?::|$)", printed.split("Axioms:")[1], re.MULTILINE)
    assert set(axioms) <= {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
    }


def test_identifiers_are_words_and_differ():
    found = identifiers(["X1", "Θ", "Theta", "θ'", "a b", "ab", "日", "I"])
    assert len(set(found.values())) == 8
    assert all(re.fullmatch(r"v_\w+", v, re.ASCII) for v in found.values())
    assert found["I"] == "v_I"


def test_comments_end_where_they_should():
    (line,) = words(['a*)*) (* (*( "b" -/ \n c'])
    assert not re.search(r'\*\)|\(\*|"|-/|\n', line)


def test_what_is_no_proof_is_refused_kindly():
    with pytest.raises(ValueError, match="only proofs are exported"):
        to_rocq(tx.prove("H(A) <= H(B)").certificate)
    certificate = tx.prove("I(A;B) >= 0").certificate
    with pytest.raises(ValueError, match="copies of variables, which are not exported"):
        to_rocq(certificate | {"copies": []})


def test_lean_text_says_that_it_is_not_compiled():
    text = tx.prove("I(Z1;Phi) <= I(Z1;X1,Theta)", world="P").to_lean()
    assert "not compiled" in text
    assert "theorem statement" in text
    assert "linarith" in text
    assert "(independence_1 : h 11 + h 26 - h 27 - h 10 = 0)" in text


def test_command_line(tmp_path):
    def run(*arguments):
        return CliRunner().invoke(main, ["prove", *arguments], catch_exceptions=False)

    place = tmp_path / "proof.v"
    done = run(
        "I(A;C) <= I(A;B)", "--given", "A -> B -> C", "--rocq", str(place), "--lean", str(tmp_path / "proof.lean")
    )
    assert done.exit_code == 0
    assert str(place) in done.output
    assert place.read_text(encoding="utf-8") == tx.prove("I(A;C) <= I(A;B)", given="A -> B -> C").to_rocq()
    assert "not compiled" in (tmp_path / "proof.lean").read_text(encoding="utf-8")
    done = run("H(A) <= H(B)", "--rocq", str(tmp_path / "none.v"))
    assert done.exit_code == 1
    assert "only proofs are exported" in done.output
    assert not (tmp_path / "none.v").exists()
