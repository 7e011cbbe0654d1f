"""`POST /v1/extract`."""

from __future__ import annotations

from dataclasses import asdict, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ...errors import ToolError
from ...progress import Progress
from ...strategies.extract import Extract, extraction_of
from ...types import Form, Question
from ..bill import chat_usage
from ..objects import Extracted
from ..problems import refused
from ..reading.asking import Asking, budget
from ..reading.body import read
from ..reading.client import unless_gone
from ..service import Service
from ..visit import Visit
from .request import ExtractRequest


async def extract(request: Request, service: Service, holder: str) -> Response:
    """Fill a schema from an image or a document, each value with where it is printed."""
    asked = await read(request, ExtractRequest, service.serving.body_bytes)
    wanted, data = asked.wanted(), asked.data()
    if not data:
        raise refused("file", "the file is empty: it has zero bytes", "unreadable_file")
    strategy = Extract(wanted=wanted, data=data, source=asked.filename, asks=asked.ask_model)
    question = Question(f"Read {', '.join(one.name for one in wanted.fields)}"[:1000], form=Form(schema=wanted.schema))
    limits = budget(asked.metadata, request.headers)
    async with Visit(service, holder, Asking(asked.model, question, budget=limits, store=False)) as visit:
        await unless_gone(request, visit.take_turn())
        return JSONResponse(await unless_gone(request, found(visit, strategy, asked.filename)))


async def found(visit: Visit, strategy: Extract, name: str) -> Extracted:
    """What is found, and what that cost.

    Raises:
        Problem: if the file cannot be read.
    """
    progress = Progress()
    visit.runs.append(progress)
    house = replace(visit.house, strategy=replace(strategy, eyes=visit.house.see.viewer.eyes))
    try:
        answered = await house.ask(visit.asking.question, progress.see)
    except ToolError as error:
        raise refused("file", f"{name}: {error}", "unreadable_file") from None
    read = asdict(extraction_of(answered.answer))
    return {"object": "extraction", **read, "usage": chat_usage([progress])}  # type: ignore[typeddict-item]
