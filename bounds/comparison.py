"""All bounds of one instance side by side, with the reason for each gap."""

from __future__ import annotations

from collections.abc import Mapping

from bounds.rows import Sample
from bounds.sample_complexity import Patterns, instances_needed
from bounds.structure import StructureCounts
from bounds.summary import entries
from bounds.text import magnitude
from bounds.writers import Format, write

HEADINGS = ("statement", "B", "Pdim", "m", "larger than the exact count because")


def comparison(
    counts: Mapping[str, object],
    structure: StructureCounts | None,
    sample: Sample | None = None,
    form: Format = Format.MARKDOWN,
) -> str:
    """One row per entry of :func:`bounds.summary.entries`: B, Lemma 1, Lemma 4, the reason.

    m is the number of instances for deviation ε with probability 1−δ and range H as in
    ``sample``.

    Raises:
        BoundsError: a count is negative or not an integer.
    """
    asked = sample or Sample()
    cells = [
        [
            entry.theorem,
            magnitude(entry.oscillations),
            str(entry.pseudo_dimension),
            magnitude(
                instances_needed(
                    Patterns(oscillations=entry.oscillations),
                    asked.epsilon,
                    asked.delta,
                    asked.value_range,
                )
            ),
            entry.reason,
        ]
        for entry in entries(counts, structure)
    ]
    return write(HEADINGS, cells, form)
