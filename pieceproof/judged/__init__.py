"""Held-out losses at minimisers that enclosures prove."""

from pieceproof.judged.dual import JudgedDual, analyze_judged, refusal

__all__ = ["JudgedDual", "analyze_judged", "refusal"]
