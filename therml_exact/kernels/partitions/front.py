"""The front of near-undominated partitions, kept inside the kernels (numba).

The plane is (A, D), both to be small: integers within E_A of H(Z) and E_D of I(X;Y) - I(Y;Z), in the tables' units;
band = 2 E in each. A partition P may be thrown away only for a Q with A_Q <= A_P and D_Q <= D_P *proved*, one of them
strict or Q's label string the smaller. A coordinate is proved

    smaller  by A_Q < A_P - band_a, and alike for D,
    equal    by an exact integer argument (below), tried only when the two lie within the band.

Arguments for equality: H(Z) depends on the multiset of block weights; and h(S) = p(S) H(Y|S), of which sum d is the
sum up to a constant, is symmetric in y and homogeneous of degree one, so sum d depends only on the total weight found
along each direction (block vector over its gcd, sorted). Equality that neither sees (2 log 2 + 2 log 2 = 4 log 2)
leaves both partitions in the front, for exact arithmetic to settle. `proof` = 1: cells[x, y] are the integers
themselves. 2: they do not fit in 62 bits; cells[x] = (class, kind), one class for proportional rows, one kind for
equal rows, and equal losses are proved by equal blocks of kinds, blocks within a class left out. 3: whatever lies
within the band is equal (the rule for floats).

Labels: 5 bits a symbol, first symbol highest, twelve symbols a word, two words: comparing words is comparing strings.
Columns of the integer front array: A, D, word 0, word 1, least D up to here.
"""

import numpy as np

from therml_exact.kernels.kernel import kernel


@kernel(fastmath=False, error_model="numpy")
def label_of(c0, c1, x):
    """The label of symbol x in the label words c0, c1."""
    if x < 12:
        return (c0 >> (5 * (11 - x))) & 31
    return (c1 >> (5 * (23 - x))) & 31


@kernel(fastmath=False, error_model="numpy")
def words_of_blocks(blocks, count, n, place):
    """Label words of a partition given as block masks, in any order; bit place[x] is symbol x."""
    c0 = 0
    c1 = 0
    used = 0
    seen = np.full(count, -1, np.int64)
    for x in range(n):
        for b in range(count):
            if (blocks[b] >> place[x]) & 1:
                if seen[b] < 0:
                    seen[b] = used
                    used += 1
                if x < 12:
                    c0 |= seen[b] << (5 * (11 - x))
                else:
                    c1 |= seen[b] << (5 * (23 - x))
                break
    return c0, c1


@kernel(fastmath=False, error_model="numpy")
def _gcd(a, b):
    """The greatest common divisor."""
    while b:
        a, b = b, a % b
    return a


@kernel(fastmath=False, error_model="numpy")
def _sort(x):
    """Sort by insertion: x is short."""
    for i in range(1, x.size):
        value = x[i]
        j = i
        while j > 0 and x[j - 1] > value:
            x[j] = x[j - 1]
            j -= 1
        x[j] = value


@kernel(fastmath=False, error_model="numpy")
def _sorted_weights(c0, c1, support, weight):
    """The sums of weight over the blocks of a partition of `support`, sorted."""
    n = weight.shape[0]
    out = np.zeros(n, np.int64)
    for x in range(n):
        if (support >> x) & 1:
            out[label_of(c0, c1, x)] += weight[x]
    _sort(out)
    return out


@kernel(fastmath=False, error_model="numpy")
def same_block_entropy(p0, p1, q0, q1, support, weight):
    """Proof that two partitions of `support` have one multiset of block weights."""
    wp = _sorted_weights(p0, p1, support, weight)
    wq = _sorted_weights(q0, q1, support, weight)
    for i in range(wp.shape[0]):
        if wp[i] != wq[i]:
            return False
    return True


@kernel(fastmath=False, error_model="numpy")
def _directions(c0, c1, support, cells, out, size):
    """Fill in the directions out[block, y] (over the gcd, sorted) and the gcds size[block]; returns their number."""
    n, m = cells.shape
    out[:] = 0
    size[:] = 0
    count = 0
    for x in range(n):
        if (support >> x) & 1:
            b = label_of(c0, c1, x)
            count = max(count, b + 1)
            for j in range(m):
                out[b, j] += cells[x, j]
    for b in range(count):
        g = np.int64(0)
        for j in range(m):
            g = _gcd(out[b, j], g)
        for j in range(m):
            out[b, j] //= g
        _sort(out[b])
        size[b] = g
    return count


@kernel(fastmath=False, error_model="numpy")
def _along(vec, out, size, count):
    """The sum of size over the blocks with the direction vec."""
    total = np.int64(0)
    for b in range(count):
        same = True
        for j in range(vec.shape[0]):
            if out[b, j] != vec[j]:
                same = False
                break
        if same:
            total += size[b]
    return total


@kernel(fastmath=False, error_model="numpy")
def same_loss(p0, p1, q0, q1, support, cells):
    """Proof that two partitions of `support` have one weight along each direction."""
    n, m = cells.shape
    vp = np.empty((n, m), np.int64)
    vq = np.empty((n, m), np.int64)
    gp = np.empty(n, np.int64)
    gq = np.empty(n, np.int64)
    kp = _directions(p0, p1, support, cells, vp, gp)
    kq = _directions(q0, q1, support, cells, vq, gq)
    for side in range(2):
        v = vp if side == 0 else vq
        k = kp if side == 0 else kq
        for b in range(k):
            # A block that knows y has h = 0, whatever its weight.
            if m == 1 or v[b, m - 2] == 0:
                continue
            if _along(v[b], vp, gp, kp) != _along(v[b], vq, gq, kq):
                return False
    return True


@kernel(fastmath=False, error_model="numpy")
def _kinds(c0, c1, support, cells, count, mixed):
    """Symbols of each kind in each block, and which blocks hold two classes; returns the number of blocks."""
    n = cells.shape[0]
    count[:] = 0
    mixed[:] = -1
    blocks = 0
    for x in range(n):
        if (support >> x) & 1:
            b = label_of(c0, c1, x)
            blocks = max(blocks, b + 1)
            count[b, cells[x, 1]] += 1
            if mixed[b] == -1:
                mixed[b] = cells[x, 0]
            elif mixed[b] != cells[x, 0]:
                mixed[b] = -2
    return blocks


@kernel(fastmath=False, error_model="numpy")
def _equal_blocks(row, count, mixed, blocks):
    """How many blocks of two or more classes hold these numbers of symbols of each kind."""
    total = 0
    for b in range(blocks):
        if mixed[b] == -2:
            equal = True
            for kind in range(row.size):
                equal = equal and count[b, kind] == row[kind]
            if equal:
                total += 1
    return total


@kernel(fastmath=False, error_model="numpy")
def same_mixed_blocks(p0, p1, q0, q1, support, cells):
    """Proof of equal losses: d = 0 for blocks of proportional rows, and the other blocks hold equal rows."""
    n = cells.shape[0]
    kp = np.empty((n, n), np.int64)
    kq = np.empty((n, n), np.int64)
    mp = np.empty(n, np.int64)
    mq = np.empty(n, np.int64)
    bp = _kinds(p0, p1, support, cells, kp, mp)
    bq = _kinds(q0, q1, support, cells, kq, mq)
    more = 0
    for b in range(n):
        more += (1 if mp[b] == -2 else 0) - (1 if mq[b] == -2 else 0)
    if more != 0:
        return False
    for b in range(bp):
        if mp[b] == -2 and _equal_blocks(kp[b], kp, mp, bp) != _equal_blocks(kp[b], kq, mq, bq):
            return False
    return True


@kernel(fastmath=False, error_model="numpy")
def beats(qa, qd, q0, q1, pa, pd, p0, p1, support, band_a, band_d, proof, weight, cells):
    """Whether P = (pa, pd, p0, p1), its A, D and label words, may be thrown away for Q, by the rules of the module."""
    if qa > pa + band_a or qd > pd + band_d:
        return False
    less_a = qa < pa - band_a
    less_d = qd < pd - band_d
    if (less_a and less_d) or (q0 == p0 and q1 == p1):
        return True
    if not less_a and not less_d and (q0 > p0 or (q0 == p0 and q1 > p1)):
        return False
    if proof == 3:
        return True
    if not less_a and not same_block_entropy(p0, p1, q0, q1, support, weight):
        return False
    if less_d:
        return True
    if proof == 1:
        return same_loss(p0, p1, q0, q1, support, cells)
    return same_mixed_blocks(p0, p1, q0, q1, support, cells)


@kernel(fastmath=False, error_model="numpy")
def first_at_least(front, count, a):
    """Index of the first entry with A >= a."""
    lo = 0
    hi = count
    while lo < hi:
        mid = (lo + hi) >> 1
        if front[mid, 0] < a:
            lo = mid + 1
        else:
            hi = mid
    return lo


@kernel(fastmath=False, error_model="numpy")
def offer(front, count, a, d, c0, c1, support, band_a, band_d, proof, weight, cells):
    """Offer a partition to the front; returns the new count, -1 - count if refused, or -1 - capacity - 1 if full."""
    sure = first_at_least(front, count, a - band_a)
    if sure > 0 and front[sure - 1, 4] < d - band_d:
        return -1 - count
    i = sure
    while i < count and front[i, 0] <= a + band_a:
        i += 1
    # Backwards: the running minimum ends the search where nothing earlier can be as good in D.
    i -= 1
    while i >= 0 and front[i, 4] <= d + band_d:
        if beats(
            front[i, 0],
            front[i, 1],
            front[i, 2],
            front[i, 3],
            a,
            d,
            c0,
            c1,
            support,
            band_a,
            band_d,
            proof,
            weight,
            cells,
        ):
            return -1 - count
        i -= 1
    if count == front.shape[0]:
        return -2 - count
    # Forwards: what P beats has A >= a - band; D falls along the front up to a few bands.
    keep = sure
    end = sure
    place = sure
    while end < count and not (front[end, 0] > a + band_a and front[end, 1] < d - 8 * band_d):
        if not beats(
            a,
            d,
            c0,
            c1,
            front[end, 0],
            front[end, 1],
            front[end, 2],
            front[end, 3],
            support,
            band_a,
            band_d,
            proof,
            weight,
            cells,
        ):
            if keep != end:
                for c in range(5):
                    front[keep, c] = front[end, c]
            if front[keep, 0] < a:
                place = keep + 1
            keep += 1
        end += 1
    # [keep, end) is free now, and P needs one row at `place`: shift the tail by what differs.
    shift = keep + 1 - end
    if shift > 0:
        for j in range(count - 1, end - 1, -1):
            for c in range(5):
                front[j + 1, c] = front[j, c]
    elif shift < 0:
        for j in range(end, count):
            for c in range(5):
                front[j + shift, c] = front[j, c]
    count += shift
    for j in range(keep, place, -1):
        for c in range(5):
            front[j, c] = front[j - 1, c]
    front[place, 0] = a
    front[place, 1] = d
    front[place, 2] = c0
    front[place, 3] = c1
    # Running minima, until the old ones hold again.
    low = front[sure - 1, 4] if sure > 0 else np.int64(1) << 62
    for j in range(sure, count):
        low = min(low, front[j, 1])
        if j > keep and front[j, 4] == low:
            break
        front[j, 4] = low
    return count
