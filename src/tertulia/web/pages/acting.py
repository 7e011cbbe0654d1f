"""What is done with a run: stopped, asked again, continued, repeated from a task, deleted."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from ...durable.configuration import overrides_of, with_overrides, without_overrides
from ...errors import StoreError
from ...server.service import Service
from ...stores.deleting import delete_run
from ...stores.records import Stored
from .. import words
from ..address import Address, go, run_of
from ..html import el
from ..layout import page
from ..sending import go_on
from ..visiting import Sorry, Visitor, sent, text
from .ask import box


async def stop(request: Request, service: Service, who: Visitor) -> Response:
    """Cancel the calls in flight; what they cost is settled and shown."""
    await sent(request, who, service)
    run = await run_of(request, service, who)
    await service.heartbeat.cancel(run.id)
    return go(f"/runs/{run.id}")


async def again(request: Request, service: Service, who: Visitor) -> Response:
    """The box with what this run asked, to be asked in another way."""
    run = await run_of(request, service, who)
    content = el(
        "div", el("h1", who.say(words.AGAIN)), box(who, service, run.question.text, like=run.id), class_="welcome"
    )
    return page(who, who.say(words.AGAIN), content)


async def resume(request: Request, service: Service, who: Visitor) -> Response:
    """Have a run go on that ended without an answer; what it paid for is used again."""
    await sent(request, who, service)
    run = await run_of(request, service, who)
    await _begin(service, who, run)
    return go(f"/runs/{run.id}")


async def fork(request: Request, service: Service, who: Visitor) -> Response:
    """A new run that has every step of this one but those of a task and of what builds on it."""
    fields = await sent(request, who, service)
    run = await run_of(request, service, who)
    asked = with_overrides(without_overrides(run.configuration), overrides_of(run.configuration))
    made = await service.heartbeat.runs.fork(run.id, text(fields, "task"), asked, owner=who.holder, models=run.models)
    await _begin(service, who, await service.heartbeat.runs.get(made.id))
    return go(f"/runs/{made.id}")


async def _begin(service: Service, who: Visitor, run: Stored) -> None:
    house = service.houses.of(run)
    if house is None or not service.runner.works_here:
        raise Sorry(409, who.say(words.ELSEWHERE, id=run.id))
    await go_on(service, run, house)


async def delete(request: Request, service: Service, who: Visitor) -> Response:
    """Delete a run and all that is kept of it."""
    await sent(request, who, service)
    run = await run_of(request, service, who)
    if run.state in ("running", "cancelling"):
        raise Sorry(409, who.say(words.NOT_DELETED))
    try:
        await delete_run(service.heartbeat.runs, run.id, who.owner)
    except StoreError as error:
        raise Sorry(409, str(error)) from None
    return go("/runs")


ADDRESSES = (
    Address("/runs/{id}/stop", stop, "POST"),
    Address("/runs/{id}/again", again),
    Address("/runs/{id}/continue", resume, "POST"),
    Address("/runs/{id}/fork", fork, "POST"),
    Address("/runs/{id}/delete", delete, "POST"),
)
