"""Pareto dynamic programming over subsets (numba).

    front(S) = undominated { (a(T), d(T)) + q : T a block of S holding S's first symbol, q in front(S - T) },
    front({}) = {(0, 0)}.

Optimal substructure holds with the tie rule too: if q' in S - T beats q (no worse in both, better in one or earlier
as a label string), T + q' beats T + q. There are (3^n + 1)/2 pairs (T, S); each costs the length of front(S - T).
"""

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.partitions.front import offer
from therml_exact.kernels.vectors import assign_matrix


@kernel(fastmath=False, error_model="numpy")
def _trivial(n, a, d, front, band_a, band_d, proof, weight, cells, one0, one1):
    """Fill `front` with two partitions, one block and the singletons; returns how many are undominated."""
    full = (1 << n) - 1
    count = offer(front, 0, a[full], d[full], 0, 0, full, band_a, band_d, proof, weight, cells)
    sum_a = np.int64(0)
    c0 = 0
    c1 = 0
    for x in range(n):
        sum_a += a[1 << x]
        # Labels 0 1 2 ...: each symbol raises the labels of all after it by one.
        later = full ^ ((2 << x) - 1)
        c0 += one0[later]
        c1 += one1[later]
    new = offer(front, count, sum_a, 0, c0, c1, full, band_a, band_d, proof, weight, cells)
    return new if new >= 0 else count


@kernel(fastmath=False, error_model="numpy")
def subset_fronts(n, a, d, front, band_a, band_d, proof, weight, cells, max_nodes, max_entries):
    """Fills `front` with front(all symbols); returns (count, nodes, outcome): 0 done, 1 out of budget, 2 front full.

    Unfinished, the front holds one block and the singletons: no subset's partial front is a partition of everything.
    """
    size = 1 << n
    offset = np.zeros(size + 1, np.int64)
    room = 4096
    held = np.zeros((room, 4), np.int64)
    one0 = np.zeros(size, np.int64)
    one1 = np.zeros(size, np.int64)
    for x in range(n):
        for s in range(1 << x):
            one0[(1 << x) + s] = one0[s] + ((1 << (5 * (11 - x))) if x < 12 else 0)
            one1[(1 << x) + s] = one1[s] + ((1 << (5 * (23 - x))) if x >= 12 else 0)
    offset[0] = 0
    offset[1] = 1
    nodes = np.int64(0)
    for s in range(1, size):
        low = s & -s
        rest = s ^ low
        count = 0
        sub = rest
        # sub runs over what the first symbol's block adds; from all of it downwards.
        while True:
            block = sub | low
            left = s ^ block
            ba = a[block]
            bd = d[block]
            for e in range(offset[left], offset[left + 1]):
                new = offer(
                    front,
                    count,
                    ba + held[e, 0],
                    bd + held[e, 1],
                    held[e, 2] + one0[left],
                    held[e, 3] + one1[left],
                    s,
                    band_a,
                    band_d,
                    proof,
                    weight,
                    cells,
                )
                if new >= 0:
                    count = new
                elif new == -2 - count:
                    return _trivial(n, a, d, front, band_a, band_d, proof, weight, cells, one0, one1), nodes, 2
            nodes += offset[left + 1] - offset[left]
            if sub == 0:
                break
            sub = (sub - 1) & rest
        start = offset[s]
        if start + count > max_entries or (nodes >= max_nodes and s < size - 1):
            return _trivial(n, a, d, front, band_a, band_d, proof, weight, cells, one0, one1), nodes, 1
        if start + count > room:
            while start + count > room:
                room *= 2
            wider = np.zeros((room, 4), np.int64)
            assign_matrix(wider, held[:start])
            held = wider
        for i in range(count):
            for c in range(4):
                held[start + i, c] = front[i, c]
        offset[s + 1] = start + count
    return count, nodes, 0
