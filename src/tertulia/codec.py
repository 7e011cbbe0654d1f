"""Events as JSON, and back: what the event stream, the store and the web page read."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, get_args

from pydantic import TypeAdapter

from .events import Event
from .usage import Report

KINDS = {kind.__name__: kind for kind in get_args(Event)}


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
    adapter = _adapter(fields.pop("event"))
    text = json.dumps(fields, ensure_ascii=False).encode(errors="replace")  # half characters are no JSON
    event: Event = adapter.validate_json(text)  # only from JSON are bytes read as base64
    return event


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
