"""The dual function ℓ*: its pieces, values where they meet, breakpoints and shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from flint import fmpq

from geometry.algebraic import RealAlgebraic
from geometry.arcs import Arc, Profile, profile
from geometry.errors import GeometryError
from geometry.intervals import Interval
from geometry.shape import Extremum, extrema, global_minima, oscillations
from geometry.values import Level, ValueFunction
from geometry.verdicts import Verdict
from piecewise.exact import Number, rational, to_fmpq, to_fraction
from piecewise.problems import Problem


class OutsideInterval(GeometryError):
    """A hyperparameter value outside A."""


class Kind(Enum):
    """How ℓ* fails to be analytic at a breakpoint."""

    JUMP = "jump"
    KINK = "kink"
    SMOOTH = "smooth"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Breakpoint:
    """An interior α at which ℓ* is not analytic, with ℓ*(α).

    ℓ* is lower semicontinuous: at a jump its value is one of the limits or lower than both.
    """

    alpha: RealAlgebraic
    kind: Kind
    level: Level

    def __repr__(self) -> str:
        return f"<{self.kind} at {self.alpha.decimal(8)}>"


@dataclass(frozen=True)
class Piece:
    """A maximal open interval on which ℓ* is analytic, with its value function.

    ``parts`` are what attains ℓ*, in order, as the method that found them describes it; a change
    of minimiser that leaves ℓ* analytic separates parts, not pieces.
    """

    interval: Interval
    value: ValueFunction
    parts: tuple[Any, ...]

    def __repr__(self) -> str:
        lower, upper = self.interval.lower.decimal(8), self.interval.upper.decimal(8)
        return f"<piece ({lower}, {upper}): {self.parts[0]}>"


@dataclass(frozen=True)
class Minimum:
    """The least value of ℓ* on A and everywhere it is attained (points and plateaus)."""

    places: tuple[Extremum, ...]

    @property
    def value(self) -> RealAlgebraic:
        """min ℓ*, exactly."""
        return self.places[0].level.exact

    @property
    def alpha(self) -> RealAlgebraic:
        """The first minimiser."""
        return self.places[0].lower

    def __repr__(self) -> str:
        places = ", ".join(
            f"[{p.lower.decimal(8)}, {p.upper.decimal(8)}]" if p.is_plateau else p.lower.decimal(8)
            for p in self.places
        )
        return f"<minimum {self.value.decimal(10)} at α = {places}>"


@dataclass(frozen=True, eq=False, repr=False)
class DualFunction:
    """ℓ*(α) = min_{w∈W} f(α, w) on A, exactly.

    Attributes:
        problem: the problem whose dual this is.
        pieces: the pieces, in order; they cover A.
        points: ℓ* at the lower end of A, at the points between pieces, at the upper end.
        claim: what the computation claims; if ``UNRESOLVED``, the pieces only bound ℓ* from above.
        reasons: why it claims no more.
    """

    problem: Problem
    pieces: tuple[Piece, ...]
    points: tuple[Level, ...]
    claim: Verdict = Verdict.PROVED
    reasons: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What the computation claims."""
        return self.claim

    @cached_property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """Interior points where ℓ* is not analytic, increasing."""
        return tuple(self._breakpoints())

    def _breakpoints(self) -> Iterator[Breakpoint]:
        for (left, right), level in zip(pairwise(self.pieces), self.points[1:], strict=False):
            alpha = left.interval.upper
            if not all(self.is_limit(piece, level) for piece in (left, right)):
                kind = Kind.JUMP
            elif left.value.slope_differs(right.value, alpha):
                kind = Kind.KINK
            else:
                kind = Kind.SMOOTH
            yield Breakpoint(alpha, kind, level)

    @staticmethod
    def is_limit(piece: Piece, level: Level) -> bool:
        """Whether a value at an end of a piece is the limit of the piece there."""
        return Level(piece.value, level.at).compare(level) == 0

    def discontinuities(self) -> int:
        """Number of α in A, ends included, at which ℓ* is not continuous."""
        ends = zip(
            (self.pieces[0], self.pieces[-1]), (self.points[0], self.points[-1]), strict=True
        )
        jumps = [point.kind for point in self.breakpoints].count(Kind.JUMP)
        return jumps + sum(not self.is_limit(piece, level) for piece, level in ends)

    # -- values ----------------------------------------------------------------------

    def piece_at(self, alpha: Number | Fraction) -> Piece:
        """The first piece whose closed interval holds α.

        Raises:
            OutsideInterval: α is not in A.
        """
        at = to_fmpq(rational(alpha))
        if self.pieces[0].interval.lower.compare_rational(at) > 0:
            raise OutsideInterval(self._outside(at))
        for piece in self.pieces:
            if piece.interval.upper.compare_rational(at) >= 0:
                return piece
        raise OutsideInterval(self._outside(at))

    def _outside(self, at: fmpq) -> str:
        lower, upper = self.problem.interval
        return f"alpha = {at} lies outside A = [{lower}, {upper}]"

    @overload
    def __call__(self, alpha: int | str | Fraction) -> Fraction: ...
    @overload
    def __call__(self, alpha: float) -> float: ...
    @overload
    def __call__(self, alpha: npt.NDArray[Any]) -> npt.NDArray[np.float64]: ...
    def __call__(
        self, alpha: Number | Fraction | npt.NDArray[Any]
    ) -> Fraction | float | npt.NDArray[np.float64]:
        """ℓ*(α): a Fraction for an exact α, floats for a float or an array.

        Float results are the exact values at the given binary numbers, rounded once.

        Raises:
            OutsideInterval: some α is not in A.
        """
        if isinstance(alpha, np.ndarray):
            values = [self._value(Fraction(float(a))) for a in alpha.ravel()]
            return np.array([float(value) for value in values]).reshape(alpha.shape)
        if isinstance(alpha, float):
            return float(self._value(Fraction(alpha)))
        return self._value(rational(alpha))

    def _value(self, alpha: Fraction) -> Fraction:
        at, piece = to_fmpq(alpha), self.piece_at(alpha)
        for level in self.points:
            if level.at.compare_rational(at) == 0:
                return to_fraction(level.exact.lower)
        return to_fraction(piece.value(at))

    # -- shape -----------------------------------------------------------------------

    @cached_property
    def profile(self) -> Profile:
        """Maximal intervals inside pieces on which ℓ* is monotone, and the values between them."""
        return profile([(piece.interval, piece.value) for piece in self.pieces], self.points)

    @property
    def arcs(self) -> tuple[Arc, ...]:
        """Maximal intervals inside pieces on which ℓ* is monotone."""
        return self.profile.arcs

    @cached_property
    def _extrema(self) -> tuple[list[Extremum], list[Extremum]]:
        return extrema(self.profile)

    @property
    def local_minima(self) -> tuple[Extremum, ...]:
        """Local minima of ℓ* on A (ends and plateaus included), increasing."""
        return tuple(self._extrema[0])

    @property
    def local_maxima(self) -> tuple[Extremum, ...]:
        """Local maxima of ℓ* on A (ends and plateaus included), increasing."""
        return tuple(self._extrema[1])

    def minimum(self) -> Minimum:
        """The certified least value of ℓ* on A and all its minimisers α."""
        return Minimum(tuple(global_minima(self._extrema[0])))

    def oscillations(self) -> int:
        """B(ℓ*), the largest number of cuts of a superlevel indicator [BDDKSV21]."""
        return oscillations(self.profile)

    def __repr__(self) -> str:
        lower, upper = self.problem.interval
        return (
            f"<dual function on [{lower}, {upper}]: {len(self.pieces)} pieces, "
            f"{len(self.breakpoints)} breakpoints, {self.verdict}>"
        )
