"""Jumps of S in a saved frontier of learning rules: three certificates prove each, and nothing else is believed."""

import copy
import json
import math

import pytest
from learning_rules import random_problem

import therml_exact as tx
from therml_exact.frontier.learning.frontier import RuleFrontier


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    problem = random_problem(21)
    found = tx.jump(problem, 0.02, 3, gamma=2)
    path = tmp_path_factory.mktemp("jumps") / "f.json"
    RuleFrontier(problem, (tx.minimize(problem, gamma=2, sigma=0.2, tol=1e-6),), 1e-6, found.jumps).save(path)
    assert tx.verify(path, problem).valid and "jump" in tx.verify(path).reason
    return json.loads(path.read_text())


def edited(content, **change):
    out = copy.deepcopy(content)
    out["jumps"][0] |= change
    return out


def test_each_requirement_refuses_what_fails_it(saved):
    assert tx.verify(saved).valid
    jump = saved["jumps"][0]
    other = tx.minimize(random_problem(22), gamma=2, sigma=0.1, tol=1e-6).certificate
    moved = tx.minimize(random_problem(21), gamma=3, sigma=0.1, tol=1e-6).certificate
    one, two, three = jump["certificates"]
    forgeries = {
        "less is proved": [{"before": math.nextafter(jump["before"], 9) + 1e-9}, {"after": jump["after"] - 1e-9}],
        "no fall": [{"before": jump["after"], "after": jump["after"]}],
        "three certificates": [{"certificates": [one, two]}, {"certificates": [one, two, three, three]}],
        "in order": [{"certificates": [two, one, three]}, {"certificates": [one, one, three]}],
        "another problem": [{"certificates": [one, two, other]}, {"certificates": [one, None, three]}],
        "more than sigma": [{"certificates": [moved, two, three]}],
        "other fields": [{"sigma": 0.3}],
        "no number": [{"before": "1"}],
    }
    for reason, changes in forgeries.items():
        for change in changes:
            found = tx.verify(edited(saved, **change))
            assert not found.valid and reason in found.reason, (reason, found.reason)
    assert not tx.verify({**saved, "jumps": {}}).valid and not tx.verify({**saved, "own": {}}).valid
