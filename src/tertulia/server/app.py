"""The web application: who answers at which address, and what every answer has in common."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from .. import ids
from ..errors import TertuliaError
from .about.openapi import Operation, document, page
from .about.operations import OPERATIONS
from .idempotency.once import HEADER, Once
from .problems import Problem, as_problem, trace
from .reading.asking import LIMITS
from .service import Handler, Service

log = logging.getLogger(__name__)
CLIENT_LEFT = 499
SAFE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
HEADERS = ["authorization", "content-type", "idempotency-key", *(f"x-tertulia-budget-{name}" for name in LIMITS)]
"""That web pages may send."""


def build(
    opening: AbstractAsyncContextManager[Service], origins: list[str] | None = None, pages: Sequence[BaseRoute] = ()
) -> Starlette:
    """The application over a service that is opened when it starts and closed when it stops.

    Args:
        pages: What is served beside the API.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opening as service:
            app.state.service = service
            yield

    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins or [],
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=HEADERS,
        expose_headers=["x-request-id"],
    )
    once = Once()
    return Starlette(
        routes=[
            *(Route(one.path, endpoint(one, once), methods=[one.method]) for one in OPERATIONS),
            Route("/openapi.json", openapi, methods=["GET"]),
            Route("/docs", docs, methods=["GET"]),
            *pages,
        ],
        middleware=[cors] if origins else [],
        exception_handlers={HTTPException: not_here},
        lifespan=lifespan,
    )


def endpoint(operation: Operation, once: Once) -> Callable[[Request], Awaitable[Response]]:
    """What starlette calls for an operation."""
    if operation.is_open:
        return unguarded(operation.handler)
    return guarded(keyed(operation.handler, once) if operation.body else operation.handler)


def keyed(handler: Handler, once: Once) -> Handler:
    """The handler, where a request that bears an idempotency key is answered once."""

    async def answer(request: Request, service: Service, holder: str) -> Response:
        if HEADER in request.headers:
            return await once.answer(handler, request, service, holder)
        return await handler(request, service, holder)

    return answer


def unguarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await handler(request, request.app.state.service, "")

    return answer


def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for those who may ask; whatever goes wrong in it becomes an error object."""

    async def answer(request: Request) -> Response:
        service: Service = request.app.state.service
        id, began = ids.new_id(ids.REQUEST), time.monotonic()
        try:
            response = await handler(request, service, service.door.holder(request.headers))
        except ClientDisconnect:
            response = Response(status_code=CLIENT_LEFT)
        except Exception as error:
            response = refusal(as_problem(error, open_book=service.door.is_local))
            if not isinstance(error, Problem | TertuliaError):
                log.error("%s failed: %s", id, trace(error))
            elif response.status_code >= 500:
                log.warning("%s: %s", id, error)
        response.headers["x-request-id"] = id
        seconds = time.monotonic() - began
        log.info("%s %s %s %d %.3f s", id, request.method, request.url.path, response.status_code, seconds)
        return response

    return answer


def refusal(problem: Problem) -> Response:
    return JSONResponse(problem.body, problem.status, SAFE | problem.headers)


async def not_here(request: Request, error: Exception) -> Response:
    """An address that is not served, or not in this way."""
    assert isinstance(error, HTTPException)
    message = f"{error.detail}: {request.method} {request.url.path}"
    response = refusal(Problem(error.status_code, message, code="unknown_url"))
    response.headers.update(error.headers or {})
    return response


async def openapi(request: Request) -> Response:
    return JSONResponse(document(OPERATIONS, tuple(request.app.state.service.houses.ids)))


async def docs(request: Request) -> Response:
    described = document(OPERATIONS, tuple(request.app.state.service.houses.ids))
    return HTMLResponse(page(described), headers=SAFE | {"content-security-policy": PAGE_POLICY})
