"""Newton for weights and encoders together, where the atoms are known roughly (nats).

    minimise  L = - sum_t p_t log sum_a q_a exp(-cost(e_a, t)/sigma) + sum_a q_a - 1

over alpha = log q and the logits eta of e (the last of each row is 0; a tilt, nz = 1, is exp(eta)): the sum of q is 1
at the minimum by itself. With the posterior r_ta, f_ta = d(-cost/sigma)/d eta, w_ta = (1, f_ta), and u_t = (r_ta
w_ta) over all a, the Hessian is

    sum_t p_t u_t u_t^T - blocks of sum_t p_t r_ta w_ta w_ta^T + diag(q_a; (rho n_ax/sigma) (diag e - e e^T)),

n_ax the mean count of x at a, up to terms that vanish with the gradient. Where it is not positive definite a multiple
of its last part makes it so (Levenberg). Steps are halved until L falls. Shapes: as in atoms.py; q and atoms are
changed in place.
"""

import math

import numpy as np

from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.mixture.mixing import factor, gram, likelihood, substitute
from therml_exact.kernels.vectors import assign_matrix


@kernel(fastmath=False, error_model="numpy")
def _logs(counts, beta, rho, sigma, atoms, logs, slopes):
    """-cost/sigma into logs[t, a], and f_ta into slopes[t, a, k]."""
    nx, ny, nz = beta.shape
    types, count, free = counts.shape[0], atoms.shape[0], max(nz - 1, 1)
    c, d = np.empty(nx * ny), np.empty((nx * ny, free))
    for a in range(count):
        for x in range(nx):
            own = 0.0
            for z in range(nz):
                if atoms[a, x, z] > 0.0:
                    own += rho * atoms[a, x, z] * math.log(atoms[a, x, z])
            for y in range(ny):
                mean = own
                for z in range(nz):
                    mean += atoms[a, x, z] * beta[x, y, z]
                c[x * ny + y] = mean
                for z in range(free):
                    p = atoms[a, x, z]
                    log = math.log(p) if p > 0.0 else 0.0
                    d[x * ny + y, z] = p * (rho * log + beta[x, y, z] - (mean if nz > 1 else -rho))
        for t in range(types):
            value = 0.0
            for k in range(nx * ny):
                value += counts[t, k] * c[k]
            logs[t, a] = -value / sigma
            for x in range(nx):
                for z in range(free):
                    value = 0.0
                    for y in range(ny):
                        value += counts[t, x * ny + y] * d[x * ny + y, z]
                    slopes[t, a, x * free + z] = -value / sigma


@kernel(fastmath=False, error_model="numpy")
def _moved(alpha, atoms, step, length, one, new_alpha, new_atoms):
    """The point at `length` along the step, weights normalised."""
    count, nx, nz = atoms.shape
    total = 0.0
    for a in range(count):
        new_alpha[a] = alpha[a] + max(min(length * step[a * one], 20.0), -20.0)
        total += math.exp(new_alpha[a])
        for x in range(nx):
            if nz == 1:
                new_atoms[a, x, 0] = atoms[a, x, 0] * math.exp(length * step[a * one + 1 + x])
                continue
            top = 0.0
            for z in range(nz - 1):
                top = max(top, length * step[a * one + 1 + x * (nz - 1) + z])
            rest = 0.0
            for z in range(nz):
                shift = length * step[a * one + 1 + x * (nz - 1) + z] if z < nz - 1 else 0.0
                new_atoms[a, x, z] = atoms[a, x, z] * math.exp(shift - top)
                rest += new_atoms[a, x, z]
            for z in range(nz):
                new_atoms[a, x, z] /= rest
    for a in range(count):
        new_alpha[a] -= math.log(total)


@kernel(fastmath=False, error_model="numpy")
def newton(counts, mass, beta, rho, sigma, q, atoms, steps, enough):
    """At most `steps` steps, in place, until one gains less than `enough`; returns L."""
    nx, ny, nz = beta.shape
    types, count = counts.shape[0], q.size
    free = max(nz - 1, 1)
    width = nx * free
    one = 1 + width
    size = count * one
    alpha = np.log(q)
    logs, slopes = np.empty((types, count)), np.empty((types, count, width))
    r, u = np.empty((types, count)), np.empty((types, size))
    plain, h, metric = np.empty((size, size)), np.empty((size, size)), np.empty(size)
    slope, step = np.empty(size), np.empty(size)
    new_alpha, new_atoms, seen = np.empty(count), np.empty_like(atoms), np.empty(nx)
    _logs(counts, beta, rho, sigma, atoms, logs, slopes)
    value = likelihood(mass, logs, alpha, r)
    for _ in range(steps):
        slope[:] = 0.0
        for t in range(types):
            root = math.sqrt(mass[t])
            for a in range(count):
                u[t, a * one] = root * r[t, a]
                for k in range(width):
                    u[t, a * one + 1 + k] = root * r[t, a] * slopes[t, a, k]
        gram(u, plain)
        for a in range(count):
            i = a * one
            slope[i] = math.exp(alpha[a])
            for t in range(types):
                w = mass[t] * r[t, a]
                slope[i] -= w
                plain[i, i] -= w
                for k in range(width):
                    f = w * slopes[t, a, k]
                    slope[i + 1 + k] -= f
                    plain[i + 1 + k, i] -= f
                    for j in range(k + 1):
                        plain[i + 1 + k, i + 1 + j] -= f * slopes[t, a, j]
        for a in range(count):
            i = a * one
            plain[i, i] += math.exp(alpha[a])
            metric[i] = math.exp(alpha[a])
            for x in range(nx):
                seen[x] = 0.0
                for t in range(types):
                    n = 0.0
                    for y in range(ny):
                        n += counts[t, x * ny + y]
                    seen[x] += mass[t] * r[t, a] * n
                scale = rho * seen[x] / sigma
                for z in range(free):
                    k = i + 1 + x * free + z
                    p = atoms[a, x, z]
                    plain[k, k] += scale * p
                    metric[k] = scale * p * (1.0 - p if nz > 1 else 1.0) + 1e-290
                    for v in range(z + 1 if nz > 1 else 0):
                        plain[k, i + 1 + x * free + v] -= scale * p * atoms[a, x, v]
        size_of = 0.0
        for i in range(size):
            metric[i] = 1.0 / math.sqrt(metric[i])
            size_of += (slope[i] * metric[i]) ** 2
        if size_of < 1e-28:
            break
        ridge, accepted = 0.0, False
        while ridge < 1e6:
            for i in range(size):
                for j in range(i + 1):
                    h[i, j] = plain[i, j] * metric[i] * metric[j]
                h[i, i] += ridge
            if factor(h, size, 1e-13):
                for i in range(size):
                    step[i] = -slope[i] * metric[i]
                substitute(h, size, step)
                descent, longest = 0.0, 0.0
                for i in range(size):
                    step[i] *= metric[i]
                    descent += step[i] * slope[i]
                    longest = max(longest, abs(step[i]))
                length = min(1.0, 4.0 / longest) if longest > 0.0 else 1.0
                for _half in range(4):
                    _moved(alpha, atoms, step, length, one, new_alpha, new_atoms)
                    _logs(counts, beta, rho, sigma, new_atoms, logs, slopes)
                    now = likelihood(mass, logs, new_alpha, r)
                    if now <= value + 1e-4 * length * descent + 2e-16 * (1.0 + abs(value)):
                        accepted = True
                        break
                    length *= 0.4
                if accepted:
                    break
            ridge = max(4.0 * ridge, 1e-3)
        if not accepted:
            _logs(counts, beta, rho, sigma, atoms, logs, slopes)
            value = likelihood(mass, logs, alpha, r)
            break
        gain = value - now
        value = now
        alpha, new_alpha = new_alpha, alpha
        for a in range(count):
            assign_matrix(atoms[a], new_atoms[a])
        if gain < enough or (gain < 1e-16 * (1.0 + abs(value)) and longest < 1e-7):
            break
    for a in range(count):
        q[a] = math.exp(alpha[a])
    return value
