"""The store of passages: words and vectors in one SQLite file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import SettingsError
from ...types import Passage
from .extras import need

if TYPE_CHECKING:
    from .embedding import Vectors

VERSION = 1
SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table document (
    id integer primary key autoincrement, collection text not null, path text not null, title text not null,
    format text not null, language text not null, hash text not null, characters integer not null,
    pages integer, warnings text not null, added text not null, unique (collection, path)
);
create index document_hash on document (collection, hash);
create table passage (
    id integer primary key autoincrement, document integer not null references document, start integer not null,
    page integer, section text not null, language text not null, text text not null, parts blob
);
create index passage_document on passage (document, start);
create virtual table words using fts5 (
    stems, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0"
);
"""
WIDE = 100
"""Passages whose parts are compared; the whole passage must be among the nearest of so many."""
NEAREST = 4096
"""Most vectors that one search may ask for."""


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


@dataclass(frozen=True)
class Entry:
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
class New:
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

    def put(self, document: New, entries: Sequence[Entry], vectors: Vectors) -> int:
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


class SqliteStore:
    """One SQLite file: exact search over vectors of one byte a dimension (sqlite-vec), and BM25 (FTS5)."""

    def __init__(self, path: Path, embedder: str) -> None:
        """Open the file, or make it.

        Raises:
            SettingsError: if it was made by a newer Tertulia, or its vectors by another embedder.
        """
        apsw, sqlite_vec = need("apsw"), need("sqlite_vec")
        self._path, self._embedder = path, embedder
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = apsw.Connection(str(path))
        self._db.set_busy_timeout(30_000)
        self._db.enable_load_extension(True)
        self._db.load_extension(sqlite_vec.loadable_path())
        self._db.enable_load_extension(False)
        self._db.execute("pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on")
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        with self._immediate():
            if not self._all("select 1 from sqlite_master where name = 'meta'"):
                self._db.execute(SCHEMA)
                self._db.execute("insert into meta values ('version', ?)", (str(VERSION),))
        made = int(self._meta("version") or 0)
        if made != VERSION:
            raise SettingsError(
                f"{self._path} was made by another version of Tertulia ({made}, this one reads {VERSION})"
            )
        self._check_embedder()

    def _check_embedder(self) -> None:
        held = self._meta("embedder")
        if held and held != self._embedder:
            raise SettingsError(
                f"the vectors in {self._path} were made by {held!r} and cannot be compared with those of "
                f"{self._embedder!r}; use {held!r}, or add the documents anew in another folder"
            )

    def close(self) -> None:
        self._db.close()

    def put(self, document: New, entries: Sequence[Entry], vectors: Vectors) -> int:
        with self._immediate():
            self._claim(vectors.shape[1])
            known = self._all(
                "select id from document where collection = ? and path = ?", (document.collection, document.path)
            )
            for (old,) in known:
                self._forget(old)
            id = self._insert(document)
            rows = _bytes(vectors)
            parts = iter(rows[len(entries) :])
            for entry, vector in zip(entries, rows, strict=False):
                self._insert_passage(id, document.collection, entry, vector, b"".join(islice(parts, len(entry.parts))))
        return id

    def _insert(self, document: New) -> int:
        self._db.execute(
            "insert into document (collection, path, title, format, language, hash, characters, pages, warnings, added)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(document.collection, document.path, document.title, document.format, document.language),
                *(document.hash, document.characters, document.pages, json.dumps(document.warnings), document.added),
            ),
        )
        return int(self._db.last_insert_rowid())

    def _insert_passage(self, document: int, collection: str, entry: Entry, vector: bytes, parts: bytes) -> None:
        self._db.execute(
            "insert into passage (document, start, page, section, language, text, parts) values (?, ?, ?, ?, ?, ?, ?)",
            (document, entry.start, entry.page, entry.section, entry.language, entry.text, parts or None),
        )
        id = self._db.last_insert_rowid()
        self._db.execute("insert into words (rowid, stems) values (?, ?)", (id, " ".join(entry.stems)))
        self._db.execute(
            "insert into vector (rowid, collection, value) values (?, ?, vec_int8(?))", (id, collection, vector)
        )

    def _claim(self, dimensions: int) -> None:
        """Note whose vectors these are, the first time."""
        self._check_embedder()  # another process may have been first
        if self._meta("embedder") is None:
            self._db.execute(
                "insert into meta values ('embedder', ?), ('dimensions', ?)", (self._embedder, str(dimensions))
            )
            self._db.execute(
                "create virtual table vector using vec0 "
                f"(collection text partition key, value int8[{int(dimensions)}] distance_metric=cosine)"
            )
        elif int(self._meta("dimensions") or 0) != dimensions:
            raise SettingsError(
                f"{self._embedder!r} now gives vectors of {dimensions} numbers, and those in {self._path} have "
                f"{self._meta('dimensions')}: it is not the same model"
            )

    def remove(self, document: int) -> None:
        with self._immediate():
            self._forget(document)

    def _forget(self, document: int) -> None:
        for (passage,) in self._all("select id from passage where document = ?", (document,)):
            self._db.execute("delete from words where rowid = ?", (passage,))
            self._db.execute("delete from vector where rowid = ?", (passage,))
        self._db.execute("delete from passage where document = ?", (document,))
        self._db.execute("delete from document where id = ?", (document,))

    def nearest(self, vector: Vectors, collections: Sequence[str], limit: int) -> list[tuple[int, float]]:
        if self._meta("embedder") is None:
            return []
        (query,) = _bytes(vector[None, :])
        sql = "select rowid, 1 - distance from vector where value match vec_int8(?) and k = ?"
        wide = min(max(limit, WIDE), NEAREST)
        if collections:
            found = [row for name in collections for row in self._all(f"{sql} and collection = ?", (query, wide, name))]
        else:
            found = self._all(sql, (query, wide))
        found = sorted(found, key=lambda row: -row[1])[:wide]
        return sorted(self._with_parts(vector, found), key=lambda row: -row[1])[:limit]

    def _with_parts(self, vector: Vectors, found: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
        """Each passage with the mean of its cosine and that of its best part, if it has parts."""
        np = need("numpy")
        holders = ", ".join("?" * len(found))
        blobs = dict(
            self._all(
                f"select id, parts from passage where parts is not null and id in ({holders})",
                tuple(id for id, _ in found),
            )
        )
        means = []
        for id, whole in found:
            best = whole
            if id in blobs:
                parts = np.frombuffer(blobs[id], np.int8).reshape(-1, len(vector)).astype(np.float32)
                best = float((parts @ vector / np.maximum(np.linalg.norm(parts, axis=1), 1e-12)).max())
            means.append((id, (whole + best) / 2))
        return means

    def matching(self, stems: Iterable[str], collections: Sequence[str], limit: int) -> list[int]:
        wanted = " OR ".join(f'"{stem}"' for stem in dict.fromkeys(stems))  # stems hold letters and digits only
        if not wanted:
            return []
        if not collections:
            found = self._all("select rowid from words where words match ? order by rank limit ?", (wanted, limit))
        else:
            # Cross joins keep the order: words first. Asked for the ids first, FTS5 would search once for each id.
            found = self._all(
                "select words.rowid from words cross join passage on passage.id = words.rowid"
                " cross join document on document.id = passage.document"
                f" where words match ? and collection in ({', '.join('?' * len(collections))})"
                " order by bm25(words) limit ?",
                (wanted, *collections, limit),
            )
        return [id for (id,) in found]

    def passages(self, ids: Sequence[int]) -> dict[int, Located]:
        """Passages by id, without score."""
        rows = self._all(
            "select passage.id, text, start, page, section, path, title, document.id"
            " from passage join document on document.id = passage.document"
            f" where passage.id in ({', '.join('?' * len(ids))})",
            tuple(ids),
        )
        return {
            id: Located(text, path, 0.0, document, title, page, section, start, start + len(text))
            for id, text, start, page, section, path, title, document in rows
        }

    def documents(self, collection: str | None = None, document: int | None = None) -> list[Document]:
        """Documents in the order in which they were added, of one collection or with one id if named."""
        rows = self._all(
            "select document.id, collection, path, title, format, document.language, characters, count(passage.id),"
            " pages, added, warnings from document left join passage on passage.document = document.id"
            " where (?1 is null or collection = ?1) and (?2 is null or document.id = ?2) group by document.id",
            (collection, document),
        )
        return [Document(*[*row[:-1], tuple(json.loads(row[-1]))]) for row in rows]

    def same(self, collection: str, hash: str) -> list[tuple[int, str]]:
        """Id and path of the documents of the collection that have this content."""
        return self._all("select id, path from document where collection = ? and hash = ?", (collection, hash))

    def move(self, document: int, path: str) -> None:
        """Note that the file of a document now lies elsewhere."""
        with self._immediate():
            self._db.execute("update document set path = ? where id = ?", (path, document))

    def at(self, path: str) -> list[int]:
        """Ids of the documents that came from this path."""
        return [id for (id,) in self._all("select id from document where path = ?", (path,))]

    def text(self, document: int) -> str:
        """The text of a document, each passage at its place."""
        pieces, length = [], 0
        for start, text in self._all("select start, text from passage where document = ? order by start", (document,)):
            pieces += ["\n" * (start - length), text]
            length = start + len(text)
        return "".join(pieces)

    def languages(self) -> dict[str, int]:
        """Passages in each language."""
        return dict(self._all("select language, count(*) from passage group by language order by 2 desc"))

    def stats(self) -> Stats:
        ((documents, characters),) = self._all("select count(*), coalesce(sum(characters), 0) from document")
        languages = self.languages()
        files = (self._path.with_name(self._path.name + suffix) for suffix in ("", "-wal"))
        return Stats(
            documents=documents,
            passages=sum(languages.values()),
            characters=characters,
            bytes=sum(file.stat().st_size for file in files if file.exists()),
            embedder=self._meta("embedder") or "",
            collections=dict(self._all("select collection, count(*) from document group by collection order by 1")),
            languages=languages,
        )

    def _meta(self, key: str) -> str | None:
        rows = self._all("select value from meta where key = ?", (key,))
        return rows[0][0] if rows else None

    def _all(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
        return list(self._db.execute(sql, bindings))

    def _immediate(self) -> _Immediate:
        return _Immediate(self._db)


class _Immediate:
    """A transaction that takes the lock at once, so that two processes never wait for each other."""

    def __init__(self, db: Any) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("commit" if kind is None else "rollback")


def _bytes(vectors: Vectors) -> list[bytes]:
    """One signed byte a dimension; each vector by its own scale, since only directions are compared."""
    np = need("numpy")
    scale = 127 / np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    return [row.tobytes() for row in np.rint(vectors * scale).astype(np.int8)]
