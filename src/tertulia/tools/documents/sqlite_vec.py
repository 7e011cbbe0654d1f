"""The store of passages of one person: words and vectors in one SQLite file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import SettingsError
from .extras import need
from .store import (
    WIDE,
    Document,
    Located,
    NewDocument,
    NewPassage,
    Stats,
    join,
    length_error,
    mixing_error,
    quantise,
    with_parts,
)

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
OPENINGS = 200
"""Times that a file is tried that others are making."""
NEAREST = 4096
"""Most vectors that one search may ask for."""


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
        try:
            self._write_ahead(apsw.BusyError)
            self._db.execute("pragma synchronous = normal; pragma foreign_keys = on")
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _write_ahead(self, busy: type[Exception]) -> None:
        """Let others read while we write; SQLite itself does not wait when two make the same file at once."""
        for left in range(OPENINGS, -1, -1):
            try:
                self._db.execute("pragma journal_mode = wal")
                return
            except busy:
                if not left:
                    raise
                time.sleep(0.05)

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
            raise mixing_error(str(self._path), held, self._embedder)

    def close(self) -> None:
        self._db.close()

    def put(self, document: NewDocument, entries: Sequence[NewPassage], vectors: Vectors) -> int:
        with self._immediate():
            self._claim(vectors.shape[1])
            known = self._all(
                "select id from document where collection = ? and path = ?", (document.collection, document.path)
            )
            for (old,) in known:
                self._forget(old)
            id = self._insert(document)
            rows = quantise(vectors)
            parts = iter(rows[len(entries) :])
            for entry, vector in zip(entries, rows, strict=False):
                self._insert_passage(id, document.collection, entry, vector, b"".join(islice(parts, len(entry.parts))))
        return id

    def _insert(self, document: NewDocument) -> int:
        self._db.execute(
            "insert into document (collection, path, title, format, language, hash, characters, pages, warnings, added)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(document.collection, document.path, document.title, document.format, document.language),
                *(document.hash, document.characters, document.pages, json.dumps(document.warnings), document.added),
            ),
        )
        return int(self._db.last_insert_rowid())

    def _insert_passage(self, document: int, collection: str, entry: NewPassage, vector: bytes, parts: bytes) -> None:
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
            raise length_error(str(self._path), self._embedder, self._meta("dimensions") or "", dimensions)

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
        (query,) = quantise(vector[None, :])
        sql = "select rowid, 1 - distance from vector where value match vec_int8(?) and k = ?"
        wide = min(max(limit, WIDE), NEAREST)
        if collections:
            found = [row for name in collections for row in self._all(f"{sql} and collection = ?", (query, wide, name))]
        else:
            found = self._all(sql, (query, wide))
        found = sorted(found, key=lambda row: -row[1])[:wide]
        return with_parts(vector, found, self._parts([id for id, _ in found]))[:limit]

    def _parts(self, ids: Sequence[int]) -> dict[int, bytes]:
        holders = ", ".join("?" * len(ids))
        return dict(
            self._all(f"select id, parts from passage where parts is not null and id in ({holders})", tuple(ids))
        )

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
        rows = self._all(
            "select passage.id, text, start, page, section, path, title, document.id"
            " from passage join document on document.id = passage.document"
            f" where passage.id in ({', '.join('?' * len(ids))})",
            tuple(ids),
        )
        return {
            id: Located(text, path, 0.0, document, title, page, section, start, start + len(text), id=id)
            for id, text, start, page, section, path, title, document in rows
        }

    def documents(self, collection: str | None = None, document: int | None = None) -> list[Document]:
        rows = self._all(
            "select document.id, collection, path, title, format, document.language, characters, count(passage.id),"
            " pages, added, warnings from document left join passage on passage.document = document.id"
            " where (?1 is null or collection = ?1) and (?2 is null or document.id = ?2) group by document.id",
            (collection, document),
        )
        return [Document(*[*row[:-1], tuple(json.loads(row[-1]))]) for row in rows]

    def same(self, collection: str, hash: str) -> list[tuple[int, str]]:
        return self._all("select id, path from document where collection = ? and hash = ?", (collection, hash))

    def move(self, document: int, path: str) -> None:
        with self._immediate():
            for (other,) in self._all(
                "select other.id from document join document as other using (collection)"
                " where document.id = ?1 and other.path = ?2 and other.id <> ?1",
                (document, path),
            ):
                self._forget(other)
            self._db.execute("update document set path = ? where id = ?", (path, document))

    def at(self, path: str) -> list[int]:
        return [id for (id,) in self._all("select id from document where path = ?", (path,))]

    def text(self, document: int) -> str:
        return join(self._all("select start, text from passage where document = ? order by start", (document,)))

    def languages(self, collections: Sequence[str] = ()) -> dict[str, int]:
        named = f"collection in ({', '.join('?' * len(collections))})"
        inside = f"where document in (select id from document where {named})" if collections else ""
        sql = f"select language, count(*) from passage {inside} group by language order by 2 desc"
        return dict(self._all(sql, tuple(collections)))

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
