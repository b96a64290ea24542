"""The four rules by which a certificate's leaf is proved in ball arithmetic: log G <= level on a cell (nats).

    `chord`      takes G at the linear interpolation of entropy (kernels/mixture/cells.py has the statement and its
    proof) `quadratic`  takes a quadratic above log G about the middle of the cell (kernels/mixture/quadratic.py)
    `Ellipsoid`  takes the same about a code, over an ellipsoid that holds the cell (ellipsoids.py)
    `series`     takes a power series with Cauchy's remainder, for one binary block (kernels/mixture/series.py)

The formulas are those of the kernels' docstrings, in another arithmetic; no code is shared. The module is one thing,
the four rules over one `Gradient`, and is longer than most for that reason.

A cell is a list of blocks (u, t, beta, entropies, b), all of balls but beta:
    u[p, k]         the vertices p in barycentric coordinates of the root's vertices k
    t[p, j]         the vertices as distributions
    beta[k, p]      exact integers: the value at the root's vertex k of the cell's p-th barycentric coordinate
    entropies[p]    the entropy of each vertex, in nats
    b[k]            the value at the root's vertex k of the linear function that interpolates those entropies
No error is raised here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product
from typing import Any

from flint import arb, arb_mat, arb_poly

from therml_exact.frontier.problems.mixture import Mixture
from therml_exact.numbers.balls import ONE, ZERO, ball, dot, plogp

ORDER = 32  # the number of coefficients of the power series

Balls = list[arb]
Cell = list[Any]


def root_cell(m: Mixture) -> Cell:
    """Return the cell that is the product of the root simplices."""
    cell = []
    for block in m.blocks:
        k = len(block.root)
        t = [[ball(v) for v in row] for row in block.root]
        beta = [[int(i == j) for j in range(k)] for i in range(k)]
        entropies = [sum((plogp(v) for v in row), ZERO) for row in t]
        cell.append(([[arb(v) for v in row] for row in beta], t, beta, entropies, list(entropies)))
    return cell


def halve(block: Any, gone: int, kept: int) -> Any:
    """Return the block (u, t, beta, entropies, b) with the vertex `gone` moved to the middle of its edge to `kept`."""
    u, t, beta, entropies, b = block
    u, t, beta, entropies = list(u), list(t), [list(row) for row in beta], list(entropies)
    u[gone] = [(x + y) / 2 for x, y in zip(u[gone], u[kept], strict=True)]
    t[gone] = [(x + y) / 2 for x, y in zip(t[gone], t[kept], strict=True)]
    middle = sum((plogp(v) for v in t[gone]), ZERO)
    gap = middle - (entropies[gone] + entropies[kept]) / 2
    entropies[gone] = middle
    for row in beta:
        row[kept] -= row[gone]
        row[gone] *= 2
    return u, t, beta, entropies, [x + row[gone] * gap for x, row in zip(b, beta, strict=True)]


class Gradient:
    """The function G(t) = (sum_x (sum_{w of x} exp(lam_w) prod t^a_w)^s)^(1/s) of a mixture, and its rules, in balls.

    mixture    the likelihood problem
    lam        the dual variables, a column [w, 1]
    members    the letters w of each group x
    power      s = 1/(1 - delta), or 1 if there is one group
    rows, a    the exponents [w, j] over the coordinates of all blocks, as lists and as a matrix
    a_root     the exponents [w, k] in barycentric coordinates of the roots
    spans      for each block, the range of its coordinates j
    sum        the common sum of all letters' exponents if `series` applies, else None
    """

    def __init__(self, m: Mixture, lam: Sequence[float]) -> None:
        self.mixture = m
        self.lam = arb_mat(len(lam), 1, [arb(v) for v in lam])
        self.members = [[w for w, g in enumerate(m.groups) if g == x] for x in sorted(set(m.groups))]
        if not m.delta:
            self.members = [list(range(len(lam)))]
        self.power = ball(1 / (1 - m.delta)) if len(self.members) > 1 else ONE  # one group: G does not depend on s
        rows = [[ball(m.multiplier * v) for b in m.blocks for v in b.rows[w]] for w in range(len(lam))]
        self.a = arb_mat(rows)
        self.rows = rows
        self.a_root = arb_mat(
            [[ball(m.multiplier * v) for b in m.blocks for v in b.coordinates[w]] for w in range(len(lam))]
        )
        self.spans: list[range] = []
        for block in m.blocks:
            at = self.spans[-1].stop if self.spans else 0
            self.spans.append(range(at, at + len(block.root[0])))
        # Series are for one binary block with exponents of one sum.
        sums = {sum(row) for row in m.blocks[0].rows}
        single = len(m.blocks) == 1 and len(self.spans[0]) == 2 and len(m.blocks[0].root) == 2 and len(sums) == 1
        self.sum = ball(m.multiplier * sums.pop()) if single and len(self.members) == 1 else None

    def chord(self, cell: Cell, level: arb) -> bool:
        """Return whether the interpolation of entropy proves log G <= level on the cell."""
        return self._is_below(self._terms(self.a_root, [-v for block in cell for v in block[4]]), level)

    def below(self, log: Balls, level: arb) -> bool:
        """Return whether log G <= level at a point t, whose logarithms are given; t need not sum to 1."""
        return self._is_below(self._terms(self.a, log), level)

    def _is_below(self, terms: Balls, level: arb) -> bool:
        """Return whether log G <= level where the letters have these terms of G."""
        if len(self.members) == 1:
            return bool(sum(terms, ZERO) <= level.exp())
        sums = [sum((terms[w] for w in of), ZERO) ** self.power for of in self.members]
        return bool(sum(sums, ZERO) <= (level * self.power).exp())

    def _terms(self, a: arb_mat, log: Balls) -> Balls:
        """Return exp(lam_w + a_w . log) for each letter w."""
        return [z.exp() for z in (self.lam + a * arb_mat(len(log), 1, log)).entries()]

    def posterior(self, log0: Balls) -> tuple[arb, Balls, Balls, Balls, list[Balls]]:
        """Return log G, r[w] = r_{w|x}, share[x] = R_x, mean = abar and means[x] = abar_x at the point log t = log0.

        The names are those of kernels/mixture/quadratic.py.
        """
        terms = self._terms(self.a, log0)
        r, share, means = [ZERO] * len(terms), [], []
        for of in self.members:
            total = sum((terms[w] for w in of), ZERO)
            for w in of:
                r[w] = terms[w] / total
            share.append(total**self.power)
            means.append([dot([r[w] for w in of], [self.rows[w][j] for w in of]) for j in range(len(log0))])
        total = sum(share, ZERO)
        share = [x / total for x in share]
        mean = [dot(share, column) for column in zip(*means, strict=True)]
        return total.log() / self.power, r, share, mean, means

    def model(self, about: Any, x: list[Balls], lo: Balls, hi: Balls, most: Callable[[Balls], arb]) -> arb_mat:
        """Return the matrix form[p, q] of the quadratic above log G, whose derivation kernels/mixture/quadratic.py has.

        about     what `posterior` returned at the point t0
        x         [p, j]: the vertices, or the axes, as relative steps t/t0 - 1
        lo, hi    [j]: between which such a step lies
        most      takes the products c.x[p] and returns the largest c.x in the cell or the ellipsoid
        """
        _, r, share, mean, means = about
        columns = arb_mat(list(zip(*x, strict=True)))
        ymax = arb_mat(len(lo), 1, [_excess(p).max(_excess(q)) for p, q in zip(lo, hi, strict=True)])
        low = [_psi(v) / 2 for v in lo]
        eps = arb(2) ** -900
        for half, p, q in zip(low, lo, hi, strict=True):
            eps = eps.max(half * (-p).max(q))

        def spread(c: list[Balls]) -> tuple[arb_mat, arb_mat, Balls, Balls]:
            """Return c.x, |c|, |c|.ymax and upper bounds of c.v, for each row c of a list."""
            row, size = arb_mat(c) * columns, arb_mat([[abs(v) for v in line] for line in c])
            sizes, drift = (size * ymax).entries(), (arb_mat(c) * ymax).entries()
            tops = [most(line) + (p - q) / 2 for line, p, q in zip(row.tolist(), sizes, drift, strict=True)]
            return row, size, sizes, tops

        def squares(of: tuple[arb_mat, arb_mat, Balls, Balls], weights: Balls) -> tuple[arb_mat, arb_mat]:
            """Return the weighted sums over the rows c of (c.x)^2 and of |c|.ymax |c|."""
            row, size, sizes, _ = of
            scaled = arb_mat([[w * v for v in line] for w, line in zip(weights, row.tolist(), strict=True)])
            lost = [w * v for w, v in zip(weights, sizes, strict=True)]
            return row.transpose() * scaled, size.transpose() * arb_mat(len(lost), 1, lost)

        form, lost = arb_mat(len(x), len(x)), arb_mat(len(lo), 1)
        between = spread([[p - q for p, q in zip(line, mean, strict=True)] for line in means])
        if len(share) > 1:
            weights = [self.power * p * _phi(self.power * z) for p, z in zip(share, between[3], strict=True)]
            form, lost = squares(between, weights)
        for g, of in enumerate(self.members):
            within = spread([[p - q for p, q in zip(self.rows[w], means[g], strict=True)] for w in of])
            factor = share[g]
            if len(share) > 1:
                grown = dot([r[w] for w in of], [z.exp() for z in within[3]])
                factor *= grown**self.power * (self.power * between[3][g]).exp()
            more = squares(within, [factor * r[w] * _phi(z) for w, z in zip(of, within[3], strict=True)])
            form, lost = form + more[0], lost + more[1]
        diagonal = [(1 + 1 / eps) * p * q - v * _psi(z)
                    for p, q, v, z in zip(low, lost.entries(), mean, hi, strict=True)]  # fmt: skip
        scaled = arb_mat([[v * d for v, d in zip(line, diagonal, strict=True)] for line in x])
        return form * (1 + eps) + scaled * columns

    def quadratic(self, cell: Cell, level: arb) -> bool:
        """Return whether the quadratic about the middle of the cell proves log G <= level on it."""
        x: list[Balls] = []
        log0: Balls = []
        lo: Balls = []
        hi: Balls = []
        width = self.spans[-1].stop
        for span, block in zip(self.spans, cell, strict=True):
            lines: list[Balls] = [[ZERO] * width for _ in block[1]]
            for j, column in zip(span, zip(*block[1], strict=True), strict=True):
                if any(t == 0 for t in column):
                    largest = column[0]
                    for t in column[1:]:
                        largest = largest.max(t)
                    log0.append(largest.log())
                    lo.append(ZERO)
                    hi.append(ZERO)
                    continue
                middle = sum(column, ZERO) / len(column)
                least = most = ZERO
                for line, t in zip(lines, column, strict=True):
                    line[j] = t / middle - 1
                    least, most = least.min(line[j]), most.max(line[j])
                log0.append(middle.log())
                lo.append(least)
                hi.append(most)
            x += lines
        starts = [0]
        for block in cell:
            starts.append(starts[-1] + len(block[1]))
        vertices = [range(p, q) for p, q in pairwise(starts)]

        def most_of(row: Balls) -> arb:
            """Return the largest value over the cell of the linear function with these values at the vertices."""
            total = ZERO
            for span in vertices:
                best = row[span[0]]
                for p in span[1:]:
                    best = best.max(row[p])
                total += best
            return total

        about = self.posterior(log0)
        form = self.model(about, x, lo, hi, most_of).tolist()
        slope = [dot(line, about[3]) for line in x]
        room = level - about[0]
        combined = list(product(*vertices))
        if all(sum((slope[p] + slope[q] for p, q in zip(one, two, strict=True)), ZERO)
               + sum((form[p][q] for p in one for q in two), ZERO) <= 2 * room
               for i, one in enumerate(combined) for two in combined[: i + 1]):  # fmt: skip
            return True
        # From the last vertex of each block; the middle of the cell is x = 0.
        free = [(p, span[-1]) for span in vertices for p in span[:-1]]
        edges = [[form[p][q] - form[p][n] - form[z][q] + form[z][n] for q, n in free] for p, z in free]
        return below_summit([slope[p] - slope[z] for p, z in free], edges, room)

    def series(self, cell: Cell, level: arb) -> bool:
        """Return whether the power series about the middle of the interval proves log G <= level on the cell."""
        if self.sum is None:
            return False
        ends = [row[0] for row in cell[0][1]]
        if not all(0 < t < 1 for t in ends):
            return False
        logits = [(t / (1 - t)).log() for t in ends]
        middle, h = (logits[0] + logits[1]) / 2, abs(logits[0] - logits[1]) / 2
        t0 = 1 / (1 + (-middle).exp())
        v, m = t0 * (1 - t0), self.sum
        rho = (4 / (m * v).sqrt()).min(arb(1.2))
        height, r, _, mean, _ = self.posterior([t0.log(), (1 - t0).log()])
        base = 1 - v * rho**2 * _phi(rho) / 2
        if not (h < rho and base > 0):
            return False
        d = [row[0] - mean[0] for row in self.rows]
        grown = dot(r, [(abs(x) * rho).exp() for x in d]) * (abs(mean[0] - m * t0) * rho).exp() * base ** (-m)
        rest = grown * (h / rho) ** ORDER / (1 - h / rho)
        d = [x * h for x in d]
        moments = []
        for k in range(ORDER):
            moments.append(sum(r, ZERO))
            r = [x * y / (k + 1) for x, y in zip(r, d, strict=True)]
        g = _truncated(arb_poly(moments), arb_poly(_tilt(mean[0], m, t0, h))) - 1
        most = (level - height).exp() - 1 - rest
        return _below(g, most)


class Ellipsoid:
    """An ellipsoid about a code in which log G <= level by concavity.

    gradient     the function G
    code         the code's barycentric coordinates in the roots, the last of each block left out
    radius       the square of the ellipsoid's radius
    level        the bound, in nats

    holds_any    is False if the bound could not be proved; the ellipsoid then holds no cell
    """

    def __init__(self, gradient: Gradient, code: Sequence[float], radius: float, level: arb) -> None:
        width = gradient.spans[-1].stop
        x, t0, self.centre = [], [ZERO] * width, [arb(v) for v in code]
        at = 0
        for span, block in zip(gradient.spans, gradient.mixture.blocks, strict=True):
            root = [[ball(v) for v in row] for row in block.root]
            u = self.centre[at : at + len(root) - 1]
            for j, column in zip(span, zip(*root, strict=True), strict=True):
                t0[j] = dot(u, [v - column[-1] for v in column[:-1]]) + column[-1]
            for row in root[:-1]:
                x.append([ZERO] * width)
                for j, v, last in zip(span, row, root[-1], strict=True):
                    x[-1][j] = (v - last) / t0[j]
            at += len(u)
        self.holds_any = at == len(self.centre) and at > 0 and radius > 0 and all(t > 0 for t in t0)
        if not self.holds_any:
            return
        about = gradient.posterior([t.log() for t in t0])
        columns = list(zip(*x, strict=True))
        self.point, self.weights = t0, [v / t**2 for v, t in zip(about[3], t0, strict=True)]
        self.form = [[sum((v * p[j] * q[j] for j, v in enumerate(about[3])), ZERO) for q in x] for p in x]
        self.holds_any = positive(self.form)
        if not self.holds_any:
            return
        inverse = arb_mat(self.form).inv().tolist()
        self.radius = arb(radius)
        rho = self.radius.sqrt()
        reach = [rho * _root(_quadratic(inverse, column)) for column in columns]
        self.holds_any = all(v < 1 for v in reach)
        if not self.holds_any:
            return
        form = gradient.model(about, x, [-v for v in reach], reach,
                              lambda row: rho * _root(_quadratic(inverse, row))).tolist()  # fmt: skip
        self.holds_any = below_summit([dot(line, about[3]) for line in x], form, level - about[0])

    def holds(self, cell: Cell) -> bool:
        """Return whether the ellipsoid is proved and all vertices of the cell lie inside, and so all of the cell."""
        return self.holds_any and all(
            _quadratic(self.form, [v - c for v, c in zip([v for row in vertex for v in row[:-1]], self.centre,
            strict=True)]) <= self.radius for vertex in product(*(block[0] for block in cell)))  # fmt: skip


def _tilt(mean: arb, m: arb, t0: arb, h: arb) -> Balls:
    """Return the coefficients below z^ORDER of exp(mean h z) u(z)^-m, for u(z) = 1 + t0 (exp(h z) - 1).

    With w = mean h z - m log u this is e = exp w. From u (log u)' = u' and e' = w' e, for l = log u and u_0 = 1,
    k l_k = k u_k - sum_{0<i<k} i l_i u_{k-i}   and   k e_k = sum_{0<i<=k} i w_i e_{k-i}.
    The exponents are added before anything is raised to a power, as the two factors would cancel. Every coefficient is
    written out: no setting of flint's decides where the series ends.
    """
    u, power = [ONE], ONE
    for k in range(1, ORDER):
        power = power * h / k
        u.append(t0 * power)
    log = [ZERO]  # k l_k
    for k in range(1, ORDER):
        log.append(k * u[k] - dot(log[1:k], u[k - 1 : 0 : -1]))
    w = [-m * v for v in log]  # k w_k
    w[1] += mean * h
    e = [ONE]
    for k in range(1, ORDER):
        e.append(dot(w[1 : k + 1], e[::-1]) / k)
    return e


def _truncated(f: arb_poly, g: arb_poly) -> arb_poly:
    """Return the product of two polynomials without the powers from z^ORDER on, which the remainder covers."""
    return arb_poly(list(f * g)[:ORDER])


def below_summit(slope: Balls, form: list[Balls], room: arb) -> bool:
    """Return whether slope.c + c.form.c/2 <= room for all c, so that form is negative definite and the maximum low."""
    minus = [[-v for v in row] for row in form]
    if not positive(minus):
        return False
    column = arb_mat(len(slope), 1, slope)
    return bool(dot(slope, arb_mat(minus).solve(column).entries()) <= 2 * room)


def positive(matrix: list[Balls]) -> bool:
    """Return whether a symmetric matrix of balls is positive definite: whether its elimination's pivots are > 0."""
    rows = [list(row) for row in matrix]
    for i in range(len(rows)):
        if not rows[i][i] > 0:
            return False
        for j in range(i + 1, len(rows)):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    return True


def _below(g: arb_poly, most: arb) -> bool:
    """Return whether bisection proves that the polynomial is at most `most` on [-1, 1]."""
    stack = [(ZERO, ONE, 0)]
    while stack:
        c, b, depth = stack.pop()
        p = list(g(arb_poly([c, b])))
        p += [ZERO] * (3 - len(p))
        bound = p[0] + sum((abs(v) for v in p[3:]), ZERO)
        slope = abs(p[1])
        if slope < -2 * p[2]:
            bound += slope**2 / (-4 * p[2])
        else:
            bound += slope + (p[2] if slope >= -2 * p[2] else p[2].max(ZERO))
        if bound <= most:
            continue
        if depth > 40 or p[0] > most:
            return False
        stack += [(c + b / 2, b / 2, depth + 1), (c - b / 2, b / 2, depth + 1)]
    return True


def _quadratic(form: Any, x: Any) -> arb:
    """Return x.form.x."""
    return sum((form[i][j] * x[i] * x[j] for i in range(len(x)) for j in range(len(x))), ZERO)


def _root(x: arb) -> arb:
    """Return the root of a ball's upper end, or 0 if that is negative; the number in the ball is >= 0."""
    upper = x.upper()
    return ZERO if upper <= 0 else upper.sqrt()


def _phi(z: arb) -> arb:
    """Return 2 (exp z - 1 - z)/z^2; near 0 it is 1 + z/3 within z^2/6."""
    if abs(z) < 1e-9:
        return 1 + z / 3 + arb(0, 1) * (z * z / 6)
    return 2 * (z.exp() - 1 - z) / (z * z)


def _psi(z: arb) -> arb:
    """Return 2 (z - log(1 + z))/z^2; near 0 it is 1 - 2 z/3 within z^2."""
    if abs(z) < 1e-9:
        return 1 - 2 * z / 3 + arb(0, 1) * (z * z)
    return 2 * (z - (1 + z).log()) / (z * z)


def _excess(z: arb) -> arb:
    """Return z - log(1 + z)."""
    return z - (1 + z).log()
