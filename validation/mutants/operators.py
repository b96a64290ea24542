"""Mutants of a source: one small edit each, made in the text, so that everything else stays as it was written.

    comparisons   < with <=, > with >=, == with !=, in with not in, is with is not
    arithmetic    + with -, * with /, << with >>, also in +=; the sign of -x; integers + 1 (up to 1000: what is larger
                  is a budget, and one more is no other budget)
    logic         and with or; not x becomes x; return True with return False
    names         any with all, min with max, floor with ceil, lower with upper
    statements    a raise, or the call of a check, becomes pass; so does a guard (an if that only returns or goes on)

What proves nothing is left alone: annotations, decorators, the text of messages (what is raised, the second argument
of a check, f-strings) and assertions, which only state what holds anyway.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}  # fmt: skip
ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}  # fmt: skip
LOGIC = {ast.And: ("and", "or"), ast.Or: ("or", "and")}
PAIRS = (("any", "all"), ("min", "max"), ("floor", "ceil"), ("lower", "upper"))
NAMES = {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
VARIABLES = ("lower", "upper")  # are functions only as attributes
LARGEST = 1000
CHECK = re.compile(r"_?(require|check|refuse)")  # how the functions are named that refuse a claim


@dataclass(frozen=True)
class Mutant:
    """The bytes from start to end of a file's source become `text`."""

    file: str
    line: int
    operator: str
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """The mutated source, with as many lines as before."""
        gone = source[self.start : self.end].count(b"\n") - self.text.count("\n")
        return source[: self.start] + self.text.encode() + b"\n" * gone + source[self.end :]

    def lines(self, source: bytes) -> tuple[str, str]:
        """The first line that differs, before and after."""
        before, after = source.decode().splitlines(), self.apply(source).decode().splitlines()
        return next((a.strip(), b.strip()) for a, b in zip(before, after, strict=False) if a != b)


def mutants(file: str, source: bytes) -> list[Mutant]:
    """All mutants of a source, in the order of the text."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(line: int, column: int) -> int:
        return starts[line - 1] + column

    found = []
    for node, operator, start, end, text in _edits(ast.parse(source), source, place):
        if source[start : start + 4] != b"elif":  # where "pass" cannot stand; all else compiles
            found.append(Mutant(file, node.lineno, operator, start, end, text))
    return sorted(found, key=lambda m: (m.start, m.end, m.operator))


def _edits(tree, source, place) -> Iterator[tuple[ast.AST, str, int, int, str]]:
    """(node, operator, start, end, replacement)."""
    for node in _proving(tree):
        start, end = (place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset))
        match node:
            case ast.Compare():
                sides = [node.left, *node.comparators]
                for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
                    yield node, "comparison", *_between(source, place, left, right, *COMPARISONS[type(op)])
            case ast.BinOp(op=op) if type(op) in ARITHMETIC and not _is_text(node):
                yield node, "arithmetic", *_between(source, place, node.left, node.right, *ARITHMETIC[type(op)])
            case ast.AugAssign(op=op) if type(op) in ARITHMETIC:
                old, new = ARITHMETIC[type(op)]
                yield node, "arithmetic", *_between(source, place, node.target, node.value, old + "=", new + "=")
            case ast.BoolOp():
                for left, right in zip(node.values, node.values[1:], strict=False):
                    yield node, "logic", *_between(source, place, left, right, *LOGIC[type(node.op)])
            case ast.UnaryOp(op=ast.Not()):
                yield node, "logic", start, start + len("not") + (source[start + 3 : start + 4] == b" "), ""
            case ast.UnaryOp(op=ast.USub()):
                yield node, "sign", start, start + 1, ""
            case ast.Constant(value=int() as value) if not isinstance(value, bool) and value <= LARGEST:
                yield node, "integer", start, end, str(value + 1)
            case ast.Return(value=ast.Constant(value=bool() as value)):
                yield node, "return", start, end, f"return {not value}"
            case ast.Name(id=name) if name in NAMES and name not in VARIABLES:
                yield node, "name", start, end, NAMES[name]
            case ast.Attribute(attr=name) if name in NAMES:
                yield node, "name", end - len(name), end, NAMES[name]
            case ast.Raise():
                yield node, "refusal", start, end, "pass"
            case ast.Expr(value=ast.Call(func=function)) if CHECK.match(_name(function)):
                yield node, "refusal", start, end, "pass"
            case ast.If(orelse=[], body=[ast.Return() | ast.Continue() | ast.Break()]):
                yield node, "guard", start, end, "pass"


def _between(source, place, left, right, old: str, new: str) -> tuple[int, int, str]:
    """Where the operator between two operands stands."""
    start = place(left.end_lineno, left.end_col_offset)
    region = source[start : place(right.lineno, right.col_offset)]
    at = re.search(re.escape(old).replace(r"\ ", r"\s+").encode(), region)
    assert at is not None
    return start + at.start(), start + at.end(), new


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _proving(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it but for what proves nothing."""
    if isinstance(node, (ast.JoinedStr, ast.Assert)):
        return
    if hasattr(node, "lineno"):
        yield node
    if isinstance(node, ast.Raise):
        return
    skipped = {"annotation", "returns", "decorator_list"}
    for name, value in ast.iter_fields(node):
        if name in skipped:
            continue
        children = value if isinstance(value, list) else [value]
        if isinstance(node, ast.Call) and name == "args" and CHECK.match(_name(node.func)):
            children = children[:1]
        for child in children:
            if isinstance(child, ast.AST):
                yield from _proving(child)
