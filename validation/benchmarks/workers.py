"""What workers gain: traces by one, two and four of them, and small traces beside no workers at all.

A trace asks an executor for tasks in rounds: it waits for all tasks of a round before it asks again. Here one executor
does every task at once in this process, packed as a pool packs it, and notes its CPU seconds. What is left of the CPU
seconds is the main process's own: facets, bookkeeping, packing. From these the seconds of k machines follow: each
round's tasks go, in order, to the machine that is free first, and the main process works between the rounds. CPU
seconds depend little on what else the machine does. Kernels are compiled, and libraries loaded, before; what processes
take to start is not counted.

    seconds(k) = main's own + sum over rounds of the busiest machine's seconds
    efficiency(k) = seconds(1) / (k seconds(k))
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

import therml_exact as tx
from validation.benchmarks.timing import BURST, Row, in_turn, judge

LEARNING = ([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]])
FASTER = 1.6  # two workers, against one
SLOWER = 1.1  # one worker, against none

Trace = Callable[[Executor | None], Any]


class Answer(Future[Any]):
    """A task that is done; its result is unpacked where it is asked for, which ends the round."""

    def __init__(self, packed: Any, machines: Machines) -> None:
        super().__init__()
        self.packed, self.machines = packed, machines

    def result(self, timeout: float | None = None) -> Any:
        """What the task gave."""
        self.machines.asking = False
        return ForkingPickler.loads(self.packed)


@dataclass
class Machines(Executor):
    """An executor that does each task at once, and keeps the CPU seconds of the tasks of every round."""

    rounds: list[list[float]] = field(default_factory=list)
    asking: bool = False

    def submit(self, work: Callable[..., Any], /, *args: Any, **more: Any) -> Answer:
        """Do the task as a process of a pool does it."""
        if not self.asking:
            self.rounds.append([])
        self.asking = True
        packed = bytes(ForkingPickler.dumps((work, args, more)))
        start = time.process_time()
        work, args, more = ForkingPickler.loads(packed)
        done = bytes(ForkingPickler.dumps(work(*args, **more)))
        self.rounds[-1].append(time.process_time() - start)
        return Answer(done, self)


@dataclass(frozen=True)
class Measured:
    """CPU seconds of a trace: of the main process's own work, and of the tasks of each round."""

    own: float
    rounds: list[list[float]]

    @property
    def share(self) -> float:
        """The main process's share of all CPU seconds."""
        return self.own / self.seconds(1)

    def seconds(self, machines: int) -> float:
        """How long so many machines take."""
        return self.own + sum(busiest(tasks, machines) for tasks in self.rounds)

    def efficiency(self, machines: int) -> float:
        """The share of the machines' time that is used, where one machine uses all of its own."""
        return self.seconds(1) / (machines * self.seconds(machines))


def busiest(tasks: list[float], machines: int) -> float:
    """When the last task ends, if each in order goes to the machine that is free first.

    >>> busiest([1, 1, 2, 1], 2)
    3.0
    """
    free = [0.0] * machines
    for seconds in tasks:
        first = free.index(min(free))
        free[first] += seconds
    return max(free)


def measured(trace: Trace) -> Measured:
    """A trace with every task counted."""
    machines = Machines()
    start = time.process_time()
    trace(machines)
    seconds = time.process_time() - start
    return Measured(seconds - sum(map(sum, machines.rounds)), machines.rounds)


def surface(sizes: tuple[int, int, int], tol: float) -> Trace:
    """The surface in (R, D, C) of a random joint with so many letters of X, Theta and Y."""
    cells = np.random.default_rng(5).dirichlet(np.full(int(np.prod(sizes)), 0.7)).reshape(sizes)
    problem = tx.EncoderProblem(tx.Joint(cells, ("X", "Theta", "Y")))
    return lambda executor: tx.trace(problem, tol=tol, executor=executor, progress=False)


def learning(n: int, gammas: list[float] | None = None, sigmas: list[float] | None = None) -> Trace:
    """The trace of a joint problem of n samples, at the usual multipliers where none are given."""
    problem = tx.JointProblem(*LEARNING, n)
    return lambda executor: tx.trace(problem, gammas=gammas, sigmas=sigmas, executor=executor, progress=False)


LARGE = {  # whether two machines have a target: one optimum takes half of the time of the last
    "surface, 4 x 2 x 4, tol = 6e-5": (surface((4, 2, 4), 6e-5), True),
    "JointProblem, N = 3, 48 optima": (learning(3), True),
    "JointProblem, N = 3, sigma = 0.2 alone": (learning(3, None, [0.2]), False),
}
SMALL = {
    "surface, 2 x 2 x 3, tol = 3e-3": surface((2, 2, 3), 3e-3),
    "JointProblem, N = 1, 4 optima": learning(1, [1.5, 4], [0.1, 0.5]),
}


def rows(short: bool = False) -> Iterator[Row]:
    """One machine on small traces; two and four on large ones."""
    surface((2, 2, 3), 1e-2)(None)
    learning(1, [2, 4], [0, 0.5])(None)
    for name, trace in SMALL.items():
        calls = (lambda trace=trace: trace(Machines())), (lambda trace=trace: trace(None))
        one, alone = map(statistics.median, in_turn(*calls, time.process_time, BURST, 5.0, 5, 21))
        yield judge("trace, one worker", name, "no workers (CPU)", one, alone, one / alone, "<=", SLOWER)
    if short:
        return
    for name, (trace, judged) in LARGE.items():
        found = measured(trace)
        count = sum(map(len, found.rounds))
        told = f"main process {found.share:.1%} of the CPU; tasks: {count}, rounds: {len(found.rounds)}"
        for k in (2, 4):
            ours, one = found.seconds(k), found.seconds(1)
            note = f"efficiency {found.efficiency(k):.0%}; {told}"
            target = FASTER if judged and k == 2 else None
            yield judge(f"trace, {k} workers", name, "one worker (CPU)", ours, one, one / ours, ">=", target, note)
