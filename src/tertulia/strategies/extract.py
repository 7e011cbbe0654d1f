"""Extraction: read a file, find what a schema asks for by rules, and ask a model only for what they leave open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from pydantic import TypeAdapter

from ..agents import Member
from ..agents.extractor import Extractor
from ..conversation import pictures
from ..errors import SettingsError, ToolError
from ..events import Found
from ..run import Run
from ..tools.extraction import Extraction, Wanted, by_rules
from ..tools.vision import Eyes, Paper
from ..types import Answer, Finding, Image, Question
from . import Strategy


@dataclass(frozen=True)
class Extract(Strategy):
    """No call if rules find all that is wanted, else one."""

    name: str = "extract"
    wanted: Wanted | None = None
    """None for the schema of the question's form."""
    data: bytes = field(default=b"", repr=False)
    """The file; empty for the images of the question, as pages of one paper."""
    source: str = ""
    """Its name, which tells the format if it is no image."""
    eyes: Eyes = field(default_factory=Eyes, compare=False, repr=False)
    extractor: Extractor = Extractor()
    asks: bool = True
    """Whether a model is asked for what rules leave open."""
    shows: bool = False
    """Whether it is shown the image, too: for models that can see."""

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.extractor,)

    @property
    def sees(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        """The extraction as JSON; of a file that was given the whole record, else the data alone."""
        found = await self.extract(question, run)
        text = json.dumps(asdict(found) if self.data else found.data, ensure_ascii=False)
        finding = Finding("t1", self.extractor.name, text, asked=question.text)
        run.emit(Found(finding))
        return Answer(text, None, {"t1": finding})

    async def extract(self, question: Question, run: Run) -> Extraction:
        """
        Raises:
            SettingsError: if there is nothing to read, or nothing is wanted.
            ToolError: if the file cannot be read, or a model would be shown an image without any text.
        """
        wanted = self.wanted or (Wanted.of_schema(question.form.schema) if question.form.schema else None)
        if wanted is None:
            raise SettingsError("the strategy 'extract' needs a schema of what is to be read")
        images = (Image(self.data),) if self.data else pictures(question)
        if not images:
            raise SettingsError(
                "the strategy 'extract' needs an image; for other files there is: tertulia extract FILE"
            )
        paper = joined([await self._read(image.data, run.by(self.extractor.name)) for image in images])
        if self.shows and not self.data and not paper.text.strip():
            raise ToolError("no text can be read in it, so that nothing would be borne out")
        gathering = by_rules(paper, wanted)
        if self.asks:
            images = images if self.shows else ()
            await self.extractor.propose(gathering, run, images)
        return gathering.result()

    async def _read(self, data: bytes, run: Run) -> Paper:
        return await run.use("read", Paper, lambda: self.eyes.read(data, self.source or "image"))


def joined(papers: Sequence[Paper]) -> Paper:
    """The pages of all, numbered from 1, as one paper."""
    if len(papers) == 1:
        return papers[0]
    pages = [page for paper in papers for page in paper.pages]
    numbered = tuple(replace(page, number=number) for number, page in enumerate(pages, 1))
    return Paper(papers[0].name, numbered, tuple(note for paper in papers for note in paper.notes))


def extraction_of(answer: Answer) -> Extraction:
    """What an answer to a file says."""
    return TypeAdapter(Extraction).validate_json(answer.text)
