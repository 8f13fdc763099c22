"""The checker of the method "convex-cells".

1. the listed cells of every unit are all its cells, each once;
2. the proofs run over all joint cells up to exchangeable units, each once;
3. no joint cell goes below the stated pieces (Lagrange duality, step by step);
4. every piece is attained by a feasible minimiser, so the pieces are ℓ*, which is continuous:
   the minimum over closed cells of a box of functions that are continuous in (α, w).
"""

from __future__ import annotations

from pieceproof.checking.constraints import Constraints
from pieceproof.checking.kinks import Kinks
from pieceproof.checking.objectives import Objective
from pieceproof.checking.orbits import Orbits, check_cases, check_classes
from pieceproof.checking.pieces import Piece
from pieceproof.checking.problems import Problem, read_problem
from pieceproof.checking.reading import CertificateError
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.shapes import continuous
from pieceproof.checking.unitcells import Arrangement, check_arrangements
from pieceproof.checking.upperbounds import UpperBounds, read_quadratic_pieces
from pieceproof.checking.workers import FixedTask, check_cells

MEMBERS: tuple[str, ...] = ("cells", "exchangeable", "proofs")


def check(run: Run) -> Dual:
    """ℓ* of a document whose proofs hold, unless ``run`` says otherwise.

    Raises:
        CertificateError: malformed.
        Refuted: a claim without which the others have no meaning is false.
    """
    if read_problem(run.members["problem"]).held_out:
        raise CertificateError("problem: the key 'validation' is unknown")
    return check_training(run)


def check_training(run: Run) -> Dual:
    """min f(α, ·) whether or not the problem has validation examples, as :func:`check`.

    Raises:
        CertificateError: malformed.
        Refuted: a claim without which the others have no meaning is false.
    """
    members = run.members
    problem = read_problem(members["problem"])
    arrangements = check_arrangements(members["cells"], problem)
    orbits = check_classes(members["exchangeable"], problem, arrangements)
    pieces = read_quadratic_pieces(members["pieces"], problem)
    run.checked |= {
        "unit cells": sum(len(each.indices) for each in arrangements),
        "pieces": len(pieces),
    }
    _check_upper(run, problem, orbits, arrangements, pieces)
    strata = _check_lower(run, orbits, arrangements)
    counts = {"cells": orbits.joint_cells, "cases": orbits.total, "strata": strata}
    return Dual(pieces, continuous(pieces), counts)


def _check_upper(
    run: Run,
    problem: Problem,
    orbits: Orbits,
    arrangements: list[Arrangement],
    pieces: list[Piece],
) -> None:
    constraints = Constraints(problem, tuple(arrangements))
    kinks = Kinks(problem, constraints, Objective(problem, arrangements))
    bounds = UpperBounds(problem, orbits, kinks)
    parts = 0
    for node, piece in zip(run.members["pieces"], pieces, strict=True):
        with run.collecting():
            parts += bounds.check(node, piece)
    run.checked["parts"] = parts


def _check_lower(run: Run, orbits: Orbits, arrangements: list[Arrangement]) -> int:
    proofs = run.members["proofs"]
    entries = proofs.items()
    with run.collecting():
        cases = [
            orbits.read_case(entry.fields("cell", "steps", optional=("signs",)), entry.path)
            for entry in entries
        ]
        check_cases(proofs, cases, orbits)
    task = FixedTask(
        run.members["problem"].value,
        run.members["pieces"].value,
        tuple(arrangements),
        orbits,
    )
    return check_cells(run, task, "joint cells")
