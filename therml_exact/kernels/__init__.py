"""The numeric core, compiled by numba and private: callers check their input, kernels trust it.

Every kernel names its fastmath flags itself, for a callee inherits those of its caller, and is cached on disk, so
that a second process does not compile again; numba does not notice that a kernel called from another file has changed:
after such a change delete therml_exact/kernels/__pycache__. Nothing here is imported before it is used: importing
numba costs 0.3 s.
"""
