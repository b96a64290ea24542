"""The two sides of each relation are computed apart: falsify one path, and every relation that mentions it breaks.

A path is a sum of its own: entropies, conditional tables, informations over cells, divergences from a q, expectations
of -log q. Each is made wrong for all that use it, by a constant and by a factor; and each marginal
table in turn is replaced by a wrong one. An identity that mentions what is wrong is no longer equal; an inequality that
mentions it is broken by an error of one sign or the other, so that its two sides do not share the error. (The constants
of (60), sum H(X) + H(Y) - I(X;Phi) - I(Y;X,Phi), have as many entropies with + as with -: there only the factor shows.)
"""

from fractions import Fraction

import numpy as np
import pytest

import therml_exact as tx
from therml_exact.bounds.quantities import Quantities
from therml_exact.numbers.weights import Weights
from therml_exact.variational import Variational

SHIFT = tx.PrimeLog.log(2)
PATHS = {
    "entropies": "entropy",
    "conditional tables": "conditional_entropy",
    "informations over cells": "information",
    "divergences from q": "divergence",
    "expectations of -log q": "cross_entropy",
}


def worlds():
    """One generic world of each kind, with N = 2 for P, and q's that are not optimal."""
    rng = np.random.default_rng(7)

    def rows(*shape):  # two letters, both possible and never as likely as each other
        first = np.array([Fraction(int(k), 23) for k in rng.integers(1, 22, size=shape[:-1]).reshape(-1)], dtype=object)
        return np.stack([first, 1 - first], axis=-1).reshape(shape)

    made = [
        tx.WorldP(rows(2), rows(2, 2), rows(2, 2, 2), rows(2, 2, 2, 2, 2), rows(2, 2, 2)),
        tx.BayesWorld(rows(2), rows(2, 2), rows(2, 2, 2)),
        tx.DiscriminativeWorld(rows(2), rows(2, 2), rows(2, 2, 2), rows(2, 2, 2)),
    ]
    return [(w, Variational(**{name: rows(*q.shape) for name, q in tx.optimal_variational(w).given().items()}))
            for w in made]  # fmt: skip


WORLDS = worlds()
RELATIONS = [(r, w, q) for r in tx.RELATIONS for w, q in WORLDS if w.kind in r.worlds]
NAMES = [f"{r.equation}{r.part} {w.kind}" for r, w, _ in RELATIONS]


def row_of(relation, world, q):
    """The verdict on a fresh copy of the world: nothing is left from an earlier one."""
    again = type(world)(**world.tables)
    return relation.evaluate(Quantities(again, q), 1 if relation.each else None)


def falsify(patch, name, change):
    """Every sum of this kind changed; the list that is returned grows at each use."""
    used, true = [], getattr(Weights, name)

    def wrong(self, *given):
        used.append(name)
        return change(true(self, *given))

    patch.setattr(Weights, name, wrong)
    return used


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("relation", "world", "q"), RELATIONS, ids=NAMES)
def test_a_wrong_path_breaks_every_relation_that_mentions_it(relation, world, q, path, monkeypatch):
    assert row_of(relation, world, q).verdict in ("holds", "tight")
    cancels = (relation.equation, path) == (60, "entropies")
    verdicts = []
    for factor, by in ((Fraction(1001, 1000), 0),) if cancels else ((1, -99), (1, 99), (1, 1)):
        with monkeypatch.context() as patch:
            used = falsify(patch, PATHS[path], lambda value, a=factor, by=by: value * a + by * SHIFT)
            verdicts.append(row_of(relation, world, q).verdict)
    if not used:
        assert set(verdicts) <= {"holds", "tight"}
    elif relation.sense == "=":
        assert set(verdicts) == {"violated"}
    else:
        assert "violated" in verdicts


@pytest.mark.parametrize(("relation", "world", "q"), RELATIONS, ids=NAMES)
def test_a_wrong_marginal_changes_every_relation_that_mentions_it(relation, world, q, monkeypatch):
    """Each marginal table that is asked for, in turn, with a tenth of its mass on its first cell."""
    plain, asked, true = row_of(relation, world, q), set(), type(world).weights

    def recorded(self, names):
        asked.add(tuple(names))
        return true(self, names)

    with monkeypatch.context() as patch:
        patch.setattr(type(world), "weights", recorded)
        row_of(relation, world, q)
    if (relation.equation, relation.part) == (60, "a"):
        asked -= {(name,) for name in world.axes if name[0] in "XY"}  # H(X) - [H(X) + H(Phi) - H(X,Phi)]
    for names in asked:

        def wrong(self, given, names=names):
            w = true(self, given)
            if tuple(given) != names:
                return w
            array = w.array * 9
            array[(0,) * array.ndim] += w.total
            return Weights(array, 10 * w.total)

        with monkeypatch.context() as patch:
            patch.setattr(type(world), "weights", wrong)
            found = row_of(relation, world, q)
        if relation.sense == "=":
            assert found.verdict == "violated", names
        else:
            assert found.slack != plain.slack, names


def test_a_wrong_conditional_breaks_what_is_said_of_the_optimal_qs(monkeypatch):
    """(5), (7), (43), (51): the least divergence is that of the conditionals of p, and of nothing else."""
    from therml_exact import variational

    true = variational.conditional

    def wrong(weights):
        rows = true(weights)
        return rows * Fraction(9, 10) + Fraction(1, 10 * rows.shape[-1])

    monkeypatch.setattr(variational, "conditional", wrong)
    for relation, world, q in RELATIONS:
        if relation.equation in (5, 7, 43, 51):
            assert row_of(relation, world, q).verdict == "violated"
