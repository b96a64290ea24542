"""Small true certificates of mixture problems, whose claims are as tight as floats are: no ulp is to spare.

`CERTIFICATES` names them by what is special about them: the rule of their leaves or of their bound, their groups
(delta > 0) or their blocks (discriminative). Values are the least floats above the witness's, bounds the greatest below
the proved ones, tolerances the least above the gap. No solver is needed to read them.
"""

import copy
import json
import math
from pathlib import Path

from therml_exact.frontier.mixture.certificate import digest

CERTIFICATES = json.loads(Path(__file__).with_suffix(".json").read_text())


def edited(name, *edits):
    """The certificate of that name with (path, value) replaced, and its digest made anew; a value may be a function."""
    c = copy.deepcopy(CERTIFICATES[name])
    for path, value in edits:
        at = c
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value(at[path[-1]]) if callable(value) else value
    c["sha256"] = digest(c)
    return c


def up(text):
    """The next float, in hexadecimal."""
    return math.nextafter(float.fromhex(text), math.inf).hex()


def down(text):
    """The float before, in hexadecimal."""
    return math.nextafter(float.fromhex(text), -math.inf).hex()
