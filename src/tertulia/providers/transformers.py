"""Models of transformers that read images and text: Janus, LLaVA, SmolVLM, Qwen-VL and whatever loads like them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..abilities import Abilities
from ..children import BARE, end, start_host
from ..errors import ModelBusy, ModelError, ModelUnreachable, PromptTooLong, SettingsError
from ..model import Chunk, Message, Request
from ..usage import NOTHING, Usage

INSTALL = "tertulia setup vision-torch"
LONGEST_LINE = 1 << 20
"""Bytes of one line that the process writes."""
PATIENCE = 60.0
"""Seconds that a call that was left has to end; then its process is ended."""
KEPT = ("HOME", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "PATH")
"""Variables that tell where weights and drivers are."""
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_WAIT_POLICY": "passive"}


@dataclass
class Loaded:
    """A process that holds the model, in the event loop that started it."""

    process: asyncio.subprocess.Process
    loop: asyncio.AbstractEventLoop
    context: int = 0

    @property
    def works(self) -> bool:
        return self.process.returncode is None and self.loop is asyncio.get_running_loop()

    async def tell(self, said: Mapping[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(said).encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self) -> dict[str, Any]:
        """
        Raises:
            ModelBusy: if it ended.
        """
        assert self.process.stdout
        try:
            said: dict[str, Any] = json.loads(await self.process.stdout.readline())
            return said
        except (ValueError, ConnectionError) as error:
            await end(self.process)
            status = self.process.returncode
            raise ModelBusy(f"the model's process ended (exit status {status}); it is started again") from error


@dataclass(frozen=True)
class Transformers:
    """A model in a folder, or in the cache of the Hugging Face hub, loaded at the first call; one call at a time.

    Nothing is downloaded, only safetensors are loaded, and code that comes with a model is not run.
    """

    model: str
    """A folder, or the name on the hub of a model that was brought before."""
    threads: int | None = None
    """None for what torch takes."""
    told: Abilities = field(default=Abilities(), compare=False)
    """What the settings say that the model can do, over all else."""
    _loaded: list[Loaded] = field(default_factory=list, init=False, compare=False, repr=False)
    _turn: list[tuple[asyncio.AbstractEventLoop, asyncio.Lock]] = field(
        default_factory=list, init=False, compare=False, repr=False
    )

    @property
    def name(self) -> str:
        folder = Path(self.model).expanduser()
        return f"transformers:{folder.name if folder.is_dir() else self.model}".replace(" ", "_")

    @property
    def _path(self) -> str:
        folder = Path(self.model).expanduser()
        return str(folder.resolve()) if folder.is_dir() else self.model

    @property
    def sees(self) -> bool:
        return True

    @property
    def takes_tools(self) -> bool:
        return False

    def cost(self, usage: Usage) -> float:
        """US dollars: nothing."""
        return 0.0

    async def abilities(self) -> Abilities:
        known = Abilities().informed(
            "transformers",
            thinks="never",
            temperature="always",
            schema="words",
            tools="never",
            images=True,
            price=(0, 0),
        )
        return self.told.over(known)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Yield the reply; closing the generator early stops the model at its next token.

        Raises:
            SettingsError: if the extra is not installed.
            ModelUnreachable: if there is no such model here, or it is not one that reads images.
            PromptTooLong: if prompt and reply are longer than its context.
            ModelBusy: if its process ended; the next call starts it again.
            ModelError: any other failure.
        """
        async with self._lock:
            loaded = await self._ready()
            await loaded.tell(asked(request))
            whole, held = False, Held(request.stop)
            try:
                while True:
                    said = await loaded.hear()
                    if "text" not in said:
                        whole = True
                        break
                    if piece := held.add(said["text"]):
                        yield Chunk(piece)
            finally:
                if not whole:
                    await self._left(loaded)
        if "error" in said:
            yield Chunk(usage=NOTHING)
            raise ModelError(f"{self.name} could not answer: {said['error']}")
        if "long" in said:
            yield Chunk(usage=NOTHING)
            raise PromptTooLong(
                f"the prompt has {said['long']:,} tokens and {self.name} reads and writes {said['context']:,} in all; "
                "shorten the question, or use a model that reads more"
            )
        if held.rest:
            yield Chunk(held.rest)
        usage = Usage(said["read"], said["written"])
        yield Chunk(usage=usage, finish="stop" if held.ended else said["finish"])

    async def close(self) -> None:
        """End the process; a later call starts it again."""
        while self._loaded:
            loaded = self._loaded.pop()
            with suppress(RuntimeError):  # of an event loop that has ended
                await end(loaded.process)

    @property
    def _lock(self) -> asyncio.Lock:
        loop = asyncio.get_running_loop()
        if not self._turn or self._turn[0][0] is not loop:
            self._turn[:] = [(loop, asyncio.Lock())]
        return self._turn[0][1]

    async def _ready(self) -> Loaded:
        if self._loaded and not self._loaded[0].works:
            await self.close()
        if not self._loaded:
            self._loaded.append(await self._started())
        return self._loaded[0]

    async def _started(self) -> Loaded:
        if missing := [name for name in ("torch", "transformers", "PIL") if find_spec(name) is None]:
            raise SettingsError(f"models of transformers need {', '.join(missing)}; to install: {INSTALL}")
        environment = BARE | {name: os.environ[name] for name in KEPT if name in os.environ} | OFFLINE
        process = await start_host(
            "tertulia.providers.transformers_host", Path(tempfile.gettempdir()), environment, LONGEST_LINE
        )
        loaded = Loaded(process, asyncio.get_running_loop())
        try:
            await loaded.tell({"path": self._path, "threads": self.threads})
            said = await loaded.hear()
            if "error" in said:
                raise ModelUnreachable(
                    f"{self.model!r} is no model here that reads images and text ({said['error']}); bring one with "
                    "`hf download NAME`, or name its folder"
                )
        except BaseException:
            await end(process)
            raise
        return replace(loaded, context=said["context"])

    async def _left(self, loaded: Loaded) -> None:
        """Wait until a call that nobody wants any more has ended, so that the next one hears its own reply."""
        try:
            async with asyncio.timeout(PATIENCE):
                await loaded.tell({"stop": True})
                while "text" in await loaded.hear():
                    pass
        except (TimeoutError, ModelError, ConnectionError, asyncio.CancelledError):
            await end(loaded.process)


@dataclass
class Held:
    """Text whose end is held back as long as a stop may begin in it."""

    stops: tuple[str, ...]
    rest: str = ""
    ended: bool = False
    """Whether a stop was written; all after it is left out."""

    def add(self, text: str) -> str:
        """What can be said now."""
        if self.ended:
            return ""
        self.rest += text
        if at := [place for stop in self.stops if (place := self.rest.find(stop)) >= 0]:
            self.ended, said, self.rest = True, self.rest[: min(at)], ""
            return said
        keep = max((len(stop) - 1 for stop in self.stops), default=0)
        cut = len(self.rest) - keep
        said, self.rest = self.rest[: max(0, cut)], self.rest[max(0, cut) :]
        return said


def asked(request: Request) -> dict[str, Any]:
    """A call, as the process takes it."""
    messages = [{"role": role_of(message), "parts": parts_of(message)} for message in request.messages]
    if request.schema is not None:
        words = f"Reply with nothing but JSON that follows this schema: {json.dumps(dict(request.schema))}"
        messages[-1]["parts"] = [*messages[-1]["parts"], {"text": words}]
    return {
        "messages": messages,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
    }


def role_of(message: Message) -> str:
    return "user" if message.role == "tool" else message.role


def parts_of(message: Message) -> list[dict[str, str]]:
    """Images first, as most of these models were trained."""
    images = [{"image": base64.b64encode(image.data).decode()} for image in message.images]
    return [*images, *([{"text": message.said}] if message.said.strip() or not images else [])]
