"""Barber and Agakov's bounds: a decoder from below, a marginal from above (nats). They are the paper's C (or D) and R.

    I(X;Y) = H(Y) + max over q of E[log q(y|x)]              H(Y) known:  I >= H(Y) - C
    I(X;Y) = min over q of E[KL(p(y|x); q(y))]               p(y|x) known: I <= R

q is fitted on one half of the data (Krichevsky and Trofimov's frequencies, half a count more for every letter, so that
both stay finite) and evaluated on the other: both bounds then hold for the means. Source: Barber and Agakov 2003.
"""

from __future__ import annotations

import numpy as np
from scipy.special import entr

from validation.estimators.contingency import Counts, Table


def lower(p_y: Table, train: Counts, test: Counts) -> float:
    """H(Y) minus the cross-entropy of the test half under the decoder of the training half."""
    decoder = (train + 0.5) / (train.sum(axis=1, keepdims=True) + train.shape[1] / 2)
    return float(entr(p_y).sum() + (test * np.log(decoder)).sum() / test.sum())


def upper(y_given_x: Table, train: Counts, test: Counts) -> float:
    """The rate of the test half's x, with the marginal q(y) of the training half."""
    q = (train.sum(axis=0) + 0.5) / (train.sum() + train.shape[1] / 2)
    rates = -entr(y_given_x).sum(axis=1) - y_given_x @ np.log(q)
    return float(test.sum(axis=1) @ rates / test.sum())
