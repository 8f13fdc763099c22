"""ℓ* is nowhere below the pieces: Lagrange duality on every joint cell.

On a joint cell let q_α be its quadratic, a_j·w >= b_j its constraints and λ_S(α), v_S(α)
the multipliers and the value of the stationary point on {a_j·w = b_j, j ∈ S}. Where λ_S >= 0,

    q_α(w) >= q_α(w) − Σ_{j∈S} λ_j (a_j·w − b_j) >= v_S(α)      for every w in the cell,

the second because a convex function is at least its stationary value. A step shows
v_S >= P/Q for every piece it overlaps. The signs are those of numerators; at the finitely many
α where a divisor vanishes the inequality min q_α >= P/Q holds by continuity of both
sides (the closed cell within the box is compact).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import fmpz_poly

from pieceproof.checking.constraints import Constraints
from pieceproof.checking.intervals import Interval, nonnegative
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.objectives import Objective
from pieceproof.checking.orbits import Case
from pieceproof.checking.pieces import Piece
from pieceproof.checking.problems import Problem
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import Real, compare, exactly
from pieceproof.checking.stationary import Stationary, stationary


@dataclass(frozen=True)
class Envelope:
    """The pieces as one function on A, to be bounded from above."""

    pieces: Sequence[Piece]

    def overlapping(self, start: Real, end: Real) -> tuple[int, int]:
        """First and last number of the pieces that meet the open interval (start, end)."""
        first, last = 0, len(self.pieces) - 1
        while first < last and compare(self.pieces[first].interval.end, start) <= 0:
            first += 1
        while last > first and compare(self.pieces[last].interval.start, end) >= 0:
            last -= 1
        return first, last

    def exceeded_by(
        self, value: fmpz_poly, divisor: fmpz_poly, start: Real, end: Real
    ) -> int | None:
        """The number of a piece P/Q with value/divisor >= P/Q not proved on [start, end], or None.

        Several pieces at once are first compared with a common upper bound.
        """
        pending = [self.overlapping(start, end)]
        while pending:
            first, last = pending.pop()
            left, right = self.pieces[first].interval.start, self.pieces[last].interval.end
            overlap = Interval(
                left if compare(left, start) > 0 else start,
                right if compare(right, end) < 0 else end,
            )
            ceiling = max(piece.ceiling for piece in self.pieces[first : last + 1])
            if nonnegative(value * ceiling.q - divisor * ceiling.p, overlap):
                continue
            if first < last:
                middle = (first + last) // 2
                pending += [(middle + 1, last), (first, middle)]
                continue
            piece = self.pieces[first]
            if not nonnegative(value * piece.denominator - piece.numerator * divisor, overlap):
                return first
        return None


@dataclass(frozen=True)
class LowerBounds:
    """Checks the steps of joint cells against the pieces."""

    problem: Problem
    constraints: Constraints
    objective: Objective
    envelope: Envelope

    def check(self, case: Case, steps: Node) -> tuple[int, int]:
        """Numbers of steps and of distinct active sets of a joint cell whose steps all hold.

        Raises:
            CertificateError: malformed.
            Refuted: the steps do not cover A, a multiplier is negative somewhere, or a
                value is somewhere below the stated ℓ*.
        """
        gram = self.objective.gram(case)
        strata: dict[tuple[str, ...], Stationary] = {}
        intervals = []
        for step in steps:
            entry = step.fields("interval", "active")
            start, end = read_interval(entry["interval"])
            labels = tuple(sorted(entry["active"].texts()))
            if labels not in strata:
                named = sorted(entry["active"], key=Node.text)
                rows = [self.constraints.row(label, case) for label in named]
                try:
                    strata[labels] = stationary(gram, self.objective.scale, rows)
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
        point: Stationary,
        labels: tuple[str, ...],
        interval: Interval,
    ) -> None:
        for label, multiplier in zip(labels, point.multipliers, strict=True):
            if not nonnegative(multiplier, interval):
                raise Refuted(
                    f"{step.path} ({case}): the multiplier of {label} is negative "
                    f"somewhere on [{interval.start}, {interval.end}]"
                )
        piece = self.envelope.exceeded_by(point.value, point.divisor, interval.start, interval.end)
        if piece is not None:
            raise Refuted(
                f"{step.path} ({case}): the lower bound of active set {list(labels)} is below "
                f"pieces[{piece}].value somewhere on [{interval.start}, {interval.end}]"
            )

    def _check_cover(self, steps: Node, case: Case, intervals: list[tuple[Real, Real]]) -> None:
        low, high = (exactly(end) for end in self.problem.interval)
        reached = low
        for number, (start, end) in enumerate(intervals):
            where = f"{steps.path}[{number}] ({case})"
            if compare(start, low) < 0 or compare(end, high) > 0 or compare(start, end) > 0:
                raise Refuted(f"{where}: the interval is reversed or leaves A")
            if compare(start, reached) > 0:
                raise Refuted(f"{where}: the steps skip part of A below {start}")
            if compare(end, reached) > 0:
                reached = end
        if compare(reached, high) < 0:
            raise Refuted(f"{steps.path} ({case}): the steps end at {reached}, before A does")
