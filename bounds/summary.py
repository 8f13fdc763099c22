"""The "bounds" entries of a result document, and the same as a table with reasons.

Needs nothing but the counts of the document and the structure counts of the problem;
imports no computer algebra beyond ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bounds.errors import count
from bounds.oscillations import quadratic_strata, sublevel_components
from bounds.pseudodimension import pseudo_dimension
from bounds.structure import Origin, StructureCounts

LONGEST_WRITTEN = 4096
"""Oscillation bounds of more bits are left out of a document (their consequence stays)."""


@dataclass(frozen=True)
class Entry:
    """One statement applied to one problem."""

    theorem: str
    source: str
    assumptions: tuple[str, ...]
    oscillations: int
    reason: str
    """Why this number is larger than the exact count; empty for the exact count."""

    @property
    def pseudo_dimension(self) -> int:
        """Lemma 1 applied to the oscillations."""
        return pseudo_dimension(self.oscillations)

    def document(self) -> dict[str, object]:
        """The entry as the result document writes it."""
        short = self.oscillations.bit_length() <= LONGEST_WRITTEN
        return {
            "theorem": self.theorem,
            "source": self.source,
            "assumptions": list(self.assumptions),
            "oscillations": self.oscillations if short else None,
            "pseudo_dimension": self.pseudo_dimension,
        }


def summary(
    counts: Mapping[str, object], structure: StructureCounts | None
) -> list[dict[str, object]]:
    """The ``bounds`` list of a result document.

    Lemma 1 with the exact oscillations of ``counts``; then, if ``structure`` is given,
    Lemma 5 (where its family is covered) and Lemmas 2–3, each with the counted number of
    pieces and with the analytic one. ``counts["cases"]`` counts the cells (times the sign
    vectors) whose minimum is ℓ*; leave it out when the enumeration is incomplete.

    Raises:
        BoundsError: a count is negative or not an integer.
    """
    return [entry.document() for entry in entries(counts, structure)]


def entries(counts: Mapping[str, object], structure: StructureCounts | None) -> tuple[Entry, ...]:
    """What :func:`summary` writes, with the reason for each gap."""
    found: list[Entry] = []
    if counts.get("oscillations") is not None:
        found.append(
            Entry(
                "Lemma 1, exact oscillation count",
                "explicit form of the oscillation lemma of [BDDKSV21]; docs/theorems.md, Lemma 1",
                (
                    "every instance of the class has at most as many oscillations as this one",
                    "the oscillation count is that of the certified dual loss",
                ),
                count("oscillations", counts["oscillations"]),
                "",
            )
        )
    if structure is None:
        return tuple(found)
    versions = [structure]
    if counts.get("cases") is not None:
        versions.insert(0, structure.measured(count("cases", counts["cases"], 1)))
    found += [quadratic for version in versions for quadratic in _quadratic(version)]
    found += [_sublevel(version) for version in versions]
    return tuple(found)


_COUNTED = {
    Origin.MEASURED: "no instance of the class has more cells than were counted on this one",
    Origin.ANALYTIC: "every instance of the class has this architecture and number of examples",
    Origin.GIVEN: "no instance of the class exceeds the given counts",
}
_SLACK = {
    Origin.MEASURED: "",
    Origin.ANALYTIC: ", and the cells are bounded, not counted",
    Origin.GIVEN: "",
}


def _quadratic(structure: StructureCounts) -> list[Entry]:
    if structure.alpha_degree is None:
        return []
    return [
        Entry(
            f"Lemma 5, quadratic strata ({structure.origin.value})",
            "docs/theorems.md, Lemma 5",
            (
                "on each cell the loss is a convex quadratic in w",
                "the cells are polyhedra in w that do not depend on alpha",
                _COUNTED[structure.origin],
            ),
            quadratic_strata(
                structure.pieces,
                structure.boundaries,
                structure.parameters,
                structure.alpha_degree,
            ),
            "every set of active constraints of every cell is taken to be optimal somewhere and "
            "to cross the level as often as its degree allows" + _SLACK[structure.origin],
        )
    ]


def _sublevel(structure: StructureCounts) -> Entry:
    bound = sublevel_components(
        structure.pieces,
        structure.boundaries,
        structure.degree,
        structure.parameters,
        max(structure.boundaries, structure.all_boundaries),
    )
    return Entry(
        f"Lemmas 2 and 3, sublevel components ({structure.origin.value})",
        "docs/theorems.md, Lemmas 2 and 3; Warren 1968, Theorem 2",
        (
            "the loss is piecewise polynomial with lower semicontinuous values on boundaries",
            "the parameters lie in a compact box",
            _COUNTED[structure.origin],
        ),
        bound.oscillations,
        "Warren's theorem allows any polynomials of the degree and counts components that "
        "project onto the same interval" + _SLACK[structure.origin],
    )
