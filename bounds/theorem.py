"""What a theorem is: statement, source, assumptions, formula, evaluation, domain.

A formula is written once, over any numbers that know +, ·, power and log: SymPy symbols
give the symbolic form, Arb balls the certified value. Theorems whose source hides the
constant are *rates*: they can be evaluated with the constant set to 1, and the result
says so. It is not a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from importlib import import_module
from typing import Any

from flint import arb

from bounds.balls import ball, decimal_upper
from bounds.errors import BoundsError, count


class Kind(Enum):
    """What the number of a theorem is worth."""

    UPPER = "upper bound"
    LOWER = "lower bound"
    UPPER_RATE = "upper bound up to a constant"
    LOWER_RATE = "lower bound up to a constant"

    @property
    def is_rate(self) -> bool:
        """Whether the constant is unknown."""
        return self in (Kind.UPPER_RATE, Kind.LOWER_RATE)


class Quantity(Enum):
    """What is bounded."""

    OSCILLATIONS = "oscillations"
    COMPONENTS = "components"
    PSEUDO_DIMENSION = "pseudo-dimension"
    PATTERNS = "patterns"
    DEVIATION = "uniform deviation"
    INSTANCES = "instances"


class Trend(Enum):
    """How a bound moves with an argument, over the argument's whole domain."""

    UP = "non-decreasing"
    DOWN = "non-increasing"
    UNKNOWN = "not monotone"


class Assumption(Enum):
    """A hypothesis; the value is its statement."""

    ONE_HYPERPARAMETER = "the hyperparameter ranges over an interval of R"
    CUTS_BOUNDED = "every dual function has at most B cuts at every threshold"
    PIECEWISE_POLYNOMIAL = "the loss is piecewise polynomial, lower semicontinuous on boundaries"
    PIECEWISE_CONSTANT = "the loss is constant on each of N connected sets that cover A×W"
    COMPACT_BOX = "the parameters lie in a compact box"
    REGULARITY = "Assumption 1 of [BNS25] (regular constraints and regular critical curves)"
    CONVEX_QUADRATIC = "on every cell the loss is a convex quadratic in w"
    FIXED_POLYHEDRA = "the cells are polyhedra in w that do not depend on the hyperparameter"
    CONTINUOUS_DUAL = "the dual loss is continuous"
    MULTIPLIERS = "some minimiser has multipliers (affine constraints, or LICQ)"
    ISOLATED_LEVELS = "at all but finitely many levels the critical system has isolated solutions"
    GENERIC_FAMILY = "the count is that of a generic member of a family that holds the system"
    BOUNDED_RANGE = "the dual values lie in an interval of length H"
    INDEPENDENT = "the instances are independent draws from one distribution"
    POLYNOMIALS = "the functions are real polynomials of the stated degree"
    GJ_ALGORITHM = "a GJ algorithm decides every threshold question"
    NETWORK_CLASS = "a feedforward net with piecewise polynomial activations, one real output"
    TUNED_NETWORK = "a feedforward net whose activation interpolates two piecewise polynomials"
    GRAPH_KERNEL = "a graph convolution with kernel (δ_ij + α)^D, positive denominators"
    SQUARED_LOSS = "the loss is the squared loss"
    ZERO_ONE_LOSS = "the loss is the zero–one loss"
    SEPARATE_VALIDATION = "the dual is a validation loss at a minimiser of the training loss"
    GROUP_LASSO = "weighted group lasso with p groups in d features"


Facts = Mapping[Assumption, bool]
"""What is known of an instance; an assumption that is left out is undecided."""


@dataclass(frozen=True)
class Ring:
    """The numbers a formula is evaluated over, beyond + · / and powers."""

    log: Callable[[Any], Any]
    sqrt: Callable[[Any], Any]
    e: Any


class Arguments(dict[str, Any]):
    """The values of arguments by symbol, readable as attributes."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


Formula = Callable[[Arguments, Ring], Any]


@dataclass(frozen=True)
class Argument:
    """One argument of a theorem: name, symbol, meaning, domain and trend."""

    name: str
    symbol: str
    meaning: str
    least: int = 1
    """Smallest integer of the domain; ignored when ``domain`` is given."""
    trend: Trend = Trend.UP
    domain: Callable[[str, object], Fraction] | None = None
    """For a real argument: the check that reads it."""

    def read(self, value: object) -> int | Fraction:
        """``value`` in the domain.

        Raises:
            BoundsError: outside it.
        """
        if self.domain is not None:
            return self.domain(self.name, value)
        return count(self.name, value, self.least)


@dataclass(frozen=True)
class Rate:
    """The expression inside O(·) or Ω(·) with the constant set to 1: a size, not a bound."""

    value: Fraction
    kind: Kind

    def __str__(self) -> str:
        letter = "O" if self.kind is Kind.UPPER_RATE else "Ω"
        return f"{letter}({float(self.value):.6g})"


@dataclass(frozen=True)
class Theorem:
    """A statement that can be printed, checked for its assumptions, and evaluated."""

    key: str
    title: str
    quantity: Quantity
    kind: Kind
    statement: str
    """LaTeX."""
    source: str
    assumptions: tuple[Assumption, ...]
    arguments: tuple[Argument, ...]
    formula: Formula
    """The bound up to rounding, or the expression inside O(·) or Ω(·)."""
    explicit: Callable[..., Any] | None = None
    """The certified evaluation; None for a rate."""
    sibling: str | None = None
    """For a rate: the key of the explicit theorem of the same rate (p = 1, then Lemma 1)."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Symbols of the sibling that have another name here."""
    domain: str = ""
    """Where the arguments must lie together, and where their trends hold; "" for everywhere."""
    inside: Callable[[Arguments], bool] = lambda v: True
    """Whether the arguments, by symbol, lie in ``domain``."""

    def symbolic(self) -> Any:
        """The formula as a SymPy expression in positive symbols.

        Raises:
            ImportError: SymPy is not installed.
        """
        sympy = import_module("sympy")
        symbols = {
            argument.symbol: sympy.Symbol(argument.symbol, positive=True)
            for argument in self.arguments
        }
        return self.formula(Arguments(symbols), Ring(sympy.log, sympy.sqrt, sympy.E))

    def evaluate(self, **values: Any) -> Any:
        """The bound for the given values; for a rate a :class:`Rate`.

        Raises:
            BoundsError: an argument is missing, unknown or outside its domain.
        """
        names = [argument.name for argument in self.arguments]
        unknown = sorted(set(values) - set(names))
        missing = [name for name in names if name not in values]
        if unknown or missing:
            wrong = f"does not take {unknown[0]}" if unknown else f"needs {missing[0]}"
            raise BoundsError(f"{self.key}: {wrong}; its arguments are {', '.join(names)}")
        exact = {argument.name: argument.read(values[argument.name]) for argument in self.arguments}
        if not self.inside(Arguments({a.symbol: exact[a.name] for a in self.arguments})):
            raise BoundsError(f"{self.key}: the arguments must satisfy {self.domain}")
        if self.explicit is not None:
            return self.explicit(**exact)
        return Rate(self.size(exact), self.kind)

    def size(self, values: Mapping[str, int | Fraction]) -> Fraction:
        """The formula at ``values``, rounded upwards to twelve digits."""

        def formula() -> arb:
            balls = Arguments({a.symbol: ball(values[a.name]) for a in self.arguments})
            numbers = Ring(lambda x: arb(x).log(), lambda x: arb(x).sqrt(), arb(1).exp())
            return arb(self.formula(balls, numbers))

        return decimal_upper(formula)

    def assess(self, facts: Facts) -> tuple[tuple[Assumption, bool | None], ...]:
        """Each assumption with whether it holds: True, False, or None where undecided."""
        return tuple((assumption, facts.get(assumption)) for assumption in self.assumptions)

    def applies(self, facts: Facts) -> bool | None:
        """Whether all assumptions hold; None while one is undecided and none fails."""
        verdicts = [verdict for _, verdict in self.assess(facts)]
        if False in verdicts:
            return False
        return None if None in verdicts else True

    def __str__(self) -> str:
        return f"{self.title} [{self.source}]: {self.kind.value} on the {self.quantity.value}"
