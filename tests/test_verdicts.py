"""Every verdict of the report is a function of numbers; here are, for each, the numbers that turn it.

TURNS lists the rules of validation/ with rows of (numbers, verdict). A rule that is missing, a row that does not decide
as it says, or a rule with one verdict only fails. Nothing else makes a verdict: the sources are searched for claims and
failures that are written by hand.
"""

import ast
import math
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from validation.run import PARTS
from validation.section import NOT_RUN, VERDICTS, Claim
from validation.verdicts import FAILS, HOLDS, RULES, check, rule

for module in (*PARTS.values(), "validation.appendix_h.rules", "validation.mutants.report"):
    import_module(module)

ROOT = Path(__file__).parents[1] / "validation"
NAN = math.nan


def yes(**numbers):
    return numbers, HOLDS


def no(**numbers):
    return numbers, FAILS


def says(verdict, **numbers):
    return numbers, verdict


TURNS = {
    "overfitting: the risk": (
        says("corrected", violated=0, worlds=100, smaller_s=0.5, larger_gap=0.25),
        says("undecided", violated=1, worlds=100, smaller_s=0.5, larger_gap=0.25),
        says("undecided", violated=0, worlds=99, smaller_s=0.5, larger_gap=0.25),
        says("undecided", violated=0, worlds=100, smaller_s=-0.5, larger_gap=0.25),
        says("undecided", violated=0, worlds=100, smaller_s=0.5, larger_gap=NAN),
    ),
    "overfitting: what is kept": (
        says("corrected", off=1e-12, share=0.5),
        says("undecided", off=1e-3, share=0.5),
        says("undecided", off=1e-12, share=0.05),
        says("undecided", off=NAN, share=0.5),
    ),
    "overfitting: a bound": (
        yes(verdict="holds"),
        yes(verdict="infinite"),
        no(verdict="violated"),
        no(verdict="undecided"),
    ),
    "overfitting: a hypothesis": (yes(fails=True), no(fails=False)),
    "overfitting: a fair bit": (yes(verdict="tight"), no(verdict="holds")),
    "quantities: by hand": (yes(difference=1e-12), no(difference=1e-3), no(difference=NAN)),
    "random worlds: a relation": (
        yes(verdict="tight", identity=True),
        no(verdict="holds", identity=True),
        yes(verdict="holds", identity=False),
        no(verdict="violated", identity=False),
        no(verdict="undecided", identity=False),
    ),
    "equations: the verdict": (
        says("proved", status="as printed", definition=False, proved=True, stands=True),
        says("measured", status="as printed", definition=False, proved=False, stands=True),
        says("undecided", status="as printed", definition=False, proved=True, stands=False),
        says("not a claim", status="as printed", definition=True, proved=False, stands=True),
        says("not a claim", status="empty", definition=False, proved=False, stands=True),
        says("corrected", status="corrected", definition=False, proved=True, stands=True),
        says("refuted", status="false as printed", definition=True, proved=False, stands=True),
    ),
    "equations: its tests": (yes(passed=2, ran=2), no(passed=1, ran=2), no(passed=0, ran=0)),
    "equations: its certificates": (yes(proved=3, listed=3), no(proved=2, listed=3)),
    "equations: its decisions": (yes(failed=0), no(failed=1)),
    "general q's: a functional": (yes(symbols=0), no(symbols=1)),
    "inequalities: Coq": (yes(good=True), yes(good=None), no(good=False)),
    "inequalities: a certificate": (
        yes(verdict="proved", listed="proved", valid=True),
        no(verdict="proved", listed="proved", valid=False),
        no(verdict="undecided", listed="proved", valid=True),
        yes(verdict="refuted", listed="refuted", valid=True),
    ),
    "text: monotonic": (
        says("measured", points=9, beyond=-1e-4),
        says("undecided", points=9, beyond=1e-4),
        says("undecided", points=1, beyond=-1),
        says("undecided", points=9, beyond=NAN),
    ),
    "text: a polytope": (says("refuted", inside=0.01, others=0.01), says("undecided", inside=0.01, others=0)),
    "text: convex in S": (
        says("refuted", ends=["feasible", "feasible"], least=0.05),
        says("undecided", ends=["feasible"] * 2, least=0),
        says("undecided", ends=["feasible", "impossible"], least=0.05),
    ),
    "text: smooth": (
        says("refuted", below=0, above=-1.3, corners=1, off=0),
        says("undecided", below=0, above=-1.3, corners=0, off=0),
        says("undecided", below=0, above=0, corners=1, off=0),
        says("undecided", below=0, above=-1, corners=1, off=1e-3),
    ),
    "text: C alone is deterministic": (
        says("corrected", off=0, above=0, gap=0),
        says("undecided", off=0.1, above=0.1, gap=0),
        says("undecided", off=0, above=-0.1, gap=0),
        says("undecided", off=0, above=0, gap=1),
    ),
    "text: equal optima": (says("measured", difference=1e-10), says("undecided", difference=1e-3)),
    "text: C + beta S": (
        says("measured", excess=[0.1, 0.01], most=[0.2, 0.02]),
        says("undecided", excess=[-0.1, 0.01], most=[0.2, 0.02]),
        says("undecided", excess=[0.1, 0.03], most=[0.2, 0.02]),
    ),
    "text: C + S": (says("measured", cells_off=0, cells=16), says("undecided", cells_off=1, cells=16)),
    "text: sampling (24)": (
        says("measured", rises=0, end=1e-9),
        says("undecided", rises=1, end=0),
        says("undecided", rises=0, end=1e-3),
    ),
    "text: contraction": (says("measured", rises=0, trials=40), says("undecided", rises=1, trials=40)),
    "text: uniform law": (says("corrected", same=True, grows=True), says("undecided", same=False, grows=True)),
    "text: measures": (says("measured", exactly=True), says("undecided", exactly=False)),
    "text: every claim": (yes(verdict="refuted"), no(verdict="undecided")),
    "frontiers: a certificate": (
        yes(valid=True, claimed_bound=1, claimed_value=2, bound=1, value=2),
        no(valid=False, claimed_bound=1, claimed_value=2, bound=1, value=2),
        no(valid=True, claimed_bound=1, claimed_value=2, bound=0.999, value=2),
        no(valid=True, claimed_bound=1, claimed_value=2, bound=1, value=2.001),
    ),
    "frontiers: a gap": (yes(gap=1e-9), no(gap=1e-3), no(gap=NAN)),
    "frontiers: gamma_c": (yes(below=0, above=-1e-7), no(below=-1e-7, above=-1e-6), no(below=0, above=0)),
    "learning rules: a jump": (yes(meeting=1), no(meeting=0)),
    "learning rules: an optimum": (
        yes(reason="time", seconds=5),
        no(reason="lost", seconds=1),
        no(reason="closed", seconds=60),
    ),
    "learning rules: a certificate": (yes(valid=True), no(valid=False)),
    "learning curve: (19), (20)": (
        yes(about=0.1, S=0.2, predictive=0.3, samples=0.4),
        no(about=0.25, S=0.2, predictive=0.3, samples=0.4),
        no(about=0.1, S=0.2, predictive=0.5, samples=0.4),
    ),
    "learning curve: bounds": (
        yes(lower=1, value=2, low=0, high=1),
        no(lower=2.1, value=2, low=0, high=1),
        no(lower=1, value=2, low=2, high=1),
    ),
    "learning curve: S <= I_pred": (
        says("measured", no=0, undecided=0, yes=3),
        says("refuted", no=1, undecided=1, yes=1),
        says("undecided", no=0, undecided=1, yes=2),
        says("undecided", no=0, undecided=0, yes=0),
    ),
    "learning curve: one optimum": (
        says("yes", low=0, high=0.1, predictive=0.2),
        says("no", low=0.3, high=1, predictive=0.2),
        says("undecided", low=0.1, high=0.3, predictive=0.2),
    ),
    "Maxwell: a relation": (yes(difference=1e-7), no(difference=1e-3), no(difference=NAN)),
    "Maxwell: a misprint": (yes(difference=0.5), no(difference=1e-7), no(difference=NAN)),
    "Maxwell: the branch's end": (yes(reason="it ends"), no(reason="")),
    "random families: a refusal": (
        yes(reason="flat", seconds=1),
        no(reason="", seconds=1),
        no(reason="flat", seconds=99),
    ),
    "random families: a relation": (yes(differing=0), no(differing=1)),
    "random families: how many": (yes(share=0.8), no(share=0.5)),
    "predictive: I_pred": (
        yes(least_step=0, above=-1, error=0),
        no(least_step=-1e-3, above=-1, error=1e-9),
        no(least_step=0, above=1e-3, error=1e-9),
    ),
    "predictive: its share": (yes(largest_step=-1e-3), no(largest_step=1e-3)),
    "predictive: test samples": (yes(least_step=0, error=0), no(least_step=-1e-3, error=1e-9)),
    "priors: the marginal is best": (yes(least=0.1), no(least=-1e-3)),
    "appendix_h: I(x; bit)": (says("proved", middle=0, radius=1e-40), says("undecided", middle=1e-3, radius=0)),
    "appendix_h: parameters": (says("corrected", total=184), says("undecided", total=240)),
    "appendix_h: noise": (
        says("measured", start=1e-3, end=1e-2),
        says("undecided", start=12, end=0),
        says("undecided", start=0, end=12),
    ),
    "appendix_h: S": (
        says("corrected", sizes=[500.0]),
        says("undecided", sizes=[math.inf]),
        says("undecided", sizes=[0]),
    ),
    "appendix_h: optimal points": (says("measured", excesses=[0.01, 0.04]), says("undecided", excesses=[0.01, 41])),
    "appendix_h: no model below": (says("measured", below=0, models=34), says("undecided", below=1, models=34)),
    "appendix_h: converged": (says("measured", worst=0.01), says("undecided", worst=50), says("undecided", worst=NAN)),
    "appendix_h: memorises": (says("measured", c=0.01, d=0.05), says("undecided", c=0.01, d=0.5)),
    "appendix_h: most overfit": (
        says("measured", overfitting=8, trained=10),
        says("undecided", overfitting=5, trained=10),
    ),
    "appendix_h: only with S": (
        says("measured", overfitting=10, trained=10),
        says("undecided", overfitting=9, trained=10),
    ),
    "appendix_h: S helps": (says("measured", learnt=1), says("undecided", learnt=0)),
    "appendix_h: one functional": (
        says("overfits", by=0.3, error=0.1),
        says("does not", by=0, error=0.01),
        says("unclear", by=0.1, error=0.1),
    ),
    "appendix_h: deterministic": (says("measured", blur=[0.01]), says("undecided", blur=[0.01, 0.5])),
    "appendix_h: bottleneck": (
        says("measured", kept=[3, 2, 1], told=[0.2, 0.2, 0.25]),
        says("undecided", kept=[1, 2, 3], told=[0.2] * 3),
        says("undecided", kept=[3, 2, 1], told=[0.2, 0.2, 0.6]),
    ),
    "appendix_h: smooth": (says("refuted", below=0, above=3), says("undecided", below=0, above=0.1)),
    "appendix_h: delta = 1": (says("corrected", blank=3, copy=3, least=3), says("undecided", blank=3, copy=2, least=2)),
    "appendix_h: hand-crafted": (
        says("corrected", on_edge=0, off=0.05),
        says("undecided", on_edge=0.1, off=0.05),
        says("undecided", on_edge=0, off=0),
    ),
    "appendix_h: with S": (
        says("no rule that learns is better", low=1, high=1),
        says("a rule that learns may be better", low=1, high=2),
    ),
    "appendix_h: why": (
        says("near", excess=0.01, free=0, letter=None, sigma=0, plain=False),
        says("S and its noise", excess=1, free=0, letter=None, sigma=1, plain=False),
        says("S and its noise: without them near", excess=1, free=0, letter=None, sigma=1, plain=True),
        says("optimiser: free tables stay farther too", excess=1, free=0.9, letter=None, sigma=0, plain=False),
        says("optimiser and family", excess=1, free=0.1, letter=None, sigma=0, plain=False),
        says(
            "model family: with the decoder by letter it is near", excess=1, free=0, letter=0.01, sigma=0, plain=False
        ),
        says(
            "model family, or the optimiser in it: free tables are near",
            excess=1,
            free=0,
            letter=1,
            sigma=0,
            plain=False,
        ),
    ),
    "appendix_h: possible": (
        yes(impossible=False, excess=0.1),
        no(impossible=True, excess=0.1),
        no(impossible=False, excess=-1e-3),
    ),
    "appendix_h: trained well": (yes(excess=0.01), no(excess=41)),
    "estimators: the plug-in's bias": (yes(off=-2), no(off=6), no(off=NAN)),
    "estimators: NWJ is unbiased": (yes(difference=1e-12), no(difference=1e-3)),
    "estimators: DV exceeds I": (yes(difference=1e-3), no(difference=0)),
    "estimators: InfoNCE stays below I": (yes(difference=-1e-3), no(difference=1e-3)),
    "estimators: DV on its own sample": (yes(difference=-0.01), no(difference=1e-3), no(difference=-0.1)),
    "estimators: InfoNCE's ceiling": (
        yes(largest=1, ceiling=1, verdict="undecided"),
        no(largest=2, ceiling=1, verdict="holds"),
        no(largest=1, ceiling=1, verdict="broken"),
    ),
    "estimators: a bound that is a theorem": (yes(cases=0), no(cases=1)),
    "peers: our number": (yes(off=1e-16, truth=1), no(off=1e-3, truth=1), no(off=NAN, truth=1)),
    "peers: our lower bound": (yes(off=-1e-10, truth=1), no(off=-1e-3, truth=1), no(off=1e-3, truth=1)),
    "peers: a true channel's point": (yes(impossible=0), no(impossible=1)),
    "peers: a formula": (yes(difference=1e-12), no(difference=1e-3)),
    "peers: a proof": (yes(agree=True), no(agree=False)),
    "peers: a false statement": (yes(ours="refuted"), no(ours="proved")),
    "peers: cells of a continuous pair": (yes(gained=-0.1), no(gained=0.1)),
    "mutants: a group": (yes(percent=96, must=0.95), no(percent=94, must=0.95)),
    "mutants: equivalent": (yes(outcome="survived"), no(outcome="killed")),
    "benchmarks: a target": (yes(reached=True), yes(reached=None), no(reached=False)),
}


def test_every_rule_has_the_numbers_that_turn_it():
    assert set(TURNS) == set(RULES)


@pytest.mark.parametrize("name", TURNS)
def test_the_numbers_decide(name):
    given = RULES[name]
    assert [given(**numbers) for numbers, _ in TURNS[name]] == [verdict for _, verdict in TURNS[name]]
    assert len({verdict for _, verdict in TURNS[name]}) > 1, "its verdict cannot change"
    assert given.threshold and given.reason


@pytest.mark.parametrize("name", TURNS)
def test_a_failure_says_so_and_a_claim_has_its_threshold(name):
    for numbers, verdict in TURNS[name]:
        told = RULES[name].failures("what is wrong", **numbers)
        assert (told == ()) == (verdict == HOLDS)
        if verdict in VERDICTS:
            claim = RULES[name].claim("(1)", "so", "numbers", **numbers)
            assert (claim.verdict, claim.rule) == (verdict, name) and RULES[name].threshold in claim.threshold


def test_what_the_quick_mode_leaves_out_is_not_said_to_hold():
    from validation.appendix_h.claims import ON_SAMPLES, _on_samples

    claims = _on_samples(SimpleNamespace(samples=()), [])
    assert len(claims) == len(ON_SAMPLES) == 5
    assert {claim.verdict for claim in claims} == {NOT_RUN} and all(claim.rule in RULES for claim in claims)


def test_every_chapter_judges_by_rules():
    """A chapter that tells a failure or makes a claim does so by a rule of its own."""
    modules = {given.decide.__module__.removeprefix("validation.").split(".")[0] for given in RULES.values()}
    assert set(PARTS) <= modules | {"gallery"}


def test_trained_numbers_refute_nothing():
    trained = ("noise", "optimal points", "converged", "memorises", "most overfit", "only with S", "S helps",
               "deterministic", "bottleneck", "no model below")  # fmt: skip
    for name in trained:
        assert {verdict for _, verdict in TURNS[f"appendix_h: {name}"]} == {"measured", "undecided"}


@pytest.mark.parametrize("file", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_verdict_is_written_by_hand(file):
    """No Claim(...) but of verdicts.py and of JSON, and no text put among failures but by Rule.failures."""
    if file.name in ("verdicts.py", "section.py"):
        return
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called != "Claim" and not called.endswith("failures.append"), f"line {node.lineno}"


def test_two_rules_do_not_share_a_name():
    try:
        with pytest.raises(ValueError, match="two rules"):
            check("quantities: by hand", "", "")(lambda difference: True)
        rule("only here", "", "")(lambda: "measured")
        assert isinstance(RULES["only here"].claim("", "", ""), Claim)
    finally:
        RULES.pop("only here", None)
