"""Every set partition, in the order of restricted growth strings (numba): the oracle.

Bell(n) leaves.  A node changes one block, so (A, D) changes by a table difference; the last symbol's differences are
tabulated beforehand, so that a leaf is one lookup, two additions and one comparison with a staircase kept on buckets
of A: `ceiling[b]` is a D above which every partition of bucket b is surely beaten.  No logarithm, no division.
"""

import numpy as np

from therml_exact.kernels.kernel import breathe, kernel
from therml_exact.kernels.partitions.front import offer, words_of_blocks

BUCKETS = 2048


@kernel(fastmath=False, error_model="numpy")
def enumerate_partitions(n, a, d, front, band_a, band_d, proof, weight, cells, max_nodes):
    """Fills `front`; returns (count, partitions seen, outcome): 0 done, 1 out of nodes, 2 front full."""
    full = (1 << n) - 1
    half = 1 << (n - 1)
    step = np.empty((half, 2), np.int64)
    for s in range(half):
        step[s, 0] = a[s | half] - a[s]
        step[s, 1] = d[s | half] - d[s]
    largest = np.int64(0)
    for x in range(n):
        largest += a[1 << x]
    # H(Z) is at most the singletons' (merging never raises it): the buckets span that.
    top = largest + 64 * band_a + 1
    shift = 0
    while (top >> shift) >= BUCKETS:
        shift += 1
    ceiling = np.full(BUCKETS + 1, np.int64(1) << 62, np.int64)
    place = np.arange(n)
    count = 0
    seen = np.int64(0)
    blocks = np.zeros(n + 1, np.int64)
    choice = np.full(n + 1, -1, np.int64)
    used = np.zeros(n + 1, np.int64)
    sum_a = np.zeros(n + 1, np.int64)
    sum_d = np.zeros(n + 1, np.int64)
    j = 0
    while True:
        if j == n - 1:
            k = used[j]
            base_a = sum_a[j]
            base_d = sum_d[j]
            breathe()
            for i in range(k + 1):
                s = blocks[i]
                pa = base_a + step[s, 0]
                pd = base_d + step[s, 1]
                if pd <= ceiling[pa >> shift]:
                    blocks[i] = s | half
                    c0, c1 = words_of_blocks(blocks, max(k, i + 1), n, place)
                    blocks[i] = s
                    new = offer(front, count, pa, pd, c0, c1, full, band_a, band_d, proof, weight, cells)
                    if new >= 0:
                        count = new
                        b = ((pa + band_a) >> shift) + 1
                        while b <= BUCKETS and ceiling[b] > pd + band_d:
                            ceiling[b] = pd + band_d
                            b += 1
                    elif new == -2 - count:
                        return count, seen, 2
            seen += k + 1
            if seen >= max_nodes:
                # Finished only if this was the last leaf: the string 0 1 2 ... n-1.
                return count, seen, 0 if k == n - 1 else 1
            j -= 1
            if j < 0:
                return count, seen, 0
            blocks[choice[j]] &= ~(1 << j)
            continue
        i = choice[j] + 1
        if i > used[j]:
            choice[j] = -1
            j -= 1
            if j < 0:
                return count, seen, 0
            blocks[choice[j]] &= ~(1 << j)
            continue
        choice[j] = i
        old = blocks[i]
        new_block = old | (1 << j)
        blocks[i] = new_block
        sum_a[j + 1] = sum_a[j] + a[new_block] - a[old]
        sum_d[j + 1] = sum_d[j] + d[new_block] - d[old]
        used[j + 1] = used[j] if i < used[j] else i + 1
        j += 1


@kernel(fastmath=False, error_model="numpy")
def enumerate_from_scratch(n, p):
    """The same loop without tables: both entropies anew for each partition; returns (count, least H + H(Z)/2)."""
    n_y = p.shape[1]
    label = np.zeros(n, np.int64)
    top = np.zeros(n, np.int64)
    mass = np.zeros((n, n_y))
    best = 1e300
    seen = 0
    while True:
        mass[:] = 0.0
        for x in range(n):
            for y in range(n_y):
                mass[label[x], y] += p[x, y]
        hz = 0.0
        hzy = 0.0
        for b in range(top[n - 1] + 1):
            t = 0.0
            for y in range(n_y):
                v = mass[b, y]
                t += v
                if v > 0.0:
                    hzy -= v * np.log(v)
            hz -= t * np.log(t)
        best = min(best, hzy - hz + 0.5 * hz)
        seen += 1
        x = n - 1
        while x > 0 and label[x] == top[x - 1] + 1:
            x -= 1
        if x == 0:
            return seen, best
        label[x] += 1
        top[x] = max(top[x - 1], label[x])
        for z in range(x + 1, n):
            label[z] = 0
            top[z] = top[x]
