"""The application: spec files, exact dual losses with certificates, their checker, the command."""

from pieceproof.analysis import CertifiedDual, analyze
from pieceproof.specfile import load_problem
from pieceproof.verify import load, verify

__all__ = ["CertifiedDual", "analyze", "load", "load_problem", "verify"]
