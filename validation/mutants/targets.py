"""The trusted core, and the tests that concern each of its files, those that kill most first.

What a test starts in a process of its own runs the file as it is, so that such tests kill nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

VERIFIERS, CORE = 0.95, 0.90  # how many of the mutants that are not equivalent must be killed

# Of long files of tests only those that verify.
EXACT = ("tests/test_primelog.py", "tests/test_joint.py", "tests/test_information.py")
RULES = (
    *(f"tests/test_learning_rule.py::{name}" for name in (
        "test_false_claims_are_rejected", "test_an_edit_fails_the_digest", "test_random_edits_never_prove_more",
        "test_whatever_is_malformed_is_no_proof", "test_it_is_about_the_problem", "test_an_open_gap_is_said",
        "test_all_maps_go_with_a_process_of_floats",
    )),
    *(f"tests/test_rule_trace.py::{name}" for name in (
        "test_a_saved_frontier_is_verified_as_one_file", "test_lists_are_crossed_and_every_optimum_certified",
        "test_files_and_tables", "test_verdicts", "test_the_midpoint_of_the_bent_example_needs_cells",
    )),
    *(f"tests/test_learning_rule_caps.py::{name}" for name in (
        "test_a_false_impossibility_is_rejected", "test_what_is_not_quite_zero_is_refused", "test_verdicts",
        "test_the_jump_of_s",
    )),
)  # fmt: skip
JOINT = tuple(f"tests/test_joint_problem.py::{name}" for name in (
    "test_certificates_are_checked", "test_a_tree_of_rules_with_a_gap_is_refused",
    "test_a_chord_below_a_smaller_sigma_is_checked", "test_a_proof_of_something_else_is_refused",
))  # fmt: skip
SHANNON = tuple(f"tests/test_shannon_prove.py::{name}" for name in (
    "test_edited_proofs_are_refused", "test_forged_numbers_are_refused_at_once",
    "test_ambiguous_certificates_are_refused", "test_false_independences_and_exchanges_are_refused",
    "test_false_witnesses_and_polymatroids_are_refused", "test_what_rests_on_hypotheses_says_so",
))  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A file's tests, and the share of mutants to be killed."""

    tests: tuple[str, ...]
    must: float = CORE


TARGETS = {
    "therml_exact/numbers/approximate.py": Target(EXACT),
    "therml_exact/numbers/coprime.py": Target(("tests/test_primelog.py",)),
    "therml_exact/numbers/balls.py": Target(("tests/test_balls.py",)),
    "therml_exact/numbers/primelog.py": Target(EXACT),
    "therml_exact/numbers/tables.py": Target(("tests/test_bad_input.py", *EXACT, "tests/test_worlds.py")),
    "therml_exact/numbers/text.py": Target(("tests/test_text.py", "tests/test_hostile_files.py")),
    "therml_exact/numbers/weights.py": Target(EXACT),
    "therml_exact/information.py": Target(("tests/test_information.py", "tests/test_functional.py")),
    "therml_exact/projection.py": Target(("tests/test_projection.py", "therml_exact/projection.py")),
    "therml_exact/functional.py": Target(("tests/test_functional.py", "tests/test_bad_input.py")),
    "therml_exact/verification.py": Target(("tests/test_verification.py", "tests/test_hostile_files.py"), VERIFIERS),
    "therml_exact/frontier/verify.py": Target(("tests/test_verify.py", "tests/test_verification.py"), VERIFIERS),
    "therml_exact/frontier/leaves.py": Target(("tests/test_leaves.py", "tests/test_verify.py"), VERIFIERS),
    "therml_exact/frontier/verify_frontier.py": Target(("tests/test_verify_frontier.py",), VERIFIERS),
    "therml_exact/frontier/verify_audit.py": Target(("tests/test_verify_audit.py",), VERIFIERS),
    "therml_exact/frontier/half_space.py": Target(("tests/test_verify_audit.py",), VERIFIERS),
    "therml_exact/frontier/views.py": Target(("tests/test_verify_frontier.py",), VERIFIERS),
    "therml_exact/frontier/witness.py": Target(("tests/test_witness.py", "tests/test_verify_audit.py"), VERIFIERS),
    "therml_exact/frontier/closed_form.py": Target(("tests/test_closed_form.py", "tests/test_verify.py"), VERIFIERS),
    "therml_exact/frontier/certificate.py": Target(("tests/test_verify.py", "tests/test_verification.py"), VERIFIERS),
    "therml_exact/frontier/rule_verify.py": Target(RULES, VERIFIERS),
    "therml_exact/frontier/joint_verify.py": Target(JOINT, VERIFIERS),
    "therml_exact/shannon/verify.py": Target(SHANNON, VERIFIERS),
}  # fmt: skip
