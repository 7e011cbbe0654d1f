"""What a server keeps for its clients: JSON by owner and id, with events, and keys against asking twice."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import KeyReused
from .database import Connection, Database
from .records import Idempotency
from .text import text

JSON = dict[str, Any]


class Documents:
    """Documents of a server; it shares the database of the runs. All methods may raise StoreError.

    An owner sees only what is theirs: whatever belongs to another is as if it were not there.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    async def save(self, owner: str, id: str, data: Mapping[str, Any]) -> None:
        """Keep a document, in place of an earlier one of the same id; its events stay."""
        stored = text(dict(data))

        def do(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO documents (owner, id, data, changed) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (owner, id) DO UPDATE SET data = excluded.data, changed = excluded.changed",
                (owner, id, stored, time.time()),
            )

        await self.database.transact(do)

    async def load(self, owner: str, id: str) -> JSON | None:
        """The document; None if there is none."""
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT data FROM documents WHERE owner = ? AND id = ?", (owner, id))
        )
        found: JSON | None = json.loads(rows[0][0]) if rows else None
        return found

    async def delete(self, owner: str, id: str) -> bool:
        """Delete a document, its events and its claims, and overwrite where they stood; False if there was none."""

        def do(connection: Connection) -> bool:
            connection.execute("DELETE FROM claims WHERE owner = ? AND id = ?", (owner, id))
            sql = "DELETE FROM documents WHERE owner = ? AND id = ? RETURNING id"
            return bool(connection.execute(sql, (owner, id)))

        there = await self.database.transact(do)
        if there:
            await self.database.erase()
        return there

    async def append(self, owner: str, id: str, first: int, events: Sequence[Mapping[str, Any]]) -> None:
        """Add events to a document, numbered from `first` on; one whose number is taken is left as it was."""
        rows = [(owner, id, number, text(dict(event))) for number, event in enumerate(events, first)]

        def do(connection: Connection) -> None:
            for row in rows:
                sql = (
                    "INSERT INTO document_events (owner, id, number, event) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
                )
                connection.execute(sql, row)

        await self.database.transact(do)

    async def events(self, owner: str, id: str, after: int = -1, most: int = 10_000) -> list[tuple[int, JSON]]:
        """Events with a number above `after`, in order."""
        rows = await self.database.read(
            lambda connection: connection.execute(
                "SELECT number, event FROM document_events WHERE owner = ? AND id = ? AND number > ? "
                "ORDER BY number LIMIT ?",
                (owner, id, after, most),
            )
        )
        return [(number, json.loads(event)) for number, event in rows]

    async def claim(self, owner: str, idempotency: Idempotency, id: str) -> tuple[str, bool]:
        """Say that a request is answered by document `id`; or the id that the same request has already, and False.

        Raises:
            KeyReused: if the owner used the key for another request.
        """
        mine = (owner, idempotency.key)

        def do(connection: Connection) -> tuple[str, bool]:
            new = connection.execute(
                "INSERT INTO claims (owner, key, body, id, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING "
                "RETURNING id",
                (*mine, idempotency.body, id, time.time()),
            )
            if new:
                return id, True
            [(body, known)] = connection.execute("SELECT body, id FROM claims WHERE owner = ? AND key = ?", mine)
            if body != idempotency.body:
                raise KeyReused(
                    f"the idempotency key {idempotency.key!r} came before with another request: use a new key"
                )
            return known, known == id

        return await self.database.transact(do)

    async def unclaim(self, owner: str, key: str, id: str | None = None) -> None:
        """Let a key be used again, as its request failed before it was answered; with an id, only if it is for that."""
        mine: tuple[str, ...] = (owner, key)
        which = ""
        if id is not None:
            mine, which = (*mine, id), " AND id = ?"
        sql = f"DELETE FROM claims WHERE owner = ? AND key = ?{which}"
        await self.database.transact(lambda connection: connection.execute(sql, mine))

    async def prune(self, days: float) -> int:
        """Delete documents that did not change for so many days; gives their number."""
        until = time.time() - days * 86400

        def do(connection: Connection) -> int:
            connection.execute("DELETE FROM claims WHERE at < ?", (until,))
            return len(connection.execute("DELETE FROM documents WHERE changed < ? RETURNING id", (until,)))

        gone = await self.database.transact(do)
        if gone:
            await self.database.erase()
        return gone
