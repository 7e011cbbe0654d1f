"""The server process: listens, and stops in order when told to."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

import uvicorn
from starlette.routing import BaseRoute

from ..settings import Settings
from ..sockets import address, bind
from .app import build
from .startup import open_service

BACKLOG = 2048
SOCKETS = 16_384
"""Each client has one, and each model call in flight."""


class Server(uvicorn.Server):
    """A server that takes no new work from the moment it is told to stop."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self.on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        service = getattr(self.config.app.state, "service", None)  # type: ignore[union-attr]
        if service is not None:
            service.drain()
        super().handle_exit(sig, frame)


def serve(
    settings: Settings, host: str, port: int, say: Callable[[str], None], pages: Sequence[BaseRoute] = ()
) -> bool:
    """Serve until a signal; False if it could not start.

    Args:
        pages: What is served beside the API.

    Raises:
        SettingsError: if it would serve anybody, or a house cannot be opened.
    """
    app = build(open_service(settings, host, say), settings.server.origins, pages)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        loop="asyncio",  # the one that everything here is tested in
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, round(settings.server.grace_seconds)),
        proxy_headers=False,
    )
    allow_sockets()
    listening = bind(host, port)
    url = address(listening)
    keys = len(settings.server.keys)
    who = f"{keys} keys" if keys else "no keys, so only this machine is served"
    server = Server(
        config, lambda: say(f"{url}/v1 ({who}); docs at {url}/docs" + (f", the page at {url}/" if pages else ""))
    )
    server.run([listening])
    return server.started


def allow_sockets() -> None:
    """Let the process hold `SOCKETS`, or as many as it may: many systems give a process 256 or 1024 unless it asks."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = SOCKETS if hard == resource.RLIM_INFINITY else min(hard, SOCKETS)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
