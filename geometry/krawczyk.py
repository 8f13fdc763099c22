"""Krawczyk's test: existence and uniqueness of roots in boxes, in ball arithmetic.

For a square system F, a box X with centre c and any matrix Y,

    K(X) = c − Y·F(c) + (I − Y·F′(X))·(X − c).

If K(X) lies in the interior of X, then X contains exactly one root of F, it is simple,
and it lies in K(X); if K(X) and X are disjoint, X contains none. Both hold for every
value of a parameter at once when the parameter is a ball. [Krawczyk, Computing 4, 1969;
Moore, Kearfott, Cloud, *Introduction to Interval Analysis*, Thm 8.2 and Sec. 8.2.]

The matrix Y is a floating-point inverse of F′(c): a bad one makes the test fail, never lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb, arb_mat, ctx

from geometry.balls import BallSystem
from geometry.boxes import Interval, ball, interval
from geometry.engines.system import PolynomialSystem

WORKING_BITS = (128, 256, 512, 1024, 2048)
"""Precisions tried in turn; each also sets how tightly Newton's iteration closes in."""

NEWTON_STEPS = 12
"""From a box of 2^−16 relative width, quadratic convergence passes 2048 bits earlier."""


@dataclass(frozen=True)
class CertifiedRoot:
    """Exactly one root in ``box``, simple, and that root lies in ``enclosure`` ⊂ box."""

    box: tuple[Interval, ...]
    enclosure: tuple[Interval, ...]

    @property
    def is_certified(self) -> bool:
        return True

    def approximate(self) -> tuple[float, ...]:
        """Midpoints of the enclosure as floats."""
        return tuple(float((lower + upper) / 2) for lower, upper in self.enclosure)


@dataclass(frozen=True)
class UncertifiedRoot:
    """A box in which an engine reports a root, and why that is not proved here."""

    box: tuple[Interval, ...]
    reason: str

    @property
    def is_certified(self) -> bool:
        return False

    def approximate(self) -> tuple[float, ...]:
        """Midpoints of the box as floats."""
        return tuple(float((lower + upper) / 2) for lower, upper in self.box)


@dataclass(frozen=True)
class Certification:
    """``certified`` boxes are pairwise disjoint, so their number is a lower bound for the
    number of real roots; ``duplicates`` counts reported boxes that held a root already listed."""

    certified: tuple[CertifiedRoot, ...]
    uncertified: tuple[UncertifiedRoot, ...]
    duplicates: int = 0

    @property
    def all_certified(self) -> bool:
        """Whether every reported root is proved to exist and to be a different one."""
        return not self.uncertified and not self.duplicates


def krawczyk(
    system: BallSystem, region: Sequence[arb], alpha: arb | None = None
) -> list[arb] | None:
    """K(region), for all parameter values in ``alpha`` at once; None without a usable Y."""
    n = len(region)
    given = [] if alpha is None else [alpha]
    centre = [side.mid() for side in region]
    middle = [] if alpha is None else [alpha.mid()]
    try:
        inverse = _square(system.jacobian(centre + middle), n).mid().inv().mid()
    except ZeroDivisionError:
        return None
    if not all(entry.is_finite() for entry in inverse.entries()):
        return None
    step = inverse * arb_mat(n, 1, system.values(centre + given))
    slope = inverse * _square(system.jacobian([*region, *given]), n)
    offset = arb_mat(n, 1, [side - c for side, c in zip(region, centre, strict=True)])
    spread = (_identity(n) - slope) * offset
    return [c - step[i, 0] + spread[i, 0] for i, c in enumerate(centre)]


def contracts(image: Sequence[arb] | None, region: Sequence[arb]) -> bool:
    """Whether the image lies in the interior of the region."""
    return image is not None and all(
        side.contains_interior(inner) for side, inner in zip(region, image, strict=True)
    )


def disjoint(one: Sequence[arb], other: Sequence[arb]) -> bool:
    """Whether some coordinates do not overlap."""
    return any(not a.overlaps(b) for a, b in zip(one, other, strict=True))


def certify(
    system: PolynomialSystem | BallSystem, box: Sequence[Interval], precision: int = 64
) -> CertifiedRoot | UncertifiedRoot:
    """Prove that one simple root lies at ``box``, and enclose it to about 2^−precision.

    Newton's iteration from the midpoint of ``box`` proposes the region; Krawczyk's test
    disposes. The root proved lies in a region that meets ``box``.
    """
    balls = system if isinstance(system, BallSystem) else BallSystem(system)
    target = tuple((Fraction(lower), Fraction(upper)) for lower, upper in box)
    equations, unknowns = len(balls.system.equations), len(target)
    if balls.system.parameter is not None:
        return UncertifiedRoot(target, "the parameter has no value")
    if equations != unknowns:
        return UncertifiedRoot(target, f"{equations} equations in {unknowns} unknowns")
    for bits in WORKING_BITS:
        if bits < precision + 32:
            continue
        with ctx.workprec(bits):
            found = _prove(balls, [ball(*side) for side in target], bits)
        if found is not None:
            return found
    return UncertifiedRoot(
        target, "Krawczyk's test fails: the root is multiple, nearly so, or none"
    )


def certify_all(
    system: PolynomialSystem, boxes: Sequence[Sequence[Interval]], precision: int = 64
) -> Certification:
    """``certify`` each box and make the certified regions pairwise disjoint."""
    balls = BallSystem(system)
    outcomes = [certify(balls, box, precision) for box in boxes]
    certified: list[CertifiedRoot] = []
    duplicates = 0
    for outcome in outcomes:
        if isinstance(outcome, CertifiedRoot):
            if any(_inside(outcome.enclosure, other.box) for other in certified):
                duplicates += 1  # the other region has one root only: this is it
            else:
                certified.append(outcome)
    uncertified = [outcome for outcome in outcomes if isinstance(outcome, UncertifiedRoot)]
    separated = []
    for index, root in enumerate(certified):
        others = certified[:index] + certified[index + 1 :]
        if any(_meet(root.box, other.box) for other in others):
            root = replace(root, box=root.enclosure)
        separated.append(root)
    for index, root in enumerate(separated):
        if any(_meet(root.box, other.box) for other in separated[:index]):
            uncertified.append(UncertifiedRoot(root.box, "its box meets that of another root"))
    kept = [root for root in separated if all(root.box != other.box for other in uncertified)]
    return Certification(tuple(kept), tuple(uncertified), duplicates)


def _prove(balls: BallSystem, start: list[arb], bits: int) -> CertifiedRoot | None:
    centre = [side.mid() for side in start]
    n = len(start)
    for _ in range(NEWTON_STEPS):
        try:
            inverse = _square(balls.jacobian(centre), n).mid().inv().mid()
        except ZeroDivisionError:
            return None
        step = inverse * arb_mat(n, 1, balls.values(centre))
        if not all(entry.is_finite() for entry in step.entries()):
            return None
        centre = [(c - step[i, 0]).mid() for i, c in enumerate(centre)]
        if all(abs(step[i, 0]) < _unit(c, bits // 2) for i, c in enumerate(centre)):
            break
    # A first small region, then larger ones as long as the test holds: a large region
    # of uniqueness keeps roots apart and shortens interval exclusion.
    enclosure: list[arb] | None = None
    region: list[arb] = []
    exponent = bits // 2 - 8
    while exponent > 0:
        wider = [arb(c, _unit(c, exponent).upper()) for c in centre]
        image = krawczyk(balls, wider)
        if image is not None and contracts(image, wider):
            enclosure, region = enclosure or image, wider
        elif enclosure is not None:
            break
        exponent //= 2
    if enclosure is None or disjoint(enclosure, start):
        return None
    for _ in range(3):  # tighten: K(X) ∩ X holds the root
        image = krawczyk(balls, enclosure)
        if image is None or disjoint(image, enclosure):
            break
        enclosure = [a.intersection(b) for a, b in zip(image, enclosure, strict=True)]
    return CertifiedRoot(
        tuple(interval(side) for side in region), tuple(interval(side) for side in enclosure)
    )


def _unit(centre: arb, bits: int) -> arb:
    """2^−bits relative to max(1, |centre|)."""
    return (1 + abs(centre)).mid() * arb(2) ** -bits


def _square(matrix: arb_mat, n: int) -> arb_mat:
    """The first n columns: derivatives by the variables."""
    if matrix.ncols() == n:
        return matrix
    return arb_mat(n, n, [matrix[i, j] for i in range(n) for j in range(n)])


def _identity(n: int) -> arb_mat:
    return arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


def _inside(inner: Sequence[Interval], outer: Sequence[Interval]) -> bool:
    return all(o[0] <= i[0] and i[1] <= o[1] for i, o in zip(inner, outer, strict=True))


def _meet(one: Sequence[Interval], other: Sequence[Interval]) -> bool:
    return all(a[0] <= b[1] and b[0] <= a[1] for a, b in zip(one, other, strict=True))
