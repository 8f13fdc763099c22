"""Errors of the geometry layer: each message names the cause and the remedy."""


class GeometryError(ValueError):
    """A question that the geometry layer cannot take as stated."""


class InvalidSystem(GeometryError):
    """Not a polynomial system with rational coefficients in the variables given."""
