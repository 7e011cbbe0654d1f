"""A library of documents: what is added, found, shown and removed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from ...errors import SettingsError, UnknownName
from ...types import Passage
from .adding import Added, Adding, AddingProgress
from .embedding import Embedder, Usem3
from .pgvector import PgvectorStore
from .quotes import Quote, pick, sentence_scores
from .reading.child import read
from .reading.files import find
from .reading.formats import ReadingLimits
from .reading.parsers import Reading
from .sqlite_vec import SqliteStore
from .store import Document, Located, Stats, Store
from .words import STEMMERS, sentences, terms

if TYPE_CHECKING:
    from .embedding import Vectors

Result = TypeVar("Result")
How = Literal["both", "words", "meaning"]
DEPTH = 20
"""Fewest passages that each way of searching brings before they are merged."""
MEANING = 2.0
"""Weight of meaning beside words when sentences are chosen: the best of 0.5, 1 and 2 on XQuAD in both languages."""
LONGEST_QUERY = 2000
"""Characters of a query that are used."""


@dataclass(frozen=True)
class DocumentText:
    """A document with its text."""

    document: Document
    text: str


def default_folder() -> Path:
    """Where documents are kept: `$TERTULIA_DATA/documents`, or else in the data folder of the platform."""
    from platformdirs import user_data_dir

    return Path(os.environ.get("TERTULIA_DATA") or user_data_dir("tertulia", appauthor=False)) / "documents"


def is_postgres(place: str) -> bool:
    """Whether the place is a Postgres database, and no file."""
    return place.startswith(("postgres://", "postgresql://"))


def library_at(database: str) -> Library:
    """The library of documents: in that database if it is Postgres, else in the data folder."""
    return Library(database=database if is_postgres(database) else "")


class Library:
    """Documents in collections, searched by words and by meaning.

    Opened when first used. All access to its file or database is from one thread of its own; close it, or use it
    in `async with`.
    """

    def __init__(
        self,
        folder: Path | None = None,
        embedder: Embedder | None = None,
        limits: ReadingLimits | None = None,
        database: str = "",
    ):
        """
        Args:
            folder: where to keep the index; None for `default_folder()`.
            embedder: None for the multilingual one that comes with the extra `docs`.
            limits: the most that reading one document may take; None for the defaults.
            database: `postgres://…` to keep the index there, for several machines; empty for a file in the folder.

        Raises:
            SettingsError: if the database is of another kind.
        """
        if database and not is_postgres(database):
            raise SettingsError("documents are kept in a folder or in postgres://…, in no other database")
        self.folder, self.database = folder or default_folder(), database
        self.embedder = embedder or Usem3()
        self.limits = limits or ReadingLimits()
        self._thread = ThreadPoolExecutor(1, "tertulia-documents")
        self._store: Store | None = None
        self._adding = asyncio.Lock()

    async def __aenter__(self) -> Library:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the file or connection; the library cannot be used again."""
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    def _close(self, _: None = None) -> None:
        if self._store is not None:
            self._store.close()

    async def add(
        self,
        paths: Sequence[Path | str],
        collection: str = "default",
        on_progress: Callable[[AddingProgress], None] = lambda _: None,
    ) -> Added:
        """Add files, and all files of folders; what is there already is left alone.

        Each document is stored whole or not at all, so adding can be interrupted and begun again. A file that
        cannot be read is refused, and never stops the others.

        Raises:
            ToolError: if what documents need is not installed.
            SettingsError: if the folder or database holds vectors of another embedder.
            StoreError: if the database does not answer.
        """
        async with self._adding:
            found = await asyncio.to_thread(lambda: [file for path in paths for file in find(Path(path))])
            await self._with_store(lambda store: store.languages())  # so that a wrong place is told at once
            return await Adding(
                self._with_store, self.embedder, self._reader, self.limits, collection, on_progress
            ).run(found)

    async def search(
        self, query: str, collection: str | Sequence[str] | None = None, limit: int = 5, how: How = "both"
    ) -> list[Located]:
        """The passages that fit best, best first; empty if there is nothing.

        Args:
            collection: one or several names; None for all.
            limit: 1 to 100.
            how: `words` for keywords (BM25), `meaning` for embeddings, `both` for one of each in turn.
        """
        query, limit = query.strip()[:LONGEST_QUERY], max(1, min(limit, 100))
        collections = (collection,) if isinstance(collection, str) else tuple(collection or ())
        if not query:
            return []
        vector = await self.embedder.query(query) if how != "words" else None
        return await self._with_store(lambda store: _search(store, query, vector, collections, limit, how))

    async def best_sentences(self, question: str, passage: Passage, n: int = 1) -> list[Quote]:
        """The sentences of the passage that say most about the question, by words and by meaning, best first."""
        spans = sentences(passage.text)
        if not spans:
            return []
        texts = [passage.text[start:end] for start, end in spans]
        shared = await asyncio.to_thread(sentence_scores, question, texts)
        vector, vectors = await self.embedder.query(question[:LONGEST_QUERY]), await self.embedder.passages(texts)
        most = max(shared) or 1.0
        alike = (vectors @ vector).tolist()
        scores = [words / most + MEANING * meaning for words, meaning in zip(shared, alike, strict=True)]
        return pick(passage, spans, scores, n)

    async def documents(self, collection: str | None = None) -> list[Document]:
        """All documents, or those of one collection, in the order in which they were added."""
        return await self._with_store(lambda store: store.documents(collection))

    async def show(self, document: int | str) -> DocumentText:
        """A document by its id or path, with its text.

        Raises:
            UnknownName: if there is none.
        """
        return await self._with_store(lambda store: _show(store, document))

    async def remove(self, document: int | str) -> Document:
        """Forget a document, by its id or path; what it was.

        Raises:
            UnknownName: if there is none.
        """
        return await self._with_store(lambda store: _remove(store, document))

    async def languages(self, collections: Sequence[str] = ()) -> dict[str, int]:
        """Passages by the ISO 639-1 code of their language, the most first; of all collections if none is named."""
        return await self._with_store(lambda store: store.languages(collections))

    async def stats(self) -> Stats:
        """How much the library holds."""
        return await self._with_store(lambda store: store.stats())

    async def _reader(self, data: bytes, format: str, name: str) -> Reading:
        cache = self.folder / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        return await read(data, format, name, self.limits, cache)

    async def _with_store(self, work: Callable[[Store], Result]) -> Result:
        return await self._in_thread(lambda: work(self._open()))

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self) -> Store:
        if self._store is None:
            if self.database:
                self._store = PgvectorStore(self.database, self.embedder.id)
            else:
                self._store = SqliteStore(self.folder / "index.sqlite", self.embedder.id)
        return self._store


def _search(
    store: Store, query: str, vector: Vectors | None, collections: tuple[str, ...], limit: int, how: How
) -> list[Located]:
    depth = max(DEPTH, 2 * limit)
    near = dict(store.nearest(vector, collections, depth)) if vector is not None else {}
    matching = store.matching(_query_stems(store, query), collections, depth) if how != "meaning" else []
    best = interleave(list(near), matching)[:limit]
    found = store.passages(best)
    return [
        replace(found[id], score=1 / rank, similarity=near.get(id)) for rank, id in enumerate(best, 1) if id in found
    ]


def interleave(*rankings: Sequence[int]) -> list[int]:
    """One of each ranking in turn, the first ranking first, each only once."""
    return list(dict.fromkeys(id for row in zip_longest(*rankings) for id in row if id is not None))


def _query_stems(store: Store, query: str) -> list[str]:
    """Stems of the query in each language that the library holds, since a query rarely tells its own."""
    languages = [language for language in store.languages() if language in STEMMERS] or [""]
    return [stem for language in ["", *languages] for stem in terms(query, language)]


def _find(store: Store, document: int | str) -> Document:
    ids = [document] if isinstance(document, int) else store.at(document) or store.at(str(Path(document).resolve()))
    if isinstance(document, str) and not ids and document.isdigit():
        ids = [int(document)]
    found = [each for id in ids for each in store.documents(document=id)]
    if not found:
        known = [f"{each.id} ({each.path})" for each in store.documents()]
        more = [f"and {len(known) - 10} more"] if len(known) > 10 else []
        raise UnknownName("document", str(document), known[:10] + more)
    return found[0]


def _show(store: Store, document: int | str) -> DocumentText:
    found = _find(store, document)
    return DocumentText(found, store.text(found.id))


def _remove(store: Store, document: int | str) -> Document:
    found = _find(store, document)
    store.remove(found.id)
    return found
