"""Measures what durability costs: CPU a model call, disk a run, a long list, and questions a second by workers.

    python -m bench.durable [--postgres URL] [--workers 1,2,4] [--out bench/results/durable.md]

The model is scripted, so that nothing but our own work is measured; the workers ask a counting server that takes 50 ms
a call. `URL` is of a Postgres that may be written to; without it, workers share a SQLite file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from tertulia import House, Question
from tertulia.durable.life import resume
from tertulia.durable.liveness import BEAT_SECONDS, Heartbeat
from tertulia.durable.queues import POLL_SECONDS
from tertulia.durable.reaper import LOOK_SECONDS
from tertulia.durable.worker import SWEEP_SECONDS
from tertulia.providers.scripted import Scripted
from tertulia.stores.adding import NewRun
from tertulia.stores.database import Connection, Database, Outcome
from tertulia.stores.places import runs_at
from tertulia.stores.records import Process, Wanted
from tertulia.stores.runs import Runs
from tertulia.strategies.tertulia import Tertulia

PLAN = {
    "t1": {"task": "How many minutes has a day?", "agent": "calculator", "needs": []},
    "t2": {"task": "How many hours has a week?", "agent": "calculator", "needs": []},
    "t3": {"task": "Which is larger?", "agent": "calculator", "needs": ["t1", "t2"]},
}
QUESTION = "How many minutes has a day? How many hours has a week? And which of the two is larger?"
RULES = (
    ("You plan how", json.dumps(PLAN)),
    ("Python", "print(24*60)"),
    ("You write the answer", "A day has 1440 minutes, a week 168 hours."),
)
T = TypeVar("T")
OF_DBOS = 5
"""Transactions that DBOS makes a run: put in the queue, seen there, taken out, looked at, ended."""
OF_POLL = 2
"""Transactions that DBOS makes each time it looks into a queue."""
SLOTS, RUN_SECONDS = 8, 20
"""Runs at work on a worker, and how long one takes, for the simulation."""


@dataclass(frozen=True)
class Row:
    what: str
    value: str


def says(system: str, text: str) -> str:
    return next((reply for match, reply in RULES if match in system), "Conclusion: 42")


async def asked(house: House, number: int, runs: Runs | None = None) -> tuple[float, float, int]:
    """CPU seconds, seconds and model calls of so many questions, four at a time."""
    gate, calls = asyncio.Semaphore(4), 0

    async def one(heartbeat: Heartbeat | None) -> None:
        nonlocal calls
        async with gate:
            if runs is None or heartbeat is None:
                answered = await house.ask(Question(QUESTION))
            else:
                run, _ = await runs.add(NewRun(Question(QUESTION), {"model": "scripted"}, models="scripted"))
                answered = await resume(run.id, house, heartbeat)
            calls += answered.report.calls

    await one(None)
    calls, cpu, began = 0, time.process_time(), time.perf_counter()
    if runs is None:
        await asyncio.gather(*(one(None) for _ in range(number)))
    else:
        async with Heartbeat(runs) as heartbeat:
            await asyncio.gather(*(one(heartbeat) for _ in range(number)))
    return time.process_time() - cpu, time.perf_counter() - began, calls


async def overhead(folder: Path, number: int) -> list[Row]:
    """What the store adds to each call, in CPU of this process, writer thread included."""
    added, bare, durable = list[float](), list[float](), list[float]()
    async with House({"default": Scripted(says)}, Tertulia()) as house:
        for _ in range(3):
            cpu, _, calls = await asked(house, number)
            bare.append(1000 * cpu / calls)
            async with runs_at(str(folder / "overhead.db")) as runs:
                cpu, _, calls = await asked(house, number, runs)
            durable.append(1000 * cpu / calls)
            added.append(durable[-1] - bare[-1])
    file = folder / "overhead.db"
    connection = sqlite3.connect(file)
    kept = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    connection.close()
    return [
        Row("CPU a model call, not stored", f"{statistics.median(bare):.2f} ms"),
        Row("CPU a model call, stored in SQLite", f"{statistics.median(durable):.2f} ms"),
        Row("CPU that storing adds to a model call", f"**{statistics.median(added):.2f} ms** (goal 3 ms)"),
        Row("disk a run of five calls", f"{file.stat().st_size / kept / 1024:.1f} KiB"),
    ]


async def listing(folder: Path, number: int = 10_000) -> list[Row]:
    """How long a list of many runs takes."""
    async with runs_at(str(folder / "list.db")) as runs:
        run, _ = await runs.add(NewRun(Question(QUESTION), {"model": "scripted"}, models="scripted"))
        await runs.database.transact(
            lambda connection: [
                connection.execute(
                    f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) "
                    "INSERT INTO runs (id, owner, status, text, strategy, models, created) "
                    "SELECT 'run_' || i, '', 'answered', text, strategy, models, created - i FROM n, runs WHERE id = ?",
                    (run.id,),
                ),
                connection.execute(
                    "INSERT INTO bodies (run, question, configuration) SELECT runs.id, question, configuration "
                    "FROM runs, bodies WHERE runs.id <> ? AND run = ?",
                    (run.id, run.id),
                ),
            ]
        )
        rows = []
        for name, wanted in (
            ("all", Wanted(most=number)),
            ("the newest 50", Wanted()),
            ("those that hold a text", Wanted(text="no such words")),
        ):
            times = []
            for _ in range(5):
                began = time.perf_counter()
                await runs.recent(wanted)
                times.append(1000 * (time.perf_counter() - began))
            rows.append(Row(f"listing {name} of {number:,} runs", f"{statistics.median(times):.1f} ms"))
        return rows


async def throughput(place: str, workers: int, questions: int, url: str) -> float:
    """Questions a second from the first that begins to the last that ends."""
    started = []
    command = [sys.executable, "-m", "tertulia", "worker", "--database", place, "--limit", "openai:per_worker=2"]
    try:
        async with runs_at(place) as runs:
            for _ in range(workers):
                started.append(
                    await asyncio.create_subprocess_exec(
                        *command, stderr=asyncio.subprocess.DEVNULL, env={**os.environ, "TERTULIA_CONFIG": os.devnull}
                    )
                )
            while len(await runs.lives.processes()) < workers:
                await asyncio.sleep(0.1)
            await asyncio.sleep(2)  # until all of them have found the queues
            configuration = {"model": "openai:counting", "base_url": url}
            for _ in range(questions):
                await runs.add(NewRun(Question(QUESTION), configuration, models="openai:counting"))
            async with asyncio.timeout(240):
                while any(not run.over for run in await runs.recent(Wanted(most=questions))):
                    await asyncio.sleep(0.2)
            done = await runs.recent(Wanted(most=questions))
            assert all(run.state == "answered" for run in done), [run.error for run in done]
            return questions / (max(run.ended or 0 for run in done) - min(run.began or 0 for run in done))
    finally:
        for process in started:
            process.terminate()
            await process.wait()


async def bounds(place: str, seconds: float = 2.0) -> list[Row]:
    """What a run and a worker ask of the database, what it can do, and so what bounds many workers."""
    async with runs_at(place) as runs, House({"default": Scripted(says)}, Tertulia()) as house:
        counted = Counting(runs.database)
        runs.database = counted
        run, _ = await runs.add(NewRun(Question(QUESTION), {"model": "scripted"}, models="scripted"))
        async with Heartbeat(runs, seconds=60) as heartbeat:
            counted.number = 0
            await resume(run.id, house, heartbeat)
            a_run = counted.number + OF_DBOS
        me = [Process(f"w{number}", "bench", 0, 0.0, 0, 0.0) for number in range(32)]
        began, counted.number = time.perf_counter(), 0

        async def beat(worker: Process) -> None:
            while time.perf_counter() - began < seconds:
                await runs.lives.beat(worker)

        await asyncio.gather(*(beat(worker) for worker in me))
        most = counted.number / (time.perf_counter() - began)
        for worker in me:
            await runs.lives.requeue(worker.id)
    a_worker = 1 / SWEEP_SECONDS + OF_POLL / POLL_SECONDS + 1 / BEAT_SECONDS + 1 / LOOK_SECONDS + 1
    rows = [
        Row("transactions a run of five calls, those of DBOS counted as 5", f"{a_run}"),
        Row("transactions a second of an idle worker", f"{a_worker:.0f}"),
        Row("transactions a second that this database did, from one process", f"{most:.0f}"),
    ]
    for workers in (10, 100, 1000):
        runs_a_second = workers * SLOTS / RUN_SECONDS
        needed = workers * a_worker + runs_a_second * a_run
        rows.append(
            Row(
                f"{workers:,} workers, {SLOTS} runs of {RUN_SECONDS} s each: {runs_a_second:,.0f} questions a second",
                f"{needed:,.0f} transactions a second, {workers * a_worker / needed:.0%} of them polling; "
                f"about {workers * 3:,} connections",
            )
        )
    return rows


class Counting:
    """A database that counts its transactions."""

    def __init__(self, inner: Database) -> None:
        self.inner, self.number, self.url = inner, 0, inner.url

    async def transact(self, work: Callable[[Connection], T]) -> T:
        self.number += 1
        return await self.inner.transact(work)

    def submit(self, work: Callable[[Connection], Any], then: Callable[[Outcome], object]) -> None:
        self.number += 1
        self.inner.submit(work, then)

    async def read(self, work: Callable[[Connection], T]) -> T:
        self.number += 1
        return await self.inner.read(work)

    async def open(self) -> None:
        await self.inner.open()

    async def erase(self) -> None:
        await self.inner.erase()

    async def close(self) -> None:
        await self.inner.close()


async def scaling(place: str, folder: Path, workers: Sequence[int], latency: float) -> list[Row]:
    """How throughput grows with workers, as ratios to one."""
    ready = folder / "address"
    command = [sys.executable, "-m", "bench.counting_server", "--port", "0", "--ready", str(ready)]
    quiet = asyncio.subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec(*command, "--latency", str(latency), stdout=quiet)
    try:
        while not (ready.exists() and ready.read_text()):
            await asyncio.sleep(0.05)
        url = ready.read_text()
        await script(url)
        rates = [await throughput(place, number, 32, url) for number in workers]
    finally:
        server.kill()
        await server.wait()
    kind = place.partition(":")[0] if "://" in place else "sqlite"
    return [
        Row(f"{number} workers on {kind}, calls of {1000 * latency:g} ms", f"{rate / rates[0]:.2f} × one worker")
        for number, rate in zip(workers, rates, strict=True)
    ]


async def script(url: str) -> None:
    import aiohttp

    rules = [{"match": match, "reply": reply} for match, reply in RULES]
    async with (
        aiohttp.ClientSession() as session,
        session.post(url.removesuffix("/v1") + "/__script", json={"rules": rules}) as response,
    ):
        response.raise_for_status()


def versions() -> str:
    names = []
    for name in ("dbos", "psycopg"):
        try:
            names.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    cores = os.cpu_count()
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {', '.join(names)}, {cores} cores"


async def measure(postgres: str, workers: Sequence[int], latency: float) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = await overhead(folder, 40) + await listing(folder)
        place = postgres or str(folder / "workers.db")
        rows += await scaling(place, folder, workers, latency) + await bounds(place)
    lines = [f"| {row.what} | {row.value} |" for row in rows]
    about = "Measured by `python -m bench.durable`; medians; the last three rows are computed from those above them."
    head = f"# What durability costs\n\n{about}\n{versions()}.\n"
    return "\n".join([head, "| what | measured |", "|---|---|", *lines]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures what durability costs.")
    parser.add_argument("--postgres", default="", help="address of a Postgres to share among workers")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--latency", type=float, default=0.5, help="seconds a model call takes")
    parser.add_argument("--out", type=Path, default=Path("bench/results/durable.md"))
    given = parser.parse_args()
    told = asyncio.run(measure(given.postgres, [int(one) for one in given.workers.split(",")], given.latency))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(told)
    print(told)


if __name__ == "__main__":
    main()
