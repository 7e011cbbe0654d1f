"""What is stored, as text: JSON that any database can hold and search."""

from __future__ import annotations

import json
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from ..codec import loaded
from ..events import Event

T = TypeVar("T")


def packed(kind: type[T], value: T) -> str:
    """A value of `kind` as JSON."""
    of = _adapter(cast("Hashable", kind))
    try:
        return of.dump_json(value).decode()
    except PydanticSerializationError:  # half of a character
        return text(of.dump_python(value, mode="json"))


def unpacked(kind: type[T], stored: str) -> T:
    """What `packed` made the text of."""
    value: T = _adapter(cast("Hashable", kind)).validate_json(stored)
    return value


def packed_event(event: Event) -> str:
    return as_event(type(event), packed(type(event), event))


def as_event(kind: type[Event], body: str) -> str:
    """What `packed` made of an event, with its kind, as `unpacked_event` reads it."""
    return f'{{"event":"{kind.__name__}",{body[1:]}'


def unpacked_event(stored: str) -> Event:
    return loaded(json.loads(stored))


def text(data: Any) -> str:
    """Data as JSON; halves of characters, which neither JSON nor a database takes, become question marks."""
    return json.dumps(data, ensure_ascii=False).encode(errors="replace").decode()


def plain(words: str) -> str:
    """Words for a column of their own: no NUL and no half of a character, which Postgres refuses."""
    return words.replace("\0", " ").encode(errors="replace").decode()


@lru_cache(64)
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))
