"""What a store of runs needs of a database: transactions that run beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

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
