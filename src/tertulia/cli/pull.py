"""Brings models for this machine from the model hub, and lists those that are worth having."""

from __future__ import annotations

import asyncio
import sys
import time

from filelock import FileLock, Timeout
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from ..errors import SettingsError
from ..providers import shelf
from ..providers.hub import Hub, Remote, Tell
from .screen import console

LINE_SECONDS = 10.0
"""How often progress is told where there is no terminal."""
THINKS = {"no": "no", "can": "if told to", "always": "always"}


def print_offers() -> None:
    """The models that can be pulled: size, memory, licence, what each is good at, and which are here."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("name", "GB", "memory", "thinks", "licence", "good at", "here"):
        table.add_column(column, justify="right" if column == "GB" else "left", no_wrap=column != "good at")
    here = {one.name for one in shelf.shelved()}
    for offer in shelf.OFFERS:
        fits = offer.memory <= shelf.memory() * 1.1
        table.add_row(
            offer.name,
            f"{offer.gigabytes:.1f}",
            f"{offer.memory} GB" + ("" if fits else " (not here)"),
            THINKS[offer.thinks],
            offer.licence,
            offer.good_at,
            "yes" if offer.name in here else "",
        )
    screen = console()
    screen.print(table)
    for own in (one for one in shelf.shelved() if one.name not in {offer.name for offer in shelf.OFFERS}):
        screen.print(f"also here: {own.name}, from {own.remote.repository}", markup=False, highlight=False)
    screen.print("tertulia pull NAME brings one; tertulia ask --model embedded:NAME uses it.", highlight=False)


def bring(name: str, wanted: str, yes: bool) -> None:
    """Bring a model, after saying what that takes; `wanted` names the file or its quantisation, empty for the usual.

    Raises:
        SettingsError: if nobody says yes, or it cannot be brought.
        UnknownName: if no model has that name.
    """
    repository, wanted = (name, wanted or "Q4_K_M") if "/" in name else _of_offer(name, wanted)
    name = name.rpartition("/")[2].lower().removesuffix("-gguf")
    target = shelf.place(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(target.with_suffix(".lock"), timeout=0):
            asyncio.run(_bring(name, repository, wanted, yes))
    except Timeout:
        raise SettingsError(f"another process is bringing {name} already; wait for it") from None


def _of_offer(name: str, wanted: str) -> tuple[str, str]:
    offer = shelf.offered(name)
    return offer.repository, wanted or offer.file


async def _bring(name: str, repository: str, wanted: str, yes: bool) -> None:
    async with Hub() as hub:
        remote = await hub.find(repository, wanted)
        if any(one.name == name and one.remote.sha256 == remote.sha256 for one in shelf.shelved()):
            print(f"{name} is here already: tertulia ask --model embedded:{name}")
            return
        _agree(name, remote, hub.endpoint, yes)
        with Bar(remote.file) as tell:
            await hub.bring(remote, shelf.place(name), tell)
    shelf.put(name, remote)
    print(f"checked against the hub's SHA-256 {remote.sha256}")
    print(f"use it with: tertulia ask --model embedded:{name}")


def _agree(name: str, remote: Remote, endpoint: str, yes: bool) -> None:
    """Say what would be brought, and have a person agree.

    Raises:
        SettingsError: if nobody does.
    """
    print(f"{name}: {remote.file} of {remote.repository} at {endpoint}, {remote.size / 1e9:.2f} GB")
    print(f"licence: {remote.licence}; kept in {shelf.folder()}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise SettingsError("nothing was brought: say --yes to bring it without being asked")
    if input("Bring it? [y/N] ").strip().lower() not in ("y", "yes", "s", "sí", "si"):
        raise SettingsError("nothing was brought")


class Bar:
    """Shows how far a file has come: a bar in a terminal, elsewhere a line every few seconds."""

    def __init__(self, file: str) -> None:
        self._file, self._next = file, 0.0
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._bar = Progress(*columns, TimeRemainingColumn()) if sys.stdout.isatty() else None

    def __enter__(self) -> Tell:
        if self._bar is None:
            return self._line
        self._bar.start()
        task = self._bar.add_task(self._file, total=None)
        bar = self._bar
        return lambda here, size: bar.update(task, completed=here, total=size)

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _line(self, here: int, size: int) -> None:
        if here >= size or time.monotonic() >= self._next:
            self._next = time.monotonic() + LINE_SECONDS
            print(f"{self._file}: {here / 1e6:,.0f} of {size / 1e6:,.0f} MB", flush=True)


def delete(name: str) -> None:
    """Delete a model that was pulled, and say how much room that gave."""
    print(f"{name} was removed; {shelf.remove(name) / 1e9:.2f} GB are free again")
