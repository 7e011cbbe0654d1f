"""Measures the server: throughput, latency and CPU over a model that answers after 200 ms, and optillm beside it.

    python -m bench.serve [--optillm PROGRAM] [--out bench/results/serve.md]

The model (a counting server), the server and the clients are processes of their own. `PROGRAM` is the `optillm` of an
environment of its own (`pip install optillm`); without it only Tertulia is measured.
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

import aiohttp
import psutil

LATENCY = 0.2
CLIENTS = (1, 10, 50, 100)
PER_CLIENT = 4
PARTS = ("prompt", "completion")
LEAST = 20
"""Requests of a measurement."""
SETTINGS = 'model = "openai:counting"\nbase_url = "{url}"\n[server]\nruns = 512\nqueue = 512\n'
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
    body: str = "{}"


OURS = (
    Way("tertulia", "tertulia-direct", 1),
    Way("tertulia", "tertulia-mixture", 3),
    Way("tertulia", "tertulia-tertulia", 4),
)
THEIRS = (Way("optillm", "cot_reflection-counting", 1), Way("optillm", "moa-counting", 3))


@dataclass(frozen=True)
class Measured:
    way: Way
    clients: int
    failed: int
    rate: float
    """Requests answered in a second."""
    median: float
    p95: float
    cpu: float
    """Milliseconds of the server's CPU a request."""
    reported: float
    """Share of the tokens billed that the answers reported."""
    calls: float
    """Model calls a request."""
    memory: float
    """MiB of the server afterwards."""


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


async def measure(way: Way, url: str, counting: str, clients: int, process: psutil.Process) -> Measured:
    """`clients` who each ask again as soon as they are answered."""
    counts = [max(PER_CLIENT, LEAST // clients)] * clients
    seconds: list[float] = []
    reported = failed = 0
    limit = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=limit, timeout=aiohttp.ClientTimeout(300)) as session:
        body = {"model": way.model, "messages": MESSAGES}

        async def client(count: int) -> None:
            nonlocal reported, failed
            for _ in range(count):
                began = time.monotonic()
                async with session.post(f"{url}/v1/chat/completions", json=body) as response:
                    answer = await response.json(content_type=None)
                if response.status != 200:
                    failed += 1
                    continue
                seconds.append(time.monotonic() - began)
                usage = answer.get("usage") or {}
                reported += usage.get("total_tokens") or sum(usage.get(f"{part}_tokens", 0) for part in PARTS)

        async with session.post(f"{url}/v1/chat/completions", json=body) as response:
            await response.read()  # the first request of a kind loads what it needs
        await session.post(f"{counting}/__reset")
        await session.post(f"{counting}/__script", json={"rules": RULES})
        before, began = cpu(process), time.monotonic()
        await asyncio.gather(*(client(count) for count in counts))
        took, used = time.monotonic() - began, cpu(process) - before
        async with session.get(f"{counting}/__stats") as response:
            stats = await response.json()
    asked = sum(counts)
    return Measured(
        way,
        clients,
        failed,
        len(seconds) / took,
        statistics.median(seconds),
        sorted(seconds)[int(0.95 * (len(seconds) - 1))],
        1000 * used / asked,
        reported / stats["total_tokens"],
        stats["calls"] / asked,
        process.memory_info().rss / (1 << 20),
    )


def cpu(process: psutil.Process) -> float:
    """Seconds of CPU that a process and its children have used."""
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system for one in times)


def table(rows: list[Measured]) -> str:
    lines = [
        "| server, model | clients | requests/s | p50 s | p95 s | p95 / critical path | CPU ms | calls "
        "| tokens reported | MiB | failed |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        path = row.way.chain * LATENCY
        lines.append(
            f"| {row.way.server} `{row.way.model}` | {row.clients} | {row.rate:.1f} | {row.median:.2f} | {row.p95:.2f} "
            f"| {row.p95 / path:.2f} | {row.cpu:.1f} | {row.calls:.1f} | {row.reported:.0%} | {row.memory:.0f} "
            f"| {row.failed} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--optillm", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--clients", type=int, nargs="*", default=CLIENTS)
    given = parser.parse_args()
    rows: list[Measured] = []
    counted, port = free_port(), free_port()
    counting, url = f"http://127.0.0.1:{counted}", f"http://127.0.0.1:{port}"
    provider = [sys.executable, "-m", "bench.counting_server", "--port", str(counted), "--latency", str(LATENCY)]
    with tempfile.TemporaryDirectory() as folder, running(provider, f"{counting}/v1/models"):
        config = Path(folder, "config.toml")
        config.write_text(SETTINGS.format(url=f"{counting}/v1"))
        ours = [sys.executable, "-m", "tertulia", "serve", "--port", str(port)]
        sides = [(OURS, ours)]
        if given.optillm:
            theirs = [str(given.optillm), "--base-url", f"{counting}/v1", "--port", str(port), "--model", "counting"]
            sides.append((THEIRS, theirs))
        for ways, command in sides:
            environment = {"TERTULIA_CONFIG": str(config), "TERTULIA_DATA": folder, "OPENAI_API_KEY": "none"}
            environment |= {"OPTILLM_API_KEY": ""}
            with running(command, f"{url}/v1/models", **environment) as process:
                for way in ways:
                    for clients in given.clients:
                        rows.append(asyncio.run(measure(way, url, counting, clients, process)))
                        print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    about = (
        f"Measured with tertulia {version('tertulia')}, starlette {version('starlette')}, uvicorn {version('uvicorn')}"
    )
    about += f", python {platform.python_version()}, {os.cpu_count()} cores for model, server and clients together; "
    about += f"the model answers after {LATENCY * 1000:.0f} ms."
    if given.optillm:
        asking = "import importlib.metadata as installed; print(installed.version('optillm'))"
        told = subprocess.run(
            [given.optillm.parent / "python", "-c", asking], capture_output=True, text=True, check=True
        )
        about += f" Beside it optillm {told.stdout.strip()}."
    text = f"{table(rows)}\n\n{about}\n"
    if given.out:
        given.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
