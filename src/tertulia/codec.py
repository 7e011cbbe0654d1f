"""Values as JSON, and back: what stores keep, and what the event stream and the web page read."""

from __future__ import annotations

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast, get_args

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from .events import DECISIONS, Event
from .usage import Report

T = TypeVar("T")
KINDS = {kind.__name__: kind for kind in get_args(Event)}
FORMERLY = {"answer of the majority": "majority", "the question in full": "restate"}
"""Decisions as runs were stored that told them in prose."""


def pack(kind: type[T], value: T) -> str:
    """A value of `kind` as JSON that any database can hold and search."""
    adapter = _adapter(cast("Hashable", kind))
    try:
        return adapter.dump_json(value).decode()
    except PydanticSerializationError:  # half of a character
        return as_json(adapter.dump_python(value, mode="json"))


def unpack(kind: type[T], stored: str) -> T:
    """The value that `pack` made the text of.

    Raises:
        pydantic.ValidationError: if the text is not that of such a value.
    """
    value: T = _adapter(cast("Hashable", kind)).validate_json(stored)
    return value


def pack_event(event: Event) -> str:
    """An event as JSON, with its kind under `event`."""
    return with_kind(type(event), pack(type(event), event))


def with_kind(kind: type[Event], packed: str) -> str:
    """What `pack` made of an event as `pack_event` would have made it."""
    return f'{{"event":"{kind.__name__}",{packed[1:]}'


def unpack_event(stored: str) -> Event:
    """The event that `pack_event` made the text of.

    Raises:
        As `from_dict`.
    """
    return from_dict(json.loads(stored))


def as_dict(event: Event) -> dict[str, Any]:
    """The event as what JSON can hold, with its kind under `event`; the bytes of images are base64."""
    kind = type(event)
    return {"event": kind.__name__, **_adapter(cast("Hashable", kind)).dump_python(event, mode="json")}


def from_dict(data: dict[str, Any]) -> Event:
    """The event that `as_dict` made the data of.

    Raises:
        pydantic.ValidationError: if the data is not that of an event.
        KeyError: if its kind is unknown.
    """
    fields = dict(data)
    name = fields.pop("event")
    if name == "Decided":
        fields = up_to_date(fields)
    event: Event = _adapter(KINDS[name]).validate_json(as_json(fields))  # only from JSON are bytes read as base64
    return event


def as_json(data: Any) -> str:
    """Data as JSON; halves of characters, which neither JSON nor a database takes, become question marks."""
    return json.dumps(data, ensure_ascii=False).encode(errors="replace").decode()


def storable(words: str) -> str:
    """Words for a column of their own: no NUL and no half of a character, which Postgres refuses."""
    return words.replace("\0", " ").encode(errors="replace").decode()


def up_to_date(decided: dict[str, Any]) -> dict[str, Any]:
    """The fields of a stored `Decided`, in today's words: `level 2` of an earlier version is the level with number 2.

    A choice that this version does not know becomes `other`, so that a run of a later one can still be read.
    """
    choice = str(decided["choice"])
    word, _, number = choice.partition(" ")
    if word in ("level", "round") and number.isdecimal():
        return {**decided, "choice": word, "number": int(number)}
    word = FORMERLY.get(choice, choice)
    return {**decided, "choice": word if word in DECISIONS else "other"}


def tokens(report: Report) -> dict[str, Any]:
    """The three numbers and what they are made of."""
    return {
        "input": report.input,
        "output": report.output,
        "reasoning": report.reasoning,
        "total": report.total,
        "reasoning_read": report.reasoning_read,
        "reasoning_written": report.reasoning_written,
        "cached": report.cached,
        "exact": report.exact,
    }


@lru_cache(64)
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))
