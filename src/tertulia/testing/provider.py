"""The contract of providers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import ModelError
from ..model import Chunk, Closes, Draft, Message, Model, Request, closing, cost, count
from ..usage import NOTHING, Usage
from .promises import promise

REQUEST = Request((Message("system", "Answer in one short sentence."), Message("user", "What is the sky like?")), 40)
TOGETHER = 4
"""Calls at the same time."""
SECONDS = 60.0
"""Most time that a call may take to end once it is stopped."""


def check_provider(make: Callable[[], Model], request: Request = REQUEST) -> None:
    """Raise AssertionError if a model breaks a promise that runs rest on.

    Args:
        make: Makes the model, which is closed in the end.
        request: What it is asked, and answers.
    """
    asyncio.run(_check(make(), request))


async def _check(model: Model, request: Request) -> None:
    try:
        promise(bool(model.name) and len(model.name.split()) == 1, f"a model has a name without spaces: {model.name!r}")
        await _check_reply(model, request)
        await _check_length(model, request)
        await _check_leaving(model, request)
        await _check_many(model, request)
    finally:
        for _ in range(2):
            if isinstance(model, Closes):  # once more does no harm
                await model.close()


async def _chunks(model: Model, request: Request) -> list[Chunk]:
    async with closing(model.stream(request)) as stream:
        return [chunk async for chunk in stream]


async def _check_reply(model: Model, request: Request) -> None:
    chunks, draft = await _chunks(model, request), Draft()
    for chunk in chunks:
        draft.add(chunk)
    promise(bool(draft.text.strip() or draft.calls), f"{model.name} replies with text, or calls a tool")
    ends = [number for number, chunk in enumerate(chunks) if chunk.finish]
    promise(len(ends) == 1, f"one chunk of a reply of {model.name} says why it ended, and {len(ends)} did")
    later = any(chunk.text or chunk.thought for chunk in chunks[ends[0] + 1 :])
    promise(not later, f"{model.name} says nothing after it said why it ended")
    if draft.usage:
        await _check_usage(model, request, draft.usage)


async def _check_usage(model: Model, request: Request, usage: Usage) -> None:
    promise(usage.read > 0 and usage.written > 0, f"{model.name} counts what it read and wrote: {usage}")
    promise(usage.hidden <= usage.written, f"what is hidden is a part of what was written: {usage}")
    promise(usage.cached <= usage.read, f"what is cached is a part of what was read: {usage}")
    most = await count(model, request)
    promise(most >= usage.read, f"{model.name} reads no more than it counts before: {usage.read}, {most}")
    for spent in (usage, NOTHING):
        price = cost(model, spent)
        promise(price is None or price >= 0, f"a price is None if it is unknown, and never below 0: {price}")


async def _check_length(model: Model, request: Request) -> None:
    short = Request(request.messages, 2)
    try:
        chunks = await _chunks(model, short)
    except ModelError:
        return
    written = [chunk.usage.written for chunk in chunks if chunk.usage]
    promise(all(number <= 2 for number in written), f"{model.name} writes no more than max_tokens: {written}")


async def _check_leaving(model: Model, request: Request) -> None:
    """A stream that is left, and a call that is cancelled, end at once, and harm none that come after."""
    async with asyncio.timeout(SECONDS), closing(model.stream(request)) as stream:
        await anext(stream)
    asking = asyncio.create_task(_chunks(model, request))
    await asyncio.sleep(0)
    asking.cancel()
    _, unfinished = await asyncio.wait([asking], timeout=SECONDS)
    promise(not unfinished, f"a call to {model.name} that is cancelled ends")
    await asyncio.gather(asking, return_exceptions=True)
    promise(bool(await _chunks(model, request)), f"{model.name} answers after a call that was left")


async def _check_many(model: Model, request: Request) -> None:
    replies = await asyncio.gather(*(_chunks(model, request) for _ in range(TOGETHER)))
    promise(all(replies), f"{model.name} answers {TOGETHER} calls at the same time")
