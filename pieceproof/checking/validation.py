"""The checker of the method "validation".

1. the certificate of the training dual, min f(α, ·), holds ("training");
2. every joint cell, or every refined cell within it (:mod:`.refined`), attains the training dual
   only at the contacts that its proof leaves, and there at one minimiser (:mod:`.argmins`), or at
   several (:mod:`.secondstage`) whose loss is bounded ("several"; "best" at single α);
3. on every contact the validation loss is nowhere below the stated pieces, and every part of a
   piece is a contact, or one of several minimisers, where it is the piece;
4. at a point ℓ* is the least of the values that contacts have there: limits of pieces, or the
   loss at a minimiser of a single α.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from flint import fmpq, fmpq_poly

from pieceproof.checking import convexcells
from pieceproof.checking.argmins import Contact, contacts
from pieceproof.checking.attained import read_place
from pieceproof.checking.constraints import Constraints
from pieceproof.checking.fitted import Best, Fitted
from pieceproof.checking.heights import Height, compare_heights
from pieceproof.checking.heldout import Path, losses_on
from pieceproof.checking.intervals import Interval, nonnegative, positive
from pieceproof.checking.kinks import Kinks
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.objectives import Objective
from pieceproof.checking.orbits import Case, check_classes
from pieceproof.checking.pieces import (
    Piece,
    check_common_end,
    gap,
    read_pieces,
    with_ends,
)
from pieceproof.checking.problems import read_problem
from pieceproof.checking.reading import CertificateError, Node, Refuted
from pieceproof.checking.reals import Real, compare, exactly
from pieceproof.checking.refined import Refined, RefinedCase
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.secondstage import Along, Minimisers, lower_bound
from pieceproof.checking.unitcells import check_arrangements

MEMBERS: tuple[str, ...] = ("training", "refined", "several", "best")

OWN = ("sample", "parts")
PART = ("interval", "cell", "active", "minimiser")


def check(run: Run) -> Dual:
    """ℓ* of a document whose proofs hold, unless ``run`` says otherwise.

    Raises:
        CertificateError: malformed.
        Refuted: a claim without which the others have no meaning is false.
    """
    problem = read_problem(run.members["problem"])
    if not problem.held_out:
        raise CertificateError("problem: the key 'validation' is missing")
    if not problem.continuous:
        raise CertificateError("problem.model.activation: expected continuous activations")
    training = run.members["training"].fields("cells", "exchangeable", "proofs", "pieces")
    inner = replace(run, members={**run.members, **training})
    proved = convexcells.check_training(inner)
    arrangements = check_arrangements(training["cells"], problem)
    orbits = check_classes(training["exchangeable"], problem, arrangements)
    constraints = Constraints(problem, tuple(arrangements))
    kinks = Kinks(problem, constraints, Objective(problem, arrangements))
    pieces = read_pieces(run.members["pieces"], problem.interval, OWN)
    shown = run.members["refined"].fields("cells", "proofs")
    refined = Refined(shown["cells"], problem, arrangements) if shown["proofs"].items() else None
    found = Fitted(problem, kinks, orbits, refined, proved.pieces)
    stated = [found.read_best(entry) for entry in run.members["best"]]
    parts_of = _read_refined(shown["proofs"], found)
    for entry in training["proofs"]:
        member = entry.fields("cell", "steps", optional=("signs",))
        case = orbits.read_case(member, entry.path)
        if case in parts_of:
            _check_refined(case, parts_of[case], found, stated)
        else:
            inside = None if problem.units else found.ground(case, entry.path).inside
            own, several = contacts(kinks, case, member["steps"], proved.pieces, inside)
            _take(found, own, several, case, stated)
    for each in stated:
        found.isolated.append(found.best(each))
    for entry in run.members["several"]:
        found.bound(entry, pieces)
    found.check_bounded(stated)
    run.checked["refined cells"] = sum(map(len, parts_of.values()))
    run.checked["contacts"] = len(found.paths) + len(found.isolated)
    points = found.points(pieces)
    pieces = _named_ends(run.members["pieces"], pieces, points)
    with run.collecting():
        found.check_lower(run.members["pieces"], pieces)
    parts = 0
    for node, piece in zip(run.members["pieces"], pieces, strict=True):
        with run.collecting():
            parts += _check_parts(node, piece, found)
    run.checked["validation parts"] = parts
    counts = {
        **proved.counts,
        "refined_cells": sum(map(len, parts_of.values())),
        "training_pieces": len(proved.pieces),
    }
    return Dual(pieces, [Height(height.piece, height.alpha) for height in points], counts)


def _read_refined(node: Node, found: Fitted) -> dict[Case, dict[RefinedCase, Node]]:
    """The steps of refined cells, by the joint cells that these belong to.

    Raises:
        CertificateError: malformed.
        Refuted: a refined cell is listed twice.
    """
    parts: dict[Case, dict[RefinedCase, Node]] = {}
    for entry in node:
        member = entry.fields("cell", "refined", "steps", optional=("signs",))
        case = found.read_case(member, entry.path)
        if not isinstance(case, RefinedCase):
            raise CertificateError(f"{entry.path}: expected a refined cell")
        own = parts.setdefault(Case(case.within, case.signs), {})
        if case in own:
            raise Refuted(f"{entry.path}: {case} is listed twice")
        own[case] = member["steps"]
    return parts


def _check_refined(
    case: Case, parts: dict[RefinedCase, Node], found: Fitted, stated: Sequence[Best]
) -> None:
    """All contacts of all refined cells of a joint cell.

    Raises:
        Refuted: a refined cell is missing, or its steps do not hold.
    """
    if found.refined is None:
        raise CertificateError("refined: no cells are listed")
    for part in found.refined.parts(case):
        if part not in parts:
            raise Refuted(f"refined.proofs: {part} of {case} is missing")
        steps = parts[part]
        found.refined.check_steps(part, steps, found.training)
        ground = found.refined.ground(part)
        own, several = contacts(ground.kinks, part, steps, found.training, ground.inside)
        _take(found, own, several, part, stated)


def _take(
    found: Fitted,
    own: Sequence[Contact],
    several: Sequence[Real],
    case: Case,
    stated: Sequence[Best],
) -> None:
    """The contacts of a cell; where it may have several minimisers the best one is stated.

    Raises:
        Refuted: it is not.
    """
    for contact in own:
        found.add(contact)
    for alpha in several:
        if not any(each.case == case and compare(alpha, each.alpha) == 0 for each in stated):
            raise Refuted(f"best: {case} may have several minimisers at {alpha}")


def _named_ends(node: Node, pieces: list[Piece], points: Sequence[Height]) -> list[Piece]:
    """The pieces with the ends found here; neighbours differ or ℓ* is lower between them.

    Raises:
        Refuted: neighbours are one piece, or an end is not named by its minimal polynomial.
    """
    for number, ((left, right), point) in enumerate(
        zip(pairwise(pieces), points[1:], strict=False), start=1
    ):
        where = f"{node.path}[{number}]"
        same = not gap(left, right)
        if same and compare_heights(point, Height(left, point.alpha)) == 0:
            raise Refuted(f"{where}.value: the same function as piece {number - 1}")
        check_common_end(where, left, right, point.alpha.polynomial)
    return with_ends(pieces, [point.alpha for point in points])


def _check_parts(node: Node, piece: Piece, found: Fitted) -> int:
    """The parts divide the piece, and in each a minimiser has the loss that is the piece."""
    entry = node.fields("interval", "value", *OWN)
    ends = [piece.interval.start]
    for part in entry["parts"]:
        member = part.fields(*PART, optional=("signs", "refined", "optimistic"))
        case = found.read_case(member, part.path)
        start, end = read_interval(member["interval"])
        if compare(start, ends[-1]) != 0 or compare(start, end) >= 0:
            raise Refuted(f"{part.path}.interval: does not start where the part before ends")
        ends.append(end)
        interval = Interval(start, end)
        if "optimistic" in member:
            _check_best_part(part, case, interval, piece, found)
        else:
            contact = _contact_of(part, case, interval, piece, found)
            _check_minimiser(member["minimiser"], contact)
    if compare(ends[-1], piece.interval.end) != 0:
        raise Refuted(f"{entry['parts'].path}: do not divide the interval of the piece")
    _check_sample(entry["sample"], entry["parts"], piece)
    return len(ends) - 1


def _check_best_part(
    node: Node, case: Case, interval: Interval, piece: Piece, found: Fitted
) -> None:
    """The minimiser of the part is the best of several, and its loss is the piece."""
    entry = node.fields(*node.value)
    several = Minimisers.of(found.ground(case, node.path), entry["active"], Along(interval))
    several.check_optimal(found.training, node.path)
    bound = lower_bound(several, entry["optimistic"])
    if not nonnegative(bound.value * piece.denominator - piece.numerator * bound.divisor, interval):
        raise Refuted(f"{entry['optimistic'].path}: the bound is below the piece")
    member = entry["minimiser"].fields("numerators", "denominator")
    numerators, divisor = member["numerators"].polynomials(), member["denominator"].polynomial()
    if len(numerators) != len(found.problem.parameters):
        raise member["numerators"].wrong(f"{len(found.problem.parameters)} numerators")
    side = 1 if positive(divisor, interval) else -1
    if not positive(side * divisor, interval):
        raise Refuted(f"{member['denominator'].path}: has a root on the closed interval")
    point = [fmpq_poly(side * p) for p in (*numerators, divisor)]
    several.check_member(point, node.path)
    outputs = found.problem.weights or tuple(map(fmpq, case.signs or (1,)))
    path = Path(point[:-1], point[-1], outputs)
    for _, value in losses_on(found.problem, path, interval):
        if value.numerator * piece.denominator != piece.numerator * value.denominator:
            raise Refuted(f"{node.path}: the piece is not the loss at the minimiser")


def _contact_of(node: Node, case: Case, interval: Interval, piece: Piece, found: Fitted) -> Contact:
    """The contact of the case whose loss is the piece on the whole interval."""
    labels = tuple(sorted(node.fields(*node.value)["active"].texts()))
    covered = interval.start
    chosen: Contact | None = None
    for contact, part, value in found.paths:
        if (
            contact.case == case
            and contact.labels == labels
            and compare(part.start, covered) <= 0 < compare(part.end, covered)
            and value.numerator * piece.denominator == piece.numerator * value.denominator
        ):
            covered, chosen = part.end, contact
    if chosen is None or compare(covered, interval.end) < 0:
        raise Refuted(f"{node.path}: no minimiser of {case} has this loss on the whole interval")
    return chosen


def _check_minimiser(node: Node, contact: Contact) -> None:
    member = node.fields("numerators", "denominator")
    numerators, below = member["numerators"].polynomials(), member["denominator"].polynomial()
    if len(numerators) != len(contact.point) or not below:
        raise member["numerators"].wrong(f"{len(contact.point)} numerators")
    for numerator, coordinate in zip(numerators, contact.point, strict=True):
        if fmpq_poly(numerator) * contact.below != coordinate * fmpq_poly(below):
            raise Refuted(f"{node.path}: not the minimiser of {contact.case}")


def _check_sample(node: Node, parts: Node, piece: Piece) -> None:
    """A rational α inside the piece, the value there, and the minimiser of the part there."""
    sample = node.fields("alpha", "value", "witness")
    alpha, _ = read_place(sample, piece)
    at = exactly(alpha)
    witness = sample["witness"].rationals()
    for part in parts:
        entry = part.fields(*part.value)
        start, end = read_interval(entry["interval"])
        vector = entry["minimiser"].fields("numerators", "denominator")
        below = vector["denominator"].polynomial()(alpha)
        if compare(start, at) <= 0 <= compare(end, at) and below:
            point = tuple(p(alpha) / below for p in vector["numerators"].polynomials())
            if point == witness:
                return
    raise Refuted(f"{sample['witness'].path}: not the minimiser of the part at alpha")
