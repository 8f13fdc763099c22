"""Valleys that a wall cuts off: basins in products for minimisers held at a wall.

Let f_c(α, w) = F(α, p, u) along a pattern, with p = w_i − w_j and u = p·(w_i + w_j) (``products``),
and let a curve lie at a wall b of w_k, k one of i and j. With τ = 1 for k = i and τ = −1 for k = j

    h = u + τp² − 2bp = 2p(w_k − b),

so that eϱh ≥ 0 in W where p has the sign ϱ, with e = 1 at a lower wall and e = −1 at an upper one.
On the curve ∂f/∂w_k = eμ and ∂f/∂w = 0 in the other of the two, so that F_u = eμ/(2p) and
F_p = F_u·(2τp − 2b). Hence, with λ = eϱF_u = μ/(2|p|) > 0 of the curve's point, ∇G = 0 there for

    G = F − λ·eϱh ≤ f_c    in W,   ∇²G = ∇²F − 2τF_u in the square of p, −2τF_u = −τeϱμ/|p|.

If ∇²G is positive definite on a box N of (p, u), and of the other parameters, that holds the curve
and on which p ≠ 0, then f ≥ G > v for all w of W, other than the curve's, that are taken into N and
have the pattern. In W the box N may be a long piece of a narrow bent valley.
"""

from __future__ import annotations

from pieceproof.checking.enclosing import multipliers, nearby
from pieceproof.checking.enclosing.basins import Augmented, check_convex
from pieceproof.checking.enclosing.claimedslabs import contains
from pieceproof.checking.enclosing.foldedspaces import FoldedSpace, folded
from pieceproof.checking.enclosing.products import Product
from pieceproof.checking.enclosing.ranges import Range, down, up
from pieceproof.checking.enclosing.tubes import Curve, Path
from pieceproof.checking.reading import Refuted


def check_valley(curve: Curve, product: Product, path: Path) -> None:
    """That f ≥ v on what a box takes from W, with equality on the curve only.

    ``path``: centre, slope and half widths of the box in the coordinates of ``product``.

    Raises:
        Refuted: that could not be shown.
    """
    base = curve.space.base if isinstance(curve.space, FoldedSpace) else curve.space
    stratum, pair = curve.stratum, product.pair
    i, j = pair
    if stratum.dead or stratum.groups or len(stratum.walls) != 1:
        raise Refuted("a valley is cut off by a single wall")
    ((held, side),) = stratum.walls.items()
    if held not in pair or set(pair) & set(base.chart.fixed):
        raise Refuted("the wall of a valley is one of its parameters")
    space = folded(base, product, stratum.pattern)
    step = curve.alpha - curve.middle
    along = Range.exactly(path.centre) + Range.exactly(path.slope) * step
    radius = Range.exactly(path.radius)
    box = space.placed(curve.alpha, Range((along - radius).lo, (along + radius).hi), {})
    # The curve, and what is taken into N, in W.
    point, wall = curve.point, base.wall(held, side)
    low, high = point.lo.copy(), point.hi.copy()
    low[held], high[held] = wall.lo[0], wall.hi[0]
    point = Range(low, high)
    moving = base.moving
    if not contains(box[0, 1 + moving], product.image(point)[moving]):
        raise Refuted("the curve may leave its valley")
    p = box[0, 1 + i]
    if p.lo <= 0 <= p.hi:
        raise nearby.BasinTooLarge("p = 0 in a valley")
    weights = product.preimage(box[0, 1:]).meet(base.box)
    around = base.placed(curve.alpha, weights, {})
    if nearby.boundaries_near(base, around, stratum.pattern, ()).all:
        raise nearby.BasinTooLarge("a boundary is near a valley")
    bump = _bump(curve, held, side, point[i : i + 1] - point[j : j + 1], held == i)
    check_convex(space, box, stratum.pattern, Augmented((), (), (), {i: bump / 2}))


def _bump(curve: Curve, held: int, side: int, p: Range, first: bool) -> float:
    """A lower bound of −2τF_u = −τeϱμ/|p| on the curve; τ = 1 if the wall is that of ``first``."""
    _, walls = multipliers.multipliers_of(curve, curve.stratum.pattern, ())
    pressing = walls[held]
    if not pressing.lo[0] > 0 or p.lo[0] <= 0 <= p.hi[0]:
        raise Refuted("the multiplier of the wall of a valley is not positive")
    sign = (-1 if first else 1) * (1 if side == 0 else -1) * (1 if p.lo[0] > 0 else -1)
    near, far = sorted(map(abs, (float(p.lo[0]), float(p.hi[0]))))
    if sign > 0:
        return float(down(pressing.lo[0] / far))
    return -float(up(pressing.hi[0] / near))
