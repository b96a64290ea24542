"""Local maxima of G by the step from t to the image of t's posterior, at which G never falls (nats).

    G(t) = (sum_g (sum_{w in g} exp(lambda_w + a_w . log t))^s)^(1/s),      s = 1/(1 - delta)

The posterior of a letter w is its share of its group's inner sum, times the group's share of the outer sum. The image
of a posterior is the mean of the exponents a_w under it, divided by its sum in each block. Steps are extrapolated where
that climbs (Varadhan and Roland, 2008).

Arrays, in all functions of this file:
    lam[w]        the dual variables lambda_w
    a[w, j]       the exponents, over the coordinates of all blocks
    group[w]      the group g of each letter, 0 if delta = 0
    s             1/(1 - delta)
    ends          the first coordinate of each block, and the end of the last
    t[j]          a code, which sums to 1 in each block
No error is raised here.
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.vectors import assign, floored_logs

FLOOR = 1e-300  # an entry of a code below it stands for it


@kernel(fastmath=False, error_model="numpy")
def heights(lam, a, group, s, t, share, within, image, ends):
    """Return log G at one code t; write the groups' shares of G to share[g], and the image of its posterior to
    image[j].

    within[w] is scratch.
    """
    count, width = a.shape
    groups = share.size
    eta = floored_logs(t, FLOOR)
    tops, sums = np.full(groups, -math.inf), np.zeros(groups)
    for w in range(count):
        x = lam[w]
        for j in range(width):
            x += a[w, j] * eta[j]
        within[w] = x
        tops[group[w]] = max(tops[group[w]], x)
    for w in range(count):
        within[w] = math.exp(within[w] - tops[group[w]])
        sums[group[w]] += within[w]
    top = -math.inf
    for g in range(groups):
        share[g] = s * (tops[g] + math.log(sums[g]))
        top = max(top, share[g])
    total = 0.0
    for g in range(groups):
        share[g] = math.exp(share[g] - top)
        total += share[g]
    for g in range(groups):
        share[g] /= total
        sums[g] = share[g] / sums[g]
    image[:] = 0.0
    for w in range(count):
        r = within[w] * sums[group[w]]
        if r > 0.0:
            for j in range(width):
                image[j] += r * a[w, j]
    for i in range(ends.size - 1):
        lo, hi = ends[i], ends[i + 1]
        total_i = image[lo:hi].sum()
        for j in range(lo, hi):
            image[j] = image[j] / total_i if total_i > 0.0 else 1.0 / (hi - lo)
    return (top + math.log(total)) / s


@kernel(fastmath=False, error_model="numpy")
def _log(x):
    """Return log x, with FLOOR for less."""
    return math.log(max(x, FLOOR))


@kernel(fastmath=False, error_model="numpy")
def climb(lam, a, group, groups, s, ends, seeds, steps):
    """Return where climbs from seeds[z, j] end after at most `steps` steps, and log G there.

    The ends are an array [z, j and then g]: the code and, after it, the groups' shares, which are X's best row.
    """
    count, width = a.shape
    share, within, image = np.empty(groups), np.empty(count), np.empty(width)
    t = seeds.copy()
    found, height = np.empty((len(t), width + groups)), np.empty(len(t))
    first, second, far = np.empty(width), np.empty(width), np.empty(width)
    for z in range(len(t)):
        for _ in range(steps):
            here = heights(lam, a, group, s, t[z], share, within, first, ends)
            heights(lam, a, group, s, first, share, within, second, ends)
            # Squared extrapolation along the two steps (Varadhan and Roland, 2008), kept if it climbs.
            length, bend = 0.0, 0.0
            for j in range(width):
                x, y, v = _log(t[z, j]), _log(first[j]), _log(second[j])
                length += (y - x) * (y - x)
                bend += (v - 2.0 * y + x) * (v - 2.0 * y + x)
            alpha = min(math.sqrt(length / bend), 1e4) if bend > 0.0 else 1.0
            if alpha > 1.0:
                for i in range(ends.size - 1):
                    total = 0.0
                    for j in range(ends[i], ends[i + 1]):
                        x, y, v = _log(t[z, j]), _log(first[j]), _log(second[j])
                        x += 2.0 * alpha * (y - x) + alpha * alpha * (v - 2.0 * y + x)
                        far[j] = math.exp(min(max(x, -690.0), 1.0))
                        total += far[j]
                    for j in range(ends[i], ends[i + 1]):
                        far[j] /= total
                reached = heights(lam, a, group, s, far, share, within, image, ends)
                if reached > here:
                    assign(second, image)
            assign(t[z], second)
            if length < 1e-18:
                break
        height[z] = heights(lam, a, group, s, t[z], share, within, image, ends)
        assign(found[z], image)
        assign(found[z, width:], share)
    return found, height


@kernel(fastmath=False, error_model="numpy")
def apart(found, height, width, threshold, most):
    """Return the rows of found[z, ...] with height[z] > threshold, the highest first.

    They are at most `most`, and none is within 1e-3 of a higher one in all of its first `width` entries.
    """
    chosen = np.empty(most, dtype=np.int64)
    n = 0
    for z in np.argsort(-height):
        if n == most or not height[z] > threshold:
            break
        alone = True
        for i in range(n):
            far = 0.0
            for j in range(width):
                far = max(far, abs(found[z, j] - found[chosen[i], j]))
            if far < 1e-3:
                alone = False
        if alone:
            chosen[n] = z
            n += 1
    return found[chosen[:n]]
