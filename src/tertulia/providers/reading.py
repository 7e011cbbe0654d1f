"""The one reader of what servers send: bounded in size and depth, sure of its types, with one way to fail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
from pydantic_core import from_json

from ..errors import ModelBusy
from ..printable import printable

MOST_DEPTH = 200
"""Levels of lists and objects within each other that pydantic's reader takes; providers send fewer than ten."""
SHOWN = 80
"""Characters of what came that a message shows."""
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


class Unreadable(ModelBusy):
    """What came is no reply; asking again may bring one."""


def parse(data: bytes) -> Any:
    """The JSON value in `data`, which may hold halves of surrogate pairs.

    Raises:
        Unreadable: if it is no JSON, or nested deeper than `MOST_DEPTH`.
    """
    try:
        return from_json(data)  # a quarter of the time of the other, but it refuses half characters
    except ValueError:
        pass
    if too_deep(data):
        raise Unreadable(f"it sent JSON nested more than {MOST_DEPTH} levels deep")
    try:
        return json.loads(data)
    except ValueError:
        raise Unreadable(f"it sent {shown(data)} in the place of JSON") from None


def too_deep(data: bytes) -> bool:
    """Whether more than `MOST_DEPTH` brackets are open at once, those in texts left out."""
    open_now = 0
    for found in _NESTING.finditer(data):
        mark = found.group()
        open_now += 1 if mark in b"[{" else -1 if mark in b"]}" else 0
        if open_now > MOST_DEPTH:
            return True
    return False


def shown(data: bytes | str) -> str:
    """What came, as a message can show it."""
    text = data.decode(errors="replace") if isinstance(data, bytes) else data
    if not text:
        return "nothing"
    if not text.strip():
        return f"{len(text):,} blanks"
    text = clean(text)
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")


def clean(text: str) -> str:
    """The text in one line, as any screen can show it."""
    return " ".join(printable(text).split())


async def whole(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body of an answer; at most `most` bytes and a few more, so that a longer one is known to be."""
    pieces, size = [], 0
    with suppress(aiohttp.ClientPayloadError):
        async for piece in response.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > most:
                break
    return b"".join(pieces)


class Lines:
    """Bytes in, whole lines out; at most `most` bytes in all and `longest` in one line."""

    def __init__(self, most: int, longest: int = 4 << 20):
        self._left, self._most, self._longest = most, most, longest
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` ends.

        Raises:
            Unreadable: if a cap is crossed.
        """
        self._left -= len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._left < 0:
            raise Unreadable(f"it sent more than {self._most:,} bytes, which is larger than any answer should be")
        if max(len(self._rest), *map(len, lines), 0) > self._longest:
            raise Unreadable(f"it sent a line of more than {self._longest:,} bytes, larger than any answer should be")
        return [line.rstrip(b"\r") for line in lines]


# -- values of the type that is wanted, whatever came


def text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (each for each in items(value) if isinstance(each, dict))
