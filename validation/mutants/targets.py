"""The trusted core, and the tests that concern each of its files, those that kill most first.

What a test starts in a process of its own runs the file as it is, so that such tests kill nothing. So do the doctests
of the file itself: pytest imports a file that it is told to test from the disk, and then no test sees the mutant.
"""

from __future__ import annotations

from dataclasses import dataclass

VERIFIERS, CORE = 0.95, 0.90  # how many of the mutants that are not equivalent must be killed

# Of long files of tests only those that verify.
EXACT = ("tests/test_primelog.py", "tests/test_joint.py", "tests/test_information.py")
BALLS = tuple(f"tests/test_balls.py::{name}" for name in (
    "test_the_precision_is_set_inside_and_restored_after",
    "test_a_precision_that_is_moved_meanwhile_is_seen_and_the_value_computed_again",
    "test_a_precision_that_never_stays_ends_in_a_verdict_of_its_own",
))  # fmt: skip
SAVED_WHOLE = ("tests/test_curve_check.py", "tests/test_check_claim.py")
CHECK = "tests/test_mixture_check.py"


@dataclass(frozen=True)
class Target:
    """A file's tests, and the share of mutants to be killed."""

    tests: tuple[str, ...]
    must: float = CORE


TARGETS = {
    "therml_exact/numbers/approximate.py": Target(("tests/test_approximate.py",)),
    "therml_exact/numbers/coprime.py": Target(("tests/test_primelog.py",)),
    "therml_exact/numbers/ball_arrays.py": Target(("tests/test_ball_arrays.py",), VERIFIERS),
    "therml_exact/numbers/balls.py": Target(BALLS),
    "therml_exact/numbers/enclosed.py": Target(("tests/test_enclosed.py",)),
    "therml_exact/numbers/given.py": Target(("tests/test_promises.py",)),
    "therml_exact/numbers/memory.py": Target(("tests/test_memory.py",)),
    "therml_exact/numbers/nats.py": Target(("tests/test_users_data.py",)),
    "therml_exact/numbers/primelog.py": Target(EXACT),
    "therml_exact/numbers/tables.py": Target(("tests/test_tables.py", "tests/test_bad_input.py")),
    "therml_exact/numbers/text.py": Target(("tests/test_text.py",)),
    "therml_exact/numbers/weights.py": Target(("tests/test_weights.py", "tests/test_information.py")),
    "therml_exact/information.py": Target(("tests/test_information.py", "tests/test_functional.py")),
    "therml_exact/projection.py": Target(("tests/test_projection.py",)),
    "therml_exact/functional.py": Target(("tests/test_functional.py", "tests/test_bad_input.py")),
    "therml_exact/verification.py": Target(("tests/test_verification.py", "tests/test_hostile_files.py"), VERIFIERS),
    "therml_exact/frontier/mixture/check.py": Target((CHECK, "tests/test_verification.py"), VERIFIERS),
    "therml_exact/frontier/mixture/leaf_rules.py": Target(("tests/test_leaf_rules.py", CHECK), VERIFIERS),
    "therml_exact/frontier/mixture/leaf_arrays.py": Target(("tests/test_leaf_arrays.py",), VERIFIERS),
    "therml_exact/frontier/mixture/check_tree.py": Target(("tests/test_leaf_arrays.py", CHECK), VERIFIERS),
    "therml_exact/frontier/mixture/closed_form.py": Target(("tests/test_closed_form.py", CHECK), VERIFIERS),
    "therml_exact/frontier/mixture/certificate.py": Target((CHECK, "tests/test_verification.py"), VERIFIERS),
    "therml_exact/frontier/curve/check.py": Target(("tests/test_curve_check.py",), VERIFIERS),
    "therml_exact/frontier/curve/check_claim.py": Target(("tests/test_check_claim.py",), VERIFIERS),
    "therml_exact/frontier/curve/exclusion.py": Target(("tests/test_check_claim.py",), VERIFIERS),
    "therml_exact/frontier/curve/views.py": Target(("tests/test_curve_check.py",), VERIFIERS),
    **{
        f"therml_exact/frontier/problems/{name}.py": Target((CHECK, *SAVED_WHOLE), VERIFIERS)
        for name in ("encoder", "bayes", "discriminative", "samples", "sums", "tables", "types", "kinds")
    },
    "therml_exact/frontier/rules/check.py": Target(("tests/test_rules_check.py",), VERIFIERS),
    **{
        f"therml_exact/frontier/joint/{name}.py": Target(("tests/test_joint_check_relaxations.py",), VERIFIERS)
        for name in ("check_relaxations", "relaxations", "functionals", "entropies")
    },
    "therml_exact/frontier/joint/check.py": Target(("tests/test_joint_free.py",), VERIFIERS),
    "therml_exact/frontier/joint/check_cuts.py": Target(("tests/test_joint_free.py",), VERIFIERS),
    "therml_exact/frontier/joint/check_caps.py": Target(("tests/test_joint_caps.py",), VERIFIERS),
    "therml_exact/frontier/joint/check_rows.py": Target(("tests/test_joint_trace.py",), VERIFIERS),
    "therml_exact/frontier/learning/check.py": Target(
        ("tests/test_rules_check.py", "tests/test_rules_saved_jumps.py", "tests/test_joint_trace.py"), VERIFIERS
    ),
    "therml_exact/shannon/verify.py": Target(("tests/test_shannon_verify.py",), VERIFIERS),
}  # fmt: skip
