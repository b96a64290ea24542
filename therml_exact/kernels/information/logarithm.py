"""The natural logarithm without a branch, so that loops over p log p vectorise.

    x = 2^k m,  sqrt(1/2) <= m < sqrt(2),     f = m - 1,     s = f / (2 + f)
    log m = 2 artanh s = f - s (f - R(s^2)),
    R(z) = (2 artanh(s) / s - 2)  with  z = s^2,   R(z) = 2z/3 + 2z^2/5 + ...
    log x = k ln2_hi - (s (f - R) - k ln2_lo - f)

R is replaced by z times the polynomial of degree six that interpolates R(z)/z at the Chebyshev nodes of
[0, (3 - 2 sqrt 2)^2]; the relative error of this step is below 2^-57.  k and m are read from the bits of x: adding an
offset before the split makes the exponent field jump at sqrt(1/2) and not at 1, so that no cancellation arises near
x = 1.  The exponent becomes a float by writing it under the mantissa of 2^52, which needs no integer conversion (AVX2
has none for 64 bits).  ln2_hi has eleven trailing zeros: k ln2_hi is exact.

Domain: finite x >= 0; float64 scalars, in nats.
    normal x      relative error of log x below 1 ulp, of x log x below 2 ulp;
    0             a finite number, -1023 ln 2, so that 0 log 0 = 0 without a branch;
    subnormal x   finite, between -1023 ln 2 and -1022 ln 2 (the true value reaches -1074 ln 2), which moves x log x by
                  less than 1e-306;
    inf, nan, x < 0   finite and meaningless: never nan, never inf.  Callers check their input.

Both functions set `fastmath` themselves.  A callee that leaves it open inherits its caller's, and with reassociation
the split k ln2_hi + k ln2_lo would be merged.

Source: the classical series log m = 2 artanh((m - 1)/(m + 1)); the coefficients are our own fit.
"""

import numpy as np

from therml_exact.kernels.kernel import kernel

_OFFSET = np.uint64(0x3FF0000000000000 - 0x3FE6A09E667F3BCD)  # bits of 1 less the bits of sqrt(1/2)
_BASE = np.uint64(0x3FE6A09E667F3BCD)
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_SHIFT = np.uint64(52)
_TWO52_BITS = np.uint64(0x4330000000000000)
_TWO52_BIAS = 2.0**52 + 1023.0

_LN2_HI = float.fromhex("0x1.62e42fefa3800p-1")
_LN2_LO = 5.497923018708371e-14

_C1 = 0.666666666666667
_C2 = 0.39999999999899505
_C3 = 0.28571428625975487
_C4 = 0.2222221113479508
_C5 = 0.18182889125261723
_C6 = 0.15331721600556042
_C7 = 0.14616449685043406


@kernel(fastmath=False, error_model="numpy", forceinline=True)
def _bits_of(x: float) -> np.uint64:
    """Return the bits of a float64 as a uint64."""
    return np.float64(x).view(np.uint64)


@kernel(fastmath=False, error_model="numpy", forceinline=True)
def _float_of(bits: np.uint64) -> np.float64:
    """Return the float64 that has the bits of a uint64."""
    return np.uint64(bits).view(np.float64)


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def log_series(z: float) -> float:
    """Return R(z) = 2 artanh(s)/s - 2 at z = s^2, for 0 <= z <= (3 - 2 sqrt 2)^2."""
    return z * (_C1 + z * (_C2 + z * (_C3 + z * (_C4 + z * (_C5 + z * (_C6 + z * _C7))))))


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def log(x: float) -> float:
    """Return log x, in nats, for finite x >= 0; log(0) is a finite number."""
    bits = _bits_of(x) + _OFFSET
    k = _float_of((bits >> _SHIFT) | _TWO52_BITS) - _TWO52_BIAS
    f = _float_of((bits & _MANTISSA) + _BASE) - 1.0
    s = f / (2.0 + f)
    r = log_series(s * s)
    return k * _LN2_HI - ((s * (f - r) - k * _LN2_LO) - f)


@kernel(fastmath={"contract"}, error_model="numpy", forceinline=True)
def plogp(x: float) -> float:
    """Return x log x, in nats, for finite x >= 0, with 0 log 0 = 0."""
    return x * log(x)
