"""The page of scores:  python -m validation.scores  writes therml_exact/docs/pages/scores.md.

Every estimator of validation/estimators on the atlas: SIZE samples, many data sets, nats. Entries over two variables
are scored for I(X;Y) by all estimators; the entries whose own quantity is I(X;Y|Z) by those from counts, as

    I(X;Y|Z) = H(X,Z) + H(Y,Z) - H(X,Y,Z) - H(Z)

with the estimator's entropies. All see the same samples. The page is written whole by this script.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

import therml_exact as tx
from therml_exact.audit import EstimatorAudit
from therml_exact.files import write_text
from validation.estimators import chao_shen, grassberger, jackknife, miller_madow, nsb, plug_in
from validation.estimators.contingency import Counts
from validation.estimators.roster import ESTIMATORS, Estimator

PAGE = Path(tx.__file__).parent / "docs" / "pages" / "scores.md"
SIZE, TRIALS, TRAINED, SEED = 100, 200, 20, 0
SIGMAS = 5.0  # standard errors
ENTROPIES: dict[str, Callable[[Counts], float]] = {
    "plug-in": plug_in.entropy,
    "Miller-Madow": miller_madow.entropy,
    "Chao-Shen": chao_shen.entropy,
    "Grassberger": grassberger.entropy,
    "jackknife": jackknife.entropy,
    "NSB": nsb.entropy,
}


Found = dict[tuple[str, str], EstimatorAudit]  # by estimator and entry


def of_two() -> list[str]:
    """The entries over two variables."""
    return [name for name in tx.atlas.names() if len(tx.atlas.load(name).joint.axes) == 2]


def conditional() -> list[str]:
    """The entries that are about I(X;Y|Z)."""
    return [name for name in tx.atlas.names() if tx.atlas.load(name).quantity == "I(X;Y|Z)"]


def score(estimator: Estimator, name: str) -> EstimatorAudit:
    """One estimator of I(X;Y) on one entry."""
    entry = tx.atlas.load(name)
    fn = estimator.make(entry.joint.to_float().table)
    trials = TRAINED if estimator.family == "trained" else TRIALS
    return entry.score(fn, SIZE, trials, SEED)


def score_conditional(entropy: Callable[[Counts], float], name: str) -> EstimatorAudit:
    """One estimator of entropies on one entry, for I(X;Y|Z)."""
    entry = tx.atlas.load(name)
    shape = entry.joint.shape

    def estimate(*columns: np.ndarray) -> float:
        c = np.bincount(np.ravel_multi_index(columns, shape), minlength=int(np.prod(shape))).reshape(shape)
        return entropy(c.sum(axis=1)) + entropy(c.sum(axis=0)) - entropy(c) - entropy(c.sum(axis=(0, 1)))

    return entry.score(estimate, SIZE, TRIALS, SEED, "I(X;Y|Z)")


def bias(audit: EstimatorAudit) -> str:
    """The bias in nats, as the tables have it."""
    return f"{audit.bias:+.3f}"


def error(audit: EstimatorAudit) -> str:
    """The root mean square error in nats, as the tables have it."""
    return f"{audit.rmse:.3f}"


def beyond(estimator: Estimator, audit: EstimatorAudit) -> bool:
    """Does the mean lie beyond the truth, on the side that a claimed bound forbids, by SIGMAS standard errors?"""
    side = {"lower": 1, "upper": -1, None: 0}[estimator.claim]
    return side * audit.bias > SIGMAS * audit.standard_error


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A table of Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---", *["--:"] * (len(heads) - 1)], *rows])


def overall(found: Found) -> str:
    """A row for each estimator, over all entries of two variables."""
    rows = []
    for e in ESTIMATORS:
        audits = {name: found[e.name, name] for name in of_two()}
        worst = max(audits, key=lambda name: abs(audits[name].bias))
        broken = str(sum(beyond(e, a) for a in audits.values())) if e.claim else "no claim"
        off = np.mean([abs(a.bias) for a in audits.values()])
        far = np.mean([a.rmse for a in audits.values()])
        rows.append([e.name, f"{off:.3f}", f"{far:.3f}", f"{bias(audits[worst])} ({worst})", broken])
    return table(["estimator", "mean of \\|bias\\|", "mean error", "worst bias", "bound broken"], rows)


def by_entry(names: list[str], quantity: str, found: Found, what: Callable[[EstimatorAudit], str]) -> str:
    """A row for each entry and its truth: what the estimators from counts make of it."""
    rows = [[f"{name} {float(tx.atlas.load(name).truth[quantity]):.3f}", *(what(found[e, name]) for e in ENTROPIES)]
            for name in names]  # fmt: skip
    heads = [name.replace("Grass", "Grass&shy;").replace("jack", "jack&shy;") for name in ENTROPIES]
    return table(["entry, truth", *heads], rows)


def page() -> str:
    """The whole page."""
    two, three = of_two(), conditional()
    jobs = [(e, name) for e in ESTIMATORS for name in two]
    with click.progressbar(jobs, label="scores", item_show_func=lambda job: job[0].name if job else "") as bar:
        found = {(e.name, name): score(e, name) for e, name in bar}
    beside = {(e, name): score_conditional(entropy, name) for e, entropy in ENTROPIES.items() for name in three}
    return f"""# Scores of known estimators

Written by `python -m validation.scores` on atlas version {tx.atlas.VERSION}: {SIZE} samples, {TRIALS} data sets
({TRAINED} for what is trained), seed {SEED}; all in nats. [Score your own](atlas.md) on the same data.

## All estimators

Over the {len(two)} entries of two variables, for I(X;Y). Those named by a best critic or known tables are told of the
distribution what their authors assume known. *Bound broken* counts the entries on which the mean lies beyond the
truth, on the side that the estimator's claimed bound forbids, by more than {SIGMAS:g} standard errors.

{overall(found)}

## Bias, entry by entry

Of the estimators from counts, for I(X;Y); beside each entry its truth.

{by_entry(two, "I(X;Y)", found, bias)}

## Error, entry by entry

The root mean square error of a single estimate.

{by_entry(two, "I(X;Y)", found, error)}

## Conditional information: bias

For I(X;Y|Z), from entropies.

{by_entry(three, "I(X;Y|Z)", beside, bias)}

## Conditional information: error

{by_entry(three, "I(X;Y|Z)", beside, error)}

The square of the error is that of the bias plus the variance of a single estimate. One size of sample ranks nobody:
`tx.atlas.load(name).score(...)` takes any.
"""


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=PAGE, show_default="the page of the documentation")
def main(out: Path) -> None:
    """Compute the scores and write the page."""
    write_text(page(), out)
    click.echo(f"wrote {out}")


if __name__ == "__main__":
    main()
