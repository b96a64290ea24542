"""One command, one table of ratios:  python -m validation.benchmarks [--out benchmarks.json] [--only entropies ...]

Each pair alternates in one process on one thread (BLAS and numba); medians of many. Peers (dit, embo) are timed where
they are installed: pip install 'therml_exact[peers]'. Without AVX-512 the ratios that miss are marked.
"""

from __future__ import annotations

import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_threads] = "1"  # before NumPy starts its threads

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from therml_exact.files import jsonable, write_text
from validation.benchmarks import bounds, classical, cold_start, encoders, entropies, free, frontier, types, workers
from validation.benchmarks.timing import Row, compiled, installed, machine

PARTS = {
    "bounds": bounds,
    "entropies": entropies,
    "encoders": encoders,
    "frontier": frontier,
    "classical": classical,
    "free": free,
    "types": types,
    "workers": workers,
    "cold_start": cold_start,
}
PACKAGES = ("numpy", "numba", "scipy", "dit", "embo")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=None, help="write the table and the machine as JSON")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    arguments = parser.parse_args()
    console = Console(width=150)
    host = {**machine(), "versions": installed(PACKAGES)}
    console.print(host)
    rows: list[Row] = []
    with console.status("timing") as status:
        for part in arguments.only:
            with compiled():
                for row in PARTS[part].rows():
                    rows.append(row)
                    status.update(f"timing: {row.kernel}, {row.size}")
    table = Table(title="Ratios: medians of alternated calls in one process, one thread")
    for heading in ("kernel", "size", "against", "ours", "ratio", "target", "met", "note"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.3g}"
        met = "" if row.met is None else "yes" if row.met else "no" if host["avx512"] else "no (no AVX-512)"
        table.add_row(row.kernel, row.size, row.against, _time(row.seconds), ratio, row.target, met, row.note)
    console.print(table)
    if arguments.out is not None:
        content = {"machine": host, "rows": [vars(row) for row in rows]}
        write_text(json.dumps(jsonable(content), indent=1), arguments.out)


def _time(seconds: float) -> str:
    for scale, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


if __name__ == "__main__":
    main()
