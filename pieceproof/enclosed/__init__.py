"""Dual functions proved by enclosures, for objectives whose cells are not convex."""

from pieceproof.enclosed.dual import EnclosedDual, analyze_enclosed, refusal

__all__ = ["EnclosedDual", "analyze_enclosed", "refusal"]
