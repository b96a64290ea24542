"""python -m validation.peers [--full] [--pictures FOLDER]: the tables in the terminal, the pictures as SVG."""

from __future__ import annotations

from validation.peers import section
from validation.terminal import show

show(section, __doc__ or "")
