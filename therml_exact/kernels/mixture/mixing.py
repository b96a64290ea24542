"""Newton's two steps for the likelihood of a mixture: weights alone (convex), weights and codes together (nats).

    minimise  L = - sum_w p_w log m_w,     m_w = sum_z q_z exp(a_w . log t_z)

Weights: sum q = 1 holds by itself at the minimum of L + sum q - 1. Its quadratic model at q, with s_wz = dm_w/m_w dq_z,
H = s^T diag(p) s and H q = s^T p, is x.H.x/2 - (2 s^T p - 1).x on x >= 0: an active set that starts from q's support.

Together: alpha = log q and eta = log t are free, since normalising them afterwards does not change the function. Its
Hessian has null vectors, 1 on alpha and 1 on each block of each eta, which q q^T and mass t t^T fill without a change
of the step. Scaled by the metric of the complete data (q; mass_z t_zj) it is 1 minus the share of information that is
missing, of eigenvalues <= 1 + |negative ones|; where it is not positive, a ridge makes it so (Levenberg).

No call goes to BLAS or LAPACK: their threads wait for one another in small products, and sums depend on their number.

Terms of w are relative to the code that suits it best, own[w, j] = log of a_wj's share of its block: L loses a
constant, and with it most of its rounding, which decides how far a line search sees.

Shapes: p[w], a[w, j] (X's row included), sums[w, block], ends[block + 1], q[z], t[z, j], logs[w, z].
Source: Y. Wang, JRSS B 69 (2007); Kim, Carbonetto, Stephens and Anitescu, mix-SQP (2020).
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.vectors import assign, assign_matrix, floored_logs

FLOOR = 1e-300
LARGE = 400  # entries of codes
RIDGE = 1e-8  # the first that is tried
ROUNDING = 2e-16  # of L, relative to |L| + 1


@kernel(fastmath=False, error_model="numpy")
def likelihood(p, logs, alpha, r):
    """L, and the posteriors r[w, z]."""
    total = 0.0
    count, codes = logs.shape
    for w in range(count):
        top = -math.inf
        for z in range(codes):
            top = max(top, logs[w, z] + alpha[z])
        m = 0.0
        for z in range(codes):
            r[w, z] = math.exp(logs[w, z] + alpha[z] - top)
            m += r[w, z]
        for z in range(codes):
            r[w, z] /= m
        total -= p[w] * (top + math.log(m))
    return total


@kernel(fastmath=False, error_model="numpy")
def log_terms(a, own, t):
    """Log prod (t/exp(own))^a, [w, z]."""
    return _terms(a, own, floored_logs(t, FLOOR))


@kernel(fastmath=False, error_model="numpy")
def _terms(a, own, eta):
    logs = np.empty((a.shape[0], eta.shape[0]))
    for w in range(a.shape[0]):
        for z in range(eta.shape[0]):
            x = 0.0
            for j in range(a.shape[1]):
                x += a[w, j] * (eta[z, j] - own[w, j])
            logs[w, z] = x
    return logs


@kernel(fastmath=False, error_model="numpy")
def gram(s, h):
    """h <- s^T s, four rows of s at a time."""
    count, size = s.shape
    h[:] = 0.0
    whole = count - count % 4
    for w in range(0, whole, 4):
        for i in range(size):
            a, b, c, d = s[w, i], s[w + 1, i], s[w + 2, i], s[w + 3, i]
            for j in range(i + 1):
                h[i, j] += (a * s[w, j] + b * s[w + 1, j]) + (c * s[w + 2, j] + d * s[w + 3, j])
    for w in range(whole, count):
        for i in range(size):
            for j in range(i + 1):
                h[i, j] += s[w, i] * s[w, j]
    for i in range(size):
        for j in range(i):
            h[j, i] = h[i, j]


@kernel(fastmath=False, error_model="numpy")
def factor(h, size, least):
    """Cholesky's lower factor in place; False at a pivot of at most `least` times its diagonal entry."""
    for i in range(size):
        for j in range(i + 1):
            x = h[i, j]
            for k in range(j):
                x -= h[i, k] * h[j, k]
            if i == j:
                if not x > least * h[i, i]:
                    return False
                h[i, i] = math.sqrt(x)
            else:
                h[i, j] = x / h[j, j]
    return True


@kernel(fastmath=False, error_model="numpy")
def substitute(h, size, b):
    """b <- (h h^T)^-1 b for a lower factor h."""
    for i in range(size):
        x = b[i]
        for k in range(i):
            x -= h[i, k] * b[k]
        b[i] = x / h[i, i]
    for i in range(size - 1, -1, -1):
        x = b[i]
        for k in range(i + 1, size):
            x -= h[k, i] * b[k]
        b[i] = x / h[i, i]


@kernel(fastmath=False, error_model="numpy")
def nonnegative(h, c, x, steps):
    """The least x.h.x/2 - c.x on x >= 0, by `steps` of an active set from feasible x; whether they sufficed."""
    size = x.size
    for i in range(size):
        if not h[i, i] > 0.0:  # a code that explains no letter: no ridge would make a pivot of it
            x[i] = 0.0
    free = x > 0.0
    part, s, index = np.empty((size, size)), np.empty(size), np.empty(size, dtype=np.int64)
    for _ in range(steps):
        n = 0
        for i in range(size):
            if free[i]:
                index[n] = i
                n += 1
        for i in range(n):
            for j in range(i + 1):
                part[i, j] = h[index[i], index[j]]
            part[i, i] *= 1.0 + 1e-13
        ridge = 1e-13
        while not factor(part, n, 1e-15):
            ridge *= 10.0
            if ridge > 1e6:  # h is not finite
                return False
            for i in range(n):
                for j in range(i + 1):
                    part[i, j] = h[index[i], index[j]]
                part[i, i] *= 1.0 + ridge
        for i in range(n):  # a ridge about x itself leaves the solution where it is
            s[i] = c[index[i]] + ridge * h[index[i], index[i]] * x[index[i]]
        substitute(part, n, s)
        length, gone = 1.0, -1
        for i in range(n):
            if s[i] <= 0.0:
                reach = x[index[i]] / (x[index[i]] - s[i])
                if reach < length:
                    length, gone = reach, i
        for i in range(n):
            x[index[i]] += length * (s[i] - x[index[i]])
        if gone >= 0:
            for i in range(n):
                if i == gone or x[index[i]] <= 0.0:
                    x[index[i]] = 0.0
                    free[index[i]] = False
            continue
        best, which = 1e-14, -1
        for i in range(size):
            if not free[i]:
                slope = c[i]
                for j in range(n):
                    slope -= h[i, index[j]] * x[index[j]]
                if slope > best:
                    best, which = slope, i
        if which < 0:
            return True
        free[which] = True
    return False


@kernel(fastmath=False, error_model="numpy")
def weigh(p, logs, q, steps):
    """The best weights of these codes, in place; False if the steps did not suffice."""
    count, size = logs.shape
    s, m, trial, x = np.empty((count, size)), np.empty(count), np.empty(size), np.empty(size)
    kernel, h, slope = np.empty((count, size)), np.empty((size, size)), np.empty(size)
    for w in range(count):
        top = logs[w].max()
        for z in range(size):
            kernel[w, z] = math.exp(logs[w, z] - top)
    # A factor costs size^3/6: a large problem has fewer changes of the active set to a step.
    changes = min(3 * size + 20, 20 + int(4e9 / size**3))
    value = 0.0
    for w in range(count):
        m[w] = 0.0
        for z in range(size):
            m[w] += kernel[w, z] * q[z]
        value -= p[w] * math.log(max(m[w], FLOOR))
    for _ in range(steps):
        for w in range(count):
            root = math.sqrt(p[w]) / max(m[w], FLOOR)
            for z in range(size):
                s[w, z] = kernel[w, z] * root
        gram(s, h)
        for z in range(size):
            slope[z] = 0.0
            for y in range(size):
                slope[z] += h[z, y] * q[y]
        assign(x, q)
        for z in range(size):
            trial[z] = 2.0 * slope[z] - 1.0
        finished = nonnegative(h, trial, x, changes)
        total = x.sum()
        if not total > 0.0:
            return True
        gain = 0.0
        for z in range(size):
            x[z] = x[z] / total - q[z]
            gain += slope[z] * x[z]
        if not gain > 1e-24:
            return finished
        length = 1.0
        while True:
            for z in range(size):
                trial[z] = q[z] + length * x[z]
            reached = 0.0
            for w in range(count):
                m[w] = 0.0
                for z in range(size):
                    m[w] += kernel[w, z] * trial[z]
                reached -= p[w] * math.log(max(m[w], FLOOR))
            if reached <= value - 0.1 * length * gain + ROUNDING * (1.0 + abs(value)):
                break
            length *= 0.5
            if length < 1e-12:
                return True
        # Where the model of a rare letter's logarithm bends down too soon, a weight that pays would go to 0, and from
        # there to p_w it could only double.
        kept = False
        for z in range(size):
            if trial[z] <= 0.0 and q[z] > 0.0:
                height = 0.0
                for w in range(count):
                    height += p[w] * kernel[w, z] / max(m[w], FLOOR)
                if height > 1.0 + 1e-6:
                    trial[z], kept = 0.1 * q[z], True
            q[z] = max(trial[z], 0.0)
        if kept:
            total = q.sum()
            for z in range(size):
                q[z] /= total
            reached = 0.0
            for w in range(count):
                m[w] = 0.0
                for z in range(size):
                    m[w] += kernel[w, z] * q[z]
                reached -= p[w] * math.log(max(m[w], FLOOR))
        value = reached
    return False


@kernel(fastmath=False, error_model="numpy")
def newton(p, a, own, sums, ends, q, t, steps):
    """Weights and codes better together, in place; returns L."""
    count, width = a.shape
    codes, blocks = q.size, ends.size - 1
    one = 1 + width
    size = codes * one
    alpha, eta = floored_logs(q, FLOOR), floored_logs(t, FLOOR)
    block = np.empty(width, dtype=np.int64)
    for i in range(blocks):
        block[ends[i] : ends[i + 1]] = i
    logs, r, other = log_terms(a, own, t), np.empty((count, codes)), np.empty((count, codes))
    value = likelihood(p, logs, alpha, r)
    u, diagonal = np.empty((count, size)), np.empty((codes, one, one))
    h, lower = np.empty((size, size)), np.empty((size, size))
    gradient, scale, step = np.empty(size), np.empty(size), np.empty(size)
    mass, slope = np.empty((codes, blocks)), np.empty(one)
    new_alpha, new_eta = np.empty(codes), np.empty((codes, width))
    slope[0] = 1.0
    for _ in range(steps):
        gradient[:] = 0.0
        diagonal[:] = 0.0
        mass[:] = 0.0
        for w in range(count):
            root = math.sqrt(p[w])
            for z in range(codes):
                share = p[w] * r[w, z]
                for i in range(blocks):
                    mass[z, i] += share * sums[w, i]
                for j in range(width):
                    slope[1 + j] = a[w, j] - sums[w, block[j]] * t[z, j]
                for i in range(one):
                    u[w, z * one + i] = root * r[w, z] * slope[i]
                    gradient[z * one + i] -= share * slope[i]
                    for j in range(i + 1):
                        diagonal[z, i, j] -= share * slope[i] * slope[j]
        gram(u, h)
        for z in range(codes):
            gradient[z * one] += q[z]
            diagonal[z, 0, 0] += q[z]
            scale[z * one] = 1.0 / math.sqrt(q[z])
            for j in range(width):
                metric = mass[z, block[j]] * t[z, j]
                diagonal[z, 1 + j, 1 + j] += metric
                scale[z * one + 1 + j] = 1.0 / math.sqrt(metric) if metric > 1e-200 else 0.0
            for i in range(one):
                for j in range(i + 1):
                    h[z * one + i, z * one + j] += diagonal[z, i, j]
        for i in range(size):
            for j in range(i + 1):
                h[i, j] *= scale[i] * scale[j]
                h[j, i] = h[i, j]
            if scale[i] == 0.0:
                h[i, i] = 1.0
            step[i] = gradient[i] * scale[i]
        ridge, least = 0.0, 1e-10
        assign_matrix(lower, h)
        while not factor(lower, size, least):
            ridge = max(30.0 * ridge, RIDGE)
            if ridge > 1e30:  # h is not finite
                return value
            least = 0.3 * ridge / (1.0 + ridge)  # no step much longer than the ridge alone would allow
            assign_matrix(lower, h)
            for i in range(size):
                lower[i, i] += ridge
        substitute(lower, size, step)
        decrement, longest = 0.0, 0.0
        for i in range(size):
            step[i] *= scale[i]
            decrement += step[i] * gradient[i]
            longest = max(longest, abs(step[i]))
        if not decrement > 1e-23:
            break
        length = min(1.0, 2.0 / longest)
        moved = False
        while length > 1e-6:
            for z in range(codes):
                new_alpha[z] = alpha[z] - length * step[z * one]
                for j in range(width):
                    new_eta[z, j] = eta[z, j] - length * step[z * one + 1 + j]
                for i in range(blocks):
                    _normalise(new_eta[z, ends[i] : ends[i + 1]])
            _normalise(new_alpha)
            logs = _terms(a, own, new_eta)
            reached = likelihood(p, logs, new_alpha, other)
            if reached <= value - 1e-4 * length * decrement + ROUNDING * (1.0 + abs(value)):
                moved = True
                break
            length *= 0.4
        if not moved:
            break
        alpha, new_alpha = new_alpha, alpha
        eta, new_eta = new_eta, eta
        r, other, value = other, r, reached
        for z in range(codes):
            q[z] = math.exp(alpha[z])
            for j in range(width):
                t[z, j] = math.exp(eta[z, j])
        if decrement < 1e-21:
            break
    return value


@kernel(fastmath=False, error_model="numpy")
def _normalise(eta):
    """eta <- eta - log sum exp(eta), entries of at least -690."""
    top = eta.max()
    total = 0.0
    for j in range(eta.size):
        total += math.exp(eta[j] - top)
    top += math.log(total)
    for j in range(eta.size):
        eta[j] = max(eta[j] - top, -690.0)


@kernel(fastmath=False, error_model="numpy")
def relax(p, a, own, sums, ends, q, t, steps, weighings, near):
    """Better weights and codes: (q, t, whether `weighings` steps sufficed, or there are few codes).

    Two codes `near` each other make a valley that Newton follows slowly: their moments hardly tell them from other
    pairs on the same line. Weights are linear in the measure, so points on that line let the weights' step jump.
    With very many codes only weights move: there G is so flat that new codes do the rest sooner than Newton.
    """
    done = weigh(p, log_terms(a, own, t), q, weighings)
    if t.size > LARGE and not done:
        return q, t, False  # weights that are still small may grow
    q, t = _kept(q, t)
    if t.size > LARGE:
        return q, t, True
    line = _lines(ends, q, t, near)
    if line.shape[0]:
        new_q, new_t = np.zeros(q.size + line.shape[0]), np.empty((q.size + line.shape[0], t.shape[1]))
        assign(new_q, q)
        assign_matrix(new_t, t)
        assign_matrix(new_t[q.size :], line)
        weigh(p, log_terms(a, own, new_t), new_q, weighings)
        q, t = _kept(new_q, new_t)
    newton(p, a, own, sums, ends, q, t, steps)
    q, t = merge(q, t)
    return q, t, True


@kernel(fastmath=False, error_model="numpy")
def _kept(q, t):
    keep = q > 1e-13
    return merge(q[keep] / q[keep].sum(), t[keep])


@kernel(fastmath=False, error_model="numpy")
def _distance(s, t):
    """Hellinger's, up to a factor: it is uniform in the width of a code's likelihood."""
    total = 0.0
    for j in range(s.size):
        total += (math.sqrt(s[j]) - math.sqrt(t[j])) ** 2
    return math.sqrt(total)


@kernel(fastmath=False, error_model="numpy")
def _nearest(q, t, z, alive):
    """The nearest other code with at least as much weight, and its distance."""
    nearest, which = math.inf, -1
    for y in range(q.size):
        if alive[y] and y != z and (q[y] > q[z] or (q[y] == q[z] and y < z)):
            distance = _distance(t[z], t[y])
            if distance < nearest:
                nearest, which = distance, y
    return nearest, which


@kernel(fastmath=False, error_model="numpy")
def _lines(ends, q, t, near):
    """Points on the lines (in log t) through each code and its nearest heavier one, if they are `near`."""
    places = np.array([-9.0, -5.0, -3.0, -2.0, -1.0, -0.5, 0.25, 0.5, 0.75, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0])
    out = np.empty((q.size * places.size, t.shape[1]))
    n = 0
    alive = np.ones(q.size, dtype=np.bool_)
    for z in range(q.size):
        distance, y = _nearest(q, t, z, alive)
        if distance < near:
            for place in places:
                if abs(place) * distance < 0.4:
                    for j in range(t.shape[1]):
                        out[n, j] = math.log(t[y, j]) + place * (math.log(t[z, j]) - math.log(t[y, j]))
                    for i in range(ends.size - 1):
                        _normalise(out[n, ends[i] : ends[i + 1]])
                    n += 1
    return np.exp(out[:n])


@kernel(fastmath=False, error_model="numpy")
def merge(q, t):
    """Codes that are equal up to 1e-6 are one."""
    alive = np.ones(q.size, dtype=np.bool_)
    for z in np.argsort(q):
        distance, y = _nearest(q, t, z, alive)
        if distance < 1e-6:
            total = q[y] + q[z]
            for j in range(t.shape[1]):
                t[y, j] = (q[y] * t[y, j] + q[z] * t[z, j]) / total
            q[y] = total
            alive[z] = False
    return q[alive], t[alive]


@kernel(fastmath=False, error_model="numpy")
def log_masses(a, q, t):
    """Log m_w."""
    logs = log_terms(a, np.zeros_like(a), t)
    out = np.empty(a.shape[0])
    for w in range(a.shape[0]):
        top, total = -math.inf, 0.0
        for z in range(q.size):
            if q[z] > 0.0:
                logs[w, z] += math.log(q[z])
                top = max(top, logs[w, z])
        for z in range(q.size):
            if q[z] > 0.0:
                total += math.exp(logs[w, z] - top)
        out[w] = top + math.log(total)
    return out


@kernel(fastmath=False, error_model="numpy")
def witness(p, a, ends, q, t):
    """The codes' posteriors[w, z] with their weights and best codes, idle codes left out, and L at q and t.

    L at those weights and codes is at most what this encoder achieves, relaxed or not.
    """
    count, width = a.shape
    posterior = np.empty((count, q.size))
    value = likelihood(p, log_terms(a, np.zeros_like(a), t), np.log(q), posterior)
    weights = np.zeros(q.size)
    for w in range(count):
        for z in range(q.size):
            weights[z] += p[w] * posterior[w, z]
    keep = weights > 0.0
    posterior, weights = np.ascontiguousarray(posterior[:, keep]), weights[keep]
    codes = np.zeros((weights.size, width))
    for z in range(weights.size):
        for w in range(count):
            share = p[w] * posterior[w, z] / weights[z]
            for j in range(width):
                codes[z, j] += share * a[w, j]
        for i in range(ends.size - 1):
            total = codes[z, ends[i] : ends[i + 1]].sum()
            for j in range(ends[i], ends[i + 1]):
                codes[z, j] = max(codes[z, j] / total, FLOOR) if total > 0.0 else 1.0 / (ends[i + 1] - ends[i])
    return posterior, weights, codes, value
