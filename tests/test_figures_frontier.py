"""Figures of frontiers: what they draw, with units on every axis."""

import math

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.figures.frontier import draw_frontier, draw_surface
from therml_exact.frontier.curve.objectives import named_objectives

HAIR = tx.examples.hair_eye().marginal(["Hair", "Eye"])


@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_the_plane(unit):
    problem = tx.EncoderProblem(HAIR)
    f = tx.trace(problem, tol=1e-2, progress=False)
    hard = tx.deterministic_frontier(HAIR)
    ax = draw_frontier(f, unit, hard=hard, objectives=named_objectives(problem, 2 * f.gamma_c))
    assert ax.get_xlabel() == f"R, rate of Hair ({unit})" and ax.get_ylabel() == f"C, error of Eye ({unit})"
    lines = {line.get_label(): line.get_xydata() for line in ax.get_lines()}
    scale = 1 / math.log(2) if unit == "bits" else 1
    inner, outer = lines["achieved (inner polygon)"], lines["bound (outer polygon)"]
    assert len(lines["optima"]) == len(f.points)
    # Whatever is drawn as achieved, hard encoders too, lies on the inner polygon or above it.
    for name in ("optima", "hard encoders"):
        assert (lines[name][:, 1] >= np.interp(lines[name][:, 0], inner[:, 0], inner[:, 1]) - 1e-12).all()
    # The outer curve lies nowhere above the inner one, and the hard encoders nowhere below it.
    below = np.interp(inner[:, 0], outer[:, 0], outer[:, 1])
    assert (below <= inner[:, 1] + 1e-9).all()
    codes = lines["hard encoders"]
    assert (codes[:, 1] >= np.interp(codes[:, 0], outer[:, 0], outer[:, 1]) - 1e-9).all()
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    for name in ("VIB", "β-VAE", "ELBO", "semi-supervised", "supervised", "autoencoder"):
        assert any(name + ": min " in label for label in labels)
    assert inner[0] == pytest.approx([0, 1.266978 * scale], abs=1e-5)


def test_several_sheets_and_the_surface():
    problem = tx.EncoderProblem(tx.examples.berkeley())
    ax = draw_frontier(tx.trace(problem, deltas=[0, 0.5], tol=1e-2, progress=False))
    assert ax.get_xlabel() == "R + δ D (nats)"
    surface = tx.trace(problem, tol=2e-2, progress=False)
    ax = draw_surface(surface, "bits")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("R (bits)", "D (bits)", "C (bits)")
    with pytest.raises(ValueError, match="draw_surface draws it"):
        draw_frontier(surface)
    with pytest.raises(ValueError, match="draw_frontier draws it"):
        draw_surface(tx.trace(problem, deltas=[0], tol=1e-2, progress=False))


def test_named_objectives_are_where_section_3_puts_them():
    problem = tx.EncoderProblem(HAIR)
    point = {n.name: n.optimum.point for n in named_objectives(problem, 8.0)}
    h_x, h_y = tx.entropy(HAIR, "Hair"), tx.entropy(HAIR, "Eye")
    least = tx.entropy(HAIR, "Eye", given="Hair")
    assert point["β-VAE"]["R"] == pytest.approx(0, abs=1e-12) and point["β-VAE"]["C"] == pytest.approx(float(h_y))
    for name in ("supervised", "autoencoder", "semi-supervised"):
        assert point[name]["C"] == pytest.approx(float(least), abs=1e-9)
    assert point["ELBO"]["R"] + point["ELBO"]["D"] == pytest.approx(float(h_x))
    assert 0 < point["VIB"]["R"] < float(h_x)
