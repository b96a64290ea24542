"""The public plots: they return the axes, follow the style, and shade nothing that can be reached."""

import math
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pytest
from cycler import cycler
from matplotlib import pyplot as plt

import therml_exact as tx
from therml_exact.figures.frontier import draw_learning, draw_unseen
from therml_exact.frontier.curve.objectives import named_objectives

HAIR = tx.examples.hair_eye().marginal("Hair", "Eye")
PROBLEM = tx.EncoderProblem(HAIR)
COIN = tx.EncoderProblem(tx.Joint(np.array([[[30, 2], [3, 15]], [[2, 20], [26, 2]]]) / 100, ("X", "Theta", "Y")))


@pytest.fixture(autouse=True)
def _closed():
    with mpl.rc_context({"backend": "Agg"}):
        yield
        plt.close("all")


def lines(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def shaded(ax):
    """Whether a point lies in a grey part."""
    paths = [path for part in ax.collections if part.get_label() == "impossible" for path in part.get_paths()]
    assert paths
    return lambda point: any(path.contains_point(point) for path in paths)


RULES = tx.LearningRuleProblem([1], [[1]], [[["1/2", "1/2"]]], 1, [[[1, 0]], [[0, 1]]])
FRONTIER = tx.trace(PROBLEM, tol=1e-2, progress=False)
FEW = tx.trace(PROBLEM, [6.0, 12.0], progress=False)
PLOTS = {
    "frontier": FRONTIER.plot,
    "surface": tx.trace(COIN, tol=5e-2, progress=False).plot,
    "optimum": tx.minimize(PROBLEM, gamma=8).plot,
    "optimum of a rule": tx.minimize(tx.BayesProblem(["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 3), beta=2).plot,
    "best rule": tx.minimize(RULES, gamma=2).plot,
    "everything free": tx.minimize(tx.JointProblem([1], [[1]], [[["1/2", "1/2"]]], 1, z_size=1), gamma=2).plot,
    "rules": tx.trace(RULES, gammas=[2.0], sigmas=[0.0, 0.5], progress=False).plot,
    "hard encoders": tx.deterministic_frontier(HAIR).plot,
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_returns_its_axes_and_draws_on_those_given(name, tmp_path):
    ax = PLOTS[name]()
    assert plt.fignum_exists(ax.figure.number)  # notebooks show it
    own = plt.figure().add_subplot(projection="3d" if name == "surface" else None)
    assert PLOTS[name](ax=own) is own
    own.figure.savefig(tmp_path / "f.png")
    assert own.get_xlabel() and own.get_ylabel()
    for axis in (own.xaxis, own.yaxis):
        assert not axis.get_offset_text().get_text()  # "1e-10 + 1.06"


def test_a_style_is_followed():
    with plt.rc_context({"axes.prop_cycle": cycler(color=["#123456", "#654321"])}):
        ax = FRONTIER.plot()
        assert ax.get_lines()[0].get_color() == "#123456"
        two = tx.trace(PROBLEM, [4.0], [0.0, 0.5], progress=False).plot()
        colours = {line.get_color() for line in two.get_lines() if line.get_linestyle() != ":"}
    assert colours == {"#123456", "#654321"}
    fresh = plt.subplots()[1]
    fresh.plot([0, 1], [0, 1])
    assert mpl.colors.to_hex(FRONTIER.plot(fresh).get_lines()[1].get_color()) == "#ff7f0e"  # the cycle goes on


@pytest.mark.parametrize("frontier", [FRONTIER, FEW], ids=["chosen", "two multipliers"])
@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_nothing_that_is_achieved_is_shaded(frontier, unit):
    """With --gamma 6 --gamma 12 the hard encoders to the right of both lay in the grey part."""
    scale = 1 / math.log(2) if unit == "bits" else 1
    hard = tx.deterministic_frontier(HAIR)
    ax = frontier.plot(unit=unit, hard=hard)
    grey = shaded(ax)
    fine = tx.trace(PROBLEM, tol=2e-3, progress=False).sheets[0].coordinates
    reached = np.concatenate([fine * scale, lines(ax)["hard encoders"]])
    assert not any(grey((x, y + 1e-6)) for x, y in reached)
    assert grey((0.1, 1.2 * scale if frontier is FEW else 1.23 * scale)) and grey((-0.01, 1.2 * scale))
    low, high = np.array([ax.get_xlim(), ax.get_ylim()]).T
    for name in ("hard encoders", "optima"):  # every mark is in the window
        assert ((lines(ax)[name] > low) & (lines(ax)[name] < high)).all()


def test_the_slope_of_the_first_code_starts_where_nothing_is_said():
    (start, end) = next(v for k, v in lines(FEW.plot()).items() if "first code" in k)
    assert start == pytest.approx([0.0, float(tx.entropy(HAIR, "Eye"))], abs=1e-12)
    critical = FEW.gamma_c
    assert (end - start)[1] / (end - start)[0] == pytest.approx(-1 / critical)


def test_a_frontier_of_one_point_has_a_window_and_plain_numbers():
    nothing = tx.Joint([["1/4", "1/4"], ["1/4", "1/4"]], ("X", "Y"))
    ax = tx.trace(tx.EncoderProblem(nothing), tol=1e-2, progress=False).plot()
    assert np.ptp(ax.get_ylim()) > 9.9e-4 and ax.get_ylabel() == "C (nats)"
    ax.figure.canvas.draw()
    assert all(len(label.get_text()) < 9 for label in ax.get_yticklabels())


def test_volume_is_drawn_from_zero():
    found = tx.trace(COIN, [0.5, 8.0], volume=True, progress=False)
    ax = found.plot()
    drawn = lines(ax)["optima"]
    assert ax.get_xlabel() == "V (nats)"
    assert np.sort(drawn[:, 0]) == pytest.approx(sorted(row["V"] for row in found.rows()))
    assert shaded(ax)((-0.005, drawn[0, 1]))  # V = I(Z;Theta|X) at the best q's is not negative


def test_letters_and_variables_are_named():
    ax = tx.minimize(PROBLEM, gamma=8).plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Black", "Brown", "Red", "Blond"]
    assert ax.get_ylabel() == "Hair"
    assert FRONTIER.plot().get_xlabel() == "R, rate of Hair (nats)"


def test_marks_of_objectives_are_in_the_window():
    from therml_exact.figures.frontier import draw_frontier

    ax = draw_frontier(FEW, objectives=named_objectives(PROBLEM, 8.0))
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    marks = [v[0] for k, v in lines(ax).items() if ": min " in k]
    assert len(marks) >= 3 and all(left < x < right and bottom < y < top for x, y in marks)


def optimum(status, sigma, s):
    return SimpleNamespace(status=status, multipliers={"sigma": sigma}, point={"S": s})


def test_every_jump_and_every_open_optimum_is_told():
    jumps = [
        SimpleNamespace(sigma=0.5, before=1.0, after=0.9, drop=0.1),
        SimpleNamespace(sigma=1.1, before=0.8, after=0.0, drop=0.8),
    ]
    ax = draw_learning([optimum("certified", 0.1, 1.0), optimum("open", 2.0, 0.0)], jumps)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "certified optima", "open optima", "jump by 0.1 nats at σ = 0.5", "jump by 0.8 nats at σ = 1.1",
    ]  # fmt: skip
    found = tx.jump(RULES, 0.2, 3.0, gamma=2)
    assert len(found.plot().get_legend().get_texts()) == 1 + len(found)


def test_the_bound_under_caps_uses_what_the_multipliers_prove():
    capped = [SimpleNamespace(minimise="C", caps={"R": c}, value=1 - c, lower_bound=0.0) for c in (0.0, 0.5, 1.0)]
    multipliers = {"rho": 1.0, "gamma": 1.0, "delta": 0.0, "sigma": 0.0}
    proved = [SimpleNamespace(multipliers=multipliers, lower_bound=1.0, point={"R": r, "C": 1 - r}) for r in (0.0, 1.0)]
    ax = draw_unseen(capped, proved)
    assert lines(ax)["proven lower bound"][:, 1] == pytest.approx([1.0, 0.5, 0.0])
    (part,) = ax.collections
    assert part.get_hatch() and part.get_facecolor().size == 0  # grey stands for the impossible alone


def test_the_letters_of_the_potentials_are_those_that_are_derived():
    from therml_exact.figures.thermo import POTENTIALS

    told = {"R": ["R"]}
    for part in POTENTIALS.split(", ")[1:]:
        name, terms = part.split(" = ")
        first, *more = terms.split(" + ")
        told[name] = [*told[first], *more]
    for potential in tx.potentials():
        assert f" = {' + '.join(told[potential.name])}," in str(potential)
    assert len(told) == 8
