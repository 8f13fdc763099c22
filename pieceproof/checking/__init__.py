"""The separate checker: re-derives every claim of a result document from its ``problem``.

Nothing here imports ``geometry`` or ``piecewise``: what they compute is compared with
what these modules compute in another way, so that one mistake does not vouch for itself.

=================  ==============================================================
``reading``        typed, size-limited access to an untrusted JSON document
``problems``       the stated problem
``arrangements``   the exact number of cells of an arrangement in a box
``orbits``         joint cells up to exchangeable units
``objectives``     the quadratic of a joint cell, rebuilt from data
``constraints``    walls and boundaries by label, oriented by a cell
``unitcells``      the listed cells of a unit are all of them
``regions``        parameters on which all scores of a zero-one loss are linear
``signmodels``     trainable output weights as signs
``circuits``       no fewer errors in a region of a network
``sides``          no fewer errors of a graph convolution, vertex by vertex
``piecewiseconstant``  the checker of zero-one losses
``risingchains``   zero-one losses that are those of a linear classifier
``signs``          roots of a polynomial between rationals (Descartes, bisection)
``reals``          real algebraic numbers: compare, sign
``intervals``      sign of a polynomial on an interval with algebraic ends
``numerals``       how a document writes real numbers
``kinks``          absolute values in the objective, and faces with their signs
``kinkedpoints``   the same as ``stationary`` for faces with kinks, by interpolation
``argmins``        where a joint cell attains the training dual, and at one point only
``secondstage``    the best of several minimisers of a linear model
``heldout``        the validation loss along one minimiser
``fitted``         the validation loss at all minimisers
``validation``     the checker of validation losses
``stationary``     value and multipliers on a face, over Q(α)
``pieces``         the stated pieces as a function
``spans``          many pieces bounded at once
``lowerbounds``    ℓ* ≥ pieces: Lagrange duality cell by cell
``upperbounds``    ℓ* ≤ pieces: feasible minimisers
``envelopes``      breakpoints and their kinds
``heights``        values of ℓ* at algebraic points, compared exactly
``shapes``         local extrema, minimum and oscillations of the pieces
``claims``         the summary of a document against what the pieces imply
``convexcells``    the checker of convex cells
``methods``        the checkers of all methods by name
``run``            one run over a document: its members and what was found
``workers``        the proofs of all joint cells, in one process or several
=================  ==============================================================
"""
