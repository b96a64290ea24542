"""python -m validation.estimators [--full] [--pictures FOLDER]: the tables in the terminal, the pictures as SVG."""

from __future__ import annotations

from validation.alone import alone
from validation.estimators import section

alone(section)
