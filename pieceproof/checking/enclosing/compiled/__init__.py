"""The inner loops of enclosures, compiled by numba; imported only where they are used."""
