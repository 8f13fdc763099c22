"""The separate checker: re-derives every claim of a result document from its ``problem``.

Nothing here imports ``geometry`` or ``piecewise``: what they compute is compared with
what these modules compute in another way, so that one mistake does not vouch for itself.

=================  ==============================================================
``reading``        typed, size-limited access to an untrusted JSON document
``problems``       the stated problem
``arrangements``   the cells of one unit: signs at witnesses, exact number of cells
``orbits``         joint cells up to exchangeable units
``objectives``     the quadratic of a joint cell, rebuilt from data
``constraints``    walls and boundaries by label, oriented by a cell
``signs``          sign of a polynomial on an interval (Descartes, bisection)
``reals``          real algebraic numbers: compare, sign, decimals
``lowerbounds``    ℓ* ≥ pieces: Lagrange duality cell by cell
``upperbounds``    ℓ* ≤ pieces: feasible minimisers
``envelopes``      breakpoints and their kinds
``shapes``         local extrema, minimum and oscillations of the pieces
=================  ==============================================================
"""
