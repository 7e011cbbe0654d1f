"""What a library needs of a store of passages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ...errors import SettingsError
from ...types import Passage
from .extras import need

if TYPE_CHECKING:
    from .embedding import Vectors

WIDE = 100
"""Passages whose parts are compared; the whole passage must be among the nearest of so many."""


@dataclass(frozen=True)
class Document:
    """A document of the library."""

    id: int
    collection: str
    path: str
    title: str
    format: str
    language: str
    """ISO 639-1 code of the language most of it is in; empty if it cannot be told."""
    characters: int
    passages: int
    pages: int | None
    """Pages, slides or sheets; None if the format has none."""
    added: str
    """When, as ISO 8601 in UTC."""
    warnings: tuple[str, ...] = ()
    """What a person should know of it: hidden text taken out, phrases that address a model."""


@dataclass(frozen=True)
class Located(Passage):
    """A passage, with its exact place."""

    document: int = 0
    title: str = ""
    page: int | None = None
    """Page, slide or sheet, from 1; None if the format has none."""
    section: str = ""
    """Headings above it, as in `Networking > Firewall`."""
    start: int = 0
    """First character, counted in the text of the document."""
    end: int = 0
    similarity: float | None = None
    """Cosine with the query, at most 1; None if it was found by its words only.

    Where parts of passages have vectors too, the mean of the passage's and of its best part's.
    """
    id: int = 0
    """Of the passage, in its library; it changes when the document is read anew."""


@dataclass(frozen=True)
class NewPassage:
    """A passage to be stored."""

    text: str
    start: int
    page: int | None
    section: str
    language: str
    stems: Sequence[str]
    parts: tuple[str, ...] = ()
    """Parts that get vectors of their own; empty if it is too short to have any."""


@dataclass(frozen=True)
class NewDocument:
    """A document to be stored."""

    collection: str
    path: str
    title: str
    format: str
    language: str
    hash: str
    characters: int
    pages: int | None
    warnings: tuple[str, ...]
    added: str


@dataclass(frozen=True)
class Stats:
    """How much a library holds."""

    documents: int
    passages: int
    characters: int
    bytes: int
    """Size on disk."""
    embedder: str
    """Id of what made the vectors; empty while there are none."""
    collections: dict[str, int]
    """Documents of each collection."""
    languages: dict[str, int]
    """Passages in each language."""


class Store(Protocol):
    """What a library needs of a store; every method blocks, and is called from one thread."""

    def put(self, document: NewDocument, entries: Sequence[NewPassage], vectors: Vectors) -> int:
        """Store a document in one transaction, in place of the one with the same path; its id.

        Args:
            vectors: of all entries, and after them of all their parts.
        """
        ...

    def remove(self, document: int) -> None:
        """Forget a document, its words and its vectors."""
        ...

    def nearest(self, vector: Vectors, collections: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """Passages nearest in meaning, with their cosine, best first."""
        ...

    def matching(self, stems: Iterable[str], collections: Sequence[str], limit: int) -> list[int]:
        """Passages that hold any of the stems, best first by BM25."""
        ...

    def passages(self, ids: Sequence[int]) -> dict[int, Located]:
        """Passages by id, without score; ids that are gone are left out."""
        ...

    def documents(self, collection: str | None = None, document: int | None = None) -> list[Document]:
        """Documents in the order in which they were added, of one collection or with one id if named."""
        ...

    def same(self, collection: str, hash: str) -> list[tuple[int, str]]:
        """Id and path of the documents of the collection that have this content."""
        ...

    def move(self, document: int, path: str) -> None:
        """Note that the file of a document now lies elsewhere, in place of what its collection had there."""
        ...

    def at(self, path: str) -> list[int]:
        """Ids of the documents that came from this path."""
        ...

    def text(self, document: int) -> str:
        """The text of a document, each passage at its place."""
        ...

    def languages(self, collections: Sequence[str] = ()) -> dict[str, int]:
        """Passages in each language, the most first; of all collections if none is named."""
        ...

    def stats(self) -> Stats:
        """How much there is."""
        ...

    def close(self) -> None:
        """Let go of the file or connection."""
        ...


def quantise(vectors: Vectors) -> list[bytes]:
    """One signed byte a dimension; each vector by its own scale, since only directions are compared."""
    np = need("numpy")
    scale = 127 / np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    return [row.tobytes() for row in np.rint(vectors * scale).astype(np.int8)]


def with_parts(
    vector: Vectors, found: Sequence[tuple[int, float]], parts: Mapping[int, bytes]
) -> list[tuple[int, float]]:
    """Each passage with the mean of its cosine and that of its best part, if it has parts, best first.

    Args:
        parts: quantised vectors, one after another, of the passages that have any.
    """
    np = need("numpy")
    means = []
    for id, whole in found:
        best = whole
        if id in parts:
            rows = np.frombuffer(parts[id], np.int8).reshape(-1, len(vector)).astype(np.float32)
            best = float((rows @ vector / np.maximum(np.linalg.norm(rows, axis=1), 1e-12)).max())
        means.append((id, (whole + best) / 2))
    return sorted(means, key=lambda row: -row[1])


def join(passages: Iterable[tuple[int, str]]) -> str:
    """The text of a document from the start and text of its passages, in order."""
    pieces, length = [], 0
    for start, text in passages:
        pieces += ["\n" * (start - length), text]
        length = start + len(text)
    return "".join(pieces)


def mixing_error(where: str, held: str, wanted: str) -> SettingsError:
    """What to raise when vectors of two embedders would meet."""
    return SettingsError(
        f"the vectors in {where} were made by {held!r} and cannot be compared with those of {wanted!r}; "
        f"use {held!r}, or add the documents anew elsewhere"
    )


def length_error(where: str, embedder: str, held: str, dimensions: int) -> SettingsError:
    """What to raise when an embedder gives vectors of another length than it did."""
    return SettingsError(
        f"{embedder!r} now gives vectors of {dimensions} numbers, and those in {where} have {held}: "
        "it is not the same model"
    )
