"""All models of Figures 6 to 10: trained together, the best restart of each kept and assessed.

A run is every objective on the infinite data and on a few finite samples, from several starts; the start whose own
training objective ends lowest is the model, whatever it is worth in truth. Beside it, by the same optimiser: free
tables on the infinite data (free.py), for the question why; the other reading of the decoder (model.py) on all data;
and, if asked for, the infinite ones again with twice the steps, for the question whether they had converged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import therml_exact as tx
from validation.appendix_h import free, model
from validation.appendix_h.assessment import (
    DRAWS,
    Assessed,
    Tables,
    assess,
    effect,
    excess_over,
    functionals,
    tables,
)
from validation.appendix_h.data import EXAMPLES, finite, infinite
from validation.appendix_h.model import AS_PRINTED, BY_LETTER, Family
from validation.appendix_h.noise import finite_rule
from validation.appendix_h.objectives import OBJECTIVES, Objective
from validation.appendix_h.training import PIECES, STEPS, Trained, train

Start = Callable[[str, int | None], Callable[[], None]]


@dataclass(frozen=True, eq=False)
class Results:
    """What was trained and what became of it; models[0] are the infinite ones, models[1:] one list for each sample."""

    truth: np.ndarray
    samples: tuple[np.ndarray, ...]
    frontier: tx.Frontier
    models: tuple[tuple[Assessed, ...], ...]
    spread: dict[str, np.ndarray]  # by objective: cost of each restart above the best, on the infinite data
    free: dict[
        tuple[float, float, float], tuple[float, float]
    ]  # excess of the best free tables, by (rho, delta, gamma)
    by_letter: dict[str, list[Tables]]  # the other reading of the decoder, on the infinite data and on each sample
    noise_at_start: float  # the most that the noise changes the cost of a start, nats
    noise_at_end: float  # the same for the trained models without S
    longer: dict[str, float]  # by objective: what twice the steps gain on the infinite data, per unit of multipliers
    restarts: int
    steps: int


def run(
    seeds: Sequence[int], restarts: int, folder: Path, start: Start, steps: int = STEPS, longer: bool = False
) -> Results:
    """Train, choose, assess."""
    truth = infinite()
    samples = tuple(finite(seed) for seed in seeds)
    data = (truth, *samples)
    frontier = tx.trace(tx.EncoderProblem(tx.Joint(truth, ("X", "Y"))), tol=1e-3, progress=False)

    jobs = [(o, d) for d in range(len(data)) for o in OBJECTIVES]
    trained = _train(AS_PRINTED, model.initial, [(o, data[d]) for o, d in jobs], restarts, folder, start, steps)
    advance = start("Exact values and certified distances", len(jobs))
    chosen = []
    for k, (o, d) in enumerate(jobs):
        best, history = _best(trained, o, k, restarts)
        name = "infinite" if d == 0 else f"sample {seeds[d - 1]}"
        parameters = {key: value[best] for key, value in trained.parameters.items()}
        chosen.append((assess(AS_PRINTED, parameters, o, name, data[d], truth, frontier, history), parameters))
        advance()
    models = tuple(tuple(a for a, _ in chosen[d * len(OBJECTIVES) :][: len(OBJECTIVES)]) for d in range(len(data)))

    fewer = max(2, restarts // 2)
    still = list({o.weights[:3]: Objective(0, "free", *o.weights[:3]) for o in OBJECTIVES}.values())
    loose = _train(free.FREE, free.initial, [(o, truth) for o in still], fewer, folder, start, steps)
    again = [(o, d) for o, d in jobs if o.delta]
    letters = _train(BY_LETTER, model.initial, [(o, data[d]) for o, d in again], fewer, folder, start, steps)
    quiet = np.zeros((1, 2, len(truth)))
    by_letter: dict[str, list[Tables]] = {}
    for k, (o, _) in enumerate(again):
        best, _ = _best(letters, o, k, fewer)
        parameters = {key: value[best] for key, value in letters.parameters.items()}
        rule = finite_rule(DRAWS, 0) if o.sigma else quiet
        by_letter.setdefault(o.name, []).append(tables(BY_LETTER, parameters, rule))
    excess = {}
    for k, o in enumerate(still):
        best, _ = _best(loose, o, k, fewer)
        found = tables(free.FREE, {key: value[best] for key, value in loose.parameters.items()}, quiet)
        excess[o.weights[:3]] = excess_over(frontier.problem, o, functionals(found, truth, o))

    gains = {}
    if longer:
        patient = _train(
            AS_PRINTED, model.initial, [(o, truth) for o in OBJECTIVES], restarts, folder, start, 2 * steps
        )
        for k, o in enumerate(OBJECTIVES):
            before, after = (_best(t, o, k, restarts)[1][-1] @ _weights(o) for t in (trained, patient))
            gains[o.name] = float(before - after) / sum(o.weights[:3])

    plain = [o for o in OBJECTIVES if o.sigma == 0]
    return Results(
        truth,
        samples,
        frontier,
        models,
        {o.name: _costs(trained, o, k, restarts) for k, o in enumerate(OBJECTIVES)},
        excess,
        by_letter,
        max(abs(effect(AS_PRINTED, model.initial(r), o, truth)) for o in plain for r in range(restarts)),
        max(abs(effect(AS_PRINTED, p, a.objective, truth)) for a, p in chosen if a.objective in plain),
        gains,
        restarts,
        steps,
    )


def _train(
    family: Family,
    initial: Callable[[int], dict[str, np.ndarray]],
    jobs: Sequence[tuple[Objective, np.ndarray]],
    restarts: int,
    folder: Path,
    start: Start,
    steps: int,
) -> Trained:
    """All jobs from all starts, job by job."""
    starts = [initial(r) for r in range(restarts)]
    stacked = {name: np.concatenate([[s[name] for s in starts]] * len(jobs)) for name in starts[0]}
    advance = start(f"Training {len(jobs) * restarts} models ({family.name})", PIECES)
    data = np.repeat([p for _, p in jobs], restarts, axis=0)
    weights = np.repeat([o.weights for o, _ in jobs], restarts, axis=0)
    place = folder / f"{family.name.replace(' ', '-')}-{steps}.npz"
    return train(family, stacked, data, weights, place, steps, advance)


def _costs(trained: Trained, objective: Objective, job: int, restarts: int) -> np.ndarray:
    """The training objective of each restart of a job above the least, by the loop's own last estimates."""
    costs = trained.estimates[-1, job * restarts : (job + 1) * restarts] @ _weights(objective)
    return np.asarray(costs - costs.min())


def _best(trained: Trained, objective: Objective, job: int, restarts: int) -> tuple[int, np.ndarray]:
    """The model of the least training objective, and its history."""
    best = job * restarts + int(np.argmin(_costs(trained, objective, job, restarts)))
    return best, trained.estimates[:, best]


def _weights(objective: Objective) -> np.ndarray:
    """Of R, D, C and S in the training objective."""
    return np.array(objective.weights) * [1, 1, 1, 1 / EXAMPLES]
