"""Where m = (p(z,y)) or m = (p(z,y), p(z,x)) can lie, cut into simplices; exact (no units).

    m_zy >= 0, sum_z m_zy = p(y);     for delta > 0 also   m_zx >= 0, sum_z m_zx = p(x), sum_y m_zy = sum_x m_zx

A flow from the letters y through the codes z to the letters x. Its vertices are flows on spanning trees. The pulling
triangulation joins the first vertex of a face to the triangulated facets that do not contain it: the simplices cover
the polytope because every point but that vertex lies on a ray from it through one of these facets.

Codes may be exchanged. With f_z = m_zy/p(y) - m_zy'/p(y') for the first two letters (m_zy/p(y) for a single one)
every m has a permutation with f_0 >= f_1 >= ...; a simplex on which f_z <= f_z+1 everywhere for some z need not be
searched, since its points are permuted into others, or are limits of such points.

Shapes: m = (z-major p(z,y), then z-major p(z,x)), as Fractions. Source: C. Lee and F. Santos, Subdivisions and
triangulations of polytopes (Handbook of Discrete and Computational Geometry).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

Point = tuple[Fraction, ...]
Simplex = tuple[int, ...]


@dataclass(frozen=True)
class Domain:
    """The polytope of m: its vertices, the simplices that cover it, and what orders the codes.

    points[v]: the coordinates of vertex v. simplices: their vertices' indices. orders[v]: f_z for each code z.
    """

    points: tuple[Point, ...]
    simplices: tuple[Simplex, ...]
    orders: tuple[Point, ...]


def domain(p_y: Sequence[Fraction], p_x: Sequence[Fraction] | None, codes: int) -> Domain:
    """The polytope of m for these margins; p_x is None where m has no part p(z,x).

    >>> half = Fraction(1, 2)
    >>> found = domain([half, half], None, 2)
    >>> len(found.points), len(found.simplices)
    (4, 2)
    """
    points = _hard(p_y, codes) if p_x is None else _trees(p_y, p_x, codes)
    faces = [frozenset(v for v, m in enumerate(points) if m[k] == 0) for k in range(len(points[0]))]
    simplices = tuple(sorted(tuple(sorted(s)) for s in _pull(frozenset(range(len(points))), faces)))
    used = [y for y, p in enumerate(p_y) if p][:2]

    def order(m: Point) -> Point:
        shares = [[m[z * len(p_y) + y] / p_y[y] for y in used] for z in range(codes)]
        return tuple(s[0] - s[1] if len(s) > 1 else s[0] for s in shares)

    return Domain(tuple(points), simplices, tuple(order(m) for m in points))


def misplaced(orders: Sequence[Point]) -> bool:
    """Whether two neighbouring codes are in the wrong order at every vertex."""
    return any(all(f[z] <= f[z + 1] for f in orders) for z in range(len(orders[0]) - 1))


def _hard(p_y: Sequence[Fraction], codes: int) -> list[Point]:
    """Every letter y in one code."""
    found = set()
    for code in product(range(codes), repeat=len(p_y)):
        m = [Fraction(0)] * (codes * len(p_y))
        for y, z in enumerate(code):
            m[z * len(p_y) + y] = p_y[y]
        found.add(tuple(m))
    return sorted(found, reverse=True)


def _trees(p_y: Sequence[Fraction], p_x: Sequence[Fraction], codes: int) -> list[Point]:
    """Nonnegative flows on spanning trees of y - z - x."""
    ny, nx = len(p_y), len(p_x)
    edges = [(codes + y, z) for z in range(codes) for y in range(ny)]
    edges += [(codes + ny + x, z) for z in range(codes) for x in range(nx)]
    # What a node's edges carry together, those of y with sign +, those of x with -: p(y), -p(x), and 0 at a code.
    need = [Fraction(0)] * codes + list(p_y) + [-p for p in p_x]
    found = set()
    for chosen in combinations(range(len(edges)), codes + ny + nx - 1):
        flow = _flow([edges[k] for k in chosen], need, codes)
        if flow is not None:
            m = [Fraction(0)] * len(edges)
            for k, v in zip(chosen, flow, strict=True):
                m[k] = abs(v)
            found.add(tuple(m))
    return sorted(found, reverse=True)


def _flow(tree: list[tuple[int, int]], need: Sequence[Fraction], codes: int) -> list[Fraction] | None:
    """The flow on these edges, leaf by leaf; None if they are no tree, or a flow has the wrong sign."""
    rest, open_edges = list(need), set(range(len(tree)))
    flow = [Fraction(0)] * len(tree)
    degree = [0] * len(need)
    for a, b in tree:
        degree[a] += 1
        degree[b] += 1
    while open_edges:
        leaf = next((k for k in open_edges if degree[tree[k][0]] == 1 or degree[tree[k][1]] == 1), None)
        if leaf is None:
            return None
        outer, code = tree[leaf]
        value = rest[outer] if degree[outer] == 1 else -rest[code]  # at a code what comes in goes out
        flow[leaf] = value
        rest[outer] -= value
        rest[code] += value
        degree[outer] -= 1
        degree[code] -= 1
        open_edges.remove(leaf)
    if any(rest):
        return None
    for (outer, _), v in zip(tree, flow, strict=True):
        sign = 1 if need[outer] >= 0 else -1
        if v * sign < 0:
            return None
    return flow


def _pull(face: frozenset[int], faces: list[frozenset[int]]) -> list[tuple[int, ...]]:
    """The simplices of a face."""
    if len(face) == 1:
        return [tuple(face)]
    cut = {face & other for other in faces if face & other != face and face & other}
    facets = [f for f in cut if not any(f < g for g in cut)]
    first = min(face)
    return [(first, *s) for f in sorted(facets, key=sorted) if first not in f for s in _pull(f, faces)]
