"""The mutation tester itself: its edits, and a tiny module whose tests hold fast some of its lines and not others."""

import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from validation.mutants import TARGETS, report, section
from validation.mutants.operators import mutants
from validation.mutants.targets import CORE, VERIFIERS, Target
from validation.mutants.trials import ROOT, Journal, Tree, equivalents, run

MODULE = """\
def clamp(x, low):
    if x < low:
        return low
    return x


def spin(n):
    k = 0
    while k < n:
        k += 2
    return k


def unused(x):
    return -x
"""
TESTS = """\
from tiny.module import clamp, spin


def test_clamp():
    assert clamp(1, 2) == 2 and clamp(2, 2) == 2 and clamp(3, 2) == 3


def test_spin():
    assert spin(5) == 6
"""


def edits(text):
    source = textwrap.dedent(text).encode()
    return [(m.operator, *m.lines(source)) for m in mutants("file.py", source)]


def test_no_file_is_its_own_test():
    """Pytest imports what it is told to test in its own way, past the mutant: all mutants of projection.py survived."""
    assert [file for file, target in TARGETS.items() if any(t.split("::")[0] == file for t in target.tests)] == []


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("x = a < b", ["x = a <= b"]),
        ("x = a <= b > c", ["x = a < b > c", "x = a <= b >= c"]),
        ("x = (a) == (b)", ["x = (a) != (b)"]),
        ("x = a is not b", ["x = a is b"]),
        ("x = a not in b", ["x = a in b"]),
        ("x = a + b * c", ["x = a - b * c", "x = a + b / c"]),
        ("x = y << 3", ["x = y >> 3", "x = y << 4"]),
        ("x -= y", ["x += y"]),
        ("x = a and b and c", ["x = a or b and c", "x = a and b or c"]),
        ("x = not a", ["x = a"]),
        ("x = -a", ["x = a"]),
        ("x = any(a)", ["x = all(a)"]),
        ("x = a.lower()", ["x = a.upper()"]),
        ("x = math.floor(a)", ["x = math.ceil(a)"]),
        ("x = 'über' and a < b", ["x = 'über' or a < b", "x = 'über' and a <= b"]),
        ("require(a < b, f'{a + b}')", ["pass", "require(a <= b, f'{a + b}')"]),
        ("raise ValueError(a + b)", ["pass"]),
        ("def f():\n    return True", ["return False"]),
        ("for a in b:\n    if a:\n        continue", ["pass"]),
        ("x: Literal[1] = True", []),
        ("x = 'a' + b", []),
        ("x = 5_000", []),
        ("lower = x", []),
        ("assert a < b", []),
        ("@f(1)\ndef g() -> Literal[2]:\n    pass", []),
        ("if a:\n    pass\nelif b:\n    raise c", ["pass"]),
    ],
)
def test_each_edit(line, after):
    assert sorted(new for _, _, new in edits(line)) == sorted(after)


@pytest.mark.parametrize("file", TARGETS)
def test_every_mutant_compiles(file):
    tree = Tree(ROOT, TARGETS)
    found = tree.chosen([file], 15, 0)
    for m in found:
        before, after = m.lines(tree.source(file))
        assert before != after
        compile(m.apply(tree.source(file)), file, "exec", dont_inherit=True)


def test_a_mutated_file_keeps_its_lines():
    source = b"require(\n    a,\n    'why',\n)\nx = 1\n"
    found = mutants("file.py", source)
    assert [m.apply(source).count(b"\n") for m in found] == [5, 5]
    assert found[0].apply(source) == b"pass\n\n\n\nx = 1\n"


@pytest.fixture(autouse=True, scope="module")
def quick():
    """Workers that import next to nothing, and little patience with a loop that never ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("validation.mutants.trials.LIBRARIES", ("pytest",))
        patch.setattr("validation.mutants.trials.AT_LEAST", 3.0)
        yield


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree")
    for folder in ("therml_exact", "tests"):
        (root / folder).mkdir()
    package = root / "therml_exact" / "tiny"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "module.py").write_text(MODULE)
    (root / "therml_exact" / "__init__.py").touch()
    (root / "tests" / "test_tiny.py").write_text(TESTS.replace("tiny.module", "therml_exact.tiny.module"))
    return Tree(root, {"therml_exact/tiny/module.py": Target(("tests/test_tiny.py",), CORE)})


@pytest.fixture(scope="module")
def tried(tree, tmp_path_factory):
    """All mutants of the tiny module."""
    path = tmp_path_factory.mktemp("journal") / "mutants.jsonl"
    (file,) = tree.targets
    count = []
    outcomes = run(tree, tree.chosen([file], None, 0), Journal(path), lambda: count.append(1), jobs=2)
    assert len(count) == len(outcomes)
    return outcomes, path


def test_what_tests_notice_is_killed(tried):
    found = {(o.before, o.after): o.outcome for o in tried[0]}
    assert found["if x < low:", "pass"] == "killed"
    assert found["k = 0", "k = 1"] == "killed"
    assert found["return -x", "return x"] == "survived", "nothing tests this function"
    assert found["if x < low:", "if x <= low:"] == "survived", "the same function"
    assert found["k += 2", "k -= 2"] == "timed out"
    assert all(o.by.startswith("tests/test_tiny.py::") for o in tried[0] if o.outcome == "killed")


def test_a_finished_mutant_is_not_tried_again(tree, tried, monkeypatch):
    outcomes, path = tried
    monkeypatch.setattr("validation.mutants.trials.workers", None)
    path.write_text(path.read_text() + '\n{"key": "cut')
    again = run(tree, [o.mutant for o in outcomes], Journal(path), lambda: None)
    assert again == outcomes


def test_a_worker_that_is_told_to_end_takes_its_tests_along(tree):
    """A mutant's loop must not go on alone."""
    (tree.root / "tests" / "test_endless.py").write_text("def test_loop():\n    while True:\n        pass\n")
    job = {"source": None, "tests": ["tests/test_endless.py"], "killers": [], "timeout": 300}
    worker = subprocess.Popen([sys.executable, "-P", ROOT / "validation/mutants/worker.py"], cwd=tree.root, text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    worker.stdin.write(json.dumps(job) + "\n")
    worker.stdin.flush()
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
    if not children.exists():
        pytest.skip("this system does not list a process's children")
    while not children.read_text():
        time.sleep(0.01)
    child = int(children.read_text())
    worker.terminate()
    worker.communicate()
    for _ in range(1000):
        if not Path(f"/proc/{child}").exists():
            return
        time.sleep(0.01)
    pytest.fail("the fork is still running")


def test_tests_that_fail_without_a_mutant_say_nothing(tree, tmp_path):
    (file,) = tree.targets
    (tree.root / "tests" / "test_broken.py").write_text("def test_no():\n    assert False\n")
    (tree.root / "tests" / "test_none.py").write_text("")
    for test in ("tests/test_broken.py", "tests/test_none.py"):
        broken = Tree(tree.root, {file: Target((test,))})
        with pytest.raises(ValueError, match="do not pass as they are"):
            run(broken, broken.chosen([file], 2, 0), Journal(tmp_path / "j"), lambda: None, jobs=1)


def test_a_sample_is_the_same_twice(tree):
    files = list(tree.targets)
    every = tree.chosen(files, None, 0)
    assert tree.chosen(files, 4, 1) == tree.chosen(files, 4, 1) != tree.chosen(files, 4, 2)
    assert set(tree.chosen(files, 4, 1)) <= set(every) and tree.chosen(files, 10**6, 1) == every


def test_the_chapter(tree, tried):
    outcomes, _ = tried
    (file,) = tree.targets
    same = {(file, "if x < low:", "if x <= low:"): "At x = low both branches return the same number."}
    wrong = {(file, "k = 0", "k = 1"): "not so"}
    chapter = report.section(outcomes, tree.targets, same | wrong)
    table = chapter.tables[0]
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert row["mutants"] == len(outcomes) and row["equivalent"] == 1
    assert row["killed"] + row["timed out"] + row["survived"] + 1 == len(outcomes)
    titles = [t.title for t in chapter.tables]
    assert titles == ["Mutants by file", "Survivors", "Equivalent mutants", "Timed out"]
    assert any("less than 90%" in text for text in chapter.failures)
    assert any("listed as equivalent" in text and "test_spin" in text for text in chapter.failures)
    alive = [o for o in outcomes if o.outcome != "survived"]
    assert report.section(alive, tree.targets, {}).failures == ()


def test_the_trusted_core_is_there_with_its_tests():
    for file, target in TARGETS.items():
        assert (ROOT / file).exists() and all((ROOT / test.split("::")[0]).exists() for test in target.tests), file
        assert target.must in (CORE, VERIFIERS)
    exact = {str(p.relative_to(ROOT)) for p in (ROOT / "therml_exact" / "numbers").glob("*.py")}
    assert exact - {"therml_exact/numbers/__init__.py"} <= set(TARGETS)


def test_every_equivalent_mutant_still_exists():
    """A reason is about two lines; where the line has changed, the reason goes."""
    tree = Tree(ROOT, TARGETS)
    known = equivalents()
    for file in {file for file, _, _ in known}:
        source = tree.source(file)
        lines = {m.lines(source) for m in mutants(file, source)}
        assert {(before, after) for name, before, after in known if name == file} <= lines
    assert all(len(reason) > 10 for reason in known.values())


def test_the_quick_chapter_only_counts(tmp_path):
    chapter = section(False, tmp_path, lambda what, total: lambda: None)
    assert json.dumps(chapter.tables[0].rows) and chapter.missing and not chapter.failures
    assert sum(count for _, count in chapter.tables[0].rows) > 1000
