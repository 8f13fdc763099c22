"""Root counts from Newton polytopes: mixed volume (torus) and stable mixed volume (C^n).

The mixed volume bounds the isolated solutions with all coordinates non-zero [Bernstein,
Funct. Anal. Appl. 9, 1975]. For C^n add the origin to every support, lift it to height 1
and everything else to 0: the solutions of the system perturbed by t·(constants) are
series x ~ t^v with (v, 1) an inner normal of a lower cell, and stay finite as t → 0 iff
v ≥ 0. The *stable* mixed volume adds up the mixed volumes of the cells with v ≥ 0; it
bounds the isolated solutions in C^n with multiplicity [Huber, Sturmfels, Discrete Comput.
Geom. 17, 1997, Thm 2]. Cells with v = 0 give the mixed volume, all cells that of the
supports with the origin added, and

    mixed volume ≤ stable mixed volume ≤ mixed volume with the origin added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from geometry.counting.count import Count
from geometry.counting.degrees import square_supports
from geometry.counting.mixed_cells import TooManyCells, mixed_cells
from geometry.engines.process import find_program, run
from geometry.engines.protocol import Failure, Limits, Reason
from geometry.engines.system import Monomial, PolynomialSystem
from geometry.verdicts import Verdict

Supports = Sequence[Sequence[Monomial]]

FLIPS = 4000
"""Own computations that need more flips of mixed cells are left to gfan."""

INSTALL = "install it with `pip install --no-deps passagemath-gfan` (or `apt-get install gfan`)"


@dataclass(frozen=True)
class Polyhedral:
    """The two counts; where the stable one is out of reach it is the origin-added bound."""

    mixed_volume: Count
    stable_mixed_volume: Count


@dataclass(frozen=True)
class Volumes:
    """The three mixed volumes of one lifting: of A, stable, and of A with the origin."""

    torus: int
    stable: int
    with_origin: int


def polyhedral(system: PolynomialSystem, limits: Limits, flips: int = FLIPS) -> Polyhedral:
    """Both counts for generic α, by the own algorithm, then by gfan."""
    if len(system.equations) < len(system.variables):
        nothing = Count.unresolved("fewer equations than unknowns")
        return Polyhedral(nothing, nothing)
    return _of_supports(square_supports(system), limits, flips)


@lru_cache(maxsize=1024)  # the strata of one objective have few different supports
def _of_supports(
    supports: tuple[tuple[Monomial, ...], ...], limits: Limits, flips: int
) -> Polyhedral:
    try:
        found = volumes(supports, flips)
        stable = Count.proved(found.stable, "stable cells, own tropical homotopy")
        return Polyhedral(Count.proved(found.torus, "own tropical homotopy"), stable)
    except TooManyCells:
        return _by_gfan(supports, limits)


def volumes(supports: Supports, flips: int = FLIPS) -> Volumes:
    """All three volumes, exact and independent of the random refinement.

    Raises:
        TooManyCells: more than ``flips`` flips.
    """
    augmented, heights = with_origin(supports)
    cells = mixed_cells(augmented, heights, flips)
    return Volumes(
        sum(cell.volume for cell in cells if not any(cell.slope)),
        sum(cell.volume for cell in cells if all(v >= 0 for v in cell.slope)),
        sum(cell.volume for cell in cells),
    )


def with_origin(supports: Supports) -> tuple[list[list[Monomial]], list[list[int]]]:
    """The supports with the origin added, and the heights: 1 for an added origin, 0 else."""
    augmented, heights = [], []
    for support in supports:
        points = sorted({*support, (0,) * len(supports)})
        augmented.append(points)
        heights.append([int(point not in support) for point in points])
    return augmented, heights


def gfan_mixed_volume(supports: Supports, limits: Limits) -> int | Failure:
    """The mixed volume by gfan."""
    program = find_program("gfan")
    if program is None:
        return Failure("gfan", Reason.MISSING, f"the program is not found; {INSTALL}")
    lists = ",".join(
        "{" + ",".join("(" + ",".join(map(str, point)) + ")" for point in support) + "}"
        for support in supports
    )
    command = [program, "_mixedvolume", "--vectorinput"]
    output = run("gfan", command, limits, text="{" + lists + "}\n")
    if isinstance(output, Failure):
        return output
    if not output.strip().isdigit():
        return Failure("gfan", Reason.UNREADABLE, f"it says {output.strip()[:60]!r}")
    return int(output)


def _by_gfan(supports: Supports, limits: Limits) -> Polyhedral:
    torus = gfan_mixed_volume(supports, limits)
    if isinstance(torus, Failure):
        nothing = Count.unresolved(f"too many mixed cells for the own algorithm; {torus}")
        return Polyhedral(nothing, nothing)
    mixed = Count.proved(torus, "gfan")
    upper = gfan_mixed_volume(with_origin(supports)[0], limits)
    if isinstance(upper, Failure):
        return Polyhedral(mixed, Count.unresolved(str(upper), lower=torus))
    if upper == torus:
        return Polyhedral(mixed, Count.proved(torus, "gfan: the origin adds nothing"))
    label = "mixed volume with the origin added: an upper bound of the stable mixed volume"
    return Polyhedral(mixed, Count(upper, Verdict.BOUNDS, label, torus, upper))
