"""A layer around a model that gives to a request it had before the reply it gave then, so that none is bought twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from types import TracebackType
from weakref import WeakValueDictionary

from pydantic import TypeAdapter, ValidationError

from ..errors import SettingsError
from ..house import House
from ..model import Chunk, Closes, Draft, Model, Request, TakesTools, closing, cost, count
from ..types import Call
from ..usage import Usage
from .measure import drop_half_line


@dataclass(frozen=True)
class KeptReply:
    """A whole reply, by the request that it answers."""

    key: str
    text: str
    usage: Usage
    finish: str
    thought: str = ""
    calls: tuple[Call, ...] = ()

    def chunk(self) -> Chunk:
        return Chunk(self.text, self.thought, self.usage, self.finish, self.calls)


class ReplyFile:
    """ReplyFile in a file of JSON lines; only whole ones with a count of their tokens are kept.

    Raises:
        SettingsError: if a whole line of the file is not a reply.
    """

    def __init__(self, file: Path) -> None:
        self._kept: dict[str, KeptReply] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        drop_half_line(file)
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for number, line in enumerate(lines, 1):
            try:
                kept = _adapter().validate_json(line)
            except ValidationError:
                raise SettingsError(f"{file}:{number} is not a reply; remove the file to ask anew") from None
            self._kept[kept.key] = kept
        file.parent.mkdir(parents=True, exist_ok=True)
        self._out = file.open("a", encoding="utf-8")

    def find(self, key: str) -> KeptReply | None:
        return self._kept.get(key)

    def keep(self, kept: KeptReply) -> None:
        self._kept[kept.key] = kept
        self._out.write(_adapter().dump_json(kept).decode() + "\n")
        self._out.flush()

    def turn(self, key: str) -> asyncio.Lock:
        """Held while a request is made, so that another that is alike waits for its reply."""
        return self._turns.setdefault(key, asyncio.Lock())

    def __enter__(self) -> ReplyFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._out.close()


@dataclass(frozen=True)
class Reusing:
    """The model, asked each request once; the usage of a reply that is used again is what it was the first time."""

    model: Model
    replies: ReplyFile = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def takes_tools(self) -> bool:
        return isinstance(self.model, TakesTools) and self.model.takes_tools

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        key = print_of(self.name, request)
        async with self.replies.turn(key):
            if known := self.replies.find(key):
                yield known.chunk()
                return
            draft = Draft()
            async with closing(self.model.stream(request)) as chunks:
                async for chunk in chunks:
                    draft.add(chunk)
                    yield chunk
            if draft.finish and draft.usage and draft.usage.exact:
                self.replies.keep(KeptReply(key, draft.text, draft.usage, draft.finish, draft.thought, draft.calls))

    async def count(self, request: Request) -> int:
        known = self.replies.find(print_of(self.name, request))
        return known.usage.read if known else await count(self.model, request)

    def cost(self, usage: Usage) -> float | None:
        return cost(self.model, usage)

    async def close(self) -> None:
        if isinstance(self.model, Closes):
            await self.model.close()


def reusing(house: House, replies: ReplyFile) -> House:
    """The house, with models that are asked each request once."""
    return house.wrapped(lambda model: Reusing(model, replies))


def print_of(model: str, request: Request) -> str:
    """A fingerprint of a request and who it is for."""
    data = json.dumps([model, asdict(request)], sort_keys=True, default=str)
    return hashlib.sha256(data.encode()).hexdigest()[:32]


@cache
def _adapter() -> TypeAdapter[KeptReply]:
    return TypeAdapter(KeptReply)
