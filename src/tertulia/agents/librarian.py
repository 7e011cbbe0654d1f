"""Answers a task from the user's own documents, and from nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator

from ..errors import UnknownName, UnusableReply
from ..language import language_of, name_of
from ..run import Run
from ..tools.documents import Library, Located, Quote, check, fence, library_at
from ..tools.structured import as_json, schema_of
from ..types import Citation, Finding, Findings, Task
from . import Agent, as_text, brief

if TYPE_CHECKING:
    from ..settings import Settings

SYSTEM = """You answer one part of a question from passages of documents, and from nothing else.
Reply in JSON. "quotes": first copy, letter for letter, the words of the passages that hold the answer, each with the
number of its passage; none if no passage holds it. "found": true only if these words answer just what is asked.
"answer": what they say, in one or two sentences in the language of the question; empty if it was not found."""

SEARCH = """You look for passages in a library. Write up to {most} short search queries for what is asked: names, terms
and synonyms, each about one thing. Reply in JSON."""

TRANSLATE = """You look for passages in a library of documents in {language}. Write up to {most} short search queries in
{language} for what is asked. Reply in JSON."""

NOT_THERE = "the documents do not say"


class _Quote(BaseModel):
    passage: int
    text: str


class _Reading(BaseModel):
    quotes: Annotated[list[_Quote], BeforeValidator(lambda quotes: quotes or [])] = []
    found: bool
    answer: str


class _Queries(BaseModel):
    queries: list[str]


@dataclass(frozen=True)
class Librarian(Agent):
    """A reader of documents who has no tool but the search, so that nothing a document says can do anything.

    Source: retrieval-augmented generation (Lewis et al., 2020), with quotes that code checks.
    """

    condition: ClassVar[str] = "documents are named (--docs)"
    must_join: ClassVar[bool] = True
    unused: ClassVar[str] = "reads no documents; take auto, rag or tertulia"

    library: Library = field(default_factory=Library, compare=False, repr=False)
    collections: tuple[str, ...] = ()
    """Collections it may read; all if empty. Before it is opened, files and folders, too."""
    name: str = "librarian"
    skill: str = "looks up in the user's documents what they say; knows nothing else"
    system: str = SYSTEM
    passages: int = 6
    """Most passages read for a task, 1 to 20."""
    wave: int = 3
    """Passages read at once, the best first; further ones are read only if these do not hold the answer."""
    queries: int = 3
    """Most queries that a long task is taken apart into; a short one is its own query."""
    short: int = 14
    """Words up to which a task is its own query."""
    translates: bool = False
    """Whether a model also writes what is asked in the language of the documents, if that is another. It is off because
    the model in the box did not clearly gain by it: the passage was found for 38 of 47 questions instead of 37, at a
    call each."""
    few: float = 0.5
    """Share of the passages, 0 to 1, below which a language counts as foreign to the documents."""
    max_tokens: int = 350

    def invited(self, settings: Settings) -> Self | None:
        if not settings.documents:
            return None
        return replace(self, library=library_at(settings.database), collections=tuple(settings.documents))

    async def opened(self, say: Callable[[str], None]) -> Self:
        """With collections alone: files and folders are added to the library first.

        Raises:
            UnknownName: if one is neither a collection nor a file or folder.
        """
        try:
            collections = [await collection_of(name, self.library, say) for name in self.collections]
        except BaseException:
            await self.close()
            raise
        return replace(self, collections=tuple(collections))

    async def close(self) -> None:
        await self.library.close()

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        run = run.by(self.name)
        foreign = await run.use("languages", str, lambda: self.foreign(task.text))
        queries = await self.taken_apart(task, known, foreign, run)
        found = await run.use("search", tuple[Located, ...], lambda: self.search(queries))
        if not found:
            return Finding(task.id, self.name, NOT_THERE, ok=False, asked=task.text)
        for read in (found[start : start + self.wave] for start in range(0, len(found), self.wave)):
            text = f"{fence(read)}\n\n{brief(task, known)}"
            if foreign:
                text += f'\n\nWrite "answer" in {name_of(language_of(task.text))}.'
            reply = await run.ask(self.system, text, schema=schema(len(read)), max_tokens=self.max_tokens)
            answer, quotes = parse(reply.text)
            if answer:
                bear_out = partial(self.borne_out, answer, quotes, task, read)
                citations = await run.use("quotes", tuple[Citation, ...], bear_out)
                return Finding(
                    task.id,
                    self.name,
                    answer,
                    asked=task.text,
                    sources=read,
                    citations=citations,
                    written_by=reply.key,
                )
        return Finding(task.id, self.name, NOT_THERE, ok=False, asked=task.text, sources=found)

    async def taken_apart(self, task: Task, known: Findings, foreign: str, run: Run) -> list[str]:
        """What to search for: the task itself and, if it is long or foreign to the documents, what a model makes of it.

        Args:
            foreign: language of the documents, if the task is in another; else empty.
        """
        is_long = len(task.text.split()) > self.short or bool(known)
        foreign = foreign if self.translates else ""
        if not is_long and not foreign:
            return [task.text]
        most = self.queries if is_long else 1
        system = TRANSLATE.format(language=foreign, most=most) if foreign else SEARCH.format(most=most)
        text = f"{as_text(known)}\n\n{task.text}" if known else task.text
        try:
            reply = await run.ask(system, text[:2000], schema=queries_schema(most), max_tokens=100)
            more = as_json(reply.text, _Queries).queries
        except UnusableReply:
            more = []
        written = [query for query in more[:most] if query.strip()]
        return list(dict.fromkeys([*written, task.text] if foreign else [task.text, *written]))

    async def foreign(self, text: str) -> str:
        """The language of most documents, as in `English`, if the text is in one that few are in; else empty."""
        held = await self.library.languages(self.collections)
        mine, theirs = language_of(text), next(iter(held), "")
        is_foreign = mine not in ("", theirs) and held.get(mine, 0) < self.few * sum(held.values())
        return name_of(theirs) if is_foreign else ""

    async def search(self, queries: Sequence[str]) -> tuple[Located, ...]:
        """The best passages for all queries, one of each in turn."""
        rankings = [await self.library.search(query, self.collections or None, self.passages) for query in queries]
        best: dict[tuple[int, int], Located] = {}
        for rank in range(self.passages):
            for ranking in rankings:
                if rank < len(ranking):
                    best.setdefault((ranking[rank].document, ranking[rank].start), ranking[rank])
        return tuple(best.values())[: self.passages]

    async def borne_out(
        self, answer: str, quotes: Sequence[tuple[int, str]], task: Task, found: Sequence[Located]
    ) -> tuple[Citation, ...]:
        """Quotes that are really there; where a model's are not, the sentences that code finds to say the same."""
        checked = [check(text, found[number - 1]) for number, text in quotes if 0 < number <= len(found)]
        good = [quote for quote in checked if quote and len(quote.text.split()) >= 2]
        if not good:
            named = [found[number - 1] for number, _ in quotes if 0 < number <= len(found)] or list(found)
            good = [
                quote
                for passage in dict.fromkeys(named)
                for quote in await self.library.best_sentences(f"{task.text} {answer}", passage)
                if supports(quote.text, answer)
            ][:2]
        return tuple(dict.fromkeys(citation(quote) for quote in good))


async def collection_of(name: str, library: Library, say: Callable[[str], None]) -> str:
    """The collection of that name or, for a file or folder, one of its own that is brought up to date."""
    known = (await library.stats()).collections
    if name in known:
        return name
    path = await asyncio.to_thread(Path(name).resolve)
    if not await asyncio.to_thread(path.exists):
        raise UnknownName("collection, file or folder", name, known or ["none yet: tertulia docs add PATH"])
    collection = f"path:{path}"
    added = await library.add([name], collection, lambda at: say(f"reading {at.path.name} ({at.done} of {at.total})"))
    for refused in added.refused:
        say(f"left out {refused.path}: {refused.why}")
    return collection


def supports(sentence: str, answer: str) -> bool:
    """Whether a sentence can bear out an answer: it has the answer's numbers, and half of its longer words."""
    words = set(re.findall(r"[^\W\d_]{4,}", answer.casefold()))
    there = set(re.findall(r"[^\W\d_]{4,}", sentence.casefold()))
    figures = set(re.findall(r"\d+", answer)) <= set(re.findall(r"\d+", sentence))
    return figures and len(words & there) * 2 >= len(words)


def citation(quote: Quote) -> Citation:
    return Citation(
        quote.text,
        quote.source,
        quote.start,
        quote.end,
        quote.title,
        quote.page,
        quote.section,
        quote.document,
        quote.passage,
        quote.score,
    )


def schema(passages: int) -> dict[str, Any]:
    """JSON schema of what is read out of the passages: the evidence comes first, so that the answer rests on it."""
    return schema_of(
        _Reading,
        quotes={"maxItems": 2},
        passage={"enum": list(range(1, passages + 1))},
        text={"maxLength": 200},
        answer={"maxLength": 400},
    )


def queries_schema(most: int) -> dict[str, Any]:
    """JSON schema of search queries."""
    return schema_of(_Queries, queries={"items": {"type": "string", "maxLength": 80}, "maxItems": most})


def parse(text: str) -> tuple[str, list[tuple[int, str]]]:
    """The answer, empty if nothing was found, and its quotes as they are claimed: number of the passage, and words."""
    try:
        read = as_json(text, _Reading)
    except UnusableReply:
        return "", []
    return read.answer.strip() if read.found else "", [(quote.passage, quote.text) for quote in read.quotes]
