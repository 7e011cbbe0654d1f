"""The web application: which address is served by what, and what every answer has in common."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .. import ids
from ..errors import TertuliaError
from . import chat
from .idempotency.once import Once
from .openapi import document, page
from .problems import Problem, as_problem, trace
from .reading.asking import LIMITS
from .responses import routes as responses
from .service import Handler, Service

log = logging.getLogger(__name__)
CLIENT_LEFT = 499
SAFE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


def build(opening: AbstractAsyncContextManager[Service], origins: list[str] | None = None) -> Starlette:
    """The application over a service that is opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opening as service:
            app.state.service = service
            yield

    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins or [],
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=[
            "authorization",
            "content-type",
            "idempotency-key",
            *(f"x-tertulia-budget-{name}" for name in LIMITS),
        ],
        expose_headers=["x-request-id"],
    )
    once = Once()
    return Starlette(
        routes=[
            Route("/v1/chat/completions", guarded(once(chat.complete)), methods=["POST"]),
            Route("/v1/responses", guarded(once(responses.create)), methods=["POST"]),
            Route("/v1/responses/{id}", guarded(responses.retrieve), methods=["GET"]),
            Route("/v1/responses/{id}", guarded(responses.delete), methods=["DELETE"]),
            Route("/v1/responses/{id}/cancel", guarded(responses.cancel), methods=["POST"]),
            Route("/v1/responses/{id}/input_items", guarded(responses.input_items), methods=["GET"]),
            Route("/v1/models", guarded(models), methods=["GET"]),
            Route("/v1/models/{id}", guarded(model), methods=["GET"]),
            Route("/metrics", guarded(metrics), methods=["GET"]),
            Route("/healthz", healthy, methods=["GET"]),
            Route("/readyz", ready, methods=["GET"]),
            Route("/openapi.json", described, methods=["GET"]),
            Route("/docs", docs, methods=["GET"]),
        ],
        middleware=[cors] if origins else [],
        exception_handlers={HTTPException: not_here},
        lifespan=lifespan,
    )


def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for those who may ask; whatever goes wrong in it becomes an error object."""

    async def endpoint(request: Request) -> Response:
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

    return endpoint


def refusal(problem: Problem) -> Response:
    return JSONResponse(problem.body, problem.status, SAFE | problem.headers)


async def not_here(request: Request, error: Exception) -> Response:
    """An address that is not served, or not in this way."""
    assert isinstance(error, HTTPException)
    message = f"{error.detail}: {request.method} {request.url.path}"
    response = refusal(Problem(error.status_code, message, code="unknown_url"))
    response.headers.update(error.headers or {})
    return response


async def models(request: Request, service: Service, holder: str) -> Response:
    return JSONResponse({"object": "list", "data": [model_object(id, service) for id in service.houses.ids]})


async def model(request: Request, service: Service, holder: str) -> Response:
    id = request.path_params["id"]
    service.houses.find(id)
    return JSONResponse(model_object(id, service))


def model_object(id: str, service: Service) -> dict[str, object]:
    return {"id": id, "object": "model", "created": service.started, "owned_by": "tertulia"}


async def metrics(request: Request, service: Service, holder: str) -> Response:
    gauges = {
        "tertulia_runs": service.turns.taken,
        "tertulia_runs_waiting": service.turns.waiting,
        "tertulia_background_runs": len(service.background_runs),
    }
    return PlainTextResponse(service.metrics.text(gauges), media_type="text/plain; version=0.0.4")


async def healthy(request: Request) -> Response:
    """Whether the process works."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether it takes new work."""
    draining = request.app.state.service.draining
    return JSONResponse({"status": "stopping" if draining else "ready"}, 503 if draining else 200)


async def described(request: Request) -> Response:
    return JSONResponse(document(tuple(request.app.state.service.houses.ids)))


async def docs(request: Request) -> Response:
    return HTMLResponse(
        page(document(tuple(request.app.state.service.houses.ids))),
        headers=SAFE | {"content-security-policy": PAGE_POLICY},
    )
