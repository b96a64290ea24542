"""The additive form of H(Z) and I(Y;Z) for hard encoders (numba).

A hard encoder is a partition of the n symbols of X into blocks S.  With phi(t) = -t log t, q(y) = p(y), in nats,

    H(Z)   = sum_S a(S),      a(S) = phi(p(S)),
    I(Y;Z) = sum_S k(S),      k(S) = p(S) KL( p(y|S) || q ) = sum_y p(S) q_y psi(delta_Sy) >= 0,
                              psi(t) = (1 + t) log(1 + t) - t,    delta_Sy = e(S,y) / (p(S) q_y),
                              e(x,y) = p(x,y) - p(x) p(y),        e(S,y) = sum_{x in S} e(x,y),

and the loss of information I(X;Y) - I(Y;Z) = sum_S d(S), d(S) = sum_{x in S} k({x}) - k(S) >= 0.
a is subadditive and d superadditive: a block never gains in both by growing, which is the whole trade-off.  Both are
tabulated once over the 2^n subsets; p(S, y) and e(S, y) cost one addition from S without its highest symbol.

Near independence a difference of entropies has no correct digit; psi of the deviations e, given correctly rounded,
has: the error below shrinks with chi^2 = sum p(x) q_y delta_xy^2, as I(X;Y) does. psi is a series for |delta| <= 1/8.

Fixed point. The tables are int64, a in units of 2^-50, d in units of 2^-shift with I(X;Y) at most 2^51 of them. Sums
of integers do not depend on their order, so every algorithm gets the same two numbers for the same partition, and the
only error is the tables' own, with u = 2^-53 (m = n + |Y| additions, a few roundings for logarithm and product):

    H(Z):   n/2 units + (m + 8) u (H(Z) + 1),
    losses: n units + u [ (4 m + 20) chi^2 + (2 m + 8) min(161 chi^2, 5 + log min(n, |Y|)) ], twice.

The first term is the series': an error n u sum_x |e| in e(S, y) moves k by log(1 + delta) ~ delta times as much, and
sum_S |delta_S| sum_x |e_xy| <= chi^2 by convexity. The second is the logarithm's, v log(v/(p q)) - e with v = p(S,
y): its terms are at most 161 p q delta^2 where |delta| > 1/8, and sum to 5 + I at most. Shapes: p[x, y], e[x, y],
q[y]; a[2^n], d[2^n], bit x of the index is symbol x.
"""

import math

import numpy as np

from therml_exact.kernels.kernel import breathe, kernel

SHIFT_A = 50
U = 2.0**-53


def rounding_bounds(p, e, q, measured):
    """(bound for A in its units, shift of D, bound for D in its units).

    measured: the cells are floats, themselves uncertain by a relative 2u each; that moves I by 4u sum v |log(1 +
    delta)| and a second-order rest, which is what is left of a product of rounded marginals.
    """
    n, n_y = p.shape
    product = np.outer(p.sum(axis=1), q)
    safe = np.where(product > 0.0, product, 1.0)
    chi = float((e * (e / safe)).sum())
    top = math.log(min(n, n_y)) if min(n, n_y) > 1 else 0.0
    information = min(math.log1p(chi), top)
    error_a = (n + n_y + 8) * U * (math.log(n) + 1.0)
    error_d = 2 * U * ((4 * (n + n_y) + 20) * chi + (2 * (n + n_y) + 8) * min(161 * chi, 5 + top))
    if measured:
        error_a += 4 * U * (math.log(n) + 1.0)
        error_d += 16 * U * (math.sqrt(chi) + chi + n * n_y * U)
        information = max(information, 64 * n * n_y * U * U)
    shift_d = 50 if information == 0.0 else min(50 - math.frexp(information)[1], 900)
    units_a = math.ceil(n / 2 + error_a * 2.0**SHIFT_A) + 1
    units_d = math.ceil(n + error_d * 2.0**shift_d) + 1
    return units_a, shift_d, units_d


@kernel(fastmath=False, error_model="numpy")
def _psi(t):
    """(1 + t) log(1 + t) - t = sum_{k >= 2} (-t)^k / (k (k - 1)) for |t| <= 1/8, to 1e-16 relative."""
    s = 1.0 / 306.0
    for k in range(17, 1, -1):
        s = 1.0 / (k * (k - 1.0)) - t * s
    return t * t * s


@kernel(fastmath=False, error_model="numpy")
def partition_tables(p, e, q, shift_d):
    """Tables (a, d), int64 in units of 2^-50 and 2^-shift_d."""
    n, n_y = p.shape
    size = 1 << n
    scale_a = 2.0**50
    scale_d = 2.0**shift_d
    a = np.zeros(size, np.int64)
    d = np.zeros(size, np.int64)
    mass = np.zeros((size, 2 * n_y))
    for x in range(n):
        top = 1 << x
        for rest in range(top):
            breathe()
            # Subsets of the symbols below x are done already.
            s = top + rest
            old = mass[rest]
            new = mass[s]
            t = 0.0
            for y in range(n_y):
                v = old[y] + p[x, y]
                new[y] = v
                new[n_y + y] = old[n_y + y] + e[x, y]
                t += v
            # A mass too small for a float may be 0 here; its phi is below 1e-300.
            if t > 0.0:
                a[s] = np.int64(np.rint(-t * math.log(t) * scale_a))
            gain = 0.0
            for y in range(n_y):
                base = t * q[y]
                if base > 0.0:
                    v = new[y]
                    deviation = new[n_y + y]
                    delta = deviation / base
                    if abs(delta) <= 0.125:
                        gain += base * _psi(delta)
                    elif v > 0.0:
                        gain += v * math.log(v / base) - deviation
                    else:
                        gain -= deviation
            d[s] = np.int64(np.rint(gain * scale_d))
    # k to d in place, in integers, so that D of the singletons is exactly 0.
    single = np.zeros(size, np.int64)
    for x in range(n):
        top = 1 << x
        for rest in range(top):
            single[top + rest] = single[rest] + d[top]
    for s in range(size):
        d[s] = single[s] - d[s]
    return a, d


@kernel(fastmath=False, error_model="numpy")
def reorder(table, rank):
    """The table with its bits renamed: bit i of the result's index is symbol rank[i]."""
    n = rank.shape[0]
    out = np.empty_like(table)
    old = np.zeros(table.shape[0], np.int64)
    out[0] = table[0]
    for i in range(n):
        top = 1 << i
        bit = 1 << rank[i]
        for rest in range(top):
            breathe()
            old[top + rest] = old[rest] | bit
            out[top + rest] = table[old[top + rest]]
    return out
