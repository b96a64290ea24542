"""The phase diagram of learning: what is drawn is what is proved."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import therml_exact as tx
from therml_exact.cli import main
from therml_exact.figures.learning import draw_phase_diagram
from therml_exact.frontier.learning.jump import Jump
from therml_exact.frontier.learning.slopes import bounds_of_s

HALF = "1/2"
ONE = ([1], [[HALF, HALF]], [[["1/4", "3/4"], ["2/3", "1/3"]]])


@pytest.fixture(scope="module")
def frontier() -> Any:
    maps = tx.encoders.deterministic(2, 2)
    problem = tx.LearningRuleProblem(*ONE, 1, maps)
    return tx.trace(problem, gammas=[2, 4], sigmas=[0, 0.5, 1, 2, 4], progress=False)


def test_s_lies_between_its_proved_bounds(frontier: Any) -> None:
    for gamma in (2, 4):
        optima = [o for o in frontier if o.multipliers["gamma"] == gamma]
        bounds = bounds_of_s(optima)
        assert bounds[0][1] == np.inf and bounds[-1][0] == 0
        for o, (least, most) in zip(optima, bounds, strict=True):
            # The optimum's own S is within what its gap lets it be.
            assert least - 1e-5 <= o.point["S"] <= most + 1e-5
        assert bounds[1][0] > 0.1 and bounds[-1][1] < (1e-3 if gamma == 2 else 1)


def test_the_colours_are_the_functionals_and_the_marks_what_is_proved(frontier: Any) -> None:
    jump = Jump(1.15, 1.1, 1.2, 0.6, 0.0, ({}, {}), ())
    axes = draw_phase_diagram(frontier, {2.0: [jump]}, "bits")
    for ax, name in zip(axes, "SRC", strict=True):
        drawn = np.asarray(ax.collections[0].get_array()).reshape(5, 2)
        table = np.array([o.point[name] for o in frontier]).reshape(2, 5).T / np.log(2)
        assert np.allclose(drawn, table) and ax.get_title() == f"{name} of the best rule"
    lines = {line.get_label(): line for line in axes[0].get_lines()}
    learnt = set(zip(*lines["learnt: S > 0.001 nats, proved"].get_data(), strict=True))
    constant = set(zip(*lines["constant: S < 0.001 nats, proved"].get_data(), strict=True))
    assert (2, 0.5) in learnt and (2, 4) in constant and not learnt & constant
    assert list(lines["S falls at once, certified"].get_ydata()) == [1.15]


def test_what_is_no_grid_is_refused() -> None:
    problem = tx.LearningRuleProblem(*ONE, 1, tx.encoders.deterministic(2, 2))
    for lists in ({"gammas": [2], "sigmas": [0, 1]}, {"gammas": [1, 2], "sigmas": [0, 1], "deltas": [0, 1]}):
        found = tx.trace(problem, **lists, progress=False)
        with pytest.raises(ValueError, match="needs a grid"):
            draw_phase_diagram(found)


def test_the_command_traces_saves_and_draws(tmp_path: Any) -> None:
    maps = tx.encoders.deterministic(2, 2)
    world = tx.WorldP(*ONE, tx.learners.erm(2, 2, 1, maps), maps.transpose(1, 0, 2))
    world.save(tmp_path / "w.json")

    def run(*arguments: Any) -> Any:
        return CliRunner().invoke(main, ["learn", str(tmp_path / "w.json"), *map(str, arguments)])

    grid = ("--gamma", 4, "--gamma", 10, "--sigma", "1/2", "--sigma", 1)
    files = ("--json", tmp_path / "f.json", "--figure", tmp_path / "f.png")
    done = run("--free", *grid, *files)
    assert done.exit_code == 0, done.output
    assert "2 codes z, any number of thetas" in done.output and done.output.count("certified") == 4
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert len(json.loads((tmp_path / "f.json").read_text())["certificates"]) == 4
    assert tx.verify(tmp_path / "f.json").valid and tx.load(tmp_path / "f.json").status == "certified"
    for arguments, message in (
        (grid, "are for --free"), (("--falls",), "are for --free"), (("--free", "--rho", 2), "--rho"),
        (("--free", "--figure", tmp_path / "g.png"), "several --gamma"),
    ):  # fmt: skip
        refused = run(*arguments)
        assert refused.exit_code == 2 and message in refused.output
