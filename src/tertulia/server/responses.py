"""`/v1/responses`: make one, plain, streamed or in the background; retrieve, cancel and delete it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..types import Turn
from .archive import InMemory, Kept
from .asking import from_responses
from .desk import Desk
from .fetching import addresses, fetch
from .making import Making, framed_all, told
from .problems import Problem, refused
from .replies import REPLY
from .shapes import ResponsesRequest
from .streams import EventStream, unless_gone
from .wire import read

JSON = dict[str, Any]


async def create(request: Request, desk: Desk, holder: str) -> Response:
    """Answer, at once or in the background."""
    asked = await read(request, ResponsesRequest, desk.serving.body_bytes)
    before = await _turns_before(asked, desk, holder)
    items = () if isinstance(asked.input, str) else asked.input
    fetched = await fetch(request, desk.fetcher, addresses(items, "input"))
    visit = desk.visit(holder, from_responses(asked, request.headers, before, fetched))
    making = Making(visit, asked, request.scope.get(REPLY, ""))
    try:
        if asked.background:
            return await (desk.lasting.make(making) if desk.lasting else making.in_background())
        await unless_gone(request, visit.take_turn(desk.serving.wait_seconds))
        if asked.stream:
            return EventStream(making.frames(), making.last_words, visit.leave, {})
        response = await unless_gone(request, making.whole())
        visit.leave()
        return JSONResponse(response)
    except BaseException as error:
        visit.status = "failed" if isinstance(error, Problem) else "gone"
        visit.leave()
        raise


async def _turns_before(asked: ResponsesRequest, desk: Desk, holder: str) -> Sequence[Turn]:
    """The conversation that the request goes on with."""
    if asked.previous_response_id is None:
        return ()
    kept = await desk.archive.load(holder, asked.previous_response_id)
    if kept is None:
        message = f"Previous response with id {asked.previous_response_id[:100]!r} not found."
        raise refused("previous_response_id", message, "previous_response_not_found")
    if not kept.turns:
        raise refused("previous_response_id", "The previous response has no answer.", "previous_response_not_completed")
    return kept.turns


async def retrieve(request: Request, desk: Desk, holder: str) -> Response:
    """A response as it stands; with `stream=true` the events of one made in the background."""
    id, query = request.path_params["id"], request.query_params
    kept = await _kept(desk, holder, id)
    if query.get("stream", "").lower() not in ("true", "1"):
        return JSONResponse(kept.response)
    if not kept.response["background"]:
        raise refused("stream", "Only responses made in the background can be streamed again.", "invalid_value")
    try:
        after = int(query.get("starting_after", "-1"))
    except ValueError:
        raise refused("starting_after", "starting_after should be the sequence number of an event") from None
    return EventStream(framed_all(await _events(desk, kept, max(after, -1))), lambda: b"", lambda: None, {})


async def _events(desk: Desk, kept: Kept, after: int) -> AsyncGenerator[JSON, None]:
    """Events of a response made in the background, with a `sequence_number` above `after`."""
    if desk.lasting:
        if not await desk.lasting.is_there(kept):
            raise Problem(404, "The events of this response were deleted.", code="events_not_found")
        return desk.lasting.told(kept, after)
    live = desk.live.get((kept.owner, kept.id))
    assert isinstance(desk.archive, InMemory)
    return live.follow(after) if live else told(desk.archive, kept, after)


async def cancel(request: Request, desk: Desk, holder: str) -> Response:
    """Stop making a response in the background."""
    kept = await _kept(desk, holder, request.path_params["id"])
    if not kept.response["background"]:
        raise Problem(400, "Only responses made in the background can be cancelled.", code="cannot_cancel")
    await _stop(desk, kept)
    return JSONResponse((await _kept(desk, holder, kept.id)).response)


async def delete(request: Request, desk: Desk, holder: str) -> Response:
    """Forget a response."""
    kept = await _kept(desk, holder, request.path_params["id"])
    await _stop(desk, kept)
    await desk.archive.delete(holder, kept.id)
    if kept.reply:
        await desk.replies.delete(holder, kept.reply)
    return JSONResponse({"id": kept.id, "object": "response", "deleted": True})


async def input_items(request: Request, desk: Desk, holder: str) -> Response:
    """What was asked for a response, as items."""
    kept = await _kept(desk, holder, request.path_params["id"])
    items = list(kept.items)
    if request.query_params.get("order", "desc") != "asc":
        items.reverse()
    return JSONResponse(
        {
            "object": "list",
            "data": items,
            "first_id": items[0]["id"] if items else None,
            "last_id": items[-1]["id"] if items else None,
            "has_more": False,
        }
    )


async def _stop(desk: Desk, kept: Kept) -> None:
    live = desk.live.get((kept.owner, kept.id))
    if live is not None:
        await live.cancel()
    elif desk.lasting and not kept.is_over:
        await desk.lasting.stop(kept)


async def _kept(desk: Desk, holder: str, id: str) -> Kept:
    kept = await desk.archive.load(holder, id)
    if kept is None:
        raise Problem(404, f"Response with id {id[:100]!r} not found.", code="response_not_found", param="response_id")
    return kept
