"""A process that tries mutants in a copy of the tree: a line of JSON for each mutant in, a line for its outcome out.

    {"module", "path", "source" (None: as it is), "tests": [...], "killers": [...], "timeout"}
    -> {"outcome": "killed" | "survived" | "timed out", "seconds", "by", "output"}

The libraries that the arguments name are imported once; each mutant is tried in a fork, where an import of its module
compiles the mutated source instead of the file. Tests that have killed other mutants of the file come first.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_loader
from pathlib import Path
from typing import Any

MEMORY = 12 * 2**30  # bytes of address space: a mutant that asks for more is killed by it
NO_TESTS = 5  # pytest's exit code


class Mutated(SourceFileLoader):
    """Finds one module, and compiles another source for it."""

    def __init__(self, module: str, path: str, source: str) -> None:
        super().__init__(module, path)
        self.mutated = source

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """As a finder."""
        return spec_from_loader(name, self) if name == self.name else None

    def get_code(self, fullname: str) -> Any:
        """As a loader: nothing is read from the file, nor from what was compiled before."""
        return compile(self.mutated, self.path, "exec", dont_inherit=True)


class Killers:
    """A plugin: tests that have killed before come first, and the first that fails is written down."""

    def __init__(self, killers: list[str], place: str) -> None:
        self.order = {name: k for k, name in enumerate(killers)}
        self.place = Path(place)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """The order of tests."""
        items.sort(key=lambda item: self.order.get(item.nodeid, len(self.order)))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test is over."""
        self._note(report)

    def pytest_collectreport(self, report: Any) -> None:
        """A file of tests is read."""
        self._note(report)

    def _note(self, report: Any) -> None:
        if report.failed and not self.place.exists():
            self.place.write_text(report.nodeid)


def attempt(job: dict[str, Any]) -> dict[str, Any]:
    """One mutant in a fork of its own, which is killed with all that it has started when its time is over."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        pid = os.fork()
        if pid == 0:
            _child(job, folder)
        code = None
        try:
            while code is None and time.monotonic() - begin < job["timeout"]:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    code = os.waitstatus_to_exitcode(status)
                else:
                    time.sleep(0.01)
        finally:  # when this process is told to end, too
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        if code is None:
            os.waitpid(pid, 0)
        by, output = Path(folder, "by"), Path(folder, "output")
        return {
            "outcome": "timed out" if code is None else "survived" if code == 0 else "killed",
            "tests": code != NO_TESTS,
            "seconds": time.monotonic() - begin,
            "by": by.read_text() if by.exists() else "",
            "output": output.read_text(errors="replace")[-3000:] if output.exists() else "",
        }


def _child(job: dict[str, Any], folder: str) -> None:
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        most = 10 + 4 * int(job["timeout"])  # of CPU seconds: a mutant that spins ends though nobody is left to kill it
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        out = os.open(os.path.join(folder, "output"), os.O_WRONLY | os.O_CREAT)
        for handle in (1, 2):
            os.dup2(out, handle)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        if job["source"] is not None:
            sys.meta_path.insert(0, Mutated(job["module"], job["path"], job["source"]))
        import pytest
        from hypothesis import settings

        settings.register_profile("mutants", database=None, derandomize=True)
        settings.load_profile("mutants")
        options = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "-m", "not deep", "--tb=line",
                   "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # fmt: skip
        code = int(pytest.main([*options, *job["tests"]], [Killers(job["killers"], os.path.join(folder, "by"))]))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Jobs from the standard input until it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        print(json.dumps(attempt(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
