"""Adding files to a library: read, cut, embed and store, one document after another."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ToolError
from ...language import language_of_document
from ...schedule import Tasks
from .embedding import Embedder
from .extras import need
from .reading.files import Candidate, Refused, load
from .reading.formats import ReadingLimits
from .reading.parsers import Reading
from .splitting import Piece, parts_of, split
from .store import NewDocument, NewPassage
from .words import terms

if TYPE_CHECKING:
    from .embedding import Vectors

BATCH = 16
"""Passages embedded at once: between two batches progress is told and a cancellation is heard."""


@dataclass(frozen=True)
class AddingProgress:
    """How far adding has come."""

    path: Path
    done: int
    """Files finished."""
    total: int
    passages: int
    """Passages stored so far."""


@dataclass(frozen=True)
class Added:
    """What came of adding."""

    added: tuple[Path, ...] = ()
    """New, or new versions."""
    unchanged: tuple[Path, ...] = ()
    refused: tuple[Refused, ...] = ()
    passages: int = 0
    """Passages that were stored."""
    warnings: tuple[Refused, ...] = ()
    """Files that were added although something about them should be known."""


Reader = Callable[[bytes, str, str], Awaitable[Reading]]


@dataclass(frozen=True)
class _Read:
    """A file that was read, and is new."""

    hash: str
    reading: Reading


@dataclass
class Adding:
    """One adding under way."""

    with_store: Callable[[Callable[[Any], Any]], Awaitable[Any]]
    """Runs work on the store, in the store's thread."""
    embedder: Embedder
    reader: Reader
    limits: ReadingLimits
    collection: str
    on_progress: Callable[[AddingProgress], None]
    added: list[Path] = field(default_factory=list)
    unchanged: list[Path] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    warnings: list[Refused] = field(default_factory=list)
    passages: int = 0

    async def run(self, found: Sequence[Candidate | Refused]) -> Added:
        """Add the files; the next one is read while one is embedded."""
        self.refused += [file for file in found if isinstance(file, Refused)]
        files = [file for file in found if isinstance(file, Candidate)]
        following: asyncio.Task[_Read | None] | None = None
        async with Tasks() as tasks:
            for done, (file, after) in enumerate(zip_longest(files, files[1:])):
                self.on_progress(AddingProgress(file.path, done, len(files), self.passages))
                current = following or tasks.begin(self._read(file))
                following = tasks.begin(self._read(after)) if after else None
                await self._add(file, current, done, len(files))
                self.on_progress(AddingProgress(file.path, done + 1, len(files), self.passages))
        return Added(tuple(self.added), tuple(self.unchanged), tuple(self.refused), self.passages, tuple(self.warnings))

    async def _read(self, file: Candidate) -> _Read | None:
        """None if the collection has it already."""
        data = await asyncio.to_thread(load, file.path, self.limits)
        hash = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if await self._is_known(file, hash):
            return None
        return _Read(hash, await self.reader(data, file.format, file.path.name))

    async def _add(self, file: Candidate, reading: asyncio.Task[_Read | None], done: int, total: int) -> None:
        try:
            read = await reading
        except ToolError as error:
            self.refused.append(Refused(file.path, str(error)))
            return
        if read is None or await self._is_known(file, read.hash):  # a copy may have been stored meanwhile
            self.unchanged.append(file.path)
            return
        pieces = split(read.reading.text, read.reading.pages)
        document, entries = await asyncio.to_thread(self._compose, file, read, pieces)
        vectors = await self._embed(file.path, entries, done, total)
        await self.with_store(lambda store: store.put(document, entries, vectors))
        self.added.append(file.path)
        self.passages += len(entries)
        self.warnings += [Refused(file.path, warning) for warning in read.reading.warnings]

    async def _is_known(self, file: Candidate, hash: str) -> bool:
        same = await self.with_store(lambda store: store.same(self.collection, hash))
        if not same:
            return False
        gone = await asyncio.to_thread(lambda: [id for id, path in same if not Path(path).exists()])
        if gone and str(file.path) not in (path for _, path in same):
            await self.with_store(lambda store: store.move(gone[0], str(file.path)))
        return True

    def _compose(self, file: Candidate, read: _Read, pieces: Sequence[Piece]) -> tuple[NewDocument, list[NewPassage]]:
        text = read.reading.text
        language = language_of_document(text)
        entries = []
        for piece in pieces:
            passage = text[piece.start : piece.end]
            own = language_of_document(passage, language)
            stems = terms(f"{piece.section} {passage}", own)
            parts = parts_of(passage, self.embedder.parts)
            entries.append(NewPassage(passage, piece.start, piece.page, piece.section, own, stems, parts))
        document = NewDocument(
            collection=self.collection,
            path=str(file.path),
            title=read.reading.title or file.path.stem,
            format=file.format,
            language=language,
            hash=read.hash,
            characters=len(text),
            pages=len(read.reading.pages) or None,
            warnings=read.reading.warnings,
            added=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        return document, entries

    async def _embed(self, path: Path, entries: Sequence[NewPassage], done: int, total: int) -> Vectors:
        """Vectors of the passages, and after them of all their parts."""
        wholes, parts = [], []
        for first in range(0, len(entries), BATCH):
            batch = entries[first : first + BATCH]
            texts = [entry.text for entry in batch] + [part for entry in batch for part in entry.parts]
            vectors = await self.embedder.passages(texts)
            wholes.append(vectors[: len(batch)])
            parts.append(vectors[len(batch) :])
            self.on_progress(AddingProgress(path, done, total, self.passages + min(first + BATCH, len(entries))))
        joined: Vectors = need("numpy").concatenate(wholes + parts)
        return joined
