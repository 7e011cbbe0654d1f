"""Responses and replies in the database of the runs, so that they survive the server."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ..durable.presence import Presence, dead_holder
from ..errors import StoreError
from ..settings import Settings
from ..stores.documents import Documents
from ..stores.places import runs_at
from ..stores.records import Idempotency
from .archive import Archive, InMemory, Kept
from .replies import Replies, RepliesInMemory, Reply

log = logging.getLogger("tertulia.server")
JSON = dict[str, Any]
KEPT, REPLY = TypeAdapter(Kept), TypeAdapter(Reply)
RESPONSE, ONCE = "resp_", "once_"
"""How the ids of responses and of replies begin, as both are documents."""
ENDED = ("response.completed", "response.incomplete", "response.failed")
DIED = "The server that made this response ended before it was complete; what it cost is unknown. Ask again."
PRUNE_SECONDS = 3600.0
LOOK_SECONDS = 0.25
"""How often a reply is looked for that another server makes."""


@asynccontextmanager
async def keeping(settings: Settings) -> AsyncIterator[tuple[Archive, Replies]]:
    """Where the settings say that responses and replies are kept.

    Raises:
        SettingsError: if the database is of an unknown kind.
        StoreError: if it cannot be opened.
    """
    serving = settings.server
    if not serving.store:
        yield InMemory(serving.stored), RepliesInMemory(serving.stored)
        return
    async with runs_at(settings.database) as runs, Presence(runs) as presence:
        documents = Documents(runs.database)
        pruning = asyncio.create_task(_prune(documents, settings.keep_days))
        try:
            yield Stored(documents, presence), StoredReplies(documents, presence)
        finally:
            pruning.cancel()
            await asyncio.gather(pruning, return_exceptions=True)


async def _prune(documents: Documents, days: float | None) -> None:
    while days is not None:
        try:
            await documents.prune(days)
        except StoreError as error:
            log.error("old responses could not be deleted: %s", error)
        await asyncio.sleep(PRUNE_SECONDS)


@dataclass(frozen=True)
class Stored:
    """An archive in a database. All methods may raise StoreError."""

    documents: Documents
    presence: Presence

    async def save(self, kept: Kept) -> None:
        maker = "" if kept.is_over else self.presence.worker.id
        await self.documents.save(kept.owner, kept.id, {"kept": KEPT.dump_python(kept, mode="json"), "maker": maker})

    async def load(self, owner: str, id: str) -> Kept | None:
        """The response; one whose server died is settled first, as far as its events go."""
        data = await self.documents.load(owner, id) if id.startswith(RESPONSE) else None
        if data is None:
            return None
        kept, maker = KEPT.validate_python(data["kept"]), data["maker"]
        if kept.is_over or maker == self.presence.worker.id:
            return kept
        return await self._settled(kept) if await dead_holder(self.presence.runs, maker) else kept

    async def _settled(self, kept: Kept) -> Kept:
        """A response whose server died, with an end."""
        known = await self.documents.load(kept.owner, kept.id)
        if known is not None and not known["maker"]:  # it ended just before its server did
            return KEPT.validate_python(known["kept"])
        events = await self.events(kept.owner, kept.id, -1)
        kept.response.update(_ending(events) or _broken(events))
        if not events or events[-1]["type"] not in ENDED:
            first = events[-1]["sequence_number"] + 1 if events else 0
            await self.append(kept.owner, kept.id, first, _last_events(kept.response, first))
        await self.save(kept)
        return kept

    async def delete(self, owner: str, id: str) -> bool:
        return id.startswith(RESPONSE) and await self.documents.delete(owner, id)

    async def append(self, owner: str, id: str, first: int, events: Sequence[JSON]) -> None:
        await self.documents.append(owner, id, first, events)

    async def events(self, owner: str, id: str, after: int) -> Sequence[JSON]:
        found: list[JSON] = []
        while more := await self.documents.events(owner, id, after):
            found += [event for _, event in more]
            after = more[-1][0]
        return found


def _ending(events: Sequence[JSON]) -> JSON:
    """The response as its last event tells it; empty if that one was never written."""
    ending: JSON = events[-1]["response"] if events and events[-1]["type"] in ENDED else {}
    return ending


def _broken(events: Sequence[JSON]) -> JSON:
    """What changes of a response that broke off."""
    output = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    error = {"code": "server_error", "message": DIED, "param": None, "type": "server_error"}
    return {"status": "failed", "error": error, "output": output}


def _last_events(response: JSON, first: int) -> list[JSON]:
    told = {"code": "server_died", "message": DIED, "param": None}
    return [
        {"type": "error", "sequence_number": first, **told},
        {"type": "response.failed", "sequence_number": first + 1, "response": response},
    ]


@dataclass(frozen=True)
class StoredReplies:
    """Replies in a database; the id of each names the process that makes it."""

    documents: Documents
    presence: Presence

    def new_id(self) -> str:
        return f"{ONCE}{secrets.token_hex(16)}_{self.presence.worker.id}"

    async def claim(self, owner: str, idempotency: Idempotency, id: str) -> bool | str:
        known, new = await self.documents.claim(owner, idempotency, id)
        return True if new else known

    async def give(self, owner: str, id: str, reply: Reply) -> None:
        await self.documents.save(owner, id, REPLY.dump_python(reply, mode="json"))

    async def look(self, owner: str, key: str, id: str) -> Reply | None:
        maker = id.split("_", 2)[2]
        # first whether it lives: it may give its reply and end between the two looks
        dead = maker == self.presence.worker.id or await dead_holder(self.presence.runs, maker)
        data = await self.documents.load(owner, id)
        if data is not None:
            return REPLY.validate_python(data)
        if dead:
            await self.free(owner, key, id)
        else:
            await asyncio.sleep(LOOK_SECONDS)
        return None

    async def free(self, owner: str, key: str, id: str) -> None:
        await self.documents.unclaim(owner, key, id)

    async def delete(self, owner: str, id: str) -> None:
        await self.documents.delete(owner, id)
