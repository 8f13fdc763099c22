"""The peer Singular: elimination on the strata that carry the minimum.

⟨∂f/∂w − Σ λ_j ∂h_j/∂w, h_j, v − f⟩ ∩ Q[α, v] is the critical-value curve of a stratum. Singular is
told the stratum of every piece. Left to do are the other strata, which branch of a curve is
real and feasible, and where curves meet: the sampling that would follow. For the zero-one loss
the candidates for jumps are zeros of minors of the boundaries of a cell that are affine in w.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from flint import fmpq, fmpq_mpoly, fmpz

from benchmarks.cells import Cell, cell_at
from benchmarks.measure import Stopwatch
from benchmarks.peers import Outcome, Question
from geometry.engines import Failure, Limits, PolynomialSystem, Singular
from geometry.engines.system import Monomial, Terms, primitive, ring
from piecewise.exact import to_fraction

MEGABYTES = 8192


def singular(question: Question) -> Outcome:
    """How many curves (zero-one loss: cells' minors) it finds within the budget."""
    engine = Singular()
    if not engine.is_available():
        return Outcome.missing("Singular")
    problem, watch, found, total, why = question.problem.training(), Stopwatch(), [], 0, ""
    scores = problem.loss == "zero-one"
    for sample in question.curve.samples():
        total += 1
        left = question.seconds - watch.read()[0]
        if why or left <= 0:
            continue
        ask = minors if scores else curve
        outcome = ask(engine, cell_at(problem, sample), Limits(left, MEGABYTES))
        if isinstance(outcome, Failure):
            why = outcome.message
        else:
            found.append(outcome)
    seconds, spent = watch.read()
    what = "minors of the cells" if scores else "curves of the strata"
    said = f"{len(found)} of {total} {what} that it is told"
    if found and scores:
        count, degree = max(found)
        said += f": up to {count} polynomials of degree up to {degree}, whose zeros are candidates"
    elif found:
        value, parameter = (max(degrees) for degrees in zip(*found, strict=True))
        said += f", of degrees up to {value} in v and {parameter} in α"
    return Outcome(
        "Singular", seconds, spent, len(found) == total, f"{said}; {why}" if why else said
    )


def curve(engine: Singular, cell: Cell, limits: Limits) -> tuple[int, int] | Failure:
    """The degree in (v, α) of the critical-value curve of the active stratum."""
    active = [c.polynomial for c in cell.conditions if c.active]
    names = (*cell.parameters, *(f"l{j}" for j in range(len(active))), "v", "a")
    system = PolynomialSystem.of(
        names, [primitive(terms, ring(names)) for terms in _first_order(cell, active, names)]
    )
    found = engine.eliminate(system, ("v", "a"), limits)
    if isinstance(found, Failure):
        return found
    degrees = [generator.degrees() for generator in found.generators]
    return max(((int(v), int(a)) for v, a in degrees), default=(0, 0))


def _first_order(cell: Cell, active: Sequence[fmpq_mpoly], names: Sequence[str]) -> Iterator[Terms]:
    place = {name: i for i, name in enumerate(names)}

    def lifted(p: fmpq_mpoly, extra: str = "", sign: int = 1) -> dict[Monomial, Fraction]:
        terms: dict[Monomial, Fraction] = {}
        for exponents, c in p.terms():
            key = [0] * len(names)
            for name, e in zip(cell.context.names(), exponents, strict=True):
                key[place[name]] = int(e)
            if extra:
                key[place[extra]] += 1
            terms[tuple(key)] = sign * to_fraction(c)
        return terms

    for w in cell.parameters:
        terms = lifted(cell.numerator.derivative(w))
        for j, h in enumerate(active):
            terms |= lifted(h.derivative(w), f"l{j}", -1)
        yield terms
    yield from (lifted(h) for h in active)
    yield lifted(cell.numerator) | lifted(cell.denominator, "v", -1)


def minors(engine: Singular, cell: Cell, limits: Limits) -> tuple[int, int] | Failure:
    """Number and largest degree of the minors that do not vanish, of (normal, offset) in Q[α].

    Where all boundaries pass through w = 0 the cell is a cone, and walls do not matter.
    """
    through = all(
        condition.wall or not _coefficient(condition.polynomial, None)
        for condition in cell.conditions
    )
    rows = [
        _row(c.polynomial, cell.parameters, through)
        for c in cell.conditions
        if not (through and c.wall)
    ]
    width = len(cell.parameters) + (not through)
    entries = ",".join(entry for row in rows for entry in row)
    output = engine.start(
        ["-q", "--no-rc"],
        limits,
        text=f"ring r=0,(a),dp; matrix m[{len(rows)}][{width}]={entries};"
        f"ideal i=simplify(minor(m,{width}),7); int d=0; int k;"
        "for(k=1;k<=size(i);k++){if(deg(i[k])>d){d=deg(i[k]);}}"
        '"@"+string(size(i))+","+string(d)+"@"; quit;',
    )
    if isinstance(output, Failure):
        return output
    count, degree = output.split("@")[1].split(",")
    return int(count), int(degree)


def _coefficient(p: fmpq_mpoly, index: int | None) -> dict[int, fmpq]:
    """Of w_index (None: of 1) in an affine p: coefficients by power of α.

    Raises:
        ValueError: p is not affine in w.
    """
    found = {}
    for exponents, c in p.terms():
        alpha, *powers = map(int, exponents)
        if sum(powers) > 1:
            raise ValueError("a boundary is not affine in w")
        own = powers.index(1) if any(powers) else None
        if own == index:
            found[alpha] = c
    return found


def _row(p: fmpq_mpoly, parameters: Sequence[str], through: bool) -> list[str]:
    places: list[int | None] = [*range(len(parameters)), *(() if through else (None,))]
    scale = fmpz(1)
    for c in p.coeffs():
        scale = scale.lcm(c.q)
    return [
        "+".join(f"({int((c * scale).p)})*a^{k}" for k, c in _coefficient(p, place).items()) or "0"
        for place in places
    ]
