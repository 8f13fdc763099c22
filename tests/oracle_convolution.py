"""ℓ* of a two-layer graph convolution with the squared loss by brute force over all strata.

Every set P of nodes is taken for a pattern of a channel, whether or not it occurs, and every set S
of at most d boundaries and walls for an active set. At fixed α an extreme point of the minimisers
over a closed cell is the only stationary point of the cell's quadratic on the flat of some S,
so ℓ* is the least v_{P,S} whose stationary point w lies in the box with f(α, w) = v, f by its
definition: a value of f is never below ℓ*. With H, g, c of the pattern, r = (g, b), and
K = [[H, Bᵀ], [B, 0]] the value is det [[K, r], [rᵀ, c]] / det K.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, product

from flint import fmpq, fmpq_mat, fmpq_poly
from oracle import Ratio, Sample
from oracle_faces import Point, to_flint

from piecewise import GraphConvolution, Problem

Vector = list[fmpq_poly]
GENERIC = (fmpq(1009, 7919), fmpq(7907, 5003))
"""Where a system that is regular over Q(α) is taken to be regular."""


@dataclass(frozen=True)
class Stratum:
    """A pattern with signs and an active set, as the bordered system (K | r) and c."""

    system: tuple[tuple[fmpq_poly, ...], ...]
    right: tuple[fmpq_poly, ...]
    signs: tuple[int, ...]


class ConvolutionOracle:
    """All strata of a problem, grouped by value function."""

    def __init__(self, problem: Problem) -> None:
        assert isinstance(problem.model, GraphConvolution)
        self.problem, self.graph = problem, problem.model
        self.size = len(problem.parameters)
        self.width = len(problem.inputs[0])
        n = len(self.graph.nodes)
        self.kernel = [[fmpq_poly([int(i == j)]) for j in range(n)] for i in range(n)]
        for i, j, weight in self.graph.edges:
            entry = fmpq_poly([to_flint(weight), 1]) ** self.graph.degree
            self.kernel[i][j] = self.kernel[j][i] = entry
        self.degrees = [sum(row, fmpq_poly()) for row in self.kernel]
        self.scale = fmpq_poly([1])
        for t in self.graph.training:
            for j in range(n):
                below = self.degrees[t] * self.degrees[j]
                if self.kernel[t][j]:
                    self.scale *= below // self.scale.gcd(below)
        self._matrices: dict[fmpq, tuple[fmpq_mat, fmpq_mat]] = {}
        self.strata: dict[Ratio, list[Stratum]] = {}
        for value, stratum in self._strata():
            self.strata.setdefault(value, []).append(stratum)

    # -- one α ---------------------------------------------------------------------------

    def objective(self, alpha: fmpq, w: Sequence[fmpq], signs: Sequence[int]) -> fmpq:
        """f(α, w) by the definition, with matrices."""
        n = len(self.graph.nodes)
        if alpha not in self._matrices:
            propagation = fmpq_mat(
                n, n, [p(alpha) / self.degrees[i](alpha) for i in range(n) for p in self.kernel[i]]
            )
            features = fmpq_mat([[to_flint(x) for x in row] for row in self.problem.inputs])
            self._matrices = {alpha: (propagation, propagation * features)}
        propagation, features = self._matrices[alpha]
        total = fmpq_mat(n, 1)
        for channel, v in enumerate(self._weights(signs)):
            own = list(w[channel * self.width : (channel + 1) * self.width])
            hidden = (features * fmpq_mat(self.width, 1, own)).entries()
            total += fmpq_mat(n, 1, [v * max(z, fmpq(0)) for z in hidden])
        outputs = (propagation * total).entries()
        loss = fmpq(0)
        for t, y in zip(self.graph.training, self.problem.targets, strict=True):
            loss += (outputs[t] - to_flint(y)) ** 2
        if self.problem.reduction == "mean":
            loss /= len(self.problem.targets)
        return loss + to_flint(self.problem.weight_decay) * sum((v * v for v in w), fmpq(0))

    def sample(self, alpha: fmpq) -> Sample:
        """ℓ*(α) at a rational α with all value functions that attain it."""
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
        assert best is not None
        return best

    def minimiser(self, value: Ratio, alpha: fmpq) -> Point | None:
        """A point of the box that attains the value at α, on a stratum with that value function."""
        for stratum in self.strata[value]:
            table = [[p(alpha) for p in row] for row in stratum.system]
            count = len(table)
            matrix = fmpq_mat(count, count, [entry for row in table for entry in row])
            if matrix.det() == 0:
                continue
            right = fmpq_mat(count, 1, [p(alpha) for p in stratum.right])
            w = tuple(matrix.solve(right).entries()[: self.size])
            inside = all(
                to_flint(p.lower) <= x <= to_flint(p.upper)
                for p, x in zip(self.problem.parameters, w, strict=True)
            )
            if inside and self.objective(alpha, w, stratum.signs) == value(alpha):
                return w
        return None

    # -- over Q(α) -----------------------------------------------------------------------

    def _weights(self, signs: Sequence[int]) -> list[fmpq]:
        weights = signs if self.graph.output_weights == "signs" else self.graph.output_weights
        return [to_flint(v) for v in weights]

    def _sign_choices(self) -> list[tuple[int, ...]]:
        if self.graph.output_weights == "signs":
            return list(product((1, -1), repeat=self.graph.hidden or 0))
        return [()]

    def _strata(self) -> Iterator[tuple[Ratio, Stratum]]:
        n = len(self.graph.nodes)
        features = [[to_flint(x) for x in row] for row in self.problem.inputs]
        plain = [
            [sum((self.kernel[j][i] * features[i][c] for i in range(n)), fmpq_poly())
             for c in range(self.width)]
            for j in range(n)
        ]  # fmt: skip
        live = [
            j for j in range(n)
            if any(plain[j]) and any(self.kernel[t][j] for t in self.graph.training)
        ]  # fmt: skip
        rows = [(row, fmpq_poly()) for row in self._boundaries(plain, live)] + self._walls()
        active_sets = [s for k in range(self.size + 1) for s in combinations(rows, k)]
        channels = self.graph.hidden or 0
        subsets = [set(s) for k in range(len(live) + 1) for s in combinations(live, k)]
        for signs in self._sign_choices():
            for pattern in product(subsets, repeat=channels):
                hessian, linear, constant, kappa = self._quadratic(pattern, signs, plain)
                for chosen in active_sets:
                    found = self._stratum(hessian, linear, constant, kappa, chosen, signs)
                    if found is not None:
                        yield found

    def _boundaries(self, plain: Sequence[Vector], live: Sequence[int]) -> Iterator[Vector]:
        for channel in range(self.graph.hidden or 0):
            seen: list[Vector] = []
            for j in live:
                row = plain[j]
                if row in seen:
                    continue
                seen.append(row)
                full = [fmpq_poly()] * self.size
                full[channel * self.width : (channel + 1) * self.width] = row
                yield full

    def _walls(self) -> list[tuple[Vector, fmpq_poly]]:
        found = []
        for index, parameter in enumerate(self.problem.parameters):
            for wall in (parameter.lower, parameter.upper):
                row = [fmpq_poly([int(i == index)]) for i in range(self.size)]
                found.append((row, fmpq_poly([to_flint(wall)])))
        return found

    def _quadratic(
        self, pattern: Sequence[set[int]], signs: Sequence[int], plain: Sequence[Vector]
    ) -> tuple[list[Vector], Vector, fmpq_poly, fmpq_poly]:
        rows = []
        for t in self.graph.training:
            row: Vector = []
            for active, v in zip(pattern, self._weights(signs), strict=True):
                entries = [fmpq_poly()] * self.width
                for j in active:
                    factor = (
                        v * self.kernel[t][j] * (self.scale // (self.degrees[t] * self.degrees[j]))
                    )
                    entries = [p + factor * a for p, a in zip(entries, plain[j], strict=True)]
                row += entries
            rows.append(row)
        levels = [self.scale * to_flint(y) for y in self.problem.targets]
        kappa = self.scale * self.scale
        if self.problem.reduction == "mean":
            kappa *= len(levels)
        decay = kappa * to_flint(self.problem.weight_decay)
        places = range(self.size)
        hessian = [
            [sum((r[i] * r[j] for r in rows), decay if i == j else fmpq_poly()) for j in places]
            for i in places
        ]
        linear = [
            sum((r[i] * y for r, y in zip(rows, levels, strict=True)), fmpq_poly()) for i in places
        ]
        return hessian, linear, sum((y * y for y in levels), fmpq_poly()), kappa

    def _stratum(
        self,
        hessian: Sequence[Vector],
        linear: Vector,
        constant: fmpq_poly,
        kappa: fmpq_poly,
        chosen: Sequence[tuple[Vector, fmpq_poly]],
        signs: tuple[int, ...],
    ) -> tuple[Ratio, Stratum] | None:
        count, zero = len(chosen), fmpq_poly()
        system = [[*hessian[i], *(row[i] for row, _ in chosen)] for i in range(self.size)] + [
            [*row, *[zero] * count] for row, _ in chosen
        ]
        right = [*linear, *(level for _, level in chosen)]
        if all(_at(system, alpha).det() == 0 for alpha in GENERIC):
            return None
        inner = _determinant(system)
        whole = _determinant(
            [[*row, r] for row, r in zip(system, right, strict=True)] + [[*right, constant]]
        )
        below = kappa * inner
        unit = whole.denom() * below.denom()
        value = Ratio.of((whole * unit).numer(), (below * unit).numer())
        return value, Stratum(tuple(map(tuple, system)), tuple(right), signs)


def _at(rows: Sequence[Sequence[fmpq_poly]], alpha: fmpq) -> fmpq_mat:
    return fmpq_mat(len(rows), len(rows), [p(alpha) for row in rows for p in row])


def _determinant(rows: Sequence[Sequence[fmpq_poly]]) -> fmpq_poly:
    """Through values at integers: the degree is at most the sum of those of the rows."""
    degree = sum(max((p.degree() for p in row), default=0) for row in rows if any(row))
    if not rows:
        return fmpq_poly([1])
    return _interpolated([_at(rows, fmpq(at)).det() for at in range(int(degree) + 1)])


def _interpolated(values: Sequence[fmpq]) -> fmpq_poly:
    """Newton's form at 0, 1, 2, …"""
    differences, result, basis = list(values), fmpq_poly(), fmpq_poly([1])
    for k in range(len(values)):
        result += basis * differences[0]
        differences = [b - a for a, b in pairwise(differences)]
        basis = basis * fmpq_poly([-k, 1]) / (k + 1)
    return result


def least(problem: Problem, alpha: fmpq) -> fmpq:
    """ℓ*(α) at one rational α: the same enumeration in numbers.

    Every candidate inside the box is a value of f, the minimiser is one of them.
    """
    graph = problem.model
    assert isinstance(graph, GraphConvolution)
    n, d = len(graph.nodes), len(problem.inputs[0])
    kernel = [[fmpq(int(i == j)) for j in range(n)] for i in range(n)]
    for i, j, weight in graph.edges:
        kernel[i][j] = kernel[j][i] = (to_flint(weight) + alpha) ** graph.degree
    kernel = [[entry / sum(row, fmpq(0)) for entry in row] for row in kernel]
    features = [[to_flint(x) for x in row] for row in problem.inputs]
    rows = [
        [sum((kernel[j][i] * features[i][c] for i in range(n)), fmpq(0)) for c in range(d)]
        for j in range(n)
    ]
    live = [j for j in range(n) if any(rows[j]) and any(kernel[t][j] for t in graph.training)]
    targets = [to_flint(y) for y in problem.targets]
    box = [(to_flint(p.lower), to_flint(p.upper)) for p in problem.parameters]
    size, channels = len(box), graph.hidden or 0
    count = len(targets) if problem.reduction == "mean" else 1
    decay = to_flint(problem.weight_decay) * count
    planes: list[tuple[list[fmpq], fmpq]] = []
    for index, ends in enumerate(box):
        planes += [([fmpq(int(i == index)) for i in range(size)], end) for end in ends]
    for channel in range(channels):
        for j in live:
            full = [fmpq(0)] * size
            full[channel * d : (channel + 1) * d] = rows[j]
            planes.append((full, fmpq(0)))
    flats = [s for k in range(size + 1) for s in combinations(planes, k)]
    signed = graph.output_weights == "signs"
    choices = product((1, -1), repeat=channels) if signed else [graph.output_weights]

    def objective(w: Sequence[fmpq], weights: Sequence[fmpq]) -> fmpq:
        total = decay * sum((x * x for x in w), fmpq(0))
        hidden = [fmpq(0)] * n
        for channel, v in enumerate(weights):
            own = w[channel * d : (channel + 1) * d]
            for j in live:
                z = sum((a * x for a, x in zip(rows[j], own, strict=True)), fmpq(0))
                hidden[j] += v * max(z, fmpq(0))
        for t, y in zip(graph.training, targets, strict=True):
            total += (sum((kernel[t][j] * hidden[j] for j in live), fmpq(0)) - y) ** 2
        return total / count

    best: fmpq | None = None
    subsets = [s for k in range(len(live) + 1) for s in combinations(live, k)]
    for choice in choices:
        weights = [fmpq(v) if signed else to_flint(v) for v in choice]
        for pattern in product(subsets, repeat=channels):
            outputs = []
            for t in graph.training:
                row: list[fmpq] = []
                for active, v in zip(pattern, weights, strict=True):
                    row += [
                        v * sum((kernel[t][j] * rows[j][c] for j in active), fmpq(0))
                        for c in range(d)
                    ]
                outputs.append(row)
            hessian = [
                [
                    sum((r[i] * r[j] for r in outputs), decay if i == j else fmpq(0))
                    for j in range(size)
                ]
                for i in range(size)
            ]
            linear = [
                sum((r[i] * y for r, y in zip(outputs, targets, strict=True)), fmpq(0))
                for i in range(size)
            ]
            for flat in flats:
                k = len(flat)
                table = [[*hessian[i], *(row[i] for row, _ in flat)] for i in range(size)]
                table += [[*row, *[fmpq(0)] * k] for row, _ in flat]
                right = fmpq_mat(size + k, 1, [*linear, *(level for _, level in flat)])
                try:
                    w = fmpq_mat(table).solve(right).entries()[:size]
                except ZeroDivisionError:
                    continue
                if all(low <= x <= high for x, (low, high) in zip(w, box, strict=True)):
                    value = objective(w, weights)
                    best = value if best is None else min(best, value)
    assert best is not None
    return best
