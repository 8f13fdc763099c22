"""The peer: the strata of a certificate put through SymPy's Gröbner bases.

For every stratum used in the proofs, the generic route eliminates w and λ from the
first-order system together with v = f: it knows nothing of the linearity in w.
Usage: python -m benchmarks.groebner CERTIFICATE SECONDS; prints one JSON line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import sympy

from geometry.stationary import CellProgram
from pieceproof.problem_document import problem_from_document
from piecewise.objective import CellKey, ConvexObjective

ALPHA, VALUE = sympy.symbols("alpha v")


def _polynomial(p: Any) -> Any:
    return sum(
        (sympy.Integer(int(c)) * ALPHA**i for i, c in enumerate(p.coeffs())), sympy.Integer(0)
    )


def system(program: CellProgram, active: tuple[int, ...]) -> tuple[list[Any], list[Any]]:
    """First-order equations of the stratum with v = f, and the variables (v last)."""
    size = len(program.live)
    w, multipliers = sympy.symbols(f"w:{size}"), sympy.symbols(f"l:{len(active)}")
    hessian = [[_polynomial(entry) for entry in row] for row in program.hessian]
    linear = [_polynomial(entry) for entry in program.linear]
    quadratic = program.cell.objective
    f = _polynomial(quadratic.constant) + sum(
        w[i] * (sum(hessian[i][j] * w[j] for j in range(size)) - 2 * linear[i]) for i in range(size)
    )
    slacks = [
        sum(a * x for a, x in zip(program.normals[j], w, strict=True)) - program.offsets[j]
        for j in active
    ]
    lagrangian = f - sum(m * slack for m, slack in zip(multipliers, slacks, strict=True))
    equations = [sympy.diff(lagrangian, x) for x in w] + slacks
    return [*equations, f - int(quadratic.scale) * VALUE], [*w, *multipliers, VALUE]


def main(path: str, limit: float) -> None:
    """Time the strata one after the other; stop when the limit is passed."""
    document = json.loads(Path(path).read_text())
    objective = ConvexObjective(problem_from_document(document["problem"]))
    strata = {
        (tuple(proof["cell"]), tuple(sorted(step["active"])))
        for proof in document["proofs"]
        for step in proof["steps"]
    }
    start, done = perf_counter(), 0
    for cell, labels in sorted(strata):
        program = CellProgram(objective.cell(CellKey(cell)))
        equations, variables = system(program, program.active_set(labels))
        sympy.groebner(equations, *variables, ALPHA, order="lex")
        done += 1
        if perf_counter() - start > limit:
            break
    seconds = perf_counter() - start
    print(json.dumps({"strata": len(strata), "done": done, "seconds": seconds}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
