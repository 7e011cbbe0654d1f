"""A real server in a thread, over a house with a fixed mind, for tests that speak to it as clients do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import uvicorn

from tertulia import House
from tertulia.providers.scripted import Scripted
from tertulia.server.app import build
from tertulia.server.houses import Houses
from tertulia.server.keys import Door
from tertulia.server.process import Server
from tertulia.server.service import Service
from tertulia.server.startup import at_work
from tertulia.settings import Serving
from tertulia.sockets import bind
from tertulia.stores.runs import Runs
from tertulia.stores.transient import Transient
from tertulia.strategies.tertulia import Tertulia
from tertulia.web.routes import routes

from .conftest import says

T = TypeVar("T")


def scripted_house(says: Callable[[str, str], str] = says, seconds: float = 0.0, **kwargs: Any) -> House:
    kwargs.setdefault("strategy", Tertulia())
    return House({"default": Scripted(says, seconds=seconds)}, **kwargs)


class Served:
    """A server that runs."""

    def __init__(self, port: int, service: Service, loop: asyncio.AbstractEventLoop) -> None:
        self.port, self.service, self.loop = port, service, loop
        self.url = f"http://127.0.0.1:{port}"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(5)

    def tasks(self) -> int:
        """Tasks that are alive in the server's loop."""
        return self.run(_count())


async def _count() -> int:
    return len(asyncio.all_tasks()) - 1


@contextmanager
def serving(house: House | None = None, further: dict[str, House] | None = None, **settings: Any) -> Iterator[Served]:
    """Serve `house` until the block ends; `settings` are those of `Serving`."""
    serving = Serving(store=False, **settings)
    started: dict[str, Any] = {}
    ready = threading.Event()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Service]:
        door = Door(serving.keys, tuple(serving.origins))
        async with (
            house or scripted_house() as default,
            at_work(Houses(default, further or {}), door, serving, Runs(Transient())) as service,
        ):
            started["service"] = service
            started["loop"] = asyncio.get_running_loop()
            yield service
            ready.clear()

    listening = bind("127.0.0.1", 0)
    app = build(opening(), serving.origins, routes())
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
        yield Served(listening.getsockname()[1], started["service"], started["loop"])
    finally:
        server.should_exit = True
        thread.join(15)
        listening.close()
