"""Reads each document in a child process, which is stopped when it takes too much."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ....children import BARE, end, start_host
from ....errors import LimitReached, ToolError
from ....schedule import beside
from .formats import ReadingLimits
from .host import ERRORS
from .parsers import Reading


async def read(data: bytes, format: str, name: str, limits: ReadingLimits, cache: Path) -> Reading:
    """What the document says.

    Raises:
        ToolError: if it cannot be read.
        LimitReached: if it takes more time, memory or text than `limits` allow.
    """
    child = await start_host("tertulia.tools.documents.reading.host", cache, environment(cache))
    job = {"format": format, "name": name, "limits": asdict(limits)}
    try:
        async with asyncio.timeout(limits.seconds):
            reply = await _converse(child, json.dumps(job).encode() + b"\n" + data, limits)
    except TimeoutError:
        raise LimitReached(f"reading it takes more than {limits.seconds:g} seconds") from None
    finally:
        await end(child)
    return _reading(reply, child.returncode, limits)


def environment(cache: Path) -> dict[str, str]:
    """What a process that reads gets: nothing of the person's."""
    return {**BARE, "XBERG_CACHE_DIR": str(cache), "OMP_WAIT_POLICY": "passive"}


async def _converse(child: asyncio.subprocess.Process, message: bytes, limits: ReadingLimits) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    async with beside(_send(child.stdin, message)):
        most = 12 * limits.characters + (1 << 20)  # JSON may write a character as two escapes of six
        pieces: list[bytes] = []
        received = 0
        while piece := await child.stdout.read(1 << 16):
            pieces.append(piece)
            received += len(piece)
            if received > most:
                raise LimitReached(f"it has more text than {limits.characters:,} characters")
        await child.wait()
        return b"".join(pieces)


async def _send(stream: asyncio.StreamWriter, message: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a child that died is judged by its exit
        stream.write(message)
        await stream.drain()
        stream.close()
        await stream.wait_closed()


def _reading(reply: bytes, status: int | None, limits: ReadingLimits) -> Reading:
    try:
        read_back: dict[str, Any] = json.loads(reply)
    except ValueError:
        raise death(status, limits) from None
    if "error" in read_back:
        raise ERRORS.get(read_back["error"], ToolError)(read_back["message"])
    return Reading(read_back["text"], read_back["title"], tuple(read_back["pages"]), tuple(read_back["warnings"]))


def death(status: int | None, limits: ReadingLimits) -> ToolError:
    """Why a process that reads ended without a reply."""
    if status is not None and -status == getattr(signal, "SIGXCPU", None):
        return LimitReached(f"reading it takes more than {limits.seconds:g} seconds")
    if status is not None and status < 0:
        return LimitReached(
            f"reading it takes more than {limits.memory >> 20:,} MB of memory, or breaks its reader "
            f"({signal.Signals(-status).name})"
        )
    return ToolError(f"its reader failed (exit status {status})")
