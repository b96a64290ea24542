"""minimize_path: optima along a path of multipliers, each started from its neighbour's codes (nats).

While the other multipliers stay, the mixtures' exponents are proportional to gamma (or beta). The exact plan and its
floats are therefore made once for such a stretch. A neighbour's codes are only a start: what the cells prove does not
depend on them.

Errors: TypeError for a multiplier foreign to the problem, ValueError for one that is negative or not finite.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from therml_exact.frontier.budget import Budget
from therml_exact.frontier.mixture.closed_form import RULES, log
from therml_exact.frontier.mixture.optimum import Optimum, unsearched, weighed
from therml_exact.frontier.mixture.solve import Solution, solve
from therml_exact.frontier.mixture.tables import SLACK, Tables
from therml_exact.frontier.problems.kinds import Problem
from therml_exact.frontier.problems.multipliers import LARGE, is_infinite, read_multipliers

Array = np.ndarray[Any, Any]
USUAL = Budget(1e-9, None, 60.0)


def minimize_mixture(problem: Problem, given: Mapping[str, Any], budget: Budget) -> Optimum:
    """Return the optimum at the given multipliers, within the budget."""
    (optimum,) = minimize_path(problem, [given], budget)
    return optimum


def minimize_path(problem: Problem, path: Iterable[Mapping[str, Any]], budget: Budget = USUAL,
                  end: float = math.inf) -> Iterator[Optimum]:  # fmt: skip
    """Yield the optima along a path of multipliers, each started from the codes of the one before.

    problem    an encoder, Bayes or discriminative problem
    path       the multipliers by name, one mapping for each point; rho is 1 where it is left out, the others 0
    budget     tolerance, cells and seconds of one point
    end        when all of the work ends, on the monotonic clock, in seconds; points after it take a moment each

    TypeError is raised for a multiplier that is foreign to the problem, ValueError for one that is negative or not
    finite (beta may be infinite), or more than 1e12 times rho.

    >>> import therml_exact as tx
    >>> problem = tx.BayesProblem([1], [["1/2", "1/2"]], 1)
    >>> [round(optimum.value, 6) for optimum in minimize_path(problem, [{"beta": math.inf}])]
    [0.0]
    """
    ready: Ready | None = None
    warm: list[Solution | None] = []
    for given in path:
        deadline = budget.until(end).deadline
        exact = _read(problem, given)
        if problem.unsearched(exact):
            yield unsearched(problem, exact, budget.tol)
            continue
        if "rho" in exact and max(exact.values()) > 2 * LARGE * exact["rho"]:
            raise ValueError("a multiplier is more than 1e12 times rho; take rho = 0, or smaller multipliers")
        moved = ready.at(exact) if ready is not None else None
        if moved is None:
            moved = Ready.of(problem, exact)
            warm = [None] * len(moved.tables)
        ready = moved
        # The value is at least what the closed forms say, and so is its share.
        within = min(budget.tolerance(max(ready.floor(), 0.0)) / ready.size, 1.0 + budget.rtol * ready.heaviest)
        solutions = [
            solve(tables, within, budget.cells, deadline, near) for tables, near in zip(ready.tables, warm, strict=True)
        ]
        warm = list(solutions)
        yield _optimum(problem, ready, exact, solutions, budget)


def stretch(given: Mapping[str, Any]) -> tuple[Any, ...]:
    """What multipliers have in common that can start from each other's codes: all but gamma or beta.

    >>> stretch({"rho": 1.0, "delta": 0.5, "gamma": 3.0})
    (1.0, 0.5)
    """
    return tuple(given.get(name, 0.0) for name in ("rho", "delta") if "beta" not in given)


def _read(problem: Problem, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all of the problem's multipliers by name, as Fractions; beta may be math.inf."""
    far = "beta" in problem.multipliers and is_infinite(given.get("beta"))
    exact: dict[str, Any] = dict(read_multipliers(problem, {"rho": 1, **given} | ({"beta": 0} if far else {})))
    if far:
        exact["beta"] = math.inf
    return {name: exact.get(name, Fraction(0)) for name in problem.multipliers}


@dataclass(frozen=True)
class Ready:
    """A plan with its floats: value = scale (entropy + sum over parts of shares[part] L(part)).

    exact      the problem's multipliers
    tables     the floats of each part's mixture
    scale      the factor of the value
    entropy    the constant kappa H(masses), in nats
    shares     each part's factor of L
    letters    for each part, the problem's letters that it stands for, and the mixture's letter w of each of them
    """

    exact: dict[str, Fraction]
    tables: list[Tables]
    scale: float
    entropy: float
    shares: list[float]
    letters: list[tuple[Array, Array]]

    @classmethod
    def of(cls, problem: Problem, exact: dict[str, Fraction]) -> Ready:
        """Return the floats of the problem's exact plan at these multipliers."""
        plan = problem.plan(**exact)
        entropy = -float(plan.kappa) * math.fsum(float(m) * log(m) for m in plan.masses)
        letters = [
            (np.concatenate([np.array(of) for of in part.members]),
             np.repeat(np.arange(len(part.members)), [len(of) for of in part.members]))
            for part in plan.parts
        ]  # fmt: skip
        tables = [Tables(part.mixture) for part in plan.parts]
        return cls(exact, tables, float(plan.scale), entropy, [float(p.share) for p in plan.parts], letters)

    def at(self, exact: dict[str, Fraction]) -> Ready | None:
        """Return the same plan with another gamma or beta, to which its exponents are proportional.

        The result is None where the plans differ: another multiplier changes, or one of the two is 0.
        """
        name = "gamma" if "gamma" in exact else "beta"
        if not (self.exact[name] and exact[name]) or {**exact, name: 0} != {**self.exact, name: 0}:
            return None
        ratio = exact[name] / self.exact[name]
        return replace(self, exact=exact, tables=[t.at(t.mixture.multiplier * ratio) for t in self.tables])

    @property
    def size(self) -> float:
        """The factor by which an error that all L have in common enters the value."""
        return self.scale * math.fsum(self.shares)

    @property
    def heaviest(self) -> float:
        """The largest sum of a letter's exponents in any part."""
        return max(t.heaviest for t in self.tables)

    def floor(self) -> float:
        """Return a lower bound of the value in closed form, in nats."""
        return self.bound([t.closed_bound("supports") for t in self.tables])

    def bound(self, values: list[float]) -> float:
        """Return the value where the parts' L are `values`, in nats, less the most that rounding may have added."""
        terms = [self.entropy, *(share * v for share, v in zip(self.shares, values, strict=True))]
        # The entropy of masses near 1 is off by the last digit of 1.
        return self.scale * (math.fsum(terms) - SLACK * (math.fsum(abs(t) for t in terms) + 1))

    def encoder(self, solutions: list[Solution], count: int) -> Array:
        """Return p(z|letter) [letter, z] for `count` letters, with the codes of all parts side by side.

        Rows of letters that do not occur are 0.
        """
        encoder = np.zeros((count, sum(len(s.weights) for s in solutions)))
        column = 0
        for (letters, of), solution in zip(self.letters, solutions, strict=True):
            width = len(solution.weights)
            encoder[letters, column : column + width] = solution.posterior[of]
            column += width
        return encoder


def _optimum(problem: Problem, ready: Ready, exact: dict[str, Fraction], solutions: list[Solution],
             budget: Budget) -> Optimum:  # fmt: skip
    """Return the optimum that the parts' solutions make."""
    floats = {name: float(value) for name, value in exact.items()}
    lower = ready.bound([s.lower_bound for s in solutions])
    encoder = problem.arranged(ready.encoder(solutions, problem.letters))
    point = problem.point(encoder)
    value = weighed(problem, floats, point)
    found = Optimum(problem, floats, value, lower, budget.tolerance(value), point, encoder, exact, tuple(solutions))
    if budget.rtol and found.status == "open" and all(s.complete and s.rule in RULES for s in solutions):
        return found.in_balls()
    return found
