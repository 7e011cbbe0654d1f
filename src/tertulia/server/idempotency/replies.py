"""Whole replies kept under idempotency keys."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from pydantic import TypeAdapter

from ... import ids
from ...durable.liveness import Heartbeat, dead_holder
from ...stores.records import Idempotency
from ...stores.served import Documents

LOOK_SECONDS = 0.25
"""How often a reply is looked for that another server makes."""


@dataclass(frozen=True)
class KeptReply:
    """What a client was sent."""

    status: int
    media_type: str
    chunks: tuple[str, ...]
    """The body; of a stream, each event by itself."""


REPLY = TypeAdapter(KeptReply)


@dataclass(frozen=True)
class Replies:
    """The replies of all owners; the id of each names the process that makes it. All methods may raise StoreError."""

    documents: Documents
    heartbeat: Heartbeat

    def new_id(self, dead: str = "") -> str:
        """An id for a reply that this process is to make; with `dead`, in the place of a process that died."""
        return ids.new_reply(self.heartbeat.process.id, dead)

    async def claim(self, owner: str, idempotency: Idempotency, id: str) -> bool | str:
        """True if the request is new and reply `id` is to be made; else the id of the reply it has or will have.

        Raises:
            KeyReused: if the owner used the key for another request.
        """
        known, new = await self.documents.claim(owner, idempotency, id)
        return True if new else known

    async def inherit(self, owner: str, key: str, dead: str, id: str) -> bool:
        """Claim a request that a process had claimed that died; False if another was faster."""
        return await self.documents.inherit(owner, key, dead, id)

    async def give(self, owner: str, id: str, reply: KeptReply) -> None:
        """Keep a reply that is complete."""
        await self.documents.save(owner, id, REPLY.dump_python(reply, mode="json"))

    async def look(self, owner: str, id: str) -> KeptReply | Literal["dead"] | None:
        """A reply that this process is not making; None if it is not there yet, `dead` if nobody makes it any more."""
        maker = ids.maker(id)
        # first whether it lives: it may give its reply and end between the two looks
        dead = maker == self.heartbeat.process.id or await dead_holder(self.heartbeat.runs, maker)
        data = await self.documents.load(owner, id)
        if data is not None:
            return REPLY.validate_python(data)
        if dead:
            return "dead"
        await asyncio.sleep(LOOK_SECONDS)
        return None

    async def free(self, owner: str, key: str, id: str) -> None:
        """Let a key be used again, as reply `id` failed."""
        await self.documents.unclaim(owner, key, id)

    async def delete(self, owner: str, id: str) -> None:
        """Delete a reply, and the key it belongs to."""
        await self.documents.delete(owner, id)
