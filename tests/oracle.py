"""ℓ*(α) by brute force over all strata, in exact arithmetic; shares nothing with the product.

For fixed α the minimisers over a closed cell form a polytope. An extreme point of it lies in the
open part of one face F of the cell, and is the only stationary point of the cell's quadratic on
aff(F): the Hessian restricted to aff(F) is positive definite there. Hence

    ℓ*(α) = min { v_F(α) : F a face of a cell, restricted Hessian positive definite,
                           stationary point of the cell's quadratic on aff(F) in closure(F) },

and every candidate is a value of the objective, so none is too small. With the quadratic
written (1, u)ᵀ G(α) (1, u) in coordinates u of aff(F) and H the part of G that belongs to u,
v_F = det G / det H, a rational function of α.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from flint import fmpq, fmpq_mat, fmpz_poly
from oracle_faces import Arrangement, Hyperplane, Point, Signs, arrangement, dot, to_flint

from piecewise import Problem, Ridge


@dataclass(frozen=True, eq=False)
class Ratio:
    """A rational function of α in lowest terms with a positive leading denominator."""

    numerator: fmpz_poly
    denominator: fmpz_poly

    @staticmethod
    def of(numerator: fmpz_poly, denominator: fmpz_poly) -> Ratio:
        common = numerator.gcd(denominator)
        if denominator[denominator.degree()] < 0:
            common = -common
        return Ratio(numerator // common, denominator // common)

    @cached_property
    def key(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        return (
            tuple(int(c) for c in self.numerator.coeffs()),
            tuple(int(c) for c in self.denominator.coeffs()),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ratio) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __call__(self, alpha: fmpq) -> fmpq:
        return fmpq(self.numerator(alpha)) / fmpq(self.denominator(alpha))

    def crossing(self, other: Ratio) -> fmpz_poly:
        """The numerator of self − other."""
        return self.numerator * other.denominator - other.numerator * self.denominator


Response = tuple[tuple[tuple[fmpq, ...], tuple[fmpq, ...]], ...]
"""Per example the outputs at α = 0 and α = 1, as (constant, coefficient of each u)."""


@dataclass(frozen=True)
class BlockFace:
    """A face of one block's parameters, and the block's output on it seen from one cell."""

    block: Block
    signs: Signs
    point: Point
    basis: tuple[Point, ...]
    response: Response


class Block:
    """Parameters that enter the prediction through one unit (or one linear form).

    ``rows[t]`` is the vector a_t with pre-activation a_t·w; ``breakpoints`` and ``pieces``
    describe the activation, a piece being the lines ((c0, c1) at α = 0, (c0, c1) at α = 1).
    """

    def __init__(
        self,
        rows: Sequence[Point],
        breakpoints: Sequence[fmpq],
        pieces: Sequence[tuple[Point, Point]],
        box: Sequence[tuple[fmpq, fmpq]],
    ) -> None:
        self.rows, self.breakpoints, self.pieces = rows, breakpoints, pieces
        self.arrangement: Arrangement = arrangement(
            (Hyperplane(row, at) for row in rows if any(row) for at in breakpoints), box
        )

    def _output(self, cell: Signs, t: int, p: Point, z: Sequence[Point]) -> tuple[Point, Point]:
        """Example t's output on p + span(z), with the activation's piece that ``cell`` has."""
        row, piece = self.rows[t], 0
        for at in self.breakpoints:
            if any(row):
                side = cell.of(self.arrangement.hyperplanes.index(Hyperplane(row, at).scaled()))
                piece += side > 0
            else:
                piece += at <= 0  # z = 0 for all w: the right-continuous piece
        form = [dot(row, p), *(dot(row, direction) for direction in z)]
        return tuple(
            (line[0] + line[1] * form[0], *(line[1] * c for c in form[1:]))
            for line in self.pieces[piece]
        )

    @cached_property
    def faces(self) -> list[BlockFace]:
        """Every face with every output that a cell around it gives it, each once."""
        cells, found = self.arrangement.cells, []
        for signs in self.arrangement.faces:
            point, basis = self.arrangement.affine_hull(signs)
            responses = {
                tuple(self._output(cell, t, point, basis) for t in range(len(self.rows)))
                for cell in cells
                if signs <= cell
            }
            found += [BlockFace(self, signs, point, tuple(basis), r) for r in sorted(responses)]
        return found


@dataclass(frozen=True)
class Stratum:
    """A face of a joint cell with a positive definite restricted Hessian for generic α."""

    faces: tuple[BlockFace, ...]
    weights: tuple[fmpq, ...]
    gram: tuple[fmpq_mat, fmpq_mat, fmpq_mat]
    value: Ratio

    def minimiser(self, alpha: fmpq) -> Point | None:
        """The stationary point at α if it is unique and lies in the closed face, else None."""
        whole = self.gram[0] + alpha * self.gram[1] + alpha * alpha * self.gram[2]
        size = whole.nrows() - 1
        hessian = fmpq_mat(size, size, [whole[i, j] for i in range(size) for j in range(size)])
        if hessian.rank() < size:
            return None
        u: list[fmpq] = []
        if size:
            u = hessian.solve(fmpq_mat(size, 1, [-whole[i, size] for i in range(size)])).entries()
        w: list[fmpq] = []
        for face in self.faces:
            own, u = u[: len(face.basis)], u[len(face.basis) :]
            point = tuple(
                p + dot(own, [direction[axis] for direction in face.basis])
                for axis, p in enumerate(face.point)
            )
            if not face.block.arrangement.closure_holds(face.signs, point):
                return None
            w += point
        return tuple(w)


@dataclass(frozen=True)
class Sample:
    """ℓ*(α) with a minimiser and all value functions that attain it."""

    alpha: fmpq
    value: fmpq
    minimiser: Point
    winners: tuple[Ratio, ...]


class Oracle:
    """All strata of a problem, grouped by value function."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.targets = [to_flint(y) for y in problem.targets]
        self.scale = fmpq(1, len(self.targets) if problem.reduction == "mean" else 1)
        self.blocks, self.weights, self.offset = _blocks(problem)
        self.strata: dict[Ratio, list[Stratum]] = {}
        for stratum in self._strata():
            self.strata.setdefault(stratum.value, []).append(stratum)

    def sample(self, alpha: fmpq) -> Sample:
        """ℓ*(α) at a rational α: the least value of a stratum whose minimiser is feasible."""
        regular = [value for value in self.strata if value.denominator(alpha) != 0]
        values = sorted((value(alpha), index) for index, value in enumerate(regular))
        best: Sample | None = None
        for height, index in values:
            if best is not None and height > best.value:
                return best
            witness = self.minimiser(regular[index], alpha)
            if witness is not None:
                known = best.winners if best else ()
                best = Sample(alpha, height, witness, (*known, regular[index]))
        if best is None:
            raise AssertionError(f"no stratum is feasible at {alpha}: the vertices always are")
        return best

    def minimiser(self, value: Ratio, alpha: fmpq) -> Point | None:
        """A feasible minimiser at α on a stratum with this value function, or None."""
        points = (stratum.minimiser(alpha) for stratum in self.strata[value])
        return next((point for point in points if point is not None), None)

    def _strata(self) -> Iterator[Stratum]:
        penalty = to_flint(self.problem.weight_decay)
        ridge = fmpq(int(isinstance(self.problem.model, Ridge)))
        for weights in self.weights:
            for faces in product(*(block.faces for block in self.blocks)):
                size = sum(len(face.basis) for face in faces)
                low = self._residuals(faces, weights, side=0)
                step = self._residuals(faces, weights, side=1) - low
                norms = _coordinates(faces)
                square = norms.transpose() * norms
                mixed = low.transpose() * step
                gram = (
                    self.scale * (low.transpose() * low) + penalty * square,
                    self.scale * (mixed + mixed.transpose()) + ridge * square,
                    self.scale * (step.transpose() * step),
                )
                hessian, whole = _leading_minors(gram, size)
                if hessian:
                    yield Stratum(faces, weights, gram, Ratio.of(whole, hessian))

    def _residuals(
        self, faces: Sequence[BlockFace], weights: Sequence[fmpq], side: int
    ) -> fmpq_mat:
        """The matrix R with residuals R·(u, 1) at α = side, one row per example."""
        rows = []
        for t, target in enumerate(self.targets):
            linear: list[fmpq] = []
            constant = self.offset - target
            for face, weight in zip(faces, weights, strict=True):
                output = face.response[t][side]
                constant += weight * output[0]
                linear += [weight * c for c in output[1:]]
            rows.append([*linear, constant])
        return fmpq_mat(rows)


def _coordinates(faces: Sequence[BlockFace]) -> fmpq_mat:
    """The matrix with w = matrix·(u, 1)."""
    size = sum(len(face.basis) for face in faces)
    rows, first = [], 0
    for face in faces:
        for axis, p in enumerate(face.point):
            row = [fmpq(0)] * size + [p]
            row[first : first + len(face.basis)] = [direction[axis] for direction in face.basis]
            rows.append(row)
        first += len(face.basis)
    return fmpq_mat(rows)


def _leading_minors(gram: Sequence[fmpq_mat], size: int) -> tuple[fmpz_poly, fmpz_poly]:
    """det H and det G over Q[α], up to one common rational factor (Bareiss elimination).

    G is positive semidefinite for every real α, so a leading minor that vanishes makes
    all larger ones vanish, and no pivoting is needed.
    """
    pairs = [matrix.numer_denom() for matrix in gram]
    common = prod(int(denominator) for _, denominator in pairs)
    parts = [numerator * (common // int(denominator)) for numerator, denominator in pairs]
    m = [
        [fmpz_poly([part[i, j] for part in parts]) for j in range(size + 1)]
        for i in range(size + 1)
    ]
    previous = fmpz_poly([1])
    for k in range(size):
        if not m[k][k]:
            return fmpz_poly(), fmpz_poly()
        for i in range(k + 1, size + 1):
            for j in range(k + 1, size + 1):
                m[i][j] = (m[k][k] * m[i][j] - m[i][k] * m[k][j]) // previous
        previous = m[k][k]
    return previous * common, m[size][size]


def _blocks(problem: Problem) -> tuple[list[Block], list[tuple[fmpq, ...]], fmpq]:
    """The blocks, the choices of their weights in the prediction, and the fixed offset."""
    model = problem.model
    bounds = [(to_flint(p.lower), to_flint(p.upper)) for p in problem.parameters]
    bias = [fmpq(1)] if model.bias else []
    rows = [(*(to_flint(c) for c in row), *bias) for row in problem.inputs]
    linear = [((fmpq(0), fmpq(1)), (fmpq(0), fmpq(1)))]
    if isinstance(model, Ridge):
        return [Block(rows, [], linear, bounds)], [(fmpq(1),)], fmpq(0)
    first, second = model.activation.first, model.activation.second
    breakpoints = sorted({to_flint(at) for at in (*first.breakpoints, *second.breakpoints)})
    pieces = []
    for index in range(len(breakpoints) + 1):
        lines = []
        for activation in (second, first):  # σ is `second` at α = 0 and `first` at α = 1
            own = sum(to_flint(at) in breakpoints[:index] for at in activation.breakpoints)
            line = [to_flint(c) for c in activation.pieces[own]]
            lines.append((*line, *[fmpq(0)] * (2 - len(line))))
        pieces.append((lines[0], lines[1]))
    (units,), width = model.hidden, len(rows[0])
    blocks = [
        Block(rows, breakpoints, pieces, bounds[unit * width : (unit + 1) * width])
        for unit in range(units)
    ]
    if isinstance(model.output_weights, str):
        choices = [tuple(map(fmpq, signs)) for signs in product((1, -1), repeat=units)]
    else:
        choices = [tuple(to_flint(weight) for weight in model.output_weights)]
    if isinstance(model.output_bias, str):
        blocks.append(Block([(fmpq(1),)] * len(rows), [], linear, bounds[-1:]))
        return blocks, [(*weights, fmpq(1)) for weights in choices], fmpq(0)
    return blocks, choices, to_flint(model.output_bias)
