"""The checker of the method "least-squares": a linear graph convolution with the squared loss.

For every α the objective is a convex quadratic in w. The stated w(α) = n/d lies in the box and the
gradient vanishes there identically in α: it is a minimiser over R^d, and so over the box. The
value of the single piece is f(α, w(α)), an identity of rational functions.
"""

from __future__ import annotations

from flint import fmpq, fmpq_poly, fmpz_poly

from pieceproof.checking.attained import read_path_in_box, read_place
from pieceproof.checking.graphs import Graph, linear_graph
from pieceproof.checking.numerals import read_interval
from pieceproof.checking.pieces import Piece, read_pieces
from pieceproof.checking.problems import Parameter, read_data, read_ends, read_parameters
from pieceproof.checking.reading import Node, Refuted
from pieceproof.checking.reals import compare
from pieceproof.checking.run import Dual, Run
from pieceproof.checking.shapes import continuous

MEMBERS: tuple[str, ...] = ()
OWN = ("sample", "parts")


def check(run: Run) -> Dual:
    """ℓ* of a document whose identities hold, unless ``run`` says otherwise.

    Raises:
        CertificateError: malformed.
        Refuted: a claim without which the others have no meaning is false.
    """
    members = run.members
    objective = Objective.read(members["problem"])
    pieces = read_pieces(members["pieces"], objective.interval, OWN)
    if len(pieces) != 1:
        raise Refuted("pieces: the minimum of one convex quadratic is given as one piece")
    with run.collecting():
        _check_piece(members["pieces"].items()[0], pieces[0], objective)
    run.checked |= {"pieces": 1, "parts": 1}
    return Dual(pieces, continuous(pieces), {})


class Objective:
    """T·f = Σ_t (p_t·w/s − y_t)² + Tμ|w|² with a common denominator s."""

    def __init__(
        self,
        graph: Graph,
        inputs: tuple[tuple[fmpq, ...], ...],
        targets: tuple[fmpq, ...],
        interval: tuple[fmpq, fmpq],
        parameters: tuple[Parameter, ...],
        decay: fmpq,
        mean: bool,
    ) -> None:
        self.targets, self.interval, self.parameters = targets, interval, parameters
        self.count = len(targets) if mean else 1
        self.decay = decay * self.count
        denominators = [graph.denominator(node) for node in graph.training]
        self.scale = fmpq_poly([1])
        for p in denominators:
            self.scale = self.scale * (p // self.scale.gcd(p))
        self.rows = []
        for node, below in zip(graph.training, denominators, strict=True):
            entries = [fmpq_poly()] * len(inputs[0])
            for j, weight in graph.row(node).items():
                entries = [p + weight * x for p, x in zip(entries, inputs[j], strict=True)]
            self.rows.append([p * (self.scale // below) for p in entries])

    @classmethod
    def read(cls, node: Node) -> Objective:
        """The stated problem.

        Raises:
            CertificateError: malformed, or outside the covered family.
        """
        entry = node.fields("model", "interval", "parameters", "loss", "data")
        features, inputs, targets = read_data(entry["data"], same_length=False)
        interval = read_ends(entry["interval"])
        graph = linear_graph(entry["model"], interval)
        if len(inputs) != len(graph.kernel) or len(targets) != len(graph.training):
            raise entry["data"].wrong("a row for every node and a target for every training node")
        loss = entry["loss"].fields("kind", "reduction", "weight_decay")
        loss["kind"].choice("squared")
        decay = loss["weight_decay"].rational()
        if decay < 0:
            raise loss["weight_decay"].wrong("a weight decay of at least 0")
        mean = loss["reduction"].choice("mean", "sum") == "mean"
        names = [f"w_{feature}" for feature in features]
        parameters = read_parameters(entry["parameters"], names)
        return cls(graph, inputs, targets, interval, parameters, decay, mean)

    def residuals(self, numerators: list[fmpz_poly], below: fmpz_poly) -> list[fmpq_poly]:
        """s·d·(prediction − target) of every example at w = n/d."""
        found = []
        for row, y in zip(self.rows, self.targets, strict=True):
            total = -self.scale * fmpq_poly(below) * y
            for p, n in zip(row, numerators, strict=True):
                total += p * fmpq_poly(n)
            found.append(total)
        return found


def _check_piece(node: Node, piece: Piece, objective: Objective) -> None:
    entry = node.fields("interval", "value", *OWN)
    parts = entry["parts"].items()
    if len(parts) != 1:
        raise entry["parts"].wrong("one part")
    part = parts[0].fields("interval", "minimiser")
    ends = zip(
        read_interval(part["interval"]), (piece.interval.start, piece.interval.end), strict=True
    )
    if any(compare(*pair) != 0 for pair in ends):
        raise Refuted(f"{part['interval'].path}: not the interval of the piece")
    where = part["minimiser"].path
    numerators, below = read_path_in_box(part["minimiser"], objective.parameters, piece.interval)
    residuals = objective.residuals(numerators, below)
    square = objective.scale * objective.scale
    for index, parameter in enumerate(objective.parameters):
        force = square * fmpq_poly(numerators[index]) * objective.decay
        for residual, row in zip(residuals, objective.rows, strict=True):
            force += residual * row[index]
        if force:
            raise Refuted(f"{where}: not stationary in {parameter.name}")
    total = sum((residual * residual for residual in residuals), fmpq_poly())
    for p in numerators:
        total += square * fmpq_poly(p) * fmpq_poly(p) * objective.decay
    whole = square * fmpq_poly(below) * fmpq_poly(below) * objective.count
    if total * fmpq_poly(piece.denominator) != whole * fmpq_poly(piece.numerator):
        raise Refuted(f"{entry['value'].path}: not the objective at the minimiser")
    _check_sample(entry["sample"], piece, numerators, below)


def _check_sample(node: Node, piece: Piece, numerators: list[fmpz_poly], below: fmpz_poly) -> None:
    sample = node.fields("alpha", "value", "witness")
    alpha, _ = read_place(sample, piece)
    if [p(alpha) for p in numerators] != [w * below(alpha) for w in sample["witness"].rationals()]:
        raise Refuted(f"{sample['witness'].path}: not the minimiser at alpha")
