"""Time and memory of the main job, as ratios against peers measured in the same run.

Usage: python -m benchmarks [cars] [growth] [units2] [units3] [branches] [paths] [zeroone]
[enclosures] [reach]; all but `reach`, which takes hours, by default.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.elimination import strata_job, whole_job
from benchmarks.enclosures import enclosures
from benchmarks.instances import cars, scattered
from benchmarks.measure import Measurement, run
from benchmarks.paths import paths
from benchmarks.reach import reach
from benchmarks.zero_one import zero_one
from geometry.stationary import CellProgram
from pieceproof.specfile import load_problem
from piecewise.objective import CellKey, ConvexObjective

PEER_SECONDS = 120.0
GROWTH = (50, 100, 200, 400, 800, 1600, 3200)


def analyze(spec: Path, jobs: int) -> Measurement:
    """The whole command: search, certificate, check, picture."""
    arguments = ["-m", "pieceproof", "analyze", str(spec), "--out", "result", "--jobs", str(jobs)]
    return run(arguments, spec.parent)


def cars_job(folder: Path) -> None:
    """The cars job against SymPy and QEPCAD on the same strata."""
    measured = analyze(cars(1, folder), 1)
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
    elimination = run(
        ["-m", "benchmarks.quantifiers", str(certificate), str(PEER_SECONDS)], Path.cwd()
    )
    found = json.loads(elimination.output)
    if found["seconds"] is not None:
        print(
            f"  QEPCAD on one of the cells: {found['outcome']} after {found['seconds']:.1f} s, "
            f"{found['seconds'] / measured.seconds:.0f} times the whole job"
        )
    else:
        print(f"  QEPCAD: {found['outcome']}")


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
        measured = analyze(scattered(examples, folder), 1)
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


JOBS: dict[str, Callable[[Path], None]] = {
    "reach": reach,
    "cars": cars_job,
    "growth": growth,
    "units2": units2,
    "units3": units3,
    "branches": branches,
    "paths": paths,
    "zeroone": lambda folder: zero_one(folder, analyze),
    "enclosures": lambda folder: enclosures(folder, analyze),
}


def main(names: list[str]) -> None:
    """Run the named benchmarks."""
    for name in names or [each for each in JOBS if each != "reach"]:
        with TemporaryDirectory() as folder:
            JOBS[name](Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
