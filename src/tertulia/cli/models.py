"""Tells what is known of a model, and where each line comes from."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from rich.table import Table
from rich.text import Text

from ..abilities import NAMES, Abilities, abilities_of
from ..model import Closes, Model
from ..opening import choose, make_model, wishes_of
from ..settings import Settings, silence
from .screen import console

WIDE = 140
"""Columns of a table that is not for a terminal."""
ABOUT = {
    "thinks": "thinks",
    "by_default": "thinks unless told not to",
    "levels": "levels of thought",
    "budget": "field that bounds thought",
    "hidden": "hides its thoughts",
    "opened": "replies begin inside a thought",
    "temperature": "takes a temperature",
    "schema": "schemas",
    "schema_with_thought": "a schema and thought together",
    "tools": "takes tools",
    "forced_tools": "can be told to call a tool",
    "images": "sees images",
    "alternate": "wants the person and the assistant to speak in turn",
    "context": "tokens it reads and writes",
    "most_out": "tokens of a reply",
    "cap": "field of the most tokens",
    "without": "fields it refuses",
    "price": "US dollars for a million tokens, read and written",
}
"""Each ability in words."""


def show(name: str, settings: Settings, as_json: bool = False) -> None:
    """Print what is known of a model: as a table, or as one JSON object."""
    label, known = asyncio.run(look(name, settings))
    if as_json:
        print(json.dumps({"model": label, "abilities": as_data(known)}, ensure_ascii=False))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", title=Text(label), title_justify="left")
    for column in ("ability", "value", "where that comes from"):
        table.add_column(column, overflow="fold")
    for ability in NAMES:
        source = known.sources.get(ability)
        value = Text(in_words(getattr(known, ability)) if source else "unknown", "" if source else "dim")
        table.add_row(Text(ABOUT[ability]), value, Text(source or ""))
    console(WIDE).print(table)


async def look(name: str, settings: Settings) -> tuple[str, Abilities]:
    """The full name of a model, and what is known of it; its server is asked, but no model is."""
    if name in ("", "auto"):
        name, _ = await choose(settings)
    model = make_model(name, replace(wishes_of(settings, silence), keyless=True))
    try:
        return model.name, await abilities_of(model)
    finally:
        await close(model)


async def close(model: Model) -> None:
    if isinstance(model, Closes):
        await model.close()


def as_data(known: Abilities) -> dict[str, Any]:
    """Abilities as JSON: each with its value, null if that is unknown, and its source."""
    return {
        name: {"value": getattr(known, name) if name in known.sources else None, "source": known.sources.get(name)}
        for name in NAMES
    }


def in_words(value: object) -> str:
    """A value as a person reads it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case (float() as read, float() as written):
            return f"{read:g} and {written:g}"
        case tuple():
            return ", ".join(str(part) for part in value) or "none"
    return str(value)
