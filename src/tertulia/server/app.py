"""The web application: which address is served by what, and what every answer has in common."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..errors import SettingsError, TertuliaError
from ..settings import Settings
from ..stores.documents import Documents
from ..stores.spending import Spending
from . import chat, responses
from .accounts import shared
from .archive import InMemory
from .asking import LIMITS
from .desk import Desk, new_id
from .fetching import fetching
from .hands import Queueing, Storing
from .heir import Heir
from .houses import open_houses
from .keys import door
from .lasting import Lasting
from .once import once
from .openapi import document, page
from .problems import Problem, problem, trace
from .replies import RepliesInMemory
from .stored import StoredArchive, StoredReplies, keeping

log = logging.getLogger("tertulia.server")
Handler = Callable[[Request, Desk, str], Awaitable[Response]]
Opened = TypeVar("Opened")
CLIENT_LEFT = 499
SAFE = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


def build(opening: AbstractAsyncContextManager[Desk], origins: list[str] | None = None) -> Starlette:
    """The application over a desk that is opened when it starts and closed when it stops."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opening as desk:
            app.state.desk = desk
            yield
            await desk.close()

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


@asynccontextmanager
async def open_desk(settings: Settings, host: str, say: Callable[[str], None]) -> AsyncIterator[Desk]:
    """The desk that the settings describe.

    Raises:
        SettingsError: if it would serve anybody, or a house cannot be opened.
        StoreError: if the database cannot.
    """
    serving = settings.server
    at_the_door = door(serving, host)
    if serving.enqueue and not serving.store:
        raise SettingsError("a queue needs a store: leave out either --enqueue or --no-store")
    async with AsyncExitStack() as stack:
        houses = await open_houses(settings, stack, say)
        fetcher = await stack.enter_async_context(fetching(serving))
        if not serving.store:
            memory = InMemory(serving.stored), RepliesInMemory(serving.stored)
            yield Desk(houses, at_the_door, serving, *memory, fetcher)
            return
        presence = await stack.enter_async_context(keeping(settings))
        documents = Documents(presence.runs.database)
        archive = StoredArchive(documents, presence, at_the_door.is_local)
        hands = Queueing(presence) if serving.enqueue else Storing(presence)
        desk = Desk(houses, at_the_door, serving, archive, StoredReplies(documents, presence), fetcher, hands=hands)
        desk.lasting = Lasting(presence, documents, archive, hands)
        stack.push_async_callback(desk.lasting.close)
        desk.stale = await stack.enter_async_context(shared(desk.accounts, Spending(presence.runs.database)))
        await stack.enter_async_context(Heir(desk, presence, not serving.enqueue).at_work())
        yield desk


def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint for those who may ask; whatever goes wrong in it becomes an error object."""

    async def endpoint(request: Request) -> Response:
        desk: Desk = request.app.state.desk
        id, began = new_id("req_"), time.monotonic()
        try:
            response = await handler(request, desk, desk.door.holder(request.headers))
        except ClientDisconnect:
            response = Response(status_code=CLIENT_LEFT)
        except Exception as error:
            response = answered(problem(error, open_book=desk.door.is_local))
            if not isinstance(error, Problem | TertuliaError):
                log.error("%s failed: %s", id, trace(error))
            elif response.status_code >= 500:
                log.warning("%s: %s", id, error)
        response.headers["x-request-id"] = id
        seconds = time.monotonic() - began
        log.info("%s %s %s %d %.3f s", id, request.method, request.url.path, response.status_code, seconds)
        return response

    return endpoint


def answered(problem: Problem) -> Response:
    return JSONResponse(problem.body, problem.status, SAFE | problem.headers)


async def not_here(request: Request, error: Exception) -> Response:
    """An address that is not served, or not in this way."""
    assert isinstance(error, HTTPException)
    message = f"{error.detail}: {request.method} {request.url.path}"
    response = answered(Problem(error.status_code, message, code="unknown_url"))
    response.headers.update(error.headers or {})
    return response


async def models(request: Request, desk: Desk, holder: str) -> Response:
    return JSONResponse({"object": "list", "data": [described_model(id, desk) for id in desk.houses.ids]})


async def model(request: Request, desk: Desk, holder: str) -> Response:
    id = request.path_params["id"]
    desk.houses.find(id)
    return JSONResponse(described_model(id, desk))


def described_model(id: str, desk: Desk) -> dict[str, object]:
    return {"id": id, "object": "model", "created": desk.started, "owned_by": "tertulia"}


async def metrics(request: Request, desk: Desk, holder: str) -> Response:
    gauges = {
        "tertulia_runs": desk.turns.taken,
        "tertulia_runs_waiting": desk.turns.waiting,
        "tertulia_background_runs": len(desk.lasting.at_work if desk.lasting else desk.live),
    }
    return PlainTextResponse(desk.metrics.text(gauges), media_type="text/plain; version=0.0.4")


async def healthy(request: Request) -> Response:
    """Whether the process works."""
    return JSONResponse({"status": "ok"})


async def ready(request: Request) -> Response:
    """Whether it takes new work."""
    draining = request.app.state.desk.draining
    return JSONResponse({"status": "stopping" if draining else "ready"}, 503 if draining else 200)


async def described(request: Request) -> Response:
    return JSONResponse(document(tuple(request.app.state.desk.houses.ids)))


async def docs(request: Request) -> Response:
    return HTMLResponse(
        page(document(tuple(request.app.state.desk.houses.ids))),
        headers=SAFE | {"content-security-policy": PAGE_POLICY},
    )
