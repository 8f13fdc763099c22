"""The application: spec files, exact dual losses with certificates, their checker, the command."""

from pieceproof.analysis import CertifiedDual, analyze
from pieceproof.specfile import load_problem
from pieceproof.tasks import bootstrap
from pieceproof.tuning import ErmResult, erm
from pieceproof.verify import load, verify

__all__ = [
    "CertifiedDual",
    "ErmResult",
    "analyze",
    "bootstrap",
    "erm",
    "load",
    "load_problem",
    "verify",
]
