"""The family of critical points of a stratum: from f on {h_S = 0} to F(α; w, λ) = 0.

The constraints in S are solved as far as they can be (``geometry.reduction``), so that F
has few unknowns: those parameters w that f still depends on, and multipliers λ of the
constraints that could not be solved. The objective of the family is the Lagrangian: on
solutions it equals f, and its derivatives by (w, λ) are F (envelope theorem).

- Walls of solved parameters are conditions of the region W; the other constraints of the
  closed cell decide feasibility.
- A parameter that does not matter to f may take any value. A constraint that joins it to
  others is replaced by what it says about them (``geometry.projection``).
- A multiplier may be unbounded where the gradients of the unsolved constraints are
  dependent. Those α are roots of Π p_k, ⟨p_k⟩ = ⟨h_S = 0, Σ μ_j ∇h_j = 0, μ_k = 1⟩ ∩ Q[α].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from flint import fmpq_mpoly, fmpz_poly

from geometry.algebraic import roots_of
from geometry.boxes import Interval
from geometry.engines import ENGINES, Elimination, Engine, Limits, PolynomialSystem, available
from geometry.errors import InvalidSystem
from geometry.families import Family
from geometry.optimality import Stratum
from geometry.projection import projected
from geometry.reduction import involved
from geometry.special import univariate
from geometry.verdicts import Verdict
from piecewise.exact import to_fmpq

Side = tuple[Fraction | int, Fraction | int]

Sides = Mapping[str, Side]


def stratum_family(
    stratum: Stratum,
    domain: Side,
    box: Sides | Sequence[Side],
    *,
    engines: Sequence[Engine] | None = None,
    limits: Limits | None = None,
) -> Family:
    """The critical points of ``stratum`` over α ∈ ``domain`` with w inside ``box``.

    ``box`` gives the sides of W by name, or in the order of ``stratum.variables``. Engines
    are asked only where constraints that cannot be solved have multipliers.

    Raises:
        InvalidSystem: no parameter, a missing side, or constraints that contradict each other.
    """
    if stratum.parameter is None:
        raise InvalidSystem("a family needs a stratum with a parameter")
    reduction = stratum.reduction
    if reduction.contradiction is not None:
        raise InvalidSystem(f"the stratum is empty: {reduction.contradiction}")
    sides = _sides(stratum, box)
    restricted = stratum.restriction()
    chosen = available(ENGINES) if engines is None else tuple(engines)
    bounded = Limits() if limits is None else limits
    escapes, unknown, verdict = _escapes(restricted, domain, chosen, bounded)
    free = [name for name in stratum.variables if name not in restricted.kept]
    region = _what_is_said(stratum, _walls(stratum, sides, free), free)
    feasible = _what_is_said(stratum, [c.polynomial for c in stratum.inactive], free)
    if region is None or feasible is None:
        reason = "what constraints say about parameters without influence on f is not projected"
        unknown = (*unknown, reason)
    return Family.of(
        restricted.kkt(),
        domain,
        tuple(sides[name] for name in restricted.kept),
        feasible or (),
        restricted.lagrangian(),
        escapes,
        region=region or (),
        unknown=unknown,
        verdict=verdict,
    )


def _sides(stratum: Stratum, box: Sides | Sequence[Side]) -> dict[str, Side]:
    if not isinstance(box, Mapping):
        if len(box) != len(stratum.variables):
            raise InvalidSystem(f"{len(box)} walls for {len(stratum.variables)} parameters")
        return dict(zip(stratum.variables, box, strict=True))
    missing = [name for name in stratum.variables if name not in box]
    if missing:
        raise InvalidSystem(f"the box has no side for {', '.join(missing)}")
    return dict(box)


def _walls(stratum: Stratum, sides: Mapping[str, Side], names: Iterable[str]) -> list[fmpq_mpoly]:
    """w − l and u − w for the named parameters."""
    context = stratum.objective.context()
    found = []
    for name in names:
        gen = context.gen(context.names().index(name))
        lower, upper = (to_fmpq(Fraction(end)) for end in sides[name])
        found += [gen - lower, upper - gen]
    return found


def _what_is_said(
    stratum: Stratum, conditions: Iterable[fmpq_mpoly], free: Sequence[str]
) -> tuple[fmpq_mpoly, ...] | None:
    """The conditions on {h_S = 0} as conditions on what f depends on, without those that
    vanish there.

    Those that speak of other parameters only hold for some choice of these, as they do at
    the centre of the stratum where that is known.
    """
    restricted = (stratum.reduction.restrict(h) for h in conditions)
    on_hull = [h for h in restricted if not h.is_zero()]
    if stratum.centre is not None:
        kept = [name for name in stratum.variables if name not in free]
        on_hull = _joined_to(on_hull, kept, free)
    return projected(on_hull, free)


def _joined_to(
    conditions: Sequence[fmpq_mpoly], kept: Sequence[str], free: Sequence[str]
) -> list[fmpq_mpoly]:
    """Those conditions that a chain of shared parameters in ``free`` joins to ``kept`` ones, and
    those without parameters."""
    reached, size = set(kept), -1
    while size != len(reached):
        size = len(reached)
        for h in conditions:
            if any(name in reached for name in involved(h, (*kept, *free))):
                reached.update(involved(h, free))
    names = (*kept, *free)
    return [
        h
        for h in conditions
        if not involved(h, names) or any(name in reached for name in involved(h, names))
    ]


def _escapes(
    restricted: Stratum,
    domain: Side,
    engines: Sequence[Engine],
    limits: Limits,
) -> tuple[tuple[Interval, ...], tuple[str, ...], Verdict]:
    """The α of dependent gradients in ``domain``, why they are not known, and their verdict."""
    if not restricted.active:
        return (), (), Verdict.PROVED
    values, verdicts = fmpz_poly([1]), []
    for index in range(len(restricted.active)):
        found = _eliminant(_dependent(restricted, index), engines, limits)
        if isinstance(found, str):
            reason = f"dependent gradients of the active constraints: {found}"
            return (), (reason,), Verdict.UNRESOLVED
        values *= found[0]
        verdicts.append(found[1])
    if not values:
        reason = "the gradients of the active constraints are dependent for every α"
        return (), (reason,), Verdict.UNRESOLVED
    lower, upper = (to_fmpq(Fraction(end)) for end in domain)
    roots = roots_of(values, lower, upper)
    return tuple(root.isolating_interval() for root in roots), (), Verdict.weakest(verdicts)


def _dependent(restricted: Stratum, index: int) -> PolynomialSystem:
    """h_S = 0, Σ μ_j ∇h_j = 0, μ_index = 1 in (w, μ, α): all charts together hold every
    dependence."""
    chart = (0, *(int(j == index) for j in range(len(restricted.active))))
    system = restricted.fritz_john(chart)
    scale = system.variables[len(restricted.kept)]
    return system.joined([], [_variable(system, scale)]).parameter_as_variable()


def _variable(system: PolynomialSystem, name: str) -> dict[tuple[int, ...], int]:
    return {tuple(int(other == name) for other in system.names): 1}


def _eliminant(
    system: PolynomialSystem, engines: Sequence[Engine], limits: Limits
) -> tuple[fmpz_poly, Verdict] | str:
    """The generator of ⟨system⟩ ∩ Q[last variable], or why it is not known."""
    reasons = []
    for engine in engines:
        found = engine.eliminate(system, system.variables[-1:], limits)
        if isinstance(found, Elimination):
            common = fmpz_poly([0])
            for generator in found.generators:
                common = common.gcd(univariate(generator))
            return common, found.verdict
        reasons.append(str(found))
    return "; ".join(reasons) or "no engine was given"
