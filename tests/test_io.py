"""Files: what is saved is loaded, exactly; damaged and hostile files are refused; nothing half-written is left."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings

import therml_exact as tx
from therml_exact import files
from therml_exact.testing import joints, worlds

WORLD = tx.random_world(0, n=2)


@pytest.mark.parametrize("kind", ["P", "bayes", "discriminative"])
def test_exact_worlds_come_back_exactly(tmp_path_factory, kind):
    folder = tmp_path_factory.mktemp("worlds")

    @settings(derandomize=True, deadline=None, max_examples=examples(30))
    @given(worlds(n=None, kind=kind, max_size=3))
    def check(w):
        w.save(folder / "w.json")
        back = tx.load(folder / "w.json")
        assert type(back) is type(w)
        assert back == w
        assert back.is_exact

    check()


def test_float_worlds_come_back_bit_by_bit(tmp_path):
    w = tx.random_world(1, n=2, exact=False)
    w.save(tmp_path / "w.json")
    back = tx.load(tmp_path / "w.json")
    assert back == w
    assert not back.is_exact


@settings(derandomize=True, deadline=None, max_examples=examples(30))
@given(joints(("A", "B", "C")))
def test_joints_come_back(j):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j.json"
        j.save(path)
        assert tx.load(path) == j
        j.to_float().save(path)
        assert tx.load(path) == j.to_float()


def test_labels_and_variational_tables_come_back(tmp_path):
    j = tx.examples.berkeley()
    j.save(tmp_path / "j.json")
    assert tx.load(tmp_path / "j.json").labels["Dept"] == ("A", "B", "C", "D", "E", "F")
    q = tx.optimal_variational(WORLD)
    q.save(tmp_path / "q.json")
    back = tx.load(tmp_path / "q.json")
    assert all(np.array_equal(table, q.given()[name]) for name, table in back.given().items())


def test_a_world_is_readable_json(tmp_path):
    WORLD.save(tmp_path / "w.json")
    content = json.loads((tmp_path / "w.json").read_text())
    assert content["format"] == "therml-exact/world"
    assert content["version"] == 1
    assert [Fraction(text) for text in content["phi"]] == list(WORLD.phi)


def damaged(**change):
    content = json.loads(json.dumps(files.jsonable({"format": "therml-exact/world", "version": 1, **WORLD.tables})))
    content.update(change)
    return json.dumps(
        {name: value for name, value in content.items() if value is not ...} if ... in change.values() else content
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (damaged(version=2), '"version" is 2; this release reads version 1'),
        (damaged(version=True), '"version" is True'),
        (damaged(format="other"), "\"format\" is 'other'"),
        (damaged(format=None), '"format" is None'),
        (damaged(format="therml-exact/tour"), "load reads"),
        (damaged(kind="Q"), "\"kind\" is 'Q'; it is one of P, bayes, discriminative"),
        (damaged(extra=1), '"extra" is not a field of this format'),
        (damaged(phi=["1/2", "1/3"]), "phi sums to 5/6"),
        (damaged(phi=["eval('1')", 0]), r"phi\[0\] is the text"),
        (damaged(phi={"a": 1}), "phi is"),
        (damaged(phi="1"), "phi has shape|phi"),
        ('{"format": "therml-exact/world", "version": 1, "phi": [NaN, 1]}', "NaN is not valid JSON"),
        ('{"format": "therml-exact/world", "version": 1, "phi": [1], "phi": [1]}', "stands twice"),
        ('{"format": "therml-exact/world", "version": 1}', '"x_given_phi" is missing|"phi" is missing'),
        ("[1, 2]", "holds a list"),
        ("{", "not readable as JSON"),
        ("", "not readable as JSON"),
        ("[" * 200_000, "nested too deeply|not readable"),
        ('{"a": ' + "1" * 5000 + "}", "an integer has 5,000 digits"),
    ],
)
def test_damaged_files_are_refused(tmp_path, text, says):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=says) as caught:
        tx.load(path)
    assert "bad.json" in str(caught.value)


def test_binary_rubbish_is_refused(tmp_path):
    path = tmp_path / "bad.json"
    path.write_bytes(b"\x80\x04\x95\xff\xfe pickle")
    with pytest.raises(ValueError, match="not readable as UTF-8 text"):
        tx.load(path)


def test_a_file_without_kind_is_told_by_its_tables(tmp_path):
    (tmp_path / "w.json").write_text(damaged())
    assert tx.load(tmp_path / "w.json") == WORLD


def test_nothing_half_written_is_left(tmp_path):
    target = tmp_path / "w.json"
    target.write_text("precious")

    def fail(temporary):
        with open(temporary, "w") as file:
            file.write("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write_with(fail, target)
    assert target.read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["w.json"]
    with pytest.raises(ValueError, match="does not exist; create it first"):
        WORLD.save(tmp_path / "missing" / "w.json")


def test_results_are_written_with_units(tmp_path):
    report = tx.check_bounds(WORLD)
    report.save(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text())
    assert content["units"] == "nats"
    assert len(content["rows"]) == len(report)
    row = next(row for row in content["rows"] if row["equation"] == 14)
    assert math.isclose(row["lhs"]["nats"], float(next(r for r in report if r.equation == 14).lhs))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A,B\n1,2\n3,\n", "line 3: the cell of column 'B' is empty"),
        ("A,B\n1,2\n3\n", "line 3: 1 cells, but the header has 2 columns"),
        ("A,C\n1,2\n", "column 'B' is not in the header; it has A, C"),
        ("A,B,B\n1,2,3\n", "column 'B' is twice in the header"),
        ("A,B\n", "no data rows"),
        ("", "column 'A' is not in the header"),
        ('A,B\n"1,2\n', "not a readable CSV"),
        ("A,B\n" + "x" * 200_000 + ",1\n", "not a readable CSV"),
    ],
)
def test_slightly_wrong_csv_files_are_refused(tmp_path, text, says):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=says):
        tx.Joint.from_csv(path, ["A", "B"])


@pytest.mark.parametrize(
    ("count", "says"), [("1.5", "a count is an integer"), ("-1", "a count is"), ("x", "is the text")]
)
def test_wrong_counts_are_refused(tmp_path, count, says):
    path = tmp_path / "t.csv"
    path.write_text(f"A,B,N\n1,2,{count}\n")
    with pytest.raises(ValueError, match=says):
        tx.Joint.from_csv(path, ["A", "B"], count="N")


def test_csv_of_samples_and_of_counts_agree(tmp_path):
    samples, counts = tmp_path / "s.csv", tmp_path / "c.csv"
    samples.write_text("\ufeffA, B\nx,u\nx,v\nx,u\ny,v\n\n", encoding="utf-8")
    counts.write_text("B,N,A\nu,2,x\nv,1,x\nv,1,y\n")
    one, other = tx.Joint.from_csv(samples, ["A", "B"]), tx.Joint.from_csv(counts, ["A", "B"], count="N")
    assert one == other
    assert one.labels == {"A": ("x", "y"), "B": ("u", "v")}
    assert one.table.tolist() == [[Fraction(1, 2), Fraction(1, 4)], [0, Fraction(1, 4)]]


def test_a_device_a_pipe_and_a_link_stay_what_they_are(tmp_path):
    import os
    import threading

    target, link, pipe = tmp_path / "w.json", tmp_path / "link.json", tmp_path / "pipe"
    link.symlink_to(target)
    WORLD.save(link)
    assert link.is_symlink()
    assert tx.load(target) == WORLD
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    WORLD.save(pipe)
    reader.join()
    assert pipe.is_fifo()
    assert received == [target.read_text()]


def test_numbers_of_thousands_of_digits_are_written(tmp_path):
    big = 3**10000 + 1
    j = tx.Joint([Fraction(1, big), 1 - Fraction(1, big)], ("X",))
    j.save(tmp_path / "j.json")
    files.write_text(json.dumps(files.jsonable({"h": tx.entropy(j, "X")})), tmp_path / "h.json")
    assert "digits)" in repr(tx.PrimeLog({2: 10**5000}) * Fraction(1, 10**4999 + 1))
    assert "digits)" in str(tx.PrimeLog({2: 10**5000}))


@pytest.mark.parametrize("again", ["copy", "deepcopy", "pickle"])
def test_copies_of_worlds_are_checked_and_read_only(again):
    import copy
    import pickle

    duplicate = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda w: pickle.loads(pickle.dumps(w))}[again]
    for thing in (WORLD, tx.optimal_variational(WORLD), WORLD.graph):
        assert duplicate(thing) == thing
    with pytest.raises(ValueError, match="read-only"):
        duplicate(WORLD).phi[0] = 1
