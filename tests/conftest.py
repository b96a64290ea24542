"""The tests run compiled kernels, the same ones each time: when the automatic mode would switch depends on the clock.

Tests of the other modes start processes with THERML_KERNELS of their own (test_kernel.py).
"""

import os

os.environ.setdefault("THERML_KERNELS", "compiled")
