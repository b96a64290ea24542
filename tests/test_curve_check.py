"""Saved frontiers: what is stored is proved, what follows from it is computed again, nothing else is in the file."""

import copy
import json
import math

import pytest

import therml_exact as tx
from therml_exact.frontier.curve.views import SAMPLES, SURFACE, VOLUME, distortion, plane, shapes
from therml_exact.frontier.mixture.certificate import digest
from therml_exact.frontier.mixture.critical import Critical
from therml_exact.frontier.rounding import ROUNDING

P = tx.EncoderProblem(tx.Joint([["1/8", "3/8"], ["3/8", "1/8"]], ("X", "Y")))
THETA = tx.EncoderProblem(tx.random_world(3, n=1).joint().marginal("X1", "Theta", "Y1").rename({"X1": "X", "Y1": "Y"}))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("frontier") / "f.json"
    tx.trace(P, gammas=[0.5, 3, 5, 9], progress=False).save(path)
    return json.loads(path.read_text())


def written(content, tmp_path):
    path = tmp_path / "g.json"
    path.write_text(json.dumps(content))
    return path


def test_what_follows_from_the_points_is_not_stored_and_comes_back(saved, tmp_path):
    text = json.dumps({**saved, "sheets": [{**s, "points": []} for s in saved["sheets"]]})
    assert all(name not in text for name in ('"gap"', '"critical"', '"kinks"', '"segments"', '"constant"', '"status"'))
    first = tx.trace(P, tol=1e-2, progress=False)
    first.save(tmp_path / "f.json")
    again = tx.load(tmp_path / "f.json")
    assert tx.verify(tmp_path / "f.json", P).valid
    assert again.gap == first.gap and again.status == first.status and again.complete == first.complete
    assert again.gamma_c == first.gamma_c == pytest.approx(4.0, rel=1e-6)
    assert again.kinks == first.kinks and again.segments == first.segments and str(again) == str(first)
    tx.trace(THETA, tol=0.1, volume=True, progress=False).save(tmp_path / "v.json")
    assert tx.verify(tmp_path / "v.json").valid and tx.load(tmp_path / "v.json").constant > 0
    tx.trace(THETA, gammas=[2.0], tol=0.1, progress=False).save(tmp_path / "d.json")
    assert tx.verify(tmp_path / "d.json").valid


def at(content, path, value):
    out = copy.deepcopy(content)
    here = out
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return out


POINT = ("sheets", 0, "points", 1)
FORGERIES = {
    "a gap": (("gap",), 0.0, "'gap'"),
    "a status": (("status",), "certified", "'status'"),
    "a critical multiplier": (("sheets", 0, "critical"), {"value": 77.0, "low": 77.0}, "'critical'"),
    "corners": (("sheets", 0, "kinks"), [], "'kinks'"),
    "a gap of a sheet": (("sheets", 0, "gap"), 0.0, "'gap'"),
    "a gap of a point": ((*POINT, "gap"), -1.0, "gap"),
    "version true": (("version",), True, "version"),
    "a later version": (("version",), 3, "version"),
    "bits": (("units",), "bits", "nats"),
    "a tolerance of 0": (("tol",), 0.0, "tolerance"),
    "a tolerance of text": (("tol",), "1", "tolerance"),
    "volume of another kind": (("volume",), 1, "volume"),
    "volume that is none": (("volume",), True, "none of this problem"),
    "no sheets": (("sheets",), [], "no sheets"),
    "no points": (("sheets", 0, "points"), [], "no points"),
    "other names": (("sheets", 0, "names"), ["R", "D"], "none of this problem"),
    "another view": (("sheets", 0, "view"), [[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]], "none of this problem"),
    "another delta": (("sheets", 0, "fixed"), {"delta": 0.5}, "none of this problem"),
    "a point's tolerance": ((*POINT, "tol"), 1.0, "tolerance"),
    "a point's status": ((*POINT, "status"), "open", "status"),
    "a reason that its status belies": ((*POINT, "reason"), "time", "says 'time' and 'certified'"),
    "a reason that is none": ((*POINT, "reason"), "bored", "says 'bored'"),
    "a lower bound above the proved one": ((*POINT, "lower_bound"), 9.0, "lower bound"),
    "a value below the witness's": ((*POINT, "value"), 0.1, "value"),
    "other multipliers": ((*POINT, "multipliers", "gamma"), (4.0).hex(), "multipliers"),
    "a coordinate": ((*POINT, "point", "C"), 0.1, "C ="),
    "a foreign coordinate": ((*POINT, "point", "V"), 0.1, "coordinates"),
    "a foreign field": ((*POINT, "proved"), True, "'proved'"),
    "no certificate": ((*POINT, "certificate"), None, "no object"),
    "a version of text": (("version",), "2", "version"),
    "version 0": (("version",), 0, "version"),
    "a tolerance below 0": (("tol",), -1.0, "tolerance"),
    "sheets in an object": (("sheets",), {"0": 1}, "no sheets"),
    "points in an object": (("sheets", 0, "points"), {"0": 1}, "no points"),
    "a sheet that is none": (("sheets", 0), [], "a sheet is no object"),
    "a point that is none": (POINT, [], "point 1 is no object"),
    "fixed by text": (("sheets", 0, "fixed"), {"delta": "0"}, "fixed"),
    "nothing fixed": (("sheets", 0, "fixed"), {}, "none of this problem"),
    "gamma fixed": (("sheets", 0, "fixed"), {"gamma": 0.0}, "none of this problem"),
    "another status that is true": ((*POINT, "status"), ["certified"], "status"),
    "a tolerance of a point as text": ((*POINT, "tol"), "0x1p-10", "no number"),
    "multipliers left out": ((*POINT, "multipliers"), {"gamma": (3.0).hex()}, "names other multipliers"),
    "multipliers infinite": ((*POINT, "multipliers", "gamma"), "inf", "names other multipliers"),
    "coordinates left out": ((*POINT, "point"), {"R": 0.0, "C": 0.0}, "other coordinates"),
    "an encoder of another shape": ((*POINT, "encoder"), [[[1.0]]], "shape"),
    "a value of text": ((*POINT, "value"), "3.5", "no number"),
    "a bound of text": ((*POINT, "lower_bound"), "3.5", "no number"),
}


def test_no_weight_of_a_coordinate_is_negative(saved):
    """Found: gamma alone is a direction of (R - D, C) too, and `adaptive`, which says whether corners are looked for,
    could be anything."""
    content = copy.deepcopy(saved)
    o = tx.minimize(P, rho=0, gamma=1)
    point = {**saved["sheets"][0]["points"][1]}
    point |= {"certificate": o.certificate, "multipliers": {n: m.hex() for n, m in o.multipliers.items()}}
    point |= {"value": o.value, "lower_bound": o.lower_bound, "point": o.point, "encoder": o.encoder.tolist()}
    point |= {"status": o.status, "tol": float.fromhex(o.certificate["tol"])}
    content["sheets"][0]["points"] = [point]
    assert tx.verify(content).valid, tx.verify(content).reason
    view = {"names": ["R + -1 D", "C"], "view": [[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]], "fixed": {"delta": -1.0}}
    content["sheets"] = [{**content["sheets"][0], **view, "points": [point]}]
    assert "negative" in tx.verify(content).reason
    for value in (1, "true", None, []):
        assert "adaptive" in tx.verify(at(saved, ("sheets", 0, "adaptive"), value)).reason


def reduced(content, without, of=()):
    out = copy.deepcopy(content)
    here = out
    for step in of:
        here = here[step]
    del here[without]
    return out


@pytest.mark.parametrize(
    ("name", "of"),
    [("tol", ()), ("volume", ()), ("problem", ()), ("view", ("sheets", 0)), ("adaptive", ("sheets", 0)),
     ("encoder", POINT), ("tol", POINT)],
)  # fmt: skip
def test_every_field_is_needed(saved, name, of):
    assert f"lacks the field '{name}'" in tx.verify(reduced(saved, name, of)).reason


@pytest.mark.parametrize("index", [0, 1, 2])
def test_numbers_of_a_point_may_be_rounded_and_no_more(saved, index):
    """A coordinate within 2e-13 (|c| + 1) of its encoder's, a sum within as much, and a share of the multipliers'."""
    place = ("sheets", 0, "points", index)
    point = saved["sheets"][0]["points"][index]
    for name, value in point["point"].items():
        for direction in (1, -1):
            beyond = value + direction * 3e-13 * (abs(value) + 1)
            assert f"claims {name} =" in tx.verify(at(saved, (*place, "point", name), beyond)).reason
            near = value + direction * 2e-14
            assert tx.verify(at(saved, (*place, "point", name), near)).valid
    # The value must be that of the coordinates: here by a few of the last digits more than rounding.
    slack = ROUNDING * (abs(point["value"]) + 1 + 0.02 * sum(float.fromhex(m) for m in point["multipliers"].values()))
    c = point["certificate"]
    raised = copy.deepcopy(c)
    raised["value"] = (float.fromhex(c["value"]) + 1.0).hex()
    raised["tol"] = (2.0).hex()
    raised["sha256"] = digest(raised)
    loose = at(at(saved, (*place, "certificate"), raised), (*place, "tol"), 2.0)
    assert "claims a value" in tx.verify(loose).reason
    for by, valid in ((0.5, True), (1.5, False)):
        risen = tx.verify(at(saved, (*place, "value"), point["value"] + by * slack))
        assert risen.valid == valid, risen.reason
        assert valid or "miss its value" in risen.reason
    low = tx.verify(at(saved, (*place, "value"), point["value"] - 3 * slack))
    assert "claims a value" in low.reason
    top = tx.verify(at(saved, (*place, "lower_bound"), math.nextafter(float.fromhex(c["lower_bound"]), math.inf)))
    assert "claims a lower bound of" in top.reason
    assert tx.verify(at(saved, (*place, "lower_bound"), point["lower_bound"] - 1)).valid


def test_a_bayes_frontier_weighs_u_by_beta(saved, tmp_path):
    """S + beta U at finite beta, U alone at infinite beta: coordinates that give another value are refused."""
    problem = tx.BayesProblem(["1/3", "2/3"], [["1/5", "4/5"], ["3/5", "2/5"]], 2)
    tx.trace(problem, betas=[1, 3], tol=1e-2, progress=False).save(tmp_path / "b.json")
    content = json.loads((tmp_path / "b.json").read_text())
    assert tx.verify(content).valid, tx.verify(content).reason
    infinite = tx.minimize(problem, beta=math.inf)
    last = copy.deepcopy(content["sheets"][0]["points"][-1])
    last |= {"certificate": infinite.certificate, "multipliers": {"beta": "inf"}, "value": infinite.value,
             "lower_bound": infinite.lower_bound, "point": infinite.point, "status": infinite.status,
             "tol": float.fromhex(infinite.certificate["tol"]), "encoder": infinite.encoder.tolist()}  # fmt: skip
    content["sheets"][0]["points"].append(last)
    assert tx.verify(content).valid, tx.verify(content).reason
    for k, point in enumerate(content["sheets"][0]["points"]):
        for by in (1e-9, -1e-9):
            found = tx.verify(at(content, ("sheets", 0, "points", k, "value"), point["value"] + by))
            assert ("miss its value" if by > 0 else "claims a value") in found.reason
    assert "none of this problem" in tx.verify(at(content, ("sheets", 0, "fixed"), {"delta": 0.0})).reason
    assert "none of this problem" in tx.verify(at(content, ("sheets", 0, "names"), ["R", "C"])).reason


def test_shapes_hold_the_directions_of_their_coordinates():
    """(R + delta D, C) holds rho : delta as 1 : delta and any gamma; V = R + D - H(X) holds equal ones."""
    assert VOLUME in shapes(THETA, {}, True) and shapes(THETA, {"delta": 0.5}, True) == ()
    assert SURFACE in shapes(THETA, {}, False) and shapes(THETA, {"gamma": 1.0, "delta": 1.0}, False) == ()
    bayes = tx.BayesProblem(["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 2)
    assert shapes(bayes, {}, False) == (SAMPLES,) and shapes(bayes, {"delta": 1.0}, False) == ()
    held = [
        (plane(0.5), (1, 0.5, 3), True), (plane(0.5), (2, 1, 0), True), (plane(0.5), (0, 0, 1), True),
        (plane(0.5), (1, 0.5 + 1e-9, 3), False), (plane(0.5), (1, 0, 3), False), (plane(0.5), (0, 0.5, 3), False),
        (plane(0.0), (1, 0, 3), True), (plane(0.0), (1, 0.5, 3), False), (plane(0.0), (0, 0, 1), True),
        (distortion(2.0), (1, 3, 2), True), (distortion(2.0), (1, 3, 0), False), (distortion(2.0), (0, 1, 0), True),
        (distortion(2.0), (0, 1, 1), False), (distortion(0.0), (1, 3, 0), True),
        (distortion(0.0), (1, 3, 1e-30), False), (VOLUME, (1, 1, 3), True), (VOLUME, (0, 0, 1), True),
        (VOLUME, (1, 2, 3), False), (VOLUME, (1, 0, 0), False), (SURFACE, (1, 2, 3), True), (SURFACE, (0, 0, 1), True),
    ]  # fmt: skip
    for shape, (rho, delta, gamma), expected in held:
        assert shape.holds({"beta": 3.0})
        assert shape.holds({"rho": rho, "delta": delta, "gamma": gamma}) == expected, (shape, rho, delta, gamma)
    assert plane(0.0).view == ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)) and plane(0.0).names == ("R", "C")
    assert plane(0.5).view == ((1.0, 0.5, 0.0), (0.0, 0.0, 1.0)) and plane(0.5).names == ("R + 0.5 D", "C")
    assert distortion(0.0).view == ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)) and distortion(0.0).names == ("R", "D")
    assert distortion(2.0).view == ((1.0, 0.0, 2.0), (0.0, 1.0, 0.0)) and distortion(2.0).names == ("R + 2 C", "D")
    assert VOLUME.view == ((1.0, 1.0, 0.0), (0.0, 0.0, 1.0)) and VOLUME.names == ("V", "C")
    assert SURFACE.view == ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)) and SURFACE.names == ("R", "D", "C")
    assert SAMPLES.view == ((1.0, 0.0), (0.0, 1.0)) and SAMPLES.names == ("S", "U")


@pytest.mark.parametrize("name", FORGERIES)
def test_each_requirement_refuses_what_fails_it(saved, name, tmp_path):
    assert tx.verify(saved).valid, tx.verify(saved).reason
    path, value, reason = FORGERIES[name]
    found = tx.verify(at(saved, path, value))
    assert not found.valid and reason in found.reason, found.reason
    assert not tx.verify(written(at(saved, path, value), tmp_path)).valid


def test_a_value_that_its_own_coordinates_do_not_give(saved):
    point = saved["sheets"][0]["points"][1]
    found = tx.verify(at(saved, (*POINT, "value"), point["value"] + 1e-6))
    assert "miss its value" in found.reason


def test_a_certificate_that_is_false_or_of_another_problem(saved):
    c = copy.deepcopy(saved["sheets"][0]["points"][1]["certificate"])
    c["lower_bound"] = (float.fromhex(c["lower_bound"]) + 1e-6).hex()
    c["sha256"] = digest(c)
    assert not tx.verify(at(saved, (*POINT, "certificate"), c)).valid
    other = tx.minimize(tx.EncoderProblem(tx.examples.binary_symmetric(0.1)), gamma=3).certificate
    assert "another problem" in tx.verify(at(saved, (*POINT, "certificate"), other)).reason
    # The problem that is named at the top is that of every certificate.
    assert "another problem" in tx.verify(at(saved, ("problem",), other["problem"])).reason
    assert "another problem" in tx.verify(saved, THETA).reason


def test_a_point_of_another_sheet_is_refused(saved):
    point = {**saved["sheets"][0]["points"][1]}
    o = tx.minimize(P, gamma=3, delta=0.25)
    point |= {"certificate": o.certificate, "multipliers": {n: m.hex() for n, m in o.multipliers.items()}}
    point |= {"value": o.value, "lower_bound": o.lower_bound, "point": o.point, "encoder": o.encoder.tolist()}
    assert "no direction of its sheet" in tx.verify(at(saved, POINT, point)).reason


def test_files_of_version_1_are_read_and_their_other_numbers_are_no_claims(saved, tmp_path):
    old = copy.deepcopy(saved) | {"version": 1, "gap": 0.0, "status": "certified", "constant": 5.0}
    for sheet in old["sheets"]:
        del sheet["adaptive"]
        sheet |= {"gap": 0.0, "critical": {"value": 77.0, "low": 77.0}, "segments": [], "kinks": []}
        for point in sheet["points"]:
            point["gap"] = 1.0
    found = tx.verify(old, P)
    assert found.valid and "not checked" in found.reason
    read = tx.load(written(old, tmp_path))
    assert read.gamma_c == pytest.approx(4.0, rel=1e-6) and read.gap > 0
    for point in old["sheets"][0]["points"]:
        point["gap"] = 0.0
    assert "gap" in tx.verify(old, P).reason


def test_gamma_c_is_printed_with_the_digits_that_are_proved():
    told = {
        (3.7881034, 3.7880921): "= 3.7881",
        (4.0, 4.0): "= 4",
        (5.12, 4.61): "between 4.61 and 5.12",
        (5.12345, 4.61789): "between 4.617 and 5.124",
        (5.12345, 0.0): "at most 5.124",
        (math.inf, math.inf): "= inf",
        (0.0, 0.0): "= 0",
    }
    assert {ends: str(Critical(*ends)) for ends in told} == told
