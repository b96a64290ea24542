"""Types (histograms) of N exchangeable samples: their probabilities, and a walk over those that matter.

A type is n = (n_1..n_k) with sum N. With lambda_c = N p(c|phi) and b_c = floor(lambda_c), lambda_c rounded to a float,

    p(n|phi) = C_phi prod_c v_c(n_c),     v_c(n) = (lambda_c^n / n!) / (lambda_c^b_c / b_c!) <= 1,
    C_phi = N! N^-N prod_c lambda_c^b_c / b_c!,

so that a probability is a product of k table entries and one constant: no exponential, no logarithm of a factorial.
Entries and constants are recurrences in double-double arithmetic, rounded once: relative error u = 2^-53 each. Entries
below FLUSH are 0. The last letter's table is stored backwards (entry i is v_k(N - i)), so that n_{k-1} and n_k = M -
n_{k-1} run forward together.

Which types are visited. Given phi, n_1 ~ Bin(N, p_1), n_2 ~ Bin(N - n_1, p_2/(1 - p_1)), ... For a ~ Bin(M, q)

    P(a >= x) <= exp(-M D(x/M || q)),   x >= M q                                                  (Chernoff)

gives an interval for each level, phi and M, outside of which less than 2 e^-B lies: R_phi is the set of types inside
all k - 1 of them, P_phi(not R_phi) <= 2 (k - 1) e^-B. At fixed x the exponent decreases in M, along (x + 1, M + 1) it
increases; an end therefore moves by 0 or 1 as M grows by 1, and a scan finds all of them in O(N).

`next_row` walks over the first k - 2 letters and hands out rows: runs of n_{k-1} at fixed n_1..n_{k-2} which cover all
types that lie in R_phi for at least `need` values of phi.

Shapes: tables[letter, phi, n]; lows, highs[level, phi, M]; a walk is the tuple made by `start`.
No error is raised: callers check.

Source: W. Hoeffding, Probability inequalities for sums of bounded random variables (1963), Theorem 1, for the tail;
T. J. Dekker, A floating-point technique for extending the available precision (1971), for the products.
"""

import math

import numpy as np

from therml_exact.kernels.information.logarithm import log
from therml_exact.kernels.kernel import kernel

FLUSH = 1e-250  # below it the low halves of products would be subnormal
_SPLIT = 134217729.0


@kernel(fastmath=False, error_model="numpy")
def _times(ah: float, al: float, bh: float, bl: float) -> tuple[float, float]:
    """(ah + al)(bh + bl) as a pair; relative error below 2^-100."""
    p = ah * bh
    t = _SPLIT * ah
    a1 = t - (t - ah)
    a2 = ah - a1
    t = _SPLIT * bh
    b1 = t - (t - bh)
    b2 = bh - b1
    e = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2 + (ah * bl + al * bh)
    high = p + e
    return high, e - (high - p)


@kernel(fastmath=False, error_model="numpy")
def _over(ah: float, al: float, d: float) -> tuple[float, float]:
    """(ah + al)/d as a pair; relative error below 2^-100."""
    q = ah / d
    ph, pl = _times(q, 0.0, d, 0.0)
    r = (((ah - ph) - pl) + al) / d
    high = q + r
    return high, r - (high - q)


@kernel(fastmath=False, error_model="numpy")
def fill_tables(mean, inverse, table, logs, constant):
    """Fill in table = v and logs = log v for each letter and phi, and constant = C_phi.

    mean, inverse: pairs for lambda and 1/lambda, [letter, phi, 2]; lambda = 0 is a letter that does not occur.
    """
    k, width, size = table.shape
    n = size - 1
    for c in range(k):
        for f in range(width):
            row = table[c, f]
            row[:] = 0.0
            high, low = mean[c, f, 0], mean[c, f, 1]
            mode = min(int(high), n)
            row[mode] = 1.0
            if high > 0.0:
                a, b = 1.0, 0.0
                for i in range(mode, n):
                    a, b = _times(a, b, high, low)
                    a, b = _over(a, b, i + 1.0)
                    if a < FLUSH:
                        break
                    row[i + 1] = a
                a, b = 1.0, 0.0
                for i in range(mode, 0, -1):
                    a, b = _times(a, b, float(i), 0.0)
                    a, b = _times(a, b, inverse[c, f, 0], inverse[c, f, 1])
                    if a < FLUSH:
                        break
                    row[i - 1] = a
            for i in range(size):
                logs[c, f, i] = log(row[i])
    for f in range(width):
        # The factors i/N shrink the product and the factors lambda/i do not: taking turns keeps it near 1.
        a, b = 1.0, 0.0
        shrink, c, i = 1, 0, 1
        while shrink <= n or c < k:
            if c < k and i > min(int(mean[c, f, 0]), n):
                c += 1
                i = 1
            elif shrink <= n and (a > 1.0 or c == k):
                a, b = _times(a, b, float(shrink), 0.0)
                a, b = _over(a, b, float(n))
                shrink += 1
            else:
                a, b = _times(a, b, mean[c, f, 0], mean[c, f, 1])
                a, b = _over(a, b, float(i))
                i += 1
        constant[f] = a


@kernel(fastmath=False, error_model="numpy")
def _upper_ends(q: float, rest: float, budget: float, out: np.ndarray) -> None:
    """out[M]: an x with P(Bin(M, q) > x) < e^-budget; rest = 1 - q is given apart, it may be far below an ulp of q."""
    high = 0
    out[0] = 0
    for m in range(1, out.size):
        while high < m:
            x = high + 1.0
            if q > 0.0:
                if x <= m * q:
                    high += 1
                    continue
                cost = x * math.log(x / (m * q))
                if x < m:
                    cost += (m - x) * math.log((m - x) / (m * rest))
                # The rounding of the exponent is below 1e-16 M log M.
                if cost <= budget + 0.01:
                    high += 1
                    continue
            break
        out[m] = high


@kernel(fastmath=False, error_model="numpy")
def fill_intervals(share, rest, budget, lows, highs):
    """The intervals of all levels; share[level, phi] = p_c/(p_c + ... + p_k) and rest = 1 - share."""
    levels, width, size = lows.shape
    for c in range(levels):
        for f in range(width):
            _upper_ends(share[c, f], rest[c, f], budget, highs[c, f])
            _upper_ends(rest[c, f], share[c, f], budget, lows[c, f])
            for m in range(size):
                lows[c, f, m] = m - lows[c, f, m]


@kernel(fastmath=False, error_model="numpy")
def start(table, logs, lows, highs, constant, need):
    """A walk, (table, logs, lows, highs, need, place, product, exponent, active), set before its first row.

    place[0] = the level to resume at, -1 at the end; place[1..3] = M, lo, hi of the row at hand;
    place[4..] = n, last n, and samples left, for each of the first k - 2 letters.
    product[level, phi] = C_phi prod_{c < level} v_c(n_c); exponent is its logarithm.
    """
    k, width, size = table.shape
    outer = max(k - 2, 0)
    place = np.zeros(4 + 3 * (outer + 1), np.int64)
    product = np.empty((outer + 1, width))
    exponent = np.empty((outer + 1, width))
    active = np.ones((outer + 1, width), np.bool_)
    product[0] = constant
    for f in range(width):
        exponent[0, f] = math.log(constant[f])
    place[6] = size - 1
    if outer > 0:
        place[4] = -1
        place[5] = size - 1
    else:
        place[0] = 0
    return table, logs, lows, highs, need, place, product, exponent, active


@kernel(fastmath=False, error_model="numpy")
def next_row(walk):
    """The next row (found, M, lo, hi); the products of the first k - 2 letters are product[-1]."""
    table, logs, lows, highs, need, place, product, exponent, active = walk
    width = table.shape[1]
    outer = product.shape[0] - 1
    level = place[0]
    if outer == 0:
        if level < 0:
            return False, 0, 0, 0
        place[0] = -1
        lo, hi = _run(lows[0], highs[0], active[0], place[6], need)
        return lo <= hi, place[6], lo, hi
    while level >= 0:
        at = 4 + 3 * level
        place[at] += 1
        x = place[at]
        if x > place[at + 1]:
            level -= 1
            continue
        m = place[at + 2]
        count = 0
        for f in range(width):
            here = active[level, f] and lows[level, f, m] <= x <= highs[level, f, m]
            active[level + 1, f] = here
            count += here
        if count < need:
            continue
        for f in range(width):
            product[level + 1, f] = product[level, f] * table[level, f, x]
            exponent[level + 1, f] = exponent[level, f] + logs[level, f, x]
        left = m - x
        lo, hi = _run(lows[level + 1], highs[level + 1], active[level + 1], left, need)
        if lo > hi:
            continue
        if level == outer - 1:
            place[0] = level
            return True, left, lo, hi
        level += 1
        place[at + 3] = lo - 1
        place[at + 4] = hi
        place[at + 5] = left
    place[0] = -1
    return False, 0, 0, 0


@kernel(fastmath=False, error_model="numpy")
def _run(lows, highs, active, m, need):
    """The smallest run that covers what lies in at least `need` (1 or 2) of the active intervals."""
    lo, hi = m + 1, -1
    width = active.size
    for f in range(width):
        if active[f]:
            if need == 1:
                lo = min(lo, lows[f, m])
                hi = max(hi, highs[f, m])
            else:
                for g in range(f):
                    if active[g]:
                        a, b = max(lows[f, m], lows[g, m]), min(highs[f, m], highs[g, m])
                        if a <= b:
                            lo, hi = min(lo, a), max(hi, b)
    return lo, hi


@kernel(fastmath=False, error_model="numpy")
def count_types(walk, most):
    """How many types the walk visits; stops once it is above `most`."""
    total = 0
    while total <= most:
        found, _, lo, hi = next_row(walk)
        if not found:
            break
        total += hi - lo + 1
    return total


@kernel(fastmath=False, error_model="numpy")
def fill_block(walk, cursor, counts, given):
    """The next types of a walk: counts[type, letter] and given[type, phi] = p(t|phi); returns how many.

    cursor = (M, next n_{k-1}, last n_{k-1}) of a row that did not fit; (0, 1, 0) before the first call. k >= 2.
    """
    table, place, product = walk[0], walk[5], walk[6]
    k, width, size = table.shape
    last = product.shape[0] - 1
    filled = 0
    while filled < counts.shape[0]:
        if cursor[1] > cursor[2]:
            found, left, lo, hi = next_row(walk)
            if not found:
                break
            cursor[0], cursor[1], cursor[2] = left, lo, hi
        left, x = cursor[0], cursor[1]
        for c in range(last):
            counts[filled, c] = place[4 + 3 * c]
        counts[filled, k - 2] = x
        counts[filled, k - 1] = left - x
        for f in range(width):
            given[filled, f] = product[last, f] * (table[k - 2, f, x] * table[k - 1, f, size - 1 - left + x])
        cursor[1] += 1
        filled += 1
    return filled
