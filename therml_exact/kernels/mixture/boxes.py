"""Best-first search over boxes for Lindsay's condition sup_t G(t) <= 1, where the letters of Y are many (nats).

    log G(b) = (1/s) log sum_g (sum_{w in g} exp(lambda_w - sum_j a[w, j] b_j))^s,      s = 1/(1 - delta)

There is one block; all letters w have exponents a[w, j] of one sum m. A box is a product of intervals [lo_j, hi_j], in
which the code t is sought.

The bound on a box. At a global maximum t of G the posterior r has the image t, and log G(t) = lambda.r + S(r) - m h(t),
where S is an entropy of r and h(t) = sum_j f(t_j), f(x) = -x log x. Let l_j(x) = A_j + s_j x be a line that is not
above f at lo_j and hi_j. Since f is concave, it is below f between them, and with b_j = s_j + sum_k A_k, which is the
same function as t sums to 1, the largest value of lambda.r + S(r) - m b.t over all r is log G(b). That bounds log G at
every global maximum in the box. Any slopes s_j serve. The chords alone have the image of their posterior often outside
of the box, where they prove too little; the slope d log G/d s_j then says which way to turn the line about its end,
lo_j or hi_j. The best slopes are the multipliers of lo <= t <= hi in a convex problem, and a few steps of Newton's
method, on the coordinates that are outside, come near them.

A line is written as its turn from the chord, s_j = chord_j + turn/m, where the turn is 0, or a power of 2, or 1.5 times
one, of either sign. A turn up leaves the line at hi_j, a turn down at lo_j.

A split cuts the interval of one coordinate at lo + x (hi - lo)/8, x = 2, ..., 6, near the image of the posterior, in
the coordinate with the largest gap there between f and its line. Both halves lose that gap.

Since t sums to 1, lo_j is at least 1 - sum of the other hi, and hi_j at most 1 - sum of the other lo; `tighten` moves
both ends so, less what rounding may do. A box in which no t sums to 1 is empty.

Boxes need fewer nodes than the simplices of cells.py, since one cut serves all codes beside it and the turns tell what
lies outside of the rows' hull; but they have no quadratic: where G is flat about its maximum, simplices are better.

Arrays of the search. A node is a number; the two halves of a node have consecutive numbers, the lower one an odd one.
    parent[n], child[n]   the node that was cut, and the lower half of this one (0: a leaf)
    cut[n]                5 j + x - 2 where the node is cut
    kind[n]               a leaf's rule: LINES, ELLIPSOID or EMPTY
    bound[n]              of log G on the box; -inf for an empty one or one in an ellipsoid
    codes[n, j]           the turns of its lines
    heap[i]               the leaves whose bound is above the threshold, a heap with the largest bound first
No error is raised here.
Source: J. Falk and R. Soland, An algorithm for separable nonconvex programming problems (1969); B. Lindsay (1983).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.vectors import assign

CUTS = 5  # places where an interval may be cut: at 2, 3, 4, 5, 6 eighths
LINES, ELLIPSOID, EMPTY = 0, 1, 2  # the rules of leaves
CLOSED, ABOVE, MORE, FULL = 0, 1, 2, 3  # how `grow` ended
LEAST = -8  # the exponent of the smallest turn, in units of 1/m
POWERS = 22  # exponents of turns
UP = 2 * POWERS  # the codes 1, ..., UP turn up, and as many after them down
TURNS = 4  # steps of Newton's method on a box
ENOUGH = 0.02  # steps end where they would close less than this share of what is open
FARTHEST = 6.0  # nats: the most that a step may move an exponent of G
RIDGE = 1e-6  # of the largest curvature, where the curvature has no inverse
DEEPEST = 4000  # the most cuts above a leaf
SLOP = 1e-15  # the rounding of sums of ends, for each unit of the sum and each coordinate


class G(NamedTuple):
    """The function G: lam[w], a[w, j], the groups group[w], s, how many they are, and the sum m of exponents."""

    lam: Any
    a: Any
    group: Any
    s: float
    groups: int
    mass: float


class Nodes(NamedTuple):
    """The arrays of the search, as the module has them, and state = (nodes, length of the heap); changed in place."""

    parent: Any
    child: Any
    cut: Any
    kind: Any
    bound: Any
    codes: Any
    heap: Any
    state: Any


class Near(NamedTuple):
    """Ellipsoids sum_j weight[c, j] (t_j - centre[c, j])^2 <= radius[c], inside which log G <= threshold is known."""

    centre: Any
    weight: Any
    radius: Any


class Work(NamedTuple):
    """Scratch of `bound_on`, which also returns in it image[j], the posterior's, and gap[j], of f above its line there.

    chord, turn, step, kept, b, gradient, end [j], at [j] integers; r [w], share, top [g]; h [j, j], deviation [w, j]
    """

    chord: Any
    turn: Any
    step: Any
    kept: Any
    b: Any
    gradient: Any
    end: Any
    at: Any
    r: Any
    share: Any
    top: Any
    h: Any
    deviation: Any
    image: Any
    gap: Any


@kernel(fastmath=False, error_model="numpy")
def f(x):
    """Return -x log x."""
    return -x * math.log(x) if x > 0.0 else 0.0


@kernel(fastmath=False, error_model="numpy")
def encoded(x):
    """Return the code of a turn near x, which is in units of 1/m: 0 for none, 1 to UP upwards, then downwards."""
    size = abs(x)
    if not size >= 2.0 ** (LEAST - 1):
        return 0
    power = math.floor(math.log2(size))
    rest = size / 2.0**power
    half = 1 if 1.25 <= rest < 1.75 else 0
    if rest >= 1.75:
        power += 1
    if power >= LEAST + POWERS:
        power, half = LEAST + POWERS - 1, 1
    code = 1 + 2 * max(power - LEAST, 0) + half
    return code if x > 0.0 else code + UP


@kernel(fastmath=False, error_model="numpy")
def decoded(code):
    """Return the turn that a code stands for, in units of 1/m."""
    number = np.int64(code)  # a code is a byte, whose differences would wrap around where kernels are interpreted
    if number == 0:
        return 0.0
    size = number - 1 - UP if number > UP else number - 1
    x = (1.0 + 0.5 * (size % 2)) * 2.0 ** (size // 2 + LEAST)
    return -x if number > UP else x


@kernel(fastmath=False, error_model="numpy")
def tighten(lo, hi):
    """Move the ends lo[j], hi[j] inwards as far as sum t = 1 allows, in place; return whether the box is empty."""
    least, most = 0.0, 0.0
    for j in range(lo.size):
        least += lo[j]
        most += hi[j]
    slop = SLOP * lo.size * (most + 1.0)
    if least > 1.0 + slop or most < 1.0 - slop:
        return True
    for j in range(lo.size):
        low, high = lo[j], hi[j]
        lo[j] = min(max(low, 1.0 - (most - high) - slop), high)
        hi[j] = max(min(high, 1.0 - (least - low) + slop), lo[j])
    return False


@kernel(fastmath=False, error_model="numpy")
def height(g, b, work):
    """Return log G(b), and write the posterior to work.r[w]."""
    count, width = g.a.shape
    work.top[:] = -math.inf
    for w in range(count):
        x = g.lam[w]
        for j in range(width):
            x -= g.a[w, j] * b[j]
        work.r[w] = x
        work.top[g.group[w]] = max(work.top[g.group[w]], x)
    work.share[:] = 0.0
    for w in range(count):
        work.r[w] = math.exp(work.r[w] - work.top[g.group[w]])
        work.share[g.group[w]] += work.r[w]
    peak = -math.inf
    for x in range(g.groups):
        peak = max(peak, work.top[x] + math.log(work.share[x]))
    total = 0.0
    for x in range(g.groups):
        inner = work.share[x]
        outer = math.exp(g.s * (work.top[x] + math.log(inner) - peak))
        total += outer
        work.share[x] = outer / inner
    for w in range(count):
        work.r[w] *= work.share[g.group[w]] / total
    return peak + math.log(total) / g.s


@kernel(fastmath=False, error_model="numpy")
def turned(g, lo, hi, work):
    """Return log G for the lines with the turns work.turn[j], which are written to work.b[j]."""
    total = 0.0
    for j in range(lo.size):
        slope = work.chord[j] + work.turn[j]
        work.b[j] = slope
        total += f(hi[j]) - slope * hi[j] if work.turn[j] > 0.0 else f(lo[j]) - slope * lo[j]
    for j in range(lo.size):
        work.b[j] += total
    return height(g, work.b, work)


@kernel(fastmath=False, error_model="numpy")
def mean(g, j, work):
    """Return the mean exponent of the coordinate j under the posterior."""
    total = 0.0
    for w in range(g.lam.size):
        total += work.r[w] * g.a[w, j]
    return total


@kernel(fastmath=False, error_model="numpy")
def newton(g, lo, hi, missing, work):
    """Write a step of the turns to work.step and return on how many coordinates, those of work.at; 0 if none pays.

    missing    nats: a step that promises less than a share of it does not pay
    """
    count = g.lam.size
    n = 0
    for j in range(lo.size):
        x = mean(g, j, work)
        turn = work.turn[j]
        if turn < 0.0 or (turn == 0.0 and x < g.mass * lo[j] * (1.0 - 1e-9)):
            work.end[n] = lo[j]
        elif turn > 0.0 or x > g.mass * hi[j] * (1.0 + 1e-9):
            work.end[n] = hi[j]
        else:
            continue
        work.gradient[n] = x - g.mass * work.end[n]
        work.at[n] = j
        n += 1
    if n == 0:
        return 0
    h, deviation = work.h, work.deviation
    h[:n, :n] = 0.0
    for w in range(count):
        if work.r[w] > 1e-14:
            for p in range(n):
                deviation[w, p] = g.a[w, work.at[p]] - g.mass * work.end[p] - work.gradient[p]
                x = work.r[w] * deviation[w, p]
                for q in range(p + 1):
                    h[p, q] += x * deviation[w, q]
    scale = 1e-300
    for p in range(n):
        scale = max(scale, h[p, p])
    for p in range(n):
        h[p, p] += RIDGE * scale
    for p in range(n):  # Cholesky, with the forward substitution beside it
        for q in range(p + 1):
            x = h[p, q]
            for k in range(q):
                x -= h[p, k] * h[q, k]
            h[p, q] = math.sqrt(max(x, 1e-12 * scale)) if p == q else x / h[q, q]
        x = work.gradient[p]
        for k in range(p):
            x -= h[p, k] * work.step[k]
        work.step[p] = x / h[p, p]
    promised = 0.0
    for p in range(n):
        promised += 0.5 * work.step[p] ** 2
    if promised < ENOUGH * missing:
        return 0
    for p in range(n - 1, -1, -1):
        x = work.step[p]
        for k in range(p + 1, n):
            x -= h[k, p] * work.step[k]
        work.step[p] = x / h[p, p]
    farthest = 0.0
    for w in range(count):
        x = 0.0
        for p in range(n):
            x += (g.a[w, work.at[p]] - g.mass * work.end[p]) * work.step[p]
        farthest = max(farthest, abs(x))
    if farthest > FARTHEST:
        for p in range(n):
            work.step[p] *= FARTHEST / farthest
    return n


@kernel(fastmath=False, error_model="numpy")
def move(g, lo, hi, n, value, work):
    """Return log G after the step of `newton`, shortened until it is below `value`; `value` if none is."""
    assign(work.kept, work.turn)
    length = 1.0
    for _ in range(4):
        for p in range(n):
            j = work.at[p]
            x = work.kept[j] + length * work.step[p]
            down = work.end[p] == lo[j]
            work.turn[j] = min(x, 0.0) if down else max(x, 0.0)
        reached = turned(g, lo, hi, work)
        if reached < value:
            return reached
        length *= 0.3
    assign(work.turn, work.kept)
    return value


@kernel(fastmath=False, error_model="numpy")
def bound_on(g, lo, hi, codes, threshold, work):
    """Return a bound of log G on the box, in nats, and write the codes of its turns to codes[j].

    codes are the turns to start from, such as the parent's. Turns are sought until the bound is at most the threshold.
    """
    width = lo.size
    turns = False
    for j in range(width):
        work.chord[j] = (f(hi[j]) - f(lo[j])) / (hi[j] - lo[j]) if hi[j] > lo[j] else 0.0
        work.turn[j] = 0.0
        turns = turns or codes[j] != 0
    value = turned(g, lo, hi, work)
    if turns:
        for j in range(width):
            work.turn[j] = decoded(codes[j]) / g.mass
        other = turned(g, lo, hi, work)
        if not other < value:
            work.turn[:] = 0.0
            value = turned(g, lo, hi, work)
        else:
            value = other
    for _ in range(TURNS):
        if value <= threshold:
            break
        n = newton(g, lo, hi, value - threshold, work)
        if n == 0:
            break
        reached = move(g, lo, hi, n, value, work)
        if not reached < value:
            break
        value = reached
    for j in range(width):
        codes[j] = encoded(work.turn[j] * g.mass)
        work.turn[j] = decoded(codes[j]) / g.mass
    value = turned(g, lo, hi, work)
    for j in range(width):
        work.image[j] = mean(g, j, work) / g.mass
        t = min(max(work.image[j], lo[j]), hi[j])
        slope = work.chord[j] + work.turn[j]
        line = f(hi[j]) - slope * (hi[j] - t) if work.turn[j] > 0.0 else f(lo[j]) + slope * (t - lo[j])
        work.gap[j] = f(t) - line
    return value


@kernel(fastmath=False, error_model="numpy")
def held(near, lo, hi):
    """Return whether the box lies in one of the ellipsoids."""
    for c in range(near.radius.size):
        total = 0.0
        for j in range(lo.size):
            far = max(abs(lo[j] - near.centre[c, j]), abs(hi[j] - near.centre[c, j]))
            total += near.weight[c, j] * far * far
        if total <= near.radius[c]:
            return True
    return False


@kernel(fastmath=False, error_model="numpy")
def halve(lo, hi, cut, upper):
    """Cut the box in place and keep one half; return whether what is left is empty."""
    j, x = cut // CUTS, cut % CUTS + 2
    place = lo[j] + 0.125 * x * (hi[j] - lo[j])
    if upper:
        lo[j] = place
    else:
        hi[j] = place
    return tighten(lo, hi)


@kernel(fastmath=False, error_model="numpy")
def box_of(nodes, node, lo, hi, path):
    """Narrow the root's box lo[j], hi[j] to that of the node, in place; path[DEEPEST] is scratch."""
    depth = 0
    while node > 0:
        path[depth] = node
        depth += 1
        node = nodes.parent[node]
    for d in range(depth - 1, -1, -1):
        halve(lo, hi, nodes.cut[nodes.parent[path[d]]], path[d] % 2 == 0)
    return depth


@kernel(fastmath=False, error_model="numpy")
def chosen(lo, hi, missing, mass, work):
    """Return where to cut the box: the coordinate of the largest gap, near its image; -1 if it has no width."""
    j, most = -1, 0.0
    for k in range(lo.size):
        if work.gap[k] > most and hi[k] > lo[k]:
            j, most = k, work.gap[k]
    if mass * most * lo.size >= 0.25 * missing and j >= 0:
        t = min(max(work.image[j], lo[j]), hi[j])
        x = math.floor(8.0 * (t - lo[j]) / (hi[j] - lo[j]) + 0.5)
        return CUTS * j + min(max(x - 2, 0), CUTS - 1)
    # The lines are tight at the image, which is outside: the widest interval is cut in the middle.
    j, most = -1, 0.0
    for k in range(lo.size):
        gap = f(0.5 * (lo[k] + hi[k])) - 0.5 * (f(lo[k]) + f(hi[k]))
        if gap > most:
            j, most = k, gap
    return CUTS * j + 2 if j >= 0 else -1


@kernel(fastmath=False, error_model="numpy")
def rise(nodes, at):
    """Let the last of the heap's leaves, at the place `at`, rise to its place."""
    heap, bound = nodes.heap, nodes.bound
    node = heap[at]
    while at > 0 and bound[heap[(at - 1) // 2]] < bound[node]:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = node


@kernel(fastmath=False, error_model="numpy")
def taken(nodes):
    """Take the leaf of the largest bound from the heap, and return it."""
    heap, bound = nodes.heap, nodes.bound
    top = heap[0]
    nodes.state[1] -= 1
    size = nodes.state[1]
    node, at = heap[size], 0
    while 2 * at + 1 < size:
        down = 2 * at + 1
        if down + 1 < size and bound[heap[down + 1]] > bound[heap[down]]:
            down += 1
        if bound[heap[down]] <= bound[node]:
            break
        heap[at] = heap[down]
        at = down
    heap[at] = node
    return top


@kernel(fastmath=False, error_model="numpy")
def work_of(g):
    """Return scratch for `bound_on`."""
    count, width = g.a.shape
    one = np.empty((9, width))
    groups = np.empty((2, g.groups))
    return Work(one[0], one[1], one[2], one[3], one[4], one[5], one[6], np.empty(width, dtype=np.int64),
                np.empty(count), groups[0], groups[1], np.empty((width, width)), np.empty((count, width)), one[7],
                one[8])  # fmt: skip


@kernel(fastmath=False, error_model="numpy")
def grow(g, near, nodes, root_lo, root_hi, threshold, pieces, point):
    """Cut the leaves of the largest bounds, until `pieces` are cut, none is above the threshold, or nodes run out.

    g, near, nodes      as above; nodes are changed in place
    root_lo, root_hi    the box of the root [j]
    threshold           nats
    point               [j]: where log G > threshold is seen, that place is written here

    The result is CLOSED where no leaf is above the threshold; ABOVE when log G > threshold at `point`; MORE after
    `pieces` cuts (call again with the same arrays); FULL when the arrays are, or a leaf cannot be cut.
    """
    width = root_lo.size
    work, path = work_of(g), np.empty(DEEPEST, dtype=np.int64)
    lo, hi, low, high = np.empty(width), np.empty(width), np.empty(width), np.empty(width)
    again = np.empty(width, dtype=np.uint8)
    for _ in range(pieces):
        if nodes.state[1] == 0:
            return CLOSED
        first = nodes.state[0]
        if first + 2 > nodes.parent.size:
            return FULL
        node = nodes.heap[0]
        assign(lo, root_lo)
        assign(hi, root_hi)
        depth = box_of(nodes, node, lo, hi, path)
        assign(again, nodes.codes[node])
        bound_on(g, lo, hi, again, math.inf, work)
        cut = chosen(lo, hi, nodes.bound[node] - threshold, g.mass, work)
        for j in range(width):
            work.b[j] = -math.log(max(work.image[j], 1e-300))
        if height(g, work.b, work) > threshold:
            assign(point, work.image)
            return ABOVE
        if cut < 0 or depth + 1 >= DEEPEST:
            return FULL
        taken(nodes)
        nodes.cut[node], nodes.child[node] = cut, first
        for new in range(first, first + 2):
            nodes.parent[new], nodes.child[new], nodes.bound[new] = node, 0, -math.inf
            assign(low, lo)
            assign(high, hi)
            assign(nodes.codes[new], nodes.codes[node])
            if halve(low, high, cut, new % 2 == 0):
                nodes.kind[new] = EMPTY
            elif held(near, low, high):
                nodes.kind[new] = ELLIPSOID
            else:
                nodes.kind[new] = LINES
                nodes.bound[new] = bound_on(g, low, high, nodes.codes[new], threshold, work)
                if nodes.bound[new] > threshold:
                    nodes.heap[nodes.state[1]] = new
                    nodes.state[1] += 1
                    rise(nodes, nodes.state[1] - 1)
        nodes.state[0] = first + 2
    return MORE


@kernel(fastmath=False, error_model="numpy")
def written(nodes, rules, turns, cuts, tree, turned_by):
    """Write the code points of the tree in preorder to tree[i], and those of turns to turned_by[leaf, j], leaf by leaf.

    rules          the code points of a leaf by its chords, with turns, in an ellipsoid, and of an empty one
    turns, cuts    the code points of turns and of cuts, by their numbers
    """
    stack = np.empty(DEEPEST + 2, dtype=np.int64)
    stack[0] = 0
    top, n, leaf = 0, 0, 0
    while top >= 0:
        node = stack[top]
        top -= 1
        if nodes.child[node] > 0:
            tree[n] = cuts[nodes.cut[node]]
            stack[top + 1], stack[top + 2] = nodes.child[node] + 1, nodes.child[node]
            top += 2
        elif nodes.kind[node] == LINES and nodes.codes[node].max() > 0:
            tree[n] = rules[1]
            for j in range(turned_by.shape[1]):
                turned_by[leaf, j] = turns[nodes.codes[node, j]]
            leaf += 1
        else:
            tree[n] = rules[0] if nodes.kind[node] == LINES else rules[1 + nodes.kind[node]]
        n += 1
