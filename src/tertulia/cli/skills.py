"""Lists the library that programs in the sandbox may use, and shows what each skill does."""

from __future__ import annotations

import inspect
import sys

from rich.console import Console
from rich.table import Table

from ..errors import UnknownName
from ..tools.skills.inline import documentation, library

WIDE = 160
"""Columns of a table that is not for a terminal: every row stays a line."""


def print_list() -> None:
    """Each skill by its file: how it is called, and what it gives."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("skill", "gives", "from"):
        table.add_column(column)
    for skill in library().values():
        table.add_row(skill.call, skill.about, skill.file)
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(table, markup=False)


def print_one(name: str) -> None:
    """How a skill is called, and all that is said of it.

    Raises:
        UnknownName: if there is none of that name.
    """
    if name not in library():
        raise UnknownName("skill", name, library())
    print(library()[name].call)
    print(inspect.cleandoc(documentation(name)))
