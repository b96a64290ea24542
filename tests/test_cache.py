"""Compiled kernels where no cache folder can be written to: read-only home and package, and a full disk."""

import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import therml_exact
from therml_exact.kernels import compiling


@pytest.fixture
def read_only(tmp_path):
    """The package and a home, in folders that nobody may write to."""
    ignore = shutil.ignore_patterns("__pycache__", "*.nb?")
    shutil.copytree(Path(therml_exact.__file__).parent, tmp_path / "place" / "therml_exact", ignore=ignore)
    (tmp_path / "home").mkdir()
    folders = [tmp_path / "home", *(p for p in (tmp_path / "place").rglob("*") if p.is_dir()), tmp_path / "place"]
    for folder in folders:
        folder.chmod(0o555)
    yield tmp_path
    for folder in folders:
        folder.chmod(0o755)


def unprivileged(command, home, place, **variables):
    """Run a command as a user whom permissions bind; root is one without its capabilities."""
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions of folders are POSIX")
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("the tests run as root, whom no permission binds, and there is no setpriv to give that up")
        command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *command]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NUMBA_", "XDG_"))}
    environment = {**kept, "HOME": str(home), "PYTHONPATH": str(place), "THERML_KERNELS": "compiled", **variables}
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=300)


SMALL = """
import pathlib, sys
import numpy as np, therml_exact
try:
    pathlib.Path.home().joinpath("x").touch()
    sys.exit("the home can be written to")
except PermissionError:
    pass
from therml_exact.kernels.information.compensated import add, flush_rows
flush_rows(np.ones(1), np.zeros(1), np.ones(1))
print(add(1.0, 0.0, 2.0**-60), therml_exact.__file__)
"""


def test_without_any_cache_folder_kernels_compile_with_one_warning(read_only):
    done = unprivileged([sys.executable, "-c", SMALL], read_only / "home", read_only / "place")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(1.0, 8.673617379884035e-19)") and str(read_only) in done.stdout
    assert done.stderr.count("RuntimeWarning") == 1 and "Set NUMBA_CACHE_DIR" in done.stderr


def test_the_folder_that_the_warning_asks_for_is_used(read_only):
    cache = read_only / "cache"
    cache.mkdir()
    command = [sys.executable, "-W", "error", "-c", SMALL]
    done = unprivileged(command, read_only / "home", read_only / "place", NUMBA_CACHE_DIR=str(cache))
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" and list(cache.rglob("*.nbi"))


def test_a_cache_on_a_full_disk_costs_a_warning():
    class Machine:
        """A dispatcher that compiles and cannot write, as numba's does: the code is there when writing fails."""

        compiled = False

        def typeof_pyval(self, value):
            return "float64"

        def compile(self, signature):
            if not self.compiled:
                self.compiled = True
                raise OSError(28, "No space left on device")

    compiling.tell_uncached.cache_clear()
    with pytest.warns(RuntimeWarning, match="NUMBA_CACHE_DIR"):
        compiling.compile_for(Machine(), (1.0,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiling.compile_for(Machine(), (np.float64(1),))  # told once
    compiling.tell_uncached.cache_clear()
