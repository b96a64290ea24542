"""Branch and bound over product cells for Lindsay's condition sup_t G(t) <= 1 (nats).

    log G(e) = (1/s) log sum_g (sum_{w in g} exp(lambda_w - sum_k a[w, k] e_k))^s,      s = 1/(1 - delta)

at e = -log t. On a cell (a product of simplices with vertices v_i in barycentric coordinates u of the roots) entropy is
concave, so h(t) >= b.u, b the linear function with h's values at the vertices. Every posterior whose image lies in
the cell has F - lambda.r >= -log G(b). A cell is a leaf when that is at most the threshold, or when it lies inside an
ellipsoid that is certified otherwise (frontier/mixture/ellipsoids.py), or by its quadratic (quadratic.py) or its
series (series.py); else an edge is halved, the one with the largest gap. Rules mix: at a global maximum t of G the
posterior has the image t.

Halving (i, j) at m. With beta_i the barycentric functions of the cell, child j <- m has beta_m = 2 beta_j and
beta_i - beta_j for beta_i, all integers; and b grows by 2 beta_j (h(m) - (h(v_i) + h(v_j))/2). That gap is a
Jensen-Shannon divergence, computed without cancellation, so that b stays accurate however small the cell.

Layout of a cell, block after block: u[k, k], t[k, J], beta[k(coordinate), k(vertex)], b[k].
`cells` runs depth first from a stack and writes the tree in preorder: 0 to 3 a leaf by its chord, an ellipsoid, its
quadratic, its series; 4 + e a split at edge e (edges numbered over all blocks). It returns 0 when the stack is empty, 1
at a point with log G > threshold (in `point`), 2 when `limit` nodes are done (call again), 3 when a path is too deep.
best[0] = largest leaf bound.
"""

import math

import numpy as np
from numba import njit

from therml_exact.kernels.mixture.quadratic import on_cell
from therml_exact.kernels.mixture.series import on_interval

NEAR = 0.5  # the quadratic is tried where the chord's bound is that close to the threshold
# or where its edges are that short: at a face the slope of the interpolation does not converge to that of entropy.
SMALL = 0.1


@njit(cache=True, fastmath=False, error_model="numpy")
def log_gradient(lam, a, group, s, e, work):
    """log G at e; work[2 * groups] is scratch."""
    count, width = a.shape
    groups = work.size // 2
    top = -math.inf
    for g in range(groups):
        work[g] = -math.inf
        work[groups + g] = 0.0
    if s == 1.0:
        total = 0.0
        for w in range(count):
            x = lam[w]
            for k in range(width):
                x -= a[w, k] * e[k]
            if x > top:
                total = total * math.exp(top - x) + 1.0
                top = x
            else:
                total += math.exp(x - top)
        return top + math.log(total)
    for w in range(count):
        x = lam[w]
        for k in range(width):
            x -= a[w, k] * e[k]
        g = group[w]
        if x > work[g]:
            work[groups + g] = work[groups + g] * math.exp(work[g] - x) + 1.0
            work[g] = x
        else:
            work[groups + g] += math.exp(x - work[g])
    for g in range(groups):
        work[g] += math.log(work[groups + g])
        top = max(top, work[g])
    total = 0.0
    for g in range(groups):
        total += math.exp(s * (work[g] - top))
    return top + math.log(total) / s


@njit(cache=True, fastmath=False, error_model="numpy")
def jensen_gap(p, q):
    """h((p+q)/2) - (h(p) + h(q))/2 with a small relative error."""
    total = 0.0
    for y in range(p.size):
        m = 0.5 * (p[y] + q[y])
        if m > 0.0:
            x = 0.5 * (p[y] - q[y]) / m
            z = x * x
            if z < 1e-3:
                # ((1+x) log(1+x) + (1-x) log(1-x))/2 = sum x^2i / (2i (2i - 1))
                term = z * (0.5 + z * (1 / 12 + z * (1 / 30 + z * (1 / 56 + z * (1 / 90 + z * (1 / 132))))))
            elif z >= 1.0:
                term = math.log(2.0)
            else:
                term = 0.5 * ((1.0 + x) * math.log1p(x) + (1.0 - x) * math.log1p(-x))
            total += m * term
    return total


@njit(cache=True, fastmath=False, error_model="numpy")
def inside(cell, kstart, starts, centre, form, radius):
    """Whether all vertices (one of each block) lie in an ellipsoid of the product's barycentric coordinates."""
    blocks = kstart.size - 1
    free = kstart[blocks] - blocks
    many = 1
    for i in range(blocks):
        many *= kstart[i + 1] - kstart[i]
    x = np.empty(free)
    for vertex in range(many):
        rest, at = vertex, 0
        for i in range(blocks):
            k = kstart[i + 1] - kstart[i]
            row = starts[i] + (rest % k) * k
            rest //= k
            for p in range(k - 1):
                x[at] = cell[row + p] - centre[at]
                at += 1
        value = 0.0
        for p in range(free):
            for q in range(free):
                value += x[p] * form[p, q] * x[q]
        if not value <= radius:
            return False
    return True


@njit(cache=True, fastmath=False, error_model="numpy")
def cells(stack, state, lam, a, a_t, group, s, kstart, jstart, starts, scale, threshold, centre, form, radius, tree,
          point, best):  # fmt: skip
    """See the module; state = (top of the stack, nodes written, most nodes)."""
    blocks = kstart.size - 1
    width = kstart[blocks]
    groups = 1
    for w in range(group.size):
        groups = max(groups, group[w] + 1)
    work = np.empty(2 * groups)
    e = np.empty(width)
    minus_log = np.empty(jstart[blocks])
    height = np.empty(1)
    # Only one binary block with exponents of one sum has series.
    binary = groups == 1 and blocks == 1 and kstart[1] == 2 and jstart[1] == 2
    for w in range(lam.size):
        binary = binary and abs(a_t[w, 0] + a_t[w, 1] - a_t[0, 0] - a_t[0, 1]) <= 1e-12 * (a_t[0, 0] + a_t[0, 1])
    top = state[0]
    done = 0
    while top >= 0:
        if done >= state[2]:
            state[0], state[1] = top, done
            return 2
        if top + 2 >= stack.shape[0]:
            state[0], state[1] = top, done
            return 3
        cell = stack[top]
        for i in range(blocks):
            k = kstart[i + 1] - kstart[i]
            at = starts[i] + 2 * k * k + k * (jstart[i + 1] - jstart[i])
            for c in range(k):
                e[kstart[i] + c] = cell[at + c]
        bound = log_gradient(lam, a, group, s, e, work)
        leaf = 0 if bound <= threshold else -1
        height[0] = -math.inf
        chosen, which, first, second, edge = -1.0, 0, 0, 0, 0
        if leaf < 0:
            for c in range(radius.size):
                if inside(cell, kstart, starts, centre[c], form[c], radius[c]):
                    leaf = 1
                    break
        if leaf < 0:
            number = 0
            for i in range(blocks):
                k, n = kstart[i + 1] - kstart[i], jstart[i + 1] - jstart[i]
                at = starts[i] + k * k
                for y in range(n):
                    mean = 0.0
                    for v in range(k):
                        mean += cell[at + v * n + y]
                    point[jstart[i] + y] = mean / k
                    minus_log[jstart[i] + y] = -math.log(max(mean / k, 1e-300))
                for p in range(k):
                    for q in range(p + 1, k):
                        gap = 0.0
                        for y in range(n):
                            sum_ = cell[at + p * n + y] + cell[at + q * n + y]
                            if sum_ > 0.0:
                                difference = cell[at + p * n + y] - cell[at + q * n + y]
                                gap += difference * difference / sum_
                        if gap * scale[i] > chosen:
                            chosen, which, first, second, edge = gap * scale[i], i, p, q, number
                        number += 1
        if leaf < 0 and (bound <= threshold + NEAR or chosen <= SMALL):
            bound = on_cell(cell, lam, a_t, group, s, groups, kstart, jstart, starts, point, height)
            if bound <= threshold:
                leaf = 2
            elif binary:
                at = starts[0] + 4
                low, high = min(cell[at], cell[at + 2]), max(cell[at], cell[at + 2])
                if on_interval(low, high, lam, a_t, threshold):
                    leaf, bound = 3, threshold
        if leaf >= 0:
            if leaf != 1:
                best[0] = max(best[0], bound)
            tree[done] = leaf
            done += 1
            top -= 1
            continue
        if height[0] == -math.inf:
            height[0] = log_gradient(lam, a_t, group, s, minus_log, work)
        if height[0] > threshold:
            state[0], state[1] = top, done
            return 1
        if chosen <= 0.0:
            state[0], state[1] = top, done
            return 3
        tree[done] = 4 + edge
        done += 1
        k, n = kstart[which + 1] - kstart[which], jstart[which + 1] - jstart[which]
        u = starts[which]
        t, beta = u + k * k, u + k * k + k * n
        b = beta + k * k
        gap = jensen_gap(cell[t + first * n : t + first * n + n], cell[t + second * n : t + second * n + n])
        other = stack[top + 1]
        other[:] = cell
        for side in range(2):
            # The first child, on top of the stack, has its vertex `second` at the middle; the other its `first`.
            target = other if side == 0 else cell
            gone, kept = (second, first) if side == 0 else (first, second)
            for c in range(k):
                target[u + gone * k + c] = 0.5 * (target[u + gone * k + c] + target[u + kept * k + c])
                lost = target[beta + c * k + gone]
                target[beta + c * k + kept] -= lost
                target[beta + c * k + gone] = 2.0 * lost
                target[b + c] += 2.0 * lost * gap
            for y in range(n):
                target[t + gone * n + y] = 0.5 * (target[t + gone * n + y] + target[t + kept * n + y])
        top += 1
    state[0], state[1] = top, done
    return 0
