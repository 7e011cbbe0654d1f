"""Offers the house to MCP clients, over standard input and output or over HTTP."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import socket
import sys
from contextlib import suppress

from ..errors import SettingsError
from ..settings import Settings
from ..sockets import LOCAL, bind
from .ask import INTERRUPTED

BACKLOG = 128


def serve_mcp(settings: Settings, http: str | None) -> None:
    """Serve until the client leaves or a signal comes; `http` is where to listen, None for standard input and output.

    Raises:
        SettingsError: if the extra is not installed, or the address is not one to listen at.
    """
    if importlib.util.find_spec("mcp") is None:
        raise SettingsError("serving MCP needs an extra: run `tertulia setup mcp`")
    listening = listen(http) if http else None
    with suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(_serve(settings, listening))


async def _serve(settings: Settings, listening: socket.socket | None) -> None:
    from ..mcp.server import serve

    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None
    loop.add_signal_handler(signal.SIGTERM, me.cancel)
    try:
        await serve(settings, listening, say)
    except asyncio.CancelledError:
        if listening is None:  # all is closed, but for a thread that waits for standard input
            os._exit(INTERRUPTED)
        raise


def listen(address: str) -> socket.socket:
    """A socket that listens at `HOST:PORT`, which must be this machine's; port 0 takes a free one.

    Raises:
        SettingsError: if it is no such address, or is taken.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or LOCAL[0]
    if not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"{address!r} should look like 127.0.0.1:8643")
    if host not in LOCAL:
        raise SettingsError(f"MCP is served on this machine only and cannot listen on {host}; use {LOCAL[0]}:{port}")
    try:
        listening = bind(host, int(port))
        listening.listen(BACKLOG)
    except OSError as error:
        raise SettingsError(f"cannot listen on {address} ({error.strerror}); choose another port") from None
    return listening


def say(words: str) -> None:
    """Standard output holds the protocol and nothing else."""
    print(words, file=sys.stderr, flush=True)
