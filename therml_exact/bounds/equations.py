"""The registry of the 98 numbered equations of the paper.

Source: the paper "TherML: The Thermodynamics of Machine Learning". Every numbered
equation has one entry, in order, that says what the paper states, whether that is true, what is true instead
where it is not, and which function and which test execute it. Everything is in nats.

kind: "definition" (of a quantity or a problem), "identity", "bound" (an inequality), "limit", "equilibrium"
    (a claim about equilibria or the frontier), "maxwell" (equal mixed derivatives), "empty"; combined as
    "definition, bound".
reading: how the printed symbols are read, the most favourable way that the paper's own text allows.
status: one rule for all 98, applied to that reading.
    "as printed"        true so read, in every finite world; what a reader may overlook is in `note`
    "corrected"         not true as it stands: a hypothesis, a held variable or another equation's correction has to be
                        added; no printed symbol changes
    "false as printed"  a printed symbol has to change, or one is missing
    "empty"             a number without a formula
    `corrected` has what is added or changed, where the status is one of the middle two. What the paper says of an
    equation in words (that R is smooth, that a minimum is what training finds) is judged apart, as a claim of the text.
state: "done" is executed by `function` and tested by `test`; "planned" is not, or not in full (`function` may
    name what executes a part of it, `test` what shows a misprint to be one); "empty" has nothing to execute.

Notation of the statements: J alone is the least relative information between the worlds; J(γ,δ,σ), J_t and
J_noneq are the objective (32). KL(p;q) is the relative information, ⟨⟩ a mean over world P, (∂a/∂b)_{c,d} the
derivative with c and d held, R_SS = ∂²R/∂S². T_N = (Xᴺ,Yᴺ) is the data set. Zᵢ is a representation; Z without
an index is the partition function. A Maxwell relation is true only with one and the same third variable held
on both sides. `latex` is the formula as printed, misprints included.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Equation:
    """One numbered equation of the paper: what it states, whether that is true, and what executes and tests it.

    The values of `kind`, `status` and `state` are listed at the head of this module. There is no unit beyond the nats
    of the statements.

    number     the equation's number in the paper, from 1 to 98
    kind       what sort of statement it is, such as "identity" or "definition, bound"
    reading    how the printed symbols are read; the status is of this reading
    status     "as printed", "corrected", "false as printed" or "empty"
    statement  the equation in plain text, as the paper means it
    latex      the formula as the paper prints it, misprints included
    corrected  the true form, or the missing hypothesis; None where the printed form is true
    note       a remark or a counterexample; None where there is none
    state      "done", "planned" or "empty"
    function   the public name that executes it; None where there is none
    test       the test that runs it, as pytest names it; None where there is none

    >>> from therml_exact.bounds.equations import EQUATIONS
    >>> EQUATIONS[15].number, EQUATIONS[15].statement
    (16, 'Rate against distortion: Rᵢ + Dᵢ ≥ H(Xᵢ) + I(Zᵢ;Θ|Xᵢ)')
    >>> print(EQUATIONS[3].corrected)
    I_pred(T_N)/H(T_N) → 0 if and only if H(X,Y|Φ) > 0 (finite Φ)
    """

    number: int
    kind: str
    status: str
    reading: str
    statement: str
    latex: str
    corrected: str | None = None
    note: str | None = None
    state: str
    function: str | None
    test: str | None


FINITE = "finite alphabets; ⟨⟩ and all informations are of world P; 0 log 0 = 0"
EACH = "the minimum is over any q in Q: each sample has its own tables"
ANY_Q = "any q's that are > 0 where p is; otherwise both sides are infinite"
GIVEN = "R, C, D and Z are of one θ and one data set; the q's and the encoder are given and σ > 0"
MEAN = "of one data set, or averaged over them, as (24) and (25): the q's and the encoder are given"
SMOOTH = "at points where R has the continuous derivatives that are written"
HELD = "as (81): the third natural variable of the named potential is held on both sides; where R is smooth enough"

EQUATIONS: tuple[Equation, ...] = (
    Equation(
        number=1,
        kind="definition",
        status="as printed",
        reading=FINITE,
        statement="Training set: N pairs, T_N = (Xᴺ,Yᴺ) = {x₁,y₁,…,x_N,y_N} ∼ φ(xᴺ,yᴺ)",
        latex=(
            r"\mathcal{T}_N \equiv (x^N, y^N) \equiv \{x_1, y_1, x_2, y_2, \dots, x_N, y_N\} \sim \phi(x^N, "
            r"y^N)"
        ),
        state="done",
        function="therml_exact.WorldP",
        test="tests/test_equations.py::test_1_2_data_sets_are_exchangeable",
    ),
    Equation(
        number=2,
        kind="definition",
        status="as printed",
        reading=FINITE,
        statement="Exchangeable data: p(xᴺ,yᴺ|φ) = Πᵢ p(xᵢ|φ) p(yᵢ|xᵢ,φ)",
        latex=r"p(x^N, y^N | \phi) = \prod_i p(x_i | \phi) p(y_i | x_i, \phi)",
        state="done",
        function="therml_exact.WorldP",
        test="tests/test_equations.py::test_1_2_data_sets_are_exchangeable",
    ),
    Equation(
        number=3,
        kind="definition, identity",
        status="as printed",
        reading=FINITE,
        statement="Predictive information: I_pred(T_N) = lim I(T_N;T′_M) as M → ∞ = I(Xᴺ,Yᴺ;Φ)",
        latex=(
            r"I_{\text{pred}}(\mathcal{T}_N) \equiv \lim_{M \to \infty} I(\mathcal{T}_N; \mathcal{T}_M') = "
            r"I(\mathcal{T}_N; \Phi) = I(X^N, Y^N; \Phi)"
        ),
        note="Holds for finite Φ, identifiable or not.",
        state="done",
        function="therml_exact.predictive_information",
        test="tests/test_equations.py::test_3_predictive_information_is_the_limit",
    ),
    Equation(
        number=4,
        kind="limit",
        status="corrected",
        reading="finite Φ, any process",
        statement="The predictive share of the data vanishes: I_pred(T_N)/H(T_N) → 0 as N → ∞",
        latex=r"\lim_{N \to \infty} \frac{I_{\text{pred}}(\mathcal{T}_N)}{H(\mathcal{T}_N)} = 0",
        corrected="I_pred(T_N)/H(T_N) → 0 if and only if H(X,Y|Φ) > 0 (finite Φ)",
        note="X = Y = Φ gives the ratio 1 for every N (0/0 when X and Y are constants).",
        state="done",
        function="therml_exact.predictive_information",
        test="tests/test_equations.py::test_4_ratio_vanishes_iff_data_are_noisy",
    ),
    Equation(
        number=5,
        kind="identity",
        status="as printed",
        reading=EACH,
        statement="Mismatch of the two worlds: J = min over q ∈ Q of KL(p;q) = I_P − I_Q",
        latex=r"\mathcal{J} \equiv \min_{q \in Q} D_{\mathrm{KL}}[p; q] = I_P - I_Q",
        note=("Shared q's add KL terms when samples differ: fair bits, Θ = X₁, Zᵢ = Xᵢ AND Θ: 0.21576 nats more."),
        state="done",
        function="therml_exact.mismatch",
        test="tests/test_equations.py::test_relation[5]",
    ),
    Equation(
        number=6,
        kind="identity",
        status="corrected",
        reading="p of World P; for G = Q the sum is meant, or the left side under q*",
        statement="Multi-information: I_G = ⟨log p(g)/Πᵢ p(gᵢ)⟩ = Σᵢ I(gᵢ;Pa(gᵢ))",
        latex=(
            r"I_G \equiv \left\langle \log \frac{p(g^N)}{\prod_i p(g_i)} \right\rangle = \sum_i I(g_i; "
            r"\operatorname{Pa}(g_i))"
        ),
        corrected=(
            "The two sides agree if p factorises on G; for G = Q, I_Q is the sum (or the left side taken under q*)"
        ),
        note="World P does not factorise on Q, so the multi-information of p is I_P and not I_Q.",
        state="done",
        function="therml_exact.multi_information",
        test="tests/test_equations.py::test_6_multi_information_of_p_is_not_the_sum_over_graph_q",
    ),
    Equation(
        number=7,
        kind="identity",
        status="as printed",
        reading=EACH,
        statement="J = I(Θ;Xᴺ,Yᴺ) + Σᵢ [I(Xᵢ;Φ) + I(Yᵢ;Xᵢ,Φ) + I(Zᵢ;Xᵢ,Θ) − I(Xᵢ;Zᵢ) − I(Yᵢ;Zᵢ)]",
        latex=(
            r"\mathcal{J} = I(\Theta; X^N, Y^N) + \sum_{i} \left[I(X_i; \Phi) + I(Y_i; X_i, \Phi) + I(Z_i; "
            r"X_i, \Theta) - I(X_i; Z_i) - I(Y_i; Z_i) \right]"
        ),
        note="The minimum is (5)'s; sharper: J ≥ I(Θ;Xᴺ,Yᴺ) + Σᵢ I(Xᵢ,Yᵢ;Φ).",
        state="done",
        function="therml_exact.mismatch",
        test="tests/test_equations.py::test_relation[7]",
    ),
    Equation(
        number=8,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="Complexity of the data: Σᵢ [I(Xᵢ;Φ) + I(Yᵢ;Xᵢ,Φ)] ≥ Σᵢ I(Yᵢ;Xᵢ) + I_pred(T_N)",
        latex=(
            r"\sum_{i} \left[ I(X_i; \Phi) + I(Y_i; X_i, \Phi) \right] \ge \sum_{i} I(Y_i; X_i) + "
            r"I_{\text{pred}}(\mathcal{T}_N)"
        ),
        note="The left side equals Σᵢ [I(Xᵢ;Yᵢ) + I(Xᵢ,Yᵢ;Φ)]; then use (20).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[8]",
    ),
    Equation(
        number=9,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="Chain rule: I(Zᵢ;Xᵢ,Θ) = I(Zᵢ;Xᵢ) + I(Zᵢ;Θ|Xᵢ)",
        latex=r"I(Z_i; X_i, \Theta) = I(Z_i; X_i) + I(Z_i; \Theta | X_i)",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[9]",
    ),
    Equation(
        number=10,
        kind="definition, bound",
        status="as printed",
        reading=ANY_Q,
        statement="Entropy: S = ⟨log p(θ|xᴺ,yᴺ)/q(θ)⟩ ≥ I(Θ;Xᴺ,Yᴺ)",
        latex=(
            r"S \equiv \left\langle \log \frac{p(\theta|x^N, y^N)}{q(\theta)} \right\rangle_P \ge I(\Theta; "
            r"X^N, Y^N)"
        ),
        note="Slack KL(p(θ);q(θ)), by (56).",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_relation[10]",
    ),
    Equation(
        number=11,
        kind="definition, bound",
        status="as printed",
        reading=ANY_Q,
        statement="Rate: Rᵢ = ⟨log p(zᵢ|xᵢ,θ)/q(zᵢ)⟩ ≥ I(Zᵢ;Xᵢ,Θ), R = Σᵢ Rᵢ",
        latex=(
            r"R_i \equiv \left\langle \log \frac{p(z_i|x_i, \theta)}{q(z_i)} \right\rangle_P \ge I(Z_i; "
            r"X_i, \Theta)"
        ),
        note="Slack KL(p(zᵢ);q(zᵢ)), by (59).",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_relation[11]",
    ),
    Equation(
        number=12,
        kind="definition, bound",
        status="as printed",
        reading=ANY_Q,
        statement="Classification error: Cᵢ = −⟨log q(yᵢ|zᵢ)⟩ ≥ H(Yᵢ) − I(Yᵢ;Zᵢ) = H(Yᵢ|Zᵢ), C = Σᵢ Cᵢ",
        latex=r"C_i \equiv -\langle \log q(y_i|z_i) \rangle_P \ge H(Y_i) - I(Y_i; Z_i) = H(Y_i|Z_i)",
        note="Slack KL(p(yᵢ|zᵢ);q(yᵢ|zᵢ)), by (58).",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_relation[12]",
    ),
    Equation(
        number=13,
        kind="definition, bound",
        status="as printed",
        reading=ANY_Q,
        statement="Distortion: Dᵢ = −⟨log q(xᵢ|zᵢ)⟩ ≥ H(Xᵢ) − I(Xᵢ;Zᵢ) = H(Xᵢ|Zᵢ), D = Σᵢ Dᵢ",
        latex=r"D_i \equiv -\langle \log q(x_i|z_i) \rangle_P \ge H(X_i) - I(X_i; Z_i) = H(X_i|Z_i)",
        note="Slack KL(p(xᵢ|zᵢ);q(xᵢ|zᵢ)), by (57).",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_relation[13]",
    ),
    Equation(
        number=14,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="The functionals bound the mismatch: S + R + C + D ≥ J + Σᵢ H(Xᵢ,Yᵢ|Φ)",
        latex=r"S + R + C + D \ge \mathcal{J} + \sum_{i} H(X_i, Y_i | \Phi)",
        note="An equality at the optimal per-sample q's, by (66).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[14]",
    ),
    Equation(
        number=15,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="Feasible points: S + R + C + D ≥ Σᵢ H(Xᵢ,Yᵢ|Φ) and R, S, D, C ≥ 0",
        latex=(
            r"S + R + C + D \ge \sum_{i} H(X_i, Y_i | \Phi) \quad R \ge 0 \quad S \ge 0 \quad D \ge 0 \quad "
            r"C \ge 0"
        ),
        note="Never tight unless Φ is independent of (X,Y); the sharp floor is R + C + D ≥ Σᵢ H(Xᵢ,Yᵢ).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[15]",
    ),
    Equation(
        number=16,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="Rate against distortion: Rᵢ + Dᵢ ≥ H(Xᵢ) + I(Zᵢ;Θ|Xᵢ)",
        latex=r"R_i + D_i \ge H(X_i) + I(Z_i; \Theta | X_i)",
        note="An equality at the optimal q's.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[16]",
    ),
    Equation(
        number=17,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="Markov chain in world P: Φ → (Xᵢ,Yᵢ,Θ) → Zᵢ",
        latex=r"\Phi \to (X_i, Y_i, \Theta) \to Z_i",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[17]",
    ),
    Equation(
        number=18,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="I(Zᵢ;Φ) ≤ I(Zᵢ;Θ,Xᵢ,Yᵢ) = I(Zᵢ;Xᵢ,Θ) + I(Zᵢ;Yᵢ|Xᵢ,Θ) ≤ Rᵢ",
        latex=(
            r"I(Z_i; \Phi) \le I(Z_i; \Theta, X_i, Y_i) = I(Z_i; X_i, \Theta) + I(Z_i; Y_i | X_i, \Theta) "
            r"\le R_i"
        ),
        note="The last information is 0 in world P.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[18]",
    ),
    Equation(
        number=19,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="Φ → (Xᴺ,Yᴺ) → Θ, hence I(Θ;Φ) ≤ I(Θ;Xᴺ,Yᴺ) ≤ S",
        latex=r"\Phi \to (X^N, Y^N) \to \Theta \implies I(\Theta; \Phi) \le I(\Theta; X^N, Y^N) \le S",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[19]",
    ),
    Equation(
        number=20,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="Ceiling on what θ can know of Φ: I(Θ;Φ) ≤ I(Xᴺ,Yᴺ;Φ) ≤ Σᵢ I(Xᵢ,Yᵢ;Φ)",
        latex=r"I(\Theta; \Phi) \le I(X^N, Y^N; \Phi) \le \sum_{i} I(X_i, Y_i; \Phi)",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[20]",
    ),
    Equation(
        number=21,
        kind="definition",
        status="as printed",
        reading="the five distributions are free; other functionals held by equalities or by caps",
        statement="Frontier: min R over the five distributions, subject to D = D₀, S = S₀, C = C₀",
        latex=(r"\min_{q(z)q(x|z)q(y|z)p(z|x,\theta)p(\theta|\{x,y\})} R \text{ such that } D=D_0, S=S_0, C=C_0"),
        note="The feasible set need not be convex in S, so (22) may miss solutions.",
        state="done",
        function="therml_exact.minimize_capped",
        test="tests/test_rules_caps.py::test_caps",
    ),
    Equation(
        number=22,
        kind="definition",
        status="as printed",
        reading="the objective; what is said of its multipliers in words is a claim of the text",
        statement="Lagrangian: min R + δD + γC + σS, over the five distributions",
        latex=r"\min_{q(z)q(x|z)q(y|z)p(z|x,\theta)p(\theta|\{x,y\})} R + \delta D + \gamma C + \sigma S",
        note="The text after it takes the multipliers for derivatives of R; they are minus these, as (28) says.",
        state="done",
        function="therml_exact.minimize",
        test="tests/test_equations.py::test_22_the_least_objective_over_all_five_distributions",
    ),
    Equation(
        number=23,
        kind="definition",
        status="as printed",
        reading="the problem; nothing is said of the sign of its multipliers",
        statement="min S subject to R = R₀, C = C₀, D = D₀",
        latex=r"\min S \text{ s.t. } R = R_0, C = C_0, D = D_0",
        note="With caps R ≤ R₀, C ≤ C₀, D ≤ D₀ the multipliers are ≥ 0; with equalities one can be negative.",
        state="done",
        function="therml_exact.minimize_capped",
        test="tests/test_equations.py::test_23_the_least_entropy_under_caps",
    ),
    Equation(
        number=24,
        kind="equilibrium",
        status="as printed",
        reading=GIVEN,
        statement="Boltzmann rule: p*(θ|{x,y}) = q(θ) exp(−(R + δD + γC)/σ)/Z",
        latex=r"p^*(\theta|\{x,y\}) = \frac{q(\theta)}{\mathcal{Z}} e^{-(R+\delta D + \gamma C)/\sigma}",
        note=("With refitted q's it is a stationarity condition only."),
        state="done",
        function="therml_exact.boltzmann",
        test="tests/test_equations.py::test_24_no_rule_is_better_than_the_boltzmann_rule",
    ),
    Equation(
        number=25,
        kind="equilibrium",
        status="as printed",
        reading=GIVEN,
        statement="Partition function: Z = ∫dθ q(θ) exp(−(R + δD + γC)/σ)",
        latex=r"\mathcal{Z} = \int d\theta \, q(\theta) \, e^{-(R+\delta D + \gamma C)/\sigma}",
        note=("With refitted q's it is a stationarity condition only."),
        state="done",
        function="therml_exact.boltzmann",
        test="tests/test_thermo_boltzmann.py::test_rule_and_partition_function_are_rational_and_those_of_the_definition",
    ),
    Equation(
        number=26,
        kind="equilibrium",
        status="as printed",
        reading=FINITE,
        statement="The best prior is the marginal: q(θ) = p(θ) = ⟨p(θ|xᴺ,yᴺ)⟩ over data sets",
        latex=r"q(\theta) = p(\theta) = \langle p(\theta|x^N, y^N) \rangle_{p(x^N, y^N)}",
        note="By (56): S − I(Θ;Xᴺ,Yᴺ) = KL(p(θ);q(θ)).",
        state="done",
        function="therml_exact.fit_prior",
        test="tests/test_thermo_prior.py::test_marginal_is_the_best_prior_and_others_cost_their_divergence",
    ),
    Equation(
        number=27,
        kind="equilibrium",
        status="as printed",
        reading=SMOOTH,
        statement="dR = (∂R/∂C)_{D,S} dC + (∂R/∂D)_{C,S} dD + (∂R/∂S)_{C,D} dS",
        latex=(
            r"dR = \left(\frac{\partial R}{\partial C}\right)_{D,S} dC + \left(\frac{\partial R}{\partial "
            r"D}\right)_{C,S} dD + \left(\frac{\partial R}{\partial S}\right)_{C,D} dS"
        ),
        note="“Entire”, “smooth” and “convex” are false: slopes jump for Y = f(X), and convexity fails in S.",
        state="done",
        function="therml_exact.first_law",
        test="tests/test_thermo_maxwell.py::test_first_law_defect_is_of_third_order",
    ),
    Equation(
        number=28,
        kind="equilibrium",
        status="as printed",
        reading=SMOOTH,
        statement="γ = −(∂R/∂C)_{D,S}, δ = −(∂R/∂D)_{C,S}, σ = −(∂R/∂S)_{C,D}",
        latex=(
            r"\gamma \equiv -\left(\frac{\partial R}{\partial C}\right)_{D,S} \qquad \delta \equiv "
            r"-\left(\frac{\partial R}{\partial D}\right)_{C,S} \qquad \sigma \equiv -\left(\frac{\partial "
            r"R}{\partial S}\right)_{C,D}"
        ),
        note="At a kink there is an interval of multipliers.",
        state="done",
        function="therml_exact.thermo.susceptibility.slopes",
        test="tests/test_thermo_maxwell.py::test_multipliers_are_minus_the_slopes_of_the_rate",
    ),
    Equation(
        number=29,
        kind="equilibrium",
        status="as printed",
        reading=SMOOTH,
        statement="First law: dR = −γ dC − δ dD − σ dS",
        latex=r"dR = -\gamma dC - \delta dD - \sigma dS",
        note="Fails at kinks, such as those of Y = f(X).",
        state="done",
        function="therml_exact.first_law",
        test="tests/test_thermo_maxwell.py::test_first_law_defect_is_of_third_order",
    ),
    Equation(
        number=30,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="∂²R/∂D∂C = ∂²R/∂C∂D, hence (∂δ/∂C)_D = (∂γ/∂D)_C",
        latex=(
            r"\left(\frac{\partial^2 R}{\partial D \partial C}\right) = \left(\frac{\partial^2 R}{\partial "
            r"C \partial D}\right) \implies \left(\frac{\partial \delta}{\partial C}\right)_{D} = "
            r"\left(\frac{\partial \gamma}{\partial D}\right)_{C}"
        ),
        note="Second derivatives jump where an encoder first appears (γ = γ_c).",
        state="done",
        function="therml_exact.thermo.susceptibility.mixed_difference",
        test="tests/test_thermo_maxwell.py::test_mixed_second_derivatives_of_the_tabulated_rate",
    ),
    Equation(
        number=31,
        kind="definition",
        status="corrected",
        reading="(∂R/∂σ)_D: nothing says which of C and γ is held",
        statement="Rate capacity at constant distortion: K_D = (∂R/∂σ)_D",
        latex=r"K_D \equiv \left(\frac{\partial R}{\partial \sigma}\right)_{D}",
        corrected="K_{D,C} = (∂R/∂σ)_{D,C} = σ/R_SS; with γ held in place of C it is another number, K_{D,γ}",
        note="Underspecified: C or γ must be held too; K_{D,C} ≥ 0 only where R is convex in S.",
        state="done",
        function="therml_exact.susceptibilities",
        test="tests/test_thermo_maxwell.py::test_susceptibility_is_sigma_over_curvature_and_needs_two_variables_held",
    ),
    Equation(
        number=32,
        kind="definition",
        status="as printed",
        reading=FINITE,
        statement="Objective: J(γ,δ,σ) = R + δD + γC + σS",
        latex=r"J(\gamma, \delta, \sigma) \equiv R + \delta D + \gamma C + \sigma S",
        state="done",
        function="therml_exact.objective",
        test="tests/test_thermo_boltzmann.py::test_objective_is_the_sum_of_functionals",
    ),
    Equation(
        number=33,
        kind="equilibrium",
        status="as printed",
        reading=MEAN,
        statement="Equilibrium value: min J(γ,δ,σ) = −σ log Z(γ,δ,σ)",
        latex=r"\min J(\gamma, \delta, \sigma) = -\sigma \log \mathcal{Z}(\gamma, \delta, \sigma)",
        note="Averaged over data sets it is −σ ⟨log Z⟩; −σ log ⟨Z⟩ is too small (Jensen).",
        state="done",
        function="therml_exact.boltzmann",
        test="tests/test_thermo_boltzmann.py::test_value_is_minus_sigma_mean_log_z_and_not_the_log_of_the_mean",
    ),
    Equation(
        number=34,
        kind="identity",
        status="as printed",
        reading=MEAN,
        statement="Distance to equilibrium: KL(p(θ);p*(θ;γ,δ,σ)) = ΔJ/σ",
        latex=r"D_{\mathrm{KL}}\left[p(\theta); p^*(\theta; \gamma, \delta, \sigma)\right] = \Delta J/\sigma",
        note="With the marginals over data sets only KL(p(θ);p*(θ)) ≤ ΔJ/σ.",
        state="done",
        function="therml_exact.boltzmann",
        test="tests/test_thermo_boltzmann.py::test_divergence_to_equilibrium_is_the_excess_over_sigma",
    ),
    Equation(
        number=35,
        kind="identity",
        status="as printed",
        reading=MEAN,
        statement="ΔJ = J_noneq(p;γ,δ,σ) − J(γ,δ,σ)",
        latex=r"\Delta J \equiv J^{\text{noneq}}(p; \gamma, \delta, \sigma) - J(\gamma, \delta, \sigma)",
        note="The J subtracted is the equilibrium value (33), with the same q's.",
        state="done",
        function="therml_exact.boltzmann",
        test="tests/test_thermo_boltzmann.py::test_divergence_to_equilibrium_is_the_excess_over_sigma",
    ),
    Equation(
        number=36,
        kind="definition",
        status="as printed",
        reading=FINITE,
        statement="Off equilibrium: J_noneq(p;γ,δ,σ) = ⟨R + δD + γC + σS⟩ over p(θ)",
        latex=(
            r"J^{\text{noneq}}(p; \gamma, \delta, \sigma) = \langle R + \delta D + \gamma C + \sigma S "
            r"\rangle_{p(\theta)}"
        ),
        state="done",
        function="therml_exact.objective",
        test="tests/test_thermo_second_law.py::test_objective_falls_at_every_step_exactly",
    ),
    Equation(
        number=37,
        kind="bound",
        status="as printed",
        reading=MEAN,
        statement="Second law: J(t=0) ≥ J_t ≥ J_{t+1} ≥ J(t=∞)",
        latex=r"J_{t=0} \ge J_t \ge J_{t+1} \ge J_{t=\infty}",
        note=(
            "With q(θ) refitted J can rise (0.3799, 0.4139, … 0.44695), from the prior too; frozen it falls "
            "(0.8907 … 0.45337). The kernels preserve p*(θ|xᴺ,yᴺ), reversible or not."
        ),
        state="done",
        function="therml_exact.second_law",
        test="tests/test_thermo_second_law.py::test_objective_falls_at_every_step_exactly",
    ),
    Equation(
        number=38,
        kind="identity",
        status="as printed",
        reading=MEAN,
        statement="Start from the prior: J(t=0) = ⟨R + δD + γC⟩ over q(θ)",
        latex=r"J_{t=0} = \langle R + \delta D + \gamma C \rangle_{q(\theta)}",
        note="S = 0 at the start.",
        state="done",
        function="therml_exact.second_law",
        test="tests/test_thermo_second_law.py::test_objective_falls_at_every_step_exactly",
    ),
    Equation(
        number=39,
        kind="equilibrium",
        status="as printed",
        reading=MEAN,
        statement="Relaxed: J(t=∞) = −σ log Z",
        latex=r"J_{t=\infty} = -\sigma \log \mathcal{Z}",
        note="Averaged over data sets it is −σ ⟨log Z⟩; −σ log ⟨Z⟩ is too small (Jensen).",
        state="done",
        function="therml_exact.second_law",
        test="tests/test_thermo_second_law.py::test_long_relaxations_reach_equilibrium",
    ),
    Equation(
        number=40,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="Chain rule again: I(Zᵢ;Xᵢ,Θ) = I(Zᵢ;Xᵢ) + I(Zᵢ;Θ|Xᵢ)",
        latex=r"I(Z_i; X_i, \Theta) = I(Z_i; X_i) + I(Z_i; \Theta | X_i)",
        note="The same as (9).",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[40]",
    ),
    Equation(
        number=41,
        kind="definition",
        status="false as printed",
        reading="the factors that are printed",
        statement="World Q of Appendix A: q(x,y,φ,z,θ) = q(φ) q(θ) Πᵢ q(zᵢ|xᵢ) q(yᵢ|zᵢ)",
        latex=r"q(x, y, \phi, z, \theta) = q(\phi)q(\theta) \prod_{i} q(z_i|x_i)q(y_i|z_i)",
        corrected="q(x,y,φ,z,θ) = q(φ) q(θ) Πᵢ q(xᵢ) q(zᵢ|xᵢ) q(yᵢ|zᵢ)",
        note="Πᵢ q(xᵢ) is missing, so the sum over x is not 1; with it the least KL is the same J.",
        state="done",
        function="therml_exact.mismatch",
        test="tests/test_equations.py::test_41_world_q_of_appendix_a",
    ),
    Equation(
        number=42,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="Without reconstruction: C + S + V ≥ J + Σᵢ [H(Xᵢ,Yᵢ|Φ) − H(Xᵢ)]",
        latex=r"C + S + V \ge \mathcal{J} + \sum_{i} \left[ H(Y_i X_i | \Phi) - H(X_i) \right]",
        note="The right side is I(Θ;Xᴺ,Yᴺ) + Σᵢ [H(Yᵢ|Zᵢ) + I(Zᵢ;Θ|Xᵢ)] ≥ 0; without J it can be negative.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[42]",
    ),
    Equation(
        number=43,
        kind="definition, identity",
        status="as printed",
        reading=EACH,
        statement="Bayes world: J_bayes = min KL(p;q) = I_P − I_Q = Σᵢ I(Xᵢ;Φ) + I(Θ;Xᴺ) − Σᵢ I(Xᵢ;Θ)",
        latex=(
            r"\mathcal{J}_{\text{bayes}} = \min_{q \in Q} D_{\text{KL}}\left[p; q\right] = I_P - I_Q = "
            r"\sum_i I(X_i; \Phi) + I(\Theta; X^n) - \sum_i I(X_i; \Theta)"
        ),
        note="With its own q(xᵢ|θ) for each sample, as (5).",
        state="done",
        function="therml_exact.BayesWorld",
        test="tests/test_equations.py::test_relation[43]",
    ),
    Equation(
        number=44,
        kind="definition, bound",
        status="as printed",
        reading=ANY_Q,
        statement="Entropy: S = ⟨log p(θ|xᴺ)/q(θ)⟩ ≥ I(Θ;Xᴺ)",
        latex=r"S \equiv \left\langle \log \frac{p(\theta|X^n)}{q(\theta)} \right\rangle \ge I(\Theta; X^n)",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_relation[44]",
    ),
    Equation(
        number=45,
        kind="definition, bound",
        status="as printed",
        reading=ANY_Q,
        statement="Energy: Uᵢ = −⟨log q(xᵢ|θ)⟩ ≥ H(Xᵢ|Θ), U = Σᵢ Uᵢ",
        latex=r"U_i \equiv -\langle \log q(x_i|\theta) \rangle \ge H(X_i|\Theta)",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_relation[45]",
    ),
    Equation(
        number=46,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="Bayes frontier: U + S ≥ J_bayes + Σᵢ H(Xᵢ|Φ)",
        latex=r"U + S \ge \mathcal{J}_{\text{bayes}} + \sum_{i} H(X_i | \Phi)",
        note="An equality at the optimal per-sample q's.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[46]",
    ),
    Equation(
        number=47,
        kind="definition",
        status="as printed",
        reading=FINITE,
        statement="Bayes problem: min S + βU",
        latex=r"\min S + \beta U",
        state="done",
        function="therml_exact.objective",
        test="tests/test_thermo_boltzmann.py::test_tempered_posterior_of_a_bayes_world",
    ),
    Equation(
        number=48,
        kind="equilibrium",
        status="as printed",
        reading=GIVEN,
        statement="log p(θ|xᴺ) = log q(θ) + β Σᵢ log q(xᵢ|θ) − log Z",
        latex=r"\log p(\theta|x^N) = \log q(\theta) + \beta \sum_{i} \log q(x_i|\theta) - \log \mathcal{Z}",
        note="As (24) with cost Σᵢ −log q(xᵢ|θ) and σ = 1/β.",
        state="done",
        function="therml_exact.tempered_posterior",
        test="tests/test_thermo_boltzmann.py::test_tempered_posterior_of_a_bayes_world",
    ),
    Equation(
        number=49,
        kind="definition",
        status="as printed",
        reading=GIVEN,
        statement="Z = ∫dθ q(θ) exp(β Σᵢ log q(xᵢ|θ))",
        latex=r"\mathcal{Z} = \int d\theta \, q(\theta) e^{\beta \sum_{i} \log q(x_i|\theta)}",
        note="As (25).",
        state="done",
        function="therml_exact.tempered_posterior",
        test="tests/test_thermo_boltzmann.py::test_tempered_posterior_of_a_bayes_world",
    ),
    Equation(
        number=50,
        kind="equilibrium",
        status="as printed",
        reading=GIVEN,
        statement="Tempered posterior: p(θ|xᴺ) ∝ q(θ) Πᵢ q(xᵢ|θ)^β",
        latex=r"p(\theta|x^N) \propto q(\theta) \prod_i q(x_i|\theta)^{\beta}",
        note="(48) without the logarithm.",
        state="done",
        function="therml_exact.tempered_posterior",
        test="tests/test_thermo_boltzmann.py::test_tempered_posterior_of_a_bayes_world",
    ),
    Equation(
        number=51,
        kind="identity",
        status="as printed",
        reading=EACH,
        statement="J_d = I_P − I_Q = I(Θ;Xᴺ,Yᴺ) + Σᵢ [I(Xᵢ;Φ) + I(Yᵢ;Xᵢ,Φ) − I(Yᵢ;Xᵢ,Θ)]",
        latex=(
            r"\mathcal{J}_{d} = I_P - I_Q = I(\Theta; X^N, Y^N) + \sum_{i} \left[I(X_i; \Phi) + I(Y_i; X_i, "
            r"\Phi) - I(Y_i; X_i, \Theta) \right]"
        ),
        note="The least KL with its own q(yᵢ|xᵢ,θ) for each sample, as (5).",
        state="done",
        function="therml_exact.DiscriminativeWorld",
        test="tests/test_equations.py::test_relation[51]",
    ),
    Equation(
        number=52,
        kind="definition, bound",
        status="false as printed",
        reading="S and its bound as printed, without the labels",
        statement="Entropy of the discriminative world: S = ⟨log p(θ|xᴺ)/q(θ)⟩ ≥ I(Θ;Xᴺ)",
        latex=(r"S \equiv \left\langle \log \frac{p(\theta|X^n)}{q(\theta)} \right\rangle_P \ge I(\Theta; X^n)"),
        corrected="S = ⟨log p(θ|xᴺ,yᴺ)/q(θ)⟩ ≥ I(Θ;Xᴺ,Yᴺ)",
        note="Printed it breaks (54): X constant, Y a fair bit, Θ = Y, N = 1 gives U + S = 0 against log 2.",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_52_as_printed_breaks_54",
    ),
    Equation(
        number=53,
        kind="definition, bound",
        status="as printed",
        reading=ANY_Q,
        statement="Energy: Uᵢ = −⟨log q(yᵢ|xᵢ,θ)⟩ ≥ H(Yᵢ|Xᵢ,Θ), U = Σᵢ Uᵢ",
        latex=r"U_i \equiv -\langle \log q(y_i|x_i,\theta) \rangle_P \ge H(Y_i|X_i,\Theta)",
        state="done",
        function="therml_exact.functionals",
        test="tests/test_equations.py::test_relation[53]",
    ),
    Equation(
        number=54,
        kind="bound",
        status="corrected",
        reading="the sum runs over both terms, since i occurs in both; S is that of (52)",
        statement="Discriminative frontier: U + S ≥ J_d + Σᵢ H(Yᵢ|Xᵢ,Φ) − I(Xᵢ;Φ)",
        latex=r"U + S \ge \mathcal{J}_{d} + \sum_{i} H(Y_i|X_i, \Phi) - I(X_i; \Phi)",
        corrected="U + S ≥ J_d + Σᵢ [H(Yᵢ|Xᵢ,Φ) − I(Xᵢ;Φ)]",
        note="The sum runs over both terms, and S is the corrected (52).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[54]",
    ),
    Equation(
        number=55,
        kind="equilibrium",
        status="as printed",
        reading=GIVEN,
        statement="Tempered: log p(θ|xᴺ,yᴺ) = log q(θ) + β Σᵢ log q(yᵢ|xᵢ,θ) − log Z",
        latex=(
            r"\log p(\theta|x^N, y^N) = \log q(\theta) + \beta \sum_{i} \log q(y_i|x_i, \theta) - \log "
            r"\mathcal{Z}"
        ),
        note="As (48).",
        state="done",
        function="therml_exact.tempered_posterior",
        test="tests/test_thermo_boltzmann.py::test_tempered_posterior_of_a_discriminative_world",
    ),
    Equation(
        number=56,
        kind="identity",
        status="as printed",
        reading=ANY_Q,
        statement="I(Θ;Xᴺ,Yᴺ) = S − KL(p(θ);q(θ))",
        latex=r"I(\Theta; X^N, Y^N) = S - D_{KL}[p(\theta); q(\theta)]",
        note="For q > 0 where p > 0; otherwise S and the KL are both infinite.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[56]",
    ),
    Equation(
        number=57,
        kind="identity",
        status="as printed",
        reading=ANY_Q,
        statement="I(Xᵢ;Zᵢ) = H(Xᵢ) − Dᵢ + KL(p(xᵢ|zᵢ);q(xᵢ|zᵢ))",
        latex=r"I(X_i; Z_i) = H(X_i) - D_i + D_{KL}[p(x_i|z_i); q(x_i|z_i)]",
        note="For q > 0 where p > 0; otherwise D and the KL are both infinite.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[57]",
    ),
    Equation(
        number=58,
        kind="identity",
        status="as printed",
        reading=ANY_Q,
        statement="I(Yᵢ;Zᵢ) = H(Yᵢ) − Cᵢ + KL(p(yᵢ|zᵢ);q(yᵢ|zᵢ))",
        latex=r"I(Y_i; Z_i) = H(Y_i) - C_i + D_{KL}[p(y_i|z_i); q(y_i|z_i)]",
        note="For q > 0 where p > 0; otherwise C and the KL are both infinite.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[58]",
    ),
    Equation(
        number=59,
        kind="identity",
        status="as printed",
        reading=ANY_Q,
        statement="I(Zᵢ;Xᵢ,Θ) = Rᵢ − KL(p(zᵢ);q(zᵢ))",
        latex=r"I(Z_i; X_i, \Theta) = R_i - D_{KL}[p(z_i); q(z_i)]",
        note="For q > 0 where p > 0; otherwise R and the KL are both infinite.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[59]",
    ),
    Equation(
        number=60,
        kind="identity",
        status="as printed",
        reading=ANY_Q,
        statement="J = S + D + C + R − KL − Σᵢ [H(Xᵢ) + H(Yᵢ) − I(Xᵢ;Φ) − I(Yᵢ;Xᵢ,Φ)] ≥ 0",
        latex=(
            r"\mathcal{J} = S + D + C + R - D_{KL}[p;q] - \sum_{i} [H(X_i) + H(Y_i) - I(X_i; \Phi) - I(Y_i; "
            r"X_i, \Phi)] \ge 0"
        ),
        note="Exact for arbitrary q's with finite functionals; KL is (61).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[60]",
    ),
    Equation(
        number=61,
        kind="definition",
        status="as printed",
        reading=ANY_Q,
        statement="KL = KL(p(θ);q(θ)) + Σᵢ [KL(xᵢ|zᵢ) + KL(yᵢ|zᵢ) + KL(zᵢ)], each of p from its q",
        latex=(
            r"D_{\text{KL}}[p;q] \equiv D_{\text{KL}}[p(\theta);q(\theta)] + \sum_{i} "
            r"D_{\text{KL}}[p(x_i|z_i);q(x_i|z_i)] + \sum_{i} [D_{\text{KL}}[p(y_i|z_i);q(y_i|z_i)] + "
            r"D_{\text{KL}}[p(z_i);q(z_i)]]"
        ),
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[61]",
    ),
    Equation(
        number=62,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="H(Xᵢ) − I(Xᵢ;Φ) = H(Xᵢ|Φ)",
        latex=r"H(X_i) - I(X_i; \Phi) = H(X_i|\Phi)",
        state="done",
        function="therml_exact.entropy",
        test="tests/test_equations.py::test_relation[62]",
    ),
    Equation(
        number=63,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="H(Yᵢ) − I(Yᵢ;Xᵢ,Φ) = H(Yᵢ|Xᵢ,Φ)",
        latex=r"H(Y_i) - I(Y_i; X_i \Phi) = H(Y_i | X_i, \Phi)",
        state="done",
        function="therml_exact.entropy",
        test="tests/test_equations.py::test_relation[63]",
    ),
    Equation(
        number=64,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="H(Yᵢ|Xᵢ,Φ) + H(Xᵢ|Φ) = H(Xᵢ,Yᵢ|Φ)",
        latex=r"H(Y_i|X_i, \Phi) + H(X_i|\Phi) = H(Y_i, X_i|\Phi)",
        state="done",
        function="therml_exact.entropy",
        test="tests/test_equations.py::test_relation[64]",
    ),
    Equation(
        number=65,
        kind="identity",
        status="as printed",
        reading=ANY_Q,
        statement="J = S + D + C + R − KL − Σᵢ H(Xᵢ,Yᵢ|Φ)",
        latex=r"\mathcal{J} = S + D + C + R - D_{KL}[p;q] - \sum_{i} H(Y_{i}, X_{i}|\Phi)",
        note="Exact for arbitrary q's with finite functionals; KL is (61).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[65]",
    ),
    Equation(
        number=66,
        kind="identity",
        status="as printed",
        reading=ANY_Q,
        statement="S + D + C + R = J + KL + Σᵢ H(Xᵢ,Yᵢ|Φ)",
        latex=r"S + D + C + R = \mathcal{J} + D_{\text{KL}}[p;q] + \sum_{i} H(Y_{i}, X_{i}|\Phi)",
        note="Exact for arbitrary q's; both sides can be infinite.",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[66]",
    ),
    Equation(
        number=67,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="S + D + C + R ≥ J + Σᵢ H(Xᵢ,Yᵢ|Φ)",
        latex=r"S + D + C + R \ge \mathcal{J} + \sum_{i} H(Y_i, X_i|\Phi)",
        note="The same as (14).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[67]",
    ),
    Equation(
        number=68,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="S + D + C + R ≥ Σᵢ H(Xᵢ,Yᵢ|Φ)",
        latex=r"S + D + C + R \ge \sum_{i} H(Y_i, X_i|\Phi)",
        note="The first part of (15), never tight unless Φ is independent of (X,Y).",
        state="done",
        function="therml_exact.check_bounds",
        test="tests/test_equations.py::test_relation[68]",
    ),
    Equation(
        number=69,
        kind="empty",
        status="empty",
        reading="none",
        statement="(a number without a formula)",
        latex="",
        note="The paper prints the number alone.",
        state="empty",
        function=None,
        test=None,
    ),
    Equation(
        number=70,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="I(A;B) = H(A) − H(A|B)",
        latex=r"I(A;B) = H(A) - H(A|B)",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[70]",
    ),
    Equation(
        number=71,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="I(A;B) = H(B) − H(B|A)",
        latex=r"I(A;B) = H(B) - H(B|A)",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[71]",
    ),
    Equation(
        number=72,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="I(A;B) = H(A) + H(B) − H(A,B)",
        latex=r"I(A;B) = H(A) + H(B) - H(A, B)",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[72]",
    ),
    Equation(
        number=73,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="I(A;B) = H(A,B) − H(A|B) − H(B|A)",
        latex=r"I(A;B) = H(A,B) - H(A|B) - H(B|A)",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[73]",
    ),
    Equation(
        number=74,
        kind="identity, bound",
        status="as printed",
        reading=FINITE,
        statement="Chain rule: I(A,B;C) = I(A;C) + I(B;C|A) ≥ 0",
        latex=r"I(A, B; C) = I(A; C) + I(B; C|A) \ge 0",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[74]",
    ),
    Equation(
        number=75,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="I(A;B) ≥ 0",
        latex=r"I(A;B) \ge 0",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[75]",
    ),
    Equation(
        number=76,
        kind="bound",
        status="as printed",
        reading=FINITE,
        statement="I(A;B|C) ≥ 0",
        latex=r"I(A;B|C) \ge 0",
        state="done",
        function="therml_exact.mutual_information",
        test="tests/test_equations.py::test_relation[76]",
    ),
    Equation(
        number=77,
        kind="identity",
        status="as printed",
        reading=FINITE,
        statement="H(B|A) = H(A,B) − H(A)",
        latex=r"H(B|A) = H(A,B) - H(A)",
        state="done",
        function="therml_exact.entropy",
        test="tests/test_equations.py::test_relation[77]",
    ),
    Equation(
        number=78,
        kind="definition",
        status="as printed",
        reading=FINITE,
        statement="Free rate: F(C,D,σ) = R + σS",
        latex=r"F(C, D, \sigma) \equiv R + \sigma S",
        note="Legendre transform of R in S: where R is differentiable and σ determines S.",
        state="done",
        function="therml_exact.potentials",
        test="tests/test_thermo_maxwell.py::test_differentials_hold_between_neighbours",
    ),
    Equation(
        number=79,
        kind="equilibrium",
        status="as printed",
        reading=SMOOTH,
        statement="dF = −γ dC − δ dD + S dσ",
        latex=r"dF = -\gamma dC - \delta dD + S d\sigma",
        note="Where R is differentiable.",
        state="done",
        function="therml_exact.potentials",
        test="tests/test_thermo_maxwell.py::test_differentials_hold_between_neighbours",
    ),
    Equation(
        number=80,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From F(C,D,σ): (∂S/∂C)_σ = −(∂γ/∂σ)_C",
        latex=(
            r"\left(\frac{\partial S}{\partial C}\right)_{\sigma} = -\left(\frac{\partial \gamma}{\partial "
            r"\sigma}\right)_{C}"
        ),
        note="D is held; the relation with δ held is another one, (95).",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=81,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From R(D,C,S): (∂γ/∂D)_C = (∂δ/∂C)_D",
        latex=(
            r"\left(\frac{\partial \gamma}{\partial D}\right)_{C} = \left(\frac{\partial \delta}{\partial "
            r"C}\right)_{D}"
        ),
        note="With S held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=82,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From R(D,C,S): (∂δ/∂S)_D = (∂σ/∂D)_S",
        latex=(
            r"\left(\frac{\partial \delta}{\partial S}\right)_{D} = \left(\frac{\partial \sigma}{\partial "
            r"D}\right)_{S}"
        ),
        note="With C held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=83,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From R(D,C,S): (∂γ/∂S)_C = (∂σ/∂C)_S",
        latex=(
            r"\left(\frac{\partial \gamma}{\partial S}\right)_{C} = \left(\frac{\partial \sigma}{\partial "
            r"C}\right)_{S}"
        ),
        note="With D held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=84,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From F(D,C,σ): (∂γ/∂σ)_C = −(∂S/∂C)_σ",
        latex=(
            r"\left(\frac{\partial \gamma}{\partial \sigma}\right)_{C} = -\left(\frac{\partial S}{\partial "
            r"C}\right)_{\sigma}"
        ),
        note="Holds with D held on both sides: (80) turned round.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=85,
        kind="maxwell",
        status="false as printed",
        reading=HELD,
        statement="From F(D,C,σ): (∂δ/∂S)_D = −(∂S/∂D)_σ",
        latex=(
            r"\left(\frac{\partial \delta}{\partial S}\right)_{D} = -\left(\frac{\partial S}{\partial "
            r"D}\right)_{\sigma}"
        ),
        corrected="(∂δ/∂σ)_{D,C} = −(∂S/∂D)_{σ,C}",
        note="False in general, with C or γ held as the third: ∂S should read ∂σ on the left. Its units differ.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_printed_85_and_93_fail_where_the_corrected_ones_hold",
    ),
    Equation(
        number=86,
        kind="equilibrium",
        status="false as printed",
        reading=SMOOTH,
        statement="From H(D,γ,S) = R + γC: dH = C dγ − δ D − σ dS",
        latex=r"dH = Cd\gamma - \delta D - \sigma dS",
        corrected="dH = C dγ − δ dD − σ dS",
        note="A d is missing before D.",
        state="done",
        function="therml_exact.potentials",
        test="tests/test_thermo_maxwell.py::test_86_needs_its_missing_d",
    ),
    Equation(
        number=87,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From H(D,γ,S): (∂C/∂D)_γ = −(∂δ/∂γ)_D",
        latex=(
            r"\left(\frac{\partial C}{\partial D}\right)_{\gamma} = -\left(\frac{\partial \delta}{\partial "
            r"\gamma}\right)_{D}"
        ),
        note="With S held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=88,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From H(D,γ,S): (∂C/∂S)_γ = −(∂σ/∂γ)_S",
        latex=(
            r"\left(\frac{\partial C}{\partial S}\right)_{\gamma} = -\left(\frac{\partial \sigma}{\partial "
            r"\gamma}\right)_{S}"
        ),
        note="With D held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=89,
        kind="equilibrium",
        status="as printed",
        reading=SMOOTH,
        statement="From G(D,γ,σ) = R + σS + γC: dG = C dγ − δ dD + S dσ",
        latex=r"dG = Cd\gamma - \delta dD + Sd\sigma",
        note="Where R is differentiable.",
        state="done",
        function="therml_exact.potentials",
        test="tests/test_thermo_maxwell.py::test_differentials_hold_between_neighbours",
    ),
    Equation(
        number=90,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From G(D,γ,σ): (∂C/∂σ)_γ = (∂S/∂γ)_σ",
        latex=(
            r"\left(\frac{\partial C}{\partial \sigma}\right)_{\gamma} = \left(\frac{\partial S}{\partial "
            r"\gamma}\right)_{\sigma}"
        ),
        note="With D held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=91,
        kind="equilibrium",
        status="as printed",
        reading=SMOOTH,
        statement="From A(δ,C,S) = R + δD: dA = −γ dC + D dδ − σ dS",
        latex=r"dA = -\gamma dC + Dd\delta - \sigma dS",
        note="Where R is differentiable.",
        state="done",
        function="therml_exact.potentials",
        test="tests/test_thermo_maxwell.py::test_differentials_hold_between_neighbours",
    ),
    Equation(
        number=92,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From A(δ,C,S): (∂γ/∂δ)_C = −(∂D/∂C)_δ",
        latex=(
            r"\left(\frac{\partial \gamma}{\partial \delta}\right)_{C} = -\left(\frac{\partial D}{\partial "
            r"C}\right)_{\delta}"
        ),
        note="With S held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=93,
        kind="maxwell",
        status="false as printed",
        reading=HELD,
        statement="From A(δ,C,S): (∂D/∂σ)_δ = −(∂σ/∂δ)_S",
        latex=(
            r"\left(\frac{\partial D}{\partial \sigma}\right)_{\delta} = -\left(\frac{\partial "
            r"\sigma}{\partial \delta}\right)_{S}"
        ),
        corrected="(∂D/∂S)_{δ,C} = −(∂σ/∂δ)_{S,C}",
        note="False in general, with C or γ held as the third: ∂σ should read ∂S on the left. Its units differ.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_printed_85_and_93_fail_where_the_corrected_ones_hold",
    ),
    Equation(
        number=94,
        kind="equilibrium",
        status="as printed",
        reading=SMOOTH,
        statement="From B(δ,C,σ) = R + δD + σS: dB = −γ dC + D dδ + S dσ",
        latex=r"dB = -\gamma dC + Dd\delta + Sd\sigma",
        note="Where R is differentiable.",
        state="done",
        function="therml_exact.potentials",
        test="tests/test_thermo_maxwell.py::test_differentials_hold_between_neighbours",
    ),
    Equation(
        number=95,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From B(δ,C,σ): (∂γ/∂σ)_C = −(∂S/∂C)_σ",
        latex=(
            r"\left(\frac{\partial \gamma}{\partial \sigma}\right)_{C} = -\left(\frac{\partial S}{\partial "
            r"C}\right)_{\sigma}"
        ),
        note="The text of (84), but with δ held and not D: a different statement, also true.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=96,
        kind="maxwell",
        status="as printed",
        reading=HELD,
        statement="From B(δ,C,σ): (∂S/∂δ)_σ = (∂D/∂σ)_δ",
        latex=(
            r"\left(\frac{\partial S}{\partial \delta}\right)_{\sigma} = \left(\frac{\partial D}{\partial "
            r"\sigma}\right)_{\delta}"
        ),
        note="With C held on both sides, where R is twice differentiable.",
        state="done",
        function="therml_exact.measure_maxwell",
        test="tests/test_thermo_maxwell.py::test_maxwell_relations_agree_at_five_points",
    ),
    Equation(
        number=97,
        kind="equilibrium",
        status="as printed",
        reading=GIVEN,
        statement="Fixed total rate: min S subject to R = R_C gives p(θ|{x,y}) = q(θ) exp(−R/σ)/Z",
        latex=(
            r"\min S \text{ s.t. } R = R_C \implies p(\theta | \{x, y\}) = \frac{q(\theta)}{\mathcal{Z}} "
            r"e^{-R/\sigma}"
        ),
        note="For given q's, with R and Z of one data set, as (24).",
        state="done",
        function="therml_exact.couple",
        test="tests/test_equations.py::test_97_no_rule_of_the_same_rate_keeps_less",
    ),
    Equation(
        number=98,
        kind="equilibrium",
        status="false as printed",
        reading="σ in the first term is σ_A; R_A and R_B are numbers",
        statement="Zeroth law: −R_A/σ − R_B/σ_B = −R_C/σ_C = −(R_A + R_B)/σ_C, hence σ_A = σ_B = σ_C",
        latex=(
            r"-\frac{1}{\sigma}R_A - \frac{1}{\sigma_B}R_B = -\frac{1}{\sigma_C}R_C = "
            r"-\frac{1}{\sigma_C}(R_A + R_B) \implies \sigma_A = \sigma_B = \sigma_C"
        ),
        corrected=("σ_A = σ_B = σ_C if R_A/σ_A + R_B/σ_B − (R_A + R_B)/σ_C is constant in θ while R_A and R_B are not"),
        note=("σ is σ_A; R_A = R_B, σ's (1, 1/3, 1/2) fit too; optimal q's give R_C = R_A + R_B − Σᵢ I(Z_A;Z_B)."),
        state="done",
        function="therml_exact.thermo.zeroth_law.same_temperature",
        test="tests/test_thermo_zeroth_law.py::test_98_as_printed_does_not_imply_equal_temperatures",
    ),
)
