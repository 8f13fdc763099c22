"""A dual function read back from its certificate: what is needed to work with many of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from flint import fmpq, fmpz, fmpz_poly

from bounds import BoundsError
from geometry.algebraic import RealAlgebraic, read_fmpq, roots_of
from geometry.arcs import Arc, Profile, continuous_points, profile
from geometry.intervals import Interval
from geometry.rational_functions import RationalFunction
from geometry.values import Level
from pieceproof.evaluation import evaluate
from pieceproof.verify import Report
from piecewise.exact import Number, rational


@dataclass(frozen=True, eq=False, repr=False)
class StoredDual:
    """ℓ* as its certificate states it, with what the checker said of the certificate.

    Only the report may say that it is proved; reading trusts the document's form, so a
    document that comes from elsewhere is verified first.
    """

    name: str
    document: dict[str, Any]
    report: Report

    @cached_property
    def pieces(self) -> tuple[tuple[Interval, RationalFunction], ...]:
        """Intervals with their value functions, in order.

        Raises:
            BoundsError: a piece that is no rational function.
        """
        return tuple(self._pieces())

    def _pieces(self) -> Iterator[tuple[Interval, RationalFunction]]:
        if not self.is_rational:
            raise BoundsError(
                f"{self.name}: a piece of its dual loss is no rational function; means are "
                "taken of duals with rational pieces only"
            )
        for entry in self.document["pieces"]:
            yield Interval(*map(_end, entry["interval"])), _function(entry["value"])

    @property
    def is_rational(self) -> bool:
        """Whether every piece is an exact rational function."""
        pieces = self.document.get("pieces") or [{}]
        return all(
            set(entry.get("value") or ()) == {"numerator", "denominator"} for entry in pieces
        )

    @cached_property
    def profile(self) -> Profile:
        """The monotone arcs and the values where they meet."""
        levels = continuous_points(self.pieces)
        for index, point in enumerate(self.document["breakpoints"], start=1):
            if "value" in point:
                levels[index] = Level(_function(point["value"]), levels[index].at)
        for index, side in ((0, "lower"), (-1, "upper")):
            value = fmpq(read_fmpq(self.document["ends"][side]["value"]))
            constant = RationalFunction(fmpz_poly([value.p]), fmpz_poly([value.q]))
            levels[index] = Level(constant, levels[index].at)
        return profile(self.pieces, levels)

    @property
    def arcs(self) -> tuple[Arc, ...]:
        """Maximal intervals inside pieces on which ℓ* is monotone."""
        return self.profile.arcs

    def __call__(self, alpha: Number | Fraction) -> Fraction:
        """ℓ*(α), exactly."""
        return evaluate(self.document, rational(alpha)).value

    def oscillations(self) -> int:
        """B(ℓ*), as counted in the certificate."""
        return int(self.document["counts"]["oscillations"])

    def __repr__(self) -> str:
        return f"<dual {self.name}: {len(self.document['pieces'])} pieces, {self.report.verdict}>"


def _polynomial(entry: list[str]) -> fmpz_poly:
    return fmpz_poly([fmpz(c) for c in entry])


def _function(entry: dict[str, list[str]]) -> RationalFunction:
    return RationalFunction.reduced(
        _polynomial(entry["numerator"]), _polynomial(entry["denominator"])
    )


def _end(entry: Any) -> RealAlgebraic:
    if isinstance(entry, str):
        return RealAlgebraic.rational(read_fmpq(entry))
    lower, upper = map(read_fmpq, entry["interval"])
    (root,) = roots_of(_polynomial(entry["polynomial"]), lower, upper)
    return root
