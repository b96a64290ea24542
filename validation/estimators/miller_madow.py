"""Miller and Madow: the plug-in entropy and its first-order bias, for the letters that were seen (nats).

    H = H_plug-in + (K_seen - 1)/(2n)

What is left of the bias is O(n^-2), once all letters are seen. Source: Miller 1955.
"""

from __future__ import annotations

import numpy as np

from validation.estimators import plug_in
from validation.estimators.contingency import Counts, Table


def entropy(counts: Counts) -> float:
    return plug_in.entropy(counts) + (np.count_nonzero(counts) - 1) / (2 * int(counts.sum()))


def mean(p: Table, n: int) -> float:
    """E[H] exactly: a letter is seen with probability 1 - (1 - p)^n."""
    return plug_in.mean(p, n) + float((1 - (1 - p) ** n).sum() - 1) / (2 * n)
