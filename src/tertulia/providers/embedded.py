"""The model in the box: open weights that run on this machine, without a key or a network."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..abilities import Abilities
from ..conversation import in_words
from ..errors import ModelBusy, ModelError, ModelUnreachable, PromptTooLong, SettingsError, TertuliaError
from ..model import IMAGE_TOKENS, MESSAGE_TOKENS, Chunk, Message, Request
from ..usage import Usage, estimate
from ._child import ALIAS, Child, Host, Settings, host
from ._slots import Seat, Slots
from .connections import Connections
from .dialects import EMBEDDED, LLAMACPP
from .openai import OpenAI
from .weights import LARGE, SMALL, Weights

MOST_THREADS = 16
"""Threads taken by default on machines with more cores."""


@dataclass(frozen=True)
class Embedded:
    """A model that runs in a process of its own on this machine; it starts at the first call.

    Values with the same fields share one process. It ends when the last of them is closed, or with this process.

    Raises:
        SettingsError: if a number is out of its range.
    """

    weights: Weights | Path = LARGE
    """Weights that Tertulia knows, or a GGUF file of one's own."""
    slots: int = 4
    """Calls answered at once, 1 or more; further ones wait."""
    context: int = 4096
    """Most tokens of a prompt and its reply together, 256 or more; memory is taken for this times `slots`."""
    threads: int | None = None
    """None for one per core that this process may use."""
    projector: Path | None = None
    """GGUF file that turns images into tokens for these weights (llama.cpp's `mmproj`); None if it does not see."""
    folder: Path | None = None
    """Where joined weights are kept; None for `models` in `TERTULIA_CACHE`, or in the platform's cache folder."""
    on_start: Callable[[str], None] = field(default=lambda _: None, compare=False, repr=False)
    """Called in the event loop with words on how the start goes on."""
    told: Abilities = field(default=Abilities(), compare=False)
    """What the settings say that the model can do, over all else."""
    connections: Connections = field(default_factory=Connections, compare=False, repr=False)
    """Where what is known of a GGUF file is kept."""
    _user: object = field(default_factory=object, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name, least in (("slots", 1), ("context", 256), ("threads", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SettingsError(f"{name} of the embedded model must be {least} or more, not {value!r}")

    @property
    def name(self) -> str:
        if self.weights == LARGE:
            return "embedded"
        if isinstance(self.weights, Weights):
            return "embedded:small" if self.weights == SMALL else f"embedded:{self.weights.id}"
        return f"embedded:{self.weights.stem}"

    @property
    def sees(self) -> bool:
        return self.projector is not None

    def cost(self, usage: Usage) -> float:
        """US dollars: nothing."""
        return 0.0

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Yield the reply; closing the generator early frees the slot.

        Raises:
            SettingsError: if the weights or the library are not at hand.
            PromptTooLong: the prompt is longer than `context`.
            ModelBusy: the model's process ended; the next call starts it again.
            ModelError: any other failure, such as a start that failed.
        """
        if not self.sees and any(message.images for message in request.messages):
            raise ModelError(f"{self.name} cannot see images; use a model that can")
        request = replace(request, messages=_told(request))
        child = await self._child()
        shared = 0 if self.sees else request.shared  # llama.cpp saves no slots of models that see
        async with self._slots(child).seat(request.messages, shared) as seat:
            provider = self._provider(child, seat.slot)
            try:
                async with aclosing(provider.stream(request)) as chunks:
                    async for chunk in chunks:
                        yield _counting(chunk, seat)
            except PromptTooLong as error:
                raise await self._too_long(request) from error
            except (ModelBusy, ModelUnreachable) as error:
                if not await child.ended():
                    raise
                status = child.process.returncode
                raise ModelBusy(
                    f"the embedded model's process ended (exit status {status}); it is started again"
                ) from error
            finally:  # llama.cpp ends idle connections by itself, and a call over a dying one would fail
                await provider.close()

    async def count(self, request: Request) -> int:
        """Tokens the request is read as: exact, or an upper estimate if the model cannot be asked."""
        images = IMAGE_TOKENS * sum(len(message.images) for message in request.messages)
        messages = [{"role": message.role, "content": message.text} for message in _told(request)]
        try:
            child = await self._child()
            prompt = (await child.post("/apply-template", {"messages": messages}))["prompt"]
            asked = {"content": prompt, "add_special": True, "parse_special": True}
            switched = MESSAGE_TOKENS if request.thinking and not isinstance(self.weights, Weights) else 0
            return len((await child.post("/tokenize", asked))["tokens"]) + switched + images
        except TertuliaError:  # the call itself says what is wrong
            return estimate(request.text) + MESSAGE_TOKENS * (len(request.messages) + 1) + images

    async def abilities(self) -> Abilities:
        """What is known of the model: those in the box do not think, a GGUF file is asked for its chat template."""
        if isinstance(self.weights, Weights):
            known = EMBEDDED.abilities
        else:
            provider = self._provider(await self._child(), 0)
            known = await provider.abilities()
            await provider.close()
        facts = {
            "schema": "enforced",
            "tools": "never",
            "images": self.sees,
            "context": self.context,
            "price": (0.0, 0.0),
        }
        return self.told.over(known.informed("this process", **facts))

    async def start(self) -> None:
        """Start the model now, so that the first call need not wait; raises as `stream` does."""
        await self._child()

    async def close(self) -> None:
        """End the process, unless another value with the same fields uses it; a later call starts it again."""
        await self._host.release(self._user)

    @property
    def _host(self) -> Host:
        threads = self.threads or min(cores(), MOST_THREADS)
        return host(Settings(self.weights, self.slots, self.context, threads, self.folder, self.projector))

    async def _child(self) -> Child:
        return await self._host.child(self._user, self.on_start)

    def _slots(self, child: Child) -> Slots:
        for loop, old in tuple(_slots):
            if loop.is_closed() or not old.alive:
                del _slots[loop, old]
        mine = (asyncio.get_running_loop(), child)
        if mine not in _slots:
            _slots[mine] = Slots(child, self._host.settings)
        return _slots[mine]

    def _provider(self, child: Child, slot: int) -> OpenAI:
        """Who speaks to one slot, over connections that only the slot's holder uses."""
        extra = {"cache_prompt": True, "id_slot": slot}
        dialect = EMBEDDED if isinstance(self.weights, Weights) else LLAMACPP
        address = child.url + "/v1"
        return OpenAI(
            ALIAS,
            address,
            child.key,
            self.name,
            free=True,
            extra=extra,
            dialect=dialect,
            told=self.told,
            connections=self.connections,
        )

    async def _too_long(self, request: Request) -> PromptTooLong:
        return PromptTooLong(
            f"the prompt has {await self.count(request):,} tokens and {self.name} reads {self.context:,}; shorten the "
            "question or its documents, or use a model that reads more"
        )


_slots: dict[tuple[asyncio.AbstractEventLoop, Child], Slots] = {}


def _told(request: Request) -> tuple[Message, ...]:
    """The messages in words; those that calls share stay as they are."""
    return (*request.messages[: request.shared], *in_words(request.messages[request.shared :]))


def _counting(chunk: Chunk, seat: Seat) -> Chunk:
    """What this very call computed to prepare its slot was not computed before it."""
    if chunk.usage is None:
        return chunk
    return replace(chunk, usage=replace(chunk.usage, cached=max(0, chunk.usage.cached - seat.computed)))


def cores() -> int:
    """Cores this process may use, hyperthreads and what a container's quota forbids left out; 1 or more.

    Where the system does not tell cores from hyperthreads, hyperthreads count.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    physical = {_core(processor) for processor in os.sched_getaffinity(0)}
    return max(1, min(len(physical), int(_quota() or len(physical))))


def _core(processor: int) -> tuple[str, ...]:
    folder = Path(f"/sys/devices/system/cpu/cpu{processor}/topology")
    try:
        return (folder / "physical_package_id").read_text(), (folder / "core_id").read_text()
    except OSError:
        return (str(processor),)


def _quota() -> float | None:
    """Cores' worth of time that the container allows; None if it does not limit it."""
    for file in (Path("/sys/fs/cgroup/cpu.max"), Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us")):
        try:
            allowed, *period = file.read_text().split()
            every = period[0] if period else file.with_name("cpu.cfs_period_us").read_text()
            return max(1.0, int(allowed) / int(every)) if allowed not in ("max", "-1") else None
        except (OSError, ValueError):
            continue
    return None
