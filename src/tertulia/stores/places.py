"""Where runs are kept: a file of this person, another file, or a server."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from ..errors import SettingsError
from .postgres import Postgres
from .runs import Runs
from .sqlite import SQLite


def data_folder() -> Path:
    """`TERTULIA_DATA`, or the platform's data folder."""
    return Path(os.environ.get("TERTULIA_DATA") or user_data_path("tertulia"))


def runs_at(place: str = "") -> Runs:
    """The store at a place: `postgres://…`, the path of a file, `sqlite:///PATH`; empty for `runs.db` of this person.

    It is still to be opened, best by `async with`.

    Raises:
        SettingsError: if the place is of a kind that is not known.
    """
    kind, sign, rest = place.partition("://")
    if kind in ("postgres", "postgresql"):
        return Runs(Postgres(f"postgresql://{rest}"))
    if sign and kind != "sqlite":
        raise SettingsError(f"runs cannot be kept at {kind}://…; give postgres://…, sqlite:///PATH, or a path")
    path = rest[1:] if sign else place
    return Runs(SQLite(Path(path) if path else data_folder() / "runs.db"))
