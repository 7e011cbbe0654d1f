"""Which slot of the embedded model reads which prompt, so that what agents share is computed once.

llama.cpp keeps what a slot has read, for that slot alone: four agents with one prompt and its examples would each
compute them. Here the first one computes them and saves them to a file, and the others, and later processes, take them
from there in milliseconds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from weakref import WeakValueDictionary

from ..errors import ModelBusy
from ..model import Message
from ._child import Child, Settings
from .weights import Weights

SHORTEST = 200
"""Characters that shared messages need to be worth a file."""
MOST_FILES, MOST_BYTES = 64, 512 << 20
"""What saved prefixes may take; the ones unused for longest go first."""
LONGEST_PREFIX = 300.0
"""Seconds that computing a prefix may take."""


@dataclass(frozen=True)
class Seat:
    """A slot, ready to read a prompt."""

    slot: int
    computed: int
    """Tokens of the prompt that were computed to make it ready."""


@dataclass(eq=False)
class Slots:
    """The slots of one child, as one event loop uses them."""

    child: Child
    settings: Settings
    _free: list[int] = field(init=False)
    """Free slots, the one unused for longest first."""
    _held: dict[int, tuple[Message, ...]] = field(init=False)
    """What each slot has read."""
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        self._free = list(range(self.settings.slots))
        self._held = dict.fromkeys(self._free, ())
        self._turn = asyncio.Semaphore(self.settings.slots)

    @asynccontextmanager
    async def seat(self, messages: tuple[Message, ...], shared: int = 1) -> AsyncIterator[Seat]:
        """Wait for a free slot, the one that has read most of `messages`, and keep it until the end.

        Args:
            shared: Leading messages that other calls will have in common with this one.
        """
        async with self._turn:
            slot = max(self._free, key=lambda slot: _shared(self._held[slot], messages))
            self._free.remove(slot)
            held, self._held[slot] = self._held[slot], ()
            try:
                computed = 0 if _shared(held, messages) >= shared else await self._prepare(slot, messages[:shared])
                yield Seat(slot, computed)
                self._held[slot] = messages
            finally:
                self._free.append(slot)

    async def _prepare(self, slot: int, shared: tuple[Message, ...]) -> int:
        """Let the slot know the messages that calls share; tokens that had to be computed for it."""
        folder = self.settings.prefixes
        system = bool(shared) and shared[0].role == "system"
        if not system or sum(len(message.text) for message in shared) < SHORTEST or not folder.is_dir():
            return 0
        with suppress(ModelBusy):  # without it, the call itself computes the prompt
            text = await self._rendered(shared)
            name = _name(self.settings.weights, text)
            async with self._locks.setdefault(name, asyncio.Lock()):
                if await self._restore(slot, folder / name):
                    return 0
                return await self._compute(slot, text, folder / name)
        return 0

    async def _rendered(self, shared: tuple[Message, ...]) -> str:
        """The beginning that all prompts with these messages have in common."""
        first = [{"role": message.role, "content": message.text} for message in shared]
        one, other = [
            str((await self.child.post("/apply-template", {"messages": [*first, probe]}))["prompt"])
            for probe in ({"role": "user", "content": "0"}, {"role": "user", "content": "1"})
        ]
        return one[: _shared(one, other)]

    async def _restore(self, slot: int, file: Path) -> bool:
        if not await asyncio.to_thread(_touch, file):
            return False
        try:
            await self.child.post(f"/slots/{slot}?action=restore", {"filename": file.name})
        except ModelBusy:
            await asyncio.to_thread(file.unlink, missing_ok=True)  # damaged: computed anew
            return False
        return True

    async def _compute(self, slot: int, text: str, file: Path) -> int:
        asked = {"prompt": text, "n_predict": 0, "id_slot": slot, "cache_prompt": True}
        timings = (await self.child.post("/completion", asked, LONGEST_PREFIX))["timings"]
        written = file.with_name(f"{file.name}-{os.getpid()}-{slot}.new")
        try:
            saved = await self.child.post(f"/slots/{slot}?action=save", {"filename": written.name})
            await asyncio.to_thread(_keep, written, file, saved["n_written"])
        except (ModelBusy, OSError):
            await asyncio.to_thread(written.unlink, missing_ok=True)  # the disk is full, say: only speed is lost
        return int(timings["prompt_n"])


def _shared(one: Sequence[object], other: Sequence[object]) -> int:
    """How many leading items are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _touch(file: Path) -> bool:
    """Whether the file is there; if so it counts as used now."""
    try:
        os.utime(file)
    except OSError:
        return False
    return True


def _name(weights: Weights | Path, text: str) -> str:
    if isinstance(weights, Weights):
        model = weights.sha256
    else:
        found = weights.stat()
        model = f"{weights.absolute()} {found.st_size} {found.st_mtime_ns}"
    return sha256("\0".join((model, version("xllamacpp"), text)).encode()).hexdigest()[:40]


def _keep(written: Path, file: Path, size: int) -> None:
    """Give a saved prefix its name if it is whole, and forget old ones."""
    if written.stat().st_size != size:
        raise OSError(f"{written.name} is not whole")
    os.replace(written, file)
    total = 0
    found = sorted(((each.stat(), each) for each in file.parent.iterdir()), key=lambda pair: -pair[0].st_mtime_ns)
    for number, (about, each) in enumerate(found):
        total += about.st_size
        if number >= MOST_FILES or total > MOST_BYTES:
            each.unlink(missing_ok=True)
