"""The ladder of counts of a polynomial system, from Bézout's bound to the real solutions.

    real ≤ distinct ≤ generic ≤ stable mixed volume ≤ multihomogeneous ≤ Bézout

The plain mixed volume stands beside it: it counts solutions with non-zero coordinates
only, is at most the stable one, and can be smaller than the generic count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from geometry.counting import (
    Count,
    bezout,
    count_complex,
    count_real,
    multihomogeneous,
    polyhedral,
)
from geometry.engines import ENGINES, Engine, Limits, PolynomialSystem, available, read
from geometry.krawczyk import Certification
from geometry.verdicts import Verdict


class LadderBroken(AssertionError):
    """Two proved rungs contradict each other: an error in this package."""


@dataclass(frozen=True)
class Ladder:
    """Counts of the isolated solutions of one system, for generic values of its parameter.

    ``generic`` counts complex solutions with multiplicity, ``distinct`` without, ``real``
    the distinct real ones (for a system without parameter). ``dimension`` is that of the
    complex solution set (−1 empty), None where no engine tells.
    """

    system: PolynomialSystem
    bezout: Count
    multihomogeneous: Count
    partition: tuple[tuple[str, ...], ...]
    mixed_volume: Count
    stable_mixed_volume: Count
    generic: Count
    distinct: Count
    real: Count
    dimension: int | None
    dimension_verdict: Verdict
    roots: Certification

    def rungs(self) -> Iterator[tuple[str, Count]]:
        """Names and counts, each one bounded by those before it."""
        yield "bezout", self.bezout
        yield "multihomogeneous", self.multihomogeneous
        yield "stable_mixed_volume", self.stable_mixed_volume
        yield "generic", self.generic
        yield "distinct", self.distinct
        yield "real", self.real

    def check(self) -> None:
        """Raise ``LadderBroken`` if a rung exceeds an earlier one."""
        limit: tuple[int, str] | None = None
        for name, count in self.rungs():
            known = count.lower if count.value is None else count.value
            if limit is not None and known > limit[0]:
                raise LadderBroken(f"{name} is {known}, but {limit[1]} is {limit[0]}")
            if count.value is not None and count.verdict is not Verdict.MODULAR:
                limit = (count.value, name)
        mixed, stable = self.mixed_volume.value, self.stable_mixed_volume.value
        if mixed is not None and stable is not None and mixed > stable:
            raise LadderBroken(f"the mixed volume is {mixed}, the stable one {stable}")

    def __str__(self) -> str:
        groups = " ".join("{" + ", ".join(group) + "}" for group in self.partition)
        lines = [f"{self.system}"]
        for name, count in self.rungs():
            note = f"  over {groups}" if name == "multihomogeneous" else ""
            lines.append(f"  {name.replace('_', ' '):<20} {count}{note}")
        lines.append(f"  {'(torus) mixed volume':<20} {self.mixed_volume}")
        return "\n".join(lines)


def ladder(
    equations: Iterable[Any] | PolynomialSystem,
    variables: Sequence[Any] = (),
    parameter: Any = None,
    *,
    engines: Sequence[Engine] | None = None,
    limits: Limits | None = None,
) -> Ladder:
    """All counts of the system ``equations`` = 0 in ``variables``, α = ``parameter`` generic.

    Equations are SymPy or flint polynomials with rational coefficients (or a
    ``PolynomialSystem``). ``engines`` are tried in order, each within ``limits``; those
    not installed are skipped.

    Raises:
        InvalidSystem: not a polynomial system over Q in the given variables.
    """
    system = (
        equations
        if isinstance(equations, PolynomialSystem)
        else read(equations, variables, parameter)
    )
    chosen = available(ENGINES) if engines is None else available(tuple(engines))
    bounded = Limits(seconds=20.0) if limits is None else limits
    total = bezout(system)
    if len(system.equations) >= len(system.variables):
        grouped = multihomogeneous(system)
        note = "all partitions" if grouped.exhaustive else "partitions of a greedy descent"
        groups, partition = Count.proved(grouped.bound, f"minimum over {note}"), grouped.partition
    else:
        groups, partition = total, (system.variables,)
    newton = polyhedral(system, bounded)
    bounds = (groups.upper, newton.stable_mixed_volume.upper)
    upper = min(bound for bound in bounds if bound is not None)
    complex_ = count_complex(system, upper, chosen, bounded)
    if system.parameter is None:
        finite = complex_.dimension == 0 and complex_.dimension_verdict is Verdict.PROVED
        real = count_real(system, complex_.distinct, chosen, bounded, finite)
        real_count, roots = real.count, real.roots
    else:
        real_count = Count.unresolved("depends on the parameter", upper=complex_.distinct.upper)
        roots = Certification((), ())
    result = Ladder(
        system,
        total,
        groups,
        partition,
        newton.mixed_volume,
        newton.stable_mixed_volume,
        complex_.generic,
        complex_.distinct,
        real_count,
        complex_.dimension,
        complex_.dimension_verdict,
        roots,
    )
    result.check()
    return result
