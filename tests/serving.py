"""A real server in a thread, over a house with a fixed mind, for tests that speak to it as clients do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from tertulia import House
from tertulia.providers.scripted import Scripted
from tertulia.server.app import build
from tertulia.server.archive import InMemory
from tertulia.server.desk import Desk
from tertulia.server.fetching import fetching
from tertulia.server.houses import Houses
from tertulia.server.keys import Door
from tertulia.server.serve import Server, listen
from tertulia.settings import Serving
from tertulia.strategies.tertulia import Tertulia

from .conftest import says


def scripted_house(says: Callable[[str, str], str] = says, seconds: float = 0.0, **kwargs: Any) -> House:
    kwargs.setdefault("strategy", Tertulia())
    return House({"default": Scripted(says, seconds=seconds)}, **kwargs)


class Served:
    """A server that runs."""

    def __init__(self, port: int, desk: Desk, loop: asyncio.AbstractEventLoop) -> None:
        self.port, self.desk, self.loop = port, desk, loop
        self.url = f"http://127.0.0.1:{port}"

    def tasks(self) -> int:
        """Tasks that are alive in the server's loop."""
        return asyncio.run_coroutine_threadsafe(_count(), self.loop).result(5)


async def _count() -> int:
    return len(asyncio.all_tasks()) - 1


@contextmanager
def serving(house: House | None = None, further: dict[str, House] | None = None, **settings: Any) -> Iterator[Served]:
    """Serve `house` until the block ends; `settings` are those of `Serving`."""
    serving = Serving(**settings)
    started: dict[str, Any] = {}
    ready = threading.Event()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Desk]:
        async with house or scripted_house() as default, fetching(serving) as fetcher:
            door = Door(serving.keys, tuple(serving.origins))
            archive = InMemory(serving.stored)
            started["desk"] = Desk(Houses(default, further or {}), door, serving, archive, fetcher=fetcher)
            started["loop"] = asyncio.get_running_loop()
            yield started["desk"]
            ready.clear()

    listening = listen("127.0.0.1", 0)
    app = build(opening(), serving.origins)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=2,
        loop="asyncio",
    )
    server = Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        ready.wait(0.01)
    try:
        yield Served(listening.getsockname()[1], started["desk"], started["loop"])
    finally:
        server.should_exit = True
        thread.join(15)
        listening.close()
