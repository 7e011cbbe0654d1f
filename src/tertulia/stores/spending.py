"""What each owner spent in a day: written down when a run ends, and kept when runs are deleted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from .database import Connection, Database

DAY = 86_400


@dataclass(frozen=True)
class Spent:
    """Of one owner, today in universal time."""

    owner: str
    tokens: int
    usd: float
    """US dollars; calls of unknown price count nothing."""


def add_spending(connection: Connection, owner: str, now: float, tokens: int, usd: float) -> None:
    """Add to what an owner spent on the day of `now`."""
    connection.execute(
        "INSERT INTO spending (owner, day, tokens, usd) VALUES (?, ?, ?, ?) ON CONFLICT (owner, day) "
        "DO UPDATE SET tokens = spending.tokens + excluded.tokens, usd = spending.usd + excluded.usd",
        (owner, int(now // DAY), tokens, usd),
    )


@dataclass(frozen=True)
class Spending:
    """The accounts of all owners; all methods may raise StoreError."""

    database: Database

    async def today(self) -> Sequence[Spent]:
        """What everybody spent today."""
        day = int(time.time() // DAY)
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT owner, tokens, usd FROM spending WHERE day = ?", (day,))
        )
        return [Spent(*row) for row in rows]

    async def add(self, owner: str, tokens: int, usd: float) -> None:
        """Write down what a run cost that is not stored itself."""
        await self.database.transact(lambda connection: add_spending(connection, owner, time.time(), tokens, usd))
