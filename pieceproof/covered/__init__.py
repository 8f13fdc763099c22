"""Zero-one duals of networks whose cells are curved: W is covered by boxes (docs/coverings.md)."""

from pieceproof.covered.dual import CoveredDual, analyze_covered, refusal

__all__ = ["CoveredDual", "analyze_covered", "refusal"]
