"""Starting, watching and ending the process that holds the embedded model; one serves all of the same settings."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp

from ..children import LastWords, deadline
from ..errors import ModelBusy, ModelError, SettingsError
from ..model import IMAGE_TOKENS
from .weights import LARGE, Weights, cache_folder, path

ALIAS = "embedded"
LONGEST_START = 600.0
"""Seconds a start may take before it is given up."""
SPINS = 300
"""Looks that an idle thread of the child takes before it sleeps: enough for the gap between two steps of a computation,
too few to keep others from the core."""
_SECRET = re.compile(r"key|token|secret|passw|credential", re.IGNORECASE)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """All that makes one child different from another."""

    weights: Weights | Path
    slots: int
    context: int
    threads: int
    folder: Path | None
    projector: Path | None = None
    """File with which the model sees (llama.cpp's `mmproj`); None if it does not."""

    @property
    def prefixes(self) -> Path:
        """Where computed beginnings of prompts are kept."""
        return (self.folder or cache_folder()) / "prefixes"


@dataclass(eq=False)
class Child:
    """A server that was started; it may have ended since."""

    process: subprocess.Popen[bytes]
    key: str
    url: str = ""
    """Set when it is ready."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    async def ended(self, seconds: float = 1.0) -> bool:
        """Whether the process is gone, or goes within `seconds`: its connections break before it can be buried."""
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self.process.wait, seconds)
        return not self.alive

    async def post(self, place: str, body: Any, seconds: float = 30.0) -> Any:
        """The server's answer.

        Raises:
            ModelBusy: if it does not answer within `seconds`, or not with what was asked.
        """
        timeout = aiohttp.ClientTimeout(total=seconds)
        headers = {"Authorization": f"Bearer {self.key}"}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers, trust_env=False) as session,
                session.post(self.url + place, json=body) as response,
            ):
                if response.status != 200:
                    raise ModelBusy(f"the embedded model answered {response.status} to {place}")
                return await response.json()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ModelBusy(f"the embedded model did not answer ({type(error).__name__})") from error

    def stop(self) -> None:
        """End the process; blocks for the milliseconds that takes."""
        _alive.discard(self)
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(OSError):
                    pipe.close()


class Host:
    """The child of one configuration, started when it is first needed and again when it has died."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._guard = threading.Lock()
        self._started: Future[Child] | None = None
        self._listeners: dict[object, Tell] = {}
        self._users: set[object] = set()

    async def child(self, user: object, tell: Tell) -> Child:
        """The running child; `user` keeps it running until it is released, `tell` hears how a start goes on.

        Raises:
            SettingsError: if the weights or the library are not at hand.
            ModelError: if the child dies while it starts.
        """
        loop = asyncio.get_running_loop()

        def tell_here(words: str) -> None:
            with suppress(RuntimeError):  # the loop has ended, and nobody listens
                loop.call_soon_threadsafe(tell, words)

        with self._guard:
            self._users.add(user)
            started = self._started
            if started is None or _is_over(started):
                started = self._started = Future()
                started.set_running_or_notify_cancel()  # whoever stops waiting must not stop it for the others
                self._listeners = {user: tell_here}
                threading.Thread(target=self._start, args=(started,), daemon=True).start()
            elif not started.done():
                self._listeners[user] = tell_here
        return await asyncio.wrap_future(started)

    async def release(self, user: object) -> None:
        """End the child if nobody else uses it."""
        with self._guard:
            self._users.discard(user)
            if self._users:
                return
            started, self._started = self._started, None
        if started is None:
            return
        if not started.done():
            started.add_done_callback(_stop)
        else:
            await asyncio.to_thread(_stop, started)

    def _start(self, started: Future[Child]) -> None:
        try:
            started.set_result(self._launch())
        except Exception as error:
            started.set_exception(error)
        finally:
            self._listeners = {}

    def _launch(self) -> Child:
        settings = self.settings
        if find_spec("xllamacpp") is None:
            weights = settings.weights if isinstance(settings.weights, Weights) else LARGE
            raise SettingsError(f"the embedded model needs the package xllamacpp; to install it: {weights.install}")
        file = path(settings.weights, settings.folder, self._tell)
        if settings.projector:
            path(settings.projector)  # refuses what is no GGUF file
        self._tell("starting the model…")
        return launch(settings, file)

    def _tell(self, words: str) -> None:
        for listener in tuple(self._listeners.values()):
            listener(words)


def launch(settings: Settings, file: Path) -> Child:
    """Start a server and wait until it is ready.

    Raises:
        ModelError: if it ends, or is not ready in `LONGEST_START` seconds.
    """
    program = str(Path(__file__).with_name("llama_host.py"))
    words = LastWords()
    process = subprocess.Popen(
        [sys.executable, "-P", program],  # by its path: importing the package would only slow the start
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=words.file,
        env=_environment(),
    )
    words.file.close()
    child = Child(process, secrets.token_urlsafe(24))
    _alive.add(child)
    asked = {
        "parent": os.getpid(),
        "file": str(file),
        "alias": ALIAS,
        "key": child.key,
        "slots": settings.slots,
        "context": settings.context,
        "threads": settings.threads,
        "prefixes": _made(settings.prefixes),
        "projector": str(settings.projector.expanduser().resolve()) if settings.projector else "",
        "image_tokens": IMAGE_TOKENS,
    }
    ready = _greet(process, json.dumps(asked).encode() + b"\n")
    if not ready:
        child.stop()
        words.wait(1)
        said = words.line[:300] or "it said nothing"
        if settings.projector:
            said += f" (is {settings.projector.name} the projector of {file.name}?)"
        raise ModelError(f"the embedded model did not start (exit status {process.returncode}): {said}")
    child.url = json.loads(ready)["url"]
    return child


def _greet(process: subprocess.Popen[bytes], settings: bytes) -> bytes:
    """What the child says when it is ready; empty if it ends before, or takes too long."""
    assert process.stdin
    assert process.stdout
    try:
        with deadline(LONGEST_START, process.kill):
            process.stdin.write(settings)
            process.stdin.flush()
            return process.stdout.readline()
    except OSError:
        return b""


def _environment() -> dict[str, str]:
    """Ours without what looks secret; idle threads of the child soon sleep: spinning ones starve their neighbours."""
    kept = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
    return {"GOMP_SPINCOUNT": str(SPINS)} | kept | {"OMP_WAIT_POLICY": "passive"}


def _made(folder: Path) -> str:
    """The folder with a separator at its end, as llama.cpp wants it; empty if it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return ""
    return str(folder) + os.sep


def _is_over(started: Future[Child]) -> bool:
    """Whether a start failed, or what it started has ended; then nothing of it is left behind."""
    if not started.done():
        return False
    if started.exception() or not started.result().alive:
        _stop(started)
        return True
    return False


def _stop(started: Future[Child]) -> None:
    if not started.exception():
        started.result().stop()


def host(settings: Settings) -> Host:
    """The one host of these settings in this process."""
    with _hosts_guard:
        return _hosts.setdefault(settings, Host(settings))


def _forget() -> None:
    """In a forked process: the children are the parent's."""
    _hosts.clear()
    _alive.clear()


def _stop_all() -> None:
    for child in tuple(_alive):
        child.stop()


_hosts: dict[Settings, Host] = {}
_hosts_guard = threading.Lock()
_alive: set[Child] = set()
atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
