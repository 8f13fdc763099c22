"""Where v′ vanishes exactly, or two slopes agree exactly: identities of first-order points.

Let f have one hidden layer and neither weight decay nor a penalty, w be a first-order point of
the polynomial of a pattern, r_t the residuals and a_t = σ(z_t) the values of a unit with σ = σ_α on
its piece. Stationarity in its incoming parameters says, if no boundary of the unit is active or,
for the second, only such at z = 0 (its multiplier stands by z itself there),

    Σ_t r_t σ′(z_t) = 0 (a free bias),   Σ_t r_t σ′(z_t) z_t = 0 (all incoming free),

times the unit's outgoing weight v_k; in a free outgoing weight Σ_t r_t σ(z_t) = 0, and in a free
output bias Σ_t r_t = 0. So for a polynomial D(z) in the span of σ′, zσ′, σ and 1, as far as
these apply, v_k Σ_t r_t D(z_t) = 0. By the envelope theorem
v′ = (2/T)·Σ_k v_k Σ_t r_t D_k(z_kt) with D_k = first − second on the piece of z_kt.

Floating-point enclosures cannot prove v′ = 0; these identities do. They hold for ReLU
mixed with a square: where all examples are inactive, (1 − α)z² is scaled by the weights and
v is constant; at α = 0 two mirror images have equal slopes, as the odd part of ReLU is z/2.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mat, fmpq_mpoly, fmpq_poly

from pieceproof.checking.enclosing.constants import fits_mean
from pieceproof.checking.enclosing.fits import is_fitted
from pieceproof.checking.enclosing.flatness import is_constant
from pieceproof.checking.enclosing.interpolation import vanishes
from pieceproof.checking.enclosing.jets import Pattern
from pieceproof.checking.enclosing.polynomials import PolynomialJets
from pieceproof.checking.enclosing.ranges import around
from pieceproof.checking.enclosing.tubes import Curve

Z = fmpq_poly([0, 1])
MINUS = fmpq_poly([0, -1])
SAMPLES = tuple(fmpq(k, 11) for k in range(1, 11))
"""More values of α than the degree in α of any minor below."""


def is_flat(curve: Curve) -> bool:
    """Whether v′ = 0 for all α. As v is analytic all α but finitely many suffice."""
    network = curve.space.network
    if vanishes(curve) or fits_mean(curve) or is_constant(curve) or is_fitted(curve):
        return True
    if isinstance(curve.space.jets, PolynomialJets):
        point = resting_point(curve, None)
        if point is not None or network.polynomial is not None:
            return point is not None and _stands(curve, point, None)
    if _is_free_of_alpha(curve):
        return True
    return all(_vanishes(curve, unit, _tilts(curve, unit), SAMPLES) for unit in _units(curve))


def _is_free_of_alpha(curve: Curve) -> bool:
    """Whether f does not depend on α along the pattern, on either side of active boundaries.

    On these both sides agree, in f and in z, so the polynomial of either has the curve.
    """
    network = curve.space.network
    sides = {(unit, t): (k, k + 1) for group in curve.stratum.groups for unit, t, k in group}
    return not network.penalised and all(
        any(network.first[j] == network.second[j] for j in sides.get((unit, t), (piece,)))
        for unit, pieces in enumerate(curve.stratum.pattern)
        for t, piece in enumerate(pieces)
    )


def is_flat_at(curve: Curve, alpha: fmpq) -> bool:
    """Whether v′ = 0 at one α."""
    f = curve.space.network.polynomial
    if f is not None:
        if f.derivative(0).subs({0: alpha}).is_zero():
            return True
        point = resting_point(curve, alpha)
        return point is not None and _stands(curve, point, alpha)
    if fits_mean(curve):
        return True
    return all(_vanishes(curve, unit, _tilts(curve, unit), [alpha]) for unit in _units(curve))


def same_slope(curve: Curve, mirrored: Pattern, units: Sequence[int], alpha: fmpq) -> bool:
    """Whether v′ is the same at α on the mirror image in which ``units`` are negated.

    f(α, ·) is the same there, so residuals are; ``mirrored`` is the pattern of the image.
    """
    network, pattern = curve.space.network, curve.stratum.pattern
    tilt = [a - b for a, b in zip(network.first, network.second, strict=True)]
    for unit in _units(curve):
        pairs = list(zip(pattern[unit], mirrored[unit], strict=True))
        if unit not in units:
            if any(here != there for here, there in pairs):
                return False
        elif not _vanishes(
            curve, unit, [tilt[there](MINUS) - tilt[here] for here, there in pairs], [alpha]
        ):
            return False
    return True


def resting_point(curve: Curve, alpha: fmpq | None) -> list[fmpq] | None:
    """The rational point at which a polynomial's curve rests for all α, or is at one α, if any."""
    jets, space = curve.space.jets, curve.space
    if not isinstance(jets, PolynomialJets):
        return None
    at = curve if alpha is None else curve.at(around([alpha]))
    box = at.box[0, 1:]
    point = [_simplest(float(low), float(high)) for low, high in zip(box.lo, box.hi, strict=True)]
    for parameter, side in {**space.chart.fixed, **curve.stratum.walls}.items():
        fold = curve.stratum.fold
        mirror = fold is not None and parameter in fold.squared
        point[parameter] = fmpq(0) if mirror else space.network.walls[parameter][side]
    # The first-order point is unique around the path for every α: is this point near enough?
    free, away = curve.free, around(point) - at.along(at.alpha)
    if len(free) and not away[free].within(at.unique[: len(free)]):
        return None
    for i in free.tolist():
        if not _is_zero(jets.polynomial.derivative(1 + i), point, alpha):
            return None
    return point


def _stands(curve: Curve, point: Sequence[fmpq], alpha: fmpq | None) -> bool:
    """Whether ∂f/∂α = 0 at a point, for all α or for one."""
    jets = curve.space.jets
    return isinstance(jets, PolynomialJets) and _is_zero(
        jets.polynomial.derivative(0), point, alpha
    )


def _is_zero(f: fmpq_mpoly, point: Sequence[fmpq], alpha: fmpq | None) -> bool:
    """Whether f(·, point), or f(α, point), is 0."""
    context = f.context()
    first = context.gens()[0] if alpha is None else context.constant(alpha)
    return bool(f.compose(first, *map(context.constant, point), ctx=context).is_zero())


def _simplest(low: float, high: float) -> fmpq:
    """A short rational in [low, high], as far as one is found."""
    if low <= 0 <= high:
        return fmpq(0)
    middle = Fraction(0.5 * (low + high))
    for size in (1, 10, 100, 10_000):
        found = middle.limit_denominator(size)
        if low <= found <= high:
            break
    return fmpq(found.numerator, found.denominator)


def _units(curve: Curve) -> range:
    return range(len(curve.space.network.units))


def _tilts(curve: Curve, unit: int) -> list[fmpq_poly]:
    """∂σ_α/∂α on the pieces of a unit, but where z is fixed at a point at which it is 0."""
    network, stratum = curve.space.network, curve.stratum
    fixed = {
        example: network.breakpoints[k]
        for group in stratum.groups
        for own, example, k in group
        if own == unit
    }
    if unit < network.hidden[0] and not network.bias:
        fixed |= {t: fmpq(0) for t, row in enumerate(network.inputs) if not any(row)}
    found = []
    for example, piece in enumerate(stratum.pattern[unit]):
        tilt = network.first[piece] - network.second[piece]
        if not (example in fixed and tilt(fixed[example]) == 0):
            found.append(tilt)
    return found


def _vanishes(curve: Curve, unit: int, wanted: Sequence[fmpq_poly], alphas: Sequence[fmpq]) -> bool:
    """Whether v_k Σ_t r_t D(z_t) = 0 by the identities, ``wanted`` being D for the examples.

    For several α: for all but finitely many. The rows are affine in α, so minors that vanish
    at more places than there are rows vanish identically.
    """
    network, stratum = curve.space.network, curve.stratum
    if len(network.hidden) != 1 or network.is_regularised:
        return False
    if not any(wanted):
        return True
    if any(each != wanted[0] for each in wanted):
        return False
    active = {t: k for group in stratum.groups for own, t, k in group if own == unit}
    if any(network.breakpoints[k] != 0 for k in active.values()):
        return False
    if active and wanted[0](0) != 0:
        return False
    free, own = set(curve.free.tolist()), network.incoming[unit]
    ranks: list[tuple[int, int]] = []
    for alpha in alphas:
        blends = [
            alpha * network.first[j] + (1 - alpha) * network.second[j]
            for j in {j for t, j in enumerate(stratum.pattern[unit]) if t not in active}
        ]
        if not blends or any(each != blends[0] for each in blends):
            return False
        held = {
            alpha * network.first[j](0) + (1 - alpha) * network.second[j](0)
            for j in (stratum.pattern[unit][t] for t in active)
        }
        if held - {blends[0](0)}:
            return False
        rows = []
        if network.bias and own[-1] in free and not active:
            rows.append(blends[0].derivative())
        if free.issuperset(own):
            rows.append(blends[0].derivative() * Z)
        if free.intersection(network.outgoing[unit]):
            rows.append(blends[0])
        if network.offset is None and network.parameters - 1 in free:
            rows.append(fmpq_poly([1]))
        ranks.append((_rank(rows), _rank([*rows, wanted[0]])))
    return max(more for _, more in ranks) <= max(rank for rank, _ in ranks)


def _rank(rows: Sequence[fmpq_poly]) -> int:
    if not rows:
        return 0
    width = 1 + max(0, *(row.degree() for row in rows))
    entries = [row[i] for row in rows for i in range(width)]
    rank: int = fmpq_mat(len(rows), width, entries).rank()
    return rank
