"""Trying mutants: a copy of the tree, workers, and a journal from which an interrupted run goes on.

The journal is a file of JSON lines; an outcome is found again as long as the mutant, the source and its tests are the
same. A test run gets three times what the unmutated file takes; what takes longer is timed out, and counts as killed.
Errors: ValueError where the tests of a file fail, or are none, without any mutation.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Lock
from typing import Any

from validation.mutants.operators import Mutant, mutants
from validation.mutants.targets import Target

ROOT = Path(__file__).parents[2]
COPIED = ("therml_exact", "validation", "tests", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")
EQUIVALENT = Path(__file__).with_name("equivalent.json")
LIBRARIES = ("pytest", "hypothesis", "numpy", "scipy.optimize", "scipy.special", "flint", "numba", "sympy", "mpmath",
             "matplotlib.figure", "click.testing", "rich.progress", "hypothesis.extra.numpy")  # fmt: skip
PATIENCE, AT_LEAST = 3, 20.0  # times the unmutated run, and seconds more
BASELINE = 1200.0  # seconds for the unmutated tests


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant; `by` is the test that killed it."""

    mutant: Mutant
    outcome: str  # "killed", "survived", "timed out"
    seconds: float
    by: str
    before: str
    after: str


@dataclass(frozen=True)
class Tree:
    """Where the sources are, and which of their files have which tests."""

    root: Path
    targets: Mapping[str, Target]

    def source(self, file: str) -> bytes:
        """A file's bytes."""
        return (self.root / file).read_bytes()

    def chosen(self, files: Sequence[str], sample: int | None, seed: int) -> list[Mutant]:
        """The mutants of the files, or a sample of them, in the order of the files."""
        every = [m for file in files for m in mutants(file, self.source(file))]
        if sample is None or sample >= len(every):
            return every
        kept = sorted(random.Random(seed).sample(range(len(every)), sample))
        return [every[k] for k in kept]

    def key(self, file: str, mutant: Mutant | None) -> str:
        """Of a mutant, or of the file as it is, with its source and its tests."""
        digest = hashlib.sha256(self.source(file))
        for test in self.targets[file].tests:
            digest.update((self.root / test.split("::")[0]).read_bytes() + test.encode())
        return hashlib.sha256(f"{digest.hexdigest()} {file} {mutant}".encode()).hexdigest()


class Journal:
    """Outcomes by their keys, one line each; a line that was cut by an interruption is ignored."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, Lock()
        self.known: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                    self.known[entry["key"]] = entry
                except (ValueError, KeyError, TypeError):
                    continue

    def add(self, key: str, entry: dict[str, Any]) -> None:
        """One more line."""
        with self.lock, self.path.open("a") as file:
            self.known[key] = {"key": key, **entry}
            file.write("\n" * (file.tell() > 0) + json.dumps(self.known[key]))


@contextmanager
def workers(root: Path, count: int) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """A function that tries a job in the first worker that is free, in a copy of the tree."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, Path(folder, name))  # compiled kernels too, which are for these dates
            elif (root / name).exists():
                shutil.copy2(root / name, folder)
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            environment[name] = "1"
        command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), *LIBRARIES]
        running = [
            subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True)
            for _ in range(count)
        ]  # fmt: skip
        free: Queue[Any] = Queue()
        for process in running:
            free.put(process)

        def attempt(job: dict[str, Any]) -> dict[str, Any]:
            process = free.get()
            try:
                process.stdin.write(json.dumps({**job, "path": os.path.join(folder, job["file"])}) + "\n")
                process.stdin.flush()
                return json.loads(process.stdout.readline())
            finally:
                free.put(process)

        try:
            yield attempt
        finally:
            for process in running:
                process.stdin.close()
                process.terminate()
                process.wait()
                process.stdout.close()


def run(tree: Tree, wanted: Sequence[Mutant], journal: Journal, advance: Callable[[], None],
        jobs: int | None = None) -> list[Outcome]:  # fmt: skip
    """The outcome of each mutant; `advance` is called as often as there are mutants."""
    sources = {file: tree.source(file) for file in dict.fromkeys(m.file for m in wanted)}
    killers: dict[str, Counter[str]] = {file: Counter() for file in sources}
    keys = {m: tree.key(m.file, m) for m in wanted}
    missing = [m for m in wanted if keys[m] not in journal.known]
    for m in wanted:
        if keys[m] in journal.known:
            killers[m.file][journal.known[keys[m]]["by"]] += 1
            advance()
    count = jobs or os.cpu_count() or 1
    if missing:
        with workers(tree.root, count) as attempt, ThreadPoolExecutor(count) as pool:

            def job(file: str, source: bytes | None, timeout: float) -> dict[str, Any]:
                first = [name for name, _ in killers[file].most_common(30) if name]
                tests = list(tree.targets[file].tests)
                text = source.decode() if source is not None else None
                module = file.removesuffix(".py").replace("/", ".")
                return attempt({"file": file, "module": module, "source": text, "tests": tests, "killers": first,
                                "timeout": timeout})  # fmt: skip

            def baseline(file: str) -> None:
                key = tree.key(file, None)
                if key in journal.known:
                    return
                found = job(file, None, BASELINE)
                if found["outcome"] != "survived" or not found["tests"]:
                    tests = ", ".join(tree.targets[file].tests)
                    raise ValueError(f"{tests} do not pass as they are, so that they say nothing of {file}'s mutants: "
                                     f"{found['outcome']} {found['by']}\n{found['output']}")  # fmt: skip
                journal.add(key, {"file": file, "outcome": "unmutated", "seconds": found["seconds"], "by": ""})

            def mutated(m: Mutant) -> None:
                quick = journal.known[tree.key(m.file, None)]["seconds"]
                found = job(m.file, m.apply(sources[m.file]), PATIENCE * quick + AT_LEAST)
                killers[m.file][found["by"]] += 1
                entry = {"file": m.file, "line": m.line, "operator": m.operator}
                journal.add(keys[m], {**entry, **{name: found[name] for name in ("outcome", "seconds", "by")}})
                advance()

            try:
                list(pool.map(baseline, dict.fromkeys(m.file for m in missing)))
                list(pool.map(mutated, missing))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    done = [journal.known[keys[m]] for m in wanted]
    return [Outcome(m, e["outcome"], e["seconds"], e["by"], *m.lines(sources[m.file]))
            for m, e in zip(wanted, done, strict=True)]  # fmt: skip


def equivalents(path: Path = EQUIVALENT) -> dict[tuple[str, str, str], str]:
    """The reason why no test can tell a mutant from the original: (file, line before, line after) -> reason."""
    return {(e["file"], e["before"], e["after"]): e["reason"] for e in json.loads(path.read_text())}
