"""Responses that can be asked for again, or answered to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..types import Turn

JSON = dict[str, Any]
UNFINISHED = ("queued", "in_progress")
"""Statuses of a response that is being made."""
MOST_BYTES = 64 << 20
"""Of memory, about, that the responses of one owner may take."""


@dataclass(frozen=True)
class Kept:
    """A response as its owner sees it, and what is needed to go on from it."""

    owner: str
    """Who asked; nobody else learns that it exists."""
    id: str
    response: JSON
    items: Sequence[JSON] = ()
    """What was asked, as items."""
    turns: tuple[Turn, ...] = ()
    """The conversation, its answer included; empty until there is one."""
    reply: str = ""
    """The reply that was kept under the request's idempotency key; empty for none."""
    blank: JSON | None = None
    """What it was before anything was written; None if it is not told from the events of a stored run."""
    ignored: tuple[str, ...] = ()
    """Parameters that had no effect, if it is told from a run."""
    failure: JSON | None = None
    """The problem that it failed with, if it is told from a run and did."""
    until: int = 0
    """Number of the last event of the run that belongs to it, once it is over."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be written."""
        return self.response["status"] not in UNFINISHED


class Archive(Protocol):
    """Where responses are kept."""

    async def save(self, kept: Kept) -> None:
        """Keep a response, in place of an earlier one of the same id."""
        ...

    async def load(self, owner: str, id: str) -> Kept | None:
        """The response; None if there is none, or if it is somebody else's."""
        ...

    async def delete(self, owner: str, id: str) -> bool:
        """Forget a response and its events; False if there was none to forget."""
        ...


@dataclass
class _Held:
    kept: Kept
    size: int
    """Bytes, about."""
    events: list[JSON] = field(default_factory=list)


class InMemory:
    """Keeps the latest responses of each owner until the server stops, and the events of those in the background."""

    def __init__(self, most: int = 1000, most_bytes: int = MOST_BYTES) -> None:
        """`most` responses of an owner, of `most_bytes` together."""
        self._most, self._most_bytes = most, most_bytes
        self._held: dict[str, OrderedDict[str, _Held]] = {}

    async def save(self, kept: Kept) -> None:
        mine = self._held.setdefault(kept.owner, OrderedDict())
        before = mine.pop(kept.id, None)
        events = before.events if before else []
        mine[kept.id] = _Held(kept, _size(kept, events), events)
        total = sum(held.size for held in mine.values())
        while mine and (len(mine) > self._most or total > self._most_bytes):
            _, held = mine.popitem(last=False)
            total -= held.size

    async def load(self, owner: str, id: str) -> Kept | None:
        held = self._find(owner, id)
        return held.kept if held else None

    async def delete(self, owner: str, id: str) -> bool:
        mine = self._held.get(owner)
        return mine is not None and mine.pop(id, None) is not None

    async def append(self, owner: str, id: str, first: int, events: Sequence[JSON]) -> None:
        """Add events to a response, the first of them with that `sequence_number`."""
        if held := self._find(owner, id):
            held.events[first:] = events

    async def events(self, owner: str, id: str, after: int) -> Sequence[JSON]:
        """Events with a `sequence_number` above `after`, in order; empty if there are no more yet."""
        held = self._find(owner, id)
        return held.events[after + 1 :] if held else ()

    def _find(self, owner: str, id: str) -> _Held | None:
        mine = self._held.get(owner)
        return mine.get(id) if mine is not None else None


def _size(kept: Kept, events: Sequence[JSON]) -> int:
    """Bytes that a response takes, about."""
    texts = len(str(kept.response)) + len(str(kept.items)) + sum(len(turn.text) for turn in kept.turns)
    return 1000 + 2 * texts + 300 * len(events)
