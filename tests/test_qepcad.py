"""ℓ* against the quantifier-free description of {(α, v) : ∀ w ∈ W: f(α, w) ≥ v} by QEPCAD.

The description is the hypograph of ℓ*: it holds just below ℓ*(α) and fails just above, every
piece of ℓ* is a zero of one of its polynomials, and every breakpoint is a zero of one of those
polynomials without v, or of a leading coefficient, discriminant or resultant of theirs.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from math import lcm

import pytest
from engines_qepcad import FALSE, TRUE, Compound, Formula, Unreadable, eliminate, parse, program
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly, fmpz_mpoly, fmpz_poly
from hypothesis import HealthCheck, given, settings
from oracle_faces import Arrangement, Hyperplane, Signs, arrangement, dot, to_flint
from strategies import jump, problems

from geometry.dual import DualFunction
from geometry.engines.protocol import Limits
from geometry.rational_functions import RationalFunction
from pieceproof import analyze
from piecewise import (
    FeedForward,
    Interpolated,
    Problem,
    Ridge,
    abs_,
    custom,
    hard_tanh,
    identity,
    leaky_relu,
    relu,
    step,
)

LIMITS = Limits(seconds=180)
AND = " /\\ "

needs_qepcad = pytest.mark.skipif(
    program() is None, reason="QEPCAD is not installed (`make engines`, or Debian's qepcad)"
)


class Statement:
    """∀ w: f ≥ v, written as one condition per cell in the variables a, v, p1 … pd."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.names = ["a", "v", *(f"p{i + 1}" for i in range(len(problem.parameters)))]
        self.ring = fmpq_mpoly_ctx.get(tuple(self.names), Ordering.lex)
        self.alpha, self.level, *self.parameters = self.ring.gens()
        box = [(to_flint(p.lower), to_flint(p.upper)) for p in problem.parameters]
        width = len(problem.inputs[0]) + problem.model.bias
        self.rows = [[*map(to_flint, x), *[fmpq(1)] * problem.model.bias] for x in problem.inputs]
        count = 1 if isinstance(problem.model, Ridge) else problem.model.hidden[0]
        self.units = [box[k * width : (k + 1) * width] for k in range(count)]
        self.offset = box[count * width :]

    @property
    def assumption(self) -> str:
        lower, upper = self.problem.interval
        return AND.join(
            f"{end.denominator} a {relation} {end.numerator}"
            for end, relation in ((lower, ">="), (upper, "<="))
        )

    def conditions(self) -> list[str]:
        """One implication per joint cell and choice of signs."""
        if isinstance(self.problem.model, Ridge):
            free = arrangement([], self.units[0])
            return [self._condition([(free, free.cells[0])], [lambda z, _: z], [fmpq(1)])]
        first, second = self.problem.model.activation.first, self.problem.model.activation.second
        breaks = sorted({to_flint(at) for at in (*first.breakpoints, *second.breakpoints)})
        planes = [Hyperplane(tuple(row), at) for row in self.rows if any(row) for at in breaks]
        arrangements = [arrangement(planes, box) for box in self.units]

        def sigma(z: fmpq_mpoly, at: fmpq) -> fmpq_mpoly:
            """σ_α on the piece that holds the number ``at``, at the form z."""
            value = self.ring.constant(0)
            for activation, weight in ((first, self.alpha), (second, 1 - self.alpha)):
                piece = activation.pieces[sum(to_flint(b) <= at for b in activation.breakpoints)]
                value += weight * sum(
                    (to_flint(c) * z**power for power, c in enumerate(piece)), self.ring.constant(0)
                )
            return value

        weights = self.problem.model.output_weights
        choices = (
            list(product((fmpq(1), fmpq(-1)), repeat=len(self.units)))
            if weights == "signs"
            else [[to_flint(weight) for weight in weights]]
        )
        return [
            self._condition(list(cells), [sigma] * len(cells), list(choice))
            for choice in choices
            for cells in product(*([(found, c) for c in found.cells] for found in arrangements))
        ]

    def _condition(self, cells: list[tuple[Arrangement, Signs]], outputs, weights) -> str:
        premises, start = [], 0
        constant = self.parameters[-1] if self.offset else self._fixed_offset()
        predictions = [constant for _ in self.rows]
        for (found, cell), output, weight in zip(cells, outputs, weights, strict=True):
            own = self.parameters[start : start + len(found.hyperplanes[0].normal)]
            start += len(own)
            witness, _ = found.affine_hull(cell)
            for index in found.facets(cell):
                plane = found.hyperplanes[index]
                form = sum((c * p for c, p in zip(plane.normal, own, strict=True)), -plane.offset)
                premises.append(f"{self._text(cell.of(index) * form)} >= 0")
            for t, row in enumerate(self.rows):
                z = sum((c * p for c, p in zip(row, own, strict=True)), self.ring.constant(0))
                predictions[t] += weight * output(z, dot(row, witness))
        for lower, upper in self.offset:
            premises += [
                f"{self._text(self.parameters[-1] - lower)} >= 0",
                f"{self._text(upper - self.parameters[-1])} >= 0",
            ]
        return f"[ [ {AND.join(premises)} ] ==> {self._text(self._excess(predictions))} >= 0 ]"

    def _fixed_offset(self) -> fmpq_mpoly:
        bias = getattr(self.problem.model, "output_bias", 0)
        return self.ring.constant(to_flint(Fraction(bias)))

    def _excess(self, predictions: list[fmpq_mpoly]) -> fmpq_mpoly:
        """f − v on the cell."""
        squares = sum(
            (
                (p - to_flint(y)) ** 2
                for p, y in zip(predictions, self.problem.targets, strict=True)
            ),
            self.ring.constant(0),
        )
        if self.problem.reduction == "mean":
            squares /= len(predictions)
        penalty = self.ring.constant(to_flint(self.problem.weight_decay))
        if isinstance(self.problem.model, Ridge):
            penalty += self.alpha
        norm = sum((p * p for p in self.parameters), self.ring.constant(0))
        return squares + penalty * norm - self.level

    def _text(self, polynomial: fmpq_mpoly) -> str:
        scale = lcm(*(int(c.q) for c in polynomial.to_dict().values()))
        return str(polynomial * scale).replace("*", " ")


def description(problem: Problem) -> Formula:
    """The hypograph of ℓ* from QEPCAD; ∀ passes through ∧, so each cell is asked for by itself."""
    statement = Statement(problem)
    return Compound(
        "/\\",
        tuple(
            eliminate(statement.names, 2, condition, statement.assumption, LIMITS)
            for condition in statement.conditions()
        ),
    )


def _vanishes(polynomial: fmpz_mpoly, piece: RationalFunction) -> bool:
    """Whether P(α, N(α)/D(α)) is identically 0."""
    top, bottom = piece.numerator, piece.denominator
    degree = polynomial.degrees()[1]
    total = fmpz_poly()
    for (i, j), coefficient in polynomial.to_dict().items():
        power = fmpz_poly([0] * int(i) + [int(coefficient)])
        total += power * top ** int(j) * bottom ** int(degree - j)
    return not total


def _critical(polynomials: list[fmpz_mpoly]) -> list[fmpz_poly]:
    """Polynomials in α at whose roots the zero curves may meet, end or turn upright."""
    bare = [p for p in polynomials if p.degrees()[1] == 0]
    curves = [p for p in polynomials if p.degrees()[1] > 0]
    bare += [p.discriminant("v") for p in curves if p.degrees()[1] > 1]
    bare += [p.resultant(q, "v") for p, q in combinations(curves, 2)]
    univariate = []
    for p in bare:
        coefficients = {int(i): int(c) for (i, _), c in p.to_dict().items()}
        univariate.append(fmpz_poly([coefficients.get(i, 0) for i in range(p.degrees()[0] + 1)]))
    return [p for p in univariate if p]


def assert_consistent(problem: Problem, dual: DualFunction, hypograph: Formula) -> None:
    """The formula describes exactly what lies on or under the graph of the dual function."""
    lower, upper = problem.interval
    margin = fmpq(1, 10**9)
    for index in range(17):
        alpha = lower + (upper - lower) * Fraction(index, 16)
        at, value = to_flint(alpha), to_flint(dual(alpha))
        assert hypograph.holds((at, value))
        assert hypograph.holds((at, value - margin))
        assert not hypograph.holds((at, value + margin))
    polynomials = list({str(p): p for p in hypograph.polynomials()}.values())
    for piece in dual.pieces:
        assert any(_vanishes(p, piece.value) for p in polynomials)
    critical = [fmpq_poly(p) for p in _critical(polynomials)]
    for change in dual.breakpoints:
        irreducible = fmpq_poly(change.alpha.polynomial)
        assert any(p % irreducible == 0 for p in critical)


def _network(first, second, **options) -> FeedForward:
    options.setdefault("bias", False)
    return FeedForward([options.pop("units", 1)], Interpolated(first, second), **options)


ONE = [[1], [-1], [2]]
SMALL = {
    "a wall binds": Problem(_network(relu, identity), inputs=ONE, targets=[-2, 1, -3], box=(-2, 2)),
    "no wall binds": Problem(_network(relu, identity), inputs=ONE, targets=[2, 1, 3]),
    "weight decay": Problem(
        _network(abs_, leaky_relu("1/3"), output_bias=1),
        inputs=ONE,
        targets=[-2, 1, 3],
        weight_decay="1/10",
    ),
    "two breakpoints": Problem(
        _network(hard_tanh, identity, output_bias=1), inputs=ONE, targets=[-2, 1, 3], box=(-2, 2)
    ),
    "jumps": Problem(
        _network(jump, step, output_bias=1), inputs=ONE, targets=[-2, 1, 3], box=(-2, 2)
    ),
    "alpha below 0 and above 1": Problem(
        _network(relu, abs_), inputs=ONE, targets=[1, 2, -1], interval=("-1/2", "3/2")
    ),
    "a kink": Problem(
        _network(custom([0], [[0, -1], []], name="falling"), relu),
        inputs=[[1]],
        targets=[1],
        weight_decay=1,
    ),
    "ridge": Problem(Ridge(), inputs=ONE, targets=[2, 1, 9], interval=(0, 5), box=(-1, 1)),
    "two units": Problem(
        _network(relu, identity, units=2, output_weights=[1, -1]),
        inputs=[[1], [-1]],
        targets=[2, 1],
        box=(-3, 3),
    ),
    "a bias": Problem(
        _network(relu, identity, bias=True), inputs=[[0], [1]], targets=[2, -1], box=(-1, 1)
    ),
    "a trainable output bias": Problem(
        _network(relu, abs_, output_bias="trainable"),
        inputs=ONE,
        targets=[-2, 1, 3],
        box=(-1, 1),
    ),
    "ridge with two weights": Problem(
        Ridge(), inputs=[[1, 1], [2, -1]], targets=[3, 1], interval=(0, 5), box=(-1, 1)
    ),
}


@needs_qepcad
@pytest.mark.parametrize("name", SMALL)
def test_the_description_of_named_instances_is_consistent_with_the_dual(name):
    problem = SMALL[name]
    assert_consistent(problem, analyze(problem), description(problem))


@needs_qepcad
@given(problems(1, 1, False, (2, 3)))
@settings(
    derandomize=True,
    max_examples=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_the_description_of_random_instances_is_consistent_with_the_dual(problem):
    assert_consistent(problem, analyze(problem), description(problem))


@needs_qepcad
def test_a_false_piece_is_noticed():
    """The description of one problem is not that of another."""
    with pytest.raises(AssertionError):
        assert_consistent(
            SMALL["no wall binds"],
            analyze(SMALL["no wall binds"]),
            description(SMALL["a wall binds"]),
        )


def test_formulas_are_read_with_conjunction_before_disjunction():
    text = "v - 11 <= 0 /\\ [ 3 a - 2 < 0 \\/ 3 a^2 v - a v\n + 3 v - 25 /= 0 ] \\/ ~ [ a > 0 ]"
    formula = parse(text, ["a", "v"])
    assert [str(p) for p in formula.polynomials()] == [
        "v - 11",
        "3*a - 2",
        "3*a^2*v - a*v + 3*v - 25",
        "a",
    ]
    assert formula.holds((fmpq(0), fmpq(5)))
    assert formula.holds((fmpq(-1), fmpq(99)))
    assert not formula.holds((fmpq(1), fmpq(12)))
    assert not formula.holds((fmpq(1), fmpq(5)))
    assert parse("TRUE", ["a"]) == TRUE
    assert parse(" [ FALSE ] ", ["a"]) == FALSE
    assert TRUE.holds(())
    assert not FALSE.holds(())


@pytest.mark.parametrize(
    "text",
    ["", "a", "a > ", "a > 0 \\/", "[ a > 0", "a > 0 ]", "b > 0", "a = _root_1 v", "2 ^ a > 0"],
)
def test_what_is_no_formula_is_unreadable(text):
    with pytest.raises(Unreadable):
        parse(text, ["a", "v"])
