"""A model that says what a test tells it to: no network, no key, no chance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ..conversation import in_words
from ..model import Chunk, Request
from ..usage import Usage


def echo(system: str, text: str) -> str:
    """Says what it is told."""
    return text


@dataclass(frozen=True)
class Scripted:
    """Replies with `says(system, text)`, where `text` is the last message, in words; one word is one token."""

    says: Callable[[str, str], str] = echo
    name: str = "scripted"
    seconds: float = 0.0
    """How long it waits before it speaks."""

    async def stream(self, request: Request) -> AsyncIterator[Chunk]:
        await asyncio.sleep(self.seconds)
        system = next((message.text for message in request.messages if message.role == "system"), "")
        words = self.says(system, in_words(request.messages)[-1].text).split(" ")
        spoken = words[: request.max_tokens]
        for i, word in enumerate(spoken):
            yield Chunk(word if i == 0 else " " + word)
        usage = Usage(await self.count(request), len(spoken))
        yield Chunk(usage=usage, finish="stop" if len(spoken) == len(words) else "length")

    async def count(self, request: Request) -> int:
        return sum(len(message.text.split()) for message in request.messages)

    def cost(self, usage: Usage) -> float:
        return 0.0
