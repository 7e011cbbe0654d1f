"""Measures the server: throughput, latency, CPU and memory over a model that answers after 200 ms; optillm beside it.

    python -m bench.serve [--optillm PROGRAM] [--out bench/results/serve.md]

The model (`counting_server`), the server and the clients (`clients`) are processes of their own, and the CPU of each is
counted. `PROGRAM` is the `optillm` of an environment of its own (`pip install optillm`); without it only Tertulia is
measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from .clients import Seen

LATENCY = 0.2
CLIENTS = (1, 10, 50, 100, 300)
SECONDS = 8.0
"""How long each is measured, once every client was answered."""
CALM = 0.15
"""Share of the cores below which other work does not count."""
LONG, AT_ONCE = 10_000, 50
"""Requests after which the memory is measured, and the clients who ask them."""
SETTINGS = 'model = "openai:counting"\nbase_url = "{url}"\n[server]\nruns = 512\nqueue = 512\nstore = {store}\n'
RULES = [
    {
        "match": "^You plan",
        "reply": json.dumps(
            {
                "t1": {"task": "How many minutes has a day?", "agent": "calculator", "needs": []},
                "t2": {"task": "How many hours has a week?", "agent": "calculator", "needs": []},
                "t3": {"task": "Which is larger?", "agent": "reasoner", "needs": ["t1", "t2"]},
                "t4": None,
            }
        ),
    },
    {"match": "writing a Python program", "reply": "print(24 * 60)"},
    {"match": "Conclusion", "reply": "Both are known.\nConclusion: the first is larger"},
    {"match": "^You write the answer", "reply": "A day has more minutes than a week has hours."},
]
MESSAGES = [{"role": "user", "content": "Are there more minutes in a day than hours in a week?"}]


@dataclass(frozen=True)
class Way:
    """A way of answering, and the calls of it that wait for each other."""

    server: str
    model: str
    chain: int

    @property
    def path(self) -> float:
        """Seconds of the critical path."""
        return self.chain * LATENCY


PAIRS = (
    (Way("tertulia", "tertulia-direct", 1), Way("optillm", "cot_reflection-counting", 1)),
    (Way("tertulia", "tertulia-mixture", 3), Way("optillm", "moa-counting", 3)),
    (Way("tertulia", "tertulia-tertulia", 4), None),
)
"""Ways of ours, each with the way of theirs that waits as long for the model."""


@dataclass(frozen=True)
class Cpu:
    """Seconds of CPU that each process has used."""

    server: float
    model: float
    clients: float = 0.0


@dataclass(frozen=True)
class Measured:
    way: Way
    clients: int
    seen: Seen
    cpu: Cpu
    reported: float
    """Share of the tokens billed that the answers reported."""
    calls: float
    """Model calls an answer."""
    memory: float
    """MiB of the server and its children afterwards."""
    others: float
    """Share of the machine that work of others took meanwhile, 0 to 1."""

    @property
    def rate(self) -> float:
        """Requests answered in a second."""
        return len(self.seen.seconds) / self.seen.window

    @property
    def reached(self) -> float:
        """Share of the rate that so many clients could have if nothing but the model took time."""
        return self.rate / (self.clients / self.way.path)

    @property
    def p95(self) -> float:
        return sorted(self.seen.seconds)[int(0.95 * (len(self.seen.seconds) - 1))]


@dataclass(frozen=True)
class Servers:
    """What is measured: a server and the model behind it."""

    url: str
    counting: str
    server: psutil.Process
    model: psutil.Process

    @property
    def cpu(self) -> Cpu:
        return Cpu(used(self.server), used(self.model))

    @property
    def memory(self) -> float:
        """MiB that the server and its children hold."""
        family = (self.server, *self.server.children(recursive=True))
        return float(sum(one.memory_info().rss for one in family) / (1 << 20))


def free_port() -> int:
    with socket.socket() as probing:
        probing.bind(("127.0.0.1", 0))
        return int(probing.getsockname()[1])


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[psutil.Process]:
    """A server process, from when it answers at `url`."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)
        try:
            asyncio.run(answers(url))
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


async def answers(url: str) -> None:
    """Return when somebody answers."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


async def measure(way: Way, servers: Servers, clients: int) -> Measured:
    """`clients` who each ask again as soon as they are answered."""
    await ask(way, servers, 1, most=1)  # the first request of a kind loads what it needs
    await told(servers, "reset")
    await told(servers, "script", rules=RULES)
    before, machine = servers.cpu, busy()
    seen = await ask(way, servers, clients)
    after, machine_after = servers.cpu, busy()
    cpu = Cpu(after.server - before.server, after.model - before.model, seen.cpu)
    took, all_of_it = machine_after[0] - machine[0], machine_after[1] - machine[1]
    stats = await told(servers, "stats")
    return Measured(
        way,
        clients,
        seen,
        cpu,
        seen.tokens / stats["total_tokens"],
        stats["calls"] / max(1, seen.answers),
        servers.memory,
        max(0.0, took - cpu.server - cpu.model - cpu.clients) / all_of_it,
    )


async def ask(way: Way, servers: Servers, clients: int, most: int | None = None) -> Seen:
    """What clients in a process of their own see."""
    url, body = f"{servers.url}/v1/chat/completions", json.dumps({"model": way.model, "messages": MESSAGES})
    numbers = {"clients": clients, "seconds": SECONDS, "spread": way.path, **({"most": most} if most else {})}
    options = [part for name, value in numbers.items() for part in (f"--{name}", str(value))]
    asking = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.clients", url, body, *options, stdout=subprocess.PIPE
    )
    printed, _ = await asking.communicate()
    return Seen(**json.loads(printed))


async def told(servers: Servers, what: str, **fields: Any) -> Any:
    """What the counting server says."""
    async with (
        aiohttp.ClientSession() as session,
        session.request("POST" if what != "stats" else "GET", f"{servers.counting}/__{what}", json=fields) as response,
    ):
        return await response.json()


def used(process: psutil.Process) -> float:
    """Seconds of CPU that a process and its children have used."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def busy() -> tuple[float, float]:
    """Seconds for which the cores of the machine were busy, and all there were."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0), sum(times)


async def calm(until: float) -> None:
    """Return when the machine has little else to do, or at `until` by the monotonic clock."""
    while time.monotonic() < until:
        before = busy()
        await asyncio.sleep(2)
        after = busy()
        if after[0] - before[0] < CALM * (after[1] - before[1]):
            return


async def grow(way: Way, servers: Servers) -> list[float]:
    """MiB of the server after each tenth of `LONG` requests."""
    held = []
    for _ in range(10):
        await ask(way, servers, AT_ONCE, most=LONG // 10)
        await told(servers, "reset")
        held.append(servers.memory)
    return held


def table(rows: list[Measured]) -> str:
    lines = [
        "| server, model | clients | requests/s | of what is possible | p50 s | p95 s | p95 / critical path "
        "| CPU ms: server | CPU ms: model | CPU ms: clients | calls | tokens reported | MiB | failed | others |",
        "|---|" + "---:|" * 14,
    ]
    for row in rows:
        each = 1000 / max(1, row.seen.answers)
        median = statistics.median(row.seen.seconds or [0.0])
        lines.append(
            f"| {row.way.server} `{row.way.model}` | {row.clients} | {row.rate:.1f} | {row.reached:.0%} "
            f"| {median:.2f} | {row.p95:.2f} | {row.p95 / row.way.path:.2f} "
            f"| {row.cpu.server * each:.1f} | {row.cpu.model * each:.1f} | {row.cpu.clients * each:.1f} "
            f"| {row.calls:.1f} | {row.reported:.0%} | {row.memory:.0f} | {row.seen.failed} "
            f"| {row.others:.0%} |"
        )
    return "\n".join(lines)


def compared(rows: list[Measured]) -> str:
    """Our throughput as a multiple of theirs, for ways that wait as long for the model."""
    lines = ["| critical path | clients | tertulia / optillm | possible |", "|---|---:|---:|---:|"]
    for ours, theirs in PAIRS:
        for one in (row for row in rows if row.way == ours):
            for other in (row for row in rows if row.way == theirs and row.clients == one.clients):
                lines.append(
                    f"| {ours.path:.1f} s | {one.clients} | {one.rate / other.rate:.1f} | {1 / other.reached:.1f} |"
                )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--optillm", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--clients", type=int, nargs="*", default=CLIENTS)
    parser.add_argument("--store", action="store_true", help="with every question stored as a run, as the server comes")
    parser.add_argument("--short", action="store_true", help=f"without the {LONG:,} requests for the memory")
    parser.add_argument("--patience", type=float, default=0.0, help="seconds to wait in all for a calm machine")
    given = parser.parse_args()
    patient = time.monotonic() + given.patience
    rows: list[Measured] = []
    held: list[float] = []
    counted, port = free_port(), free_port()
    counting, url = f"http://127.0.0.1:{counted}", f"http://127.0.0.1:{port}"
    provider = [sys.executable, "-m", "bench.counting_server", "--port", str(counted), "--latency", str(LATENCY)]
    with tempfile.TemporaryDirectory() as folder, running(provider, f"{counting}/v1/models") as model:
        config = Path(folder, "config.toml")
        config.write_text(SETTINGS.format(url=f"{counting}/v1", store=str(given.store).lower()))
        ours = [sys.executable, "-m", "tertulia", "serve", "--port", str(port)]
        sides = [([pair[0] for pair in PAIRS], ours)]
        if given.optillm:
            theirs = [str(given.optillm), "--base-url", f"{counting}/v1", "--port", str(port), "--model", "counting"]
            sides.append(([pair[1] for pair in PAIRS if pair[1]], theirs))
        for ways, command in sides:
            environment = {"TERTULIA_CONFIG": str(config), "TERTULIA_DATA": folder, "OPENAI_API_KEY": "none"}
            environment |= {"OPTILLM_API_KEY": ""}
            with running(command, f"{url}/v1/models", **environment) as server:
                servers = Servers(url, counting, server, model)
                for way in ways:
                    for clients in given.clients:
                        asyncio.run(calm(patient))
                        rows.append(asyncio.run(measure(way, servers, clients)))
                        print(table(rows[-1:]).splitlines()[-1], rows[-1].seen.why, file=sys.stderr, flush=True)
                if command is ours and not given.short:
                    held = asyncio.run(grow(ways[-1], servers))
    text = report(rows, held, given.optillm)
    if given.out:
        given.out.write_text(text)
    print(text)


def report(rows: list[Measured], held: list[float], optillm: Path | None) -> str:
    """What was measured, as Markdown."""
    parts = [table(rows)]
    if optillm:
        said = "Throughput as a multiple of optillm's; `possible` is the most that so many clients allow."
        parts += [said, compared(rows)]
    if held:
        after = ", ".join(f"{one:.0f}" for one in held)
        parts.append(f"MiB of the server after each tenth of {LONG:,} planned questions of {AT_ONCE} clients: {after}.")
    ours = ", ".join(f"{name} {version(name)}" for name in ("tertulia", "starlette", "uvicorn"))
    about = f"Measured with {ours}, python {platform.python_version()}, {os.cpu_count()} cores for model, server and "
    about += f"clients together; the model answers after {LATENCY * 1000:.0f} ms; CPU and MiB are those of the server "
    about += "and its children; `others` is the share of the cores that other work on the machine took meanwhile."
    if optillm:
        asking = "import importlib.metadata as installed; print(installed.version('optillm'))"
        told = subprocess.run([optillm.parent / "python", "-c", asking], capture_output=True, text=True, check=True)
        about += f" Beside it optillm {told.stdout.strip()}."
    return "\n\n".join([*parts, about]) + "\n"


if __name__ == "__main__":
    main()
