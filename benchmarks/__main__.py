"""Time and memory of the main job, as ratios against peers measured in the same run.

Usage: python -m benchmarks [cars] [growth] [units2] [units3] [branches] [families] [reach]; all but
`families` (one row for every family of objectives) and `reach` (how far they go), which take
hours, by default. Both are commands of their own, `python -m benchmarks.families --help`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.curves import ProvedCurve
from benchmarks.elimination import strata_job, whole_job
from benchmarks.families import Asked, print_families
from benchmarks.instances import cars, scattered
from benchmarks.measure import analyze, run
from benchmarks.peers import Question
from benchmarks.quantifiers import qepcad
from benchmarks.reach import reach
from geometry.stationary import CellProgram
from pieceproof.specfile import load_problem
from piecewise.objective import CellKey, ConvexObjective

PEER_SECONDS = 120.0
GROWTH = (50, 100, 200, 400, 800, 1600, 3200)


def cars_job(folder: Path) -> None:
    """The cars job against SymPy and QEPCAD on the same strata."""
    spec = cars(1, folder)
    measured = analyze(spec)
    print(f"cars, one unit: {measured}")
    certificate = folder / "result" / "result.json"
    own, strata = _own_strata(certificate)
    groebner = run(["-m", "benchmarks.groebner", str(certificate), str(PEER_SECONDS)], Path.cwd())
    peer = json.loads(groebner.output)
    print(f"  {strata} strata solved here: {own * 1000:.1f} ms")
    print(
        f"  SymPy groebner on {peer['done']} of {peer['strata']} of them: {peer['seconds']:.1f} s, "
        f"{peer['seconds'] / own:.0f} times as long"
    )
    found = qepcad(Question(load_problem(spec), ProvedCurve.read(certificate), PEER_SECONDS))
    print(
        f"  QEPCAD: {found.said}; {found.seconds:.1f} s, {found.seconds / measured.seconds:.0f} "
        "times the whole job"
    )


def _own_strata(certificate: Path) -> tuple[float, int]:
    """Seconds to solve all strata of the certificate over Q(α), and their number."""
    document = json.loads(certificate.read_text())
    objective = ConvexObjective(load_problem(certificate.parent.parent / "cars1.toml"))
    strata = {
        (tuple(proof["cell"]), tuple(sorted(step["active"])))
        for proof in document["proofs"]
        for step in proof["steps"]
    }
    programs = [(CellProgram(objective.cell(CellKey(cell))), labels) for cell, labels in strata]
    start = perf_counter()
    for program, labels in programs:
        program.stationary(program.active_set(labels))
    return perf_counter() - start, len(strata)


def growth(folder: Path) -> None:
    """Time against the number of examples, one unit."""
    previous = None
    for examples in GROWTH:
        measured = analyze(scattered(examples, folder))
        counts = json.loads((folder / "result" / "result.json").read_text())["counts"]
        cells = counts["cells"]
        per_cell = 1000 * measured.seconds / cells
        ratio = "" if previous is None else f", {measured.seconds / previous:.2f} × the line above"
        print(
            f"{examples} examples: {cells} cells, {counts['pieces']} pieces, {measured}, "
            f"{per_cell:.2f} ms a cell{ratio}"
        )
        previous = measured.seconds


def units2(folder: Path) -> None:
    """Cars with two units."""
    _units(2, folder)


def units3(folder: Path) -> None:
    """Cars with three units."""
    _units(3, folder)


def _units(units: int, folder: Path) -> None:
    spec = cars(units, folder)
    seconds = []
    for jobs in (1, 2):
        measured = analyze(spec, jobs)
        counts = json.loads((folder / "result" / "result.json").read_text())["counts"]
        print(
            f"cars, {units} units, {jobs} jobs: {counts['cases']} cases, "
            f"{counts['pieces']} pieces, {measured}"
        )
        seconds.append(measured.seconds)
    print(f"  two workers are {seconds[0] / seconds[1]:.2f} times as fast as one")


def branches(folder: Path) -> None:
    """Strata of relu mixed with square, against elimination; whole instances."""
    del folder
    strata_job(PEER_SECONDS)
    whole_job()


def all_families(folder: Path) -> None:
    """One row for every family, kept where they are looked for again."""
    del folder
    print_families(Asked())


JOBS: dict[str, Callable[[Path], None]] = {
    "cars": cars_job,
    "growth": growth,
    "units2": units2,
    "units3": units3,
    "branches": branches,
    "families": all_families,
    "reach": reach,
}
LONG = ("families", "reach")


def main(names: list[str]) -> None:
    """Run the named benchmarks."""
    for name in names or [each for each in JOBS if each not in LONG]:
        with TemporaryDirectory() as folder:
            JOBS[name](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
