"""What a server keeps for its clients: JSON by owner and id, and keys against asking twice."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from ..codec import as_json
from ..errors import KeyReused
from ..ids import kind, replies_of
from .database import Connection, Database
from .records import Idempotency

JSON = dict[str, Any]
MOST_BYTES = 64 << 20
"""Of the documents of an owner, where only the latest are kept."""


class Documents:
    """Documents of a server; it shares the database of the runs. All methods may raise StoreError.

    An owner sees only what is theirs: whatever belongs to another is as if it were not there.
    """

    def __init__(self, database: Database, most: int | None = None) -> None:
        """`most` documents of each owner and kind are kept, the latest ones; None keeps all."""
        self.database, self.most = database, most
        self._new = self._new_bytes = 0
        """Documents saved since the oldest were last deleted, and their size."""

    async def save(self, owner: str, id: str, data: Mapping[str, Any]) -> None:
        """Keep a document, in place of an earlier one of the same id."""
        stored = as_json(dict(data))
        await self.database.transact(lambda connection: save_document(connection, owner, id, stored))
        if self.most is not None:
            await self._keep_latest(owner, kind(id), self.most, len(stored))

    async def _keep_latest(self, owner: str, kind: str, most: int, size: int) -> None:
        """Delete what is older than the latest `most`; not at each call, as it must look at all there are."""
        self._new, self._new_bytes = self._new + 1, self._new_bytes + size
        if self._new > most // 64 or self._new_bytes > MOST_BYTES // 64:
            self._new = self._new_bytes = 0
            await self.database.transact(lambda connection: _delete_all_but(connection, owner, kind, most))

    async def change(self, owner: str, id: str, data: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
        """Put a document in the place of the one that was `seen`; False if it is another by now, or gone."""
        stored, before = as_json(dict(data)), as_json(dict(seen))
        rows = await self.database.transact(
            lambda connection: connection.execute(
                "UPDATE documents SET data = ?, changed = ? WHERE owner = ? AND id = ? AND data IN (?, ?) RETURNING id",
                (stored, time.time(), owner, id, before, stored),
            )
        )
        return bool(rows)

    async def load(self, owner: str, id: str) -> JSON | None:
        """The document; None if there is none."""
        rows = await self.database.read(
            lambda connection: connection.execute("SELECT data FROM documents WHERE owner = ? AND id = ?", (owner, id))
        )
        found: JSON | None = json.loads(rows[0][0]) if rows else None
        return found

    async def delete(self, owner: str, id: str) -> bool:
        """Delete a document and its claims, and overwrite where they stood; False if there was none."""

        def do(connection: Connection) -> bool:
            connection.execute("DELETE FROM claims WHERE owner = ? AND id = ?", (owner, id))
            sql = "DELETE FROM documents WHERE owner = ? AND id = ? RETURNING id"
            return bool(connection.execute(sql, (owner, id)))

        there = await self.database.transact(do)
        if there:
            await self.database.erase()
        return there

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

    async def inherit(self, owner: str, key: str, dead: str, id: str) -> bool:
        """Say that a request is answered by document `id` in place of `dead`; False if another said so before."""
        rows = await self.database.transact(
            lambda connection: connection.execute(
                "UPDATE claims SET id = ? WHERE owner = ? AND key = ? AND id IN (?, ?) RETURNING id",
                (id, owner, key, dead, id),
            )
        )
        return bool(rows)

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


def save_document(connection: Connection, owner: str, id: str, stored: str) -> None:
    """Keep a document, in place of an earlier one of the same id."""
    connection.execute(
        "INSERT INTO documents (owner, id, data, changed) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (owner, id) DO UPDATE SET data = excluded.data, changed = excluded.changed",
        (owner, id, stored, time.time()),
    )


def _delete_all_but(connection: Connection, owner: str, kind: str, most: int) -> None:
    """Delete an owner's documents of a kind beyond the latest `most` or `MOST_BYTES`, with their claims and runs."""
    gone = connection.execute(
        "DELETE FROM documents WHERE owner = ? AND id IN (SELECT id FROM ("
        "SELECT id, row_number() OVER latest AS place, sum(length(CAST(data AS BLOB))) OVER latest AS size "
        "FROM documents WHERE owner = ? AND id >= ? AND id < ? "
        "WINDOW latest AS (ORDER BY changed DESC, id ROWS UNBOUNDED PRECEDING)"
        ") WHERE place > ? OR size > ?) RETURNING id",
        (owner, owner, kind, kind + "~", most, MOST_BYTES),
    )
    for (id,) in gone:
        connection.execute("DELETE FROM claims WHERE owner = ? AND id = ?", (owner, id))
        connection.execute("DELETE FROM runs WHERE owner = ? AND served = ?", (owner, id))


def forget(connection: Connection, owner: str, served: str) -> bool:
    """Delete the response of that id, and what was kept under the key of its request; False if there was nothing."""
    replies = replies_of(served)
    gone = [
        connection.execute(
            f"DELETE FROM {table} WHERE owner = ? AND (id = ? OR (id >= ? AND id < ?)) RETURNING id",
            (owner, served, replies, replies + "~"),
        )
        for table in ("claims", "documents")
    ]
    return any(gone)
