"""The peer QEPCAD: quantifier elimination on the cells that carry the minimum.

{(α, v) : f(α, w) ≥ v for all w in the closed cell} describes the minimum over a cell; for the
zero-one loss it is {α : these examples can be classified correctly}. QEPCAD is told the cell of
every piece, one after the other: that no other cell is lower it is not asked.
"""

from __future__ import annotations

from fractions import Fraction

from flint import fmpq_mpoly, fmpz

from benchmarks.cells import Cell, cell_at
from benchmarks.measure import Stopwatch
from benchmarks.peers import Outcome, Question
from geometry.engines.process import find_program, run
from geometry.engines.protocol import Failure, Limits
from geometry.engines.qepcad import installation

SPACE = 200_000_000
"""Words of list memory."""


def qepcad(question: Question) -> Outcome:
    """How many of the cells it settles within the budget."""
    program = find_program("qepcad")
    if program is None:
        return Outcome.missing("QEPCAD")
    problem, watch, done, total, why = question.problem.training(), Stopwatch(), 0, 0, ""
    for sample in question.curve.samples():
        total += 1
        left = question.seconds - watch.read()[0]
        if why or left <= 0:
            continue
        output = run(
            "qepcad",
            [program, f"+N{SPACE}"],
            Limits(seconds=left),
            text=script(cell_at(problem, sample), question.curve.interval),
            environment={"qe": installation(program)},
        )
        if isinstance(output, Failure):
            why = output.message
        elif "An equivalent quantifier-free formula" in output:
            done += 1
        else:
            why = " ".join(output.split())[-80:]
    seconds, spent = watch.read()
    said = f"{done} of {total} cells that it is told"
    return Outcome("QEPCAD", seconds, spent, done == total, f"{said}; {why}" if why else said)


def script(cell: Cell, interval: tuple[Fraction, Fraction]) -> str:
    """The question as QEPCAD reads it, in the names a, v, w0, w1, …"""
    scores = any(condition.score for condition in cell.conditions)
    region = " /\\ ".join(
        f"{_text(condition.polynomial)} {'>' if condition.score else '>='} 0"
        for condition in cell.conditions
    )
    if scores:
        free, body = ["a"], f"[ {region} ]"
    else:
        free = ["a", "v"]
        claim = f"{_text(cell.numerator, cell.denominator)} >= 0"
        body = f"[ [ {region} ] ==> {claim} ]"
    quantified = "".join(f"({'E' if scores else 'A'} {w})" for w in cell.parameters)
    lower, upper = interval
    ends = (
        f"{lower.denominator} a >= {lower.numerator} /\\ {upper.denominator} a <= {upper.numerator}"
    )
    names = ",".join([*free, *cell.parameters])
    return f"[]\n({names})\n{len(free)}\n{quantified}{body}.\nassume [ {ends} ]\nfinish\n"


def _text(p: fmpq_mpoly, denominator: fmpq_mpoly | None = None) -> str:
    """p, or p − v·denominator, with integer coefficients."""
    scale = fmpz(1)
    parts = [(p, "", 1)] + ([] if denominator is None else [(denominator, " v", -1)])
    for q, _, _ in parts:
        for c in q.coeffs():
            scale = scale.lcm(c.q)
    terms = []
    for q, factor, sign in parts:
        names = q.context().names()
        for exponents, coefficient in q.terms():
            value = int((sign * coefficient * scale).p)
            powers = "".join(
                f" {x}^{int(e)}" for x, e in zip(names, exponents, strict=True) if int(e)
            )
            terms.append(f"{'-' if value < 0 else '+'} {abs(value)}{factor}{powers}")
    return " ".join(terms) or "0"
