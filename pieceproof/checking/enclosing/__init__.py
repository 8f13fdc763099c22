"""Proof of ℓ* = min f by enclosures, for objectives whose cells are not convex.

The certificate names curves of local minimisers over small intervals of α (*slabs*). What is
proved here, in interval arithmetic on IEEE doubles rounded outwards:

- ``tubes``: each curve exists, and is one analytic curve of first-order points of its stratum;
- ``basins``: in a box around the curve f is nowhere below its value;
- ``covering``: everywhere else in W the objective is above it;
- ``slabs``: the two together say what ℓ* is on the slab, and where its breakpoint is;
- ``joins``: what neighbouring slabs make of A: pieces, breakpoints, extrema, oscillations.
"""
