"""Memory refused before work: limits of the process, of the machine, and sizes that no machine has."""

import subprocess
import sys

import pytest

import therml_exact as tx
from therml_exact.numbers import memory
from therml_exact.numbers.tables import check_size

resource = pytest.importorskip("resource", reason="limits of a process are POSIX")


def limited(kibibytes, code, **variables):
    """A process under `ulimit -v`; the limit is set by its own first words."""
    start = f"import os, resource, sys\nos.environ.update({variables})\n"
    start += f"resource.setrlimit(resource.RLIMIT_AS, ({kibibytes} * 1024,) * 2)\n"
    return subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, timeout=120)


COMMAND = "sys.argv = ['therml', *sys.argv[1:]]\nfrom therml_exact.cli import main\nmain({arguments})\n"
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="addresses are limited and counted on Linux")


@LINUX
@pytest.mark.parametrize("kibibytes", [60_000, 600_000])
@pytest.mark.parametrize("arguments", [["frontier", "--example", "hair-eye"], ["tour"], ["prove", "I(X;Y) >= 0"]])
def test_a_command_without_room_for_the_libraries_says_so_before_work(kibibytes, arguments):
    done = limited(kibibytes, COMMAND.format(arguments=arguments), OPENBLAS_NUM_THREADS="2")
    assert done.returncode == 2 and done.stdout == ""
    told = done.stderr.splitlines()[-1]
    assert told.startswith("Error: ulimit -v leaves ") and "804 MiB with 2 threads" in told and "823,296 KiB" in told
    assert "OPENBLAS_NUM_THREADS=1 to 737,280" in told


@LINUX
def test_the_remedy_that_is_told_works():
    done = limited(737_280, COMMAND.format(arguments=["frontier", "--example", "hair-eye", "--gamma", "4"]),
                   OPENBLAS_NUM_THREADS="1")  # fmt: skip
    assert done.returncode == 0 and "certified" in done.stdout, done.stderr


@LINUX
@pytest.mark.parametrize("call", ["minimize(p, gamma=2)", "trace(p)", "jump(p, 0.1, 1)"])
def test_the_library_refuses_too(call):
    problem = "tx.EncoderProblem(tx.examples.binary_symmetric(0.1))"
    if call.startswith("jump"):
        problem = (
            "tx.LearningRuleProblem([1], [['1/2'] * 2], [[['1/4', '3/4']] * 2], 1, tx.encoders.deterministic(2, 2))"
        )
    done = limited(600_000, f"import therml_exact as tx\np = {problem}\ntx.{call}\n", OPENBLAS_NUM_THREADS="2")
    assert done.stderr.splitlines()[-1].startswith("MemoryError: ulimit -v leaves 586 MiB")


@LINUX
def test_a_table_beyond_what_the_limit_leaves_is_refused_with_its_size():
    code = """
import therml_exact as tx
for make in (lambda: tx.encoders.deterministic(7, 7), lambda: tx.learners.constant(4, 4, 6)):
    try:
        make()
    except ValueError as error:
        print(error)
"""
    done = limited(1_000_000, code, OPENBLAS_NUM_THREADS="1")
    first, second = done.stdout.splitlines()
    assert "16,777,216 cells, about 2 GiB" in second
    assert (
        "7^7 maps would have 40,353,607 cells, about 6 GiB, more than the 0." in first and "ulimit -v leaves" in first
    )


def test_a_container_with_less_than_the_machine(monkeypatch, tmp_path):
    (tmp_path / "memory.max").write_text(f"{2**30}\n")
    monkeypatch.setattr(memory, "_GROUPS", (str(tmp_path / "memory.max"), str(tmp_path / "absent")))
    monkeypatch.setattr(memory, "_own", list)
    assert memory.most() == (2**30 * 4 // 5, "this container's 1.0 GiB")
    check_size(10**8, 2, False, "a table")
    with pytest.raises(
        ValueError, match=r"a table would have 200,000,000 cells, about 1 GiB, more than this container's"
    ):
        check_size(2 * 10**8, 2, False, "a table")
    (tmp_path / "memory.max").write_text("max\n")
    assert "machine" in memory.most()[1]
    with pytest.raises(ValueError, match="more than this machine's"):
        tx.encoders.deterministic(20, 20)


def test_threads_are_those_that_openblas_would_start(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    assert memory._threads() == 7
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    monkeypatch.setenv("OMP_NUM_THREADS", "nonsense")
    assert memory._threads() >= 1
