"""All inequalities of the paper, proved for N = 1, 2, 3 or refuted.

    python -m validation.inequalities [--n 3] [--out table.md]

Every certificate is verified again; times are CPU milliseconds of a second call, building of the cone apart.
psitip's answers and times beside ours: python -m validation.peers.
"""

import argparse
import time

from therml_exact.files import write_text
from therml_exact.shannon.cone import build
from therml_exact.shannon.inequalities import INEQUALITIES, arguments
from therml_exact.shannon.prove import prove
from therml_exact.shannon.setting import of_world
from therml_exact.shannon.verify import verify_proof


def timed(call):
    start = time.process_time()
    value = call()
    return value, 1e3 * (time.process_time() - start)


def rows(largest):
    for inequality in INEQUALITIES:
        for n in range(inequality.least_n, largest + 1) if inequality.world else (1,):
            more = arguments(inequality, n)
            prove(inequality.text, **more)
            result, milliseconds = timed(lambda text=inequality.text, more=more: prove(text, **more))
            check, verifying = timed(lambda result=result: verify_proof(result.certificate))
            assert check.valid, (inequality, check)
            assert result.verdict == inequality.verdict, (inequality, n, result)
            by = (
                f"{result.slack}"
                if result.verdict == "refuted"
                else f"{len(result.certificate['parts'][0]['sum'])} terms"
            )
            where = "coupled models" if inequality.coupled else f"{inequality.world or 'free'}"
            yield inequality.label, where, n, result.verdict, by, milliseconds, verifying, inequality.text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=3, help="the largest number of samples")
    parser.add_argument("--out", help="write the table here too")
    options = parser.parse_args()
    lines = ["| eq | world | N | verdict | terms or slack (nats) | ms | verify ms | statement |", "|" + "---|" * 8]
    for label, where, n, verdict, by, ms, verifying, text in rows(options.n):
        cell = text.replace("|", "\\|")
        lines.append(f"| {label} | {where} | {n} | {verdict} | {by} | {ms:.1f} | {verifying:.1f} | {cell} |")
        print(lines[-1], flush=True)
    lines.append("")
    for n in range(1, 5):
        setting = of_world("P", n)
        space, ms = timed(lambda setting=setting, n=n: build(setting, setting.names, (tuple(range(1, n + 1)),)))
        lines.append(
            f"world P, N = {n}: {len(setting.names)} variables, {space.rows.shape[1]} unknowns, "
            f"{space.rows.shape[0]} rows after reduction; built in {ms:.0f} ms, once"
        )
        print(lines[-1])
    if options.out:
        write_text("\n".join(lines), options.out)


if __name__ == "__main__":
    main()
