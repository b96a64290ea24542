"""The command line as its users meet it: in a process of its own, in an empty folder."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import therml_exact as tx
from therml_exact.cli import main


def run(*arguments):
    return CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_tour_prints_every_bound_and_writes_figure_and_result(tmp_path):
    result = run("tour", "--out", tmp_path / "out")
    assert result.exit_code == 0
    for text in ("erm", "gibbs", "memorize", "I_pred", "rounded to multiples of 1/1,000,000", "sharp floor", "nats"):
        assert text in result.output
    assert "violated" not in result.output
    content = json.loads((tmp_path / "out" / "tour.json").read_text())
    assert [(stop["learner"], stop["n"]) for stop in content["stops"]] == [
        (learner, n) for n in (1, 2) for learner in ("erm", "gibbs", "memorize")
    ]
    for stop in content["stops"]:
        assert {row["verdict"] for row in stop["bounds"]["rows"]} <= {"holds", "tight"}
        assert stop["I_theta_phi"]["nats"] <= stop["I_pred"]["nats"] <= stop["H_data"]["nats"]
        assert (stop["rounded"] > 0) == (stop["learner"] == "gibbs")
    assert [(s["learner"], s["n"]) for s in content["by_types"]] == [(k, n) for n in (10, 50) for k in ("erm", "gibbs")]
    for stop in content["by_types"]:
        assert {row["verdict"] for row in stop["bounds"]["rows"]} <= {"holds", "undecided"}
        told = ("I_theta_phi", "I_pred", "H_data")
        assert sorted(
            told, key=lambda name: stop[name]["nats"] if isinstance(stop[name], dict) else stop[name]
        ) == list(told)
    assert (tmp_path / "out" / "tour.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["tour.json", "tour.png"]


def test_check_of_a_world_file(tmp_path):
    tx.random_world(0).save(tmp_path / "w.json")
    result = run("check", tmp_path / "w.json", "--json", tmp_path / "r.json", "--unit", "bits")
    assert result.exit_code == 0
    assert "slack (bits)" in result.output
    assert json.loads((tmp_path / "r.json").read_text())["units"] == "nats"
    tx.optimal_variational(tx.random_world(0), shared=True).save(tmp_path / "q.json")
    assert run("check", tmp_path / "w.json", "--q", tmp_path / "q.json").exit_code == 0


@pytest.mark.parametrize("learner", ["constant", "erm", "gibbs", "memorize", "posterior"])
def test_check_of_a_csv_file(tmp_path, learner):
    path = tmp_path / "t.csv"
    path.write_text("p,x,y,n\na,0,0,3\na,1,1,2\nb,0,1,1\nb,1,0,4\n")
    result = run("check", path, "--phi", "p", "--x", "x", "--y", "y", "--count", "n", "--learner", learner, "--n", 2)
    assert result.exit_code == 0
    assert "69 relations" in result.output
    assert "violated" not in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.json"], "does not exist"),
        (["t.csv"], "name its columns with --phi, --x, --y"),
        (["t.csv", "--phi", "p", "--x", "x", "--y", "q"], "column 'q' is not in the header"),
        (["t.csv", "--phi", "p", "--x", "x", "--y", "y", "--count", "n"], "the cell of column 'n' is empty"),
        (["t.csv", "--phi", "p", "--x", "x", "--y", "y", "--learner", "magic"], "magic"),
        (["t.csv", "--phi", "p", "--x", "x", "--y", "y", "--n", "0"], "0"),
        (["bad.json"], '"version" is 7'),
        (["good.json", "--n", "2"], "--n belongs to CSV files"),
        (["joint.json"], "holds a Joint; check takes a world"),
        (["good.json", "--q", "joint.json"], "--q takes variational tables"),
        (["good.json", "--json", "nowhere/r.json"], "does not exist"),
        (["good.json", "--unit", "bans"], "bans"),
    ],
)
def test_bad_input_exits_with_2_and_no_traceback(tmp_path, arguments, says):
    (tmp_path / "t.csv").write_text("p,x,y,n\na,0,0,3\na,1,1,\n")
    (tmp_path / "bad.json").write_text('{"format": "therml-exact/world", "version": 7}')
    tx.random_world(0).save(tmp_path / "good.json")
    tx.random_world(0).joint().save(tmp_path / "joint.json")
    result = subprocess.run(
        [sys.executable, "-m", "therml_exact.cli", "check", *arguments], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 2
    assert says in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "nowhere").exists()


def test_encoders_lists_the_frontier_and_writes_it(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,y,n\na,0,2\na,1,0\nb,0,1\nb,1,1\nc,0,0\nc,1,2\n")
    result = run(
        "encoders",
        path,
        "--x",
        "x",
        "--y",
        "y",
        "--count",
        "n",
        "--json",
        tmp_path / "f.json",
        "--figure",
        tmp_path / "f.png",
    )
    assert result.exit_code == 0
    assert "a, b | c" in result.output
    assert "3 hard encoders by enumeration, complete, ties decided exactly" in result.output
    assert json.loads((tmp_path / "f.json").read_text())["complete"] is True
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    short = run("encoders", path, "--x", "x", "--y", "y", "--method", "branch and bound", "--max-nodes", 1)
    assert short.exit_code == 0
    assert run("encoders", path, "--x", "x", "--y", "x").exit_code == 2


def test_equations_lists_all_or_one_in_full():
    listing = run("equations")
    assert listing.exit_code == 0
    assert all(f"({n})" in listing.output for n in range(1, 99))
    one = run("equations", 85)
    assert "false as printed" in one.output
    assert "test_printed_85_and_93_fail" in one.output
    assert run("equations", "--status", "planned").exit_code == 2  # nothing is planned any more
    assert run("equations", 99).exit_code == 2
    assert run("equations", "--status", "nonsense").exit_code == 2


def test_help_loads_click_alone():
    loaded = python(
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from therml_exact.cli import main\n"
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0\n"
        "print([m for m in ('numpy', 'numba', 'scipy', 'sympy', 'flint', 'matplotlib', 'rich') if m in sys.modules])"
    )
    assert loaded.strip() == "[]"


def test_import_loads_neither_numba_nor_scipy():
    heavy = "[m for m in ('numba', 'scipy', 'sympy', 'matplotlib', 'hypothesis', 'rich') if m in sys.modules]"
    assert python(f"import sys, therml_exact\nprint({heavy})").strip() == "[]"
    used = (
        "import sys, therml_exact as tx\n"
        "w = tx.random_world(0)\nf = tx.random_world(0, exact=False)\n"
        "tx.check_bounds(w), tx.check_bounds(f), tx.EQUATIONS\n"
        "tx.predictive_information(w.phi, w.x_given_phi, None, 2)\n"
    )
    assert python(f"{used}print({heavy})").strip() == "[]"


def test_public_names_are_never_shadowed_by_modules():
    """Every name of the interface is there, also after all modules have been imported."""
    code = (
        "import importlib, pkgutil, types, therml_exact as tx\n"
        "for m in pkgutil.walk_packages(tx.__path__, 'therml_exact.'):\n"
        "    if not m.name.endswith('__main__') and '.docs.' not in m.name: importlib.import_module(m.name)\n"
        "modules = {'atlas', 'audit', 'encoders', 'examples', 'learners', 'markov'}\n"
        "print([n for n in tx.__all__ if isinstance(getattr(tx, n), types.ModuleType) != (n in modules)])"
    )
    assert python(code).strip() == "[]"


def test_names_in_brackets_are_no_markup(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("[/p],[red]x,y\na,0,0\nb,1,1\nb,0,1\n")
    result = run("check", path, "--phi", "[/p]", "--x", "[red]x", "--y", "y", "--json", tmp_path / "[r].json")
    assert result.exit_code == 0
    assert "Phi = [/p], X = [red]x" in result.output
    assert run("encoders", path, "--x", "[/p]", "--y", "[red]x").exit_code == 0


def test_narrow_terminals_keep_relation_and_verdict(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    tx.random_world(0).save(tmp_path / "w.json")
    lines = run("check", tmp_path / "w.json").output.splitlines()
    assert max(map(len, lines)) <= 80
    assert any("(8)" in line and "I(X_i;Φ)" in line for line in lines)
    assert any("tight" in line for line in lines)


def test_worlds_too_large_for_the_dense_joint_are_checked_without_it(monkeypatch):
    from therml_exact.bounds import registry

    monkeypatch.setattr(registry, "DENSE_CELLS", 100)
    report = tx.check_bounds(tx.random_world(0, n=2))
    assert not report.violated
    assert {row.equation for row in report}.isdisjoint({5, 6, 7})
    assert any("(6) needs the dense joint of 256 cells" in reason for reason in report.skipped)


def test_frontier_of_a_contingency_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,n\nu,0,3\nu,1,1\nv,0,1\nv,1,4\nw,1,2\n")
    out, figure = tmp_path / "f.json", tmp_path / "f.png"
    options = ("--x", "a", "--y", "b", "--count", "n", "--tol", "1e-2", "--unit", "bits")
    result = run("frontier", path, *options, "--json", out, "--figure", figure, "--checkpoint", tmp_path / "c")
    assert result.exit_code == 0
    for text in ("X = a, Y = b", "R (bits)", "certified", "gamma_c"):
        assert text in result.output
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert (
        run("frontier", path, *options, "--checkpoint", tmp_path / "c").output.splitlines()[:3]
        == (result.output.splitlines()[:3])
    )
    verified = run("verify", out)
    assert verified.exit_code == 0 and verified.output.startswith("valid")
    content = json.loads(out.read_text())
    certificate = content["sheets"][0]["points"][1]["certificate"]
    (tmp_path / "c.json").write_text(json.dumps(certificate))
    assert "<= minimum <=" in run("verify", tmp_path / "c.json").output
    certificate["lower_bound"] = certificate["value"]
    (tmp_path / "c.json").write_text(json.dumps(certificate))
    broken = run("verify", tmp_path / "c.json")
    assert broken.exit_code == 1 and "digest" in broken.output


def test_frontier_of_the_toy_and_with_theta():
    assert "the paper's toy" in run("frontier", "--example", "appendix-h", "--gamma", 2, "--gamma", 4).output
    berkeley = run("frontier", "--example", "berkeley", "--delta", 0.5, "--tol", 1e-2)
    assert "R + 0.5 D" in berkeley.output


def test_audit_of_a_claim(tmp_path):
    result = run("audit", "--example", "hair-eye", "-R", 0.3, "-C", 1.1, "--json", tmp_path / "a.json")
    assert "impossible: some coordinate must rise by at least" in result.output and "nats" in result.output
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["verdict"] == "impossible" and tx.verify(content["certificate"]).valid
    assert run("verify", tmp_path / "a.json").exit_code == 0
    feasible = run("audit", "--example", "hair-eye", "-R", 0.6, "-C", 2.0, "--unit", "bits")
    assert "feasible, suboptimal by [" in feasible.output and "bits" in feasible.output


def test_time_limits_are_those_of_the_whole_call(monkeypatch):
    """What is known is told; the limit reaches the search."""
    result = run("frontier", "--example", "hair-eye", "--gamma", 3, "--gamma", 4, "--time-limit", 1e-9)
    assert result.exit_code == 0 and "1 point," in result.output
    given = {}

    def point(problem, **options):
        given.update(options)
        return tx.audit.Classification("undecided", 0.0, None, (-0.1, 0.1), {"R": 0.3})

    monkeypatch.setattr("therml_exact.audit.point", point)
    assert run("audit", "--example", "hair-eye", "-R", 0.3, "--time-limit", 7).exit_code == 3
    assert given["time_limit"] == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("frontier",), "give a PATH or one --example"),
        (("frontier", "--example", "hair-eye", "--x", "Hair"), "--x belongs to CSV files"),
        (("frontier", "--example", "hair-eye", "--workers", 2, "--scheduler", "tcp://x:1"), "exclude each other"),
        (("frontier", "--example", "hair-eye", "--json", "/no/such/folder/f.json"), "does not exist"),
        (("audit", "--example", "hair-eye"), "nothing is claimed"),
        (("frontier", "--example", "hair-eye", "--figure", "f.foo"), "figures are written as .png, .pdf or .svg"),
    ],
)
def test_frontier_refuses(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2 and message in " ".join(result.output.split())


def test_maxwell_measures_all_relations_and_writes_them(tmp_path):
    result = run("maxwell", "--json", tmp_path / "m.json", "--figure", tmp_path / "m.png", "--unit", "bits")
    assert result.exit_code == 0
    assert "(85) as printed is false" in result.output
    assert "1/bits" in result.output
    rows = json.loads((tmp_path / "m.json").read_text())["equilibria"][0]["rows"]
    assert len(rows) == 24
    assert all(abs(row["left"] - row["right_redone"]) < 1e-5 * abs(row["left"]) for row in rows)
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


def test_relax_prints_the_fall_of_j_and_refuses_foreign_multipliers(tmp_path):
    world = tx.random_world(1, n=1, sizes=(2, 2, 2, 3, 2))
    world.save(tmp_path / "w.json")
    result = run("relax", tmp_path / "w.json", "--json", tmp_path / "r.json", "--figure", tmp_path / "r.png")
    assert result.exit_code == 0
    content = json.loads((tmp_path / "r.json").read_text())
    assert set(content["kernels"]) == {"metropolis", "heat bath", "sweep", "langevin"}
    assert {run["verdict"] for run in content["kernels"].values()} <= {"falls", "never rises"}
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    refused = run("relax", tmp_path / "w.json", "--beta", "1")
    assert refused.exit_code == 2
    assert "--beta has no meaning for a WorldP" in refused.output
    tx.BayesWorld([1], [["1/2", "1/2"]], [["1/3", "2/3"], [1, 0]]).save(tmp_path / "b.json")
    assert "(exact, every" in run("relax", tmp_path / "b.json").output


def test_learn_solves_and_compares_the_worlds_own_rule(tmp_path):
    world = tx.random_world(3, n=2)
    world.save(tmp_path / "w.json")
    one = run("learn", tmp_path / "w.json", "--gamma", "3", "--sigma", "1/5", "--json", tmp_path / "l.json")
    assert one.exit_code == 0 and "certified" in one.output and "The optimal rule p(theta|type)" in one.output
    content = json.loads((tmp_path / "l.json").read_text())
    (certificate,) = content["certificates"]
    assert tx.verify(certificate).valid
    verified = run("verify", tmp_path / "l.json")
    assert verified.exit_code == 0 and verified.output.startswith("valid")
    content["rows"][0]["lower_bound"] += 1e-3
    (tmp_path / "false.json").write_text(json.dumps(content))
    assert run("verify", tmp_path / "false.json").exit_code == 1
    # Its encoders are maps or not; the world's own value is that of its functionals.
    f = tx.functionals(world, tx.optimal_variational(world, shared=True))
    told = ", ".join(f"{name} = {float(getattr(f, name)):.6g}" for name in "RCDS")
    assert f"{told} (nats)" in " ".join(one.output.split())  # printed, and not in the file: no certificate proves it
    several = ("--sigma", "0.02", "--sigma", "0.5", "--sigma", "2")
    many = run("learn", tmp_path / "w.json", "--gamma", "3", *several, "--figure", tmp_path / "s.png", "--unit", "bits")
    assert many.exit_code == 0 and ("S jumps at sigma" in many.output or "smoothly" in many.output)
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


SOFT = [[[0.9, 0.1], [0.2, 0.8]], [[0.15, 0.85], [0.9, 0.1]], [[0.9, 0.1], [0.8, 0.2]]]


def test_learn_takes_encoders_from_a_file(tmp_path):
    tx.random_world(3, n=1).save(tmp_path / "w.json")
    content = {"format": "therml-exact/encoders", "version": 1, "encoders": SOFT}
    (tmp_path / "e.json").write_text(json.dumps(content))
    options = ("--gamma", "3", "--sigma", "1/5", "--json", tmp_path / "l.json")
    result = run("learn", tmp_path / "w.json", "--encoders", tmp_path / "e.json", *options)
    assert result.exit_code == 0 and "3 encoders" in result.output and "encoder's number" in result.output
    problem = json.loads((tmp_path / "l.json").read_text())["certificates"][0]["problem"]
    assert problem["encoders"]["shape"] == [3, 2, 2]
    assert run("verify", tmp_path / "l.json").exit_code == 0
    own = run("learn", tmp_path / "w.json", "--encoders", tmp_path / "w.json", "--gamma", "3", "--sigma", "1/5")
    assert own.exit_code == 0
    (tmp_path / "bad.json").write_text(json.dumps({"encoders": SOFT}))
    refused = run("learn", tmp_path / "w.json", "--encoders", tmp_path / "bad.json")
    assert refused.exit_code == 2 and "is no file of encoders" in " ".join(refused.output.split())
    wide = run("learn", tmp_path / "w.json", "--encoders", tmp_path / "e.json", "--z", 2)
    assert wide.exit_code == 2 and "a file has its own letters" in " ".join(wide.output.split())


def test_maxwell_measures_on_a_world_of_ones_own(tmp_path):
    world = tx.WorldP(
        [0.4, 0.6],
        [[0.4, 0.6], [0.45, 0.55]],
        [[[0.95, 0.05], [0.1, 0.9]], [[0.15, 0.85], [0.9, 0.1]]],
        [[[[[1 / 3] * 3] * 2] * 2] * 2] * 2,
        tx.encoders.table(SOFT),
    )
    world.save(tmp_path / "w.json")
    result = run("maxwell", tmp_path / "w.json", "--json", tmp_path / "m.json")
    assert result.exit_code == 0 and "relations agree within" in result.output
    rows = json.loads((tmp_path / "m.json").read_text())["equilibria"][0]["rows"]
    assert sum(row["refused"] is None for row in rows) == 24
    hot = run("maxwell", tmp_path / "w.json", "--delta", "1/2", "--gamma", "2.1", "--sigma", "50")
    assert hot.exit_code == 2 and "nothing is learnt" in " ".join(hot.output.split())
    assert "together" in run("maxwell", tmp_path / "w.json", "--delta", "1/2").output
    tx.random_world(3, n=1).save(tmp_path / "hard.json")
    tx.WorldP([1], [[1]], [[[1, 0]]], [[[1]] * 2], [[[1, 0]]]).save(tmp_path / "hard.json")
    refused = run("maxwell", tmp_path / "hard.json")
    assert refused.exit_code == 2 and "all entries > 0" in " ".join(refused.output.split())


def test_relax_at_extreme_temperatures_raises_no_alarm(tmp_path):
    """At sigma = 1e5 it printed that J rises, against a theorem; at 1/1000 it hung."""
    tx.random_world(1, n=1, sizes=(2, 2, 2, 3, 2)).save(tmp_path / "w.json")
    tx.random_world(1, n=1, sizes=(2, 2, 2, 3, 2)).to_float().save(tmp_path / "f.json")
    for sigma in ("100000", "0.001", "0.000001", "1000000"):
        result = run("relax", tmp_path / "f.json", "--sigma", sigma, "--gamma", "2")
        assert result.exit_code == 0 and "rises, against" not in result.output
    maps = tx.encoders.deterministic(2, 2)
    exact = tx.WorldP(
        ["2/5", "3/5"], [["1/3", "2/3"], ["1/2", "1/2"]], [[["9/10", "1/10"], ["1/5", "4/5"]]] * 2,
        tx.learners.erm(2, 2, 1, maps), tx.encoders.table(maps),
    )  # fmt: skip
    exact.save(tmp_path / "e.json")
    for sigma in ("1/5000", "1/1000000"):
        refused = run("relax", tmp_path / "e.json", "--sigma", sigma, "--gamma", "2")
        assert refused.exit_code == 2 and "digits" in refused.output and "--floats" in refused.output
        assert run("relax", tmp_path / "e.json", "--sigma", sigma, "--gamma", "2", "--floats").exit_code == 0


def test_learn_refuses(tmp_path):
    tx.random_world(1, n=1).save(tmp_path / "w.json")
    tx.BayesWorld([1], [["1/2", "1/2"]], [["1/3", "2/3"], [1, 0]]).save(tmp_path / "b.json")
    for arguments, message in (
        (("b.json",), "learn takes a world P"),
        (("w.json", "--sigma", "-1"), "sigma"),
        (("w.json", "--encoders", "noisy"), "give deterministic"),
        (("w.json", "--encoders", "deterministic:3", "--z", 2), "contradict"),
        (("w.json", "--figure", tmp_path / "s.png"), "several --sigma"),
    ):
        result = run("learn", tmp_path / arguments[0], *arguments[1:])
        assert result.exit_code == 2 and message in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("command", "option", "text", "message"),
    [
        ("relax", "--sigma", "-1", "--sigma is -1; it is a number > 0"),
        ("relax", "--sigma", "0", "--sigma is 0; it is a number > 0"),
        ("relax", "--gamma", "-1/2", "--gamma is -1/2; it is a number >= 0"),
        ("relax", "--delta", "1" + "0" * 400, "it is a number >= 0"),
        ("relax", "--sigma", "nan", "--sigma is the text 'nan'; write a rational"),
        ("relax", "--sigma", "", "--sigma is the text ''; write a rational"),
        ("relax", "--sigma", "1/0", "--sigma is '1/0', which divides by zero"),
        ("learn", "--gamma", "-1", "--gamma is -1; it is a number >= 0"),
        ("learn", "--sigma", "-0.5", "--sigma is -0.5; it is a number >= 0"),
        ("learn", "--rho", "x", "--rho is the text 'x'; write a rational"),
    ],
)
def test_a_multiplier_that_is_none_is_refused_by_the_name_of_its_option(tmp_path, command, option, text, message):
    tx.random_world(1, n=1, sizes=(2, 2, 2, 3, 2)).save(tmp_path / "w.json")
    result = run(command, tmp_path / "w.json", option, text)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    assert "probabilit" not in result.output and "[0]" not in result.output
