"""A quadratic that lies above log G on a cell, or on an ellipsoid about a code (nats).

Let t = t0 (1 + x), and let r be the posterior at t0: r_{w|x} is the share of letter w in its group x, and R_x is the
share of the group. (x as an index is a group, otherwise the relative step.) Let a_w be the exponents of letter w,
abar_x and abar their means in the group and over all, d_w = a_w - abar_x, and v = log(1 + x) = x - y. Then

    log G(t) - log G(t0) = abar.v + (1/s) log sum_x R_x exp(s (abar_x - abar).v) (sum_{w of x} r_{w|x} exp(d_w.v))^s.

The function phi(z) = 2 (exp z - 1 - z)/z^2 increases. For any M_w >= d_w.v, exp(d_w.v) is therefore at most
1 + d_w.v + phi(M_w) (d_w.v)^2/2, whose mean over the group has no linear term. So the inner sum is at most 1 + q_x and
its logarithm at most q_x = sum r_{w|x} phi(M_w) (d_w.v)^2/2; with one group that is all. With more groups, the inner
factor is at most 1 + s q_x (sum r_{w|x} exp M_w)^s. Let Z_x = s (abar_x - abar).v and N_x >= Z_x; then
exp(Z_x) <= 1 + Z_x + phi(N_x) Z_x^2/2, and so

    (1/s) log ... <= (1/2) sum_x R_x [phi(N_x) Z_x^2/s + exp(N_x) (sum r_{w|x} exp M_w)^s 2 q_x]:

which is a weighted sum of squares (c.v)^2 of fixed rows c. It remains to go from v to x. The function
psi(z) = 2 (z - log(1 + z))/z^2 decreases. If lo <= x <= hi, then y = psi(x) x^2/2 lies between psi(hi) x^2/2 and
psi(lo) x^2/2, so that abar.v <= abar.x - abar.(psi(hi) x^2)/2 and

    (c.v)^2 <= (1 + eps) (c.x)^2 + (1 + 1/eps) |c|.ymax |c|.(psi(lo) x^2)/2,     c.v <= max c.x + max(-c, 0).ymax,

for any eps > 0, where ymax is the largest y in the cell. The bound is linear plus quadratic in x; it differs from log G
by terms of third order.

A coordinate of t that is 0 at a vertex is frozen: G increases in it, so that t0 takes its largest value and its x is 0.

The steps are x = sum_p c_p x[p, j]. The rows x[p] are the vertices of the cell, block after block, and c is barycentric
in each block; or they are the axes of an ellipsoid, scaled such that it is |c| <= radius.

Arrays, in all functions of this file:
    lam[w], a[w, j], group[w], s, groups    dual variables, exponents, groups, 1/(1 - delta), how many groups there are
    r[w], share[x]                          r_{w|x} and R_x
    mean[j], means[x, j]                    abar and abar_x
    x[p, j], lo[j], hi[j]                   the rows of steps, and the range of a step
    kstart, jstart                          the first vertex and the first coordinate of each block, and the last's ends
    form[p, q], slope[p]                    the quadratic part c.form.c/2 and the linear part slope.c of the bound
The file is longer than most because the derivation, its arithmetic and its two uses (a cell, an ellipsoid) are one
thing. No error is raised here.
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.vectors import floored_logs, largest

ROUND = 1e-14  # the rounding of a bound, relative to the terms of the quadratic
LEAST = 1e-300  # a posterior below it may still meet a factor that is larger than any float
DIGIT = 1e-15  # the relative rounding of a coordinate


@kernel(error_model="numpy", fastmath=False)
def phi(z):
    """Return 2 (exp z - 1 - z) / z^2, by a series near 0."""
    if abs(z) < 0.5:
        total = 0.0
        for k in range(14, -1, -1):
            total = 1.0 + total * z / (k + 3)
        return total
    return 2.0 * (math.exp(z) - 1.0 - z) / (z * z)


@kernel(error_model="numpy", fastmath=False)
def psi(z):
    """Return 2 (z - log(1 + z)) / z^2, by a series near 0."""
    if abs(z) < 0.05:
        total = 0.0
        for k in range(13, -1, -1):
            total = 2.0 / (k + 2) - z * total
        return total
    return 2.0 * (z - math.log1p(z)) / (z * z)


@kernel(error_model="numpy", fastmath=False)
def posterior(lam, a, group, s, groups, t0, r, share, mean, means):
    """Return log G at the point whose logarithms are t0[j]; write r, share, mean, means, as the module names them."""
    count, width = a.shape
    top = np.full(groups, -math.inf)
    for w in range(count):
        z = lam[w]
        for j in range(width):
            if a[w, j] != 0.0:
                z += a[w, j] * t0[j]
        r[w] = z
        top[group[w]] = max(top[group[w]], z)
    share[:] = 0.0
    means[:] = 0.0
    mean[:] = 0.0
    for w in range(count):
        x = group[w]
        r[w] = max(math.exp(r[w] - top[x]), LEAST)
        share[x] += r[w]
    peak = -math.inf
    for w in range(count):
        x = group[w]
        r[w] /= share[x]
        for j in range(width):
            means[x, j] += r[w] * a[w, j]
    for x in range(groups):
        top[x] += math.log(share[x])
        peak = max(peak, top[x])
    total = 0.0
    for x in range(groups):
        share[x] = max(math.exp(s * (top[x] - peak)), LEAST)
        total += share[x]
    for x in range(groups):
        share[x] /= total
        for j in range(width):
            mean[j] += share[x] * means[x, j]
    return peak + math.log(total) / s


@kernel(error_model="numpy", fastmath=False)
def square(c, x, kstart, radius, ymax, row):
    """Return an upper bound of c.v, and |c|.ymax, for a row c[j]; write the products c.x[p] to row[p].

    radius is that of the ellipsoid, or 0 for a cell.
    """
    width = c.size
    for p in range(x.shape[0]):
        row[p] = 0.0
        for j in range(width):
            row[p] += c[j] * x[p, j]
    above, size = 0.0, 0.0
    for j in range(width):
        size += abs(c[j]) * ymax[j]
        above += max(-c[j], 0.0) * ymax[j]
    if radius > 0.0:
        norm = 0.0
        for p in range(x.shape[0]):
            norm += row[p] * row[p]
        above += radius * math.sqrt(norm)
    else:
        for i in range(kstart.size - 1):
            best = -math.inf
            for p in range(kstart[i], kstart[i + 1]):
                best = max(best, row[p])
            above += best
    return above, size


@kernel(error_model="numpy", fastmath=False)
def model(a, group, s, r, share, mean, means, x, kstart, radius, lo, hi, form):
    """Write form[p, q] of the quadratic part sum c_p c_q form[p, q] / 2; radius is the ellipsoid's, or 0 for a cell."""
    count, width = a.shape
    groups = share.size
    axes = x.shape[0]
    ymax, low, diagonal = np.empty(width), np.empty(width), np.zeros(width)
    eps = 1e-300
    for j in range(width):
        low[j] = 0.5 * psi(lo[j])
        ymax[j] = max(lo[j] - math.log1p(lo[j]), hi[j] - math.log1p(hi[j]))
        eps = max(eps, low[j] * max(-lo[j], hi[j]))
    factor = np.ones(groups)
    row, c = np.empty(axes), np.empty(width)
    form[:] = 0.0
    if groups > 1:
        grown = np.zeros(groups)
        for w in range(count):
            for j in range(width):
                c[j] = a[w, j] - means[group[w], j]
            above, _ = square(c, x, kstart, radius, ymax, row)
            grown[group[w]] += r[w] * math.exp(above)
        for g in range(groups):
            for j in range(width):
                c[j] = means[g, j] - mean[j]
            above, size = square(c, x, kstart, radius, ymax, row)
            factor[g] = math.exp(s * above) * grown[g] ** s
            weight = s * share[g] * phi(s * above)
            for p in range(axes):
                for q in range(p + 1):
                    form[p, q] += weight * row[p] * row[q]
            for j in range(width):
                diagonal[j] += weight * size * abs(c[j])
    for w in range(count):
        g = group[w]
        weight = r[w] * share[g] * factor[g]
        if weight == 0.0:
            continue
        for j in range(width):
            c[j] = a[w, j] - means[g, j]
        above, size = square(c, x, kstart, radius, ymax, row)
        weight *= phi(above)
        for p in range(axes):
            for q in range(p + 1):
                form[p, q] += weight * row[p] * row[q]
        for j in range(width):
            diagonal[j] += weight * size * abs(c[j])
    for j in range(width):
        diagonal[j] = (1.0 + 1.0 / eps) * low[j] * diagonal[j] - mean[j] * psi(hi[j])
    for p in range(axes):
        for q in range(p + 1):
            value = (1.0 + eps) * form[p, q]
            for j in range(width):
                value += diagonal[j] * x[p, j] * x[q, j]
            form[p, q] = value
            form[q, p] = value


@kernel(error_model="numpy", fastmath=False)
def summit(slope, form, lost):
    """Return the maximum of slope.c + c.form.c/2 over all c, inf unless form is negative definite; destroys both.

    The maximum also covers rounding that changes the slope by at most `lost` at each elimination.
    """
    total = 0.0
    for i in range(slope.size):
        pivot = -form[i, i]
        if not pivot > 0.0:
            return math.inf
        total += 0.5 * (abs(slope[i]) + lost) ** 2 / pivot
        for j in range(i + 1, slope.size):
            factor = form[i, j] / pivot
            slope[j] += factor * slope[i]
            for k in range(i + 1, slope.size):
                form[j, k] += factor * form[i, k]
    return total


@kernel(error_model="numpy", fastmath=False)
def on_vertices(slope, form, kstart):
    """Return the largest Bernstein coefficient of slope.c + c.form.c/2 over the product of simplices.

    It is at least the largest value there.
    """
    blocks = kstart.size - 1
    many = 1
    for i in range(blocks):
        many *= kstart[i + 1] - kstart[i]
    best = -math.inf
    chosen = np.empty((2, blocks), dtype=np.int64)
    for one in range(many):
        for two in range(one + 1):
            rest, other = one, two
            value = 0.0
            for i in range(blocks):
                k = kstart[i + 1] - kstart[i]
                chosen[0, i] = kstart[i] + rest % k
                chosen[1, i] = kstart[i] + other % k
                rest //= k
                other //= k
                value += slope[chosen[0, i]] + slope[chosen[1, i]]
            for i in range(blocks):
                for k in range(blocks):
                    value += form[chosen[0, i], chosen[1, k]]
            best = max(best, 0.5 * value)
    return best


@kernel(error_model="numpy", fastmath=False)
def _product(x, mean):
    """Return the products x[p] . mean."""
    out = np.zeros(x.shape[0])
    for p in range(x.shape[0]):
        for j in range(mean.size):
            out[p] += x[p, j] * mean[j]
    return out


@kernel(error_model="numpy", fastmath=False)
def on_cell(cell, lam, a, group, s, groups, kstart, jstart, starts, point, height):
    """Return a bound of log G on the cell, in nats; inf if floats cannot hold it.

    The cell and `starts` are laid out as in cells.py. The middle of the cell is written to point[j], and log G there to
    height[0], which is -inf if a coordinate is frozen.
    """
    count, width = a.shape
    blocks = kstart.size - 1
    axes = kstart[blocks]
    x = np.zeros((axes, width))
    lo, hi, log0 = np.zeros(width), np.zeros(width), np.empty(width)
    frozen = False
    for i in range(blocks):
        k, n = kstart[i + 1] - kstart[i], jstart[i + 1] - jstart[i]
        at = starts[i] + k * k
        for y in range(n):
            j = jstart[i] + y
            mean, least, most = 0.0, math.inf, 0.0
            for p in range(k):
                t = cell[at + p * n + y]
                mean += t
                least, most = min(least, t), max(most, t)
            point[j] = mean / k
            if least == 0.0:
                frozen = True
                log0[j] = math.log(most)
                continue
            log0[j] = math.log(point[j])
            for p in range(k):
                x[kstart[i] + p, j] = (cell[at + p * n + y] - point[j]) / point[j]
            lo[j] = (least - point[j]) / point[j]
            hi[j] = (most - point[j]) / point[j]
    r, share = np.empty(count), np.empty(groups)
    mean_, means = np.empty(width), np.empty((groups, width))
    top = posterior(lam, a, group, s, groups, log0, r, share, mean_, means)
    height[0] = -math.inf if frozen else top
    form = np.empty((axes, axes))
    model(a, group, s, r, share, mean_, means, x, kstart, 0.0, lo, hi, form)
    slope = _product(x, mean_)
    scale = abs(top) + largest(slope) + largest(form)
    if not scale < math.inf:
        return math.inf
    bound = on_vertices(slope, form, kstart)
    if bound > -top:
        # Coordinates from the last vertex of each block, for the maximum over the whole space.
        free = axes - blocks
        vertex, last = np.empty(free, dtype=np.int64), np.empty(free, dtype=np.int64)
        at = 0
        for i in range(blocks):
            for p in range(kstart[i], kstart[i + 1] - 1):
                vertex[at], last[at] = p, kstart[i + 1] - 1
                at += 1
        # The middle of the cell is x = 0.
        edges, inner = np.empty(free), np.empty((free, free))
        for p in range(free):
            edges[p] = slope[vertex[p]] - slope[last[p]]
            for q in range(free):
                inner[p, q] = (form[vertex[p], vertex[q]] - form[last[p], vertex[q]]) - (
                    form[vertex[p], last[q]] - form[last[p], last[q]]
                )
        # Where it is flat within rounding, ball arithmetic could not tell that it is negative definite. In a small cell
        # the last digits of t are many of x's.
        lost = DIGIT * mean_.sum()
        for p in range(free):
            inner[p, p] += 1e-9 * largest(form) + lost * largest(x)
        bound = min(bound, summit(edges, inner, lost))
    return top + bound + ROUND * scale


@kernel(error_model="numpy", fastmath=False)
def about(u, lam, a, group, s, groups, roots, kstart, jstart, threshold, whole, radius):
    """Return a bound of log G, in nats, inside an ellipsoid about the point u; inf if none is at most the threshold.

    u[k] are barycentric coordinates in each block's root and roots[k, j] the vertices. The ellipsoid's form, over all
    barycentric coordinates but the last of each block, is written to whole[d, d]. The square of its radius, the largest
    of a few that keep log G at most at the threshold, is written to radius[0].
    """
    count, width = a.shape
    blocks = kstart.size - 1
    free = kstart[blocks] - blocks
    t0 = np.zeros(width)
    for p in range(kstart[blocks]):
        for j in range(width):
            t0[j] += u[p] * roots[p, j]
    if not t0.min() > 1e-12 or free == 0:
        return math.inf
    x = np.zeros((free, width))
    at = 0
    for i in range(blocks):
        last = kstart[i + 1] - 1
        for p in range(kstart[i], last):
            for j in range(jstart[i], jstart[i + 1]):
                x[at, j] = (roots[p, j] - roots[last, j]) / t0[j]
            at += 1
    r, share = np.empty(count), np.empty(groups)
    mean, means = np.empty(width), np.empty((groups, width))
    top = posterior(lam, a, group, s, groups, floored_logs(t0, 0.0), r, share, mean, means)
    if not top <= threshold:
        return math.inf
    whole[:] = 0.0
    for j in range(width):
        for p in range(free):
            for q in range(free):
                whole[p, q] += mean[j] * x[p, j] * x[q, j]
    # Cholesky: whole = L L^T. The rows of L^-1 x are axes in which the ellipsoid is a ball.
    lower = whole.copy()
    for i in range(free):
        if not lower[i, i] > 1e-12 * whole[i, i]:
            return math.inf
        root = math.sqrt(lower[i, i])
        for k in range(i, free):
            lower[k, i] /= root
        for k in range(i + 1, free):
            for m in range(i + 1, k + 1):
                lower[k, m] -= lower[k, i] * lower[m, i]
    for i in range(free):
        for k in range(i):
            for j in range(width):
                x[i, j] -= lower[i, k] * x[k, j]
        for j in range(width):
            x[i, j] /= lower[i, i]
    reach = np.zeros(width)
    for j in range(width):
        for p in range(free):
            reach[j] += x[p, j] * x[p, j]
        reach[j] = math.sqrt(reach[j])
    form = np.empty((free, free))
    slope = _product(x, mean)
    rho = 1.0
    for _ in range(16):
        high = rho * reach
        if high.max() < 0.9:
            model(a, group, s, r, share, mean, means, x, kstart, rho, -high, high, form)
            for p in range(free):
                form[p, p] += 1e-9
            bound = top + summit(slope.copy(), form, 0.0) + ROUND * (abs(top) + 1.0)
            if bound <= threshold:
                radius[0] = rho * rho
                return bound
        rho *= 0.7
    return math.inf


@kernel(error_model="numpy", fastmath=False)
def all_about(codes, lam, a, a_root, group, s, groups, roots, kstart, jstart, threshold, centre, form, radius, bounds):
    """Apply `about` at the image of each code's posterior; codes[z, j] are over the coordinates of all blocks.

    The results are written to centre[z, d], form[z, d, d], radius[z] (squares) and bounds[z] (nats, inf for none),
    where d counts the barycentric coordinates without the last of each block. a_root[w, k] are the exponents in
    barycentric coordinates of the roots.
    """
    count, width = a.shape
    axes = roots.shape[0]
    r, share = np.empty(count), np.empty(groups)
    mean, means = np.empty(width), np.empty((groups, width))
    u = np.empty(axes)
    for z in range(codes.shape[0]):
        bounds[z] = math.inf
        log0 = floored_logs(codes[z], 1e-300)
        posterior(lam, a, group, s, groups, log0, r, share, mean, means)
        u[:] = 0.0
        for w in range(count):
            for p in range(axes):
                u[p] += r[w] * share[group[w]] * a_root[w, p]
        at = 0
        fine = True
        for i in range(kstart.size - 1):
            total = u[kstart[i] : kstart[i + 1]].sum()
            if not total > 0.0:
                fine = False
                break
            rest = 1.0
            for p in range(kstart[i], kstart[i + 1] - 1):
                u[p] /= total
                rest -= u[p]
                centre[z, at] = u[p]
                at += 1
            u[kstart[i + 1] - 1] = rest
        if fine:
            bounds[z] = about(u, lam, a, group, s, groups, roots, kstart, jstart, threshold, form[z], radius[z : z + 1])
