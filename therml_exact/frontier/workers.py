"""Workers of an executor: whether there are any, whether they run this version, and what is said when they are lost.

    check_workers   before the first task: a Dask scheduler must have workers, and they this dask and this package
    at_version      in every task of every executor: a worker of another version of this package refuses the task
    lost            in one sentence, how to go on after workers or their scheduler have died

A frontier must not depend on who solved it, so versions are not mixed. The workers of a scheduler have PATIENCE seconds
to answer; then what is missing is said.

Errors: WorkersLostError where workers are missing or die; ValueError for another version.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, CancelledError, Executor
from typing import Any

from therml_exact._version import __version__

PATIENCE = 30.0
"""Seconds in which the workers of a scheduler have to answer."""
_SAME = ("distributed", "cloudpickle")  # of other versions of these, tasks are not read or never answered


class WorkersLostError(BrokenExecutor):
    """The executor's workers died, or there are none; the message says how to go on."""


def lost(done: int, path: str | None) -> WorkersLostError:
    """The error to raise where the workers died; its message says how to go on from the checkpoint, if there is one."""
    told = "a worker process was killed (by a signal, or for want of memory), or the scheduler was lost"
    if path is None:
        return WorkersLostError(f"{told}, and the work with it; with a checkpoint the finished part is kept")
    return WorkersLostError(f"{told}; {done} finished optima are kept in {path}: the same call goes on from them")


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the workers are gone; Dask has a class of its own for every way to go."""
    return isinstance(error, (BrokenExecutor, CancelledError)) or type(error).__module__.startswith("distributed")


def at_version(version: str, work: Callable[..., Any], *arguments: Any) -> Any:
    """Do a task in a worker, which has to be of this version of the package; ValueError otherwise."""
    if version != __version__:
        raise ValueError(_differ(f"a worker has therml_exact {__version__}, and the caller {version}"))
    return work(*arguments)


def own_version() -> str:
    """The version of the package where this is called."""
    return __version__


def check_workers(executor: Executor) -> None:
    """Refuse the executor of a Dask client that has no workers, or such as cannot do these tasks; others pass."""
    client = getattr(executor, "_client", None)
    if client is None:
        return
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise WorkersLostError(
            f"the scheduler {client.scheduler.address} has had no worker for {PATIENCE:.0f} s; start some there: "
            f"dask worker {client.scheduler.address}"
        ) from None
    versions = _within(client.get_versions, "the workers do not tell their versions")
    ours = versions["client"]["packages"]
    for address, theirs in {"the scheduler": versions["scheduler"], **versions["workers"]}.items():
        check_packages(address, theirs["packages"], ours)
    answers = _within(lambda: client.run(own_version, on_error="return"), "the workers do not answer")
    for address, answer in answers.items():
        if answer != __version__:
            has = (
                f"therml_exact {answer}" if isinstance(answer, str) else f"no therml_exact that can be used ({answer})"
            )
            raise ValueError(_differ(f"the worker {address} has {has}, and the caller {__version__}"))


def check_packages(who: str, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Refuse a scheduler or worker whose packages for the exchange of tasks are others than the caller's."""
    for name in _SAME:
        if theirs.get(name) != ours.get(name):
            raise ValueError(_differ(f"{who} has {name} {theirs.get(name)}, and the caller {ours.get(name)}"))


def _differ(told: str) -> str:
    return f"{told}; install the same version everywhere, then start the workers again"


def _within(ask: Callable[[], Any], silence: str) -> Any:
    """The answer to a question; WorkersLostError where there is none within PATIENCE seconds."""
    found: list[Any] = []

    def work() -> None:
        try:
            found.append(ask())
        except Exception as error:  # whatever Dask raises is told
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not found:
        raise WorkersLostError(f"{silence} within {PATIENCE:.0f} s; look at their logs, and start them again")
    if isinstance(found[0], Exception):
        raise WorkersLostError(f"{silence}: {found[0]}") from None
    return found[0]
