"""Events as JSON, and back: what the event stream, the store and the web page read."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from .events import DECISIONS, Event
from .usage import Report

KINDS = {kind.__name__: kind for kind in get_args(Event)}
FORMERLY = {"answer of the majority": "majority", "the question in full": "restate"}
"""Decisions as runs were stored that told them in prose."""


def dumped(event: Event) -> dict[str, Any]:
    """The event as what JSON can hold, with its kind under `event`; the bytes of images are base64."""
    name = type(event).__name__
    return {"event": name, **_adapter(name).dump_python(event, mode="json")}


def loaded(data: dict[str, Any]) -> Event:
    """The event that `dumped` made the data of.

    Raises:
        pydantic.ValidationError: if the data is not that of an event.
        KeyError: if its kind is unknown.
    """
    fields = dict(data)
    name = fields.pop("event")
    if name == "Decided":
        fields = up_to_date(fields)
    adapter = _adapter(name)
    text = json.dumps(fields, ensure_ascii=False).encode(errors="replace")  # half characters are no JSON
    event: Event = adapter.validate_json(text)  # only from JSON are bytes read as base64
    return event


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


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(KINDS[name])
