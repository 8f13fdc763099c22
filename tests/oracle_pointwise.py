"""min_w f(α, w) at one rational α by brute force over all faces, for any convex family.

At fixed α the hyperplanes on which f may bend (unit boundaries, residuals 0, weights 0) cut
the box into cells on which f is a quadratic. That quadratic is found by evaluating f itself at
points of the cell; nothing is known of how f is put together. An extreme point of the polytope
of minimisers over a closed cell is the only stationary point on the hull of some face.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from flint import fmpq, fmpq_mat
from oracle_faces import Arrangement, Hyperplane, Point, Signs, arrangement, dot, to_flint

from piecewise import FeedForward, Problem


def least(
    problem: Problem, alpha: Fraction
) -> tuple[fmpq, set[tuple[Point, tuple[int, ...] | None]]]:
    """ℓ*(α) and the extreme points of the minimisers over all closed cells, with their signs."""
    best: fmpq | None = None
    attained: set[tuple[Point, tuple[int, ...] | None]] = set()
    for fixed, signs in _with_fixed_signs(problem):
        for value, point in _candidates(fixed, alpha):
            if best is None or value < best:
                best, attained = value, set()
            if value == best:
                attained.add((point, signs))
    assert best is not None
    return best, attained


def _with_fixed_signs(problem: Problem) -> Iterator[tuple[Problem, tuple[int, ...] | None]]:
    model = problem.model
    if not isinstance(model, FeedForward) or model.output_weights != "signs":
        yield problem, None
        return
    for signs in product((1, -1), repeat=model.hidden[0]):
        yield _with_model(problem, replace_weights(model, signs)), signs


def replace_weights(model: FeedForward, signs: tuple[int, ...]) -> FeedForward:
    return FeedForward(
        model.hidden, model.activation, model.bias, signs, output_bias=model.output_bias
    )


def _with_model(problem: Problem, model: FeedForward) -> Problem:
    return Problem(
        model,
        inputs=problem.inputs,
        targets=problem.targets,
        interval=problem.interval,
        box={p.name: (p.lower, p.upper) for p in problem.parameters},
        loss=problem.loss,
        weight_decay=problem.weight_decay,
        reduction=problem.reduction,
        features=problem.features,
        penalty=problem.penalty,
    )


def _candidates(problem: Problem, alpha: Fraction) -> Iterator[tuple[fmpq, Point]]:
    box = [(to_flint(p.lower), to_flint(p.upper)) for p in problem.parameters]
    bends = arrangement(_bends(problem, alpha), box)
    for cell in bends.cells:
        hessian, gradient, centre, value = _quadratic(problem, alpha, bends, cell)
        for face in bends.faces:
            if not face <= cell:
                continue
            point = _stationary(bends, face, hessian, gradient, centre)
            if point is not None and bends.closure_holds(face, point):
                step = [a - b for a, b in zip(point, centre, strict=True)]
                image = (hessian * fmpq_mat(len(step), 1, step)).entries()
                yield value + dot(gradient, step) + dot(image, step) / 2, point


def _bends(problem: Problem, alpha: Fraction) -> Iterator[Hyperplane]:
    size = len(problem.parameters)
    unit = [tuple(fmpq(int(i == j)) for j in range(size)) for i in range(size)]
    if problem.penalty is not None and problem.penalty.ratio:
        yield from (Hyperplane(unit[i], fmpq(0)) for i in problem.penalised)
    model = problem.model
    rows = [(*map(to_flint, x), *([fmpq(1)] if model.bias else [])) for x in problem.inputs]
    if not isinstance(model, FeedForward):
        if problem.loss == "absolute":
            for row, y in zip(rows, problem.targets, strict=True):
                if any(row):
                    yield Hyperplane(row, to_flint(y))
        return
    units, block = model.hidden[0], len(rows[0])
    points = model.activation.breakpoints
    for row in filter(any, rows):
        for k in range(units):
            for at in points:
                normal = [fmpq(0)] * size
                normal[k * block : (k + 1) * block] = row
                yield Hyperplane(tuple(normal), to_flint(at))
    if problem.loss != "absolute":
        return
    for row, y in zip(rows, problem.targets, strict=True):
        for pieces in product(model.activation.pairs, repeat=units):
            normal, offset = [fmpq(0)] * size, to_flint(y)
            for k, (first, second) in enumerate(pieces):
                weight = to_flint(Fraction(model.output_weights[k]))
                q, s = (
                    to_flint(alpha * (*first, 0, 0)[i] + (1 - alpha) * (*second, 0, 0)[i])
                    for i in (0, 1)
                )
                offset -= weight * q
                for axis, value in enumerate(row):
                    normal[k * block + axis] = weight * s * value
            if model.output_bias == "trainable":
                normal[-1] = fmpq(1)
            else:
                offset -= to_flint(Fraction(model.output_bias))
            if any(normal):
                yield Hyperplane(tuple(normal), offset)


def _quadratic(
    problem: Problem, alpha: Fraction, bends: Arrangement, cell: Signs
) -> tuple[fmpq_mat, Point, Point, fmpq]:
    """Hessian, gradient at an inner point, that point, and the value there."""
    centre, _ = bends.affine_hull(cell)
    size, step = len(centre), fmpq(1)

    def moved(*axes: int) -> Point:
        return tuple(c + step * axes.count(i) for i, c in enumerate(centre))

    def inside(point: Point) -> bool:
        return all(cell.of(i) == plane.sign(point) for i, plane in enumerate(bends.hyperplanes))

    pairs = [(i, j) for i in range(size) for j in range(i, size)]
    while not all(inside(moved(*pair)) for pair in (*pairs, *((i,) for i in range(size)))):
        step /= 2

    def f(point: Point) -> fmpq:
        exact = [Fraction(int(c.p), int(c.q)) for c in point]
        return to_flint(problem.value(alpha, exact))

    middle = f(centre)
    single = [f(moved(i)) - middle for i in range(size)]
    hessian = fmpq_mat(size, size)
    for i, j in pairs:
        bend = (f(moved(i, j)) - middle - single[i] - single[j]) / (step * step)
        hessian[i, j] = hessian[j, i] = bend
    gradient = tuple(single[i] / step - hessian[i, i] * step / 2 for i in range(size))
    return hessian, gradient, centre, middle


def _stationary(
    bends: Arrangement, face: Signs, hessian: fmpq_mat, gradient: Point, centre: Point
) -> Point | None:
    """The stationary point on aff(face) if it is unique, else None."""
    origin, basis = bends.affine_hull(face)
    size, count = len(origin), len(basis)
    if not count:
        return origin
    z = fmpq_mat([list(direction) for direction in basis])
    reduced = z * hessian * z.transpose()
    if reduced.rank() < count:
        return None
    step = fmpq_mat(size, 1, [a - b for a, b in zip(origin, centre, strict=True)])
    slope = hessian * step + fmpq_mat(size, 1, list(gradient))
    u = reduced.solve(-1 * (z * slope))
    return tuple((fmpq_mat(size, 1, list(origin)) + z.transpose() * u).entries())
