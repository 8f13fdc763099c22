"""QEPCAD B: the real solutions as cells of a cylindrical algebraic decomposition.

Complete over the reals by construction, so it proves real counts of small systems by a
route that shares nothing with Gröbner bases. It knows no complex solutions: a finite
answer leaves the complex dimension open. Boxes are its ten printed digits.
[Brown, *QEPCAD B*, ACM SIGSAM Bulletin 37, 2003.]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from flint import fmpz

from geometry.boxes import Box
from geometry.engines.parametrisation import sorted_boxes
from geometry.engines.program import Program
from geometry.engines.protocol import (
    Dimension,
    Elimination,
    Failure,
    GroebnerBasis,
    Limits,
    Reason,
    Solutions,
)
from geometry.engines.system import PolynomialSystem
from geometry.verdicts import Verdict

_WORDS_OF_SPACE = 20_000_000
_CELL = "---------- Information about the cell"
_DIMENSION = re.compile(r"Dimension\s*: (\d+)")
_COORDINATE = re.compile(
    r"Coordinate \d+ =.*?= (-?\d+(?:\.\d+)?)[+-]?\s*?(?=\n(?:Coordinate|\s*\n|-))", re.S
)


@dataclass(frozen=True)
class Qepcad(Program):
    """The program ``qepcad``."""

    executable = "qepcad"
    install = (
        "install it with `pip install --no-deps passagemath-qepcad` (or `apt-get install qepcad`)"
    )

    name: str = "qepcad"

    def groebner(
        self, system: PolynomialSystem, limits: Limits, prime: int = 0, alpha: int = 0
    ) -> GroebnerBasis | Failure:
        return self.failure(Reason.UNSUPPORTED, "it computes no Gröbner bases")

    def eliminate(
        self, system: PolynomialSystem, keep: Sequence[str], limits: Limits
    ) -> Elimination | Failure:
        return self.failure(Reason.UNSUPPORTED, "it projects real sets, not ideals")

    def solve(
        self, system: PolynomialSystem, limits: Limits, precision: int = 64
    ) -> Solutions | Failure:
        if system.parameter is not None:
            return self.failure(Reason.UNSUPPORTED, "set the parameter to a number first")
        if not system.equations:
            return Solutions(self.name, Dimension.POSITIVE, (), Verdict.PROVED)
        path = self.path()
        output = self.start(
            [f"+N{_WORDS_OF_SPACE}"],
            limits,
            text=_script(system),
            environment={} if path is None else {"qe": installation(path)},
        )
        if isinstance(output, Failure):
            return output
        if "The End" not in output:
            return self.failure(Reason.UNREADABLE, f"it ends {output.strip()[-80:]!r}")
        cells = output.split(_CELL)[1:]
        if any(int(_DIMENSION.findall(cell)[0]) > 0 for cell in cells):
            return Solutions(self.name, Dimension.POSITIVE, (), Verdict.PROVED)
        boxes = []
        for cell in cells:
            coordinates = _COORDINATE.findall(cell)
            if len(coordinates) != len(system.variables):
                return self.failure(Reason.UNREADABLE, f"cell{cell[:40]!r}")
            boxes.append(_box(coordinates))
        return Solutions(self.name, None, tuple(sorted_boxes(boxes)), Verdict.PROVED)


def installation(program: str) -> str:
    """The folder that QEPCAD wants in the variable ``qe``: the one with its help file."""
    beside = Path(program).resolve().parent.parent
    for folder in (beside, Path("/usr/lib/qepcad")):
        if any((folder / place / "qepcad.help").exists() for place in ("share/qepcad", "bin")):
            return str(folder)
    return str(beside)


def _script(system: PolynomialSystem) -> str:
    """All variables free: the true cells of the decomposition are the solutions."""
    names = [f"x{i}" for i in range(len(system.variables))]
    sides = []
    for equation in system.equations:
        side = ""
        for monomial, coefficient in equation.terms():
            factors = [str(abs(fmpz(coefficient)))]
            factors += [f"{x}^{e}" for x, e in zip(names, monomial, strict=True) if e]
            side += ("- " if coefficient < 0 else "+ " if side else "") + " ".join(factors) + " "
        sides.append(f"{side}= 0")
    formula = " /\\ ".join(sides)
    return (
        f"[]\n({','.join(names)})\n{len(names)}\n[ {formula} ].\ngo\ngo\ngo\nd-true-cells\nfinish\n"
    )


def _box(coordinates: Sequence[str]) -> Box:
    """One unit of the last printed digit around each coordinate."""
    sides = []
    for text in coordinates:
        radius = Fraction(1, 10 ** len(text.partition(".")[2]))
        sides.append((Fraction(text) - radius, Fraction(text) + radius))
    return tuple(sides)
