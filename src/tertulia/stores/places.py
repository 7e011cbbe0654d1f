"""Where runs are kept: a file of this person, another file, a server, or what another package registers."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

from ..errors import SettingsError
from ..registry import blaming, find, parts
from .database import Database
from .postgres import Postgres
from .runs import Runs
from .sqlite import SQLite


def data_folder() -> Path:
    """`TERTULIA_DATA`, or the platform's data folder."""
    return Path(os.environ.get("TERTULIA_DATA") or user_data_path("tertulia"))


def runs_at(place: str = "") -> Runs:
    """The store at a place, as `database_at` names it. It is still to be opened, best by `async with`.

    Raises:
        SettingsError: if the place is of a kind that is not known.
    """
    return Runs(database_at(place))


def database_at(place: str = "") -> Database:
    """The database at a place: `KIND://…`, where KIND is registered under the entry point group `tertulia.store`, or
    the path of a file; empty for `runs.db` of this person. It is still to be opened.

    Raises:
        SettingsError: if the place is of a kind that is not known.
    """
    kind, sign, _ = place.partition("://")
    if not sign:
        return sqlite(place)
    if kind not in parts("store"):
        known = ", ".join(f"{name}://…" for name in sorted(parts("store")))
        raise SettingsError(f"runs cannot be kept at {kind}://…; give a path, or one of {known}")
    with blaming("store", kind):
        database: Database = find("store", kind)(place)
        return database


def sqlite(place: str) -> SQLite:
    """The file `sqlite:///PATH`, or at a bare path; `runs.db` of this person if there is none."""
    path = place.removeprefix("sqlite:///")
    return SQLite(Path(path) if path else data_folder() / "runs.db")


def postgres(place: str) -> Postgres:
    """The server at `postgres://…` or `postgresql://…`."""
    return Postgres(f"postgresql://{place.partition('://')[2]}")
