"""The census of strata: critical-point branches counted, from Bézout down to the minimum.

===============  ==============================================================
``records``      what is kept of one stratum
``examine``      one stratum: regularity, ladder, events, branches
``steps``        branch counts of all strata as a step function of α
``minimal``      the branches that are the global minimum somewhere
``totals``       the ladder by class and in total
===============  ==============================================================
"""

from __future__ import annotations

from geometry.census.examine import LIMITS, Setting, examine
from geometry.census.minimal import Lowest, LowestPart, lowest
from geometry.census.records import (
    BranchRecord,
    Chord,
    EventRecord,
    GapRecord,
    Rung,
    StratumClass,
    StratumRecord,
)
from geometry.census.steps import Step, StepFunction, step_function
from geometry.census.totals import RUNGS, Census, ClassTotal

__all__ = [
    "LIMITS",
    "RUNGS",
    "BranchRecord",
    "Census",
    "Chord",
    "ClassTotal",
    "EventRecord",
    "GapRecord",
    "Lowest",
    "LowestPart",
    "Rung",
    "Setting",
    "Step",
    "StepFunction",
    "StratumClass",
    "StratumRecord",
    "examine",
    "lowest",
    "step_function",
]
