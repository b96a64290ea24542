"""Results of prove: Proved, Refuted, Undecided. Each prints, none is true or false, each carries its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Literal, NoReturn

from therml_exact.files import Path, jsonable, write_text
from therml_exact.joint import Joint
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.results import by_content
from therml_exact.shannon.certificate import under
from therml_exact.shannon.constants import Shifted
from therml_exact.worlds import World

Verdict = Literal["proved", "refuted", "undecided"]


@by_content
@dataclass(frozen=True, eq=False, repr=False)
class _Result:
    statement: str
    setting: str  # what it is about, in words
    certificate: dict[str, Any] = field(repr=False)  # plain data; `verify_proof` rechecks it

    verdict: ClassVar[Verdict]

    def text(self, unit: str = "nats") -> str:
        """What was found, in two lines; amounts of information are in the unit, nats or bits."""
        raise NotImplementedError

    def explain(self, unit: str = "nats") -> str:
        """The same with what shows it."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text()

    def __bool__(self) -> NoReturn:
        raise TypeError(f"a result has three values, here {self.verdict!r}: compare .verdict, not its truth")

    def save(self, path: Path) -> None:
        """Write the certificate as JSON."""
        import json

        write_text(json.dumps(jsonable(self.certificate), indent=1), path)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.statement!r}, {self.setting})"


@dataclass(frozen=True, eq=False, repr=False)
class Proved(_Result):
    r"""The statement is true of every distribution of the setting.

    statement    the statement as it was read
    setting      what it is about, in words
    certificate  plain data for JSON that `verify` rechecks: the statement as an exact sum of elemental inequalities
    verdict      "proved"

    `bool()` of a result raises TypeError: compare `.verdict`. `explain()` gives the derivation in named steps.

    >>> import therml_exact as tx
    >>> proof = tx.prove("H(A,B) <= H(A) + H(B)")
    >>> isinstance(proof, tx.Proved), proof.verdict
    (True, 'proved')
    >>> print("\n".join(proof.explain().splitlines()[:3]))
    H(A,B) <= H(A) + H(B)   holds in every distribution of free variables A, B.
    right - left is the sum of
      I(A;B)
    """

    verdict: ClassVar[Verdict] = "proved"

    def explain(self, unit: str = "nats") -> str:
        """The derivation in named steps, which have no unit."""
        from therml_exact.shannon.explain import explain

        return explain(self.certificate, self.setting)

    def to_rocq(self) -> str:
        """A file that `coqc` (8.16) compiles: the theorem for every monotone submodular function, and its proof.

        Independences of the world and the hypotheses given stand in it as hypotheses; the multipliers are the
        certificate's. Raises ValueError for a proof that copies variables.
        """
        from therml_exact.shannon.rocq import to_rocq

        return to_rocq(self.certificate)

    def to_lean(self) -> str:
        """The same as text for Lean 4 with Mathlib, which says that nobody has compiled it."""
        from therml_exact.shannon.lean import to_lean

        return to_lean(self.certificate)

    def text(self, unit: str = "nats") -> str:
        """What was proved, and of how many terms; it has no unit."""
        terms = sum(len(part["sum"]) for part in self.certificate["parts"])
        where = f"{self.setting}{under(self.certificate['given'])}"
        return f"proved: {self.statement}\n  in every distribution of {where}; {terms} terms, added up exactly"


@dataclass(frozen=True, eq=False, repr=False)
class Refuted(_Result):
    """The statement is false: an exact distribution breaks it.

    statement    the statement as it was read
    setting      what it is about, in words
    certificate  plain data for JSON that `verify` rechecks: the tables of the distribution
    world        the distribution that breaks it: a Joint or a world, exact
    slack        the side claimed to be larger minus the other, a negative PrimeLog in nats (less a rational number
                 of nats where the statement names one)
    verdict      "refuted"

    `bool()` of a result raises TypeError: compare `.verdict`. `explain()` prints the tables.

    >>> import therml_exact as tx
    >>> answer = tx.prove("H(A) <= H(B)")
    >>> isinstance(answer, tx.Refuted), str(answer.slack)
    (True, '-log 2')
    >>> answer.world
    Joint([["1/2"], ["1/2"]], axes=("A", "B"))
    """

    world: World | Joint
    slack: PrimeLog | Shifted

    verdict: ClassVar[Verdict] = "refuted"

    def explain(self, unit: str = "nats") -> str:
        """The tables that break it."""
        return f"{self.text(unit)}\n" + tables_text(self.world)

    def text(self, unit: str = "nats") -> str:
        """What was refuted, and by how much in the unit, nats or bits."""
        side = self.certificate["side"]
        return (
            f"refuted: {self.statement}\n  in {self.setting}{under(self.certificate['given'])}: "
            f"{side} = {self.slack}{_approximately(self.slack, unit)} in a {self.world.summary()}"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Undecided(_Result):
    """Neither a proof nor a counterexample was found; the statement may be true or false.

    statement    the statement as it was read
    setting      what it is about, in words
    certificate  plain data for JSON that `verify` rechecks: the polymatroid, where there is one
    polymatroid  entropies H(S) by the tuple of names in S: a function that satisfies every Shannon inequality,
                 independence
                 and hypothesis and breaks the statement, so that no Shannon proof exists; it has no unit. None where
                 none was found within exact arithmetic
    stopped      the time limit in seconds, if that ended the search; else None
    note         what stood in the way of a counterexample, in words, where that is known; else None
    limit        what kept the search from being complete, in words; empty where nothing did
    verdict      "undecided"

    `bool()` of a result raises TypeError: compare `.verdict`. `explain()` prints the polymatroid.

    >>> import therml_exact as tx
    >>> answer = tx.prove("H(A) <= H(B)", time_limit=1e-9)
    >>> isinstance(answer, tx.Undecided), answer.stopped
    (True, 1e-09)
    """

    polymatroid: Mapping[tuple[str, ...], Fraction] | None
    stopped: float | None = None  # seconds after which the search was stopped, where it was
    note: str | None = None
    limit: str = ""

    verdict: ClassVar[Verdict] = "undecided"

    def explain(self, unit: str = "nats") -> str:
        """The entropy-like function on the sets that matter, which has no unit."""
        if self.polymatroid is None:
            return str(self)
        from therml_exact.shannon.explain import violation

        return f"{self}\n{violation(self.certificate, self.polymatroid)}"

    def text(self, unit: str = "nats") -> str:
        """Why nothing was decided; it has no unit."""
        if self.stopped is not None:
            why = f"stopped after the time limit of {self.stopped:g} s (time_limit=); nothing is known"
        elif self.polymatroid is None:
            why = "neither a proof nor a counterexample was found, and no entropy-like function that breaks it"
        else:
            why = (
                "not implied by Shannon's inequalities (an exact entropy-like function breaks it); no counterexample "
                "found.\n  It may still be true: try copies=1 or copies=2, or give a non-Shannon inequality as a "
                'hypothesis, such as given="zhang-yeung(A,B,C,D)"'
            )
        more = "".join(f".\n  {text[0].upper()}{text[1:]}" for text in (self.note, self.limit) if text)
        return f"undecided: {self.statement}\n  in {self.setting}{under(self.certificate['given'])}: {why}{more}"


def _approximately(slack: PrimeLog | Shifted, unit: str) -> str:
    try:
        return f" = {slack.bits if unit == 'bits' else float(slack):.6g} {unit}"
    except OverflowError:  # a coefficient such as 1e350
        return f" {unit}" if unit == "nats" else ""


def tables_text(world: World | Joint) -> str:
    """The tables of a world, a line each."""
    tables = {"p(" + ", ".join(world.axes) + ")": world.table} if isinstance(world, Joint) else world.tables
    return "\n".join(f"  {name} = {_nested(table.tolist())}" for name, table in tables.items())


def _nested(cells: Any) -> str:
    return "[" + ", ".join(map(_nested, cells)) + "]" if isinstance(cells, list) else str(cells)
