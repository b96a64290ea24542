"""The core: the maximum-likelihood mixing measure of a finite table of exponents, its floats (nats).

    minimise  L(q) = - sum_w p_w log m_w,     m_w = sum_z q_z prod_j t_z[j]^a[w, j]

convex in the mixing measure q. With G(t) = sum_w (p_w/m_w) prod_j t[j]^a[w, j], q is optimal iff G <= 1 everywhere, and
for any c_w > 0, with G made of the c_w instead of p_w/m_w,

    min L >= sum_w p_w log(c_w/p_w) - log max_t G(t)                        (weak duality)

Rows of X, of exponent delta < 1 on the group x_w, are eliminated from the search: with s = 1/(1 - delta) and B_x the
sum of (p_w/m_w) prod t^a over the w of group x, the best row is proportional to B_x^s and G = (sum_x B_x^s)^(1/s).

The upper side is primal.py, the lower side dual.py, contacts.py and kernels/cells.py; solve.py goes between them.

Shapes: a[w, j] over the blocks' coordinates (and X's row, if any, last); codes t[z, j]; posterior r[w, t].
No error is raised here.
Source: J. Kiefer and J. Wolfowitz (1956); B. Lindsay, The geometry of mixture likelihoods (1983).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from therml_exact.frontier.closed_form import RULES
from therml_exact.frontier.problems import Mixture

FLOOR = 1e-300  # a code's entry is at least this: it stands for 0 at a cost of no digit

Array = np.ndarray[Any, Any]


class Tables:
    """The floats of a mixture."""

    def __init__(self, mixture: Mixture) -> None:
        self.p = np.array([float(w) for w in mixture.weights])
        multiplier = float(mixture.multiplier)
        self.rows = [np.array(b.rows, dtype=float) for b in mixture.blocks]
        self.coordinates = [np.array(b.coordinates, dtype=float) for b in mixture.blocks]
        self.roots = [np.array(b.root, dtype=float) for b in mixture.blocks]
        self.a = np.ascontiguousarray(np.hstack(self.rows) * multiplier)
        self.a_root = np.ascontiguousarray(np.hstack(self.coordinates) * multiplier)
        self.multiplier = multiplier
        self.rare: Array | None = None
        self.delta = float(mixture.delta)
        self.closed = {name: terms for name, rule in RULES.items() if (terms := rule(mixture)) is not None}
        self.power = float(1 / (1 - mixture.delta))
        self.group = np.array(mixture.groups if self.delta else (0,) * len(self.p), dtype=np.int64)
        self.groups = int(self.group.max()) + 1
        sizes = [r.shape[1] for r in self.rows]
        self.jstart = np.cumsum([0, *sizes])
        self.kstart = np.cumsum([0, *(r.shape[0] for r in self.roots)])
        # The primal treats X's row as one more block.
        self.full, self.ends = self.a, list(self.jstart)
        if self.delta:
            self.full = np.hstack([self.a, self.delta * np.eye(self.groups)[self.group]])
            self.ends.append(self.ends[-1] + self.groups)
        self.spans = list(zip(self.ends[:-1], self.ends[1:], strict=True))
        self.sums = np.stack([self.full[:, lo:hi].sum(axis=1) for lo, hi in self.spans], axis=1)

    def log_terms(self, codes: Array) -> Array:
        """Log prod_j t_z[j]^a[w, j], [w, z]."""
        return np.asarray(self.full @ np.log(np.maximum(codes, FLOOR)).T)

    def gradient(self, lam: Array, t: Array) -> tuple[Array, Array, Array]:
        """Log G at rows of t (without X), posteriors r[w, t], and the best rows of X [t, x] (empty at delta = 0)."""
        x = lam[:, None] + self.a @ np.log(np.maximum(t, FLOOR)).T
        if not self.delta:
            top = x.max(axis=0)
            r = np.exp(x - top)
            total = r.sum(axis=0)
            return top + np.log(total), r / total, np.empty((len(t), 0))
        top = np.full((self.groups, len(t)), -np.inf)
        np.maximum.at(top, self.group, x)
        b = np.zeros_like(top)
        r = np.exp(x - top[self.group])
        np.add.at(b, self.group, r)
        r /= b[self.group]
        b = self.power * (top + np.log(b))
        peak = b.max(axis=0)
        b = np.exp(b - peak)
        total = b.sum(axis=0)
        b /= total
        return (peak + np.log(total)) / self.power, r * b[self.group], b.T

    def image(self, r: Array) -> Array:
        """The best rows for posteriors r[w, t]: [t, j], without X."""
        out = np.empty((r.shape[1], self.jstart[-1]))
        for rows, lo, hi in zip(self.rows, self.jstart[:-1], self.jstart[1:], strict=True):
            part = r.T @ rows
            total = part.sum(axis=1, keepdims=True)
            out[:, lo:hi] = np.where(total > 0, part / np.maximum(total, FLOOR), 1 / (hi - lo))
        return out
