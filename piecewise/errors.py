"""Errors of the piecewise layer: each message names the cause and the remedy."""


class PiecewiseError(ValueError):
    """The problem as stated is not a piecewise polynomial objective."""


class ProblemError(PiecewiseError):
    """Model, data, hyperparameter interval or box do not fit together."""


class TooManyCells(PiecewiseError):
    """The arrangement has more cells than the budget allows."""


class NotYetSupported(PiecewiseError):
    """A well-formed problem outside the families the exact dual covers."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not yet supported: {what}")
