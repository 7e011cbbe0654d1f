"""Where tables are printed: as wide as the terminal, and elsewhere so wide that every row stays a line."""

from __future__ import annotations

import sys

from rich.console import Console

WIDE = 160
"""Columns of a table that is not for a terminal."""


def console(wide: int = WIDE) -> Console:
    """Standard output; `wide` columns where it is no terminal."""
    return Console(width=None if sys.stdout.isatty() else wide)
