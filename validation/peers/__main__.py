"""python -m validation.peers [--full] [--pictures FOLDER]: the tables in the terminal, the pictures as SVG."""

from __future__ import annotations

from validation.alone import alone
from validation.peers import section

alone(section)
