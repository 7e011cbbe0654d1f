"""Responses and replies in the database of the runs, so that they survive the server."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import TypeAdapter

from ..durable.liveness import Heartbeat, dead_holder, this_process
from ..durable.reaper import PRUNE_SECONDS, prune
from ..errors import StoreError, UnknownName
from ..settings import Settings
from ..stores.documents import Documents
from ..stores.places import runs_at
from ..stores.records import Idempotency
from .archive import Kept
from .hands import failure, run_id
from .problems import problem
from .replies import Reply
from .telling import Telling

log = logging.getLogger("tertulia.server")
JSON = dict[str, Any]
KEPT, REPLY = TypeAdapter(Kept), TypeAdapter(Reply)
RESPONSE, ONCE = "resp_", "once_"
"""How the ids of responses and of replies begin, as both are documents."""
LOOK_SECONDS = 0.25
"""How often a reply is looked for that another server makes."""


@asynccontextmanager
async def keeping(settings: Settings) -> AsyncIterator[Heartbeat]:
    """This server as one that lives and keeps things in the database of the settings.

    Raises:
        SettingsError: if the database is of an unknown kind.
        StoreError: if it cannot be opened.
    """
    async with runs_at(settings.database) as runs, Heartbeat(runs, this_process("server")) as presence:
        pruning = asyncio.create_task(_prune(presence, settings.keep_days))
        try:
            yield presence
        finally:
            pruning.cancel()
            await asyncio.gather(pruning, return_exceptions=True)


async def _prune(presence: Heartbeat, days: float | None) -> None:
    while days is not None:
        try:
            await prune(presence.runs, days)
        except StoreError as error:
            log.error("what is old could not be deleted: %s", error)
        await asyncio.sleep(PRUNE_SECONDS)


@dataclass(frozen=True)
class StoredArchive:
    """An archive in a database. All methods may raise StoreError."""

    documents: Documents
    presence: Heartbeat
    open_book: bool = True
    """Whether clients may know the addresses of the models."""

    async def save(self, kept: Kept) -> None:
        await self.documents.save(kept.owner, kept.id, packed(kept))

    async def load(self, owner: str, id: str) -> Kept | None:
        """The response; one that is made in the background as it stands, and settled if its run is over."""
        data = await self.documents.load(owner, id) if id.startswith(RESPONSE) else None
        if data is None:
            return None
        kept = KEPT.validate_python(data["kept"])
        return kept if kept.is_over or kept.blank is None else await self._as_it_stands(kept, data)

    async def _as_it_stands(self, kept: Kept, data: JSON) -> Kept | None:
        runs, telling = self.presence.runs, Telling(kept)
        telling.begin()
        try:
            run = await runs.get(run_id(kept.id), kept.owner)
            for numbered in await runs.events(run.id):
                telling.see(numbered)
        except UnknownName:  # it was deleted, and its response goes with it
            return None
        if not run.over:
            return replace(kept, response=telling.writer.response)
        why = problem(failure(run), telling.usage_if_any, self.open_book)
        settled = telling.settled(run, why)
        if await self.documents.change(kept.owner, kept.id, packed(settled), data):
            return settled
        return await self.load(kept.owner, kept.id)  # another was faster

    async def delete(self, owner: str, id: str) -> bool:
        """Delete a response with its run, and what was kept under its key."""
        return id.startswith(RESPONSE) and await self.presence.runs.delete_served(owner, id)


def packed(kept: Kept) -> JSON:
    """A response as it is stored."""
    return {"kept": KEPT.dump_python(kept, mode="json")}


@dataclass(frozen=True)
class StoredReplies:
    """Replies in a database; the id of each names the process that makes it."""

    documents: Documents
    presence: Heartbeat

    def new_id(self, dead: str = "") -> str:
        """With `dead`, the id of the same reply as it is made by this process in the place of a dead one."""
        return f"{ONCE}{dead.split('_')[1] if dead else secrets.token_hex(16)}_{self.presence.process.id}"

    async def claim(self, owner: str, idempotency: Idempotency, id: str) -> bool | str:
        known, new = await self.documents.claim(owner, idempotency, id)
        return True if new else known

    async def inherit(self, owner: str, key: str, dead: str, id: str) -> bool:
        return await self.documents.inherit(owner, key, dead, id)

    async def give(self, owner: str, id: str, reply: Reply) -> None:
        await self.documents.save(owner, id, REPLY.dump_python(reply, mode="json"))

    async def look(self, owner: str, key: str, id: str) -> Reply | Literal["dead"] | None:
        maker = id.split("_", 2)[2]
        # first whether it lives: it may give its reply and end between the two looks
        dead = maker == self.presence.process.id or await dead_holder(self.presence.runs, maker)
        data = await self.documents.load(owner, id)
        if data is not None:
            return REPLY.validate_python(data)
        if dead:
            return "dead"
        await asyncio.sleep(LOOK_SECONDS)
        return None

    async def free(self, owner: str, key: str, id: str) -> None:
        await self.documents.unclaim(owner, key, id)

    async def delete(self, owner: str, id: str) -> None:
        await self.documents.delete(owner, id)
