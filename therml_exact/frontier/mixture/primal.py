"""The upper side: a mixing measure, weights on codes, made better until no code would add anything (nats).

Three steps alternate (kernels/mixture/mixing.py): the weights move by constrained Newton (Wang, 2007); weights and
codes move together by Newton on their logarithms; and codes that have run together are merged. New codes are added
where climbs of G from many starts end above 1 (kernels/mixture/ascent.py), and from every point where branch and bound
sees G > 1.

Shapes: weights q[z], codes t[z, j] over all blocks (X's row last, if delta > 0), lam[w] = log(p_w/m_w).
No error is raised here.
Source: Y. Wang, On fast computation of the non-parametric maximum likelihood estimate of a mixing distribution,
JRSS B 69 (2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from therml_exact.clock import now
from therml_exact.frontier.mixture.tables import FLOOR, Tables

PIECE = 1e8  # the clock is looked at after so many multiplications
RARE = 1e-6  # where a letter has a probability below this, `multipliers` gives every letter a code of its own

Array = np.ndarray[Any, Any]


@dataclass
class Primal:
    """A mixing measure, whose arrays are replaced as it gets better.

    q        the weights [z], >= 0, which sum to 1
    codes    [z, j], over all blocks, with X's row last if delta > 0; each block sums to 1, entries are >= FLOOR
    """

    q: Array
    codes: Array


def single(tables: Tables) -> Primal:
    """Return the measure of one code, the best for all letters together."""
    return Primal(np.ones(1), images(tables, tables.p[:, None]))


def one_each(tables: Tables) -> Primal:
    """Return the measure with a code for each vertex of the one root simplex."""
    r = tables.p[:, None] * tables.coordinates[0]
    q = r.sum(axis=0)
    return Primal(q / q.sum(), images(tables, r / np.maximum(q, FLOOR)))


def start(tables: Tables) -> Primal:
    """Return the measure of codes at the letters; beyond 64, at 64 spread over the list and at the mean of all."""
    count = len(tables.p)
    picked = np.unique(np.linspace(0, count - 1, min(count, 64)).astype(int))
    r = np.zeros((count, len(picked)))
    r[picked, np.arange(len(picked))] = 1.0
    q = tables.p[picked]
    if len(picked) < count:
        r, q = np.hstack([r, tables.p[:, None]]), np.append(q, tables.p.max())
    return Primal(q / q.sum(), images(tables, r))


def images(tables: Tables, r: Array) -> Array:
    """Return the best codes [new, j] for posteriors r[w, new], X's row included if delta > 0."""
    t = tables.image(r)
    if tables.delta:
        rows = np.zeros((r.shape[1], tables.groups))
        np.add.at(rows.T, tables.group, r)
        t = np.hstack([t, rows])
    return np.maximum(t, FLOOR)


def add(primal: Primal, codes: Array) -> None:
    """Add codes [new, j] to the measure, with a thousandth of the weight together."""
    share = 1e-3 / max(len(codes), 1)
    primal.codes = np.vstack([primal.codes, np.maximum(codes, FLOOR)])
    primal.q = np.append(primal.q * (1 - share * len(codes)), np.full(len(codes), share))


def relax(tables: Tables, primal: Primal, deadline: float = math.inf) -> None:
    """Improve weights and codes near where they are, in pieces of work after which the clock is looked at."""
    from therml_exact.kernels.mixture import mixing

    left, count = 8, len(tables.p)
    for _ in range(60):
        steps = min(max(int(PIECE / (count * (primal.codes.size + len(primal.q)) ** 2)), 1), left)
        weighings = 30
        if primal.codes.size > mixing.LARGE:
            weighings = min(max(int(PIECE / (count * len(primal.q) ** 2)), 1), 30)
        primal.q, primal.codes, weighed = mixing.relax(
            tables.p, tables.full, tables.own, tables.sums, tables.ends, primal.q, primal.codes, steps, weighings,
            0.5 * tables.width,
        )  # fmt: skip
        left -= steps if weighed else 0
        if not left or now() > deadline:
            return


def multipliers(tables: Tables, primal: Primal, share: float = 0.0) -> Array:
    """Return the dual variables lam_w = log(p_w/m_w), [w].

    A letter with p_w < RARE is hardly explained by the codes found so far, so that its m_w is arbitrary and G can be
    huge near it. With share > 0, one code is added at each letter, with total weight `share`. Any positive weights give
    a valid bound; this choice lowers the bound by at most `share` nats and keeps G finite there.
    """
    from therml_exact.kernels.mixture.mixing import log_masses

    log_m = log_masses(tables.full, primal.q, primal.codes)
    if share and tables.p.min() < RARE:
        if tables.rare is None:
            count = len(tables.p)
            tables.rare = log_masses(tables.full, np.full(count, 1 / count), images(tables, np.eye(count)))
        log_m = np.logaddexp(log_m, tables.rare + math.log(share))
    return np.asarray(tables.log_p - log_m)


def witness(tables: Tables, primal: Primal) -> tuple[Array, Array, Array, float]:
    """Return what the measure achieves, as (posterior, weights, codes, value).

    posterior    p(z|w) [w, z], without codes of weight 0
    weights      p(z) [z], the means of the posteriors
    codes        [z, j], the best codes for the posteriors
    value        L, in nats, at the measure's own weights and codes; at the three above L is at most this
    """
    from therml_exact.kernels.mixture import mixing

    return mixing.witness(tables.p, tables.full, tables.ends, primal.q, primal.codes)


def seeds(tables: Tables) -> Array:
    """Return points [point, j] to climb from, without X's row.

    For one or two free coordinates they are a grid whose steps are as wide as a code's likelihood. Otherwise they are
    the letters' rows and mixtures of them, the latter drawn from a generator with a fixed seed.
    """
    arcs = 1 / tables.width
    shapes = [root.shape for root in tables.roots]
    lines = [_line(root, int(min(max(65, 5 * arcs), 801))) for root in tables.roots if root.shape == (2, 2)]
    if len(shapes) == 1 and lines:
        return lines[0]
    if shapes == [(2, 2), (2, 2)]:
        size = int(min(max(9, 2.5 * arcs), 33))
        first, second = (_line(root, size) for root in tables.roots)
        return np.hstack([np.repeat(first, size, axis=0), np.tile(second, (size, 1))])
    if shapes == [(3, 3)]:
        size = int(min(max(6, 2.5 * arcs), 32))
        i, j = np.meshgrid(np.arange(size + 1), np.arange(size + 1), indexing="ij")
        u = np.stack([i, j, size - i - j], axis=-1)[i + j <= size] / size
        return np.asarray(u @ tables.roots[0])
    rng = np.random.default_rng(0)
    count = len(tables.p)
    picked = np.unique(np.linspace(0, count - 1, min(count, 20)).astype(int))
    r = [np.eye(count)[picked]]
    r += [0.5 * (np.eye(count)[i] + np.eye(count)[picked]) for i in picked[: min(len(picked), 8)]]
    sparse = rng.dirichlet(np.full(count, 0.2), size=40) if count < 500 else np.eye(count)[rng.integers(count, size=40)]
    return tables.image(np.vstack([*r, sparse]).T)


def _line(root: Array, size: int) -> Array:
    """Return `size` points [point, j] from the second vertex of a binary root to the first, denser at the ends."""
    u = (0.5 - 0.5 * np.cos(np.pi * np.arange(size) / (size - 1)))[:, None]
    return np.asarray(u * root[0] + (1 - u) * root[1])


def ascend(tables: Tables, primal: Primal, lam: Array, seeds: Array, threshold: float, steps: int, most: int,
           deadline: float = math.inf) -> int:  # fmt: skip
    """Climb G from the seeds while there is time; add the ends above the threshold, and return how many they are.

    lam          the dual variables, [w]
    seeds        points [point, j] without X's row
    threshold    nats; only ends with a larger log G are added, and none that is near a higher one
    steps        the most steps of a climb
    most         the most ends that are added
    deadline     on the monotonic clock, in seconds
    """
    from therml_exact.kernels.mixture.ascent import apart, climb

    ends, heights = [], []
    piece = max(int(0.005 * PIECE / (len(tables.p) * tables.a.shape[1] * steps)), 1)
    for at in range(0, len(seeds), piece):
        end, height = climb(
            lam, tables.a, tables.group, tables.groups, tables.power, tables.jstart, seeds[at : at + piece], steps
        )
        ends.append(end)
        heights.append(height)
        if now() > deadline:
            break
    found = apart(np.vstack(ends), np.concatenate(heights), tables.a.shape[1], threshold, most)
    if len(found):
        add(primal, found if tables.delta else found[:, :-1])
    return len(found)
