"""Appendix D: every functional is its information plus the divergence of its q (nats), for arbitrary q's.

Equations (56)-(68). A divergence is written on the side where it is added, so that a q with q = 0 < p makes both sides
infinite instead of giving infinity minus infinity.
"""

from __future__ import annotations

from therml_exact.bounds.quantities import Quantities
from therml_exact.bounds.relation import Relation
from therml_exact.bounds.world_p import RCDS, intrinsic, total
from therml_exact.numbers.weights import Number

ALL = ("P", "bayes", "discriminative")


def _constants(t: Quantities) -> Number:
    """sum_i [H(X_i) + H(Y_i) - I(X_i;Phi) - I(Y_i;X_i,Phi)] of (60)."""
    i_x, i_y = (lambda i: t.by_entropies(f"X{i}", "Phi")), (lambda i: t.by_entropies(f"Y{i}", [f"X{i}", "Phi"]))
    return t.sum(lambda i: t.H(f"X{i}") + t.H(f"Y{i}") - i_x(i) - i_y(i))


RELATIONS: tuple[Relation, ...] = (
    Relation(
        56,
        "S = I(Θ;X^N,Y^N) + KL[p(θ);q(θ)]",
        r"I(\Theta;X^N,Y^N) = S - D_{\mathrm{KL}}[p(\theta);q(\theta)]",
        "=",
        lambda t: t.S,
        lambda t: t.I("Theta", t.data) + t.KL("theta"),
        needs=("theta",),
        worlds=ALL,
    ),
    Relation(
        57,
        "D_i = H(X_i) - I(X_i;Z_i) + KL[p(x_i|z_i);q(x_i|z_i)]",
        r"I(X_i;Z_i) = H(X_i) - D_i + D_{\mathrm{KL}}[p(x_i|z_i);q(x_i|z_i)]",
        "=",
        lambda t, i: t.D(i),
        lambda t, i: t.H(f"X{i}") - t.I(f"X{i}", f"Z{i}") + t.KL("x_given_z", i),
        needs=("x_given_z",),
        each=True,
    ),
    Relation(
        58,
        "C_i = H(Y_i) - I(Y_i;Z_i) + KL[p(y_i|z_i);q(y_i|z_i)]",
        r"I(Y_i;Z_i) = H(Y_i) - C_i + D_{\mathrm{KL}}[p(y_i|z_i);q(y_i|z_i)]",
        "=",
        lambda t, i: t.C(i),
        lambda t, i: t.H(f"Y{i}") - t.I(f"Y{i}", f"Z{i}") + t.KL("y_given_z", i),
        needs=("y_given_z",),
        each=True,
    ),
    Relation(
        59,
        "R_i = I(Z_i;X_i,Θ) + KL[p(z_i);q(z_i)]",
        r"I(Z_i;X_i,\Theta) = R_i - D_{\mathrm{KL}}[p(z_i);q(z_i)]",
        "=",
        lambda t, i: t.R(i),
        lambda t, i: t.I(f"Z{i}", [f"X{i}", "Theta"]) + t.KL("z", i),
        needs=("z",),
        each=True,
    ),
    Relation(
        60,
        "S + R + C + D = J + KL + Σ_i [H(X_i) + H(Y_i) - I(X_i;Φ) - I(Y_i;X_i,Φ)]",
        r"\mathcal{J} = S+D+C+R - D_{\mathrm{KL}}[p;q] - \sum_i [H(X_i)+H(Y_i)-I(X_i;\Phi)-I(Y_i;X_i,\Phi)]",
        "=",
        total,
        lambda t: t.J + t.KL_sum + _constants(t),
        needs=RCDS,
        part="a",
    ),
    Relation(
        60,
        "J >= 0",
        r"\mathcal{J} \geq 0",
        ">=",
        lambda t: t.J,
        lambda t: t.zero,
        worlds=ALL,
        part="b",
    ),
    Relation(
        61,
        "KL = KL[p(θ);q(θ)] + Σ_i (KL of q(x|z), q(y|z), q(z)) >= 0",
        r"D_{\mathrm{KL}}[p;q] \equiv D[p(\theta);q(\theta)] + \sum_i D[p(x_i|z_i);q(x_i|z_i)] + \dots \geq 0",
        ">=",
        lambda t: t.KL_sum,
        lambda t: t.zero,
        needs=RCDS,
    ),
    Relation(
        62,
        "H(X_i) - I(X_i;Φ) = H(X_i|Φ)",
        r"H(X_i) - I(X_i;\Phi) = H(X_i|\Phi)",
        "=",
        lambda t, i: t.H(f"X{i}") - t.I(f"X{i}", "Phi"),
        lambda t, i: t.H(f"X{i}", "Phi"),
        each=True,
        worlds=ALL,
    ),
    Relation(
        63,
        "H(Y_i) - I(Y_i;X_i,Φ) = H(Y_i|X_i,Φ)",
        r"H(Y_i) - I(Y_i;X_i,\Phi) = H(Y_i|X_i,\Phi)",
        "=",
        lambda t, i: t.H(f"Y{i}") - t.I(f"Y{i}", [f"X{i}", "Phi"]),
        lambda t, i: t.H(f"Y{i}", [f"X{i}", "Phi"]),
        each=True,
        worlds=("P", "discriminative"),
    ),
    Relation(
        64,
        "H(Y_i|X_i,Φ) + H(X_i|Φ) = H(X_i,Y_i|Φ)",
        r"H(Y_i|X_i,\Phi) + H(X_i|\Phi) = H(Y_i,X_i|\Phi)",
        "=",
        lambda t, i: t.H(f"Y{i}", [f"X{i}", "Phi"]) + t.H(f"X{i}", "Phi"),
        lambda t, i: t.mean_entropy([f"X{i}", f"Y{i}"], "Phi"),
        each=True,
        worlds=("P", "discriminative"),
    ),
    *(
        Relation(
            number,
            "S + R + C + D = J + KL + Σ_i H(X_i,Y_i|Φ)",
            latex,
            "=",
            total,
            lambda t: t.J + t.KL_sum + intrinsic(t),
            needs=RCDS,
        )
        for number, latex in (
            (65, r"\mathcal{J} = S+D+C+R - D_{\mathrm{KL}}[p;q] - \sum_i H(Y_i,X_i|\Phi)"),
            (66, r"S+D+C+R = \mathcal{J} + D_{\mathrm{KL}}[p;q] + \sum_i H(Y_i,X_i|\Phi)"),
        )
    ),
    Relation(
        67,
        "S + R + C + D >= J + Σ_i H(X_i,Y_i|Φ)",
        r"S+D+C+R \geq \mathcal{J} + \sum_i H(Y_i,X_i|\Phi)",
        ">=",
        total,
        lambda t: t.J + intrinsic(t),
        needs=RCDS,
    ),
    Relation(
        68,
        "S + R + C + D >= Σ_i H(X_i,Y_i|Φ)",
        r"S+D+C+R \geq \sum_i H(Y_i,X_i|\Phi)",
        ">=",
        total,
        intrinsic,
        needs=RCDS,
    ),
)
