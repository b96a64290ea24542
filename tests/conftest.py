"""Tests marked `deep` run in the deep profile alone (see depth.py); a quick run counts them as deselected."""

from __future__ import annotations

import depth
import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what the profile runs, and what is called by its own name."""
    if depth.DEEP or any("::" in argument for argument in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("deep")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("deep")]
