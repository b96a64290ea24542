"""Tests marked `deep` run in the deep profile alone (see depth.py); a quick run counts them as deselected.

The tests run compiled kernels, the same ones each time, for when the automatic mode switches depends on the clock.
Tests of the other modes start processes with THERML_KERNELS of their own (test_kernel.py).
"""

from __future__ import annotations

import os

import depth
import pytest

os.environ.setdefault("THERML_KERNELS", "compiled")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what the profile runs, and what is called by its own name."""
    if depth.DEEP or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("deep")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("deep")]
