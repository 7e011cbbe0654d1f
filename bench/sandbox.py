"""Measures the sandbox and prints a table in Markdown: starts, what each tier can run, what a thousand runs leave.

python bench/sandbox.py
"""

from __future__ import annotations

import asyncio
import os
import platform
import statistics
import sys
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from tertulia.tools import sandbox
from tertulia.tools.sandbox import TIERS, Tier, execute
from tests.hostile.judge import judge, leftovers
from tests.hostile.programs import PROGRAMS as HOSTILE
from tests.ordinary.programs import PROGRAMS as ORDINARY

STARTS = 300
RUNS = 1000
MIB = 1024 * 1024


async def starts(tier: Tier) -> tuple[float, float, float]:
    """Milliseconds from a program to its result: the first one, the median, and the 95th of a hundred."""
    first = (await execute("1 + 1", tiers=[tier])).seconds
    times = sorted([(await execute("1 + 1", tiers=[tier])).seconds for _ in range(STARTS)])
    return first * 1000, statistics.median(times) * 1000, times[int(STARTS * 0.95)] * 1000


async def able(tiers: list[Tier] | None) -> int:
    """How many of the ordinary programs give what they should."""
    right = 0
    for text, expected in ORDINARY.values():
        execution = await execute(text, tiers=tiers)
        right += execution.output.rstrip("\n") == expected and not execution.error
    return right


def held() -> tuple[int, int, int, int]:
    """Processes, their memory, our memory, our open files."""
    own = psutil.Process()
    others = own.children(recursive=True)
    return len(others), sum(other.memory_info().rss for other in others), own.memory_info().rss, own.num_fds()


async def leaks(tier: Tier) -> str:
    """What changes over a thousand runs, after fifty that fill the caches."""
    for _ in range(50):
        await execute("sum(range(1000))", tiers=[tier])
    before = held()
    for _ in range(RUNS):
        await execute("sum(range(1000))", tiers=[tier])
    processes, theirs, ours, files = (now - then for now, then in zip(held(), before, strict=True))
    await sandbox.close()
    left = len(leftovers())
    return f"{processes:+d} / {theirs / MIB:+.1f} MiB / {ours / MIB:+.1f} MiB / {files:+d} / {left}"


async def row(tier: Tier) -> str:
    if (missing := await tier.available()) is not None:
        return f"| {tier.name} | not here: {missing} | | | | | |"
    first, median, tail = await starts(tier)
    share = await able([tier])
    contained = len(HOSTILE) - len(await judge(tier))
    return (
        f"| {tier.name} | {first:.0f} | {median:.2f} | {tail:.2f} | {share} of {len(ORDINARY)} "
        f"| {contained} of {len(HOSTILE)} | {await leaks(tier)} |"
    )


async def main() -> None:
    who = "root" if os.geteuid() == 0 else "a normal user"
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, run by {who}\n")
    print("| tier | first (ms) | median (ms) | p95 (ms) | ordinary | contained | change after 1,000 runs* |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for tier in TIERS:
        print(await row(tier), flush=True)
    print(f"\nAll tiers together run {await able(None)} of {len(ORDINARY)} ordinary programs.")
    print(
        "\n\\* processes / their memory / memory of the caller / files open in the caller / processes left after close"
    )
    await sandbox.close()


if __name__ == "__main__":
    asyncio.run(main())
