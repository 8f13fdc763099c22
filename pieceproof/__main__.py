"""``python -m pieceproof``."""

from pieceproof.cli import main

raise SystemExit(main())
