"""Results of prove: Proved, Refuted, Undecided. Each prints, none is true or false, each carries its certificate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Literal, NoReturn

from therml_exact.files import Path, jsonable, write_text
from therml_exact.joint import Joint
from therml_exact.numbers.primelog import PrimeLog
from therml_exact.shannon.certificate import under
from therml_exact.worlds import World

Verdict = Literal["proved", "refuted", "undecided"]


@dataclass(frozen=True, eq=False, repr=False)
class _Result:
    statement: str
    setting: str  # what it is about, in words
    certificate: dict[str, Any] = field(repr=False)  # plain data; `verify_proof` rechecks it

    verdict: ClassVar[Verdict]

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
    """True of every distribution of the setting."""

    verdict: ClassVar[Verdict] = "proved"

    def explain(self) -> str:
        """The derivation in named steps."""
        from therml_exact.shannon.explain import explain

        return explain(self.certificate, self.setting)

    def __str__(self) -> str:
        terms = sum(len(part["sum"]) for part in self.certificate["parts"])
        where = f"{self.setting}{under(self.certificate['given'])}"
        return f"proved: {self.statement}\n  in every distribution of {where}; {terms} terms, added up exactly"


@dataclass(frozen=True, eq=False, repr=False)
class Refuted(_Result):
    """False: `world` breaks it. slack: the side claimed to be larger minus the other, negative (nats)."""

    world: World | Joint
    slack: PrimeLog

    verdict: ClassVar[Verdict] = "refuted"

    def explain(self) -> str:
        """The tables that break it."""
        return f"{self}\n" + tables_text(self.world)

    def __str__(self) -> str:
        side = self.certificate["side"]
        return (
            f"refuted: {self.statement}\n  in {self.setting}{under(self.certificate['given'])}: "
            f"{side} = {self.slack}{_approximately(self.slack)} nats in {self.world!r}"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Undecided(_Result):
    """Not implied by Shannon's inequalities, and no counterexample was found.

    polymatroid: H(S) by the names in S, an entropy-like function that satisfies every Shannon inequality, independence
    and hypothesis and breaks the statement; None where none was found within exact arithmetic.
    """

    polymatroid: Mapping[tuple[str, ...], Fraction] | None
    stopped: float | None = None  # seconds after which the search was stopped, where it was

    verdict: ClassVar[Verdict] = "undecided"

    def explain(self) -> str:
        """The entropy-like function."""
        if self.polymatroid is None:
            return str(self)
        rows = [f"  H({','.join(names)}) = {h}" for names, h in self.polymatroid.items() if names]
        return f"{self}\nan entropy-like function that breaks it, every Shannon inequality holding:\n" + "\n".join(rows)

    def __str__(self) -> str:
        if self.stopped is not None:
            why = f"stopped after the time limit of {self.stopped:g} s (time_limit=); nothing is known"
        elif self.polymatroid is None:
            why = "neither a proof nor a counterexample was found, and no entropy-like function that breaks it"
        else:
            why = (
                "not implied by Shannon's inequalities (an exact entropy-like function breaks it); no counterexample "
                "found.\n  It may still be true: a non-Shannon inequality can be given as a hypothesis (given=)"
            )
        return f"undecided: {self.statement}\n  in {self.setting}{under(self.certificate['given'])}: {why}"


def _approximately(slack: PrimeLog) -> str:
    try:
        return f" = {float(slack):.6g}"
    except OverflowError:  # a coefficient such as 1e350
        return ""


def tables_text(world: World | Joint) -> str:
    """The tables of a world, a line each."""
    tables = {"p(" + ", ".join(world.axes) + ")": world.table} if isinstance(world, Joint) else world.tables
    return "\n".join(f"  {name} = {_nested(table.tolist())}" for name, table in tables.items())


def _nested(cells: Any) -> str:
    return "[" + ", ".join(map(_nested, cells)) + "]" if isinstance(cells, list) else str(cells)
