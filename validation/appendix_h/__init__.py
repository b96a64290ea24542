"""Appendix H: the toy data, the 184-parameter model, all objectives of Figures 5 to 10, the exact frontier."""

from validation.appendix_h.section import section as section
