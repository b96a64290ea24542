"""A child of the report ends with it, also where nothing could be said to it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from validation.child import run_module

ROOT = Path(__file__).parents[1]


def test_what_a_module_prints_comes_back():
    done = run_module(["platform"], ROOT)
    assert done.returncode == 0 and done.stdout.strip()
    assert run_module(["no.such.module"], ROOT).returncode != 0


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups on this system")
def test_a_killed_parent_takes_its_child_along(tmp_path):
    (tmp_path / "sleeper.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nos.rename('pid', 'there')\ntime.sleep(600)\n"
    )
    script = "import sys, validation.child as c; c.run_module(['sleeper'], sys.argv[1])"
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=ROOT)
    there = tmp_path / "there"
    while not there.exists():
        assert parent.poll() is None
        time.sleep(0.05)
    pid = int(there.read_text())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for _ in range(2400):  # as long as it takes, two minutes at most
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        state = Path(f"/proc/{pid}/stat")
        if state.exists() and state.read_text().split(") ")[1].startswith("Z"):
            return  # dead, and not yet collected by whoever took it over
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the child outlived its parent")
