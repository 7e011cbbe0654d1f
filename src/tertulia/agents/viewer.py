"""Tells what images show, so that a model that cannot see answers from facts, and from nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from ..errors import BudgetExceeded, ModelError
from ..events import Failed, Found, TaskStarted
from ..language import language_of_document
from ..model import sees
from ..numbers import mentioned, missing, read
from ..run import Run
from ..tools.documents.fence import fence
from ..tools.extraction.lists import over_labels
from ..tools.extraction.values import Habits
from ..tools.vision import Eyes, Page, Paper
from ..tools.vision.charts import Point, number, points_of
from ..tools.vision.facts import told
from ..types import Answer, Finding, Image, Passage, Question, Task
from . import Member

SYSTEM = """You look at an image and say what it shows, for colleagues who cannot see it: what the question needs, in
at most six sentences. Copy text and numbers exactly. Say so if something cannot be made out."""
ANSWER = """You answer a question about images from facts that were read of them. Use these facts alone, and copy
numbers exactly. If the facts do not tell, say that it cannot be seen in the image. Answer briefly."""
RULE = "Answer from these facts alone. If they do not tell, say that it cannot be seen in the image; guess nothing."
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


@dataclass(frozen=True)
class Seen:
    """A question whose images are told in words."""

    question: Question
    facts: str = ""
    blind: str = ""
    """What to answer at once, if nothing was seen that could answer it."""


@dataclass(frozen=True)
class Viewer(Member):
    """Recognises text, places, charts and colours with code; asks a model only if one that sees was named for it."""

    name: str = "viewer"
    skill: str = "tells what images show: text, tables, charts, colours"
    system: str = SYSTEM
    eyes: Eyes = field(default_factory=Eyes, compare=False, repr=False)
    max_tokens: int = 400

    async def look(self, question: Question, run: Run) -> Seen:
        """The question with the facts of its images in their place.

        Raises:
            ToolError: if an image cannot be read.
        """
        run, task = run.by(self.name), Task("images", f"What do the images show? ({question.text})", self.name)
        run.emit(TaskStarted(task))
        facts, pages = list[str](), list[Page]()
        for image in question.images:
            paper = await self._read(image, len(pages) + 1, run)
            page = paper.pages[0]
            pages.append(page)
            facts.append("\n".join([told(page, best_points(page)), *paper.notes]))
        said = await self._model(question, facts, run)
        passages = [Passage(fact, f"image {at}") for at, fact in enumerate(facts, 1)]
        run.emit(Found(Finding("images", self.name, "\n\n".join([*facts, *said]), asked=task.text)))
        blind = BLIND_ES if question.language == "Spanish" else BLIND
        if not said and not any(page.words for page in pages) and not OUTSIDE.search(question.text):
            return Seen(question, blind=blind)
        known = "\n\n".join([fence(passages), *said])
        return Seen(replace(question, text=f"{question.text}\n\n{known}\n\n{RULE}", images=()), known)

    async def answer(self, question: Question, facts: str, run: Run) -> Answer | None:
        """What the facts alone tell, in one call; None if the reply has numbers that are not among them."""
        tongue = question.language or "the language of the question"
        asked = f"{facts}\n\nQuestion: {question.text}\n\nAnswer in {tongue}."
        reply = await run.by("direct").ask(ANSWER, asked, max_tokens=self.max_tokens)
        if strange := missing(read(reply.text), mentioned(facts) | mentioned(question.text)):
            run.emit(Failed(self.name, f"the facts do not hold these numbers: {', '.join(strange)}"))
            return None
        return reply.as_answer()

    async def _read(self, image: Image, at: int, run: Run) -> Paper:
        return await run.use("read", Paper, lambda: self.eyes.read(image.data, f"image {at}"))

    async def _model(self, question: Question, facts: list[str], run: Run) -> list[str]:
        """What a model that sees says, if one was named for the viewer; numbers that nothing bears out are marked."""
        if self.name not in run.books.models or not sees(run.model):
            return []
        try:
            reply = await run.ask(self.system, question.text, images=question.images, max_tokens=self.max_tokens)
        except (BudgetExceeded, ModelError) as error:
            run.emit(Failed(self.name, f"the facts have to do: {error}"))
            return []
        strange = missing(read(reply.text), set().union(*map(mentioned, facts)))
        doubt = f" (Not found in the image by code: {', '.join(strange)}.)" if strange else ""
        return [f"A model that looked at the image says: {reply.text.strip()}{doubt}"]

    async def close(self) -> None:
        await self.eyes.close()


def best_points(page: Page) -> tuple[Point, ...]:
    """The points of a chart, by its shapes or by the places of its labels, whichever tells more."""
    if not page.shapes:
        return ()
    by_shapes = points_of(page)
    habits = Habits.of(page.text, language_of_document(page.text))
    by_places = tuple(
        Point(label.text, value, figure.text)
        for label, figure in over_labels(page, habits)
        if figure and (value := number(figure.text)) is not None
    )
    return by_places if len(by_places) > len(by_shapes) else by_shapes
