"""Reading documents: which files, and each in a child process that is stopped when it takes too much."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import stat
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...errors import LimitReached, ToolError
from ...schedule import beside
from .formats import Limits, format_of
from .parser_host import ERRORS
from .parsers import Reading

PACKAGE_ROOT = Path(__file__).parents[3]
HOST = "import sys; sys.path.insert(0, {root!r}); from tertulia.tools.documents.parser_host import main; main()"
MOST_FILES = 100_000
"""Files that one folder may bring."""


@dataclass(frozen=True)
class Refused:
    """A file that was not added."""

    path: Path
    why: str


@dataclass(frozen=True)
class Candidate:
    """A file that may be added."""

    path: Path
    format: str


def find(path: Path) -> Iterator[Candidate | Refused]:
    """The file, or all files below the folder that have a format we read; what is hidden (`.git`) is passed over.

    Links inside a folder are never followed: one that leads out of it would bring files nobody named.
    """
    if path.is_dir():
        yield from _below(path.resolve())
    elif not path.exists():
        yield Refused(path, "there is no such file or folder")
    else:
        yield _candidate(path.resolve()) or Refused(
            path, f"its format is not one that is read: {path.suffix or 'none'}"
        )


def _below(folder: Path) -> Iterator[Candidate | Refused]:
    found = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names + [name for name in folders if Path(parent, name).is_symlink()]):
            path = Path(parent, name)
            if name.startswith("."):
                continue
            if path.is_symlink():
                if not path.resolve().is_relative_to(folder):
                    yield Refused(path, "it is a link that leads out of the folder")
                continue
            if (candidate := _candidate(path)) is None:
                continue
            found += 1
            if found > MOST_FILES:
                yield Refused(folder, f"it has more than {MOST_FILES:,} files; add its parts one by one")
                return
            yield candidate


def _candidate(path: Path) -> Candidate | None:
    format = format_of(path.name)
    return Candidate(path, format) if format and stat.S_ISREG(path.stat().st_mode) else None


def load(path: Path, limits: Limits) -> bytes:
    """The bytes of a file.

    Raises:
        LimitReached: if it is larger than allowed.
        ToolError: if it cannot be opened, or became a link meanwhile.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(limits.size + 1)
    except OSError as error:
        raise ToolError(f"it cannot be opened: {error.strerror}") from error
    if len(data) > limits.size:
        raise LimitReached(f"it has more than {limits.size:,} bytes, the most a document may have")
    return data


async def read(data: bytes, format: str, name: str, limits: Limits, cache: Path) -> Reading:
    """What the document says.

    Raises:
        ToolError: if it cannot be read.
        LimitReached: if it takes more time, memory or text than `limits` allow.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-c", HOST.format(root=str(PACKAGE_ROOT))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(cache),
        cwd=cache,
        start_new_session=True,
    )
    job = {"format": format, "name": name, "limits": asdict(limits)}
    try:
        async with asyncio.timeout(limits.seconds):
            reply = await _converse(child, json.dumps(job).encode() + b"\n" + data, limits)
    except TimeoutError:
        raise LimitReached(f"reading it takes more than {limits.seconds:g} seconds") from None
    finally:
        await _end(child)
    return _reading(reply, child.returncode, limits)


def _environment(cache: Path) -> dict[str, str]:
    needed = (
        {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if "SYSTEMROOT" in os.environ else {}
    )  # Windows starts nothing without
    return {**needed, "XBERG_CACHE_DIR": str(cache), "OMP_WAIT_POLICY": "passive"}


async def _converse(child: asyncio.subprocess.Process, message: bytes, limits: Limits) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    async with beside(_send(child.stdin, message)):
        most = 12 * limits.characters + (1 << 20)  # JSON may write a character as two escapes of six
        pieces: list[bytes] = []
        received = 0
        while piece := await child.stdout.read(1 << 16):
            pieces.append(piece)
            received += len(piece)
            if received > most:
                raise LimitReached(f"it has more text than {limits.characters:,} characters")
        await child.wait()
        return b"".join(pieces)


async def _send(stream: asyncio.StreamWriter, message: bytes) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a child that died is judged by its exit
        stream.write(message)
        await stream.drain()
        stream.close()
        await stream.wait_closed()


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    await child.wait()


def _reading(reply: bytes, status: int | None, limits: Limits) -> Reading:
    try:
        read_back: dict[str, Any] = json.loads(reply)
    except ValueError:
        raise _death(status, limits) from None
    if "error" in read_back:
        raise ERRORS.get(read_back["error"], ToolError)(read_back["message"])
    return Reading(read_back["text"], read_back["title"], tuple(read_back["pages"]), tuple(read_back["warnings"]))


def _death(status: int | None, limits: Limits) -> ToolError:
    if status is not None and -status == getattr(signal, "SIGXCPU", None):
        return LimitReached(f"reading it takes more than {limits.seconds:g} seconds")
    if status is not None and status < 0:
        return LimitReached(
            f"reading it takes more than {limits.memory >> 20:,} MB of memory, or breaks its reader "
            f"({signal.Signals(-status).name})"
        )
    return ToolError(f"its reader failed (exit status {status})")
