"""Lists the profiles there are."""

from __future__ import annotations

from rich.table import Table

from ..profiles import own_folder, profiles
from .screen import console


def print_profiles() -> None:
    """Each profile with what it is for, and where a person's own are kept."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("profile", "what it is for", "what a question takes"):
        table.add_column(column)
    for profile in profiles().values():
        table.add_row(profile.name, profile.about, profile.estimate)
    screen = console()
    screen.print(table, markup=False)
    screen.print(f"your own: {own_folder()}/NAME.toml, or the path of a file", markup=False, highlight=False)
