"""Root counts of polynomial systems, from degrees and polytopes to the solutions themselves."""

from geometry.counting.count import Count
from geometry.counting.degrees import Multihomogeneous, bezout, multihomogeneous
from geometry.counting.newton import Polyhedral, Volumes, gfan_mixed_volume, polyhedral, volumes
from geometry.counting.real import RealCount, count_real
from geometry.counting.solutions import ComplexCount, count_complex

__all__ = [
    "ComplexCount",
    "Count",
    "Multihomogeneous",
    "Polyhedral",
    "RealCount",
    "Volumes",
    "bezout",
    "count_complex",
    "count_real",
    "gfan_mixed_volume",
    "multihomogeneous",
    "polyhedral",
    "volumes",
]
