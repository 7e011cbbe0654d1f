"""Runs in Postgres: many machines, one store."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from ..errors import StoreError
from .database import Connection, Outcome, Row
from .migrating import migrate

if TYPE_CHECKING:
    import psycopg
    from psycopg_pool import ConnectionPool

T = TypeVar("T")
CONNECTIONS = 4
"""Most connections of a process; a transaction takes a few milliseconds."""
PATIENCE = 120.0
"""Seconds for which a database that does not answer is waited for."""
SCHEMA = "tertulia"
IDLE = "idle_in_transaction_session_timeout=5000"
MIGRATING = 7_483_647_825
"""Number of the lock that migrations hold; any will do."""


class _Connection:
    def __init__(self, raw: psycopg.Connection[Row]) -> None:
        self.raw = raw

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        cursor = self.raw.execute(sql.replace("?", "%s").encode(), values)
        return cursor.fetchall() if cursor.description else []

    def lock(self) -> None:
        self.raw.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATING,))
        self.raw.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}".encode())


class Postgres:
    """A store on a server. What is committed stays, also when the server goes away for a while."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        self._url, self.patience = url, patience
        self._threads = ThreadPoolExecutor(CONNECTIONS, "tertulia-postgres")
        self._pool: ConnectionPool[psycopg.Connection[Row]] | None = None

    @property
    def url(self) -> str:
        parts = urlsplit(self._url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    async def open(self) -> None:
        try:
            from psycopg_pool import ConnectionPool
        except ImportError:
            raise StoreError("Postgres needs an extra: run `tertulia setup durable`") from None
        settings = {
            "connect_timeout": 5,
            # a process that froze within a transaction must not hold its locks
            "options": f"-c search_path={SCHEMA} -c statement_timeout=30000 -c {IDLE}",
            "tcp_user_timeout": 8000,  # milliseconds after which a cut network is noticed
            "keepalives_idle": 5,
            "keepalives_interval": 2,
        }
        self._pool = ConnectionPool(self._url, kwargs=settings, min_size=1, max_size=CONNECTIONS, open=False, timeout=5)
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it warns at each try; we say so once, in the end
        self._pool.open()
        await self._on_thread(lambda: self._patiently(lambda connection: migrate(connection, self.url), 5.0))

    async def transact(self, work: Callable[[Connection], T]) -> T:
        return await self._on_thread(lambda: self._patiently(work, self.patience))

    def submit(self, work: Callable[[Connection], Any], then: Callable[[Outcome], object]) -> None:
        doing = asyncio.wrap_future(self._threads.submit(lambda: self._patiently(work, self.patience)))
        doing.add_done_callback(
            lambda done: then((None, error) if (error := done.exception()) else (done.result(), None))
        )

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.transact(work)

    async def erase(self) -> None:
        """Vacuum, so that deleted rows are overwritten soon; backups and the server's own log keep theirs."""

        def do() -> None:
            assert self._pool
            with self._pool.connection() as raw:
                raw.autocommit = True
                for table in ("runs", "bodies", "events", "steps", "ledger", "requests", "documents", "claims"):
                    raw.execute(f"VACUUM {table}".encode())
                raw.autocommit = False

        await self._on_thread(do)

    async def close(self) -> None:
        if self._pool:
            await asyncio.to_thread(self._pool.close)
        await asyncio.to_thread(self._threads.shutdown)

    def _patiently(self, work: Callable[[Connection], T], patience: float) -> T:
        """Do a transaction, again and again while the server is away; every one of ours can be done twice."""
        import psycopg
        from psycopg_pool import PoolTimeout

        assert self._pool, "the store is not open"
        until = time.monotonic() + patience
        while True:
            try:
                with self._pool.connection() as raw:
                    return work(_Connection(raw))
            except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout) as error:
                if time.monotonic() > until:
                    raise StoreError(f"the database at {self.url} does not answer: {_line(error)}") from None
                time.sleep(0.2)
            except psycopg.Error as error:
                raise StoreError(f"the database at {self.url} refused: {_line(error)}") from error

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.shield(asyncio.wrap_future(self._threads.submit(work)))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
