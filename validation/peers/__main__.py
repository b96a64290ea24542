"""python -m validation.peers [--full] [--folder F] [--pictures F]: the tables in the terminal."""

from __future__ import annotations

from validation.alone import alone
from validation.peers import section

alone(section)
