"""Every public name is there in a fresh interpreter, whatever was imported before it."""

import subprocess
import sys

import pytest

import therml_exact as tx


def fresh(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["atlas", "audit", "encoders", "examples", "learners", "markov"])
def test_submodules_come_by_their_name_alone(name):
    """`tx.markov` was an AttributeError until somebody else had imported it."""
    fresh(f"import therml_exact as tx; assert tx.{name}.__name__.endswith('{name}')")


def test_all_names_are_there():
    modules = [name for name in tx.__all__ if type(getattr(tx, name)) is type(tx)]
    assert sorted(modules) == ["atlas", "audit", "encoders", "examples", "learners", "markov"]
    fresh("import therml_exact as tx; [getattr(tx, name) for name in tx.__all__]")
