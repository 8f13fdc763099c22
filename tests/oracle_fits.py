"""min { g(w) : w ∈ argmin_W f(α, ·) } at one rational α by brute force, for any convex family.

The hyperplanes on which f or g may bend cut the box into cells on which both are quadratics. The
minimisers of f over a closed cell are the convex hull of its extreme minimisers, which
:mod:`oracle_pointwise` finds; g is least at a stationary point on the hull of affinely independent
ones among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from types import SimpleNamespace

from flint import fmpq, fmpq_mat
from oracle_faces import Point, arrangement, dot, to_flint
from oracle_pointwise import _bends, _quadratic, _stationary, _with_fixed_signs

from piecewise import Problem


def best_fit(problem: Problem, alpha: Fraction) -> Fraction:
    """The held-out loss of the best minimiser of the training loss at α."""
    least: fmpq | None = None
    best: list[fmpq] = []
    box = [(to_flint(p.lower), to_flint(p.upper)) for p in problem.parameters]
    for fixed, signs in _with_fixed_signs(problem.training()):
        bends = arrangement(_bends(_with_all_examples(problem, fixed), alpha), box)
        g = SimpleNamespace(value=lambda a, w, signs=signs: problem.validation_loss(a, w, signs))
        for cell in bends.cells:
            hessian, gradient, centre, value = _quadratic(fixed, alpha, bends, cell)
            found = []
            for face in bends.faces:
                if face <= cell:
                    point = _stationary(bends, face, hessian, gradient, centre)
                    if point is not None and bends.closure_holds(face, point):
                        found.append((_at(hessian, gradient, centre, value, point), point))
            lowest = min(each for each, _ in found)
            if least is None or lowest < least:
                least, best = lowest, []
            if lowest == least:
                corners = list({point for each, point in found if each == lowest})
                best.append(_least_on_hull(_quadratic(g, alpha, bends, cell), corners))
    return Fraction(str(min(best)))


def _with_all_examples(problem: Problem, fixed: Problem) -> Problem:
    return Problem(
        fixed.model,
        inputs=(*problem.inputs, *problem.validation.inputs),
        targets=(*problem.targets, *problem.validation.targets),
        interval=problem.interval,
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        loss=problem.loss,
        penalty=problem.penalty,
        features=problem.features,
    )


def _at(hessian: fmpq_mat, gradient: Point, centre: Point, value: fmpq, point: Point) -> fmpq:
    step = [a - b for a, b in zip(point, centre, strict=True)]
    image = (hessian * fmpq_mat(len(step), 1, step)).entries()
    return value + dot(gradient, step) + dot(image, step) / 2


def _least_on_hull(
    quadratic: tuple[fmpq_mat, Point, Point, fmpq], corners: Sequence[Point]
) -> fmpq:
    return min(
        _at(*quadratic, point)
        for size in range(1, len(corners[0]) + 2)
        for chosen in combinations(corners, size)
        for point in _stationary_in(quadratic, chosen)
    )


def _stationary_in(
    quadratic: tuple[fmpq_mat, Point, Point, fmpq], corners: Sequence[Point]
) -> Iterator[Point]:
    """The stationary point on the affine hull of a simplex, if it is unique and inside."""
    hessian, gradient, centre, _ = quadratic
    origin, *others = corners
    if not others:
        yield origin
        return
    edges = fmpq_mat([[a - b for a, b in zip(p, origin, strict=True)] for p in others])
    reduced = edges * hessian * edges.transpose()
    if reduced.rank() < len(others):
        return
    size = len(origin)
    step = fmpq_mat(size, 1, [a - b for a, b in zip(origin, centre, strict=True)])
    slope = hessian * step + fmpq_mat(size, 1, list(gradient))
    weights = reduced.solve(-1 * (edges * slope))
    shares = weights.entries()
    if min(shares) >= 0 and sum(shares) <= 1:
        moved = fmpq_mat(size, 1, list(origin)) + edges.transpose() * weights
        yield tuple(moved.entries())
