"""Reading images and documents in child processes that are stopped when they take too much."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from ...children import end, start_host
from ...errors import LimitReached, ToolError
from ..documents.reading.child import death, environment
from ..documents.reading.files import load
from ..documents.reading.host import ERRORS
from .limits import Limits
from .paper import Box, Paper

LONGEST_LINE = 64 << 20
"""Bytes of what one file may be read as."""
READ_BY_ONE = 200
"""Files after which a process is replaced, so that what a library leaks has an end."""


@dataclass
class Child:
    process: asyncio.subprocess.Process
    read: int = 0


@dataclass
class Eyes:
    """Reads files, a few at a time; each process loads the models once, at the first file that needs them."""

    limits: Limits = Limits()
    most: int = max(1, min(8, os.cpu_count() or 1))
    """Processes at once, each of about 600 MB once it has read an image."""
    threads: int = 1
    """Of each process; with more, busy cores made it slower."""
    _idle: list[Child] = field(default_factory=list, repr=False)
    _slots: asyncio.Semaphore | None = field(default=None, repr=False)

    async def look(self, path: Path) -> Paper:
        """What stands in a file.

        Raises:
            ToolError: if it cannot be opened or read.
            LimitReached: if it takes more bytes, pixels, time or memory than the limits allow.
        """
        return await self.read(await asyncio.to_thread(load, path, self.limits), path.name)

    async def draw(self, data: bytes, name: str, page: int, boxes: tuple[Box, ...]) -> bytes:
        """A page of an image or a PDF as PNG, turned upright, with boxes drawn on it.

        Raises:
            ToolError: if it cannot be read, or has no such page.
            LimitReached: if it takes more than the limits allow.
        """
        reply = await self._job(data, {"name": name, "draw": page, "boxes": boxes})
        return base64.b64decode(reply["png"])

    async def read(self, data: bytes, name: str) -> Paper:
        """What stands in an image or a document; its name tells the format of those that are not images.

        Raises:
            ToolError: if it cannot be read.
            LimitReached: if it takes more than the limits allow.
        """
        return TypeAdapter(Paper).validate_python(await self._job(data, {"name": name}))

    async def _job(self, data: bytes, job: dict[str, Any]) -> dict[str, Any]:
        self._slots = self._slots or asyncio.Semaphore(self.most)
        async with self._slots:
            child = self._idle.pop() if self._idle else Child(await self._started())
            whole = False
            try:
                reply = await self._asked(child, data, job)
                whole, child.read = True, child.read + 1
            finally:
                if whole and child.read < READ_BY_ONE:
                    self._idle.append(child)
                else:
                    await end(child.process)
        if "error" in reply:
            raise ERRORS.get(reply["error"], ToolError)(reply["message"])
        return reply

    async def _started(self) -> asyncio.subprocess.Process:
        folder = Path(tempfile.gettempdir())
        return await start_host("tertulia.tools.vision.eye_host", folder, environment(folder), LONGEST_LINE)

    async def _asked(self, child: Child, data: bytes, job: dict[str, Any]) -> dict[str, Any]:
        process = child.process
        assert process.stdin is not None
        assert process.stdout is not None
        job = {**job, "limits": asdict(self.limits), "threads": self.threads, "length": len(data)}
        try:
            async with asyncio.timeout(self.limits.seconds):
                process.stdin.write(json.dumps(job).encode() + b"\n" + data)
                await process.stdin.drain()
                line = await process.stdout.readline()
            reply: dict[str, Any] = json.loads(line)
            return reply
        except TimeoutError:
            raise LimitReached(f"reading it takes more than {self.limits.seconds:g} seconds") from None
        except (ValueError, ConnectionError):  # cut, too long, or nobody there any more
            await end(process)
            raise death(process.returncode, self.limits) from None

    async def close(self) -> None:
        """End the processes."""
        while self._idle:
            await end(self._idle.pop().process)

    async def __aenter__(self) -> Eyes:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
