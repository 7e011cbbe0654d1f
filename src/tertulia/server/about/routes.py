"""The models on offer, metrics, and whether the server works."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ..objects import Health, ModelList, ModelObject
from ..service import Service


async def models(request: Request, service: Service, holder: str) -> Response:
    """The models on offer."""
    offered: ModelList = {"object": "list", "data": [_model(id, service) for id in service.houses.ids]}
    return JSONResponse(offered)


async def model(request: Request, service: Service, holder: str) -> Response:
    """One model."""
    id = request.path_params["id"]
    service.houses.find(id)
    return JSONResponse(_model(id, service))


def _model(id: str, service: Service) -> ModelObject:
    return {"id": id, "object": "model", "created": service.started, "owned_by": "tertulia"}


async def metrics(request: Request, service: Service, holder: str) -> Response:
    """Counts and times for Prometheus."""
    gauges = {
        "tertulia_runs": service.turns.taken,
        "tertulia_runs_waiting": service.turns.waiting,
        "tertulia_background_runs": len(service.background_runs),
    }
    return PlainTextResponse(service.metrics.text(gauges), media_type="text/plain; version=0.0.4")


async def healthy(request: Request, service: Service, holder: str) -> Response:
    """Whether the process works."""
    health: Health = {"status": "ok"}
    return JSONResponse(health)


async def ready(request: Request, service: Service, holder: str) -> Response:
    """Whether it takes new work."""
    health: Health = {"status": "stopping" if service.draining else "ready"}
    return JSONResponse(health, 503 if service.draining else 200)
