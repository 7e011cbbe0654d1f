"""The command for workers: answers questions that others put in the queue."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import Annotated

import typer

from ..durable.queues import Lane
from ..errors import SettingsError
from ..settings import load

BOUNDS = ("runs", "per_worker", "per_minute", "per_key", "per_key_minute")
LIMITS = f"PROVIDER:NAME=NUMBER,…; names are {', '.join(BOUNDS)}. May be repeated."


def worker(
    database: Annotated[str | None, typer.Option(help="postgres://…, or the path of a file.")] = None,
    limit: Annotated[list[str] | None, typer.Option(help=LIMITS)] = None,
    keep_days: Annotated[float | None, typer.Option(help="Delete runs that ended so long ago.")] = None,
) -> None:
    """Answer questions from the queue, on any number of machines; take over the runs of workers that die."""
    settings = load(database=database, keep_days=keep_days)
    lanes: dict[str, Lane] = {}
    for text in limit or []:
        name, bounds = bound(text)
        lanes[name] = Lane(**bounds)
    asyncio.run(_serve(settings.database, lanes, settings.keep_days))


async def _serve(place: str, lanes: dict[str, Lane], keep_days: float | None) -> None:
    from ..durable.worker import Worker
    from ..stores.places import runs_at

    loop, me = asyncio.get_running_loop(), asyncio.current_task()
    assert me is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, me.cancel)
    async with runs_at(place) as runs:
        working = Worker(runs, place, lanes, lambda words: print(words, file=sys.stderr, flush=True), keep_days)
        try:
            await working.serve()
        except asyncio.CancelledError:
            print("stopped; what was at work is back in the queue", file=sys.stderr)


def bound(text: str) -> tuple[str, dict[str, int]]:
    """Bounds of a provider, as in `openai:runs=20,per_minute=60`."""
    name, _, rest = text.partition(":")
    found: dict[str, int] = {}
    for part in rest.split(","):
        what, _, number = part.partition("=")
        if what not in BOUNDS or not number.isdecimal() or int(number) < 1:
            raise SettingsError(f"{text!r} should look like openai:runs=20,per_worker=8,per_minute=60,per_key=5")
        found[what] = int(number)
    return name, found
