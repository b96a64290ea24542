"""python -m validation.estimators [--full] [--folder F] [--pictures F]: the tables in the terminal."""

from __future__ import annotations

from validation.alone import alone
from validation.estimators import section

alone(section)
