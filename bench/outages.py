"""Workers that answer while one of them is killed, their database is cut off and their provider is down.

    python -m bench.outages --postgres postgresql://… [--workers 2,4] [--out bench/results/outages.md]

The counting server says what was paid for. Workers reach it and the database through proxies that are cut.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

from bench.counting_server import CountingServer
from bench.durable import PLAN, QUESTION
from tertulia import Question
from tertulia.stores.adding import NewRun
from tertulia.stores.places import runs_at
from tertulia.stores.records import Wanted

CALLS = 5
RULES = (
    ("You plan how", json.dumps(PLAN)),
    ("Your part: How many minutes", "print(24*60)"),
    ("Your part: How many hours", "print(24*7)"),
    ("Your part: Which is larger", "print(max(24*60, 24*7))"),
    ("You write the answer", "A day has 1440 minutes, a week 168 hours."),
)


class Cut:
    """A network between two parties that can be cut; an async context manager."""

    def __init__(self, socket: str = "", port: int = 0) -> None:
        """What is behind it: a Unix socket, or a port of this machine."""
        self.socket, self.behind = socket, port
        self.up, self.port = True, 0
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Break what is connected, and let nobody connect until `up` is set again."""
        self.up = False
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.up:
            writer.transport.abort()
            return
        if self.socket:
            inner, outer = await asyncio.open_unix_connection(self.socket)
        else:
            inner, outer = await asyncio.open_connection("127.0.0.1", self.behind)
        self._open |= {writer, outer}
        await asyncio.gather(_pump(reader, outer), _pump(inner, writer))
        self._open -= {writer, outer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def outage(postgres: str, workers: int, questions: int, dark: float, down: float) -> list[str]:
    """A row of the results: what happened to so many questions."""
    parts = urlsplit(postgres)
    folder = parse_qs(parts.query).get("host", [""])[0]
    behind = Cut(socket=f"{folder}/.s.PGSQL.5432") if folder else Cut(port=parts.port or 5432)
    async with CountingServer(latency=1.0) as server, behind as database, Cut(port=server.port) as provider:
        server.script(*RULES)
        place = f"postgresql://{parts.username}@127.0.0.1:{database.port}{parts.path}"
        started = [await worker(place) for _ in range(workers)]
        try:
            async with runs_at(postgres) as runs:
                configuration = {"model": "openai:counting", "base_url": f"http://127.0.0.1:{provider.port}/v1"}
                while len(await runs.lives.processes()) < workers:
                    await asyncio.sleep(0.1)
                ids = []
                for number in range(questions):
                    text = f"({number}) {QUESTION}"
                    run, _ = await runs.add(NewRun(Question(text), configuration, models="openai:counting"))
                    ids.append(run.id)
                while len(await runs.recent(Wanted(state="running"))) < min(questions, 2 * workers):
                    await asyncio.sleep(0.1)
                began = time.monotonic()
                started[0].kill()
                await started[0].wait()
                await asyncio.sleep(1)
                database.cut()
                await asyncio.sleep(dark)
                database.up = True
                provider.cut()
                await asyncio.sleep(down)
                provider.up = True
                async with asyncio.timeout(300):
                    while any([not (await runs.get(id)).over for id in ids]):
                        await asyncio.sleep(0.5)
                seconds = time.monotonic() - began
                ended = [await runs.get(id) for id in ids]
                entries = [entry for id in ids for entry in await runs.ledger(id)]
        finally:
            for process in started:
                if process.returncode is None:
                    process.kill()
                await process.wait()
        for run in ended:
            if run.answered is None or run.answered.answer.stopped:
                print(run.id, run.state, run.error, run.answered and run.answered.answer.stopped, file=sys.stderr)
        whole = sum(run.answered is not None and not run.answered.answer.stopped for run in ended)
        bill = server.stats()["total_tokens"]
        known = sum(entry.usage.total for entry in entries if entry.status == "ok")
        rest = sum(entry.usage.total for entry in entries if entry.status != "ok")
        served = sum(call.status == 200 for call in server.calls)
        assert known <= bill <= known + rest, (known, bill, rest)
        states = [
            str(workers),
            f"{dark:g} s",
            f"{down:g} s",
            f"{whole} of {questions}",
            str(max(r.life for r in ended)),
        ]
        return [
            *states,
            f"{questions * CALLS}",
            str(served),
            f"{known:,}",
            f"{bill:,}",
            f"{rest:,}",
            f"{seconds:.0f} s",
        ]


async def worker(place: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tertulia", "worker", "--database", place, "--limit", "openai:per_worker=4"]
    quiet = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(
        *command, stderr=quiet, env={**os.environ, "TERTULIA_CONFIG": os.devnull}
    )


HEAD = (
    "workers, one killed",
    "database cut",
    "provider down",
    "answered whole",
    "most lives",
    "calls needed",
    "calls served",
    "tokens, known",
    "tokens, billed",
    "tokens, unknown at most",
    "time",
)


async def measure(postgres: str, workers: Sequence[int], questions: int, dark: float, down: float) -> str:
    rows = [await outage(postgres, number, questions, dark, down) for number in workers]
    lines = ["| " + " | ".join(row) + " |" for row in [HEAD, ["---"] * len(HEAD), *rows]]
    about = (
        "Measured by `python -m bench.outages`. Known tokens must be at most those billed, and those billed at most\n"
        "known and unknown ones together."
    )
    return f"# Workers in trouble\n\n{about}\n\n" + "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Workers in trouble.")
    parser.add_argument("--postgres", required=True)
    parser.add_argument("--workers", default="2,4")
    parser.add_argument("--questions", type=int, default=16)
    parser.add_argument("--dark", type=float, default=20.0, help="seconds for which the database is cut off")
    parser.add_argument("--down", type=float, default=30.0, help="seconds for which the provider is down")
    parser.add_argument("--out", type=Path, default=Path("bench/results/outages.md"))
    given = parser.parse_args()
    workers = [int(one) for one in given.workers.split(",")]
    told = asyncio.run(measure(given.postgres, workers, given.questions, given.dark, given.down))
    given.out.write_text(told)
    print(told)


if __name__ == "__main__":
    main()
