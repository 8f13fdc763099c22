"""Rows of a table: an architecture, what is asked of the sample, and what follows first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from bounds.level_counts import summed_counts
from bounds.oscillations import (
    SublevelComponents,
    level_bezout,
    quadratic_strata,
    sublevel_components,
)
from bounds.pseudodimension import pseudo_dimension
from bounds.structure import StructureCounts


@dataclass(frozen=True)
class Sample:
    """What is asked of the sample: deviation ε, failure probability δ, range H, instances m."""

    epsilon: Fraction = Fraction(1, 10)
    delta: Fraction = Fraction(1, 20)
    value_range: Fraction = Fraction(1)
    instances: int = 1000


@dataclass(frozen=True, eq=False)
class Architecture:
    """One row of a sweep: its settings and the structure counts that follow from them."""

    settings: Mapping[str, object]
    structure: StructureCounts
    sample: Sample = field(default_factory=Sample)

    @cached_property
    def sublevel(self) -> SublevelComponents:
        """Lemma 3 for this structure."""
        s = self.structure
        return sublevel_components(
            s.pieces, s.boundaries, s.degree, s.parameters, max(s.boundaries, s.all_boundaries)
        )

    @cached_property
    def quadratic(self) -> int | None:
        """Lemma 5, where the family is covered."""
        s = self.structure
        if s.alpha_degree is None:
            return None
        return quadratic_strata(s.pieces, s.boundaries, s.parameters, s.alpha_degree)

    @cached_property
    def oscillations(self) -> int:
        """The smallest oscillation bound that holds."""
        return min(b for b in (self.sublevel.oscillations, self.quadratic) if b is not None)

    @cached_property
    def bezout(self) -> int | None:
        """Lemma 6 with Bézout numbers; None for a piecewise constant loss, whose dual jumps."""
        s = self.structure
        if s.objective_degree < 1:
            return None
        degrees = s.objective_degree, s.boundary_degree
        return level_bezout(s.pieces, s.boundaries, s.parameters, *degrees)

    @cached_property
    def level_counts(self) -> dict[str, int | None]:
        """Lemma 6 with the counts of a generic stratum, where the family is covered."""
        s = self.structure
        if s.alpha_degree is None:
            return {}
        return summed_counts(s.pieces, s.boundaries, s.parameters, s.alpha_degree)

    @cached_property
    def dimension(self) -> int:
        """Lemma 1 for the smallest oscillation bound."""
        return pseudo_dimension(self.oscillations)

    def arguments(self) -> dict[str, object]:
        """What the theorems of the catalogue can ask for, by argument name."""
        s, ask, settings = self.structure, self.sample, self.settings
        hidden = settings.get("hidden")
        widths = list(hidden) if isinstance(hidden, tuple) else []
        copied = ("examples", "breakpoints", "nodes", "features", "classes", "kernel_degree")
        return {
            **{key: settings.get(key) for key in copied},
            "hidden": hidden if isinstance(hidden, int) else None,
            "hidden_layers": len(widths) or None,
            "units": sum(widths) or None,
            "pieces": s.pieces,
            "boundaries": s.boundaries,
            "all_boundaries": s.all_boundaries,
            "degree": s.degree,
            "parameters": s.parameters,
            "alpha_degree": s.alpha_degree,
            "objective_degree": s.objective_degree or None,  # no level is critical on constants
            "boundary_degree": s.boundary_degree,
            "hyperparameters": 1,
            "activation_degree": settings.get("degree"),
            "oscillations": self.oscillations,
            "dimension": self.dimension,
            "epsilon": ask.epsilon,
            "delta": ask.delta,
            "value_range": ask.value_range,
            "instances": ask.instances,
        }
