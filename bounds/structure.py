"""Structure counts N, M, M̄, Δ, d and the layerwise argument that bounds them.

Layer by layer [BHLM19, proof of Thm 7]: with the sign pattern of the earlier layers
fixed, the new boundaries of a layer are s polynomials of degree D in n variables, and
the number of their sign patterns is at most the smallest of

    Warren       (4eDs/n)^n when s ≥ n,
    orderings    (p+1)^{s/p}: each pre-activation lies in one of p+1 intervals,
    arrangement  per unit, where a layer's boundaries are hyperplanes in the unit's weights.

N is at most the product over the layers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from math import e, log2

from bounds.balls import power
from bounds.counting import affine_cells, central_cells, warren
from bounds.errors import MAX_BITS, BoundsError, count


class Rule(Enum):
    """Which count of a layer's sign patterns is the smallest."""

    WARREN = "Warren"
    ORDERINGS = "orderings"
    ARRANGEMENT = "arrangement"


class Origin(Enum):
    """Where a structure count comes from."""

    ANALYTIC = "analytic"
    MEASURED = "measured"
    GIVEN = "given"


@dataclass(frozen=True)
class Layer:
    """One step of the layerwise argument."""

    name: str
    boundaries: int
    """s, new boundaries along one pattern of the earlier layers."""
    degree: int
    """D, their degree in (α, w)."""
    variables: int
    """n, the variables they involve."""
    patterns: int
    """Upper bound on the sign patterns of these boundaries."""
    rule: Rule


@dataclass(frozen=True)
class StructureCounts:
    """Pieces, boundaries, degrees and parameters of a piecewise polynomial objective.

    Every count is an upper bound (``ANALYTIC``), was counted on an instance
    (``MEASURED``), or is taken on trust (``GIVEN``).
    """

    pieces: int
    """N."""
    boundaries: int
    """M, along one sign pattern."""
    all_boundaries: int
    """M̄, over all sign patterns."""
    objective_degree: int
    boundary_degree: int
    parameters: int
    """d."""
    alpha_degree: int | None = None
    """a of Lemma 5 where the objective is convex quadratic on cells independent of α."""
    layers: tuple[Layer, ...] = ()
    origin: Origin = Origin.ANALYTIC

    @classmethod
    def given(
        cls,
        pieces: int,
        boundaries: int,
        degree: int,
        parameters: int,
        all_boundaries: int | None = None,
    ) -> StructureCounts:
        """Structure counts from numbers alone, for a calculator.

        Raises:
            BoundsError: N < 1, M < 0, Δ < 1, d < 1 or M̄ < M.
        """
        m, delta = count("boundaries", boundaries), count("degree", degree, 1)
        return cls(
            pieces=count("pieces", pieces, 1),
            boundaries=m,
            all_boundaries=count(
                "all_boundaries", m if all_boundaries is None else all_boundaries, m
            ),
            objective_degree=delta,
            boundary_degree=delta,
            parameters=count("parameters", parameters, 1),
            origin=Origin.GIVEN,
        )

    @property
    def degree(self) -> int:
        """Δ = max over boundaries and pieces, at least 1."""
        return max(1, self.objective_degree, self.boundary_degree)

    def measured(self, pieces: int, boundaries: int | None = None) -> StructureCounts:
        """The same objective with N (and M = M̄) counted on an instance.

        ``pieces`` may leave out cells whose minimum equals that of a counted one
        (mirror images under exchangeable units): ℓ* is the minimum over the counted.

        Raises:
            BoundsError: ``pieces`` < 1 or ``boundaries`` < 0.
        """
        counted = count("pieces", pieces, 1)
        if boundaries is None:
            return replace(self, pieces=counted, origin=Origin.MEASURED)
        m = count("boundaries", boundaries)
        return replace(self, pieces=counted, boundaries=m, all_boundaries=m, origin=Origin.MEASURED)


def layer(name: str, preactivations: int, p: int, degree: int, variables: int) -> Layer:
    """The layer of ``preactivations`` polynomials with p breakpoints each."""
    return _smallest(name, preactivations, p, degree, variables, {})


def arranged(name: str, t: int, width: int, p: int, own: int, central: bool) -> Layer:
    """The first layer: ``width`` units, each an arrangement of tp hyperplanes in R^own.

    With one breakpoint and a bias all hyperplanes pass through the point of zero weights
    and bias equal to the breakpoint. The boundaries do not involve α.
    """
    unit = central_cells(t * p, own) if central else affine_cells(t * p, own)
    size = width * log2(unit)
    cells = {Rule.ARRANGEMENT: (size, lambda: power(unit, width))}
    return _smallest(name, t * width, p, 1, width * own, cells)


def _smallest(
    name: str,
    preactivations: int,
    p: int,
    degree: int,
    variables: int,
    special: Mapping[Rule, tuple[float, Callable[[], int]]],
) -> Layer:
    """The layer with the rule whose count is smallest; sizes are compared before anything is
    written out, since any rule is valid and the others may be too long.
    """
    s = preactivations * p
    candidates: dict[Rule, tuple[float, Callable[[], int]]] = {
        Rule.ORDERINGS: (preactivations * log2(p + 1), lambda: power(p + 1, preactivations)),
        **special,
    }
    if s >= variables:
        size = variables * (log2(4 * e) + log2(degree) + log2(s) - log2(variables))
        candidates[Rule.WARREN] = (size, lambda: warren(s, degree, variables))
    rule = min(candidates, key=lambda r: candidates[r][0])
    return Layer(name, s, degree, variables, candidates[rule][1](), rule)


def assembled(
    layers: Sequence[Layer],
    parameters: int,
    objective_degree: int,
    choices: int = 1,
    alpha_degree: int | None = None,
) -> StructureCounts:
    """N = choices·∏ patterns, M = Σ s, M̄ = Σ s·(patterns of the earlier layers)."""
    d = count("parameters", parameters, 1)
    count_bits = sum(layer.patterns.bit_length() for layer in layers)
    if count_bits > MAX_BITS:
        raise BoundsError(f"the number of pieces has about {count_bits} bits; reduce the widths")
    earlier, total = 1, 0
    for layer in layers:
        total += earlier * layer.boundaries
        earlier *= layer.patterns
    return StructureCounts(
        pieces=choices * earlier,
        boundaries=sum(layer.boundaries for layer in layers),
        all_boundaries=total,
        objective_degree=objective_degree,
        boundary_degree=max((layer.degree for layer in layers), default=1),
        parameters=d,
        alpha_degree=alpha_degree,
        layers=tuple(layers),
    )
