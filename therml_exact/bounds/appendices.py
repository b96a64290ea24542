"""Appendices B and C: Bayesian inference and discriminative models (nats). Equations (43)-(46) and (51)-(54).

(52) prints S with p(theta|X^n) and the bound I(Theta;X^n). With that functional (54) fails (X constant, Y a fair bit,
Theta = Y: U + S would be 0, below log 2); S must condition on the labels: S >= I(Theta; X^N, Y^N).
"""

from __future__ import annotations

from therml_exact.bounds.relation import Relation

_B, _D = ("bayes",), ("discriminative",)

RELATIONS: tuple[Relation, ...] = (
    Relation(
        43,
        "J = Σ_i I(X_i;Φ) + I(Θ;X^N) - Σ_i I(X_i;Θ)",
        r"\mathcal{J}_{\mathrm{bayes}} = \sum_i I(X_i;\Phi) + I(\Theta;X^N) - \sum_i I(X_i;\Theta)",
        "=",
        lambda t: t.least_divergence,
        lambda t: t.I("Theta", t.data) + t.sum(lambda i: t.I(f"X{i}", "Phi") - t.I(f"X{i}", "Theta")),
        worlds=_B,
        hypotheses="q's chosen for each sample",
        dense=True,
    ),
    Relation(
        44,
        "S >= I(Θ;X^N)",
        r"S \geq I(\Theta;X^N)",
        ">=",
        lambda t: t.S,
        lambda t: t.I("Theta", t.data),
        worlds=_B,
        needs=("theta",),
    ),
    Relation(
        45,
        "U_i >= H(X_i|Θ)",
        r"U_i \geq H(X_i|\Theta)",
        ">=",
        lambda t, i: t.U(i),
        lambda t, i: t.mean_entropy(f"X{i}", "Theta"),
        worlds=_B,
        needs=("x_given_theta",),
        each=True,
    ),
    Relation(
        46,
        "U + S >= J + Σ_i H(X_i|Φ)",
        r"U + S \geq \mathcal{J}_{\mathrm{bayes}} + \sum_i H(X_i|\Phi)",
        ">=",
        lambda t: t.S + t.sum(t.U),
        lambda t: t.J + t.sum(lambda i: t.H(f"X{i}", "Phi")),
        worlds=_B,
        needs=("theta", "x_given_theta"),
    ),
    Relation(
        51,
        "J = I(Θ;X^N,Y^N) + Σ_i [I(X_i;Φ) + I(Y_i;X_i,Φ) - I(Y_i;X_i,Θ)]",
        r"\mathcal{J}_d = I(\Theta;X^N,Y^N) + \sum_i [I(X_i;\Phi)+I(Y_i;X_i,\Phi)-I(Y_i;X_i,\Theta)]",
        "=",
        lambda t: t.least_divergence,
        lambda t: (
            t.I("Theta", t.data)
            + t.sum(lambda i: t.I(f"X{i}", "Phi") + t.I(f"Y{i}", [f"X{i}", "Phi"]) - t.I(f"Y{i}", [f"X{i}", "Theta"]))
        ),
        worlds=_D,
        hypotheses="q's chosen for each sample",
        dense=True,
    ),
    Relation(
        52,
        "S >= I(Θ;X^N,Y^N)",
        r"S \equiv \langle \log p(\theta|x^N,y^N)/q(\theta) \rangle \geq I(\Theta;X^N,Y^N)",
        ">=",
        lambda t: t.S,
        lambda t: t.I("Theta", t.data),
        worlds=_D,
        needs=("theta",),
        hypotheses="corrected: the paper conditions on X^n only",
    ),
    Relation(
        53,
        "U_i >= H(Y_i|X_i,Θ)",
        r"U_i \geq H(Y_i|X_i,\Theta)",
        ">=",
        lambda t, i: t.U(i),
        lambda t, i: t.mean_entropy(f"Y{i}", [f"X{i}", "Theta"]),
        worlds=_D,
        needs=("y_given_x_theta",),
        each=True,
    ),
    Relation(
        54,
        "U + S >= J + Σ_i [H(Y_i|X_i,Φ) - I(X_i;Φ)]",
        r"U + S \geq \mathcal{J}_d + \sum_i [H(Y_i|X_i,\Phi) - I(X_i;\Phi)]",
        ">=",
        lambda t: t.S + t.sum(t.U),
        lambda t: t.J + t.sum(lambda i: t.H(f"Y{i}", [f"X{i}", "Phi"]) - t.by_entropies(f"X{i}", "Phi")),
        worlds=_D,
        needs=("theta", "y_given_x_theta"),
        hypotheses="the sum runs over both terms",
    ),
)
