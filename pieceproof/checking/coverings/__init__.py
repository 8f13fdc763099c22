"""The checker of zero-one duals whose cells are curved: W is covered by boxes.

``models`` reads the network, ``charts`` says what boxes are made of, ``covering`` bounds the number
of errors from below on W (its loops are in ``compiled``), ``witnesses`` bound ℓ* from above,
``jumps`` prove that it jumps exactly once, ``slabs`` join these on intervals of α, and ``profile``
and ``claims`` derive what a document says of ℓ*.
"""
