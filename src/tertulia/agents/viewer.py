"""Tells what images show, so that whoever cannot see them works from facts, and from nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from ..errors import BudgetExceeded, ModelError, ToolError
from ..events import Failed
from ..language import language_of
from ..model import sees
from ..numbers import mentioned, missing, read
from ..run import Run
from ..tools.documents.fence import inert
from ..tools.extraction.facts import Facts
from ..tools.vision import Eyes, Page, Paper
from ..types import Finding, Findings, Image, Passage, Task
from . import Agent, brief

SYSTEM = """You look at an image and say what it shows, for colleagues who cannot see it: what the question needs, in
at most six sentences. Copy text and numbers exactly. Say so if something cannot be made out."""
BLIND = (
    "There is no text to read in the image, and the model in use does not recognise things in pictures. "
    "Name one that can see for the viewer, as in: --agent-model viewer=openai:gpt-5.2"
)
BLIND_ES = (
    "En la imagen no hay texto que leer, y el modelo en uso no reconoce cosas en imágenes. "
    "Dale al observador uno que vea, por ejemplo: --agent-model viewer=openai:gpt-5.2"
)
OUTSIDE = re.compile(
    r"\b(?:colou?rs?|size|pixels?|large|wide|tall|text|color(?:es)?|tamaño|píxeles|grande|texto)\b", re.I
)
"""What can be told of an image without text."""
LOOKED = "a model that looked"
"""Source of what a model says of images."""


@dataclass(frozen=True)
class Viewer(Agent):
    """Reads text, tables, charts and colours by code; asks a model only if one that sees was named for it."""

    condition: ClassVar[str] = "images are attached (ask -i), and the model cannot see or the viewer has one of its own"

    name: str = "viewer"
    skill: str = "tells what the images show: text, tables, charts, colours"
    images: tuple[Image, ...] = field(default=(), repr=False)
    """Those of the question: it joins the plan of that one question."""
    system: str = SYSTEM
    eyes: Eyes = field(default_factory=Eyes, compare=False, repr=False)
    max_tokens: int = 400

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        """The facts of the images, with what a model says that looked at them; numbers that no fact holds are marked.

        Raises:
            ToolError: if an image cannot be read, and no model looks at it.
        """
        run = run.by(self.name)
        looks = self.name in run.books.models and sees(run.model)
        pages, facts = list[Page](), list[Passage]()
        for at, image in enumerate(self.images, 1):
            try:
                paper = await self._read(image, f"image {at}", run)
            except ToolError as error:
                if not looks:
                    raise
                run.emit(Failed(self.name, f"nothing can be checked in image {at}: {error}"))
                continue
            pages += paper.pages[:1]
            facts.append(Passage(inert("\n".join([Facts(paper.pages[0]).text, *paper.notes])), f"image {at}"))
        said = await self._said(task, known, facts, run) if looks else ()
        asked = task.question or task.text
        if not said and not any(page.words for page in pages) and not OUTSIDE.search(asked):
            return Finding(task.id, self.name, BLIND_ES if language_of(asked) == "es" else BLIND, False, task.text)
        sources = (*facts, *said)
        text = "\n\n".join(f"{passage.source}: {passage.text}" for passage in sources)
        return Finding(task.id, self.name, text, asked=task.text, sources=sources)

    async def _read(self, image: Image, name: str, run: Run) -> Paper:
        return await run.use("read", Paper, lambda: self.eyes.read(image.data, name))

    async def _said(self, task: Task, known: Findings, facts: list[Passage], run: Run) -> tuple[Passage, ...]:
        """What the model says; nothing if it fails, since the facts have to do then."""
        try:
            reply = await run.ask(self.system, brief(task, known), images=self.images, max_tokens=self.max_tokens)
        except (BudgetExceeded, ModelError) as error:
            if not facts:
                raise
            run.emit(Failed(self.name, f"the facts have to do: {error}"))
            return ()
        strange = missing(read(reply.text), set().union(*(mentioned(passage.text) for passage in facts)))
        doubt = f" (Not found in the image by code: {', '.join(strange)}.)" if strange else ""
        return (Passage(inert(reply.text.strip()) + doubt, LOOKED),)

    async def close(self) -> None:
        await self.eyes.close()
