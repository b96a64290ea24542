"""The objectives of Figures 5 to 10, as points of one family (nats per sample).

    rho R + delta D + gamma C + sigma S / N,       N = 50

R, D and C are means over the samples; the paper's (11)-(13) are sums over N of them: the same objective divided by N.
The infinite variant has no N of its own: it keeps N = 50, so that the two variants differ in their data and in nothing
else. If the authors trained on means with the whole of S, their sigma is 50 times ours: the last line is Figure 10 so
read. The captions of Figures 6 to 9 do not give multipliers in our text of the paper; those here are our choice.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Objective:
    """A column of a figure: its multipliers, as in (22) with R's own."""

    figure: int
    name: str
    rho: float = 0.0
    delta: float = 0.0
    gamma: float = 0.0
    sigma: float = 0.0

    @property
    def weights(self) -> tuple[float, float, float, float]:
        """Of R, D, C and S."""
        return self.rho, self.delta, self.gamma, self.sigma


OBJECTIVES = (
    Objective(6, "C", gamma=1),
    Objective(6, "C + 0.1 S", gamma=1, sigma=0.1),
    Objective(6, "C + S", gamma=1, sigma=1),
    Objective(7, "R + 2 C", rho=1, gamma=2),
    Objective(7, "R + 10 C", rho=1, gamma=10),
    Objective(7, "R + 10 C + S", rho=1, gamma=10, sigma=1),
    Objective(8, "D", delta=1),
    Objective(8, "D + 0.1 S", delta=1, sigma=0.1),
    Objective(8, "D + S", delta=1, sigma=1),
    Objective(9, "R + D", rho=1, delta=1),
    Objective(9, "R + D/2", rho=1, delta=0.5),
    Objective(9, "R + 2 D", rho=1, delta=2),
    Objective(9, "R + D + 10 C", rho=1, delta=1, gamma=10),
    Objective(9, "R + D + S", rho=1, delta=1, sigma=1),
    Objective(9, "R + D + 10 C + S", rho=1, delta=1, gamma=10, sigma=1),
    Objective(10, "0.9 R + D + 1000 C + S/2", rho=0.9, delta=1, gamma=1000, sigma=0.5),
    Objective(10, "0.9 R + D + 1000 C + 25 S", rho=0.9, delta=1, gamma=1000, sigma=25),
)
