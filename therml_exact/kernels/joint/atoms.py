"""The inner mixture over pairs of a theta and its encoder e, at a fixed slope b (nats).

    V(b) = min over q(theta), e_theta of  - sigma sum_t p_t log sum_theta q_theta exp(-cost(e_theta, t)/sigma)
    cost(e, t) = sum_xy n_xy(t) c_xy(e),     c_xy(e) = sum_z e_xz [rho log e_xz + beta_xyz],     beta_xyz = b_zx + b_zy

An atom is an encoder e[x, z] with a weight q. The problem is convex in the measure on encoders. With
m_t = sum_theta q_theta exp(-cost/sigma) and lambda_t = -sigma log m_t the gradient function is

    G(e) = sum_t p_t exp((lambda_t - cost(e, t))/sigma),

q is optimal if and only if G <= 1 for every e, and V(b) >= sum_t p_t lambda_t - sigma log max_e G(e) for any lambda.

With one column, nz = 1, an atom is a tilt (cone.py): any numbers e[x, 0] >= 0, not rows that sum to 1.

Weights of given atoms are found by Newton (mixing.py), weights and encoders together by newton.py. The encoders move
by ascent on G: with the posterior r_t of e and its mean counts, the next encoder is e_xz ~ exp(-sum_y n_xy
beta_xyz/(rho n_x)) (a tilt: that number/e), which never lowers G; every second step is extrapolated (SQUAREM) and
kept where G grew more.

Shapes: counts[t, x ny + y], mass[t], beta[x, y, z], atoms[a, x, z], q[a]; logw[t] = log p_t + lambda_t/sigma.
Source: Y. Wang, JRSS B 69 (2007); R. Varadhan and C. Roland, SQUAREM (2008).
"""

import math

import numpy as np

from therml_exact.kernels.joint.newton import newton
from therml_exact.kernels.kernel import kernel
from therml_exact.kernels.mixture.mixing import weigh
from therml_exact.kernels.vectors import assign_matrix, floored_logs, joined

SEARCHED = 12  # starts from which an ascent is made in a round
NEAR = 0.1  # distance below which a start would lead to the same maximum
NOTHING = 1e-13  # weights of atoms that are dropped
ROUGH = 3  # steps of Newton while atoms are missing,
CLOSE = 30.0  # that is, while the gap is larger than this times the tolerance
ENOUGH = 1e-2  # share of the tolerance: a smaller gain ends Newton
LARGE = 300  # coordinates of the atoms: beyond, ascent alone moves them


@kernel(fastmath=False, error_model="numpy")
def letter_costs(e, beta, rho, c):
    """c_xy(e), into c[x ny + y]."""
    nx, ny, nz = beta.shape
    for x in range(nx):
        own = 0.0
        for z in range(nz):
            if e[x, z] > 0.0:
                own += rho * e[x, z] * math.log(e[x, z])
        for y in range(ny):
            value = own
            for z in range(nz):
                value += e[x, z] * beta[x, y, z]
            c[x * ny + y] = value


@kernel(fastmath=False, error_model="numpy")
def log_gradient(counts, logw, c, sigma, r):
    """log G of an encoder with letter costs c; r[t] becomes the posterior of the types."""
    types, letters = counts.shape
    top = -math.inf
    for t in range(types):
        value = 0.0
        for k in range(letters):
            value += counts[t, k] * c[k]
        r[t] = logw[t] - value / sigma
        top = max(top, r[t])
    total = 0.0
    for t in range(types):
        r[t] = math.exp(r[t] - top)
        total += r[t]
    for t in range(types):
        r[t] /= total
    return top + math.log(total)


@kernel(fastmath=False, error_model="numpy")
def logits(counts, r, beta, rho, eta):
    """eta_xz = -sum_y n_xy beta_xyz/(rho n_x) of the posterior r; an x that never occurs keeps its eta."""
    nx, ny, nz = beta.shape
    types = counts.shape[0]
    mean = np.empty(ny)
    for x in range(nx):
        total = 0.0
        for y in range(ny):
            value = 0.0
            for t in range(types):
                value += r[t] * counts[t, x * ny + y]
            mean[y] = value
            total += value
        if total <= 0.0:
            continue
        for z in range(nz):
            value = 0.0
            for y in range(ny):
                value -= mean[y] * beta[x, y, z]
            eta[x, z] = value / (rho * total) if nz > 1 else value / (rho * total) - 1.0


@kernel(fastmath=False, error_model="numpy")
def soften(eta, e):
    """e_xz ~ exp(eta_xz), row by row; a tilt is not normalised."""
    nx, nz = eta.shape
    for x in range(nx):
        if nz == 1:
            e[x, 0] = math.exp(min(eta[x, 0], 600.0))
            continue
        top = -math.inf
        for z in range(nz):
            top = max(top, eta[x, z])
        total = 0.0
        for z in range(nz):
            e[x, z] = math.exp(eta[x, z] - top)
            total += e[x, z]
        for z in range(nz):
            e[x, z] /= total


@kernel(fastmath=False, error_model="numpy")
def ascend(counts, logw, beta, rho, sigma, e, steps):
    """Move e uphill in place, at most `steps` double steps; returns log G."""
    nx, ny, nz = beta.shape
    c, r = np.empty(nx * ny), np.empty(counts.shape[0])
    eta1, eta2, eta3 = np.zeros((nx, nz)), np.zeros((nx, nz)), np.zeros((nx, nz))
    trial = np.empty((nx, nz))
    letter_costs(e, beta, rho, c)
    value = log_gradient(counts, logw, c, sigma, r)
    eta0 = floored_logs(e, 1e-300)
    for _ in range(steps):
        logits(counts, r, beta, rho, eta1)
        soften(eta1, e)
        letter_costs(e, beta, rho, c)
        log_gradient(counts, logw, c, sigma, r)
        logits(counts, r, beta, rho, eta2)
        soften(eta2, e)
        letter_costs(e, beta, rho, c)
        now = log_gradient(counts, logw, c, sigma, r)
        first, second, moved = 0.0, 0.0, 0.0
        for x in range(nx):
            shift0 = eta0[x, nz - 1] - eta1[x, nz - 1] if nz > 1 else 0.0
            shift2 = eta2[x, nz - 1] - eta1[x, nz - 1] if nz > 1 else 0.0
            for z in range(nz):
                a = eta1[x, z] - eta0[x, z] + shift0
                b = eta2[x, z] - eta1[x, z] - shift2
                first += a * a
                second += (b - a) * (b - a)
                moved = max(moved, abs(b))
                eta3[x, z] = a
        if second > 0.0 and moved > 1e-14:
            length = max(math.sqrt(first / second), 1.0)
            for x in range(nx):
                shift2 = eta2[x, nz - 1] - eta1[x, nz - 1] if nz > 1 else 0.0
                for z in range(nz):
                    a = eta3[x, z]
                    b = eta2[x, z] - eta1[x, z] - shift2
                    eta3[x, z] = eta1[x, z] - a + 2.0 * length * a + length * length * (b - a)
            soften(eta3, trial)
            letter_costs(trial, beta, rho, c)
            other = log_gradient(counts, logw, c, sigma, r)
            if other > now:
                now = other
                assign_matrix(e, trial)
            else:
                letter_costs(e, beta, rho, c)
                log_gradient(counts, logw, c, sigma, r)
        gain = now - value
        value = now
        eta0 = floored_logs(e, 1e-300)
        if moved < 1e-13 or gain < 1e-15:
            break
    return value


@kernel(fastmath=False, error_model="numpy")
def multipliers(mass, costs, q, sigma, lam):
    """lambda_t = -sigma log sum_a q_a exp(-costs[t, a]/sigma); returns sum_t p_t lambda_t."""
    types, atoms = costs.shape
    total = 0.0
    for t in range(types):
        least = math.inf
        for a in range(atoms):
            if q[a] > 0.0:
                least = min(least, costs[t, a])
        m = 0.0
        for a in range(atoms):
            if q[a] > 0.0:
                m += q[a] * math.exp((least - costs[t, a]) / sigma)
        lam[t] = least - sigma * math.log(m)
        total += mass[t] * lam[t]
    return total


@kernel(fastmath=False, error_model="numpy")
def all_costs(counts, beta, rho, atoms):
    """cost(e, t) as costs[t, a]."""
    nx, ny, _ = beta.shape
    types, count = counts.shape[0], atoms.shape[0]
    costs, c = np.empty((types, count)), np.empty(nx * ny)
    for a in range(count):
        letter_costs(atoms[a], beta, rho, c)
        for t in range(types):
            value = 0.0
            for k in range(nx * ny):
                value += counts[t, k] * c[k]
            costs[t, a] = value
    return costs


@kernel(fastmath=False, error_model="numpy")
def merge(q, atoms, near):
    """Atoms closer than `near` (largest difference of the square roots of entries) become one; returns their number."""
    count = q.size
    kept = 0
    for a in range(count):
        if not q[a] > NOTHING:
            continue
        found = -1
        for b in range(kept):
            if distance(atoms[a], atoms[b]) < near:
                found = b
                break
        if found < 0:
            q[kept] = q[a]
            assign_matrix(atoms[kept], atoms[a])
            kept += 1
        else:
            total = q[found] + q[a]
            for x in range(atoms.shape[1]):
                for z in range(atoms.shape[2]):
                    atoms[found, x, z] = (q[found] * atoms[found, x, z] + q[a] * atoms[a, x, z]) / total
            q[found] = total
    return kept


@kernel(fastmath=False, error_model="numpy")
def promising(counts, logw, beta, rho, sigma, atoms, starts, most):
    """At most `most` of the starts: those of largest G, no two near each other, none near an atom."""
    nx, ny, _ = beta.shape
    c, r = np.empty(nx * ny), np.empty(counts.shape[0])
    values = np.empty(len(starts))
    for k in range(len(starts)):
        letter_costs(starts[k], beta, rho, c)
        values[k] = log_gradient(counts, logw, c, sigma, r)
    chosen, count = np.empty_like(starts[:most]), 0
    for k in np.argsort(-values):
        near = False
        for a in range(len(atoms)):
            near = near or distance(starts[k], atoms[a]) < NEAR
        for a in range(count):
            near = near or distance(starts[k], chosen[a]) < NEAR
        if not near:
            assign_matrix(chosen[count], starts[k])
            count += 1
            if count == len(chosen):
                break
    return chosen[:count].copy()


@kernel(fastmath=False, error_model="numpy")
def distance(e, other):
    """The largest difference of the square roots of entries."""
    far = 0.0
    for x in range(e.shape[0]):
        for z in range(e.shape[1]):
            far = max(far, abs(math.sqrt(e[x, z]) - math.sqrt(other[x, z])))
    return far


@kernel(fastmath=False, error_model="numpy")
def solve_atoms(counts, mass, beta, rho, sigma, start, starts, tol, rounds, lam):
    """Weights and encoders of the least V: (q, atoms, value, gap that the local maxima of G leave open).

    start[a, x, z]: atoms to begin with; starts[k, x, z]: encoders among which those of large G are improved in every
    round, so that few local maxima are overlooked. lam[t] is filled in.
    """
    nx, _, nz = beta.shape
    types = counts.shape[0]
    atoms = start.copy()
    q = np.full(len(atoms), 1.0 / len(atoms))
    e, logw = np.empty((nx, nz)), np.empty(types)
    value, gap, thorough = 0.0, math.inf, False
    for _ in range(rounds):
        weigh(mass, all_costs(counts, beta, rho, atoms) / -sigma, q, 30)
        kept = merge(q, atoms, 1e-3)
        q, atoms = q[:kept].copy(), atoms[:kept].copy()
        if kept * nx * max(nz - 1, 1) <= LARGE:
            newton(counts, mass, beta, rho, sigma, q, atoms, 30 if thorough else ROUGH, ENOUGH * tol / sigma)
        value = multipliers(mass, all_costs(counts, beta, rho, atoms), q, sigma, lam)
        for t in range(types):
            logw[t] = math.log(mass[t]) + lam[t] / sigma
        tried = joined(atoms, promising(counts, logw, beta, rho, sigma, atoms, starts, SEARCHED))
        fresh, new = np.zeros(len(tried), dtype=np.bool_), np.empty_like(tried)
        best = 0.0
        for k in range(len(tried)):
            assign_matrix(e, tried[k])
            found = ascend(counts, logw, beta, rho, sigma, e, 30)
            assign_matrix(new[k], e)
            if sigma * found > 0.3 * tol:
                # After a few steps only, atoms are not at their maxima yet: Newton moves them.
                fresh[k] = thorough or k >= len(atoms)
                best = max(best, found)
        gap = sigma * best
        if gap <= tol:
            break
        more = new[fresh]
        thorough = gap <= CLOSE * tol or len(more) == 0
        atoms = joined(atoms, more)
        q = joined(q, np.full(len(more), 1e-3 / max(len(more), 1)))
        q /= q.sum()
    return q, atoms, value, gap
