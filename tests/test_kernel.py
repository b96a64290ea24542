"""A kernel is interpreted until compiling it pays, and its results are valid either way.

Certificates, restarts and refusals are looked at in this process; what depends on how a process starts (the mode of all
kernels, a hidden numba, an interruption) in processes of its own.
"""

import ast
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import therml_exact
from therml_exact import clock, warmup
from therml_exact.kernels import kernel as module
from therml_exact.kernels import quiet_math
from therml_exact.kernels.information.logarithm import log
from therml_exact.kernels.kernel import breathe, kernel, mode
from therml_exact.kernels.mixture.cells import cells

ROOT = Path(__file__).parents[1]


@pytest.fixture
def automatic(monkeypatch, tmp_path):
    """The automatic mode with an empty cache, and a clock on which each look takes a second."""
    from numba import config

    monkeypatch.delenv(module.VARIABLE, raising=False)
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(module, "_process", module._Process())
    ticks = iter(range(10**9))
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))
    return monkeypatch


def _counting():
    """A kernel that adds 1 to a[0] so many times, and tells the clock each time."""

    @kernel(fastmath=False, error_model="numpy")
    def count(a, times):
        for _ in range(times):
            breathe()
            a[0] += 1
        return a[0]

    return count


def test_a_short_call_is_interpreted_and_a_long_one_is_made_again_compiled(automatic, capsys):
    count = _counting()
    automatic.setattr(module.Kernel, "cost", 50.0)
    a = np.zeros(1, np.int64)
    assert count(a, 3) == 3 and not count.is_compiled and not capsys.readouterr().err
    # The clock says "enough" in the middle: the array gets back its 3, or it would hold more than 1003.
    assert count(a, 1000) == 1003 and a[0] == 1003 and count.is_compiled
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "compiling count" in told and "therml warmup" in told
    assert count(a, 1) == 1004 and not capsys.readouterr().err


def test_the_seconds_of_many_short_calls_add_up(automatic):
    count = _counting()
    automatic.setattr(module.Kernel, "cost", 50.0)
    a = np.zeros(1, np.int64)
    calls = 0
    while not count.is_compiled:
        count(a, 2)
        calls += 1
    assert a[0] == 2 * calls and 5 < calls < 50


def test_a_restart_restores_arrays_in_tuples_and_leaves_frozen_ones(automatic):
    @kernel(fastmath=False, error_model="numpy")
    def add(pair, frozen):
        for _ in range(100):
            breathe()
            pair[0][0] += frozen[0]
            pair[1][1] -= 1.0
        return pair[0][0]

    automatic.setattr(module.Kernel, "cost", 30.0)
    pair, frozen = (np.zeros(2), np.ones(2)), np.ones(1)
    frozen.flags.writeable = False
    assert add(pair, frozen) == 100.0 and pair[1].tolist() == [1.0, -99.0] and add.is_compiled


def test_what_python_refuses_to_divide_is_compiled(automatic):
    @kernel(fastmath=False, error_model="numpy")
    def over(a, x):
        a[0] = 7.0
        return 1.0 / x

    automatic.setattr(module.Kernel, "cost", 1e9)
    assert over(np.zeros(1), 0.0) == math.inf and over.is_compiled
    automatic.setenv(module.VARIABLE, "interpreted")
    fresh = module.Kernel(over.function, over.options)
    with pytest.raises(ZeroDivisionError):
        fresh(np.zeros(1), 0.0)


def test_another_way_serves_until_it_has_cost_what_compiling_costs(automatic):
    @kernel(fastmath=False, error_model="numpy")
    def twice(x):
        return 2.0 * x

    automatic.setattr(module.Kernel, "cost", 10.0)
    ways = [twice.either(lambda x: -1.0, 4.0, 3.0) for _ in range(4)]
    assert ways == [-1.0, -1.0, 6.0, 6.0]
    assert module.Kernel(twice.function, twice.options).either(lambda x: -1.0, 11.0, 3.0) == 6.0


def test_threads_do_not_end_each_other(automatic):
    count = _counting()
    automatic.setattr(module.Kernel, "cost", math.inf)
    found = []
    threads = [threading.Thread(target=lambda: found.append(count(np.zeros(1, np.int64), 500))) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [500] * 4 and not count.is_compiled


def test_machine_code_on_disk_is_used_at_once(automatic, capsys):
    count = _counting()
    automatic.setattr(module.Kernel, "cost", 0.0)
    count(np.zeros(1, np.int64), 1)
    automatic.setattr(module.Kernel, "cost", math.inf)
    capsys.readouterr()
    again = module.Kernel(count.function, count.options)
    again(np.zeros(1, np.int64), 1)
    assert again.is_compiled and not capsys.readouterr().err
    assert sum(again.machine.stats.cache_hits.values()) == 1 and not again.machine.stats.cache_misses


def test_machine_code_on_disk_waits_until_starting_numba_pays(automatic):
    count = _counting()
    automatic.setattr(module.Kernel, "cost", 0.0)
    count(np.zeros(1, np.int64), 1)
    automatic.setattr(module.Kernel, "cost", math.inf)
    for starting, is_loaded in ((100.0, False), (9.0, True), (0.0, True)):  # the call takes some 22 looks at the clock
        automatic.setattr(module, "_process", module._Process())
        automatic.setattr(module, "STARTING", starting)
        again = module.Kernel(count.function, count.options)
        assert again(np.zeros(1, np.int64), 20) == 20 and again.is_compiled == is_loaded
        assert module._process.started == is_loaded
    other = module.Kernel(_counting().function, {"fastmath": True, "error_model": "numpy"})
    automatic.setattr(module.Kernel, "_is_kept", False)  # nothing on disk: there is nothing to look for
    automatic.setattr(module, "_process", module._Process())
    assert other(np.zeros(1, np.int64), 20) == 20 and not other.is_compiled and not module._process.started


def test_compiling_stops_the_clock_of_time_limits(automatic):
    automatic.setattr(clock.time, "monotonic", time.perf_counter)
    count = _counting()
    automatic.setattr(module.Kernel, "cost", 0.0)
    before, told = time.perf_counter(), clock.now()
    count(np.zeros(1, np.int64), 1)
    assert clock.now() - told < 0.5 * (time.perf_counter() - before)


def test_the_cost_is_that_of_all_kernels_that_are_called():
    names = {k.__name__ for k in cells.callees}
    assert {"cells", "log_gradient", "on_cell", "on_interval", "phi"} <= names
    assert sum(k.own for k in cells.callees) == pytest.approx(
        module.SECONDS_A_BYTE * sum(len(k.function.__code__.co_code) for k in cells.callees)
    )


def test_a_kernel_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(log)) is log


@pytest.mark.parametrize("value", ["fast", "Compiled", "1"])
def test_a_mode_that_is_none_is_refused(value, monkeypatch):
    monkeypatch.setenv(module.VARIABLE, value)
    with pytest.raises(ValueError, match=f"THERML_KERNELS is '{value}'; it must be 'compiled' or 'interpreted'"):
        mode()
    with pytest.raises(ValueError, match="THERML_KERNELS"):
        _counting()(np.zeros(1, np.int64), 1)


def test_quiet_mathematics_is_that_of_machine_code(monkeypatch):
    from numba import njit

    monkeypatch.setenv("NUMBA_CACHE_DIR", "")

    @njit(error_model="numpy")
    def machine(x):
        return math.log(x), math.exp(x), math.log1p(x), math.expm1(x), math.sqrt(x)

    m = quiet_math
    for x in (0.0, -0.0, -1.0, -2.0, 0.5, 3.0, 800.0, -800.0, math.inf, -math.inf, math.nan):
        ours = (m.log(x), m.exp(x), m.log1p(x), m.expm1(x), m.sqrt(x))
        assert np.allclose(ours, machine(x), rtol=1e-15, equal_nan=True), x
    assert m.floor is math.floor and m.pi == math.pi


SELECTION = """
import sys
import tempfile
{before}
import numpy as np
import therml_exact as tx

def show(*numbers):
    print(*(float(v).hex() for v in numbers))

table = tx.Joint([["3/20", "1/20", "1/10"], ["1/10", "1/5", "1/20"], ["1/20", "1/20", "1/4"]], ("X", "Y"))
problem = tx.EncoderProblem(table)
for gamma, delta in ((1.5, 0), (4, 0), (30, 0), (4, 0.5)):
    best = tx.minimize(problem, gamma=gamma, delta=delta)
    assert best.status == "certified" and tx.verify(best.certificate).valid, (gamma, best)
    show(best.value, best.lower_bound)
frontier = tx.trace(problem, tol=2e-2)
with tempfile.TemporaryDirectory() as folder:
    frontier.save(folder + "/f.json")
    assert tx.verify(folder + "/f.json").valid
show(frontier.gamma_c)
hard = [tx.deterministic_frontier(table, method=m) for m in ("enumeration", "dynamic programming", "branch and bound")]
assert all(h.complete for h in hard) and len({{len(h.points) for h in hard}}) == 1
maps = tx.encoders.deterministic(2, 2)
learner = tx.LearningRuleProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 2, maps)
rule = tx.minimize(learner, gamma=4, sigma=0.2, tol=1e-6)
assert rule.status == "certified" and tx.verify(rule.certificate).valid
show(rule.value)
capped = tx.minimize_capped(learner, "C", {{"R": 0.3}}, tol=1e-3)
assert capped.status == "certified" and tx.verify(capped.certificate).valid
show(capped.value)
free = tx.JointProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1)
both = tx.minimize(free, gamma=3, sigma=0, tol=1e-3)
assert both.gap <= 1e-3 and tx.verify(both.certificate).valid
show(both.value)
world = tx.WorldP(["1/2", "1/2"], [["1/4", "3/4"], ["2/3", "1/3"]], [[[1, 0], [0, 1]], [["1/2", "1/2"]] * 2],
                  tx.learners.erm(2, 2, 1, maps), tx.encoders.table(maps))
assert not tx.check_bounds(world).counts.get("violated")
cells = np.random.default_rng(0).dirichlet(np.ones(4096))
large = tx.Joint(cells.reshape((4,) * 6), [f"V{{i}}" for i in range(6)])
show(tx.multi_information(large), tx.entropy(large, "V0"), tx.mutual_information(large, "V0", ["V1", "V2"]))
show(*tx.entropy_vector(large)[[1, 5, 63]])
show(tx.predictive_information([0.5, 0.5], [[0.2, 0.3, 0.5], [0.3, 0.3, 0.4]], None, 30).I_pred)
assert {after}
"""
HIDE = """
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numba", "llvmlite"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hide())
"""


def _selection(how: str, **settings: str) -> list[list[float]]:
    script = SELECTION.format(before=HIDE if how == "hidden" else "", after=settings.pop("after", "True"))
    environment = {k: v for k, v in os.environ.items() if k != module.VARIABLE} | settings
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [[float.fromhex(v) for v in line.split()] for line in done.stdout.splitlines()]


def test_both_modes_and_no_numba_at_all_give_valid_certificates_and_the_same_numbers():
    compiled = _selection("compiled", THERML_KERNELS="compiled")
    interpreted = _selection("interpreted", THERML_KERNELS="interpreted", after="'numba' not in sys.modules")
    hidden = _selection("hidden")
    assert interpreted == hidden  # one mode, one result, to the last bit
    tolerances = [1e-9] * 4 + [1e-8, 1e-6, 1e-3, 1e-3, 1e-12, 1e-12, 1e-12]
    assert len(compiled) == len(tolerances) == len(hidden)
    for ours, theirs, tolerance in zip(compiled, hidden, tolerances, strict=True):
        assert ours == pytest.approx(theirs, rel=tolerance, abs=tolerance)


def test_an_interruption_that_the_compiler_swallows_comes_back():
    """LLVM calls Python through ctypes, which prints an exception and drops it."""
    from numba.core import event

    from therml_exact.kernels.compiling import interruptible

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored: a job in the background
    try:
        went_on = False
        with pytest.raises(KeyboardInterrupt), interruptible():  # noqa: PT012
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            with event.trigger_event("numba:run_pass"):
                went_on = True
        assert not went_on
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(KeyboardInterrupt), interruptible(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)  # and where nothing is compiled any more
    finally:
        signal.signal(signal.SIGINT, before)


def test_control_c_ends_compiling(tmp_path):
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from therml_exact.cli import main; main(['warmup'])"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    environment.pop(module.VARIABLE, None)
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", script], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        while not list(tmp_path.rglob("*.nbi")):  # the first kernel is compiled: so is the next, now
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=120)  # the pipe of errors ends when the last child does
    finally:
        process.kill()
    assert process.returncode == 1 and b"Aborted" in errors and b"compiled" not in said


def test_every_step_of_warming_up_is_in_one_chain():
    assert sorted(name for chain in warmup.CHAINS for name in chain) == sorted(warmup.STEPS)


def test_warming_up_tells_each_step_and_a_failure(monkeypatch, tmp_path):
    monkeypatch.delenv(module.VARIABLE, raising=False)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(warmup, "CHAINS", (("priors",),))
    assert list(warmup.warm_up()) == ["priors"]
    monkeypatch.setattr(warmup, "CHAINS", (("priors", "no such step"),))
    with pytest.raises(RuntimeError, match="ended with exit code 1"):
        list(warmup.warm_up())
    monkeypatch.setenv(module.VARIABLE, "interpreted")
    with pytest.raises(ValueError, match="nothing is compiled"):
        list(warmup.warm_up())


def test_warming_up_meets_every_kernel_that_is_called_from_outside():
    script = """
from therml_exact.kernels.kernel import Kernel
from therml_exact.warmup import STEPS
met = set()
outermost, either = Kernel._outermost, Kernel.either
def note(kernel):
    met.add((kernel.__module__, kernel.__name__))
Kernel._outermost = lambda self, args: (note(self), outermost(self, args))[1]
Kernel.either = lambda self, *rest: (note(self), either(self, *rest))[1]
for step in STEPS.values():
    step()
print(*sorted(".".join(k) for k in met))
"""
    environment = {**os.environ, module.VARIABLE: "interpreted"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert _called_from_outside() - set(done.stdout.split()) == {
        "therml_exact.kernels.types.walk.count_types"  # a second for walks too long for a small call
    }


def _called_from_outside() -> set[str]:
    """The kernels that modules outside kernels/ name, by the module that defines them."""
    found = set()
    package = Path(therml_exact.__file__).parent
    for path in package.rglob("*.py"):
        if "kernels" in path.relative_to(package).parts[:1]:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        modules = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("therml_exact.kernels"):
                for alias in node.names:
                    try:
                        whole = __import__(f"{node.module}.{alias.name}", fromlist=["x"])
                        modules[alias.asname or alias.name] = whole
                    except ModuleNotFoundError:
                        thing = getattr(__import__(node.module, fromlist=["x"]), alias.name)
                        if isinstance(thing, module.Kernel):
                            found.add(f"{thing.__module__}.{thing.__name__}")
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                thing = getattr(modules[node.value.id], node.attr, None)
                if isinstance(thing, module.Kernel):
                    found.add(f"{thing.__module__}.{thing.__name__}")
    return found


def test_other_threads_run_beside_machine_code():
    assert _counting().machine.targetoptions["nogil"]
