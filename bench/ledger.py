"""Proves the books and measures the overhead: ledger against bill under every fault, critical path, CPU, memory.

    python -m bench.ledger [--out bench/results]

A counting server in a process of its own plays the model, so what is measured here is Tertulia alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tertulia import Budget, House, Question, __version__
from tertulia.errors import TertuliaError
from tertulia.gate import Gate
from tertulia.providers.openai import OpenAI
from tertulia.stores.memory import Memory
from tertulia.strategies.tertulia import Tertulia

PLAN = json.dumps(
    {
        "t1": {"task": "How many minutes has a day?", "agent": "calculator", "needs": []},
        "t2": {"task": "How many hours has a week?", "agent": "calculator", "needs": []},
        "t3": {"task": "Which is larger?", "agent": "reasoner", "needs": ["t1", "t2"]},
        "t4": None,
    }
)
RULES = [
    {"match": "^You plan", "reply": PLAN},
    {"match": "writing a Python program", "reply": "print(24 * 60)"},
    {"match": "^You write the answer", "reply": "A day has more minutes than a week has hours."},
    {"match": "Conclusion", "reply": "Both are known.\nConclusion: the first is larger"},
]
CRITICAL_CALLS = 4
"""Planner, a calculator, the reasoner, the synthesizer: the longest chain of calls that wait for each other."""
FAULTS: dict[str, dict[str, object]] = {
    "none": {},
    "429 with Retry-After": {"status": 429, "retry_after": 0.1},
    "500": {"status": 500},
    "three times 503": {"status": 503, "count": 3},
    "stream cut half way": {"cut_stream": True},
    "no finish reason": {"no_finish": True},
    "no usage chunk": {"no_usage": True},
    "usage below zero": {"usage": {"prompt_tokens": -3, "completion_tokens": 7}},
    "silence (timeout)": {"hang": True},
    "connection dropped": {"status": 0},
    "web page in the place of a reply": {"html": True},
}


@dataclass(frozen=True)
class Row:
    """The books of one run."""

    fault: str
    calls: int
    bill: int
    ledger: int
    exact: bool

    @property
    def holds(self) -> bool:
        """Equal where the ledger says that it is exact; nowhere below the bill."""
        return self.ledger == self.bill if self.exact else self.ledger >= self.bill


class Witness:
    """The counting server, in a process of its own."""

    def __init__(self, url: str, http: aiohttp.ClientSession):
        self.url, self.http = url, http

    async def get(self, path: str) -> Any:
        async with self.http.get(self.url + path) as response:
            return await response.json()

    async def post(self, path: str, **body: object) -> None:
        async with self.http.post(self.url + path, json=body) as response:
            response.raise_for_status()

    async def fresh(self, **settings: object) -> None:
        await self.post("/__reset")
        await self.post("/__config", **settings)
        await self.post("/__script", rules=RULES)

    async def settled(self) -> Any:
        """The bill, once the server has noticed which clients left."""
        for _ in range(200):
            calls = await self.get("/__calls")
            if all(call["ended"] for call in calls):
                break
            await asyncio.sleep(0.01)
        return await self.get("/__stats")


@asynccontextmanager
async def witness() -> AsyncIterator[Witness]:
    ready = Path(tempfile.mkdtemp()) / "address"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.counting_server", "--port", "0", "--ready", str(ready),
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not (ready.exists() and ready.read_text().strip()):
            await asyncio.sleep(0.05)
        async with aiohttp.ClientSession() as http:
            yield Witness(ready.read_text().strip().removesuffix("/v1"), http)
    finally:
        child.terminate()
        await child.wait()
        shutil.rmtree(ready.parent)


def house(server: Witness, **more: Any) -> House:
    model = OpenAI("mock", server.url + "/v1", free=True, idle=1.0)
    return House({"default": model}, Tertulia(), gates={model.name: Gate(model.name, start=200)}, **more)


async def books(server: Witness) -> list[Row]:
    """One planned run under each fault; the fault hits its second call."""
    rows = []
    for name, fault in FAULTS.items():
        await server.fresh(latency=0.0, per_token=0.0)
        if fault:
            await server.post("/__fault", skip=1, **fault)
        journal = Memory()
        async with house(server) as asked:
            try:
                await asked.ask(Question("Which is larger?"), journal=journal)
            except TertuliaError as error:
                print(f"{name}: {error}", file=sys.stderr)
        rows.append(await row(name, journal, server))
    rows.append(await stopped("client left", server, None))
    rows.append(await stopped("budget of seconds met", server, Budget(seconds=1.0)))
    return rows


async def stopped(name: str, server: Witness, budget: Budget | None) -> Row:
    """A run that is stopped while a call is being answered: by its asker or, with a budget, by itself."""
    await server.fresh(latency=0.0, per_token=0.02)
    journal = Memory()
    async with house(server, budget=budget or Budget()) as asked:
        asking = asyncio.create_task(asked.ask(Question("Which is larger?"), journal=journal))
        if budget is None:
            await asyncio.sleep(0.7)
            asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    return await row(name, journal, server)


async def row(name: str, journal: Memory, server: Witness) -> Row:
    stats = await server.settled()
    entries = await journal.entries()
    exact = all(entry.usage.exact for entry in entries)
    return Row(name, len(entries), stats["total_tokens"], sum(entry.usage.total for entry in entries), exact)


async def critical_path(server: Witness, latency: float = 0.2, runs: int = 15) -> float:
    """Wall time of a planned question as a multiple of its critical path; the median of some runs."""
    await server.fresh(latency=latency, per_token=0.0)
    ratios = []
    async with house(server) as asked:
        await asked.ask(Question("warm up"))
        for _ in range(runs):
            began = time.perf_counter()
            await asked.ask(Question("Which is larger?"))
            ratios.append((time.perf_counter() - began) / (CRITICAL_CALLS * latency))
    return statistics.median(ratios)


async def crowd(server: Witness, questions: int) -> dict[str, float]:
    """Many questions at once in one process: CPU of a call, memory, and whether every token is booked."""
    await server.fresh(latency=0.2, per_token=0.0)
    async with house(server) as asked:
        await asked.ask(Question("warm up"))
        await server.post("/__reset")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, wall = time.process_time(), time.perf_counter()
        answers = await asyncio.gather(*(asked.ask(Question(f"Which is larger, {n}?")) for n in range(questions)))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    calls = sum(answered.report.calls for answered in answers)
    booked = sum(answered.report.total for answered in answers)
    return {
        "questions": questions,
        "calls": calls,
        "cpu_ms_per_call": 1000 * cpu / calls,
        "questions_per_second": questions / wall,
        "times_critical_path": wall / (CRITICAL_CALLS * 0.2),
        "extra_mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024,
        "booked_share": booked / (await server.settled())["total_tokens"],
    }


async def measure() -> dict[str, Any]:
    async with witness() as server:
        rows = await books(server)
        ratio = await critical_path(server)
        crowds = [await crowd(server, questions) for questions in (1, 100, 500)]
    return {
        "versions": {"tertulia": __version__, "python": platform.python_version(), "aiohttp": aiohttp.__version__},
        "books": [vars(one) | {"holds": one.holds} for one in rows],
        "times_critical_path": ratio,
        "crowds": crowds,
    }


def report(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = ["| what goes wrong | attempts | billed | in the ledger | |", "|---|---:|---:|---:|---|"]
    for one in found["books"]:
        sign = "=" if one["exact"] else "≈, not below"
        said = f"{sign}" if one["holds"] else "DOES NOT HOLD"
        lines.append(f"| {one['fault']} | {one['calls']} | {one['bill']:,} | {one['ledger']:,} | {said} |")
    lines += ["", f"One planned question takes {found['times_critical_path']:.3f} times its critical path.", ""]
    lines += ["| questions at once | calls | CPU ms a call | times the critical path | extra MiB | tokens booked |"]
    lines += ["|---:|---:|---:|---:|---:|---:|"]
    for one in found["crowds"]:
        lines.append(
            f"| {one['questions']} | {one['calls']} | {one['cpu_ms_per_call']:.2f} | {one['times_critical_path']:.2f} "
            f"| {one['extra_mib']:.0f} | {one['booked_share']:.2%} |"
        )
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    return "\n".join([*lines, "", f"Measured with {versions}; the model answers after 200 ms.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    out = parser.parse_args().out
    found = asyncio.run(measure())
    out.mkdir(parents=True, exist_ok=True)
    (out / "ledger.json").write_text(json.dumps(found, indent=2) + "\n")
    (out / "ledger.md").write_text(report(found))
    print(report(found))
    sys.exit(0 if all(one["holds"] for one in found["books"]) else 1)


if __name__ == "__main__":
    main()
