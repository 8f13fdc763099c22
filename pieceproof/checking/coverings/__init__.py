"""The checker of zero-one duals whose cells are curved: W is covered by boxes.

``arithmetic`` computes with intervals that keep exact zeros, ``models`` reads the network and
encloses its scores, ``charts`` makes boxes, ``conflicts`` bounds the number of errors on a box,
``covering`` bounds it on W, ``witnesses`` bounds ℓ* from above, ``jumps`` proves that ℓ* jumps
exactly once, and ``profile`` puts slabs of α together.
"""
