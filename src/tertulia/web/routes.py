"""All addresses of the page, to be mounted beside those of the API."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..errors import TertuliaError
from ..server.problems import Problem, as_problem, trace
from ..server.service import Service
from .address import Address, go
from .layout import sorry, static
from .pages import ADDRESSES
from .visiting import LoggedOut, Sorry, stranger, visitor

log = logging.getLogger(__name__)


def routes() -> Sequence[BaseRoute]:
    """What `server.app.build` takes as further routes."""
    return [
        *(Route(one.path, _endpoint(one), methods=[one.method]) for one in ADDRESSES),
        Route("/page/{name}", static, methods=["GET"]),
    ]


def _endpoint(address: Address) -> Callable[[Request], Awaitable[Response]]:
    """What starlette calls; whatever goes wrong becomes a page that says what would work."""

    async def answer(request: Request) -> Response:
        service: Service = request.app.state.service
        who = stranger(request, service)
        try:
            if not address.is_open or service.door.is_local:
                who = visitor(request, service)
            return await address.handler(request, service, who)
        except LoggedOut as error:
            return go("/login?expired=1" if error.expired else "/login")
        except ClientDisconnect:
            return Response(status_code=499)
        except Sorry as error:
            return sorry(who, error.status, error.said)
        except Exception as error:
            problem = as_problem(error, open_book=service.door.is_local)
            if not isinstance(error, Problem | TertuliaError):
                log.error("a page failed: %s", trace(error))
            return sorry(who, problem.status, problem.message)
        finally:
            await request.close()  # files that were sent

    return answer
