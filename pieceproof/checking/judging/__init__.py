"""Held-out loss g along curves of minimisers: ℓ*(α) = min { g(α, w) : w ∈ argmin_W f(α, ·) }.

``enclosing`` proves where the minimisers of the training loss f are, for objectives whose cells are
not convex. What is proved here, by the same enclosures:

- ``examples``: which pieces of σ_α the held-out examples use along a curve;
- ``minimisers``: whether g is known on a slab: whether all minimisers are the same network;
- ``judged``: g, g′ and g″ along the curve;
- ``crossings``: where a held-out example passes from one piece to another;
- ``breaks``: what g does where the minimiser, or the piece of a held-out example, changes;
- ``timelines``: all of A, put together from slabs and marks.
"""
