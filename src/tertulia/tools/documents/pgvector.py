"""The store of passages of many machines: words and vectors in PostgreSQL with pgvector."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ...errors import SettingsError, StoreError
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

Result = TypeVar("Result")
VERSION = 1
SCHEMA = """
create schema if not exists tertulia_documents;
set local search_path = tertulia_documents;
create table meta (key text primary key, value text not null);
create table document (
    id bigint primary key generated always as identity, collection text not null, path text not null,
    title text not null, format text not null, language text not null, hash text not null, characters bigint not null,
    pages bigint, warnings text not null, added text not null, unique (collection, path)
);
create index document_hash on document (collection, hash);
create sequence passage_id;
create table passage (
    id bigint primary key, document bigint not null references document, collection text not null,
    start bigint not null, page bigint, section text not null, language text not null, text text not null,
    parts bytea, length int not null
);
create index passage_document on passage (document, start) include (length);
create table word (
    stem text not null, passage bigint not null, times int not null, length int not null,
    primary key (stem, passage) include (times, length)
);
create index word_passage on word (passage);
"""
MATCHING = """
with size as (select count(*) as passages, avg(length)::float8 as mean from passage),
held as (
    select stem, case
        when passages > 2 * count(*) then ln((passages - count(*) + 0.5)::float8 / (count(*) + 0.5)::float8) else 1e-6
    end as weight
    from word cross join size where stem = any(%(stems)s) group by stem, passages
)
select word.passage from word join held using (stem) cross join size {only}
group by word.passage
order by sum(weight * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * word.length / mean))) desc, word.passage
limit %(limit)s
"""
"""BM25 with k1 = 1.2 and b = 0.75, the same as that of FTS5."""
INDEXED = 4000
"""Most dimensions that pgvector's index takes; longer vectors are all compared."""
SEARCHED = 200
"""Passages that the index looks at: more find more, and take longer."""
BATCH = 500
"""Passages copied by one statement, so that none takes long."""
LOCK = 7_483_647_826
"""Number of the lock that is held while tables are made; any will do."""
SETTINGS = {
    "connect_timeout": 10,
    # a process that froze within a transaction must not hold its locks
    "options": "-c statement_timeout=120000 -c idle_in_transaction_session_timeout=30000",
    "tcp_user_timeout": 8000,  # milliseconds after which a cut network is noticed
    "keepalives_idle": 5,
    "keepalives_interval": 2,
}


class PgvectorStore:
    """A database on a server, for several machines at once: vectors in half precision (pgvector), and BM25."""

    def __init__(self, url: str, embedder: str) -> None:
        """Connect, and make the tables if there are none.

        Raises:
            SettingsError: if they were made by another version of Tertulia, their vectors by another embedder, or
                the server has no pgvector.
            StoreError: if the server does not answer.
        """
        self._psycopg = need("psycopg", "durable")
        self._url, self._embedder = url, embedder
        parts = urlsplit(url)
        self._where = f"postgres://{parts.netloc.rpartition('@')[2]}{parts.path}"
        """Without a password."""
        self._db: Any = None
        self._transact(lambda _: None)

    def close(self) -> None:
        if self._db is not None:
            self._db.close()

    def put(self, document: NewDocument, entries: Sequence[NewPassage], vectors: Vectors) -> int:
        return self._transact(lambda db: self._put(db, document, entries, vectors))

    def _put(self, db: Any, document: NewDocument, entries: Sequence[NewPassage], vectors: Vectors) -> int:
        self._claim(db, vectors.shape[1])
        key = (document.collection, document.path)
        _wait_for(db, *key)
        self._forget(db, "collection = %s and path = %s", key)
        id = self._insert(db, document)
        numbers = [
            row[0] for row in db.execute("select nextval('passage_id') from generate_series(1, %s)", [len(entries)])
        ]
        parts = iter(quantise(vectors[len(entries) :]))
        for first in range(0, len(entries), BATCH):
            batch = list(zip(numbers, entries, vectors, strict=False))[first : first + BATCH]
            _copy(db, "passage", (_passage(n, id, document.collection, entry, parts) for n, entry, _ in batch))
            _copy(db, "word", (row for n, entry, _ in batch for row in _words(n, entry.stems)))
            _copy(db, "vector", ((n, document.collection, _half(vector)) for n, _, vector in batch))
        return id

    def _insert(self, db: Any, document: NewDocument) -> int:
        names = ("collection", "path", "title", "format", "language", "hash", "characters", "pages", "added")
        values = [getattr(document, name) for name in names]
        sql = f"insert into document ({', '.join(names)}, warnings) values ({'%s, ' * len(names)}%s) returning id"
        return int(db.execute(sql, [*values, json.dumps(document.warnings)]).fetchone()[0])

    def _claim(self, db: Any, dimensions: int) -> None:
        """Note whose vectors these are, the first time."""
        if _meta(db, "embedder") is None:
            db.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        self._check_embedder(db)  # another process may have been first
        if _meta(db, "embedder") is None:
            db.execute(
                "insert into meta values ('embedder', %s), ('dimensions', %s)", [self._embedder, str(dimensions)]
            )
            db.execute(
                "create table vector (passage bigint primary key, collection text not null, "
                f"value halfvec({int(dimensions)}) not null)"
            )
            db.execute("create index vector_collection on vector (collection)")
            if dimensions <= INDEXED:
                db.execute("create index vector_value on vector using hnsw (value halfvec_cosine_ops)")
        elif int(_meta(db, "dimensions") or 0) != dimensions:
            raise length_error(self._where, self._embedder, _meta(db, "dimensions") or "", dimensions)

    def _check_embedder(self, db: Any) -> None:
        held = _meta(db, "embedder")
        if held and held != self._embedder:
            raise mixing_error(self._where, held, self._embedder)

    def remove(self, document: int) -> None:
        self._transact(lambda db: self._forget(db, "id = %s", [document]))

    def _forget(self, db: Any, which: str, values: Sequence[Any]) -> None:
        for (id,) in db.execute(f"select id from document where {which} for update", values).fetchall():
            for table in ("word", "vector"):
                db.execute(f"delete from {table} where passage in (select id from passage where document = %s)", [id])
            db.execute("delete from passage where document = %s", [id])
            db.execute("delete from document where id = %s", [id])

    def nearest(self, vector: Vectors, collections: Sequence[str], limit: int) -> list[tuple[int, float]]:
        only = "where collection = any(%(collections)s)" if collections else ""
        sql = (
            f"select passage, 1 - (value <=> %(vector)s::halfvec) from vector {only}"
            " order by value <=> %(vector)s::halfvec limit %(limit)s"
        )
        values = {"vector": _half(vector), "collections": list(collections), "limit": max(limit, WIDE)}

        def work(db: Any) -> list[tuple[int, float]]:
            if _meta(db, "embedder") is None:
                return []
            found = db.execute(sql, values).fetchall()
            parts = db.execute(
                "select id, parts from passage where parts is not null and id = any(%s)", [[id for id, _ in found]]
            )
            return with_parts(vector, found, dict(parts.fetchall()))[:limit]

        return self._transact(work)

    def matching(self, stems: Iterable[str], collections: Sequence[str], limit: int) -> list[int]:
        only = (
            "join passage on passage.id = word.passage where collection = any(%(collections)s)" if collections else ""
        )
        values = {"stems": list(dict.fromkeys(stems)), "collections": list(collections), "limit": limit}
        return [id for (id,) in self._all(MATCHING.format(only=only), values)]

    def passages(self, ids: Sequence[int]) -> dict[int, Located]:
        rows = self._all(
            "select passage.id, text, start, page, section, path, title, document.id"
            " from passage join document on document.id = passage.document where passage.id = any(%s)",
            [list(ids)],
        )
        return {
            id: Located(text, path, 0.0, document, title, page, section, start, start + len(text), id=id)
            for id, text, start, page, section, path, title, document in rows
        }

    def documents(self, collection: str | None = None, document: int | None = None) -> list[Document]:
        rows = self._all(
            "select document.id, document.collection, path, title, format, document.language, characters,"
            " count(passage.id), pages, added, warnings"
            " from document left join passage on passage.document = document.id"
            " where (%(collection)s::text is null or document.collection = %(collection)s)"
            " and (%(document)s::bigint is null or document.id = %(document)s)"
            " group by document.id order by document.id",
            {"collection": collection, "document": document},
        )
        return [Document(*[*row[:-1], tuple(json.loads(row[-1]))]) for row in rows]

    def same(self, collection: str, hash: str) -> list[tuple[int, str]]:
        return self._all("select id, path from document where collection = %s and hash = %s", [collection, hash])

    def move(self, document: int, path: str) -> None:
        def work(db: Any) -> None:
            for (collection,) in db.execute("select collection from document where id = %s", [document]).fetchall():
                _wait_for(db, collection, path)
                self._forget(db, "collection = %s and path = %s and id <> %s", [collection, path, document])
                db.execute("update document set path = %s where id = %s", [path, document])

        self._transact(work)

    def at(self, path: str) -> list[int]:
        return [id for (id,) in self._all("select id from document where path = %s order by id", [path])]

    def text(self, document: int) -> str:
        return join(self._all("select start, text from passage where document = %s order by start", [document]))

    def languages(self, collections: Sequence[str] = ()) -> dict[str, int]:
        inside = "where document in (select id from document where collection = any(%s))" if collections else ""
        sql = f"select language, count(*) from passage {inside} group by language order by 2 desc"
        return dict(self._all(sql, [list(collections)] if collections else []))

    def stats(self) -> Stats:
        ((documents, characters),) = self._all("select count(*), coalesce(sum(characters), 0)::bigint from document")
        languages = self.languages()
        ((size,),) = self._all(
            "select sum(pg_total_relation_size(oid))::bigint from pg_class"
            " where relnamespace = 'tertulia_documents'::regnamespace and relkind = 'r'"
        )
        return Stats(
            documents=documents,
            passages=sum(languages.values()),
            characters=characters,
            bytes=size,
            embedder=self._transact(lambda db: _meta(db, "embedder")) or "",
            collections=dict(self._all("select collection, count(*) from document group by collection order by 1")),
            languages=languages,
        )

    def _all(self, sql: str, values: Any = None) -> list[Any]:
        return self._transact(lambda db: list(db.execute(sql, values).fetchall()))

    def _transact(self, work: Callable[[Any], Result]) -> Result:
        """Do work in one transaction, once more if the server went away meanwhile: all of ours can be done twice."""
        psycopg = self._psycopg
        for _ in range(2):
            try:
                if self._db is None:
                    self._db = self._connect()
                with self._db.transaction():
                    return work(self._db)
            except psycopg.Error as error:
                if self._db is None or not self._db.closed:
                    raise StoreError(f"the database at {self._where} failed: {_line(error)}") from error
                self._db = None
                cause = error
        raise StoreError(f"the database at {self._where} went away: {_line(cause)}") from cause

    def _connect(self) -> Any:
        db = self._psycopg.connect(self._url, autocommit=True, **SETTINGS)
        try:
            with db.transaction():
                self._prepare(db)
            # the extension may live in any schema
            db.execute(
                "select set_config('search_path', 'tertulia_documents, ' || quote_ident(nspname), false)"
                " from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'vector'"
            )
            db.execute(f"set hnsw.ef_search = {SEARCHED}")
            db.execute("set hnsw.iterative_scan = strict_order")  # or a small collection would be searched in part
            self._check_embedder(db)
        except BaseException:
            db.close()
            raise
        return db

    def _prepare(self, db: Any) -> None:
        db.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        try:
            db.execute("create extension if not exists vector")
        except (self._psycopg.errors.FeatureNotSupported, self._psycopg.errors.InsufficientPrivilege) as error:
            raise SettingsError(
                f"documents in {self._where} need pgvector there ({_line(error)}); install it on the server, and let "
                "its administrator run: CREATE EXTENSION vector"
            ) from error
        if db.execute("select to_regclass('tertulia_documents.meta')").fetchone()[0] is None:
            db.execute(SCHEMA)
            db.execute("insert into meta values ('version', %s)", [str(VERSION)])
        made = db.execute("select value from tertulia_documents.meta where key = 'version'").fetchone()[0]
        if int(made) != VERSION:
            raise SettingsError(
                f"{self._where} was made by another version of Tertulia ({made}, this one reads {VERSION})"
            )


def _wait_for(db: Any, collection: str, path: str) -> None:
    """Until no other process stores this document; it waits for us until our transaction ends."""
    db.execute("select pg_advisory_xact_lock(hashtextextended(%s, %s))", [f"{collection}\n{path}", LOCK])


def _meta(db: Any, key: str) -> str | None:
    row = db.execute("select value from meta where key = %s", [key]).fetchone()
    return row[0] if row else None


def _copy(db: Any, table: str, rows: Iterable[Sequence[Any]]) -> None:
    with db.cursor() as cursor, cursor.copy(f"copy {table} from stdin") as copy:
        for row in rows:
            copy.write_row(row)


def _passage(id: int, document: int, collection: str, entry: NewPassage, parts: Iterable[bytes]) -> tuple[Any, ...]:
    own = b"".join(islice(parts, len(entry.parts))) or None
    place = (entry.start, entry.page, entry.section, entry.language, entry.text)
    return (id, document, collection, *place, own, len(entry.stems))


def _words(passage: int, stems: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    return ((stem, passage, times, len(stems)) for stem, times in Counter(stems).items())


def _half(vector: Vectors) -> str:
    return f"[{','.join(map(str, vector.tolist()))}]"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
