"""What a store of runs needs of a database: transactions that run beside the event loop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, Protocol, TypeVar

from ..errors import StoreError

T = TypeVar("T")
Row = tuple[Any, ...]
Outcome = tuple[Any, BaseException | None]
"""What a transaction gave, or why it failed."""


class Connection(Protocol):
    """An open transaction."""

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """The rows that a statement gives; `?` stands for a value in either dialect."""
        ...

    def lock(self) -> None:
        """Let no other process migrate until the transaction ends."""
        ...


class Database(Protocol):
    """Somewhere to keep rows."""

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        ...

    async def open(self) -> None:
        """Connect, and bring the schema up to date.

        Raises:
            StoreError: if it cannot be reached, or was written by a newer version.
        """
        ...

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction that ends on disk or not at all; once begun, it ends even if its caller leaves.

        `work` may be done twice if a connection breaks while it is committed.

        Raises:
            StoreError: if the database fails for longer than is worth waiting.
        """
        ...

    def submit(self, work: Callable[[Connection], Any], then: Callable[[Outcome], object]) -> None:
        """As `transact`; `then` is called on the event loop with what came of it."""
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Do `work`, which only reads."""
        ...

    async def erase(self) -> None:
        """Overwrite what deleted rows left behind, as far as the database can."""
        ...

    async def close(self) -> None: ...


def settle(waiting: asyncio.Future[T], outcome: Outcome) -> None:
    """Give what came of a transaction to whoever waits for it still."""
    result, error = outcome
    if waiting.done():
        return
    if error is None:
        waiting.set_result(result)
    else:
        waiting.set_exception(error)


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
