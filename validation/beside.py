"""The second process of a run: it takes parts from the same journal as the first, and tells how far it is.

Both walk through a list of parts and compute those whose claim, a file in the journal's folder, they are the first to
make; the second starts where the longest part is. What it finishes lies in the journal as always. On its standard
output it writes a line of JSON for each thing that the first shows: {"start": k, "what", "total"}, {"advance": k},
{"broken": name, "error"}. It ends with the first process, however that one ends (child.py).

    python -m validation.beside FOLDER quick|full KEY NAME ...         started by `beside`, not by people
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from validation import child
from validation.run import ALONE, ROOT, Journal
from validation.section import Start

LONGEST = ("appendix_h", "estimators")


@contextmanager
def beside(journal: Journal, start: Start) -> Iterator[Callable[[], None]]:
    """Start the second process, if there are two parts; what is given waits until it has no more of them."""
    names = [name for name in journal.chosen if name not in journal.sections and name not in ALONE]
    if len(names) < 2 or (os.cpu_count() or 1) < 2:
        yield lambda: None
        return
    order = [*(name for name in LONGEST if name in names), *(name for name in names[::-1] if name not in LONGEST)]
    mode = "full" if journal.full else "quick"
    command = child.command("validation.beside", str(journal.folder.resolve()), mode, journal.key, *order)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=hasattr(os, "setsid"),
    ) as process:
        reader = threading.Thread(target=_listen, args=(process.stdout, journal, start), daemon=True)
        reader.start()
        try:
            yield reader.join
        finally:
            assert process.stdin is not None
            process.stdin.close()  # the child ends, and whatever it has started
            process.wait()
            reader.join()


def _listen(lines: Any, journal: Journal, start: Start) -> None:
    """Show what the second process tells."""
    advances: dict[int, Callable[[], None]] = {}
    for line in lines:
        told = json.loads(line)
        if "start" in told:
            advances[told["start"]] = start(told["what"], told["total"])
        elif "advance" in told:
            advances[told["advance"]]()
        else:
            journal.broken[told["broken"]] = told["error"]


def work(folder: Path, full: bool, key: str, names: Sequence[str]) -> None:
    """Compute the parts that nobody has claimed."""
    journal = Journal(folder, full, list(names), key, "", None)
    count = itertools.count()
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a part prints is not for the first process

    def tell(**said: Any) -> None:
        print(json.dumps(said), file=pipe, flush=True)

    def start(what: str, total: int | None) -> Callable[[], None]:
        number = next(count)
        tell(start=number, what=what, total=total)
        return lambda: tell(advance=number)

    for name in names:
        if journal.claim(name):
            journal.compute(name, start)
            if name in journal.broken:
                tell(broken=name, error=journal.broken[name])


if __name__ == "__main__":
    work(Path(sys.argv[1]), sys.argv[2] == "full", sys.argv[3], sys.argv[4:])
