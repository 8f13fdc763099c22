"""Regularisation whose strength is the hyperparameter: α(ρ|w|₁ + (1−ρ)|w|²).

ρ = 0 is the ridge penalty, ρ = 1 the lasso, and a value in between the elastic net; α
multiplies the whole penalty. The norms run over the weights, and over the biases only on
request: a bias shifts predictions, and shrinking it makes a fit depend on the origin of y.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from piecewise.errors import ProblemError
from piecewise.exact import Number, rational

RATIOS = {"l2": Fraction(0), "l1": Fraction(1)}
"""ρ of the penalties that have a name of their own; ``"elastic"`` needs a ratio."""


@dataclass(frozen=True)
class Penalty:
    """α(ρ|w|₁ + (1−ρ)|w|²) with ρ = ``ratio``; ``biases`` says whether w includes them."""

    ratio: Fraction
    biases: bool = False

    @classmethod
    def of(cls, kind: str, ratio: Number | Fraction | None = None, biases: bool = False) -> Penalty:
        """The penalty ``"l1"``, ``"l2"``, or ``"elastic"`` with a ratio 0 < ρ < 1.

        Raises:
            ProblemError: an unknown kind, or a ratio that is missing, superfluous or out of range.
        """
        if kind in RATIOS:
            if ratio is not None:
                raise ProblemError(f'ratio: only penalty = "elastic" has one, not {kind!r}')
            return cls(RATIOS[kind], bool(biases))
        if kind != "elastic":
            raise ProblemError(f"penalty: {kind!r} is unknown; choose l1, l2 or elastic")
        if ratio is None:
            raise ProblemError("ratio: missing; give the share of |w|₁, for example ratio = 0.5")
        share = rational(ratio)
        if not 0 < share < 1:
            raise ProblemError(f"ratio: {share} is not between 0 and 1; use l2 for 0 and l1 for 1")
        return cls(share, bool(biases))

    @property
    def kind(self) -> str:
        """``"l1"``, ``"l2"`` or ``"elastic"``."""
        return next((name for name, ratio in RATIOS.items() if ratio == self.ratio), "elastic")
