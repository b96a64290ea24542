"""python -m validation.appendix_h [--full] [--folder F] [--pictures F]: trains, prints tables and claims."""

from __future__ import annotations

from validation.alone import alone
from validation.appendix_h import section

alone(section)
