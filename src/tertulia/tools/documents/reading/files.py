"""Which files are read, and their bytes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ....errors import LimitReached, ToolError
from .formats import ReadingLimits, format_of

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


def load(path: Path, limits: ReadingLimits) -> bytes:
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
