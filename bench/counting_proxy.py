"""Stands between any client and an OpenAI-compatible endpoint, and counts what the endpoint says it served.

    async with CountingProxy("http://127.0.0.1:8080/v1", key) as proxy:
        ...                              # use proxy.url, with any key as the name of what is counted
        proxy.tally("sk-case-7").total

Calls are told apart by the key the client sends, which goes no further than here: the endpoint gets its own key. So
several questions can be in work at once, and each gets its own bill, whatever the client itself reports. A reply
without usage is estimated and marked so.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web

from tertulia.usage import estimate

MOST_BYTES = 64 << 20
"""Of a request or a reply."""
KEPT = ("content-type", "retry-after", "x-request-id")


@dataclass(frozen=True)
class Call:
    """What the endpoint said of one call."""

    label: str
    status: int
    read: int = 0
    written: int = 0
    cached: int = 0
    exact: bool = True
    """False if the endpoint sent no usage, so that it was estimated."""
    texts: tuple[str, ...] = ()
    """What was written, a text a choice."""


@dataclass(frozen=True)
class Tally:
    """All calls with one label."""

    calls: tuple[Call, ...] = ()

    @property
    def read(self) -> int:
        return sum(call.read for call in self.calls)

    @property
    def written(self) -> int:
        return sum(call.written for call in self.calls)

    @property
    def cached(self) -> int:
        return sum(call.cached for call in self.calls)

    @property
    def total(self) -> int:
        return self.read + self.written

    @property
    def exact(self) -> bool:
        return all(call.exact for call in self.calls)


@dataclass
class CountingProxy:
    """An async context manager; it listens on this machine only."""

    endpoint: str
    """Address of the real one, with its `/v1`."""
    key: str = ""
    port: int = 0
    seconds: float = 600.0
    """Most time a call to the endpoint may take."""
    calls: list[Call] = field(default_factory=list)
    live: Counter[str] = field(default_factory=Counter)
    """Calls in flight, by label."""

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(self.seconds)
        self._http = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/v1/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._http.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def tally(self, label: str) -> Tally:
        return Tally(tuple(call for call in self.calls if call.label == label))

    async def settled(self, label: str, seconds: float = 5.0) -> Tally:
        """The bill, once no call with the label is in flight, or after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.live[label]:
                    await asyncio.sleep(0.02)
        return self.tally(label)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        label = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        path = f"{self.endpoint.rstrip('/')}/{request.match_info['path']}"
        body = await request.json() if request.method == "POST" else None
        if body and body.get("stream"):  # else nobody would know what a stream cost
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        heard = Heard(label, body or {})
        self.live[label] += 1
        try:
            async with self._http.request(
                request.method, path, json=body, headers=headers, allow_redirects=False
            ) as reply:
                return await self._pass_on(request, reply, heard)
        except (aiohttp.ClientError, TimeoutError) as error:
            heard.failed(502)
            return web.json_response({"error": {"message": f"the endpoint failed: {error}"}}, status=502)
        finally:
            self.live[label] -= 1
            if body and (call := heard.call()):
                self.calls.append(call)

    async def _pass_on(self, request: web.Request, reply: aiohttp.ClientResponse, heard: Heard) -> web.StreamResponse:
        headers = {name: value for name, value in reply.headers.items() if name.lower() in KEPT}
        heard.status = reply.status
        if "event-stream" not in reply.headers.get("Content-Type", ""):
            data = await reply.read()
            heard.whole(data)
            return web.Response(body=data, status=reply.status, headers=headers)
        out = web.StreamResponse(status=reply.status, headers=headers)
        await out.prepare(request)
        async for line in lines(reply):
            heard.line(line)
            await out.write(line)
        await out.write_eof()
        return out


@dataclass
class Heard:
    """A reply as it passes by."""

    label: str
    body: Mapping[str, Any]
    status: int = 0
    """0 until the endpoint has answered."""
    usage: Mapping[str, Any] | None = None
    texts: dict[int, str] = field(default_factory=dict)

    def failed(self, status: int) -> None:
        self.status = self.status if self.status == 200 else status

    def whole(self, data: bytes) -> None:
        with suppress(ValueError, TypeError, AttributeError):
            self._see(json.loads(data), "message")

    def line(self, line: bytes) -> None:
        if line.startswith(b"data:") and b"[DONE]" not in line:
            with suppress(ValueError, TypeError, AttributeError):
                self._see(json.loads(line[5:]), "delta")

    def _see(self, data: Mapping[str, Any], place: str) -> None:
        self.usage = data.get("usage") or self.usage
        for choice in data.get("choices") or ():
            number = choice.get("index", 0)
            self.texts[number] = self.texts.get(number, "") + ((choice.get(place) or {}).get("content") or "")

    def call(self) -> Call | None:
        """What it came to; a refused call is not billed, and one that nobody answered is counted at what was sent."""
        texts = tuple(self.texts.values())
        if self.status not in (0, 200):
            return Call(self.label, self.status)
        if self.usage:
            details = self.usage.get("prompt_tokens_details") or {}
            read, written = int(self.usage["prompt_tokens"]), int(self.usage["completion_tokens"])
            return Call(self.label, self.status, read, written, int(details.get("cached_tokens") or 0), True, texts)
        asked = "\n".join(contents(self.body.get("messages") or ()))
        return Call(self.label, self.status, estimate(asked), sum(map(estimate, texts)), 0, False, texts)


def contents(messages: Iterable[Mapping[str, Any]]) -> list[str]:
    return [str(message.get("content") or "") for message in messages]


async def lines(reply: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The reply line by line, each with its end."""
    half = b""
    async for piece in reply.content.iter_any():
        *whole, half = (half + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if half:
        yield half


async def main() -> None:
    import argparse

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("endpoint")
    parser.add_argument("--port", type=int, default=9902)
    given = parser.parse_args()
    async with CountingProxy(given.endpoint, port=given.port) as proxy:
        print(f"counting at {proxy.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
