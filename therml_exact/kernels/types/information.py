"""Kernels of the sums over types of exchangeable samples.

    equivocation    sum_t p(t) H(Phi|t) = sum_t (m log m - sum_phi q_phi log q_phi),  q_phi = p(phi) p(t|phi), m = sum q
    divergences     sum_t sum_phi p(phi) d(p(t|phi), p(t)),  d(e, m) = e log(e/m) - e + m >= 0

Both run over the rows of a walk (walk.py). Cells of several rows are collected in a buffer, so that the loops with a
division or a logarithm are long. Tables are passed whole, flat and with unsigned offsets: a slice of a table costs two
atomic operations, which short rows feel, and a signed offset blocks SIMD. The buffers are added place by place into a
vector, and every BLOCK of them that vector into a compensated pair: no sum depends on an order chosen by the compiler.

`equivocation` needs one logarithm a type: log q_phi is a sum of k + 1 logarithms from tables.

`divergences` loses no digit where the p(.|phi) are nearly equal. For one phi, the reference, and r = log p(t|phi) -
log p(t|reference), which is linear in t,

    e_phi - m = D_phi - sum_g p(g) D_g,      D_phi = p(t|reference) (exp(r) - 1)  for small r, a difference otherwise.

It carries a bound of its rounding error along: first derivative log(e/m) times the error of e - m, plus the error of d.
Where every |r| of a row is below CALM, every e/m is between sqrt(1/2) and sqrt(2) and half of the work falls away; r
being linear, its ends decide for the row.

Units: nats. No error is raised: callers check.
"""

import numpy as np

from therml_exact.kernels.information.compensated import add, flush_rows
from therml_exact.kernels.information.divergence import NEAR, TINY
from therml_exact.kernels.information.logarithm import log, log_series, plogp
from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.types.walk import next_row

UNIT = 2.0**-53
BLOCK = 16
RUN = 512
CALM = 0.17
_SMALL = 0.5  # expm1 by its series below, as a difference above


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _set_letterwise(a, la, table, logs, v, w, m, s, at, length):
    """Set m = q and s = q log q for one phi along a row, q = a table[v + j] table[w + j]."""
    for j in range(length):
        q = a * (table[v + j] * table[w + j])
        m[at + j] = q
        s[at + j] = q * (la + (logs[v + j] + logs[w + j]))


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _add_letterwise(a, la, table, logs, v, w, m, s, at, length):
    """`_set_letterwise` for the phi after the first."""
    for j in range(length):
        q = a * (table[v + j] * table[w + j])
        m[at + j] += q
        s[at + j] += q * (la + (logs[v + j] + logs[w + j]))


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _add_entropy(m, s, out, length):
    """Add p(t) H(Phi|t) = m log m - s to out, type by type."""
    for j in range(length):
        out[j] += plogp(m[j]) - s[j]


@kernel(fastmath=False, error_model="numpy")
def equivocation(walk, threshold):
    """sum_t p(t) H(Phi|t) over a walk, and its number of types.

    `constant` of the walk holds p(phi) C_phi. In a row whose product is below `threshold` a phi is left out.
    """
    table, logs, product, exponent = walk[0], walk[1], walk[6], walk[7]
    k, width, size = table.shape
    last = product.shape[0] - 1
    flat, flat_logs = table.reshape(-1), logs.reshape(-1)
    m, s = np.empty(size + RUN), np.empty(size + RUN)
    block, high, low = np.zeros(size + RUN), np.zeros(size + RUN), np.zeros(size + RUN)
    types, filled, blocks, longest = 0, 0, 0, 0
    while True:
        found, left, lo, hi = next_row(walk)
        length = hi + 1 - lo
        if filled > 0 and (not found or filled + length > RUN):
            _add_entropy(m, s, block, np.uint64(filled))
            longest = max(longest, filled)
            filled = 0
            blocks += 1
            if blocks == BLOCK:
                flush_rows(high[:longest], low[:longest], block[:longest])
                blocks = 0
        if not found:
            break
        fresh = True
        for f in range(width):
            a = product[last, f]
            if a < threshold:
                continue
            v = np.uint64(((k - 2) * width + f) * size + lo)
            w = np.uint64(((k - 1) * width + f) * size + size - 1 - left + lo)
            la = exponent[last, f]
            if fresh:
                _set_letterwise(a, la, flat, flat_logs, v, w, m, s, np.uint64(filled), np.uint64(length))
            else:
                _add_letterwise(a, la, flat, flat_logs, v, w, m, s, np.uint64(filled), np.uint64(length))
            fresh = False
        if not fresh:
            filled += length
            types += length
    flush_rows(high, low, block)
    return _total(high, low), types


@kernel(fastmath=False, error_model="numpy")
def _total(high, low):
    """The sum of a vector of compensated pairs."""
    a, b = 0.0, 0.0
    for j in range(high.size):
        a, b = add(a, b, high[j])
        b += low[j]
    return a + b


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _expm1(z: float) -> float:
    """exp(z) - 1 for |z| <= 1/2 by the Taylor series to z^15/15!, leaving out less than 2^-60 z; relative error 8 u."""
    p = 1.0 / 1307674368000.0
    p = p * z + 1.0 / 87178291200.0
    p = p * z + 1.0 / 6227020800.0
    p = p * z + 1.0 / 479001600.0
    p = p * z + 1.0 / 39916800.0
    p = p * z + 1.0 / 3628800.0
    p = p * z + 1.0 / 362880.0
    p = p * z + 1.0 / 40320.0
    p = p * z + 1.0 / 5040.0
    p = p * z + 1.0 / 720.0
    p = p * z + 1.0 / 120.0
    p = p * z + 1.0 / 24.0
    p = p * z + 1.0 / 6.0
    p = p * z + 0.5
    return z + z * z * p


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _set_reference(weight, a, table, v, w, e, own, m, mean, size, mean_error, at, length):
    """Set e = p(t|reference) along a row, and begin the means over phi, from which the differences d are 0."""
    for j in range(length):
        x = a * (table[v + j] * table[w + j])
        e[own + j] = x
        m[at + j] = weight * x
        mean[at + j] = 0.0
        size[at + j] = 0.0
        mean_error[at + j] = 0.0


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _add_calm(
    weight, a, table, ratios, v, w, r0, r0_size, theta, delta_r, e, base, own, d, ed, m, mean, size, mean_error,
    at, length,
):  # fmt: skip
    """`_add_differences` where |r| is small all along the row."""
    for j in range(length):
        x = a * (table[v + j] * table[w + j])
        y = e[base + j]
        rv, rw = ratios[v + j], ratios[w + j]
        diff = y * _expm1(r0 + (rv + rw))
        error = (theta + 10.0 * UNIT) * abs(diff) + 1.3 * y * (delta_r * (r0_size + (abs(rv) + abs(rw))))
        e[own + j] = x
        d[own + j] = diff
        ed[own + j] = error
        m[at + j] += weight * x
        mean[at + j] += weight * diff
        size[at + j] += weight * abs(diff)
        mean_error[at + j] += weight * error


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _add_differences(
    weight, a, table, ratios, v, w, r0, r0_size, theta, delta_r, e, base, own, d, ed, m, mean, size, mean_error,
    at, length,
):  # fmt: skip
    """One phi along a row: e = p(t|phi), d = e - p(t|reference), a bound of d's error, and their means over phi."""
    for j in range(length):
        x = a * (table[v + j] * table[w + j])
        y = e[base + j]
        rv, rw = ratios[v + j], ratios[w + j]
        r = r0 + (rv + rw)
        near = y * _expm1(min(max(r, -_SMALL), _SMALL))
        far = x - y
        close = abs(r) < _SMALL
        diff = near if close else far
        error_near = (theta + 10.0 * UNIT) * abs(diff) + 1.3 * y * (delta_r * (r0_size + (abs(rv) + abs(rw))))
        error_far = theta * (x + y) + UNIT * abs(diff)
        error = error_near if close else error_far
        e[own + j] = x
        d[own + j] = diff
        ed[own + j] = error
        m[at + j] += weight * x
        mean[at + j] += weight * diff
        size[at + j] += weight * abs(diff)
        mean_error[at + j] += weight * error


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _add_calm_divergences(weight, theta, rounding, e, d, ed, own, m, mean, size, mean_error, out, error, length):
    """`_add_divergences` where every e/m is between sqrt(1/2) and sqrt(2)."""
    for j in range(length):
        x = e[own + j]
        diff = d[own + j] - mean[j]
        off = ed[own + j] + mean_error[j] + rounding * (abs(d[own + j]) + size[j])
        s = diff / (x + m[j] + TINY)
        value = s * (diff + x * log_series(s * s))
        out[j] += weight * value
        error[j] += weight * (2.03 * abs(s) * off + (4.0 * theta + 10.0 * UNIT) * value)


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def _add_divergences(weight, theta, rounding, e, d, ed, own, m, mean, size, mean_error, out, error, length):
    """Add p(phi) d(e, m) to out, with e - m = d - mean, and a bound of its error to error."""
    for j in range(length):
        x, y = e[own + j], m[j]
        diff = d[own + j] - mean[j]
        off = ed[own + j] + mean_error[j] + rounding * (abs(d[own + j]) + size[j])
        s = diff / (x + y + TINY)
        z = s * s
        close = z < NEAR
        near = s * (diff + x * log_series(z))
        ratio = log((x + TINY) / (y + TINY))
        far = x * ratio - diff
        value = near if close else far
        loss_near = 2.03 * abs(s) * off + (4.0 * theta + 10.0 * UNIT) * near  # |log(e/m)| = 2 artanh |s|
        loss_far = off + (2.0 * theta + 4.0 * UNIT) * (x * abs(ratio) + x + y)
        loss = loss_near if close else loss_far
        out[j] += weight * value
        error[j] += weight * loss


@kernel(fastmath=False, error_model="numpy")
def divergences(walk, weight, reference, ratios, offset, slack):
    """sum_t sum_phi p(phi) d(p(t|phi), p(t)) over a walk, a bound of its rounding error, and the number of types.

        log p(t|phi)/p(t|reference) = offset[phi] + sum_c ratios[c, phi, n_c]

    slack = (relative error of p(t|phi), of a sum of ratios, of a mean over phi).
    """
    table, place, product = walk[0], walk[5], walk[6]
    k, width, size = table.shape
    last = product.shape[0] - 1
    flat, flat_ratios = table.reshape(-1), ratios.reshape(-1)
    theta, delta_r, rounding = slack
    room = size + RUN
    e, d, ed = np.zeros(width * room), np.zeros(width * room), np.zeros(width * room)
    m, mean, spread, mean_error = np.empty(room), np.empty(room), np.empty(room), np.empty(room)
    block, high, low, error = np.zeros(room), np.zeros(room), np.zeros(room), np.zeros(room)
    r0, r0_size = np.empty(width), np.empty(width)
    types, filled, blocks, longest = 0, 0, 0, 0
    all_calm = True
    while True:
        found, left, lo, hi = next_row(walk)
        length = hi + 1 - lo
        if filled > 0 and (not found or filled + length > RUN):
            for f in range(width):
                if all_calm:
                    _add_calm_divergences(
                        weight[f], theta, rounding, e, d, ed, np.uint64(f * room),
                        m, mean, spread, mean_error, block, error, np.uint64(filled),
                    )  # fmt: skip
                else:
                    _add_divergences(
                        weight[f], theta, rounding, e, d, ed, np.uint64(f * room),
                        m, mean, spread, mean_error, block, error, np.uint64(filled),
                    )  # fmt: skip
            all_calm = True
            longest = max(longest, filled)
            filled = 0
            blocks += 1
            if blocks == BLOCK:
                flush_rows(high[:longest], low[:longest], block[:longest])
                blocks = 0
        if not found:
            break
        types += length
        shift = size - 1 - left
        row_calm = True
        for f in range(width):
            r0[f], r0_size[f] = offset[f], abs(offset[f])
            for c in range(last):
                x = ratios[c, f, place[4 + 3 * c]]
                r0[f] += x
                r0_size[f] += abs(x)
            one = abs(r0[f] + (ratios[k - 2, f, lo] + ratios[k - 1, f, shift + lo]))
            two = abs(r0[f] + (ratios[k - 2, f, hi] + ratios[k - 1, f, shift + hi]))
            row_calm = row_calm and max(one, two) < CALM
        all_calm = all_calm and row_calm
        base = np.uint64(reference * room + filled)
        at, count = np.uint64(filled), np.uint64(length)
        for step in range(width):
            # The reference comes first: the others are differences from it.
            f = reference if step == 0 else (step if step > reference else step - 1)
            v = np.uint64(((k - 2) * width + f) * size + lo)
            w = np.uint64(((k - 1) * width + f) * size + shift + lo)
            own = np.uint64(f * room + filled)
            a = product[last, f]
            if step == 0:
                _set_reference(weight[f], a, flat, v, w, e, own, m, mean, spread, mean_error, at, count)
            elif row_calm:
                _add_calm(
                    weight[f], a, flat, flat_ratios, v, w, r0[f], r0_size[f], theta, delta_r,
                    e, base, own, d, ed, m, mean, spread, mean_error, at, count,
                )  # fmt: skip
            else:
                _add_differences(
                    weight[f], a, flat, flat_ratios, v, w, r0[f], r0_size[f], theta, delta_r,
                    e, base, own, d, ed, m, mean, spread, mean_error, at, count,
                )  # fmt: skip
        filled += length
    flush_rows(high, low, block)
    return _total(high, low), error.sum(), types


@kernel(fastmath=False, error_model="numpy")
def collect(weight, given, rule, high, low, entropy):
    """Add types to p(theta|phi) (a pair [phi, theta]) and to entropy = [H(Theta|T), its low part]."""
    for t in range(given.shape[0]):
        total = 0.0
        for z in range(rule.shape[1]):
            total += rule[t, z]
        each = 0.0
        for z in range(rule.shape[1]):
            p = rule[t, z] / total
            each -= plogp(p)
            for f in range(given.shape[1]):
                high[f, z], low[f, z] = add(high[f, z], low[f, z], given[t, f] * p)
        mass = 0.0
        for f in range(given.shape[1]):
            mass += weight[f] * given[t, f]
        entropy[0], entropy[1] = add(entropy[0], entropy[1], mass * each)
