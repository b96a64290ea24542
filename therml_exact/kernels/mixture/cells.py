"""Branch and bound over product cells for Lindsay's condition sup_t G(t) <= 1 (nats).

    log G(e) = (1/s) log sum_g (sum_{w in g} exp(lambda_w - sum_k a[w, k] e_k))^s,      s = 1/(1 - delta)

where e = -log t, or a linear function of the barycentric coordinates u of the root simplices that takes its place.

The bound on a cell. A cell is a product of simplices with vertices v_i. Entropy h is concave, so that h(t) >= b.u on
the cell, where b.u is the linear function with h's values at the vertices. At a global maximum t of G the posterior r
has the image t, and log G(t) = lambda.r + S(r) - sum_i m_i h(t_i), where S is an entropy of r and m_i the mean sum of
the exponents in block i. With b.u instead of h this can only be larger, and its largest value over all r is then log
G(b), the chord's bound.

The leaves. A cell is a leaf when the chord's bound is at most the threshold; or when the cell lies inside an ellipsoid
where log G is bounded otherwise (frontier/mixture/ellipsoids.py); or by its quadratic (quadratic.py); or by its series
(series.py). Otherwise one of its edges is halved, the one with the largest gap. A tree may mix the rules, since each of
them bounds log G at every global maximum of G that lies in its leaf.

A split. The edge between the vertices i and j is halved at m. Let beta_i be the cell's barycentric coordinates as
linear functions of u. The child in which m takes the place of j has beta_m = 2 beta_j, and beta_i - beta_j instead of
beta_i; all their values at the roots' vertices are integers. Its b is larger by 2 beta_j (h(m) - (h(v_i) + h(v_j))/2).
That gap is a Jensen-Shannon divergence and is computed without cancellation, so that b stays accurate however small the
cell is.

Arrays. A cell is a flat array, block after block; block i starts at starts[i], has k vertices and J coordinates, and
holds u[vertex, k], t[vertex, J], beta[root vertex, vertex], b[root vertex]. kstart and jstart are the first root vertex
and the first coordinate of each block, and the ends of the last. `cells` is longer than a screen because it is one
loop: a cell is taken from the stack, becomes a leaf or is split, and the next one is taken.

No error is raised here.
Source: B. Lindsay, The geometry of mixture likelihoods (1983).
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.mixture.quadratic import on_cell
from therml_exact.kernels.mixture.series import on_interval
from therml_exact.kernels.vectors import assign

NEAR = 0.5  # the quadratic is tried where the chord's bound is at most this far above the threshold
# It is also tried where the edges are this short, since the chord's slope does not converge to entropy's at a face.
SMALL = 0.1


@kernel(fastmath=False, error_model="numpy")
def log_gradient(lam, a, group, s, e, work):
    """Return log G at e[k], for exponents a[w, k] in the same coordinates; work[2 * groups] is scratch.

    lam[w] are the dual variables lambda_w and group[w] the groups g, which are read only if s is not 1.
    """
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


@kernel(fastmath=False, error_model="numpy")
def jensen_gap(p, q):
    """Return h((p + q)/2) - (h(p) + h(q))/2, in nats, of two distributions, with a small relative error."""
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


@kernel(fastmath=False, error_model="numpy")
def inside(cell, kstart, starts, centre, form, radius):
    """Return whether all vertices of a cell lie in the ellipsoid (u - centre)^T form (u - centre) <= radius.

    A vertex of the cell is a vertex of each block; u are its barycentric coordinates in the roots, the last of each
    block left out.
    """
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


@kernel(fastmath=False, error_model="numpy")
def cells(stack, state, lam, a, a_t, group, s, kstart, jstart, starts, scale, threshold, centre, form, radius, tree,
          point, best):  # fmt: skip
    """Run the search, depth first, until it ends or state[2] nodes are written; return 0, 1, 2 or 3.

    stack             [depth, cell]: the cells that wait; modified in place
    state             (index of the stack's top, nodes written, most nodes); the first two are modified in place
    lam, group, s     dual variables [w], groups [w] and 1/(1 - delta) of G
    a, a_t            exponents in the roots' barycentric coordinates [w, k], and in t's own coordinates [w, j]
    kstart, jstart, starts    the layout of a cell, as the module has it
    scale             the mean sum of exponents of each block, which makes the gaps of its edges comparable
    threshold         nats
    centre, form, radius    the ellipsoids inside which log G <= threshold: [n, d], [n, d, d], [n]
    tree              [node]: the tree is written here in preorder, 0 to 3 for a leaf by its chord, an ellipsoid, its
                      quadratic, its series; 4 + e for a split at edge e, the edges being numbered over all blocks
    point             [j]: the middle of the last cell is written here
    best              [1]: the largest bound of a leaf that is not in an ellipsoid, modified in place

    The result is 0 when the stack is empty, so that log G <= threshold; 1 when log G > threshold at `point`; 2 when the
    nodes are used up (call again with the same arrays); 3 when a path is too deep.
    """
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
        assign(other, cell)
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
