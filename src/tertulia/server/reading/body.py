"""Reads a request's body, within limits of size and time."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from ..problems import Problem, unreadable

Shape = TypeVar("Shape", bound=BaseModel)
LARGE = 1 << 18
"""Bytes above which parsing takes so long that it is done beside the event loop."""
SECONDS = 60.0
"""Time that a client may take to send its request."""


async def read(request: Request, shape: type[Shape], most: int) -> Shape:
    """The body, parsed as a `shape`.

    Raises:
        Problem: if it is longer than `most` bytes, comes too slowly, or is not of that shape.
    """
    body = await whole_body(request, most)
    try:
        if len(body) < LARGE:
            return shape.model_validate_json(body)
        return await asyncio.to_thread(shape.model_validate_json, body)
    except ValidationError as error:
        raise unreadable(error) from None


async def whole_body(request: Request, most: int) -> bytes:
    """The body as it was sent.

    Raises:
        Problem: if it is longer than `most` bytes, or comes too slowly.
    """
    try:
        async with asyncio.timeout(SECONDS):
            return await _body(request, most)
    except TimeoutError:
        raise Problem(408, "The request came too slowly.", code="request_timeout", again=False) from None


async def _body(request: Request, most: int) -> bytes:
    size, pieces = 0, []
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise Problem(413, f"The request is larger than {most:,} bytes.", code="request_too_large", again=False)
        pieces.append(piece)
    return b"".join(pieces)
