"""What a page answers: its address, and who is asked there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ..errors import UnknownName
from ..server.service import Service
from ..stores.records import Stored
from . import words
from .visiting import SAFE, Sorry, Visitor

Handler = Callable[[Request, Service, Visitor], Awaitable[Response]]


@dataclass(frozen=True)
class Address:
    """One address of a page."""

    path: str
    handler: Handler
    method: str = "GET"
    is_open: bool = False
    """Whether it is for those, too, who are not logged in."""


def go(where: str) -> Response:
    """Lead on to another of our pages; to the first one if it is not ours."""
    ours = where.startswith("/") and not where.startswith(("//", "/\\")) and where.isprintable()
    return RedirectResponse(where if ours else "/", 303, headers=SAFE)


async def run_of(request: Request, service: Service, who: Visitor) -> Stored:
    """The run that the address names.

    Raises:
        Sorry: if there is none, or it is another's.
    """
    return await find_run(service, who, str(request.path_params["id"]))


async def find_run(service: Service, who: Visitor, id: str) -> Stored:
    """A run by its whole id.

    Raises:
        Sorry: if there is none, or it is another's.
    """
    try:
        return await service.heartbeat.runs.get(id, who.owner)
    except UnknownName:
        raise Sorry(404, who.say(words.NO_RUN)) from None
