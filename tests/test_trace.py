"""Frontiers: the promise of the tolerance checked at random directions, executors, checkpoints that survive a kill."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from multiprocessing import get_context

import interruptible
import numpy as np
import pytest
from depth import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import therml_exact as tx
from therml_exact.frontier.budget import Budget
from therml_exact.frontier.curve import corners
from therml_exact.frontier.curve.crew import CHUNK, LEAST, SHARES, TASK, key, pieces_of, tasks
from therml_exact.frontier.curve.half_spaces import Support, solve_all, solve_pieces
from therml_exact.frontier.mixture.path import USUAL
from therml_exact.testing import joints

BSC = tx.EncoderProblem(tx.examples.binary_symmetric(Fraction(1, 10)))
FUNCTION = tx.EncoderProblem(tx.Joint([["1/4", 0], ["1/4", 0], [0, "1/2"]], ("X", "Y")))


def theta_problem(seed=0):
    cells = np.random.default_rng(seed).dirichlet(np.full(12, 0.5)).reshape(3, 2, 2)
    return tx.EncoderProblem(tx.Joint(cells, ("X", "Theta", "Y")))


def trace(problem, **kwargs):
    return tx.trace(problem, progress=False, **kwargs)


def same(f, g):
    """Bit for bit."""
    return [(o.multipliers, o.value, o.lower_bound, o.point) for o in f.points] == [
        (o.multipliers, o.value, o.lower_bound, o.point) for o in g.points
    ]


def promise(f, directions):
    """Between the known points and the known half-spaces every other direction's optimum is squeezed within tol."""
    for sheet in f.sheets:
        view = np.array(sheet.view)
        points = sheet.coordinates
        for a in directions(len(view)):
            a = np.asarray(a) / np.sum(a)
            w = a @ view
            scale = w[0] if w[0] > 0 else 1.0
            o = tx.minimize(f.problem, rho=float(w[0] > 0), delta=w[1] / scale, gamma=w[2] / scale)
            inner = float((points @ a).min())
            assert inner >= o.lower_bound * scale - 1e-12
            assert inner - o.lower_bound * scale <= f.tol + 1e-9


@settings(max_examples=examples(15), deadline=None)
@given(joints(max_size=4))
def test_the_tolerance_holds_in_every_direction(joint):
    f = trace(tx.EncoderProblem(joint), tol=1e-3)
    assert f.complete and f.status == "certified"
    promise(f, lambda dim: [(1.0, g) for g in (0.3, 1, 1.7, 3, 8, 40, 1e3)])


def test_the_tolerance_holds_on_a_surface_and_on_sheets():
    rng = np.random.default_rng(1)
    for kwargs in ({"tol": 5e-3}, {"deltas": [0, 0.6, 1.3], "tol": 1e-3}, {"gammas": [3.0]}, {"volume": True}):
        f = trace(theta_problem(), **kwargs)
        assert f.complete, kwargs
        promise(f, lambda dim: rng.dirichlet(np.ones(dim), size=12))


def test_closed_form_of_the_binary_symmetric_curve():
    def h(p):
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    f = trace(BSC, gammas=[1.6, 2, 3, 5, 9])
    for o in f.points:
        gamma = o.multipliers["gamma"]
        flips = np.geomspace(1e-12, 0.5, 60001)
        values = math.log(2) - np.array([h(p) for p in flips])
        values += gamma * np.array([h(p * 0.9 + (1 - p) * 0.1) for p in flips])
        assert o.value <= values.min() + 1e-12
        assert o.value == pytest.approx(values.min(), abs=1e-7)
    assert f.gamma_c == pytest.approx(1 / 0.64, rel=1e-9)


def test_a_function_has_a_straight_frontier_between_two_corners():
    f = trace(FUNCTION)
    (segment,) = f.segments
    assert segment.multipliers["gamma"] == pytest.approx(1, abs=1e-9)
    assert len(segment.shared) == 9
    for k, point in enumerate(segment.shared, 1):
        assert point["R"] == pytest.approx(k / 10 * math.log(2), abs=1e-12)
        assert point["R"] + point["C"] == pytest.approx(math.log(2), abs=1e-12)
    first, last = f.kinks
    assert (first.low, last.high) == (0, math.inf)
    assert first.high == pytest.approx(1, abs=1e-5) and last.low == pytest.approx(1, abs=1e-5)
    assert f.gamma_c == pytest.approx(1)


def test_a_soft_curve_has_no_corner_but_the_first():
    f = trace(BSC, tol=1e-4)
    assert [(k.low, k.point["R"]) for k in f.kinks] == [(0, 0)]
    assert f.kinks[0].high == pytest.approx(1 / 0.64, abs=1e-4)
    assert f.segments == ()


def test_theta_trivial_needs_one_curve_only():
    f = trace(BSC, deltas=[0.0, 0.5])
    for sheet in f.sheets:
        for o in sheet.optima:
            assert o.point["R"] + o.point["D"] == pytest.approx(math.log(2), abs=1e-9)
    assert f.sheets[1].critical.value == pytest.approx(0.5 / 0.64)


def test_volume_is_delta_one_less_the_entropy_of_the_inputs():
    problem = theta_problem()
    f = trace(problem, volume=True)
    h_x = -sum(v * math.log(v) for v in problem.cells.sum(axis=(1, 2)).astype(float))
    row = f.rows()[3]
    assert row["V"] == pytest.approx(row["R"] + row["D"] - h_x)
    assert row["V"] >= -1e-12
    assert f.classify(V=row["V"] + 1e-3, C=row["C"] + 1e-3).verdict == "feasible"
    below = f.classify(V=row["V"] - 1e-2, C=row["C"] - 1e-2)
    assert below.verdict == "impossible" and set(below.claimed) == {"V", "C"}
    with pytest.raises(ValueError, match="V is a coordinate of frontiers traced with volume=True"):
        trace(problem, gammas=[1.0], deltas=[0.0]).classify(V=0.1)


def test_bayes_frontier_and_its_ends():
    problem = tx.BayesProblem([0.3, 0.7], [[0.2, 0.8], [0.6, 0.4]], 4)
    f = trace(problem, tol=1e-3)
    assert f.complete and f.gamma_c is None and f.beta_c > 0
    assert f.points[0].point["S"] == 0 and f.points[-1].multipliers["beta"] == math.inf
    assert f.classify(S=f.points[5].point["S"], U=f.points[5].point["U"]).verdict == "feasible"


def test_known_points_are_feasible_and_what_lies_below_is_not():
    f = trace(theta_problem(), deltas=[0.4], tol=1e-3)
    for o in f.points:
        assert f.classify(**o.point, refine=False).verdict == "feasible"
    o = f.points[len(f.points) // 2]
    found = f.classify(**{name: v - 1e-3 for name, v in o.point.items()})
    assert found.verdict == "impossible" and 0 < found.by <= 1e-3 + 1e-12
    assert f.classify(R=0.5, C=0.01).verdict == "impossible"


def test_without_refinement_the_strip_between_the_polygons_is_undecided():
    f = trace(BSC, tol=1e-2)
    a, b = f.points[2].point, f.points[3].point
    between = {name: 0.5 * (a[name] + b[name]) - 1e-4 for name in ("R", "C")}
    assert f.classify(**between, refine=False).verdict == "undecided"
    assert f.classify(**between).verdict == "feasible"


def test_grids_are_solved_as_they_are():
    f = trace(theta_problem(), gammas=[3, 1, 2], deltas=[0, 0.5], tol=1e-9)
    assert [(o.multipliers["delta"], o.multipliers["gamma"]) for o in f.points] == [
        (d, g) for d in (0, 0.5) for g in (1, 2, 3)
    ]
    assert all(o.gap <= 1e-9 for o in f.points)
    assert not f.complete and f.gap > 1e-9


def test_max_points_is_kept_and_said():
    f = trace(BSC, tol=1e-6, max_points=6)
    assert len(f) <= 6 and not f.complete
    assert "the tolerance was 1e-06" in str(f)


def test_an_open_gap_is_said():
    cells = np.random.default_rng(0).dirichlet(np.ones(25)).reshape(5, 5)
    f = trace(tx.EncoderProblem(tx.Joint(cells, ("X", "Y"))), gammas=[6.0], max_cells=200)
    (o,) = f.points
    assert f.status == o.status == "open" and o.gap > 1e-9
    assert tx.verify(o.certificate).valid


def test_the_executor_does_not_change_the_result():
    problem = theta_problem(2)
    alone = trace(problem, deltas=[0, 0.5])
    with ThreadPoolExecutor(3) as pool:
        assert same(alone, trace(problem, deltas=[0, 0.5], executor=pool))


class Here:
    """An executor that does its tasks at once, and says of each that it took as long as the test wants."""

    def __init__(self, seconds):
        self.seconds, self.sizes = seconds, []

    def submit(self, work, version, solve, problem, task, *limits):
        found, _ = work(version, solve, problem, task, *limits)
        self.sizes.append(len(task))
        future = Future()
        future.set_result((found, self.seconds))
        return future


def test_a_surface_depends_on_no_executor_and_no_clock():
    """One worker, two processes, and tasks that are told to take a moment or an hour: every bit is the same."""
    problem, tol = theta_problem(2), 0.004
    alone = trace(problem, tol=tol)
    assert len(alone) > 20 and alone.complete
    # New processes, not forks: this one may have threads of other libraries.
    for workers in (ThreadPoolExecutor(1), ProcessPoolExecutor(2, mp_context=get_context("spawn"))):
        with workers as pool:
            assert same(alone, trace(problem, tol=tol, executor=pool))
    quick, slow = Here(1e-6), Here(3600.0)
    assert same(alone, trace(problem, tol=tol, executor=quick)) and same(alone, trace(problem, tol=tol, executor=slow))
    assert len(quick.sizes) < len(slow.sizes) and set(slow.sizes) == {1}


seconds = st.sampled_from([0.0, 1e-6, 1e-3, 0.02, 0.3, 1e3])


@given(st.lists(st.integers(1, 9), max_size=60), seconds)
def test_tasks_hold_every_piece_in_order_and_none_is_too_long(sizes, pace):
    pieces = [[{"beta": float(k)}] * size for k, size in enumerate(sizes)]
    told = tasks(pieces, pace)
    assert [piece for task in told for piece in task] == pieces
    left = pace * sum(sizes)
    for task in told:
        length = pace * sum(map(len, task))
        assert len(task) == 1 or 0 < length <= max(LEAST, min(TASK, left / SHARES)) * (1 + 1e-9)
        left -= length
    if pace == 0:
        assert len(told) == len(pieces)


@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.integers(0, 2), st.integers(0, 30)), max_size=40))
def test_pieces_hold_what_can_start_from_each_other(given_):
    wanted = [{"rho": r, "delta": float(d), "gamma": float(g)} for r, d, g in given_]
    pieces = pieces_of(wanted)
    assert [key(m) for piece in pieces for m in piece] == sorted({key(m) for m in wanted})
    for piece in pieces:
        assert len({(m["rho"], m["delta"]) for m in piece}) == 1 and len(piece) <= CHUNK
    assert pieces == pieces_of(wanted[::-1])


def test_a_checkpoint_resumes_and_gives_the_same(tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    problem = theta_problem(3)
    whole = trace(problem, deltas=[0, 0.5])
    from therml_exact.frontier.curve import crew as module

    solve, found = module.solve_each, []

    def fails_in_a_piece(*args):
        for optimum in solve(*args):
            if len(found) == 5:
                raise KeyboardInterrupt
            found.append(optimum)
            yield optimum

    monkeypatch.setattr(module, "solve_each", fails_in_a_piece)
    with pytest.raises(KeyboardInterrupt):
        trace(problem, deltas=[0, 0.5], checkpoint=path)
    assert len(path.read_text().splitlines()) - 1 == 5  # optima, not whole pieces
    monkeypatch.setattr(module, "solve_each", solve)
    again = trace(problem, deltas=[0, 0.5], checkpoint=path)
    assert same(whole, again)
    for o in again.points:
        assert tx.verify(o.certificate, problem).valid
    monkeypatch.setattr(module, "solve_each", None)  # nothing is left to solve
    assert same(whole, trace(problem, deltas=[0, 0.5], checkpoint=path))


COUNTS = np.random.default_rng(0).integers(1, 9, (8, 8))  # no closed form decides it, and no first piece of a search


@pytest.mark.parametrize("workers", [None, 1])
def test_what_the_deadline_cut_short_is_told_and_not_kept(tmp_path, workers, monkeypatch):
    """One optimum (of each worker's piece), open for want of time; none is kept, and a later call closes them all."""
    problem, path = tx.EncoderProblem(tx.Joint.from_counts(COUNTS, ("X", "Y"))), tmp_path / "c"
    pool = None if workers is None else ThreadPoolExecutor(workers)
    with monkeypatch.context() as patch:  # a hundredth of a second, which is left otherwise, may be enough
        patch.setattr(Budget, "until", lambda budget, _: Budget(budget.tol, 1, 1e-9))
        short = trace(problem, gammas=[20, 30, 60], time_limit=1e-9, checkpoint=path, executor=pool)
    assert {(o.status, o.reason) for o in short.points} == {("open", "time")}
    assert len(short) == 1 or workers
    assert path.read_bytes().count(b"\n") == 1
    assert 0 < short.gap < 10
    whole = trace(problem, gammas=[20, 30, 60], checkpoint=path, executor=pool)
    assert len(whole) == 3 and whole.status == "certified" and path.read_bytes().count(b"\n") == 4


def test_optima_that_had_their_time_are_kept_though_the_whole_call_is_over(tmp_path):
    """At a few cells the search ends by itself: another call with as few would find no more."""
    problem, path = tx.EncoderProblem(tx.Joint.from_counts(COUNTS, ("X", "Y"))), tmp_path / "c"
    found = trace(problem, gammas=[0, 5], time_limit=1e-9, checkpoint=path)
    assert [o.status for o in found.points] == ["certified"] and path.read_bytes().count(b"\n") == 2


def test_a_piece_ends_with_the_call_and_gives_one_optimum_at_least():
    """Eight optima are a piece; each of them would have a minute. Of a task's pieces the first is begun."""
    problem = tx.EncoderProblem(tx.Joint.from_counts(COUNTS, ("X", "Y")))
    path = [problem.direction(np.array([1.0, 0.0, gamma])) for gamma in range(5, 13)]
    assert len(solve_all(problem, path, USUAL, 1e-9)) == 1
    for clocks in ((1e-9, math.inf), (math.inf, time.time() - 1)):
        found, seconds = solve_pieces(problem, [path, path[:3]], USUAL, *clocks)
        assert [len(optima) for optima in found] == [1] and seconds > 0
    assert len(solve_all(problem, path[:3], USUAL)) == 3


def test_progress_is_told_after_every_optimum(monkeypatch):
    told = []

    @contextmanager
    def listens(progress, what="frontier"):
        yield told.append

    monkeypatch.setattr("therml_exact.frontier.curve.sheets.counter", listens)
    found = tx.trace(BSC, tol=0.05)
    assert [text.split(" optima")[0] for text in told] == [str(k + 1) for k in range(len(found))]
    assert told[0] == "1 optima" and "inner and outer within" in told[-1]
    monkeypatch.setattr("therml_exact.audit.counter", listens)
    told.clear()
    tx.audit.point(BSC, R=0.2, C=0.5)
    assert told[0] == "1 optima" and "distance within" in told[-1]


def test_corners_take_their_time_and_no_more(monkeypatch):
    """Without time the interval of a corner is the part that is known, and nothing is solved for it."""
    problem = tx.EncoderProblem(tx.Joint([["1/4", 0], ["1/4", 0], [0, "1/2"]], ("X", "Y")))
    whole = tx.trace(problem, progress=False)
    monkeypatch.setattr("therml_exact.frontier.curve.corners.SECONDS", -1.0)
    short = tx.trace(problem, progress=False)
    assert same(whole, short)
    assert whole.kinks
    for kink in short.kinks:
        assert any(k.low <= kink.low and kink.high <= k.high for k in whole.kinks)
    sparse = tx.Joint.from_counts(COUNTS, ("X", "Y"))
    still = tx.trace(tx.EncoderProblem(sparse), tol=0.1, time_limit=1e-9, progress=False)
    calls = []
    monkeypatch.setattr("therml_exact.frontier.curve.corners.SECONDS", 60.0)
    solve = corners.solve_all
    monkeypatch.setattr(corners, "BUDGET", Budget(1e-9, 2_000_000, 1e-9))
    monkeypatch.setattr(corners, "solve_all", lambda *args: calls.append(args) or solve(*args))
    assert still.kinks == () or all(k.low <= k.high for k in still.kinks)
    assert len(calls) <= 4  # the first open optimum ends each search


def test_every_cut_of_a_checkpoint_is_taken_and_every_edit_refused(tmp_path):
    path = tmp_path / "run.checkpoint"
    whole = trace(BSC, gammas=[2, 3, 4], checkpoint=path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for cut in [1, 50, *rng.integers(1, len(data), size=12).tolist(), len(data) - 1]:
        path.write_bytes(data[:cut])
        assert same(whole, trace(BSC, gammas=[2, 3, 4], checkpoint=path))
        assert path.read_bytes() == data
    for _ in range(40):
        place = int(rng.integers(0, len(data) - 1))
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(ValueError, match=r"damaged|no checkpoint|another problem|other settings|version"):
            trace(BSC, gammas=[2, 3, 4], checkpoint=path)


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    path = tmp_path / "run.checkpoint"
    trace(BSC, gammas=[2], checkpoint=path)
    with pytest.raises(ValueError, match="the checkpoint of another problem; name another file"):
        trace(FUNCTION, gammas=[2], checkpoint=path)
    with pytest.raises(ValueError, match="the checkpoint of other settings"):
        trace(BSC, gammas=[3], checkpoint=path)
    other = tmp_path / "notes.txt"
    other.write_text("hello\n")
    with pytest.raises(ValueError, match="no checkpoint of a frontier; name another file"):
        trace(BSC, gammas=[2], checkpoint=other)
    assert other.read_text() == "hello\n"
    for text in ("my notes", '{"format": "th'):
        other.write_text(text)
        with pytest.raises(ValueError, match="no checkpoint of a frontier; name another file"):
            trace(BSC, gammas=[2], checkpoint=other)
        assert other.read_text() == text
    with pytest.raises(ValueError, match="a checkpoint is a regular file"):
        trace(BSC, gammas=[2], checkpoint="/dev/null")


def test_a_larger_budget_goes_on_where_a_smaller_one_left_open(tmp_path):
    cells = np.random.default_rng(0).dirichlet(np.ones(25)).reshape(5, 5)
    problem = tx.EncoderProblem(tx.Joint(cells, ("X", "Y")))
    path = tmp_path / "run.checkpoint"
    short = trace(problem, gammas=[3.5], max_cells=10, checkpoint=path)
    assert short.status == "open"
    kept = path.read_text()
    assert same(short, trace(problem, gammas=[3.5], max_cells=10, checkpoint=path)) and path.read_text() == kept
    long = trace(problem, gammas=[3.5], max_cells=1_000, checkpoint=path)
    assert long.points[0].gap < short.points[0].gap


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_leaves_a_checkpoint_that_goes_on(tmp_path, number):
    code = (
        "import numpy as np, therml_exact as tx\n"
        "cells = np.random.default_rng(3).dirichlet(np.full(12, .5)).reshape(3, 2, 2)\n"
        "p = tx.EncoderProblem(tx.Joint(cells, ('X', 'Theta', 'Y')))\n"
        f"tx.trace(p, deltas=[0, .3, .6, .9], tol=1e-6, progress=False, checkpoint={str(tmp_path / 'c')!r})\n"
    )
    path = tmp_path / "c"
    deadline = time.monotonic() + 60
    with interruptible.child(interruptible.running(code), stderr=subprocess.DEVNULL) as process:
        while time.monotonic() < deadline and not (path.exists() and path.read_bytes().count(b"\n") > 5):
            time.sleep(0.01)
        process.send_signal(number)
        process.wait(timeout=60)
    before = path.read_bytes()
    assert before.count(b"\n") > 5
    from therml_exact.frontier.curve.journal import Journal

    head = json.loads(before.splitlines()[0])
    journal = Journal(path, theta_problem(3), head["settings"])
    journal.close()
    kept = before[: before.rfind(b"\n") + 1]
    assert len(journal.optima) == kept.count(b"\n") - 1
    assert path.read_bytes() == kept


HOLDS = """
import os, sys, time
import therml_exact as tx
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from multiprocessing import get_context
from therml_exact.frontier.curve.journal import Journal

problem = tx.EncoderProblem(tx.examples.binary_symmetric(Fraction(1, 10)))
journal = Journal(sys.argv[1], problem, {})
with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(100)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no flock")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_checkpoint_in_use_is_refused_until_its_process_dies(tmp_path, number):
    path = tmp_path / "run.checkpoint"
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True)
    worker = int(holder.stdout.readline())
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"run\.checkpoint: another run is at work .* name another file"):
        trace(BSC, gammas=[2], checkpoint=path)
    assert path.read_bytes() == before
    holder.send_signal(number)
    holder.wait()
    holder.stdout.close()
    try:
        os.kill(worker, 0)  # the worker outlives its parent, and must not keep the lock
        with pytest.raises(ValueError, match="the checkpoint of other settings"):
            trace(BSC, gammas=[2], checkpoint=path)
        path.unlink()
        trace(BSC, gammas=[2], checkpoint=path)
    finally:
        os.kill(worker, signal.SIGKILL)


def test_two_runs_of_one_process_exclude_each_other_and_follow_each_other(tmp_path):
    from therml_exact.frontier.curve.journal import Journal

    path = tmp_path / "run.checkpoint"
    journal = Journal(path, BSC, {})
    if sys.platform != "win32":
        with pytest.raises(ValueError, match="another run is at work on this checkpoint"):
            Journal(path, BSC, {})
    journal.close()
    second = Journal(path, BSC, {})
    journal.close()  # once more, when its descriptor's number belongs to another
    if sys.platform != "win32":
        with pytest.raises(ValueError, match="another run is at work on this checkpoint"):
            Journal(path, BSC, {})
    second.close()
    for _ in range(3):  # refused ones do not keep it
        with pytest.raises(ValueError, match="another problem"):
            Journal(path, FUNCTION, {})
    Journal(path, BSC, {}).close()


def test_without_flock_a_checkpoint_is_kept_all_the_same(tmp_path, monkeypatch):
    from therml_exact import locks

    monkeypatch.setattr(locks, "fcntl", None)
    whole = trace(BSC, gammas=[2], checkpoint=tmp_path / "c")
    assert same(whole, trace(BSC, gammas=[2], checkpoint=tmp_path / "c"))


FORKED = """
import os, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import pytest
import therml_exact as tx
from therml_exact.frontier.curve.journal import Journal

def points(frontier):
    return [(o.multipliers, o.point, o.lower_bound) for o in frontier.points]

bsc = tx.EncoderProblem(tx.examples.binary_symmetric())
journal = Journal("run.checkpoint", bsc, {})
with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
    pool.submit(os.getpid).result()
with pytest.raises(ValueError, match="another run is at work"):
    Journal("run.checkpoint", bsc, {})
journal.close()
with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
    shared, again = (tx.trace(bsc, gammas=[2, 3], executor=pool, checkpoint="c") for _ in range(2))
assert points(shared) == points(again) == points(tx.trace(bsc, gammas=[2, 3]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_workers_that_end_do_not_end_the_lock(tmp_path):
    """A forked worker closes its copy of the descriptor, which must leave the lock to its parent."""
    # In a process of its own: other tests have started threads in this one, with which a fork may hang.
    subprocess.run([sys.executable, "-c", FORKED], cwd=tmp_path, check=True, timeout=300)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"gammas": []}, ValueError, "gammas is empty; leave it out to have them chosen"),
        ({"gammas": [-1]}, ValueError, "gamma is -1; a multiplier is a finite number >= 0"),
        ({"gammas": [math.nan]}, ValueError, "gamma is nan; a multiplier is a finite number >= 0"),
        ({"betas": [1]}, TypeError, "beta = 1 is foreign to EncoderProblem"),
        ({"sigmas": [0]}, TypeError, "sigmas are foreign to EncoderProblem"),
        ({"tol": 0}, ValueError, "tol is 0; a tolerance is a positive number of nats"),
        ({"max_points": 1}, ValueError, "max_points is 1; it is a whole number, at least 2"),
        ({"gammas": 2}, ValueError, "gammas is 2; give a list of multipliers"),
        ({"gammas": "2"}, ValueError, "gammas is '2'; give a list of multipliers"),
        ({"volume": True, "deltas": [1]}, ValueError, "deltas and volume=True exclude each other"),
    ],
)
def test_bad_arguments(kwargs, error, message):
    with pytest.raises(error, match=message):
        trace(BSC, **kwargs)
    with pytest.raises(TypeError, match="problem is a Joint"):
        trace(BSC.p_xy)


@pytest.mark.parametrize(
    "table",
    [
        [["1/4", "1/4"], ["1/4", "1/4"]],
        [[1]],
        [["1/2", "1/2"]],
        [["1/2"], ["1/2"]],
        [["1/2", 0], [0, "1/2"]],
        [["1/2", 0, 0], [0, 0, 0], [0, "1/4", "1/4"]],
        [["1/3", 0, "1/6"], [0, "1/4", "1/4"]],
    ],
)
@pytest.mark.filterwarnings("error")
def test_degenerate_tables(table):
    f = trace(tx.EncoderProblem(tx.Joint(table, ("X", "Y"))))
    assert f.complete and f.status == "certified"
    for row in f.rows():
        assert all(math.isfinite(v) for name, v in row.items() if isinstance(v, float))
        assert min(row["R"], row["C"], row["D"]) >= -1e-15


def test_a_frontier_saves_every_certificate(tmp_path):
    f = trace(BSC, tol=1e-2)
    f.save(tmp_path / "f.json")
    content = json.loads((tmp_path / "f.json").read_text())
    assert content["format"] == "therml-exact/frontier" and content["units"] == "nats"
    (sheet,) = content["sheets"]
    assert len(sheet["points"]) == len(f)
    for saved, o in zip(sheet["points"], f.points, strict=True):
        assert saved["value"] == o.value
        assert tx.verify(saved["certificate"], BSC).valid


@pytest.mark.parametrize("kwargs", [{"tol": 1e-2}, {"volume": True, "tol": 1e-2}, {"deltas": [0, 0.5], "tol": 1e-2}])
def test_a_saved_frontier_loads_verifies_and_classifies(tmp_path, kwargs):
    f = trace(theta_problem(), **kwargs)
    f.save(tmp_path / "f.json")
    again = tx.load(tmp_path / "f.json")
    assert same(f, again) and str(f) == str(again)
    for o, p in zip(f.points, again.points, strict=True):
        assert o.certificate == p.certificate
        for name, table in o.witness.items():
            assert (p.witness[name] == table).all()
    assert again.classify(C=1e-3).verdict == "impossible"
    found = tx.verify(tmp_path / "f.json", f.problem)
    assert found.valid and f"{len(f)} certificates hold" in found.reason
    content = json.loads((tmp_path / "f.json").read_text())
    for edit in ("value", "lower_bound", "multipliers", "status", "point"):
        broken = json.loads(json.dumps(content))
        point = broken["sheets"][0]["points"][1]
        point[edit] = {
            "value": point["value"] - 1e-6,
            "lower_bound": point["lower_bound"] + 1e-6,
            "multipliers": {**point["multipliers"], "gamma": (7.0).hex()},
            "status": "open",
            "point": {**point["point"], "C": point["point"]["C"] - 1e-6},
        }[edit]
        assert not tx.verify(broken).valid, edit


def test_to_dataframe():
    pandas = pytest.importorskip("pandas")
    f = trace(BSC, gammas=[2, 3])
    frame = f.to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["gamma"]) == [2, 3] and frame.attrs["units"] == "nats"
    assert {"R", "C", "D", "value", "lower_bound", "gap", "status"} <= set(frame.columns)


def test_supports_hold_for_all_achieved_points():
    f = trace(theta_problem(), tol=5e-3)
    supports = [Support.of(o) for o in f.points]
    for s in supports:
        for t in supports:
            assert np.dot(s.weights, t.point) >= s.bound - 1e-12


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes")
def test_dask_loses_nothing_when_a_worker_dies(tmp_path):
    pytest.importorskip("distributed", reason="extra dask is not installed")
    # In a process of its own: Dask starts threads and event loops that warn on exit.
    code = """
import json, os, signal, sys, threading, time
import numpy as np
import therml_exact as tx
from distributed import Client, LocalCluster

def pids():
    return os.getpid()

if __name__ == "__main__":
    cells = np.random.default_rng(2).dirichlet(np.full(12, .5)).reshape(3, 2, 2)
    p = tx.EncoderProblem(tx.Joint(cells, ("X", "Theta", "Y")))
    alone = tx.trace(p, deltas=[0, .5], tol=1e-4, progress=False)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            victim = sorted(client.run(pids).values())[0]
            def kill():
                while not os.path.exists(sys.argv[1]) or open(sys.argv[1], "rb").read().count(b"\\n") < 4:
                    time.sleep(.005)
                os.kill(victim, signal.SIGKILL)
            thread = threading.Thread(target=kill); thread.start()
            shared = tx.trace(p, deltas=[0, .5], tol=1e-4, progress=False, executor=client.get_executor(retries=10),
                              checkpoint=sys.argv[1])
            thread.join()
            alive = [v for v in client.run(pids).values()]
    facts = [[(o.multipliers, o.value, o.lower_bound) for o in f.points] for f in (alone, shared)]
    print(json.dumps({"same": facts[0] == facts[1], "killed": victim not in alive, "points": len(facts[0])}))
"""
    script = tmp_path / "run.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "c")], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    assert facts["same"] and facts["killed"] and facts["points"] > 20


def _killed():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_worker_is_said_in_one_sentence_with_the_way_to_go_on(tmp_path):
    """As when the system kills a worker for its memory: no traceback of the pool's, and the finished part is kept."""
    from concurrent.futures import BrokenExecutor

    class Dying:
        """An executor whose workers die after the first piece."""

        def __init__(self):
            self.done = 0

        def submit(self, work, *arguments):
            from concurrent.futures import Future

            future = Future()
            self.done += 1
            if self.done > 1:
                future.set_exception(BrokenExecutor("a process in the pool was terminated abruptly"))
            else:
                future.set_result(work(*arguments))
            return future

    path = tmp_path / "run.checkpoint"
    gammas = [1 + k / 4 for k in range(12)]
    with pytest.raises(BrokenExecutor, match=r"worker process was killed .* 8 finished optima .* goes on from them"):
        trace(BSC, gammas=gammas, executor=Dying(), checkpoint=path)
    assert len(trace(BSC, gammas=gammas, checkpoint=path)) == 12
    with pytest.raises(BrokenExecutor, match="with a checkpoint the finished part is kept"):
        trace(BSC, gammas=gammas, executor=Dying())


def test_a_real_pool_whose_worker_is_killed():
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        future = pool.submit(_killed)
        with pytest.raises(BrokenExecutor):
            future.result()
        with pytest.raises(BrokenExecutor, match="worker process was killed"):
            trace(BSC, gammas=[2], executor=pool)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_names_the_file(tmp_path, monkeypatch):
    import errno

    import therml_exact as tx
    from therml_exact import files
    from therml_exact.frontier.curve.journal import Journal

    journal = Journal(tmp_path / "run.checkpoint", BSC, {})
    journal._file.close()
    journal._file = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
    with pytest.raises(OSError, match=r"goes on from it.*run\.checkpoint"):
        journal.add([tx.minimize(BSC, gamma=2)])
    journal.close()

    def full(path, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "_write", full)
    with pytest.raises(OSError, match=r"nothing was written.*out\.json"):
        tx.examples.hair_eye().save(tmp_path / "out.json")
    assert list(tmp_path.iterdir()) == [tmp_path / "run.checkpoint"] or not (tmp_path / "out.json").exists()


def test_a_frontier_that_was_cut_short_is_printed_without_a_search(monkeypatch):
    """gamma_c may take seconds: only a whole frontier tells it unasked."""
    from therml_exact.frontier.curve.frontier import Sheet

    monkeypatch.setattr(Sheet, "critical", property(lambda sheet: pytest.fail("gamma_c was computed")))
    problem = tx.EncoderProblem(tx.examples.binary_symmetric(0.1))
    short = tx.trace(problem, tol=1e-6, time_limit=1e-9, progress=False)
    assert not short.complete and "gamma_c" not in str(short)
