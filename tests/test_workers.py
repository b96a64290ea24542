"""Workers that are missing, of another version, or lost: each is said in one line, and within a stated time."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from pathlib import Path

import interruptible
import pytest

import therml_exact as tx
from therml_exact.frontier import workers
from therml_exact.frontier.curve.journal import Journal

PACKAGE = Path(tx.__file__).parent
BSC = tx.EncoderProblem(tx.examples.binary_symmetric())
RULES = tx.LearningRuleProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1,
                               tx.encoders.deterministic(2, 2))  # fmt: skip


class Elsewhere:
    """An executor that does its tasks at once, after something has been done to them."""

    def __init__(self, change):
        self.change = change

    def submit(self, work, *arguments):
        future = Future()
        try:
            future.set_result(self.change(work, *arguments))
        except BaseException as error:
            future.set_exception(error)
        return future


def older(work, *arguments):
    """A worker that has another version than its caller, as after an update of one of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "__version__", "0.0.9")
        return work(*arguments)


def cancelled(work, *arguments):
    raise CancelledError


@pytest.mark.parametrize(("problem", "lists"), [(BSC, {"gammas": [2]}), (RULES, {"gammas": [2], "sigmas": [1]})])
def test_a_worker_of_another_version_refuses_its_tasks(problem, lists):
    with pytest.raises(ValueError, match=r"a worker has therml_exact 0\.0\.9, and the caller .*; install the same"):
        tx.trace(problem, **lists, executor=Elsewhere(older), progress=False)


@pytest.mark.parametrize(("problem", "lists"), [(BSC, {"gammas": [2]}), (RULES, {"gammas": [2], "sigmas": [1]})])
def test_a_lost_scheduler_is_one_sentence_with_the_way_to_go_on(tmp_path, problem, lists):
    path = tmp_path / "c"
    with pytest.raises(workers.WorkersLostError, match=r"0 finished optima are kept in .*c: the same call goes on"):
        tx.trace(problem, **lists, executor=Elsewhere(cancelled), checkpoint=path, progress=False)
    with pytest.raises(workers.WorkersLostError, match="with a checkpoint the finished part is kept"):
        tx.trace(problem, **lists, executor=Elsewhere(cancelled), progress=False)


def test_a_checkpoint_of_another_version_is_refused(tmp_path, monkeypatch):
    from therml_exact.frontier.curve import journal

    path = tmp_path / "c"
    with monkeypatch.context() as patch:
        patch.setattr(journal, "__version__", "0.0.9")
        Journal(path, BSC, {}).close()
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"the checkpoint of therml_exact 0\.0\.9, and this is .*; go on with that"):
        Journal(path, BSC, {})
    assert path.read_bytes() == before


def test_packages_for_the_exchange_of_tasks_are_the_same_everywhere():
    ours = {"distributed": "2026.1", "cloudpickle": "3"}
    workers.check_packages("a worker", ours, ours)
    for name in ours:
        with pytest.raises(ValueError, match=rf"a worker has {name} 1, and the caller .*; install the same version"):
            workers.check_packages("a worker", ours | {name: "1"}, ours)


# ---- a Dask cluster of real processes


def dask(module, *arguments, place=None, first=""):
    """A part of a cluster; `first` is what its Python does before it starts."""
    code = f"import sys\n{first}\nfrom distributed.cli.{module} import main\nmain(sys.argv[1:])"
    environment = os.environ if place is None else os.environ | {"PYTHONPATH": str(place)}
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
        cwd="/", start_new_session=True,
    )  # fmt: skip


@contextmanager
def gone_afterwards(process):
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def scheduler(tmp_path):
    pytest.importorskip("distributed", reason="extra dask is not installed")
    if not hasattr(os, "killpg"):
        pytest.skip("no process groups on this system")
    file = tmp_path / "scheduler.json"
    process = dask(
        "dask_scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(file)
    )
    with gone_afterwards(process):
        until(lambda: file.exists() and file.read_text().endswith("}"))
        process.address = json.loads(file.read_text())["address"]
        yield process


def until(condition, patience=120):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def worker(address, folder, **settings):
    options = ["--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(folder)]
    return gone_afterwards(dask("dask_worker", address, *options, **settings))


def frontier(address, patience, *more):
    """`therml frontier` with a scheduler, and what it says."""
    code = f"""
import sys
from therml_exact.cli import main
from therml_exact.frontier import workers
workers.PATIENCE = {patience}
main(["frontier", "--example", "hair-eye", "--gamma", "4", "--scheduler", {address!r}, *{list(more)}])
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)


def last(done):
    return done.stderr.strip().splitlines()[-1]


def test_a_cluster_that_cannot_do_the_tasks_is_told_within_the_stated_time(scheduler, tmp_path):
    done = frontier(scheduler.address, 2)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert last(done).endswith(f"has had no worker for 2 s; start some there: dask worker {scheduler.address}")

    with worker(scheduler.address, tmp_path, first="sys.modules['therml_exact'] = None"):
        done = frontier(scheduler.address, 60)
    assert done.returncode == 2 and "has no therml_exact that can be used" in last(done), done.stderr

    place = tmp_path / "older"
    shutil.copytree(PACKAGE, place / "therml_exact", ignore=shutil.ignore_patterns("__pycache__"))
    (place / "therml_exact" / "_version.py").write_text('__version__ = "0.0.9"\n')
    with worker(scheduler.address, tmp_path, place=place):
        done = frontier(scheduler.address, 60)
    assert done.returncode == 2 and f"has therml_exact 0.0.9, and the caller {tx.__version__};" in last(done), (
        done.stderr
    )


def test_a_scheduler_that_dies_costs_no_finished_point(scheduler, tmp_path):
    path = tmp_path / "c"
    command = ["frontier", "--example", "berkeley", "--tol", "1e-5", "--scheduler", scheduler.address]
    command = interruptible.running_module(["therml_exact", *command, "--checkpoint", str(path)])
    with worker(scheduler.address, tmp_path), interruptible.child(command, stderr=subprocess.PIPE, text=True) as run:
        until(lambda: run.poll() is not None or (path.exists() and path.read_bytes().count(b"\n") > 5))
        os.killpg(scheduler.pid, signal.SIGKILL)
        _, said = run.communicate(timeout=120)
    assert run.returncode == 1 and len(said.splitlines()) == 1, said
    assert "finished optima are kept in" in said and "the same call goes on from them" in said


def test_no_scheduler_at_an_address():
    pytest.importorskip("distributed", reason="extra dask is not installed")
    done = frontier("tcp://127.0.0.1:9", 1)
    assert done.returncode == 2 and "no Dask scheduler answers at tcp://127.0.0.1:9 within 10 s" in last(done)
