"""The atlas of ground truth, computed and written:  python -m validation.atlas [--out therml_exact/data/atlas.json]

Some forty distributions, with what the library knows of each: exact informations, certified frontier points, the
critical gamma, what N samples could teach and what an optimal learner keeps (nats). The file is the package's; the same
sources give the same bytes.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

import therml_exact as tx
from therml_exact.atlas import VERSION
from therml_exact.files import jsonable, write_text
from therml_exact.frontier.mixture.critical import critical
from therml_exact.frontier.problems.multipliers import LARGE

HERE = Path(tx.__file__).parent / "data" / "atlas.json"
GAMMAS = (1.25, 2.0, 4.0, 10.0)
SAMPLES = (1, 2, 3, 5, 10, 100)
LONGEST = 6000  # characters of a certificate that is written
MOST_LETTERS = 5  # of the smaller alphabet, for frontiers
MOST_CELLS = 400  # of a joint with a frontier
HALF = Fraction(1, 2)


class Source(NamedTuple):
    """What an entry is made of."""

    name: str
    about: str
    source: str
    joint: tx.Joint
    quantity: str = "I(X;Y)"
    process: Mapping[str, Any] = {}


def sources() -> Iterator[Source]:
    """The entries, in the atlas's order."""
    yield from channels()
    yield from logical()
    yield from uneven()
    yield from tables()
    yield from processes()


def pair(rows: Any, p_x: Any = None) -> tx.Joint:
    """The joint of a channel's rows and an input, uniform unless given."""
    channel = tx.normalize(rows)
    weights = [Fraction(1, len(channel))] * len(channel) if p_x is None else [Fraction(p) for p in p_x]
    return tx.Joint(np.array(weights, dtype=object)[:, None] * channel, ("X", "Y"))


def channels() -> Iterator[Source]:
    """Textbook channels."""
    text = "Cover and Thomas, Elements of Information Theory (2nd ed., 2006), chapter 7"
    for percent in (1, 10, 25, 45):
        yield Source(f"symmetric-{percent}", f"a fair bit, flipped with probability {percent}/100", text,
                     tx.examples.binary_symmetric(Fraction(percent, 100)))  # fmt: skip
    yield Source("erasure", "a fair bit, erased with probability 1/3", text, pair([[2, 1, 0], [0, 1, 2]]))
    yield Source("z-channel", "a bit; ones arrive as zeros half of the time", text, pair([[1, 0], [1, 1]]))
    rows = [[int(y in (x, (x + 1) % 8)) for y in range(8)] for x in range(8)]
    yield Source("noisy-typewriter", "eight letters, each typed as itself or the next", text, pair(rows))
    rows = [[27 if x == y else 1 for y in range(4)] for x in range(4)]
    yield Source("symmetric-of-four", "four letters, each kept with probability 9/10", text, pair(rows))
    yield Source("copy", "Y is X, uniform over four letters", "definition", pair(np.eye(4, dtype=int)))
    yield Source("deterministic", "Y is a function of X that joins letters", "definition",
                 pair([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1]]))  # fmt: skip
    yield Source("independent", "X and Y independent", "definition", pair([[1, 2, 3], [1, 2, 3]]))


def logical() -> Iterator[Source]:
    """Three and four variables that pairs do not tell of."""
    fair = list(itertools.product((0, 1), repeat=2))

    def gate(f: Any) -> tx.Joint:
        table = np.full((2, 2, 2), Fraction(0), dtype=object)
        for x, y in fair:
            table[x, y, f(x, y)] += Fraction(1, 4)
        return tx.Joint(table, ("X", "Y", "Z"))

    text = "Williams and Beer, arXiv 1004.2515 (2010)"
    yield Source("xor", "Z is the sum of two fair bits modulo 2", text, gate(lambda x, y: x ^ y), "I(X;Y|Z)")
    yield Source("and", "Z says whether both of two fair bits are 1", text, gate(lambda x, y: x & y), "I(X;Y|Z)")
    chain = pair([[9, 1], [1, 9]]).table
    keep = tx.normalize([[4, 1], [1, 4]])
    yield Source("markov-chain", "X - Y - Z through two symmetric channels", "definition",
                 tx.Joint(chain[:, :, None] * keep[None], ("X", "Y", "Z")), "I(X;Z)")  # fmt: skip
    common = np.full((2, 2, 2), Fraction(0), dtype=object)
    common[0, 0, 0] = common[1, 1, 1] = HALF
    yield Source("giant-bit", "three copies of one fair bit", "Abdallah and Plumbley, Phys. Lett. A 376 (2012) 275",
                 tx.Joint(common, ("X", "Y", "Z")), "I(X;Y)")  # fmt: skip
    parity = np.full((2, 2, 2, 2), Fraction(0), dtype=object)
    for bits in itertools.product((0, 1), repeat=4):
        parity[bits] = Fraction(int(sum(bits) % 2 == 0), 8)
    yield Source("parity-of-four", "four bits of even parity: any three are independent", "definition",
                 tx.Joint(parity, ("W", "X", "Y", "Z")), "I(X;Y)")  # fmt: skip
    dyadic = np.full((4, 4, 4), Fraction(0), dtype=object)
    triadic = dyadic.copy()
    for a, b, c in itertools.product((0, 1), repeat=3):
        dyadic[2 * a + b, 2 * b + c, 2 * c + a] += Fraction(1, 8)
    for a, b, c in itertools.product((0, 1), repeat=3):
        triadic[2 * a + c, 2 * b + c, 2 * (a ^ b) + c] += Fraction(1, 8)
    text = "James and Crutchfield, Entropy 19 (2017) 531"
    yield Source(
        "dyadic", "three letters that share bits in pairs", text, tx.Joint(dyadic, ("X", "Y", "Z")), "I(X;Y|Z)"
    )
    yield Source("triadic", "as dyadic for every Shannon measure, by an exclusive or", text,
                 tx.Joint(triadic, ("X", "Y", "Z")), "I(X;Y|Z)")  # fmt: skip
    ring = np.full((2, 2, 2), Fraction(0), dtype=object)
    for at in ((0, 0, 1), (0, 1, 0), (1, 0, 0)):
        ring[at] = Fraction(1, 3)
    yield Source("one-of-three", "exactly one of three bits is 1", "definition", tx.Joint(ring, ("X", "Y", "Z")),
                 "I(X;Y|Z)")  # fmt: skip


def uneven() -> Iterator[Source]:
    """What estimators find hard: few samples a cell, rare letters, almost no dependence."""
    diagonal = np.full((12, 12), Fraction(0), dtype=object)
    for k in range(12):
        diagonal[k, k] = Fraction(3, 48)
        diagonal[k, (k + 5) % 12] = Fraction(1, 48)
    yield Source("sparse", "twelve letters, two possible partners each", "constructed", tx.Joint(diagonal, ("X", "Y")))
    for exponent, name in ((1, "zipf"), (2, "zipf-steep")):
        weights = [Fraction(1, (k + 1) ** exponent) for k in range(10)]
        total = sum(weights)
        rows = [[3 if x == y else 1 for y in range(10)] for x in range(10)]
        yield Source(name, f"ten letters of probability 1/k^{exponent}, kept with probability 1/4", "constructed",
                     pair(rows, [w / total for w in weights]))  # fmt: skip
    for power in (2, 4, 6):
        little = Fraction(1, 10**power)
        yield Source(f"near-independence-{power}", f"two bits whose covariance is 10^-{power} / 4", "constructed",
                     tx.Joint([[(1 + little) / 4, (1 - little) / 4], [(1 - little) / 4, (1 + little) / 4]],
                              ("X", "Y")))  # fmt: skip
    rare = Fraction(1, 1000)
    yield Source("rare-and-certain", "a rare letter that is always recognised", "constructed",
                 tx.Joint([[rare, 0], [0, 1 - rare]], ("X", "Y")))  # fmt: skip
    rng = np.random.default_rng(20)
    for size in (3, 5):
        counts = rng.integers(1, 30, size=(size, size))
        yield Source(f"random-{size}", f"a table of {size} x {size} random counts (seed 20)", "constructed",
                     tx.Joint.from_counts(counts, ("X", "Y")))  # fmt: skip
    counts = rng.integers(0, 4, size=(4, 3, 2))
    yield Source("random-3d", "random counts over three variables, zeros included (seed 20)", "constructed",
                 tx.Joint.from_counts(counts, ("X", "Y", "Z")), "I(X;Y|Z)")  # fmt: skip


HOUSE = [[156, 14, 2, 4], [124, 20, 5, 4], [77, 11, 7, 13], [82, 36, 15, 7], [53, 11, 1, 57], [32, 24, 4, 53],
         [33, 23, 9, 55], [12, 46, 23, 15], [10, 51, 75, 3], [13, 27, 21, 66], [8, 1, 53, 77], [0, 3, 160, 2],
         [0, 1, 6, 153]]  # fmt: skip
MOBILITY = [[50, 45, 8, 18, 8], [28, 174, 84, 154, 55], [11, 78, 110, 223, 96], [14, 150, 185, 714, 447],
            [0, 42, 72, 320, 411]]  # fmt: skip
SMOKERS = [[688, 650], [21, 59]]
ASPIRIN = [[189, 10845], [104, 10933]]


def tables() -> Iterator[Source]:
    """Real contingency tables, and the paper's toy."""
    hair = tx.examples.hair_eye()
    yield Source("hair-eye", "hair and eye colour of 592 students", "Snee, The American Statistician 28 (1974) 9",
                 hair.marginal(["Hair", "Eye"]).rename({"Hair": "X", "Eye": "Y"}))  # fmt: skip
    yield Source("hair-eye-sex", "hair, eye colour and sex of 592 students",
                 "Snee, The American Statistician 28 (1974) 9",
                 hair.marginal(["Hair", "Eye", "Sex"]).rename({"Hair": "X", "Eye": "Y", "Sex": "Z"}),
                 "I(X;Y|Z)")  # fmt: skip
    berkeley = tx.examples.berkeley()
    yield Source("berkeley", "admission, sex and department of 4526 applicants to Berkeley, 1973",
                 "Bickel, Hammel and O'Connell, Science 187 (1975) 398",
                 berkeley.rename(dict(zip(berkeley.axes, ("X", "Y", "Z"), strict=True))), "I(X;Y|Z)")  # fmt: skip
    yield Source(
        "housetasks",
        "thirteen household tasks by who does them in 1744 answers",
        "factoextra, housetasks",
        tx.Joint.from_counts(np.array(HOUSE), ("X", "Y")),
    )
    yield Source(
        "occupations",
        "occupations of 3497 British fathers and sons in five classes",
        "Glass, Social Mobility in Britain (1954)",
        tx.Joint.from_counts(np.array(MOBILITY), ("X", "Y")),
    )
    yield Source("smokers", "smoking and lung cancer of 1418 patients", "Doll and Hill, BMJ 2 (1950) 739",
                 tx.Joint.from_counts(np.array(SMOKERS), ("X", "Y")))  # fmt: skip
    yield Source("aspirin", "aspirin and heart attacks of 22071 physicians", "N. Engl. J. Med. 321 (1989) 129",
                 tx.Joint.from_counts(np.array(ASPIRIN), ("X", "Y")))  # fmt: skip
    yield Source("appendix-h", "the toy of the paper: 30 bins of two overlapping normals, I(X;Y) = 1/2 nat",
                 "Alemi and Fischer, TherML (2018), Appendix H", tx.examples.appendix_h())  # fmt: skip


def processes() -> Iterator[Source]:
    """Processes with several phi: what N samples could teach, and what the best learner keeps."""
    symmetric = [[[Fraction(9, 10), Fraction(1, 10)], [Fraction(1, 10), Fraction(9, 10)]],
                 [[Fraction(1, 10), Fraction(9, 10)], [Fraction(9, 10), Fraction(1, 10)]]]  # fmt: skip
    uniform = [[HALF, HALF], [HALF, HALF]]
    yield _process("labels-or-their-negation", "a labelling of bits, or its negation, with a tenth of the labels wrong",
                   [HALF, HALF], uniform, symmetric)  # fmt: skip
    yield _process("biased-coin", "a coin of bias 1/4, 1/2 or 3/4; the label is fair", [Fraction(1, 3)] * 3,
                   [[Fraction(1, 4), Fraction(3, 4)], [HALF, HALF], [Fraction(3, 4), Fraction(1, 4)]],
                   [uniform] * 3)  # fmt: skip
    near = Fraction(1, 20)
    yield _process("close-processes", "two labellings that differ by a tenth of a probability", [HALF, HALF], uniform,
                   [[[HALF + near, HALF - near], [HALF - near, HALF + near]],
                    [[HALF - near, HALF + near], [HALF + near, HALF - near]]])  # fmt: skip
    yield _process("rare-process", "a label that copies X but for one process in ten, where it is fair",
                   [Fraction(9, 10), Fraction(1, 10)], uniform, [np.eye(2, dtype=int).tolist(), uniform])  # fmt: skip


def _process(name: str, about: str, phi: Any, x: Any, y: Any) -> Source:
    """The entry of a process, with I_pred(N) and learning optima over the four hard encoders of a bit."""
    p, q = np.array(phi, dtype=object), np.array(x, dtype=object)
    table = p[:, None, None] * q[:, :, None] * np.array(y, dtype=object)
    taught = [[n, tx.predictive_information(np.array(p, float), np.array(q, float), np.array(y, float), n)]
              for n in SAMPLES]  # fmt: skip
    problem = tx.LearningRuleProblem(phi, x, y, 2, tx.encoders.deterministic(2, 2))
    learnt = []
    for gamma, sigma in ((2, "1/10"), (4, "1/10"), (4, "1/2")):
        o = tx.minimize(problem, gamma=gamma, sigma=sigma, tol=1e-6)
        assert o.status == "certified", (name, gamma, sigma)
        learnt.append({"n": 2, "gamma": gamma, "sigma": sigma, "value": o.value, "lower_bound": o.lower_bound,
                       "point": dict(o.point), "certificate": _short(o.certificate)})  # fmt: skip
    known = {
        "I_pred": [[n, found.I_pred, found.error] for n, found in taught],
        "learning": learnt,
        "phi": phi,
        "x_given_phi": x,
        "y_given_x_phi": y,
    }
    return Source(name, about, "constructed", tx.Joint(table, ("Phi", "X", "Y")), "I(X;Y)", known)


def _short(certificate: dict[str, Any]) -> dict[str, Any] | None:
    """A certificate, unless it is long."""
    return certificate if len(json.dumps(certificate)) <= LONGEST else None


def truth(joint: tx.Joint) -> dict[str, Any]:
    """Entropies of all sets, mutual informations of pairs, also given others, and the multi-information."""
    axes, found = joint.axes, {}
    for size in range(1, len(axes) + 1):
        for names in itertools.combinations(axes, size):
            found[f"H({','.join(names)})"] = tx.entropy(joint, names)
    for a, b in itertools.combinations(axes, 2):
        others = [c for c in axes if c not in (a, b)]
        for size in range(len(others) + 1):
            for given in itertools.combinations(others, size):
                bar = f"|{','.join(given)}" if given else ""
                found[f"I({a};{b}{bar})"] = tx.mutual_information(joint, a, b, given=given or None)
    found["TC"] = tx.multi_information(joint)
    return found


def frontier(joint: tx.Joint) -> tuple[list[dict[str, Any]], Any]:
    """Certified points of the least R + gamma C, at multiples of the critical gamma, which is the second answer."""
    if len(joint.axes) != 2 or min(joint.shape) > MOST_LETTERS or math.prod(joint.shape) > MOST_CELLS:
        return [], None
    problem = tx.EncoderProblem(joint)
    threshold = critical(problem)
    assert threshold is not None
    known = [float(threshold.low), float(threshold)] if math.isfinite(float(threshold)) else None
    points = []
    for times in GAMMAS:
        gamma = times * (1.0 if known is None else known[1])
        if gamma > LARGE:
            break
        o = tx.minimize(problem, gamma=gamma, tol=max(1e-9, 1e-12 * gamma))
        points.append({"gamma": gamma, "value": o.value, "lower_bound": o.lower_bound, "status": o.status,
                       "R": o.point["R"], "C": o.point["C"], "certificate": _short(o.certificate)})  # fmt: skip
    return points, known


def atlas() -> dict[str, Any]:
    """The whole content of the file."""
    entries = []
    with click.progressbar(list(sources()), label="atlas", item_show_func=lambda s: s.name if s else "") as bar:
        for source in bar:
            joint = source.joint
            points, gamma_c = frontier(joint)
            entries.append({
                "name": source.name, "about": source.about, "source": source.source, "axes": list(joint.axes),
                "labels": {name: list(map(str, letters)) for name, letters in joint.labels.items()},
                "table": joint.table, "truth": truth(joint), "quantity": source.quantity,
                "frontier": points, "gamma_c": gamma_c, "process": source.process,
            })  # fmt: skip
    return {"format": "therml-exact/atlas", "version": VERSION, "entries": entries}


@click.command(help=__doc__)
@click.option("--out", type=click.Path(path_type=Path), default=HERE, show_default=True)
def main(out: Path) -> None:
    """Compute the atlas and write it."""
    content = jsonable(atlas())
    write_text(json.dumps(content, separators=(",", ":")), out)
    click.echo(f"{len(content['entries'])} entries, {out.stat().st_size:,} bytes: {out}")


if __name__ == "__main__":
    main()
