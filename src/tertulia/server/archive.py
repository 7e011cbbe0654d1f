"""Responses that can be asked for again, or answered to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..types import Turn

JSON = dict[str, Any]
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
    events: Sequence[JSON] = field(default=(), repr=False)
    """The events of a background response, in the order of their `sequence_number`."""


class Archive(Protocol):
    """Where responses are kept."""

    async def save(self, kept: Kept) -> None:
        """Keep a response, in place of an earlier one of the same id."""
        ...

    async def load(self, owner: str, id: str) -> Kept | None:
        """The response; None if there is none, or if it is somebody else's."""
        ...

    async def delete(self, owner: str, id: str) -> bool:
        """Forget a response; False if there was none to forget."""
        ...


class InMemory:
    """Keeps the latest responses of each owner until the server stops."""

    def __init__(self, most: int = 1000, most_bytes: int = MOST_BYTES) -> None:
        """`most` responses of an owner, of `most_bytes` together."""
        self._most, self._most_bytes = most, most_bytes
        self._kept: dict[str, OrderedDict[str, tuple[Kept, int]]] = {}

    async def save(self, kept: Kept) -> None:
        mine = self._kept.setdefault(kept.owner, OrderedDict())
        mine.pop(kept.id, None)
        mine[kept.id] = kept, _size(kept)
        total = sum(size for _, size in mine.values())
        while mine and (len(mine) > self._most or total > self._most_bytes):
            _, (_, size) = mine.popitem(last=False)
            total -= size

    async def load(self, owner: str, id: str) -> Kept | None:
        mine = self._kept.get(owner)
        kept = mine.get(id) if mine is not None else None
        return kept[0] if kept is not None else None

    async def delete(self, owner: str, id: str) -> bool:
        mine = self._kept.get(owner)
        return mine is not None and mine.pop(id, None) is not None


def _size(kept: Kept) -> int:
    """Bytes that a response takes, about."""
    texts = len(str(kept.response)) + len(str(kept.items)) + sum(len(turn.text) for turn in kept.turns)
    return 1000 + 2 * texts + 300 * len(kept.events)
