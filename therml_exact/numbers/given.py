"""Numbers as users give them: the type of multipliers, caps and coordinates in public signatures.

A float means its exact binary value, a text is a rational "3/4" or a decimal "0.75"; nothing is evaluated. What a
number has to be besides (>= 0, finite) is said by a ValueError of whoever reads it.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

Number = int | float | Fraction | Decimal | str | np.number[Any]
"""A real number, or the text of one."""
