"""Gacs and Koerner's common information: the entropy of what X and Y both know, exactly (nats).

    max H(W) over W = f(X) = g(Y)

The best W is the connected component of the graph that joins x to y where p(x,y) > 0. So the value is the entropy of
the components' probabilities: a PrimeLog for exact tables, a float otherwise. It is at most I(X;Y), which is at most
Wyner's common information.

Errors: ValueError for a table that has not two axes.
Source: Gacs and Koerner, Problems of Control and Information Theory 2 (1973) 149.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from therml_exact.frontier.problems.encoder import as_joint
from therml_exact.information import entropy
from therml_exact.joint import Joint


def gacs_koerner_information(p_xy: Any) -> Any:
    """The common information of Gacs and Koerner, nats, exact for exact tables.

    p_xy    a Joint over two variables, or its table [x, y]

    Errors: ValueError for a joint of other than two variables.
    Source: Gacs and Koerner (1973).

    >>> import therml_exact as tx
    >>> print(tx.gacs_koerner_information([["1/4", "1/4", 0], [0, 0, "1/2"]]))
    log 2
    """
    joint = as_joint(p_xy)
    if len(joint.axes) != 2:
        raise ValueError(f"p_xy has axes {joint.axes}; give a Joint over two variables, as joint.marginal does")
    table = joint.table
    possible = np.array(table != 0, dtype=np.int8)
    rows, columns = possible.shape
    graph = csr_array(np.block([[np.zeros((rows, rows), np.int8), possible],
                                [possible.T, np.zeros((columns, columns), np.int8)]]))  # fmt: skip
    _, of = connected_components(graph, directed=False)
    names = sorted(set(of[:rows].tolist()))
    masses = [table[of[:rows] == name].sum() for name in names]
    return entropy(Joint(np.array(masses, dtype=table.dtype), ("W",)), "W")
