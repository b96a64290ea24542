"""Appendix H: the toy data, the 184-parameter model, every objective of Figures 5 to 10, judged by the exact frontier."""

from validation.appendix_h.section import section as section
