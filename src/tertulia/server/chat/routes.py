"""`POST /v1/chat/completions`."""

from __future__ import annotations

from contextlib import AsyncExitStack

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..reading.body import read
from ..reading.chat_request import ChatRequest, from_chat
from ..reading.client import unless_gone
from ..reading.messages import addresses
from ..service import Service, reply_of
from ..visit import Visit
from .completion import Completion


async def complete(request: Request, service: Service, holder: str) -> Response:
    """Answer a chat."""
    asked = await read(request, ChatRequest, service.serving.body_bytes)
    fetched = await service.fetch(request, addresses(asked.messages, "messages"))
    async with AsyncExitStack() as stack:
        visit = await stack.enter_async_context(Visit(service, holder, from_chat(asked, request.headers, fetched)))
        completion = Completion(visit, asked, reply_of(request))
        await unless_gone(request, visit.take_turn())
        if asked.stream:
            return completion.stream(stack.pop_all())
        return JSONResponse(await unless_gone(request, completion.whole()))
