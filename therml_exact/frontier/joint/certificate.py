"""The proof of a lower bound by cells of m, as plain data (nats).

    {"kind": "cells", "cuts": [...], "tree": "...", "leaves": [...]}

tree: the cells in preorder, simplex by simplex of the domain (cells.py, domain.py). leaves[i]: the mean of cuts that
bounds leaf i, [k, w, k', w', ...] with indices of cuts and weights, or [k] alone. A cut is one of

    {"kind": "slope", "b": [...], "lam": [...], "tree": "..."}     cuts.py; b alone: in closed form, with S >= 0
    {"kind": "cone", "c": [...], "nu": [...], "lam": [...], "tops": [...], "trees": [...]}     cones.py
    {"kind": "cone", "c": [...], "u": [...]}                       cones.py in closed form, with S >= 0
    {"kind": "zero"}                                               R, S >= 0

Floats are in hexadecimal; in trees of encoders "." is a leaf and chr(48 + k) a halving. Only cuts that a leaf names
are kept.
"""

from __future__ import annotations

from typing import Any

from therml_exact.frontier.joint.cells import Search, leaves
from therml_exact.frontier.joint.cones import Cone
from therml_exact.frontier.joint.cuts import Cut

FORMAT = "therml-joint-2"


def claim(state: Search) -> dict[str, Any]:
    """What proves the lower bound of a search."""
    names: dict[int, int] = {}
    tree: list[str] = []
    of_leaves: list[list[int | str]] = []
    for node in leaves(state):
        if node.edge >= 0:
            tree.append(chr(48 + node.edge))
        elif node.empty:
            tree.append("-")
        else:
            tree.append(".")
            weights = {names.setdefault(k, len(names)): w for k, w in node.weights.items()}
            if len(weights) == 1:
                of_leaves.append(list(weights))
            else:
                of_leaves.append([part for k, w in weights.items() for part in (k, w.hex())])
    cuts = [_cut(state.cuts[k]) for k in names]
    return {"kind": "cells", "cuts": cuts, "tree": "".join(tree), "leaves": of_leaves}


def _cut(cut: Cut | Cone) -> dict[str, Any]:
    if isinstance(cut, Cut):
        content = {"kind": "slope", "b": _text(cut.slope)}
        return content if cut.lam is None else {**content, "lam": _text(cut.lam), "tree": _tree(cut.tree)}
    if not cut.c.any() and cut.nu is None:
        return {"kind": "zero"}
    content = {"kind": "cone", "c": _text(cut.c)}
    if cut.nu is None or cut.lam is None or cut.tops is None:
        return {**content, "u": _text(cut.u)}
    trees = [_tree(tree) for tree in cut.trees]
    return {**content, "nu": _text(cut.nu), "lam": _text(cut.lam), "tops": _text(cut.tops), "trees": trees}


def _text(values: Any) -> list[str]:
    return [float(v).hex() for v in values.reshape(-1).tolist()]


def _tree(symbols: bytes) -> str:
    return "".join("." if s == 0 else chr(47 + s) for s in symbols)
