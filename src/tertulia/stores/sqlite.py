"""Runs in a file: SQLite, written by one thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from ..errors import StoreError
from .database import Connection, Outcome, Row, settle
from .migrating import migrate

T = TypeVar("T")
TOGETHER = 64
"""Most transactions that are committed as one."""
BUSY_MILLISECONDS = 30_000
"""How long to wait for another process that writes."""


PRAGMAS = (
    f"busy_timeout = {BUSY_MILLISECONDS}",
    "auto_vacuum = INCREMENTAL",
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "foreign_keys = ON",
    "secure_delete = ON",
)


class _Connection:
    """A connection of `sqlite3` whose transactions are opened by hand."""

    def __init__(self, path: Path) -> None:
        self.raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            for pragma in PRAGMAS:
                self.raw.execute(f"PRAGMA {pragma}").fetchall()
        except sqlite3.Error:  # the file is no database
            self.raw.close()
            raise

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self.raw.execute(sql, values).fetchall()

    def lock(self) -> None:
        """Every transaction that writes holds the lock anyway."""


@dataclass(frozen=True)
class _Waiting:
    """A transaction that is to be done, and who is told on which loop."""

    work: Callable[[Connection], Any]
    then: Callable[[Outcome], object]
    loop: asyncio.AbstractEventLoop


class SQLite:
    """A store in one file, for one machine; several processes may open it at the same time.

    After a crash of the process nothing committed is lost; after a crash of the machine the last moments may be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = ThreadPoolExecutor(1, "tertulia-writer")
        self._reader = ThreadPoolExecutor(1, "tertulia-reader")
        self._waiting: deque[_Waiting] = deque()
        self._lock = Lock()
        self._is_writing = False
        self._writing: _Connection | None = None
        self._reading: _Connection | None = None

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    async def open(self) -> None:
        await self._on(self._writer, self._connect)

    def submit(self, work: Callable[[Connection], Any], then: Callable[[Outcome], object]) -> None:
        """What waits while another transaction is written goes into the next one, all of it together."""
        with self._lock:
            self._waiting.append(_Waiting(work, then, asyncio.get_running_loop()))
            begins, self._is_writing = not self._is_writing, True
        if begins:
            self._writer.submit(self._write_all)

    async def transact(self, work: Callable[[Connection], T]) -> T:
        ended: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.submit(work, lambda outcome: settle(ended, outcome))
        return await ended

    async def read(self, work: Callable[[Connection], T]) -> T:
        def do() -> T:
            self._reading = self._reading or _Connection(self.path)
            return self._within("BEGIN", self._reading, work)

        return await self._on(self._reader, do)

    async def erase(self) -> None:
        def do() -> None:
            assert self._writing
            self._writing.execute("PRAGMA incremental_vacuum")
            self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        await self._on(self._writer, do)

    async def close(self) -> None:
        for executor, connection in ((self._writer, self._writing), (self._reader, self._reading)):
            if connection:
                await self._on(executor, connection.raw.close)
            await asyncio.to_thread(executor.shutdown)

    def _connect(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._writing = _Connection(self.path)
            self.path.chmod(0o600)  # questions are the person's own
        except OSError as error:
            raise StoreError(f"{self.path} cannot be used: {error.strerror}; set TERTULIA_DATA to a folder") from None
        self._commit(lambda connection: migrate(connection, str(self.path)))

    def _write_all(self) -> None:
        """On the writer's thread: write until nothing waits."""
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), TOGETHER))]
                self._is_writing = bool(batch)
            if not batch:
                return
            outcomes = self._outcomes(batch)
            with suppress(RuntimeError):  # the loop has ended, so that nobody waits
                batch[0].loop.call_soon_threadsafe(_tell, batch, outcomes)

    def _outcomes(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        """What each of the batch gave; if one fails, each is done by itself, as all of them can be done twice."""
        try:
            return [
                (result, None) for result in self._commit(lambda connection: [one.work(connection) for one in batch])
            ]
        except Exception as error:
            if len(batch) > 1:
                return [outcome for one in batch for outcome in self._outcomes([one])]
            return [(None, self._as_store_error(error))]

    def _as_store_error(self, error: Exception) -> Exception:
        """The error as it is told."""
        if not isinstance(error, sqlite3.Error):
            return error
        told = StoreError(f"{self.path} cannot be read or written: {error}")
        told.__cause__ = error
        return told

    def _commit(self, work: Callable[[Connection], T]) -> T:
        assert self._writing, "the store is not open"
        return self._within("BEGIN IMMEDIATE", self._writing, work)

    def _within(self, begin: str, connection: _Connection, work: Callable[[Connection], T]) -> T:
        connection.execute(begin)
        try:
            done = work(connection)
            connection.execute("COMMIT")
            return done
        except BaseException:
            with suppress(sqlite3.Error):  # what went wrong first is what matters
                connection.execute("ROLLBACK")
            raise

    async def _on(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        try:
            return await asyncio.shield(asyncio.wrap_future(executor.submit(work)))
        except sqlite3.Error as error:
            raise self._as_store_error(error) from error


def _tell(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    """On the event loop: give everybody what came of their work."""
    for one, outcome in zip(batch, outcomes, strict=True):
        try:
            one.then(outcome)
        except Exception as error:  # the others are to be told all the same
            one.loop.call_exception_handler({"message": "what follows a transaction failed", "exception": error})
