"""Clients that ask a server over and over, each as soon as it is answered; what they saw is printed as JSON.

    python -m bench.clients http://127.0.0.1:8642/v1/chat/completions BODY --clients 50 --seconds 8

One process with a connection for each client, kept open where the server keeps it, and as little work for an answer as
there can be. The clients begin one after another within `--spread` seconds, as people do not ask in one moment. What
they see is measured from when each of them was answered once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

PARTS = ("prompt", "completion")


@dataclass
class Seen:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    """How long each answer took that came while it was measured."""
    window: float = 0.0
    """Seconds for which it was measured."""
    answers: int = 0
    """All answers, also those before and after."""
    failed: int = 0
    why: str = ""
    """How the last that failed ended."""
    tokens: int = 0
    """What all answers reported."""
    cpu: float = 0.0
    """Seconds of CPU that the clients themselves used."""


class Client:
    """One connection, opened anew when the server has closed it."""

    def __init__(self, url: str, body: bytes) -> None:
        parts = urlsplit(url)
        self._where = parts.hostname, parts.port
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        self._request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self) -> tuple[int, bytes]:
        """Status and body of one answer."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(*self._where, limit=1 << 24)
        try:
            self._writer.write(self._request)
            head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            _, _, length = head.partition(b"content-length:")
            body = await self._reader.readexactly(int(length.split(b"\r\n", 1)[0]))
        except BaseException:
            self.close()
            raise
        if head.startswith(b"http/1.0") or b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1]), body

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def ask_on(url: str, body: bytes, clients: int, seconds: float, spread: float, most: int | None = None) -> Seen:
    """Ask until each client was answered once and `seconds` have passed since, or `most` answers were given."""
    seen, waiting, stop, cpu = Seen(), clients, float("inf"), time.process_time()

    async def one(number: int) -> None:
        nonlocal waiting, stop
        client, asked = Client(url, body), 0
        await asyncio.sleep(spread * number / clients)
        while time.monotonic() < stop and (most is None or seen.answers < most):
            began = time.monotonic()
            try:
                status, answer = await client.ask()
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                status, answer = 0, repr(error).encode()
                await asyncio.sleep(0.1)
            ended, asked = time.monotonic(), asked + 1
            if status == 200:
                usage = json.loads(answer).get("usage") or {}
                seen.answers += 1
                seen.tokens += usage.get("total_tokens") or sum(usage.get(f"{part}_tokens", 0) for part in PARTS)
            else:
                seen.failed, seen.why = seen.failed + 1, f"{status} {answer[:200]!r}"
            if waiting == 0 and status == 200 and ended < stop:
                seen.seconds.append(ended - began)
            if asked == 1:
                waiting -= 1
                stop = ended + seconds if waiting == 0 else stop
        client.close()

    await asyncio.gather(*(one(number) for number in range(clients)))
    seen.window, seen.cpu = seconds, time.process_time() - cpu
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("body")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--spread", type=float, default=0.2)
    parser.add_argument("--most", type=int, help="answers after which they stop")
    given = parser.parse_args()
    seen = asyncio.run(ask_on(given.url, given.body.encode(), given.clients, given.seconds, given.spread, given.most))
    print(json.dumps(asdict(seen)))


if __name__ == "__main__":
    main()
