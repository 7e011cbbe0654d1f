"""Proposes what rules could not find on a paper; what it proposes counts only if it is printed there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import BudgetExceeded, ModelError
from ..events import Failed
from ..run import Run
from ..tools.documents.fence import fence
from ..tools.extraction import Field, Gathering
from ..types import Image, Passage
from . import Member

SYSTEM = """You copy values out of a paper. Reply in JSON. Copy each value letter for letter as the paper prints it: do
not convert dates or numbers, do not translate, do not compute. Where the paper does not print a value, write ""."""
LONGEST = 120
"""Letters of a value."""


@dataclass(frozen=True)
class Extractor(Member):
    name: str = "extractor"
    skill: str = "copies values out of images and papers that rules did not find"
    system: str = SYSTEM
    entries: int = 30
    """Most entries of a list that it may propose."""
    characters: int = 6000
    """Most letters of the paper that it reads."""
    max_tokens: int = 700

    async def propose(self, gathering: Gathering, run: Run, images: tuple[Image, ...] = ()) -> None:
        """Fill what is open, as far as the model reads it and it is printed; a call that fails leaves it open."""
        gaps = gathering.open
        if not gaps or not (gathering.paper.text.strip() or images):
            return
        paper = Passage(gathering.paper.text, gathering.paper.name)
        text = f"{fence([paper], self.characters)}\n\nWanted:\n{told(gaps)}"
        try:
            reply = await run.by(self.name).ask(
                self.system, text, images=images, schema=schema(gaps, self.entries), max_tokens=self.max_tokens
            )
            said = json.loads(reply.text[reply.text.index("{") : reply.text.rindex("}") + 1])
        except (BudgetExceeded, ModelError, ValueError) as error:
            run.emit(Failed(self.name, f"what rules did not find stays open: {error}"))
            return
        if isinstance(said, Mapping):
            take(gathering, gaps, said)


def take(gathering: Gathering, gaps: Sequence[tuple[str, Field]], said: Mapping[str, Any]) -> None:
    """Give what the model said to the gathering, which keeps what is printed."""
    for number, (pointer, field) in enumerate(gaps, 1):
        value = said.get(key(number, field))
        if field.kind != "list":
            gathering.propose(pointer, field, value)
        elif isinstance(value, list):
            entries = [one if isinstance(one, Mapping) else {"": one} for one in value]
            gathering.propose_list(pointer, field, entries)


def told(gaps: Sequence[tuple[str, Field]]) -> str:
    """What is wanted, a line each."""
    return "\n".join(
        f"- {key(number, field)}: {pointer.strip('/').replace('/', ' of ')}{f' ({field.said})' if field.said else ''}"
        for number, (pointer, field) in enumerate(gaps, 1)
    )


def schema(gaps: Sequence[tuple[str, Field]], entries: int) -> dict[str, Any]:
    """JSON schema of a reply that holds nothing but what is open, all of it as text."""
    return _object({key(number, field): _schema(field, entries) for number, (_, field) in enumerate(gaps, 1)})


def key(number: int, field: Field) -> str:
    """The name under which the model gives a value: short, and no two alike."""
    return f"{field.name}_{number}"


def _schema(field: Field, entries: int) -> dict[str, Any]:
    text = {"type": "string", "maxLength": LONGEST}
    if field.kind != "list":
        return text
    alone = len(field.fields) == 1 and not field.fields[0].name
    entry = text if alone else _object({inner.name: text for inner in field.fields})
    return {"type": "array", "items": entry, "maxItems": entries}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
