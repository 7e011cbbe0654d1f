"""Makes a loop over events of work that tells a listener of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import replace
from typing import Any

from .events import Event, Text, Thought, ignore
from .schedule import beside


async def as_events(
    work: Callable[[Callable[[Event], None]], Coroutine[Any, Any, object]],
    on_event: Callable[[Event], None] = ignore,
) -> AsyncGenerator[Event, None]:
    """Yield what `work` tells its listener, as it happens; leaving the loop early cancels the work.

    A reader that is slow gets longer pieces of text, not more of them.

    Args:
        on_event: Told of every event as it happens, also of those that come after the reader has left.
    """
    waiting: deque[Event] = deque()
    news = asyncio.Event()

    def happened(event: Event) -> None:
        on_event(event)
        if waiting and (both := merged(waiting[-1], event)):
            waiting[-1] = both
        else:
            waiting.append(event)
        news.set()

    async with beside(work(happened)) as working:
        working.add_done_callback(lambda _: news.set())
        while not working.done() or waiting:
            await news.wait()
            news.clear()
            while waiting:
                yield waiting.popleft()
        await working


def merged(one: Event, other: Event) -> Event | None:
    """Two pieces of the same reply as one; None if they are not."""
    if isinstance(one, Text) and isinstance(other, Text) and one.key == other.key:
        return replace(one, text=one.text + other.text)
    if isinstance(one, Thought) and isinstance(other, Thought) and one.key == other.key:
        return replace(one, text=one.text + other.text)
    return None
