"""Zero-one loss of a network at a rational α, decided exactly by z3.

On an open cell, where every unit uses one piece of σ_α on every example, pre-activations and
scores are polynomials in w. Cells are found piece by piece. Whether some parameters of a cell put
a set of examples right is a question of polynomial inequalities: a linear program in the monomials
may refute it, and nlsat decides the rest. The least number of errors is that of the smallest
set that meets all sets which cannot be right together.

Networks of any depth with piecewise polynomial activations; in deep ones they are continuous, so
that a pre-activation that is 0 throughout a cell does no harm.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from itertools import chain, combinations, combinations_with_replacement, product
from time import monotonic

import pytest
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from piecewise import FeedForward, Problem
from piecewise.exact import to_fmpq

z3 = pytest.importorskip("z3")

F = Fraction
Poly = fmpq_mpoly
TRIES = 1500
"""Points of the box at which errors are counted first."""


PATIENCE = 0.5
"""Seconds for nlsat before products of constraints are added to the linear program."""


class Unknown(Exception):
    """z3 came to no decision in time."""


def least_errors(problem: Problem, alpha: Fraction, seconds: float = 60) -> int | None:
    """The fewest examples with y·f ≤ 0 over the open cells at α; None if z3 cannot say in time.

    ℓ* is that number but for the finitely many α at which a cell has no interior that has one
    beside α.
    """
    network = problem.model
    assert isinstance(network, FeedForward)
    assert len(network.hidden) == 1 or network.activation.is_continuous
    deadline = monotonic() + seconds
    choices = (
        list(product((1, -1), repeat=network.hidden[-1]))
        if network.output_weights == "signs"
        else [None]
    )
    best = min(_found_by_trying(problem, alpha, signs) for signs in choices)
    try:
        for signs in choices:
            for cell in _cells(problem, alpha, signs, deadline):
                if best == 0:
                    return 0
                best = min(best, cell.least(best))
    except Unknown:
        return None
    return best


def _found_by_trying(problem: Problem, alpha: Fraction, signs: tuple[int, ...] | None) -> int:
    """Errors of the best of some random points inside the box."""
    network, r, best = problem.model, random.Random(0), len(problem.targets)
    for number in range(TRIES):
        if best == 0:
            break
        scale = F(1, r.choice((1, 4, 32, 512)))
        point = []
        for p in problem.parameters:
            t = F(r.randint(1, 1023), 1024)
            start, end = p.lower, p.upper
            if p.lower < 0 < p.upper and number % 2:
                start, end = scale * start, scale * end
            point.append(start + t * (end - start))
        wrong = 0
        for x, y in zip(problem.inputs, problem.targets, strict=True):
            wrong += network.predict(alpha, point, x, signs) * y <= 0
            if wrong >= best:
                break
        best = min(best, wrong)
    return best


# -- cells -------------------------------------------------------------------------------


@dataclass
class _Cell:
    """``inside`` > 0 describes the cell within the open box; margins are y·f, one per example."""

    inside: list[Poly]
    margins: list[Poly]
    deadline: float
    _linear: object = field(init=False)
    _has_products: bool = field(init=False)

    def __post_init__(self) -> None:
        self._linear = z3.SolverFor("QF_LRA")
        self._linear.add(z3.parse_smt2_string(_text(self.inside, as_variable, self.inside)))
        rights = "".join(
            f"(declare-const e{t} Bool)(assert (=> e{t} {_positive(p, as_variable)}))"
            for t, p in enumerate(self.margins)
        )
        self._linear.add(z3.parse_smt2_string(_declared([*self.margins], as_variable) + rights))
        self._has_products = False

    def least(self, best: int) -> int:
        """The fewest errors in the cell, or ``best`` if there are not fewer."""
        conflicts: list[frozenset[int]] = []
        while True:
            wrong = _smallest_meeting(conflicts, len(self.margins), best - 1)
            if wrong is None:
                return best
            right = [t for t in range(len(self.margins)) if t not in wrong]
            conflict = self._conflict(right)
            if conflict is None:
                return len(wrong)
            conflicts.append(self._smaller(conflict) if best > 1 else conflict)

    def _conflict(self, right: Sequence[int]) -> frozenset[int] | None:
        """Some of these examples that cannot be right together in the cell; None if all can."""
        conflict = self._refuted(right)
        if conflict is not None:
            return conflict
        if all(p.total_degree() <= 1 for p in (*self.inside, *(self.margins[t] for t in right))):
            return None
        try:
            found = self._decided(right, min(self.deadline, monotonic() + PATIENCE))
        except Unknown:
            conflict = self._refuted_by_products(right)
            if conflict is not None:
                return conflict
            found = self._decided(right, self.deadline)
        return None if found else frozenset(right)

    def _smaller(self, conflict: frozenset[int]) -> frozenset[int]:
        """A part of a conflict that is one, as far as that is seen quickly."""
        for t in sorted(conflict):
            fewer = sorted(conflict - {t})
            try:
                if fewer and not self._decided(fewer, min(self.deadline, monotonic() + PATIENCE)):
                    conflict = frozenset(fewer)
            except Unknown:
                continue
        return conflict

    def _decided(self, right: Sequence[int], deadline: float) -> bool:
        """Whether some parameters in the cell put these examples right."""
        every = [*self._facets, *(self.margins[t] for t in right)]
        solver = z3.SolverFor("QF_NRA")
        solver.add(z3.parse_smt2_string(_text(every, as_product, every)))
        return _answer(solver, deadline)

    @cached_property
    def _facets(self) -> list[Poly]:
        return _needed(self.inside, self.deadline)

    def _refuted_by_products(self, right: Sequence[int]) -> frozenset[int] | None:
        if not self._has_products:
            affine = [p for p in self.inside if p.total_degree() == 1]
            products = [a * b for a, b in combinations_with_replacement(affine, 2)]
            self._linear.add(z3.parse_smt2_string(_text(products, as_variable, products)))
            self._has_products = True
        return self._refuted(right)

    def _refuted(self, right: Sequence[int]) -> frozenset[int] | None:
        """Examples that a linear program in the monomials says cannot all be right."""
        if _answer(self._linear, self.deadline, *(z3.Bool(f"e{t}") for t in right)):
            return None
        conflict = [t for t in right if z3.Bool(f"e{t}") in self._linear.unsat_core()]
        for t in list(conflict):
            fewer = [z3.Bool(f"e{s}") for s in conflict if s != t]
            if fewer and not _answer(self._linear, self.deadline, *fewer):
                conflict.remove(t)
        return frozenset(conflict)


def _needed(positive: Sequence[Poly], deadline: float) -> list[Poly]:
    """The polynomials without those that are positive, by a linear program, where the rest are."""
    solver, kept = z3.SolverFor("QF_LRA"), list(range(len(positive)))
    text = "".join(
        f"(declare-const p{i} Bool)(declare-const n{i} Bool)"
        f"(assert (=> p{i} {_positive(p, as_variable)}))"
        f"(assert (=> n{i} (not {_positive(p, as_variable)})))"
        for i, p in enumerate(positive)
    )
    solver.add(z3.parse_smt2_string(_declared(positive, as_variable) + text))
    for i in list(kept):
        rest = [z3.Bool(f"p{j}") for j in kept if j != i]
        if not _answer(solver, deadline, z3.Bool(f"n{i}"), *rest):
            kept.remove(i)
    return [positive[i] for i in kept]


def _smallest_meeting(sets: Sequence[frozenset[int]], size: int, most: int) -> set[int] | None:
    """A smallest set that meets all ``sets``, of at most ``most`` numbers below ``size``."""
    for chosen in chain.from_iterable(combinations(range(size), k) for k in range(most + 1)):
        if all(each.intersection(chosen) for each in sets):
            return set(chosen)
    return None


def _cells(
    problem: Problem, alpha: Fraction, signs: tuple[int, ...] | None, deadline: float
) -> Iterator[_Cell]:
    network = problem.model
    assert isinstance(network, FeedForward)
    context = fmpq_mpoly_ctx.get([f"w{i}" for i in range(len(problem.parameters))], Ordering.lex)
    w = context.gens()
    one = context.constant(1)
    inside = [
        q
        for g, p in zip(w, problem.parameters, strict=True)
        for q in (g - to_fmpq(p.lower) * one, to_fmpq(p.upper) * one - g)
    ]
    inputs = [[to_fmpq(v) * one for v in x] for x in problem.inputs]
    labels = [to_fmpq(y) for y in problem.targets]
    search = _Search(network, alpha, w, deadline)
    search.assume(inside)
    for region, outputs, used in search.through(0, inputs, inside, 0):
        rest = iter(w[used:])
        if network.output_weights == "trainable":
            weights = [next(rest) for _ in outputs[0]]
        else:
            chosen = signs if network.output_weights == "signs" else network.output_weights
            weights = [to_fmpq(F(v)) * one for v in chosen]
        free = network.output_bias == "trainable"
        shift = next(rest) if free else to_fmpq(F(network.output_bias)) * one
        margins = [
            y * sum((v * a for v, a in zip(weights, row, strict=True)), shift)
            for y, row in zip(labels, outputs, strict=True)
        ]
        yield _Cell(region, margins, deadline)


class _Search:
    """All cells, layer by layer and piece by piece."""

    def __init__(
        self, network: FeedForward, alpha: Fraction, w: Sequence[Poly], deadline: float
    ) -> None:
        self.network, self.alpha, self.w, self.deadline = network, alpha, w, deadline
        self.solver = z3.SolverFor("QF_LRA")

    def assume(self, positive: Sequence[Poly]) -> None:
        self.solver.add(z3.parse_smt2_string(_text(positive, as_variable, positive)))

    def through(
        self, depth: int, incoming: list[list[Poly]], inside: list[Poly], used: int
    ) -> Iterator[tuple[list[Poly], list[list[Poly]], int]]:
        """From layer ``depth`` on: what is positive in the cell, and what the last layer gives."""
        if depth == len(self.network.hidden):
            yield inside, incoming, used
            return
        width, size = self.network.hidden[depth], len(incoming[0]) + self.network.bias
        pre = {}
        for k, t in product(range(width), range(len(incoming))):
            own = self.w[used + k * size : used + (k + 1) * size]
            z = own[-1] if self.network.bias else 0 * self.w[0]
            pre[t, k] = sum((a * b for a, b in zip(own, incoming[t], strict=False)), z)
        for region, values in self._pieces(list(pre.items()), inside, {}):
            outputs = [[values[t, k] for k in range(width)] for t in range(len(incoming))]
            yield from self.through(depth + 1, outputs, region, used + width * size)

    def _pieces(
        self,
        pre: list[tuple[tuple[int, int], Poly]],
        inside: list[Poly],
        values: dict[tuple[int, int], Poly],
    ) -> Iterator[tuple[list[Poly], dict[tuple[int, int], Poly]]]:
        """All ways for the pre-activations to lie between breakpoints."""
        if not pre:
            yield inside, dict(values)
            return
        (place, z), *rest = pre
        points = [to_fmpq(point) for point in self.network.activation.breakpoints]
        if z.is_constant():
            at = z.leading_coefficient() if z else fmpq(0)
            known = {**values, place: self._on_piece(sum(point <= at for point in points), z)}
            yield from self._pieces(rest, inside, known)
            return
        for piece in range(len(points) + 1):
            own = [z - points[piece - 1]] if piece else []
            own += [points[piece] - z] if piece < len(points) else []
            self.solver.push()
            self.assume(own)
            if _answer(self.solver, self.deadline):
                known = {**values, place: self._on_piece(piece, z)}
                yield from self._pieces(rest, [*inside, *own], known)
            self.solver.pop()

    def _on_piece(self, piece: int, z: Poly) -> Poly:
        first, second = self.network.activation.pairs[piece]
        value = 0 * z
        for i in range(max(len(first), len(second))):
            a, b = (c[i] if i < len(c) else F(0) for c in (first, second))
            value += to_fmpq(self.alpha * a + (1 - self.alpha) * b) * z**i
        return value


# -- z3 ----------------------------------------------------------------------------------

Naming = Callable[[tuple[int, ...]], str]
"""What a monomial is called."""


def as_variable(exponents: tuple[int, ...]) -> str:
    """A variable of its own."""
    return "m" + "_".join(map(str, exponents))


def as_product(exponents: tuple[int, ...]) -> str:
    """A product of variables."""
    factors = [f"w{i}" for i, power in enumerate(exponents) for _ in range(power)]
    return factors[0] if len(factors) == 1 else f"(* {' '.join(factors)})"


def _text(named: Sequence[Poly], naming: Naming, positive: Sequence[Poly]) -> str:
    asserted = "".join(f"(assert {_positive(p, naming)})" for p in positive)
    return _declared(named, naming) + asserted


def _declared(polynomials: Sequence[Poly], naming: Naming) -> str:
    found = {m for p in polynomials for m in p.to_dict() if any(m)}
    if naming is as_variable:
        return "".join(f"(declare-const {naming(m)} Real)" for m in sorted(found))
    used = sorted({i for m in found for i, power in enumerate(m) if power})
    return "".join(f"(declare-const w{i} Real)" for i in used)


def _positive(p: Poly, naming: Naming) -> str:
    terms = [
        _number(c) if not any(m) else f"(* {_number(c)} {naming(m)})"
        for m, c in p.to_dict().items()
    ]
    return f"(> (+ 0 {' '.join(terms)}) 0)"


def _number(value: fmpq) -> str:
    size = f"(/ {abs(int(value.p))} {int(value.q)})"
    return f"(- {size})" if value < 0 else size


def _answer(solver: object, deadline: float, *assumptions: object) -> bool:
    left = deadline - monotonic()
    if left <= 0:
        raise Unknown
    solver.set("timeout", max(1, int(1000 * left)))
    answer = solver.check(*assumptions)
    if answer == z3.unknown:
        raise Unknown
    return answer == z3.sat
