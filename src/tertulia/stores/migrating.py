"""Brings the tables of a database up to date."""

from __future__ import annotations

import re
from importlib.resources import files

from ..errors import StoreError
from .database import Connection


def migrations() -> list[tuple[int, str]]:
    """Every migration there is, as number and SQL, in order."""
    found = [path for path in (files(__package__) / "migrations").iterdir() if path.name.endswith(".sql")]
    return sorted((int(path.name[:4]), path.read_text(encoding="utf-8")) for path in found)


def statements(sql: str) -> list[str]:
    """The statements of a migration; none of them may hold a semicolon or two dashes within quotes."""
    bare = re.sub(r"--[^\n]*", "", sql)
    return [statement.strip() for statement in bare.split(";") if statement.strip()]


def migrate(connection: Connection, where: str) -> None:
    """Bring the schema up to date, within one transaction.

    Raises:
        StoreError: if it was written by a newer version of Tertulia.
    """
    connection.lock()
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
    [(version,)] = connection.execute("SELECT coalesce(max(version), 0) FROM schema_version")
    known = migrations()
    if version > known[-1][0]:
        raise StoreError(
            f"{where} was written by a newer Tertulia (schema {version}, this one knows {known[-1][0]}): "
            "update Tertulia, or name another database with --database"
        )
    for number, sql in known:
        if number > version:
            for statement in statements(sql):
                connection.execute(statement)
            connection.execute("INSERT INTO schema_version (version) VALUES (?)", (number,))
