"""A run as a file: JSON, Markdown, one HTML file that needs nothing else, and the graph as SVG."""

from __future__ import annotations

import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from ...exports.document import document
from ...server.service import Service
from .. import words
from ..address import Address, run_of
from ..graph import graph_of
from ..html import Html, el
from ..layout import page, style
from ..showing import Shown, body
from ..story import story_of
from ..visiting import SAFE, Sorry, Visitor

KINDS: Mapping[str, str] = {
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
}
"""Media types by the endings of the files."""
ALONE = "default-src 'none'; style-src 'unsafe-inline'"


async def choose(request: Request, service: Service, who: Visitor) -> Response:
    """What there is to take home."""
    run = await run_of(request, service, who)
    files = [
        el("li", el("a", f"{name.upper()}", href=f"/runs/{run.id}/export/{name}", download=True)) for name in KINDS
    ]
    content = el(
        "div", el("h1", who.say(words.EXPORT)), el("p", run.text, class_="lead"), el("ul", files), class_="narrow"
    )
    return page(who, who.say(words.EXPORT), content)


async def export(request: Request, service: Service, who: Visitor) -> Response:
    """The file."""
    run = await run_of(request, service, who)
    kind = str(request.path_params["kind"])
    if kind not in KINDS:
        raise Sorry(404, who.say(words.NO_PAGE))
    events, ledger = await service.heartbeat.runs.events(run.id), await service.heartbeat.runs.ledger(run.id)
    if kind in ("json", "md"):
        text = document(run, events, ledger, "json" if kind == "json" else "markdown")
    else:
        shown = Shown(run, run.state, story_of(events), time.time(), who.language)
        graph = graph_of(shown.story, run.text, who.language, shown.over).svg(who.language, alone=True)
        text = graph if kind == "svg" else alone(shown)
    name = f'attachment; filename="{run.id}.{kind}"'
    headers = SAFE | {"content-disposition": name, "content-security-policy": ALONE}
    return Response(text.encode(errors="replace"), media_type=KINDS[kind], headers=headers)


def alone(shown: Shown) -> str:
    """The run as one HTML file, which asks nothing of any host."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=ALONE),
        el("title", shown.run.text[:80]),
        el("style", Html(style())),
    )
    main = el("main", body(shown), class_="wide")
    return "<!doctype html>" + el("html", head, el("body", main), lang=shown.language)


ADDRESSES = (Address("/runs/{id}/export", choose), Address("/runs/{id}/export/{kind}", export))
