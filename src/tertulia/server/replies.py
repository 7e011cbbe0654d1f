"""Whole replies kept under idempotency keys, so that the same request is answered once."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..errors import KeyReused
from ..stores.records import Idempotency

REPLY = "tertulia.reply"
"""Where a request's scope says which reply under a key it becomes."""


@dataclass(frozen=True)
class Reply:
    """What a client was sent."""

    status: int
    media_type: str
    chunks: tuple[str, ...]
    """The body; of a stream, each event by itself."""


class Replies(Protocol):
    """Where replies are kept. Each method may raise StoreError."""

    def new_id(self, dead: str = "") -> str:
        """An id for a reply that this process is to make; with `dead`, in the place of a process that died."""
        ...

    async def claim(self, owner: str, idempotency: Idempotency, id: str) -> bool | str:
        """True if the request is new and reply `id` is to be made; else the id of the reply it has or will have.

        Raises:
            KeyReused: if the owner used the key for another request.
        """
        ...

    async def give(self, owner: str, id: str, reply: Reply) -> None:
        """Keep a reply that is complete."""
        ...

    async def inherit(self, owner: str, key: str, dead: str, id: str) -> bool:
        """Claim a request that a process had claimed that died; False if another was faster."""
        ...

    async def look(self, owner: str, key: str, id: str) -> Reply | Literal["dead"] | None:
        """A reply that this process is not making; None if it is not there yet, `dead` if nobody makes it any more."""
        ...

    async def free(self, owner: str, key: str, id: str) -> None:
        """Let a key be used again, as reply `id` failed."""
        ...

    async def delete(self, owner: str, id: str) -> None:
        """Forget a reply, and the key it belongs to."""
        ...


@dataclass
class _Claim:
    key: str
    body: str
    id: str
    reply: Reply | None = None


@dataclass
class RepliesInMemory:
    """Keeps the latest replies of each owner until the server stops."""

    most: int = 1000
    """Replies of an owner."""
    _claims: dict[str, OrderedDict[str, _Claim]] = field(default_factory=dict)

    def new_id(self, dead: str = "") -> str:
        return secrets.token_hex(16)

    async def claim(self, owner: str, idempotency: Idempotency, id: str) -> bool | str:
        mine = self._claims.setdefault(owner, OrderedDict())
        known = mine.get(idempotency.key)
        if known is None:
            mine[idempotency.key] = _Claim(idempotency.key, idempotency.body, id)
            while len(mine) > self.most + 1:
                mine.popitem(last=False)
            return True
        if known.body != idempotency.body:
            raise KeyReused(f"the idempotency key {idempotency.key!r} came before with another request: use a new key")
        return known.id

    async def give(self, owner: str, id: str, reply: Reply) -> None:
        for claim in self._of(owner, id):
            claim.reply = reply

    async def inherit(self, owner: str, key: str, dead: str, id: str) -> bool:
        return False  # who claims and who inherits are the same process

    async def look(self, owner: str, key: str, id: str) -> Reply | Literal["dead"] | None:
        for claim in self._of(owner, id):
            if claim.reply is None:
                await self.free(owner, key, id)
            return claim.reply
        return None

    async def free(self, owner: str, key: str, id: str) -> None:
        await self.delete(owner, id)

    async def delete(self, owner: str, id: str) -> None:
        for claim in self._of(owner, id):
            del self._claims[owner][claim.key]

    def _of(self, owner: str, id: str) -> list[_Claim]:
        return [claim for claim in self._claims.get(owner, {}).values() if claim.id == id]
