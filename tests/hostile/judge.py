"""Runs the hostile programs and looks, from outside, at what they did."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tertulia.tools import sandbox
from tertulia.tools.sandbox import ProgramLimits, Tier

from .programs import PROGRAMS

LIMITS = ProgramLimits(seconds=0.4, memory=48 * 1024 * 1024, output=20_000)
MEMORY_PER_PROGRAM = 192 * 1024 * 1024
"""Bytes that a tier's processes may hold for one program: the limit, the interpreter, what was compiled."""
OWN_GROWTH = 64 * 1024 * 1024
"""Bytes that this process may grow by over all programs."""
AT_ONCE = 4
HANGS = 30
"""Seconds after which a program is taken to have stopped the sandbox itself."""
TRACES = ("/tmp/escaped", "/dev/shm/escaped", "/tmp/link")


@dataclass
class World:
    """What a program could do harm to."""

    token: str
    proof: str
    folder: Path
    port: int
    abstract: str
    victim: subprocess.Popen[bytes]
    heard: list[str] = field(default_factory=list)
    datagrams: socket.socket | None = None

    def fill(self, program: str) -> str:
        for word, value in {
            "@SECRET@": str(self.folder / "secret"),
            "@FOLDER@": str(self.folder / "open"),
            "@PORT@": str(self.port),
            "@SOCKET@": self.abstract,
            "@VICTIM@": str(self.victim.pid),
            "@PROOF@": self.proof,
        }.items():
            program = program.replace(word, value)
        return program

    def harm(self) -> list[str]:
        """What has happened that must not."""
        harm = list(self.heard)
        self.heard.clear()
        with suppress(BlockingIOError):
            if self.datagrams is not None:
                harm.append(f"a datagram came: {self.datagrams.recv(100)!r}")
        if sorted(path.name for path in (self.folder / "open").iterdir()) != ["treasure.py"]:
            harm.append("the folder was written to")
        if not (self.folder / "secret").is_file() or (self.folder / "secret").read_text() != self.token:
            harm.append("the secret was changed")
        if self.victim.poll() is not None:
            harm.append("the victim was killed")
        return harm + [f"there is {trace}" for trace in TRACES if os.path.lexists(trace)]


@contextmanager
def world() -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory() as name,
        socket.socket() as listener,
        socket.socket(type=socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        token = secrets.token_hex(16)
        (folder / "secret").write_text(token)
        (folder / "open").mkdir()
        (folder / "open").chmod(0o777)
        (folder / "open" / "treasure.py").write_text(f"token = {token!r}\n")
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        datagrams.bind(listener.getsockname())
        datagrams.setblocking(False)
        abstract.bind(f"\0tertulia-{token}")
        abstract.listen()
        victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        os.environ["TERTULIA_TOKEN"] = token
        made = World(token, secrets.token_hex(16), folder, listener.getsockname()[1], f"tertulia-{token}", victim)
        made.datagrams = datagrams
        for each in (listener, abstract):
            threading.Thread(target=_hear, args=(each, made), daemon=True).start()
        try:
            yield made
        finally:
            victim.kill()
            victim.wait()
            del os.environ["TERTULIA_TOKEN"]
            listener.shutdown(socket.SHUT_RDWR)
            abstract.shutdown(socket.SHUT_RDWR)


def _hear(listener: socket.socket, made: World) -> None:
    while True:
        try:
            connection, who = listener.accept()
        except OSError:
            return
        made.heard.append(f"someone connected from {who}")
        connection.close()


OURS = psutil.Process().cmdline()
others: set[int] = set()
"""Children of this process that are not the sandbox's, such as the server of an embedded model."""


@dataclass
class Meter:
    """The most memory that the processes of the sandbox held together."""

    peak: int = 0

    async def watch(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(_held, workers())))
            await asyncio.sleep(0.02)


def _held(process: psutil.Process) -> int:
    try:
        if process.cmdline() == OURS:  # it has only just forked, and still shares all of ours
            return 0
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


async def judge(tier: Tier, programs: dict[str, str] = PROGRAMS) -> list[str]:
    """What the programs did that must not happen, one line each; empty if all were contained."""
    harm: list[str] = []
    await sandbox.execute("1", tiers=[tier])
    before = psutil.Process().memory_info().rss
    meter = Meter()
    watching = asyncio.create_task(meter.watch())
    with world() as made:
        names = list(programs)
        for start in range(0, len(names), AT_ONCE):
            batch = names[start : start + AT_ONCE]
            meter.peak = 0
            seen = await asyncio.gather(*(_try(tier, name, made.fill(programs[name]), made) for name in batch))
            after = await sandbox.execute("6 * 7", tiers=[tier])
            if after.output != "42":
                made.heard.append(f"the next program failed: {after.error}")
            if meter.peak > MEMORY_PER_PROGRAM * AT_ONCE:
                made.heard.append(f"{meter.peak:,} bytes were held")
            harm += [line for lines in seen for line in lines] + [f"one of {batch}: {what}" for what in made.harm()]
    watching.cancel()
    await sandbox.close()
    if (grown := psutil.Process().memory_info().rss - before) > OWN_GROWTH:
        harm.append(f"this process grew by {grown:,} bytes")
    if left := leftovers():
        harm.append(f"processes were left behind: {left}")
    return harm


async def _try(tier: Tier, name: str, program: str, made: World) -> list[str]:
    try:
        execution = await asyncio.wait_for(sandbox.execute(program, LIMITS, [tier]), HANGS)
    except TimeoutError:
        return [f"{name}: the sandbox hangs"]
    seen = []
    if made.token in execution.output + execution.error or made.proof in execution.output:
        seen.append(f"{name}: it had its way: {execution.output!r} {execution.error!r}")
    if len(execution.output) > LIMITS.output or len(execution.error) > 20_000:
        seen.append(f"{name}: it printed {len(execution.output)} characters, and {len(execution.error)} of error")
    return seen


def leftovers() -> list[str]:
    """Processes of this sandbox that still run: children of this process, and programs that lost their parent."""
    lost = [process for process in psutil.process_iter() if _runs_a_program(process) and _is_lost(process)]
    return [process.name() for process in {*workers(), *lost}]


def _is_lost(process: psutil.Process) -> bool:
    """Whether nobody is left who started it; others may use the sandbox at the same time."""
    try:
        return all(parent.pid == 1 or _runs_a_program(parent) for parent in process.parents())
    except psutil.Error:  # it has ended meanwhile
        return False


def _runs_a_program(process: psutil.Process) -> bool:
    try:
        line, user = " ".join(process.cmdline()), process.uids().real
        running = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
    return running and "Runs one program inside a CPython" in line and user in (os.getuid(), 65534)


def workers() -> list[psutil.Process]:
    """Processes of the sandbox: children of this one that were not there before it."""
    return [child for child in psutil.Process().children(recursive=True) if child.pid not in others]


async def main() -> None:
    """Judge the tiers that are named; print what each let through as one JSON object."""
    verdicts: dict[str, list[str] | str] = {}
    for tier in sandbox.TIERS:
        if tier.name in sys.argv[1:]:
            missing = await tier.available()
            verdicts[tier.name] = missing if missing is not None else await judge(tier)
    print(json.dumps(verdicts))


if __name__ == "__main__":
    asyncio.run(main())
