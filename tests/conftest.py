"""Tests marked `deep`, and those of slow.txt, run in the deep profile alone (see depth.py); else they are deselected.

The tests run compiled kernels, the same ones each time, for when the automatic mode switches depends on the clock.
Tests of the other modes start processes with THERML_KERNELS of their own (test_kernel.py).
"""

from __future__ import annotations

import os

import depth
import pytest

VARIABLE = "THERML_KERNELS"
os.environ.setdefault(VARIABLE, "compiled")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before a whole run in several processes, compile the kernels: each once, and not once in every process."""
    config = session.config
    is_whole = config.args_source is not pytest.Config.ArgsSource.ARGS
    if is_whole and getattr(config.option, "numprocesses", None) and os.environ[VARIABLE] == "compiled":
        from therml_exact.warmup import warm_up

        for name in warm_up():
            config.get_terminal_writer().line(f"compiled: {name}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what the profile runs, and what is called by its own name."""
    if depth.DEEP or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("deep") or item.nodeid in depth.SLOW]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        dropped = {item.nodeid for item in left_out}
        items[:] = [item for item in items if item.nodeid not in dropped]
