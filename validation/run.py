"""The parts of the report, and the journal that lets an interrupted run go on.

The journal is a folder: `run.json` with the fingerprint of what is run (mode, parts, sources, versions), a file for
each finished part, and a folder of its own for each part that keeps steps. It is read only where the fingerprint is the
same, so that a report never mixes numbers of two versions; once the report is written the folder is removed. A part's
file carries a digest of itself and of the fingerprint: what does not fit, or cannot be read, is computed again.

Errors: ValueError where the journal's place holds something else, or another run is at work in it.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from io import FileIO
from pathlib import Path
from typing import Any

from therml_exact.files import jsonable, read_json, read_text, write_text
from therml_exact.locks import hold
from validation.benchmarks.timing import installed, machine
from validation.page import Run
from validation.section import Section, Start

ROOT = Path(__file__).parents[1]
LOCK = "lock"
PARTS = {
    "equations": "validation.equations",
    "text_claims": "validation.text_claims",
    "inequalities": "validation.inequalities",
    "random_worlds": "validation.random_worlds",
    "frontiers": "validation.frontiers",
    "learning_rules": "validation.learning_rules",
    "learning_curve": "validation.learning_curve",
    "maxwell_relations": "validation.maxwell_relations",
    "random_families": "validation.random_families",
    "predictive_information": "validation.predictive_information",
    "overfitting": "validation.overfitting",
    "resampled_priors": "validation.resampled_priors",
    "appendix_h": "validation.appendix_h",
    "estimators": "validation.estimators",
    "peers": "validation.peers",
    "mutants": "validation.mutants",
    "benchmarks": "validation.benchmarks",
}
ALONE = ("benchmarks",)  # it measures times: nothing runs beside it
PACKAGES = (
    "therml_exact", "numpy", "scipy", "numba", "python-flint", "sympy", "matplotlib", "jax", "jaxlib", "optax", "dit",
    "embo", "psitip", "infomeasure", "benchmark-mi",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Of Python and of every package that a number of the report may depend on."""
    found = {name: version or "not installed" for name, version in installed(PACKAGES).items()}
    return {"Python": platform.python_version(), **found}


def fingerprint(full: bool, chosen: list[str]) -> str:
    digest = hashlib.sha256(json.dumps([full, chosen, versions(), platform.platform()]).encode())
    for folder in ("therml_exact", "validation", "tests"):
        # Data and templates count as much as code; what Python and numba compile does not.
        for path in sorted(p for p in (ROOT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


@dataclass
class Journal:
    """What has been computed so far."""

    folder: Path
    full: bool
    chosen: list[str]
    key: str
    started: str
    lock: FileIO | None  # None in the second process, whose first one holds it
    resumed: int = 0
    sections: dict[str, Section] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def open(folder: Path, full: bool, chosen: list[str], fresh: bool) -> Journal:
        """The journal of the run that was interrupted, if it was the same; else a new one."""
        key = fingerprint(full, chosen)
        head = folder / "run.json"
        if folder.exists() and not head.exists() and {p.name for p in folder.iterdir()} - {LOCK}:
            raise ValueError(f"{folder} is no journal of a run; move it away, or give another --out")
        folder.mkdir(parents=True, exist_ok=True)
        lock = hold(folder / LOCK, f"another run is at work in {folder}; wait for it, or give another --out")
        journal = Journal(folder, full, chosen, key, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), lock)
        if head.exists() and not fresh:
            try:
                content = read_json(head)
                if content["key"] == key:
                    journal.started, journal.resumed = str(content["started"]), int(content["resumed"]) + 1
            except (KeyError, TypeError, ValueError) as error:
                lock.close()
                raise ValueError(f"{head} is damaged ({error}); --fresh starts anew") from None
        if journal.resumed:
            for name in chosen:
                journal.read(name)
            for claim in folder.glob("*.claim"):
                claim.unlink()
        else:
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                elif path.name != LOCK:
                    path.unlink()
        head_content = {"key": key, "started": journal.started, "resumed": journal.resumed}
        write_text(json.dumps(head_content), head)
        return journal

    def read(self, name: str) -> None:
        """A part that an earlier run has finished, if its file is whole and of this version."""
        try:
            # Not by read_json: pictures and paragraphs have ends of lines. The digest is the judge.
            part = json.loads(read_text(self.folder / f"{name}.json"))
            if part["sha256"] == self._digest(name, part["section"], part["seconds"]):
                self.sections[name], self.seconds[name] = Section.of(part["section"]), part["seconds"]
        except (OSError, KeyError, TypeError, ValueError, RecursionError):
            return

    def _digest(self, name: str, section: Any, seconds: Any) -> str:
        return hashlib.sha256(json.dumps([self.key, name, section, seconds], sort_keys=True).encode()).hexdigest()

    def claim(self, name: str) -> bool:
        """Whether this process is the first that wants to compute the part."""
        try:
            (self.folder / f"{name}.claim").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def compute(self, name: str, start: Start) -> None:
        """One part; an error of its own does not keep the others from running, and the report names it."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        begin = time.perf_counter()
        try:
            section = import_module(PARTS[name]).section(self.full, place, start)
        except Exception as error:
            self.broken[name] = f"{type(error).__name__}: {error}"
            return
        self.seconds[name] = time.perf_counter() - begin
        content = jsonable(asdict(section))
        sha256 = self._digest(name, content, self.seconds[name])
        part = {"section": content, "seconds": self.seconds[name], "sha256": sha256}
        write_text(json.dumps(part), self.folder / f"{name}.json")
        self.sections[name] = Section.of(content)

    def summary(self) -> Run:
        """What the page says of the run."""
        return Run(
            "full" if self.full else "quick",
            self.started,
            sum(self.seconds.values()),
            self.resumed,
            {**machine(), "system": platform.platform(), "byte order": sys.byteorder},
            versions(),
            self.seconds,
            self.broken,
        )

    def remove(self) -> None:
        """Once the report is there."""
        if self.lock is not None:
            self.lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)
