"""Extraction: read a file, find what a schema asks for by rules, and ask a model only for what they leave open."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter

from ..agents import Member
from ..agents.extractor import Extractor
from ..errors import SettingsError
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
    """The file; empty for the first image of the question."""
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
            ToolError: if the file cannot be read.
        """
        wanted = self.wanted or (Wanted.of_schema(question.form.schema) if question.form.schema else None)
        if wanted is None:
            raise SettingsError("the strategy 'extract' needs a schema of what is to be read")
        data = self.data or (question.images[0].data if question.images else b"")
        if not self.data and not question.images:
            raise SettingsError(
                "the strategy 'extract' needs an image; for other files there is: tertulia extract FILE"
            )
        name = self.source or "image"
        paper = await run.by(self.extractor.name).use("read", Paper, lambda: self.eyes.read(data, name))
        gathering = by_rules(paper, wanted)
        if self.asks:
            images = (Image(data),) if self.shows else ()
            await self.extractor.propose(gathering, run, images)
        return gathering.result()


def extraction_of(answer: Answer) -> Extraction:
    """What an answer to a file says."""
    return TypeAdapter(Extraction).validate_json(answer.text)
