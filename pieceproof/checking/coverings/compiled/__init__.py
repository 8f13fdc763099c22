"""Loops over boxes of (α, w) for the zero-one loss, compiled by numba."""
