"""The application: spec files, exact dual losses with certificates, their checker, the command."""

from pieceproof.analysis import CertifiedDual, analyze
from pieceproof.verify import verify

__all__ = ["CertifiedDual", "analyze", "verify"]
