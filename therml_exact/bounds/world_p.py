"""Sections 2.0-2.3 and Appendix A on world P: the mismatch, the functionals' bounds, data processing (nats).

Equations (5)-(20), (40), (42) and the sharp floor. Where the paper's form needs care:
    (5)   per-sample q's; shared ones add sum_i D_KL[p_i; qbar] (projection.py)
    (15)  its Manhattan floor is never tight unless Phi is independent of (X, Y); the sharp floor is
              R + C + D >= sum_i H(X_i, Y_i)      and      J >= I(Theta; X^N, Y^N) + sum_i I(X_i, Y_i; Phi),
          both from I(Y_i; Z_i | X_i) <= I(Z_i; Theta | X_i): given X_i and Theta, Z_i knows nothing more of Y_i
    (18)  the last information, I(Z_i; Y_i | X_i, Theta), is 0
"""

from __future__ import annotations

from therml_exact.bounds.quantities import Quantities
from therml_exact.bounds.relation import Relation
from therml_exact.numbers.weights import Number

RCDS = ("theta", "z", "x_given_z", "y_given_z")


def total(t: Quantities) -> Number:
    """S + R + C + D."""
    return t.S + t.sum(lambda i: t.R(i) + t.C(i) + t.D(i))


def intrinsic(t: Quantities) -> Number:
    """sum_i H(X_i, Y_i | Phi), what the data leave to chance."""
    return t.sum(lambda i: t.H([f"X{i}", f"Y{i}"], "Phi"))


RELATIONS: tuple[Relation, ...] = (
    Relation(
        5,
        "J = min_q KL[p;q] = I_P - I_Q",
        r"\min_{q\in Q} D_{\mathrm{KL}}[p;q] = I_P - I_Q",
        "=",
        lambda t: t.least_divergence,
        lambda t: t.I_P - t.I_Q,
        worlds=("P", "bayes", "discriminative"),
        hypotheses="q's chosen for each sample",
        dense=True,
    ),
    Relation(
        6,
        "Σ_g H(g) - H(all) = Σ_g I(g;Pa(g))",
        r"\left\langle \log \frac{p(g^N)}{\prod_i p(g_i)} \right\rangle = \sum_i I(g_i;\mathrm{Pa}(g_i))",
        "=",
        lambda t: t.multi_information,
        lambda t: t.I_P,
        worlds=("P", "bayes", "discriminative"),
        hypotheses="p factorises on the graph",
        dense=True,
    ),
    Relation(
        7,
        "J = I(Θ;X^N,Y^N) + Σ_i [I(X_i;Φ) + I(Y_i;X_i,Φ) + I(Z_i;X_i,Θ) - I(X_i;Z_i) - I(Y_i;Z_i)]",
        r"\mathcal{J} = I(\Theta;X^N,Y^N)"
        r" + \sum_i [I(X_i;\Phi)+I(Y_i;X_i,\Phi)+I(Z_i;X_i,\Theta)-I(X_i;Z_i)-I(Y_i;Z_i)]",
        "=",
        lambda t: t.least_divergence,
        lambda t: (
            t.I("Theta", t.data)
            + t.sum(
                lambda i: (
                    t.I(f"X{i}", "Phi")
                    + t.I(f"Y{i}", [f"X{i}", "Phi"])
                    + t.I(f"Z{i}", [f"X{i}", "Theta"])
                    - t.I(f"X{i}", f"Z{i}")
                    - t.I(f"Y{i}", f"Z{i}")
                )
            )
        ),
        hypotheses="q's chosen for each sample",
        dense=True,
    ),
    Relation(
        8,
        "Σ_i [I(X_i;Φ) + I(Y_i;X_i,Φ)] >= Σ_i I(Y_i;X_i) + I_pred",
        r"\sum_i [I(X_i;\Phi)+I(Y_i;X_i,\Phi)] \geq \sum_i I(Y_i;X_i) + I_{\mathrm{pred}}",
        ">=",
        lambda t: t.sum(lambda i: t.I(f"X{i}", "Phi") + t.I(f"Y{i}", [f"X{i}", "Phi"])),
        lambda t: t.sum(lambda i: t.by_entropies(f"Y{i}", f"X{i}")) + t.by_entropies(t.data, "Phi"),
    ),
    *(
        Relation(
            number,
            "I(Z_i;X_i,Θ) = I(Z_i;X_i) + I(Z_i;Θ|X_i)",
            r"I(Z_i;X_i,\Theta) = I(Z_i;X_i) + I(Z_i;\Theta|X_i)",
            "=",
            lambda t, i: t.by_entropies(f"Z{i}", [f"X{i}", "Theta"]),
            lambda t, i: t.I(f"Z{i}", f"X{i}") + t.I(f"Z{i}", "Theta", f"X{i}"),
            each=True,
        )
        for number in (9, 40)
    ),
    Relation(
        10,
        "S >= I(Θ;X^N,Y^N)",
        r"S \geq I(\Theta;X^N,Y^N)",
        ">=",
        lambda t: t.S,
        lambda t: t.by_entropies("Theta", t.data),
        needs=("theta",),
    ),
    Relation(
        11,
        "R_i >= I(Z_i;X_i,Θ)",
        r"R_i \geq I(Z_i;X_i,\Theta)",
        ">=",
        lambda t, i: t.R(i),
        lambda t, i: t.I(f"Z{i}", [f"X{i}", "Theta"]),
        needs=("z",),
        each=True,
    ),
    Relation(
        12,
        "C_i >= H(Y_i) - I(Y_i;Z_i)",
        r"C_i \geq H(Y_i) - I(Y_i;Z_i) = H(Y_i|Z_i)",
        ">=",
        lambda t, i: t.C(i),
        lambda t, i: t.H(f"Y{i}") - t.I(f"Y{i}", f"Z{i}"),
        needs=("y_given_z",),
        each=True,
    ),
    Relation(
        13,
        "D_i >= H(X_i) - I(X_i;Z_i)",
        r"D_i \geq H(X_i) - I(X_i;Z_i) = H(X_i|Z_i)",
        ">=",
        lambda t, i: t.D(i),
        lambda t, i: t.H(f"X{i}") - t.I(f"X{i}", f"Z{i}"),
        needs=("x_given_z",),
        each=True,
    ),
    Relation(
        14,
        "S + R + C + D >= J + Σ_i H(X_i,Y_i|Φ)",
        r"S + R + C + D \geq \mathcal{J} + \sum_i H(X_i,Y_i|\Phi)",
        ">=",
        total,
        lambda t: t.J + intrinsic(t),
        needs=RCDS,
    ),
    Relation(
        15,
        "S + R + C + D >= Σ_i H(X_i,Y_i|Φ)",
        r"S + R + C + D \geq \sum_i H(X_i,Y_i|\Phi)",
        ">=",
        total,
        intrinsic,
        needs=RCDS,
        part="a",
    ),
    *(
        Relation(
            15,
            f"{letter} >= 0",
            rf"{letter} \geq 0",
            ">=",
            side,
            lambda t: t.zero,
            needs=(table,),
            part=part,
        )
        for part, letter, table, side in (
            ("b", "R", "z", lambda t: t.sum(t.R)),
            ("c", "S", "theta", lambda t: t.S),
            ("d", "D", "x_given_z", lambda t: t.sum(t.D)),
            ("e", "C", "y_given_z", lambda t: t.sum(t.C)),
        )
    ),
    Relation(
        16,
        "R_i + D_i >= H(X_i) + I(Z_i;Θ|X_i)",
        r"R_i + D_i \geq H(X_i) + I(Z_i;\Theta|X_i)",
        ">=",
        lambda t, i: t.R(i) + t.D(i),
        lambda t, i: t.H(f"X{i}") + t.I(f"Z{i}", "Theta", f"X{i}"),
        needs=("z", "x_given_z"),
        each=True,
    ),
    Relation(
        17,
        "I(Z_i;Φ|X_i,Y_i,Θ) = 0",
        r"\Phi \to (X_i,Y_i,\Theta) \to Z_i",
        "=",
        lambda t, i: t.I(f"Z{i}", "Phi", [f"X{i}", f"Y{i}", "Theta"]),
        lambda t, i: t.zero,
        each=True,
    ),
    Relation(
        18,
        "I(Z_i;Φ) <= I(Z_i;Θ,X_i,Y_i)",
        r"I(Z_i;\Phi) \leq I(Z_i;\Theta,X_i,Y_i)",
        "<=",
        lambda t, i: t.I(f"Z{i}", "Phi"),
        lambda t, i: t.by_entropies(f"Z{i}", ["Theta", f"X{i}", f"Y{i}"]),
        each=True,
        part="a",
    ),
    Relation(
        18,
        "I(Z_i;Θ,X_i,Y_i) = I(Z_i;X_i,Θ) + I(Z_i;Y_i|X_i,Θ)",
        r"I(Z_i;\Theta,X_i,Y_i) = I(Z_i;X_i,\Theta) + I(Z_i;Y_i|X_i,\Theta)",
        "=",
        lambda t, i: t.by_entropies(f"Z{i}", ["Theta", f"X{i}", f"Y{i}"]),
        lambda t, i: t.I(f"Z{i}", [f"X{i}", "Theta"]) + t.I(f"Z{i}", f"Y{i}", [f"X{i}", "Theta"]),
        each=True,
        part="b",
    ),
    Relation(
        18,
        "I(Z_i;Y_i|X_i,Θ) = 0",
        r"I(Z_i;Y_i|X_i,\Theta) = 0",
        "=",
        lambda t, i: t.I(f"Z{i}", f"Y{i}", [f"X{i}", "Theta"]),
        lambda t, i: t.zero,
        each=True,
        part="c",
    ),
    Relation(
        18,
        "I(Z_i;Θ,X_i,Y_i) <= R_i",
        r"I(Z_i;X_i,\Theta) + I(Z_i;Y_i|X_i,\Theta) \leq R_i",
        "<=",
        lambda t, i: t.I(f"Z{i}", ["Theta", f"X{i}", f"Y{i}"]),
        lambda t, i: t.R(i),
        needs=("z",),
        each=True,
        part="d",
    ),
    *(
        Relation(
            number,
            statement,
            latex,
            "<=",
            left,
            right,
            needs=needs,
            part=part,
        )
        for number, part, statement, latex, left, right, needs in (
            (
                19,
                "a",
                "I(Θ;Φ) <= I(Θ;X^N,Y^N)",
                r"I(\Theta;\Phi) \leq I(\Theta;X^N,Y^N)",
                lambda t: t.I("Theta", "Phi"),
                lambda t: t.by_entropies("Theta", t.data),
                (),
            ),
            (
                19,
                "b",
                "I(Θ;X^N,Y^N) <= S",
                r"I(\Theta;X^N,Y^N) \leq S",
                lambda t: t.I("Theta", t.data),
                lambda t: t.S,
                ("theta",),
            ),
            (
                20,
                "a",
                "I(Θ;Φ) <= I(X^N,Y^N;Φ)",
                r"I(\Theta;\Phi) \leq I(X^N,Y^N;\Phi)",
                lambda t: t.I("Theta", "Phi"),
                lambda t: t.by_entropies(t.data, "Phi"),
                (),
            ),
            (
                20,
                "b",
                "I(X^N,Y^N;Φ) <= Σ_i I(X_i,Y_i;Φ)",
                r"I(X^N,Y^N;\Phi) \leq \sum_i I(X_i,Y_i;\Phi)",
                lambda t: t.I(t.data, "Phi"),
                lambda t: t.sum(lambda i: t.by_entropies([f"X{i}", f"Y{i}"], "Phi")),
                (),
            ),
        )
    ),
    Relation(
        42,
        "C + S + V >= J + Σ_i [H(X_i,Y_i|Φ) - H(X_i)]",
        r"C + S + V \geq \mathcal{J} + \sum_i [H(Y_i,X_i|\Phi) - H(X_i)]",
        ">=",
        lambda t: t.S + t.sum(lambda i: t.C(i) + t.V(i)),
        lambda t: t.J + intrinsic(t) - t.sum(lambda i: t.H(f"X{i}")),
        needs=("theta", "y_given_z", "z_given_x"),
    ),
    Relation(
        "sharp floor",
        "R + C + D >= Σ_i H(X_i,Y_i)",
        r"R + C + D \geq \sum_i H(X_i,Y_i)",
        ">=",
        lambda t: t.sum(lambda i: t.R(i) + t.C(i) + t.D(i)),
        lambda t: t.sum(lambda i: t.H([f"X{i}", f"Y{i}"])),
        needs=("z", "x_given_z", "y_given_z"),
        part=" a",
    ),
    Relation(
        "sharp floor",
        "J >= I(Θ;X^N,Y^N) + Σ_i I(X_i,Y_i;Φ)",
        r"\mathcal{J} \geq I(\Theta;X^N,Y^N) + \sum_i I(X_i,Y_i;\Phi)",
        ">=",
        lambda t: t.J,
        lambda t: t.by_entropies("Theta", t.data) + t.sum(lambda i: t.by_entropies([f"X{i}", f"Y{i}"], "Phi")),
        part=" b",
    ),
)
