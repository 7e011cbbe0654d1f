"""Tertulia: a reasoning model made of agents."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .budget import Budget
from .events import Answered, Event
from .house import House
from .model import Message, Model, Request
from .types import Answer, Finding, Image, Plan, Question, Task, Verdict
from .usage import Ledger, Report, Usage

if TYPE_CHECKING:
    from .tools.extraction import Extraction

__version__ = version("tertulia")

__all__ = [
    "Answer",
    "Answered",
    "Budget",
    "Event",
    "Finding",
    "House",
    "Image",
    "Ledger",
    "Message",
    "Model",
    "Plan",
    "Question",
    "Report",
    "Request",
    "Task",
    "Usage",
    "Verdict",
    "ask",
    "draw",
    "extract",
]


def ask(question: str, **settings: Any) -> Answered:
    """Ask one question and wait for the answer.

    Args:
        settings: Any field of `tertulia.settings.Settings`, as in `model="ollama:qwen3"`; what is not given comes
            from the environment and the settings file.

    Raises:
        TertuliaError: if it cannot be answered; the message says what would work.
    """
    from .opening import open_house
    from .settings import load  # reads files and the environment, which importing must not

    async def answered() -> Answered:
        async with await open_house(load(**settings)) as house:
            return await house.ask(Question(question))

    return asyncio.run(answered())


def extract(path: str | Path, wanted: Any, **settings: Any) -> Extraction:
    """Read what is wanted out of an image or a document, each value with where it is printed.

    Args:
        wanted: A JSON schema, a line of fields as in `"vendor, date: date, items[]: {name, price: number}"`, or a
            pydantic model, with which `Model.model_validate(extraction.data)` then works if nothing is missing.
        settings: As in `ask`; the model is only asked for what rules do not find.

    Raises:
        TertuliaError: if the file cannot be read, or the schema asks for what no paper says.
    """
    from .extracting import open_desk, wanted_of
    from .settings import load

    async def read() -> Extraction:
        async with await open_desk(load(**settings), wanted_of(wanted)) as desk:
            return (await desk.read(Path(path))).extraction

    return asyncio.run(read())


def draw(prompt: str, weights: Path | None = None, **how: Any) -> bytes:
    """A small picture of what the words say, as a PNG of 256 by 256 pixels with its recipe.

    Args:
        weights: Folder of the weights that `tertulia draw train` made; None for a person's own.
        how: Any field of `tertulia.drawing.artist.Wish`, as in `style="twemoji", seed=7`.

    Raises:
        NotSupported: if the extra `draw` is missing.
        SettingsError: if it cannot be drawn so, or nothing was learnt yet; the message says what would work.
        ToolError: if no picture fits the words.
    """
    from .drawing.artist import Wish, artist, own_folder
    from .drawing.recipe import png
    from .errors import ToolError

    maker, wish = artist(weights or own_folder()), Wish(prompt, **how)
    best = maker.draw(wish)[0]
    if best.score < maker.threshold:
        raise ToolError(f"the best of {wish.n} fits the words {best.score:.2f}, and {maker.threshold:.2f} is needed")
    return png(best.pixels, {**vars(wish), "score": round(best.score, 3)})
