"""The peer: quantifier elimination by QEPCAD on one cell of a certificate.

{(α, v) : f(α, w) ≥ v for all w in the closed cell} describes the cell's minimum; QEPCAD
is asked for it without being told that f is convex in w.
Usage: python -m benchmarks.quantifiers CERTIFICATE SECONDS; prints one JSON line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

from flint import fmpz_poly

from geometry.engines.process import find_program, run
from geometry.engines.protocol import Failure, Limits
from geometry.engines.qepcad import installation
from geometry.stationary import CellProgram
from pieceproof.problem_document import problem_from_document
from piecewise.objective import CellKey, ConvexObjective

SPACE = 200_000_000


def formula(program: CellProgram) -> str:
    """(A w)[ cell constraints ==> scale·f ≥ scale·v ] as QEPCAD reads it, in the names a, v, w…"""
    size = len(program.live)
    names = [f"w{i}" for i in range(size)]
    quadratic = program.cell.objective
    terms = _terms(quadratic.constant, "")
    for i in range(size):
        terms += _terms(-2 * program.linear[i], names[i])
        for j in range(size):
            terms += _terms(program.hessian[i][j], f"{names[i]} {names[j]}")
    inside = [
        " ".join(_term(a, x) for a, x in zip(normal, names, strict=True) if a)
        + f" {_term(-offset, '')} >= 0"
        for normal, offset in zip(program.normals, program.offsets, strict=True)
    ]
    claim = f"{' '.join(terms)} {_term(-int(quadratic.scale), 'v')} >= 0"
    quantified = "".join(f"(A {x})" for x in names)
    region = " /\\ ".join(inside)
    return f"{quantified}[ [ {region} ] ==> {claim} ]"


def _terms(p: fmpz_poly, monomial: str) -> list[str]:
    return [_term(int(c), f"{monomial} a^{k}" if k else monomial) for k, c in enumerate(p.coeffs())]


def _term(coefficient: int, monomial: str) -> str:
    return f"{'-' if coefficient < 0 else '+'} {abs(coefficient)} {monomial}".rstrip()


def main(path: str, seconds: float) -> None:
    """Give QEPCAD the cell of the first piece for at most ``seconds``."""
    document: dict[str, Any] = json.loads(Path(path).read_text())
    program = find_program("qepcad")
    if program is None:
        print(json.dumps({"outcome": "qepcad is not installed", "seconds": None}))
        return
    objective = ConvexObjective(problem_from_document(document["problem"]))
    cell = CellProgram(objective.cell(CellKey(tuple(document["pieces"][0]["cell"]))))
    names = ",".join(["a", "v", *(f"w{i}" for i in range(len(cell.live)))])
    script = f"[]\n({names})\n2\n{formula(cell)}.\nassume [ a >= 0 /\\ a <= 1 ]\nfinish\n"
    start = perf_counter()
    output = run(
        "qepcad",
        [program, f"+N{SPACE}"],
        Limits(seconds=seconds),
        text=script,
        environment={"qe": installation(program)},
    )
    outcome = output.message if isinstance(output, Failure) else _last(output)
    print(json.dumps({"outcome": outcome, "seconds": perf_counter() - start}))


def _last(output: str) -> str:
    return "done" if "An equivalent quantifier-free formula" in output else output.strip()[-120:]


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
