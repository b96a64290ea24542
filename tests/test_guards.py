"""What no file of the package may do, read off its source."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]


def trees():
    for path in sorted((ROOT / "therml_exact").rglob("*.py")):
        if "demos" not in path.parts:
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def test_assertions_only_tell_the_type_checker_what_a_name_is():
    """`python -O` strips them: a check that matters raises."""
    found = []
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                test = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
                of_type = isinstance(test, ast.Call) and ast.unparse(test.func) == "isinstance"
                of_none = isinstance(test, ast.Compare) and ast.unparse(test).endswith(" is not None")
                if not (of_type or of_none) or path.name in ("verify.py", "leaves.py", "certificate.py"):
                    found.append(f"{path}:{node.lineno}")
    assert found == []


def test_nothing_but_the_balls_touches_flints_settings():
    found = []
    for path, tree in trees():
        if path.name == "balls.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "flint" and any(n.name == "ctx" for n in node.names):
                found.append(str(path))
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("flint.ctx", "flint.arb_series"):
                found.append(str(path))
            if isinstance(node, ast.Name) and node.id == "arb_series":
                found.append(str(path))
    assert found == []
