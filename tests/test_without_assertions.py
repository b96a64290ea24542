"""`python -O` strips assertions: the checkers refuse the same forgeries, and accept the same true certificates."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import test_check_claim, test_mixture_check
from therml_exact.verification import verify
if __debug__:
    raise SystemExit("this is for python -O")
wrong = []
for name, (content, _) in test_check_claim.FORGERIES.items():
    if verify(content).valid:
        wrong.append(name)
for name, (of, edits, _) in test_mixture_check.FORGERIES.items():
    if edits and verify(test_mixture_check.edited(of, *edits)).valid:
        wrong.append(name)
true = [verify(c).valid for c in test_mixture_check.CERTIFICATES.values()]
print(json.dumps({"accepted": wrong, "true": true, "forgeries": len(test_mixture_check.FORGERIES)}))
"""


def test_the_same_is_refused_and_accepted():
    folder = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-O", "-c", SCRIPT, folder], capture_output=True, text=True, check=True, timeout=600
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["accepted"] == [] and all(found["true"]) and found["forgeries"] > 50
