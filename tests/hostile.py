"""Small files that ask for much: certificates whose digest is right and whose content would hang or fill the memory.

`files()` gives (name, content), content a mapping or text. As a script, `write FOLDER` writes them and `check FOLDER`
verifies each, and prints what was valid and how much memory it took.
"""

import copy
import json
import sys
from pathlib import Path

import therml_exact as tx
from therml_exact.frontier.mixture.certificate import digest

SYMMETRIC = tx.EncoderProblem(tx.Joint([["1/8", "3/8"], ["3/8", "1/8"]], ("X", "Y")))
MAPS = tx.encoders.deterministic(2, 2)
RULE = tx.LearningRuleProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], 1, MAPS)
JOINT = tx.JointProblem([1], [["1/2", "1/2"]], [[["1/4", "3/4"], ["2/3", "1/3"]]], n=1, theta_size=2, z_size=2)
BAYES = tx.BayesProblem(["1/2", "1/2"], [["1/5", "4/5"], ["3/5", "2/5"]], 2)


def sealed(content):
    return {**content, "sha256": digest(content)}


def edited(content, path, value):
    """A deep copy with one entry replaced, and its digest made anew."""
    out = copy.deepcopy(content)
    at = out
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return sealed(out) if "sha256" in out else out


def files():
    encoder = tx.minimize(SYMMETRIC, gamma=5).certificate
    rule = tx.minimize(RULE, gamma=3, sigma=0.1, tol=1e-6).certificate
    capped = tx.minimize_capped(RULE, "C", {"R": 0.5}, tol=1e-3).certificate
    joint = tx.minimize(JOINT, gamma=3, delta=0.5).certificate
    bayes = tx.minimize(BAYES, beta=3).certificate
    proof = tx.prove("I(Z1;Phi) <= I(Z1;X1,Theta)", world="P", n=1).certificate
    huge = "1e999999999"
    long = "1" + "0" * 300_000
    for text in (huge, long, "1/" + long):
        yield f"multiplier {text[:14]}", edited(encoder, ("multipliers", "gamma"), text)
        yield f"rule multiplier {text[:14]}", edited(rule, ("multipliers", "gamma"), text)
        yield f"cap {text[:14]}", edited(capped, ("caps", "R"), text)
        yield f"joint multiplier {text[:14]}", edited(joint, ("multipliers", "gamma"), text)
        yield f"cell {text[:14]}", edited(encoder, ("problem", "cells", 0), text)
        yield f"term {text[:14]}", edited(proof, ("parts", 0, "sum", 0, 0), text)
        yield f"statement {text[:14]}", edited(proof, ("statement",), f"{text} H(X1) >= 0")
    yield "a large multiplier", edited(bayes, ("multipliers", "beta"), "9" * 4000)
    yield "deep tree", edited(encoder, ("parts", 0, "tree"), "0" * 100_000)
    yield "deep tree of leaves", edited(encoder, ("parts", 0, "tree"), "0." * 50_000)
    yield "deep rule tree", edited(edited(rule, ("tree",), "0" * 100_000), ("rule",), "cells")
    for n in (19_999, 99_999, -5, 0, 10**30, True, 2.0):
        yield f"n = {n!r}", edited(bayes, ("problem", "n"), n)
        yield f"rule n = {n!r}", edited(rule, ("problem", "n"), n)
        yield f"joint n = {n!r}", edited(joint, ("problem", "n"), n)
    wide = {"shape": [1, 5000], "cells": ["1/5000"] * 5000}
    yield (
        "many types",
        edited(edited(bayes, ("problem", "x_given_phi"), wide), ("problem", "phi"), {"shape": [1], "cells": ["1"]}),
    )
    yield "long status", edited(encoder, ("status",), "s" * 5_000_000)
    yield "long format", {**encoder, "format": "f" * 5_000_000}
    yield "long rule", edited(encoder, ("parts", 0, "rule"), "r" * 5_000_000)
    yield "long tree symbol", edited(encoder, ("parts", 0, "tree"), "\u1234" * 1_000_000)
    yield "long verdict", {**proof, "verdict": "v" * 5_000_000}
    yield "long statement", {**proof, "statement": "H(X1) + " * 100_000 + "H(X1) >= 0"}
    yield "many fields", json.dumps({**encoder, **{f"f{k}": k for k in range(60_000)}})
    yield "many fields twice", json.dumps(encoder)[:-1] + "".join(f', "f{k // 2}": 1' for k in range(60_000)) + "}"
    yield "nested", "[" * 200_000 + "]" * 200_000
    yield "nested object", '{"a":' * 50_000 + "1" + "}" * 50_000
    yield "a long integer", '{"format": ' + "9" * 400_000 + "}"
    yield (
        "many letters",
        edited(
            encoder,
            ("problem",),
            {
                "kind": "encoder",
                "axes": ["X", "Y"],
                "shape": [150, 150],
                "cells": [(2.0 ** -(k % 1000)).hex() for k in range(22_500)],
            },
        ),
    )
    letters = {"shape": [1, 1, 60], "cells": ["1/60"] * 60}
    one = {"shape": [1, 1], "cells": ["1"]}
    wider = edited(edited(capped, ("problem", "y_given_x_phi"), letters), ("problem", "x_given_phi"), one)
    encoders = {"shape": [2, 1, 2], "cells": ["1/2", "1/2", "1", "0"]}
    wider = edited(edited(wider, ("problem", "encoders"), encoders), ("problem", "phi"), {"shape": [1], "cells": ["1"]})
    wider = edited(edited(wider, ("witness",), [["0x1.0000000000000p+0", "0x0.0p+0"]] * 60), ("tree",), ".")
    yield "many corners", edited(wider, ("leaves",), [["0x1.0000000000000p+0"] * 6])


def write(folder):
    """Every file, in a process that may need much memory to make the certificates, and its name."""
    names = []
    for k, (name, content) in enumerate(files()):
        (Path(folder) / f"{k}.json").write_text(content if isinstance(content, str) else json.dumps(content))
        names.append(name)
    (Path(folder) / "names").write_text(json.dumps(names))


def check(folder):
    """Verify them all, in a process that has done nothing else; what was valid, and its memory before and after."""
    import resource
    import time

    valid = []
    tx.verify({})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for k, name in enumerate(json.loads((Path(folder) / "names").read_text())):
        start = time.monotonic()
        found = tx.verify(Path(folder) / f"{k}.json")
        spent = time.monotonic() - start
        if found.valid or len(found.reason) > 500 or not found.reason.isprintable():
            valid.append(name)
        sys.stderr.write(f"{spent:6.2f} s  {found.verdict:12} {name}: {found.reason[:150]}\n")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"valid": valid, "before": before, "after": after}))


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](sys.argv[2])
