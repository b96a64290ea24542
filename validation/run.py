"""The parts of the report, and the journal that lets an interrupted run go on.

The journal is a folder: `run.json` with the fingerprint of what is run (mode, parts, sources, versions), a file for
each finished part, and a folder of its own for each part that keeps steps. It is read only where the fingerprint is the
same, so that a report never mixes numbers of two versions; once the report is written the folder is removed.

Errors: ValueError where the journal's place holds something else.
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
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from therml_exact.files import jsonable, read_json, write_text
from validation.benchmarks.timing import machine
from validation.page import Run
from validation.section import Section, Start

ROOT = Path(__file__).parents[1]
PARTS = {
    "equations": "validation.equations",
    "text_claims": "validation.text_claims",
    "inequalities": "validation.inequalities",
    "random_worlds": "validation.random_worlds",
    "frontiers": "validation.frontiers",
    "maxwell_relations": "validation.maxwell_relations",
    "predictive_information": "validation.predictive_information",
    "resampled_priors": "validation.resampled_priors",
    "appendix_h": "validation.appendix_h",
    "estimators": "validation.estimators",
    "peers": "validation.peers",
    "benchmarks": "validation.benchmarks",
}
PACKAGES = (
    "therml_exact", "numpy", "scipy", "numba", "python-flint", "sympy", "matplotlib", "jax", "jaxlib", "optax", "dit",
    "embo", "psitip", "infomeasure", "benchmark-mi",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Of Python and of every package that a number of the report may depend on."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def fingerprint(full: bool, chosen: list[str]) -> str:
    digest = hashlib.sha256(json.dumps([full, chosen, versions(), platform.platform()]).encode())
    for folder in ("therml_exact", "validation", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
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
    resumed: int = 0
    sections: dict[str, Section] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    @staticmethod
    def open(folder: Path, full: bool, chosen: list[str], fresh: bool) -> Journal:
        """The journal of the run that was interrupted, if it was the same; else a new one."""
        key = fingerprint(full, chosen)
        head = folder / "run.json"
        if folder.exists() and not head.exists() and any(folder.iterdir()):
            raise ValueError(f"{folder} is no journal of a run; move it away, or give another --out")
        journal = Journal(folder, full, chosen, key, datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
        if head.exists() and not fresh:
            content = read_json(head)
            if content.get("key") == key:
                journal.started, journal.resumed = content["started"], content["resumed"] + 1
                for name in chosen:
                    if (folder / f"{name}.json").exists():
                        part = read_json(folder / f"{name}.json")
                        journal.sections[name] = Section.of(part["section"])
                        journal.seconds[name] = part["seconds"]
        if not journal.resumed:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        head_content = {"key": key, "started": journal.started, "resumed": journal.resumed}
        write_text(json.dumps(head_content), head)
        return journal

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
        content = {"section": jsonable(asdict(section)), "seconds": self.seconds[name]}
        write_text(json.dumps(content), self.folder / f"{name}.json")
        self.sections[name] = Section.of(content["section"])

    def summary(self) -> Run:
        """What the page says of the run."""
        host: dict[str, Any] = {k: v for k, v in machine().items() if k != "versions"}
        return Run(
            "full" if self.full else "quick",
            self.started,
            sum(self.seconds.values()),
            self.resumed,
            {**host, "system": platform.platform(), "byte order": sys.byteorder},
            versions(),
            self.seconds,
            self.broken,
        )

    def remove(self) -> None:
        """Once the report is there."""
        shutil.rmtree(self.folder, ignore_errors=True)
