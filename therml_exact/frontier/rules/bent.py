"""The frontier is bent inwards in S: the smallest example, and its proof for all alphabets (nats).

|Phi| = |X| = 1, Y a fair bit, N = 1; Theta, Z, the rule p(theta|y) and the encoder p(z|theta) are free. L = log 2.
E0 = (R, C, S) = (0, L, 0) is achieved by a constant Theta, E1 = (L, 0, L) by Z = Theta = Y.

*Claim.* With e = 1/80 no rule has R, C and S all <= L/2 + e: every achievable point is farther than 1/80 from the
midpoint of E0 and E1 in one coordinate at least, so also in Euclidean distance; and so is everything above one.

*Proof.* Suppose one has. Any q's only increase the functionals, so take the optimal ones: R = I(Z;Theta),
C = H(Y|Z), S = I(Y;Theta), with the Markov chain Y - Theta - Z.

1. I(Y;Z) = L - C >= L/2 - e. By the chain I(Z;Theta|Y) = R - I(Y;Z) <= 2e and I(Y;Theta|Z) = S - I(Y;Z) <= 2e.

2. Both are mean divergences from p(theta|y,z), to P_y = p(.|y) and to P_z = p(.|z), and for any p, a, b
   KL(p||a) + KL(p||b) = 2 KL(p||sqrt(ab)) >= -2 log sum sqrt(ab). Let d(a, b) = arccos sum sqrt(ab), the angle between
   the unit vectors sqrt(a), sqrt(b): a metric, and -2 log cos d >= d^2 (since tan d >= d). Hence
   4e >= E d(P_Y, P_Z)^2.

3. Fix z and u = P(Y = 1|z). d(P_0, P_z) + d(P_1, P_z) >= D = d(P_0, P_1), and the least of
   (1 - u) d_0^2 + u d_1^2 with d_0 + d_1 >= D is u (1 - u) D^2. Hence 4e >= D^2 E u_Z (1 - u_Z).

4. As a function of v = u (1 - u) the binary entropy h is increasing and concave, dh/dv = 2 artanh(x)/x with
   x = 1 - 2u, which grows with x^2 = 1 - 4v. In particular h >= 4 L v.

5. D: let s = P(Y = 1|theta). sum sqrt(P_0 P_1) = E 2 sqrt(s (1 - s)), whose square is at most E 4 s (1 - s)
   <= H(Y|Theta)/L = (L - S)/L <= (L - I(Y;Z))/L = C/L <= 1/2 + e/L = 0.518034. So cos 2D <= 0.036068 and D >= 0.76735.

6. E h(u_Z) = C = L - I(Y;Z) >= L - S >= L/2 - e > 0.33407 > h(0.104) (= 0.33379). By 4 and Jensen
   E u_Z (1 - u_Z) > 0.104 * 0.896 = 0.09318.

7. Together 0.05 = 4e >= 0.76735^2 * 0.09318 > 0.0548. Contradiction. []

*The whole segment.* At t from E0 to E1, the point (tL, (1 - t)L, tL), the same steps give cos D <= sqrt(1 - t + e/L)
and E h(u_Z) >= (1 - t)L - e: no rule comes within e where D^2 v > 4e, v = u (1 - u) at h(u) = (1 - t)L - e.
`least_excess` is the e at which the two sides are equal; at t = 1/2 it is 0.0136.

*With two codes.* Where Z is a bit, any Theta, `excess` of the JointProblem brackets the least excess over the midpoint:
at least 0.06355, at most 0.06357.

`bent` is the problem with a finite dictionary: encoders p(z|theta) on the grid k/(size - 1), Z a bit. The cells of
caps.py prove the midpoint impossible for it, with a certificate and a larger distance.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from therml_exact.frontier.rules.problem import LearningRuleProblem

MIDPOINT = {"R": math.log(2) / 2, "C": math.log(2) / 2, "S": math.log(2) / 2}


def bent(size: int = 17) -> LearningRuleProblem:
    """The problem with Y a fair bit, one letter of X, N = 1 and `size` encoders p(z = 1|theta) = k/(size - 1)."""
    encoders = np.empty((size, 1, 2), dtype=object)
    for k in range(size):
        encoders[k, 0] = 1 - Fraction(k, size - 1), Fraction(k, size - 1)
    half = Fraction(1, 2)
    return LearningRuleProblem([Fraction(1)], [[Fraction(1)]], [[[half, half]]], 1, encoders)


def least_excess(t: float) -> float:
    """An e such that each rule, over any alphabets, exceeds (R, C, S) = (t, 1 - t, t) log 2 by e in one of the three.

    It is the root of D^2 v = 4e, nats, less 1e-9 for the rounding: the left side falls with e and the right one grows.
    ValueError: t is not in [0, 1].

    >>> round(least_excess(0.5), 4)
    0.0136
    """
    from scipy.optimize import brentq

    if not 0 <= t <= 1:
        raise ValueError(f"t is {t!r}; it is the place on the segment, from 0 to 1")
    L = math.log(2)

    def entropy(u: float) -> float:
        """The binary entropy h(u), nats."""
        return -u * math.log(u) - (1 - u) * math.log1p(-u)

    def sides(e: float) -> float:
        """D^2 v - 4e of the module's proof, at its bounds of D and v."""
        angle = math.acos(math.sqrt(min(1.0, 1 - t + e / L)))
        left = (1 - t) * L - e
        u = brentq(lambda u: entropy(u) - left, 1e-300, 0.5, xtol=1e-15) if 0 < left < L else 0.5 * (left > 0)
        return angle**2 * u * (1 - u) - 4 * e

    end = min(t, 1 - t) * L
    return max(0.0, float(brentq(sides, 0.0, end, xtol=1e-13)) - 1e-9) if end else 0.0
