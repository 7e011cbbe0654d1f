"""A database in memory: it has the tables of the others, and ends with the process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..errors import StoreError
from .database import Connection, Outcome, Row
from .migrating import migrate

T = TypeVar("T")


class Transient:
    """SQLite on the thread of the event loop: a transaction takes microseconds there, and waits for no other thread.

    Open it on the loop that uses it. Nothing of it is written to disk.
    """

    url = "sqlite:///:memory:"

    async def open(self) -> None:
        self._raw = sqlite3.connect(":memory:", isolation_level=None)
        self.execute("PRAGMA foreign_keys = ON")
        await self.transact(lambda connection: migrate(connection, self.url))

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._raw.execute(sql, values).fetchall()

    def lock(self) -> None:
        """No other process can see it."""

    async def transact(self, work: Callable[[Connection], T]) -> T:
        return self._commit(work)

    def submit(self, work: Callable[[Connection], Any], then: Callable[[Outcome], object]) -> None:
        try:
            outcome: Outcome = (self._commit(work), None)
        except Exception as error:
            outcome = (None, error)
        asyncio.get_running_loop().call_soon(then, outcome)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return self._commit(work)

    async def erase(self) -> None:
        """Nothing to do: deleted rows were never on disk."""

    async def close(self) -> None:
        self._raw.close()

    def _commit(self, work: Callable[[Connection], T]) -> T:
        try:
            self.execute("BEGIN")
            try:
                done = work(self)
                self.execute("COMMIT")
                return done
            except BaseException:
                self.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StoreError(f"the database in memory cannot be used: {error}") from error
