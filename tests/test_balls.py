"""Balls: python-flint's precision is one for the process; nobody else can spoil ours, and we leave theirs alone."""

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from fractions import Fraction

import flint
import pytest

import therml_exact as tx
from therml_exact.numbers.balls import MovedError, precision, settled

SMALL = tx.EncoderProblem(tx.Joint([["1/8", "3/8"], ["3/8", "1/8"]], ("X", "Y")))


@contextmanager
def settings(prec, cap):
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec, flint.ctx.cap = prec, cap
    try:
        yield
    finally:
        flint.ctx.prec, flint.ctx.cap = before


def in_threads(count, work):
    failures = []

    def run():
        try:
            work()
        except BaseException as error:  # reported in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_the_precision_is_set_inside_and_restored_after():
    with settings(77, 9):
        with precision(300):
            assert flint.ctx.prec == 300
            with precision(20):
                assert flint.ctx.prec == 20
            assert flint.ctx.prec == 300
        assert (flint.ctx.prec, flint.ctx.cap) == (77, 9)
        with pytest.raises(ZeroDivisionError), precision(128):
            1 / 0  # noqa: B018
        assert flint.ctx.prec == 77
        assert settled(lambda at: at + flint.ctx.prec, 1) == 78  # outside, at whatever precision there is


@pytest.mark.parametrize("at", [20, 53, 4000])
def test_threads_that_verify_and_compare_leave_the_users_settings(at):
    certificate = tx.minimize(SMALL, gamma=5).certificate
    entropy = tx.entropy(SMALL.p_xy, "X")

    def work():
        for _ in range(5):
            assert tx.verify(certificate).valid
            assert entropy < 0.7 and entropy > 0.69

    with settings(at, 7):
        in_threads(4, work)
        assert (flint.ctx.prec, flint.ctx.cap) == (at, 7)


def test_a_precision_that_is_moved_meanwhile_is_seen_and_the_value_computed_again():
    calls = []

    def spoilt():
        calls.append(flint.ctx.prec)
        value = flint.arb(2).log()
        if len(calls) == 1:
            flint.ctx.prec = 5  # as another thread would, at the worst time
        return value

    with settings(53, 10):
        with precision(128):
            assert settled(spoilt).rel_accuracy_bits() > 120
            assert calls == [128, 128]
            flint.ctx.prec = 5
            assert settled(lambda: flint.arb(2).log()).rel_accuracy_bits() > 120
        # What the other one set last is what it finds.
        assert flint.ctx.prec == 5


def test_a_precision_that_never_stays_ends_in_a_verdict_of_its_own(monkeypatch):
    def moved():
        flint.ctx.prec += 1

    with settings(53, 10), precision(128), pytest.raises(MovedError, match="flint"):
        settled(moved)
    certificate = tx.minimize(SMALL, gamma=5).certificate
    from therml_exact.frontier.mixture import check as checker

    monkeypatch.setattr(checker, "_with_code", lambda *arguments: moved())
    with settings(53, 10):
        found = tx.verify(certificate)
    assert found.verdict == "not checked" and not found.valid and "precision" in found.reason


def test_a_user_thread_at_low_precision_refuses_no_true_certificate():
    certificates = [tx.minimize(SMALL, gamma=1.2 + k / 4).certificate for k in range(12)]
    stop = threading.Event()

    def toggle():
        while not stop.is_set():
            with flint.ctx.workprec(20):
                sum((flint.arb(k).log() for k in range(1, 60)), flint.arb(0))

    thread = threading.Thread(target=toggle)
    thread.start()
    try:
        found = [tx.verify(c) for c in certificates for _ in range(3)]
    finally:
        stop.set()
        thread.join()
        flint.ctx.prec = 53
    assert [v.reason for v in found if not v.valid] == []


def test_a_refusal_beside_other_threads_is_asked_for_again():
    """A precision that is moved down and up again between two looks spoils one attempt, and no false claim passes."""
    from therml_exact.verification import Proven, RefusedError, judge

    asked = []

    def spoilt_twice(clock):
        asked.append(clock)
        if len(asked) < 3:
            raise RefusedError("a wide ball")
        return Proven(1.0, 0.0, "proved", "")

    def false(clock):
        asked.append(clock)
        raise RefusedError("false")

    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert judge(spoilt_twice).valid and len(asked) == 3
        asked.clear()
        assert judge(false).reason == "false" and len(asked) == 5
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("cap", [1, 2, 10, 32, 100])
def test_the_series_of_a_leaf_does_not_depend_on_flints_cap(cap):
    """Below the largest G of a cell the rule must not hold, whatever the cap; above its bound it holds as always."""
    from therml_exact.frontier.mixture.leaf_rules import Gradient, halve, root_cell
    from therml_exact.verification import finite

    problem = tx.BayesProblem(["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 6)
    certificate = tx.minimize(problem, beta=3).certificate
    (part,) = problem.plan(Fraction(3)).parts
    with settings(53, cap), precision(128):
        gradient = Gradient(part.mixture, [finite(v) for v in certificate["parts"][0]["lam"]])
        cell = root_cell(part.mixture)
        for kept in (0, 1, 0, 1):
            cell = [halve(cell[0], 1 - kept, kept)]
        ends = [row[0] for row in cell[0][1]]
        heights = []
        for k in range(1, 40):
            t = ends[0] + (ends[1] - ends[0]) * k / 40
            heights.append(float(gradient.posterior([t.log(), (1 - t).log()])[0].mid()))
        assert not gradient.series(cell, flint.arb(max(heights) - 1e-9))
        assert gradient.series(cell, flint.arb(max(heights) + 1e-2))
        assert flint.ctx.cap == cap


FORK = """
import os, sys, threading
import therml_exact as tx
from therml_exact.numbers.balls import precision
number, held, release = tx.PrimeLog.log(3), threading.Event(), threading.Event()
def hold():
    with precision(128):
        held.set()
        release.wait()
thread = threading.Thread(target=hold)
thread.start()
held.wait()
child = os.fork()
if child == 0:
    os._exit(0 if number > 1 else 1)
status = os.waitpid(child, 0)[1]
release.set()
thread.join()
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_process_made_by_fork_does_not_wait_for_a_lock_of_its_parent():
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=300)


def test_the_written_out_series_is_that_of_flint():
    """Coefficient by coefficient, against flint's own series at a cap that is large enough."""
    from therml_exact.frontier.mixture.leaf_rules import ORDER, _tilt

    for mean, m, t0, h in ((0.3, 1.0, 0.5, 0.25), (61.7, 200.0, 0.3, 0.4), (2.0, 7.5, 0.9, 1.0)):
        mean, m, t0, h = map(flint.arb, (mean, m, t0, h))
        with settings(53, ORDER), precision(256):
            z = flint.arb_series([0, h])
            expected = list((mean * z - m * (1 + t0 * (z.exp() - 1)).log()).exp())
            ours = _tilt(mean, m, t0, h)
            assert len(ours) == len(expected) == ORDER
            assert all(a.overlaps(b) and abs(a - b) < 1e-40 for a, b in zip(ours, expected, strict=True))
