"""`/v1/responses`: make one, plain, streamed or in the background; retrieve, cancel and delete it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...types import Turn
from ..idempotency.replies import Replies
from ..problems import Problem, refused
from ..reading.body import read
from ..reading.client import unless_gone
from ..reading.messages import addresses
from ..reading.response_request import ResponsesRequest, from_responses
from ..reading.shapes import Item
from ..service import Service, reply_of
from ..visit import Visit
from .answering import Answering
from .archive import Archive
from .background import Background
from .kept import KeptResponse, response_with
from .response_objects import Deleted, InputItems

PAGE, MOST_LISTED = 20, 100
"""Items of a list where nothing is said, and the most there may be."""


async def create(request: Request, service: Service, holder: str) -> Response:
    """Make a response, at once or in the background."""
    asked = await read(request, ResponsesRequest, service.serving.body_bytes)
    before = await _turns_before(asked, service, holder)
    asked = await _with_references(asked, service, holder)
    items = () if isinstance(asked.input, str) else asked.input
    fetched = await service.fetch(request, addresses(items, "input"))
    asking = from_responses(asked, request.headers, before, fetched)
    async with AsyncExitStack() as stack:
        visit = await stack.enter_async_context(Visit(service, holder, asking))
        answering = Answering(visit, asked, reply_of(request))
        if asked.background:
            return await Background(service).make(answering, stack)
        await unless_gone(request, visit.take_turn())
        if asked.stream:
            return answering.stream(stack.pop_all())
        return JSONResponse(await unless_gone(request, answering.whole()))


async def _turns_before(asked: ResponsesRequest, service: Service, holder: str) -> Sequence[Turn]:
    """The conversation that the request goes on with."""
    if asked.previous_response_id is None:
        return ()
    kept = await Archive(service).load(holder, asked.previous_response_id)
    if kept is None:
        message = f"Previous response with id {asked.previous_response_id[:100]!r} not found."
        raise refused("previous_response_id", message, "previous_response_not_found")
    if not kept.turns:
        raise refused("previous_response_id", "The previous response has no answer.", "previous_response_not_completed")
    return kept.turns


async def _with_references(asked: ResponsesRequest, service: Service, holder: str) -> ResponsesRequest:
    """The request with the items that it only names.

    Raises:
        Problem: if one is not stored here, or is somebody else's.
    """
    if isinstance(asked.input, str) or all(item.kind != "item_reference" for item in asked.input):
        return asked
    archive, found, items = Archive(service), dict[str, KeptResponse | None](), list[Item]()
    for number, item in enumerate(asked.input):
        if item.kind != "item_reference":
            items.append(item)
            continue
        id = item.id or ""
        if (response := response_with(id)) not in found:
            found[response] = await archive.load(holder, response) if response else None
        kept = found[response]
        stored = [*kept.items, *kept.response["output"]] if kept else []
        named = next((one for one in stored if one["id"] == id), None)
        if named is None:
            raise Problem(404, f"Item with id {id[:100]!r} not found.", code="item_not_found", param=f"input[{number}]")
        items.append(Item.model_validate(named))
    return asked.model_copy(update={"input": items})


async def retrieve(request: Request, service: Service, holder: str) -> Response:
    """A response as it stands; with `stream=true` the events of one made in the background.

    Raises:
        Problem: if there is none, or it cannot be streamed.
    """
    id, query = request.path_params["id"], request.query_params
    kept = await _load(service, holder, id)
    if query.get("stream", "").lower() not in ("true", "1"):
        return JSONResponse(kept.response)
    if not kept.response["background"]:
        raise refused("stream", "Only responses made in the background can be streamed again.", "invalid_value")
    try:
        after = int(query.get("starting_after", "-1"))
    except ValueError:
        raise refused("starting_after", "starting_after should be the sequence number of an event") from None
    background = Background(service)
    if not await background.has_events(kept):
        raise Problem(404, "The events of this response were deleted.", code="events_not_found")
    return background.stream(kept, max(after, -1))


async def cancel(request: Request, service: Service, holder: str) -> Response:
    """Stop making a response in the background.

    Raises:
        Problem: if there is none, it was not made in the background, or its worker does not stop it in time.
    """
    kept = await _load(service, holder, request.path_params["id"])
    if not kept.response["background"]:
        raise Problem(400, "Only responses made in the background can be cancelled.", code="cannot_cancel")
    await _stop(service, kept)
    return JSONResponse((await _load(service, holder, kept.id)).response)


async def delete(request: Request, service: Service, holder: str) -> Response:
    """Delete a response.

    Raises:
        Problem: if there is none, or its worker does not stop it in time.
    """
    kept = await _load(service, holder, request.path_params["id"])
    await _stop(service, kept)
    await Archive(service).delete(holder, kept.id)
    if kept.reply:
        await Replies(service.documents, service.heartbeat).delete(holder, kept.reply)
    deleted: Deleted = {"id": kept.id, "object": "response", "deleted": True}
    return JSONResponse(deleted)


async def input_items(request: Request, service: Service, holder: str) -> Response:
    """The items that a response answers.

    Raises:
        Problem: if there is none.
    """
    kept = await _load(service, holder, request.path_params["id"])
    query, items = request.query_params, list(kept.items)
    if query.get("order", "desc") != "asc":
        items.reverse()
    if (after := query.get("after")) is not None:
        place = next((number for number, item in enumerate(items) if item["id"] == after), None)
        if place is None:
            raise refused("after", f"there is no item {after[:100]!r} in this response")
        items = items[place + 1 :]
    limit = query.get("limit", str(PAGE))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:9]) <= MOST_LISTED:
        raise refused("limit", f"limit cannot be {limit[:40]!r}; it should be from 1 to {MOST_LISTED}")
    page = items[: int(limit)]
    listed: InputItems = {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(items) > len(page),
    }
    return JSONResponse(listed)


async def _stop(service: Service, kept: KeptResponse) -> None:
    if not kept.is_over:
        await Background(service).stop(kept)


async def _load(service: Service, holder: str, id: str) -> KeptResponse:
    kept = await Archive(service).load(holder, id)
    if kept is None:
        raise Problem(404, f"Response with id {id[:100]!r} not found.", code="response_not_found", param="response_id")
    return kept
