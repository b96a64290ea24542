"""What no file of the package may do, read off its source."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import depth

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


@cache
def imports(typing):
    """What each module of the package imports: at its top, inside its functions, and (if asked) for types only."""
    modules = {".".join(path.with_suffix("").parts).removesuffix(".__init__"): tree for path, tree in trees()}
    graph = {}
    for name, tree in modules.items():
        for_types = {
            id(node)
            for outer in ast.walk(tree)
            if isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING"
            for node in ast.walk(outer)
        }
        found = set()
        for node in ast.walk(tree):
            if id(node) in for_types and not typing:
                continue
            if isinstance(node, ast.ImportFrom) and node.module:
                whole = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= (whole & set(modules)) or {node.module}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        graph[name] = found
    return graph


def reached(start, graph):
    seen, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph.get(name, ())
    return seen


def test_no_module_imports_itself_in_a_circle():
    """Also inside functions, and for types only."""
    graph = imports(True)
    assert {name for name in graph if any(name in reached(other, graph) for other in graph[name])} == set()


CHECKERS = [
    "therml_exact.verification",
    "therml_exact.frontier.mixture.check",
    "therml_exact.frontier.mixture.check_boxes",
    "therml_exact.frontier.curve.check",
    "therml_exact.frontier.curve.check_claim",
    "therml_exact.frontier.rules.check",
    "therml_exact.frontier.learning.check",
    "therml_exact.frontier.joint.check",
    "therml_exact.frontier.joint.check_rows",
    "therml_exact.frontier.joint.check_caps",
    "therml_exact.frontier.joint.check_relaxations",
    *(f"therml_exact.frontier.classical.{name}" for name in ("check_reproduction", "check_channel", "check_wyner")),
    "therml_exact.shannon.verify",
]
SOLVERS = {
    *(f"therml_exact.frontier.mixture.{name}" for name in ("solve", "path", "primal", "dual", "critical", "optimum")),
    *(f"therml_exact.frontier.mixture.{name}" for name in ("boxes", "coarse", "alternation")),
    *(f"therml_exact.frontier.rules.{name}" for name in ("optimum", "caps", "cells", "descents", "trace")),
    *(f"therml_exact.frontier.learning.{name}" for name in ("caps", "frontier", "jump", "trace")),
    *(f"therml_exact.frontier.joint.{name}" for name in ("cells", "cuts", "cones", "above", "minimize", "limited")),
    *(f"therml_exact.frontier.joint.{name}" for name in ("caps", "caps_above")),
    *(f"therml_exact.frontier.joint.{name}" for name in ("optimum", "trace", "descents", "certificate")),
    *(
        f"therml_exact.frontier.classical.{name}"
        for name in ("reproduction", "channel", "wyner", "simplex", "tradeoff")
    ),
    *(f"therml_exact.shannon.{name}" for name in ("prove", "program", "refute", "realise", "copy_search", "cone")),
    "therml_exact.frontier.minimize",
    "therml_exact.frontier.trace",
}


def test_checkers_import_no_solver():
    """Read off the imports, those inside functions too, whatever lies between."""
    graph = imports(False)
    assert set(graph) >= SOLVERS, "a solver was renamed: name it here"
    for checker in CHECKERS:
        assert reached(checker, graph) & SOLVERS == set(), checker


def test_verifying_loads_no_compiler():
    """Each kind of certificate is checked in a process that never imports numba or SciPy's optimisers."""
    script = """
import json, sys
import therml_exact as tx
for text in sys.stdin:
    assert tx.verify(json.loads(text)).valid
loaded = {"numba", "scipy.optimize", "therml_exact.frontier.mixture.solve"} & set(sys.modules)
assert not loaded, loaded
"""
    import therml_exact as tx

    maps = tx.encoders.deterministic(2, 2)
    process = ([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]])
    encoder = tx.EncoderProblem(tx.Joint([["1/8", "3/8"], ["3/8", "1/8"]], ("X", "Y")))
    found = [
        tx.minimize(encoder, gamma=5).certificate,
        tx.minimize(tx.LearningRuleProblem(*process, 1, maps), gamma=3, sigma=0.1, tol=1e-6).certificate,
        tx.prove("I(X;Y) <= H(X)").certificate,
    ]
    lines = "\n".join(map(json.dumps, found))
    subprocess.run([sys.executable, "-c", script], input=lines, text=True, check=True, timeout=600)


FLOORS = [
    ["clock"],
    ["kernels"],
    ["numbers"],
    ["doors", "files", "locks", "plots", "results", "show"],
    ["letters"],
    ["containers"],
    ["observations", "csv_file"],
    ["joint"],
    ["information"],
    [
        "graph",
        "network",
        "process",
        "variational",
        "projection",
        "histograms",
        "supersample",
        "type_network",
        "world",
        "worlds",
    ],
    ["functional", "exchangeable", "predictive", "verification", "learners", "type_rules", "encoders"],
    ["frontier", "shannon", "examples"],
    ["thermo", "bounds", "testing"],
    ["model_audit"],
    ["audit", "io", "tour", "warmup"],
    ["atlas"],
    ["cli"],
]


def test_time_limits_run_on_one_clock():
    """The clock that stops while kernels compile: a deadline of one clock means nothing on another."""
    found = [
        path.name
        for folder in ("frontier", "thermo")
        for path in (Path(__file__).parents[1] / "therml_exact" / folder).rglob("*.py")
        if "monotonic()" in path.read_text(encoding="utf-8")
    ]
    assert found == []


def test_data_flow_one_way():
    """The floors of CONTRIBUTING: what stands higher uses what stands lower, never the other way, but for drawing."""
    floor = {name: k for k, names in enumerate(FLOORS) for name in names}
    wrong = []
    for name, found in imports(False).items():
        here = name.split(".")[1] if "." in name else ""
        for other in found:
            there = other.split(".")[1] if other.startswith("therml_exact.") else ""
            if here in floor and there in floor and floor[there] > floor[here]:
                wrong.append((name, other))
    assert wrong == []


def test_every_test_that_is_called_slow_is_a_test():
    named: dict[str, set[str]] = {}
    for line in depth.SLOW:
        file, name = line.split("::", 1)
        named.setdefault(file, set()).add(name.partition("[")[0])
    for file, names in named.items():
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert names <= tests, (file, names - tests)
