"""Proposals in floating point: curves of minimisers for objectives with non-convex cells.

Nothing here is proved. What is found is written down as a certificate, and
``pieceproof.checking.enclosing`` proves it or does not.
"""
