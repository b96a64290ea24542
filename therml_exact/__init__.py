"""therml_exact: the exact calculator for the thermodynamics of machine learning.

Small discrete worlds of the paper "TherML: The Thermodynamics of Machine Learning": every information quantity exactly,
every bound decided. The names of the public interface are listed in `__init__.pyi`; each is imported on first use, so
that `import therml_exact` costs next to nothing.
"""

import lazy_loader as _lazy

from therml_exact._version import __version__ as __version__

try:
    _load, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
except ValueError:  # as in a zip file: the stub, the tables of examples and the compiled kernels are files
    raise ImportError(f"therml_exact needs files on a disk, and {__file__} is none: install it, or unpack it") from None


def __getattr__(name: str) -> object:
    value = _load(name)
    globals()[name] = value  # found once: the next look-up does not come here
    return value
