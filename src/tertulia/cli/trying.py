"""Tries a model with six short calls, and tells what works and what that cost."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from rich.table import Table
from rich.text import Text

from ..abilities import Thinking
from ..errors import ModelError
from ..model import Draft, Message, Model, Request, count
from ..opening import choose, make_model, wishes_of
from ..providers.learnt import Learnt
from ..providers.schemas import fits
from ..settings import Settings, silence
from ..types import Image, Tool
from ..usage import NOTHING, Usage, add, estimate
from .models import WIDE, close
from .screen import console

ROOM = Thinking(None, 2000)
"""Tokens of thought that each call may take, so that a model that thinks gets to its answer."""
SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}},
    "required": ["answer"],
    "additionalProperties": False,
}
TOOL = Tool("weather", "Tells the weather in a city.", {"type": "object", "properties": {"city": {"type": "string"}}})


@dataclass(frozen=True)
class Try:
    """One call, and how to tell whether it worked."""

    what: str
    request: Request
    works: Callable[[Draft], bool]
    says: Callable[[Draft], str]
    """What was seen, in words."""


@dataclass(frozen=True)
class Tried:
    """What came of one call."""

    what: str
    ok: bool
    says: str
    usage: Usage


def print_tries(name: str, settings: Settings) -> bool:
    """Print what works and what it cost; False if not even a plain question is answered."""
    return asyncio.run(_print(name, settings))


async def _print(name: str, settings: Settings) -> bool:
    screen = console(WIDE)
    if name in ("", "auto"):
        name, _ = await choose(settings)
    wishes = wishes_of(settings, silence)
    model = make_model(name, wishes)
    try:
        tried = [await attempt(model, one) for one in tries()]
    finally:
        await close(model)
    screen.print(as_table(model.name, tried, wishes.connections.learnt))
    return tried[0].ok


def as_table(name: str, tried: list[Tried], learnt: Learnt) -> Table:
    """What was tried, what was learnt from it, and what it cost."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, title=Text(name), title_justify="left")
    for one in tried:
        table.add_row(Text("✓" if one.ok else "✗", "green" if one.ok else "yellow"), Text(one.what), Text(one.says))
    for lesson in learnt:
        table.add_row("", Text("learnt"), Text(f"{lesson.ability}: {lesson.value} ({lesson.reason})"))
    spent = NOTHING
    for one in tried:
        spent = add(spent, one.usage)
    about, thought = "" if spent.exact else "≈ ", f"{spent.hidden:,} of them thought"
    table.add_row("", "tokens", f"{about}{spent.read:,} read, {spent.written:,} written, {thought}")
    return table


async def attempt(model: Model, one: Try) -> Tried:
    """Make one of the calls."""
    draft = Draft()
    try:
        await draft.read(model.stream(one.request))
    except ModelError as error:
        return Tried(one.what, False, str(error), await _spent(model, one.request, draft))
    return Tried(one.what, one.works(draft), one.says(draft), await _spent(model, one.request, draft))


async def _spent(model: Model, request: Request, draft: Draft) -> Usage:
    if draft.usage is not None:
        return draft.usage
    hidden = estimate(draft.thought) if draft.thought else 0
    return Usage(await count(model, request), estimate(draft.text) + hidden, hidden, exact=False)


def tries() -> list[Try]:
    """The six calls: plain, with a schema, a tool and an image, and without and with thought."""
    sum_ = _request("What is 17 + 25? Reply with the number alone.")
    return [
        Try("plain", sum_, lambda draft: bool(draft.text.strip()), _quote),
        Try("schema", replace(sum_, schema=SCHEMA), lambda draft: fits(draft.text, SCHEMA), _quote),
        Try("tool", replace(_request("What is the weather in Lima?"), tools=(TOOL,)), _calls, _calls_in_words),
        Try("image", _request("Which colour is this? Reply with one word.", (red(),)), _red, _quote),
        Try("thinking off", replace(sum_, thinking=Thinking("none", ROOM.allowance)), _silent, _thought_in_words),
        Try("thinking on", replace(sum_, thinking=Thinking("low", ROOM.allowance)), _thoughtful, _thought_in_words),
    ]


def _request(text: str, images: tuple[Image, ...] = ()) -> Request:
    return Request((Message("user", text, images),), max_tokens=100, thinking=ROOM)


def _quote(draft: Draft) -> str:
    return f"{' '.join(draft.text.split())[:60]!r}"


def _calls(draft: Draft) -> bool:
    return any(call.name == TOOL.name for call in draft.calls)


def _calls_in_words(draft: Draft) -> str:
    return ", ".join(f"{call.name}({call.arguments})" for call in draft.calls) or f"called nothing: {_quote(draft)}"


def _red(draft: Draft) -> bool:
    return "red" in draft.text.lower() or "roj" in draft.text.lower()


def _hidden(draft: Draft) -> int:
    return draft.usage.hidden if draft.usage else len(draft.thought)


def _silent(draft: Draft) -> bool:
    return not _hidden(draft)


def _thoughtful(draft: Draft) -> bool:
    return _hidden(draft) > 0


def _thought_in_words(draft: Draft) -> str:
    return f"thought for {_hidden(draft):,} tokens" if _hidden(draft) else "did not think"


def red(size: int = 32) -> Image:
    """A red square, as a PNG."""

    def piece(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xff\0\0" * size) * size
    pieces = piece(b"IHDR", head) + piece(b"IDAT", zlib.compress(rows)) + piece(b"IEND", b"")
    return Image(b"\x89PNG\r\n\x1a\n" + pieces)
