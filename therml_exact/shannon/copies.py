"""Copies: variables added to any distribution by the copy lemma.

    Let V be variables, A and C disjoint subsets of V. Then there are A' with
        (A', C) distributed as (A, C),      I(A'; V - C | C) = 0.            (p(a'|v) = p_(A|C)(a'|c))

What Shannon's inequalities say of V and A' then holds of V, and it is more than they say of V alone: Zhang and Yeung's
inequality is found with one copy. A later copy may copy earlier ones.
    H(B', E) - H(B, E) = 0      for B in A, E in C
Names are texts; a copy of "D" is "D'".
Errors: ValueError for a copy that the lemma does not give.
Source: Z. Zhang, R. Yeung, On characterization of entropy function (1998); R. Dougherty, C. Freiling, K. Zeger,
Non-Shannon information inequalities in four random variables (2011).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_COPIES = 6  # that are read


@dataclass(frozen=True)
class Copy:
    """A copy of `of` over `over`, named `names`; `before` are the variables there already, these among them."""

    of: tuple[str, ...]
    over: tuple[str, ...]
    names: tuple[str, ...]
    before: tuple[str, ...]

    @property
    def after(self) -> tuple[str, ...]:
        """All variables, the new ones last."""
        return (*self.before, *self.names)

    @property
    def rest(self) -> tuple[str, ...]:
        """What the copy is independent of, given `over`."""
        return tuple(name for name in self.before if name not in self.over)

    def copied(self, names: Sequence[str]) -> tuple[str, ...]:
        """A subset of `of` and `over` with the copies in place of what they copy."""
        image = dict(zip(self.of, self.names, strict=True)) | {name: name for name in self.over}
        return tuple(image[name] for name in names)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"of": list(self.of), "over": list(self.over), "names": list(self.names)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], before: Sequence[str] = ()) -> Copy:
        """The inverse of `to_json`."""
        return cls(tuple(content["of"]), tuple(content["over"]), tuple(content["names"]), tuple(before))

    def __str__(self) -> str:
        over = ",".join(self.over)
        given = ",".join(name for name in self.rest)
        return f"{','.join(self.names)}: a copy of {','.join(self.of)} over {over}, independent of {given} given {over}"


def made(before: Sequence[str], of: Sequence[str], over: Sequence[str]) -> Copy:
    """A copy with new names."""
    names: list[str] = []
    for name in of:
        new = f"{name}'"
        while new in before or new in names:
            new += "'"
        names.append(new)
    return Copy(tuple(of), tuple(over), tuple(names), tuple(before))


def read(content: Any, variables: Sequence[str]) -> list[Copy]:
    """The copies of a certificate, each checked to be one that the lemma gives. ValueError otherwise."""
    if type(content) is not list or len(content) > MOST_COPIES:
        raise ValueError(f"copies is no list of at most {MOST_COPIES}")
    found: list[Copy] = []
    before = tuple(variables)
    for entry in content:
        if not isinstance(entry, Mapping) or set(entry) != {"of", "over", "names"}:
            raise ValueError("a copy has the fields of, over and names")
        of, over, names = (_names(entry[key], key) for key in ("of", "over", "names"))
        for name in (*of, *over):
            if name not in before:
                raise ValueError(f"{name!r} is copied, or copied over, before it is there")
        if set(of) & set(over):
            raise ValueError(
                f"a copy of {', '.join(of)} over {', '.join(over)}: what is copied stands in the condition"
            )
        if len(of) != len(names):
            raise ValueError(f"{len(names)} names for a copy of {len(of)} variables")
        if set(names) & set(before):
            raise ValueError(f"the copy {', '.join(names)} has the name of a variable that is there")
        found.append(Copy(of, over, names, before))
        before = found[-1].after
    return found


def _names(content: Any, key: str) -> tuple[str, ...]:
    if type(content) is not list or not all(type(name) is str and name.strip() for name in content):
        raise ValueError(f"{key} of a copy is no list of names")
    if len(set(content)) != len(content) or (key == "of" and not content):
        raise ValueError(f"{key} of a copy names {'nothing' if not content else 'a variable twice'}")
    return tuple(content)


def subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All subsets, in order."""
    for mask in range(2 ** len(names)):
        yield tuple(name for k, name in enumerate(names) if mask >> k & 1)
