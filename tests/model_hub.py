"""A stand-in for the model hub: its addresses and answers, over real HTTP, with faults to order."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class HubStandIn:
    """What it holds, what it is to do wrong, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Content by `owner/name/file`."""
    licence: str = "apache-2.0"
    cuts: list[int] = field(default_factory=list)
    """After how many bytes to break each of the next downloads."""
    lies: dict[str, bytes] = field(default_factory=dict)
    """What to send in place of a file."""
    gated: bool = False
    ignores_ranges: bool = False
    elsewhere: str = ""
    """Address of the store that downloads are sent on to; empty to serve them itself."""
    ranges: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    """Authorization headers of downloads, as they came."""
    url: str = ""

    async def about(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"sha": REVISION, "cardData": {"license": self.licence}})

    async def tree(self, request: web.Request) -> web.Response:
        repository = self._check(request)
        entries = [{"type": "file", "path": "README.md", "size": 12, "oid": "0" * 40}]
        for name, content in self.files.items():
            if name.startswith(f"{repository}/"):
                digest = hashlib.sha256(content).hexdigest()
                lfs = {"oid": digest, "size": len(content), "pointerSize": 135}
                path = name.removeprefix(f"{repository}/")
                entries.append({"type": "file", "path": path, "size": len(content), "oid": "1" * 40, "lfs": lfs})
        return web.json_response(entries)

    async def resolve(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.match_info['repository']}/{request.match_info['file']}"
        self.tokens.append(request.headers.get("Authorization", ""))
        if self.elsewhere:
            raise web.HTTPFound(
                f"{self.elsewhere}/{request.match_info['repository']}/resolve/x/{request.match_info['file']}"
            )
        content = self.lies.get(name, self.files[name])
        asked = request.headers.get("Range", "")
        self.ranges.append(asked)
        begin = int(asked.removeprefix("bytes=").partition("-")[0]) if asked and not self.ignores_ranges else 0
        headers = {"Content-Length": str(len(content) - begin)}
        if begin:
            headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        response = web.StreamResponse(status=206 if begin else 200, headers=headers)
        await response.prepare(request)
        rest = content[begin:]
        if self.cuts:
            await response.write(rest[: self.cuts.pop(0)])
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(rest)
        return response

    def _check(self, request: web.Request) -> str:
        repository = request.match_info["repository"]
        if self.gated and not request.headers.get("Authorization"):
            raise web.HTTPUnauthorized
        if not any(name.startswith(f"{repository}/") for name in self.files):
            raise web.HTTPNotFound
        return repository


@contextmanager
def serving(hub: HubStandIn) -> Iterator[HubStandIn]:
    """The stand-in at its `url`, in a thread of its own."""
    loop = asyncio.new_event_loop()
    app = web.Application()
    owner = r"{repository:[^/]+/[^/]+}"
    app.router.add_get(f"/api/models/{owner}", hub.about)
    app.router.add_get(f"/api/models/{owner}/tree/{{revision}}", hub.tree)
    app.router.add_get(f"/{owner}/resolve/{{revision}}/{{file:.+}}", hub.resolve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> int:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        hub.url = f"http://127.0.0.1:{asyncio.run_coroutine_threadsafe(start(), loop).result(10)}"
        yield hub
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
