"""What follows from a dual loss: learning-theoretic statements about its oscillations."""

from bounds.architectures import (
    Loss,
    OutputWeights,
    feedforward,
    graph_convolution,
    ridge,
    structure_of,
)
from bounds.constructions import Grid, Intervals, Wells, verify_construction
from bounds.enclosures import Enclosure
from bounds.errors import BoundsError
from bounds.oscillations import (
    from_components,
    level_bezout,
    quadratic_strata,
    sublevel_components,
)
from bounds.pseudodimension import pseudo_dimension, sauer_patterns
from bounds.sample_complexity import (
    Gap,
    Patterns,
    generalisation_gap,
    instances_needed,
    massart,
    sample_gap,
)
from bounds.shattering import Shattering, WitnessReport, verify_witness
from bounds.structure import StructureCounts
from bounds.summary import summary

__all__ = [
    "BoundsError",
    "Enclosure",
    "Gap",
    "Grid",
    "Intervals",
    "Loss",
    "OutputWeights",
    "Patterns",
    "Shattering",
    "StructureCounts",
    "Wells",
    "WitnessReport",
    "feedforward",
    "from_components",
    "generalisation_gap",
    "graph_convolution",
    "instances_needed",
    "level_bezout",
    "massart",
    "pseudo_dimension",
    "quadratic_strata",
    "ridge",
    "sample_gap",
    "sauer_patterns",
    "structure_of",
    "sublevel_components",
    "summary",
    "verify_construction",
    "verify_witness",
]
