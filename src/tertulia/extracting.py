"""Reads what a schema asks for out of files: a house that extracts, and eyes that its files share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .budget import Budget
from .events import Event, ignore
from .house import House
from .journal import Journal
from .opening import make_models, wishes_of
from .settings import Settings, silence
from .strategies.extract import Extract, extraction_of
from .tools.documents.reading.files import load
from .tools.extraction import Extraction, Wanted
from .tools.vision import Eyes
from .types import Form, Question
from .usage import Report


@dataclass(frozen=True)
class Extracted:
    """What was read of one file, and what that cost."""

    extraction: Extraction
    report: Report


@dataclass
class Desk:
    """Where papers are read; to be closed in the end, best by `async with`."""

    house: House
    wanted: Wanted
    eyes: Eyes = field(default_factory=Eyes)
    asks: bool = True
    shows: bool = False

    async def read(
        self, path: Path, on_event: Callable[[Event], None] = ignore, journal: Journal | None = None
    ) -> Extracted:
        """What is wanted of a file.

        Raises:
            ToolError: if it cannot be opened or read.
        """
        data = await asyncio.to_thread(load, path, self.eyes.limits)
        return await self.read_bytes(data, path.name, on_event, journal)

    async def read_bytes(
        self, data: bytes, name: str, on_event: Callable[[Event], None] = ignore, journal: Journal | None = None
    ) -> Extracted:
        """What is wanted of a file that is in memory; its name tells the format of those that are not images."""
        strategy = Extract(
            wanted=self.wanted, data=data, source=name, eyes=self.eyes, asks=self.asks, shows=self.shows
        )  # an empty file is refused by the eyes
        question = Question(f"Read {', '.join(one.name for one in self.wanted.fields)} of {name}", form=self.form)
        answered = await replace(self.house, strategy=strategy).ask(question, on_event, journal)
        return Extracted(extraction_of(answered.answer), answered.report)

    @property
    def form(self) -> Form:
        return Form(schema=self.wanted.schema)

    async def close(self) -> None:
        await self.eyes.close()
        await self.house.close()

    async def __aenter__(self) -> Desk:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def open_desk(
    settings: Settings,
    wanted: Wanted,
    say: Callable[[str], None] = silence,
    *,
    asks: bool = True,
    shows: bool = False,
    eyes: Eyes | None = None,
) -> Desk:
    """A desk with the model of the settings.

    Args:
        asks: Whether a model is asked for what rules leave open; if not, none is opened.
        shows: Whether that model is shown the image: for models that can see.
    """
    wishes = wishes_of(settings, say)
    models = await make_models(settings if asks else settings.model_copy(update=UNASKED), wishes)
    house = House(models, Extract(), Budget(**settings.budget.model_dump()), holds=(wishes.connections,))
    return Desk(house, wanted, eyes or Eyes(), asks, shows)


UNASKED: Mapping[str, Any] = {"model": "scripted", "agent_models": {}}


def wanted_of(given: Any) -> Wanted:
    """What is wanted, from a JSON schema, a line of fields, or a pydantic model.

    Raises:
        SettingsError: if it cannot be read from paper.
    """
    if isinstance(given, str):
        return Wanted.of_line(given)
    if isinstance(given, Mapping):
        return Wanted.of_schema(given)
    return Wanted.of_schema(given.model_json_schema())
