"""Zeros and cells in the plane, exactly: resultants and an open cylindrical decomposition.

Polynomials are those of Q[x, y]. Real roots are balls that hold exactly one root each
(python-flint isolates them), so nothing is lost: every statement below is about exact numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from flint import arb, arb_poly, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

PLANE = fmpq_mpoly_ctx.get(["x", "y"], "lex")
X, Y = PLANE.gens()
Range = tuple[fmpq, fmpq]
Grid = tuple[list[arb], list[arb]]
"""Balls for x and for y; the product of both lists is meant."""


def depends(p: fmpq_mpoly, variable: int) -> bool:
    return not p.is_zero() and int(p.degrees()[variable]) > 0


def factors(p: fmpq_mpoly) -> list[fmpq_mpoly]:
    """The irreducible factors of p ≠ 0, each once, with leading coefficient 1."""
    return [each / each.leading_coefficient() for each, _ in p.factor()[1]]


def distinct(polynomials: Iterable[fmpq_mpoly]) -> list[fmpq_mpoly]:
    """Each polynomial once (they have no hash of their own)."""
    return list({str(p): p for p in polynomials}.values())


def real_roots(p: fmpq_mpoly, variable: int, within: Range) -> list[arb]:
    """Balls around the real roots of p ≠ 0, free of the other variable, that may be in ``within``.

    ``complex_roots`` gives real roots an imaginary part that is exactly 0.
    """
    rows: dict[int, fmpq] = {int(monomial[variable]): c for monomial, c in p.terms()}
    whole = fmpq_poly([rows.get(k, fmpq(0)) for k in range(max(rows) + 1)])
    if whole.degree() < 1:
        return []
    simple = whole / whole.gcd(whole.derivative())
    found = [root.real for root, _ in simple.numer().complex_roots() if root.imag == 0]
    low, high = within
    return [root for root in found if not (root < arb(low) or root > arb(high))]


def zeros(p: fmpq_mpoly, q: fmpq_mpoly, box: Sequence[Range]) -> Grid:
    """A grid that holds all common zeros in the box of p, q without a common factor."""
    if not all(depends(p, k) or depends(q, k) for k in (0, 1)):
        return [], []
    xs = real_roots(p.resultant(q, 1), 0, box[0])
    return xs, real_roots(p.resultant(q, 0), 1, box[1]) if xs else []


def critical_grids(p: fmpq_mpoly, q: fmpq_mpoly, box: Sequence[Range]) -> Iterator[Grid]:
    """Grids that meet every bounded component of {p = q = 0} inside the box.

    A common factor g is a curve. A component of it that meets no wall is compact, and the
    points of it where x is least satisfy g = ∂g/∂y = 0.
    """
    common = p.gcd(q)
    if not common.is_constant():
        for g in factors(common):
            yield from extremes(g, box)
        p, q = p / common, q / common
    yield zeros(p, q, box)


def extremes(g: fmpq_mpoly, box: Sequence[Range]) -> Iterator[Grid]:
    """The points of an irreducible curve g = 0 at which ∂g/∂y = 0; none on a vertical line."""
    if depends(g, 0) and depends(g, 1):
        yield zeros(g, g.derivative(1), box)


def between(roots: Sequence[arb], within: Range) -> list[fmpq]:
    """A rational in every gap that disjoint balls leave in ``within``."""
    inner = sorted((r for r in roots if r > arb(within[0]) and r < arb(within[1])), key=float)
    marks = [arb(within[0]), *inner, arb(within[1])]
    found = []
    for left, right in pairwise(marks):
        at = exact(((left + right) / 2).mid())
        if not (arb(at) > left and arb(at) < right):
            raise AssertionError("roots are too close for this precision")
        found.append(at)
    return found


def exact(ball: arb) -> fmpq:
    """The rational that a ball of radius 0 is."""
    mantissa, exponent = ball.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _product(polynomials: Iterable[fmpq_mpoly]) -> fmpq_mpoly:
    """The product of all different irreducible factors."""
    whole = PLANE.constant(1)
    for each in distinct(f for p in polynomials for f in factors(p)):
        whole *= each
    return whole


@dataclass(frozen=True)
class Decomposition:
    """A rational point in every open cell, and the sides of every curve.

    ``stacks[i]`` are the points over one x, from below; ``sides`` pairs a curve with a point of
    a cell beside it, so that every smooth point of the curve that is on no other curve has one of
    the cells around it among them.
    """

    stacks: tuple[tuple[tuple[fmpq, fmpq], ...], ...]
    sides: tuple[tuple[fmpq_mpoly, tuple[fmpq, fmpq]], ...]


def decomposition(curves: Sequence[fmpq_mpoly], box: Sequence[Range]) -> Decomposition:
    """Open cells of the box cut by irreducible curves (Collins' projection, generic fibres)."""
    upright = [h for h in curves if not depends(h, 1)]
    others = [h for h in curves if depends(h, 1)]
    shadow = list(upright)
    for h in others:
        top = int(h.degrees()[1])
        lead = {m: c for m, c in h.to_dict().items() if m[1] == top}
        shadow.append(PLANE.from_dict({(m[0], 0): c for m, c in lead.items()}))
        if top > 1:
            shadow.append(h.resultant(h.derivative(1), 1))
        meets = [h.compose(X, PLANE.constant(end), ctx=PLANE) for end in box[1]]
        shadow += [p for p in meets if not p.is_zero()]  # h may be the wall itself
    shadow += [g.resultant(h, 1) for g, h in combinations(others, 2)]
    special = real_roots(_product(shadow), 0, box[0])  # of curves, their tips, and walls
    stacks, sides = [], []
    walls = [Y - box[1][0], Y - box[1][1]]
    for x in between(special, box[0]):
        fibre = [h.compose(PLANE.constant(x), Y, ctx=PLANE) for h in others]
        roots = real_roots(_product(fibre), 1, box[1])
        ys = between(roots, box[1])
        inner = sorted((r for r in roots if r > box[1][0] and r < box[1][1]), key=float)
        stacks.append(tuple((x, y) for y in ys))
        sides += [(walls[0], (x, ys[0])), (walls[1], (x, ys[-1]))]
        for y, root in zip(ys, inner, strict=False):
            sides += [
                (h, (x, y))
                for h, over in zip(others, fibre, strict=True)
                if over.to_dict() and _value(over, root).contains(0)
            ]
    for h in upright:
        for root in real_roots(h, 0, box[0]):
            left = [stack for stack in stacks if arb(stack[0][0]) < root] or stacks[:1]
            sides += [(h, point) for point in left[-1]]
    sides += [(X - box[0][0], point) for point in stacks[0]]
    sides += [(X - box[0][1], point) for point in stacks[-1]]
    return Decomposition(tuple(stacks), tuple(sides))


def _value(p: fmpq_mpoly, y: arb) -> arb:
    rows = {int(monomial[1]): c for monomial, c in p.terms()}
    return arb_poly([rows.get(k, fmpq(0)) for k in range(max(rows) + 1)])(y)
