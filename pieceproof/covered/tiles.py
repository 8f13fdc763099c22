"""Witnesses: parameters that make no more than so many errors, side by side over an interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from flint import fmpq

from pieceproof.checking.coverings.witnesses import Witness, errors_of, is_inside
from pieceproof.covered.cells import Cells, Spot

TRIES = 10
"""Places between here and the end of an interval at which a witness is looked for."""
MOST = 200
"""Witnesses for one interval."""


def exact(x: float) -> fmpq:
    """The rational that a double is."""
    return fmpq(*Fraction(x).as_integer_ratio())


def dyadic(value: fmpq, step: fmpq) -> fmpq:
    """The nearest multiple of a power of two that is not above ``step``: with few digits, so that
    what vanishes throughout, as αb + (1 − α)b − 1 at b = 1, does so in doubles."""
    bits = 0
    while fmpq(1, 1 << bits) > step:
        bits += 1
    scale = fmpq(1 << bits)
    return fmpq((value * scale + fmpq(1, 2)).floor()) / scale


class Tiles:
    """Witnesses from cells that are known, given by a point of each."""

    def __init__(self, cells: Cells, is_late: Callable[[], bool]) -> None:
        self.cells, self.is_late = cells, is_late

    def over(
        self, ends: tuple[fmpq, fmpq], errors: int, spots: Sequence[Spot]
    ) -> list[Witness] | None:
        """Witnesses over an interval; None if no cell leads on."""
        found, reached = self.reach(ends, errors, spots)
        return found if reached == ends[1] else None

    def reach(
        self, ends: tuple[fmpq, fmpq], errors: int, spots: Sequence[Spot]
    ) -> tuple[list[Witness], fmpq]:
        """Witnesses from the lower end of an interval on, as far as cells lead, and how far that
        is."""
        found: list[Witness] = []
        at = ends[0]
        while at < ends[1]:
            best: Witness | None = None
            for spot in spots:
                if self.is_late():
                    return found, at
                witness = self._next(at, ends[1], errors, spot)
                if witness is not None and (best is None or witness.upper > best.upper):
                    best = witness
                if best is not None and best.upper >= ends[1]:
                    break
            if best is None or len(found) >= MOST:
                return found, at
            found.append(best)
            at = best.upper
        return found, at

    def _next(self, at: fmpq, end: fmpq, errors: int, spot: Spot) -> Witness | None:
        """A witness that begins at ``at`` and reaches far."""
        start, goal = float_of(at), float_of(end)
        best = self._reaching(at, end, errors, spot) if start <= spot.alpha else None
        if best is not None and best.upper == end:
            return best
        share = 0.5
        for _ in range(TRIES):
            alpha = start + share * (goal - start)
            if not alpha > start or self.is_late():
                return best
            moved = self.cells.moved(spot, alpha)
            if moved is not None and moved.errors <= errors:
                witness = self._reaching(at, end, errors, moved)
                if witness is not None and (best is None or witness.upper > best.upper):
                    best = witness
                    if witness.upper == end:
                        return best
                elif best is not None:
                    return best
            share *= 0.5
        return best

    def _reaching(self, at: fmpq, end: fmpq, errors: int, spot: Spot) -> Witness | None:
        """The parameters of a spot from ``at`` as far as they serve."""
        model = self.cells.model
        w = tuple(
            min(max(exact(float(v)), low), high)
            for v, (low, high) in zip(spot.w, model.network.walls, strict=True)
        )
        held = dict(spot.key[1])
        w = tuple(
            model.network.walls[i][held[i]] if i in held else value for i, value in enumerate(w)
        )
        for upper in self._goals(at, end, errors, spot):
            witness = Witness(at, upper, spot.key[0], w)
            if is_inside(model, witness) and errors_of(model, witness) <= errors:
                return witness
        return None

    def _goals(self, at: fmpq, end: fmpq, errors: int, spot: Spot) -> list[fmpq]:
        """How far the parameters may serve, from floating point, the farthest first."""
        # At an end scores may vanish that do not beside it: exact numbers decide.
        goals = [end]
        if self.cells.spot(float_of(end), spot.w, spot.key).errors > errors:
            low, high = spot.alpha, float_of(end)
            for _ in range(50):
                middle = 0.5 * (low + high)
                if self.cells.spot(middle, spot.w, spot.key).errors <= errors:
                    low = middle
                else:
                    high = middle
            if low > spot.alpha:
                goals.append(exact(spot.alpha + 0.999 * (low - spot.alpha)))
        goals.append(exact(spot.alpha))
        return [goal for goal in goals if at < goal <= end]


def float_of(value: fmpq) -> float:
    """The nearest double."""
    return int(value.p) / int(value.q)
