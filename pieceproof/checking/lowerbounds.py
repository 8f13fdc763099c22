"""ℓ* is nowhere below the pieces: Lagrange duality on every joint cell.

On a joint cell let q_α be its quadratic, a_j·w >= b_j its constraints and λ_S(α), v_S(α)
the multipliers and the value of the stationary point on {a_j·w = b_j, j ∈ S}. Where λ_S >= 0,

    q_α(w) >= q_α(w) − Σ_{j∈S} λ_j (a_j·w − b_j) >= v_S(α)      for every w in the cell,

the second because a convex function is at least its stationary value. Where f has kinks, q_α
is first replaced by its minorant: σρz for the kinks with a sign σ, and τz with |τ| <= ρ for
those held at 0 (:mod:`.kinks`), since ρ|z| >= tz for |t| <= ρ. A step shows
v_S >= P/Q for every piece it overlaps. The signs are those of numerators; at the finitely many
α where a divisor vanishes the inequality min q_α >= P/Q holds by continuity of both
sides (the closed cell within the box is compact).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.kinkedpoints import KinkedPoint, kinked_point
from pieceproof.checking.kinks import Kinks
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.orbits import Case
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real, compare, exactly
from pieceproof.checking.spans import Envelope
from pieceproof.checking.stationary import stationary


@dataclass(frozen=True)
class LowerBounds:
    """Checks the steps of joint cells against the pieces.

    Attributes:
        point: value and multipliers of the stationary point on an active set of a cell.
        within: the interval of α on which a cell has to be bounded.
        envelope: the stated pieces.
        domain: what a message calls that interval.
    """

    point: Callable[[Node, Case], KinkedPoint]
    within: Callable[[Case], tuple[Real, Real]]
    envelope: Envelope
    domain: str = "A"

    def check(self, case: Case, steps: Node) -> tuple[int, int]:
        """Numbers of steps and of distinct active sets of a joint cell whose steps all hold.

        Raises:
            CertificateError: malformed.
            Refuted: the steps do not cover the interval, a multiplier is negative somewhere, or a
                value is somewhere below the stated ℓ*.
        """
        strata: dict[tuple[str, ...], KinkedPoint] = {}
        intervals = []
        for step in steps:
            entry = step.fields("interval", "active")
            start, end = read_interval(entry["interval"])
            labels = tuple(sorted(entry["active"].texts()))
            if labels not in strata:
                try:
                    strata[labels] = self.point(entry["active"], case)
                except Refuted as reason:
                    raise Refuted(f"{step.path} ({case}): {reason}") from None
            intervals.append((start, end))
            if compare(start, end) < 0:
                self._check_step(step, case, strata[labels], labels, Interval(start, end))
        self._check_cover(steps, case, intervals)
        return len(intervals), len(strata)

    def _check_step(
        self,
        step: Node,
        case: Case,
        point: KinkedPoint,
        labels: tuple[str, ...],
        interval: Interval,
    ) -> None:
        for label, allowed in point.ranges:
            if not nonnegative(allowed, interval):
                raise Refuted(
                    f"{step.path} ({case}): the multiplier of {label} leaves its range "
                    f"somewhere on [{interval.start}, {interval.end}]"
                )
        piece = self.envelope.missed_by(point.value, point.divisor, interval)
        if piece is not None:
            raise Refuted(
                f"{step.path} ({case}): the lower bound of active set {list(labels)} is below "
                f"pieces[{piece}].value somewhere on [{interval.start}, {interval.end}]"
            )

    def _check_cover(self, steps: Node, case: Case, intervals: list[tuple[Real, Real]]) -> None:
        low, high = self.within(case)
        reached = low
        for number, (start, end) in enumerate(intervals):
            where = f"{steps.path}[{number}] ({case})"
            if compare(start, low) < 0 or compare(end, high) > 0 or compare(start, end) > 0:
                raise Refuted(f"{where}: the interval is reversed or leaves {self.domain}")
            if compare(start, reached) > 0:
                raise Refuted(f"{where}: the steps skip part of {self.domain} below {start}")
            if compare(end, reached) > 0:
                reached = end
        if compare(reached, high) < 0:
            raise Refuted(
                f"{steps.path} ({case}): the steps end at {reached}, before {self.domain} does"
            )


@dataclass(frozen=True)
class FixedCells:
    """Joint cells that do not depend on α."""

    problem: Problem
    kinks: Kinks

    def point(self, active: Node, case: Case) -> KinkedPoint:
        """Value and multipliers of the stationary point on the active set."""
        face, scale = self.kinks.face(active, case), self.kinks.objective.scale
        if self.kinks.present:
            return kinked_point(face, scale)
        smooth = stationary(face.gram, scale, face.rows)
        ranges = tuple(zip(face.labels, smooth.multipliers, strict=True))
        return KinkedPoint(smooth.value, smooth.divisor, ranges)

    def within(self, case: Case) -> tuple[Real, Real]:
        """A."""
        lower, upper = self.problem.interval
        return exactly(lower), exactly(upper)
