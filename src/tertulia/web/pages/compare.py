"""Two runs side by side: their graphs, their ledgers, and what differs between their answers."""

from __future__ import annotations

import time
from difflib import SequenceMatcher

from starlette.requests import Request
from starlette.responses import Response

from ...server.service import Service
from ...stores.records import Wanted
from .. import words
from ..address import Address, find_run
from ..graph import graph_of
from ..html import Html, el
from ..layout import page
from ..showing import Shown, pieces
from ..story import story_of
from ..visiting import Sorry, Visitor

LONGEST = 4_000
"""Words of an answer that are compared."""


async def compare(request: Request, service: Service, who: Visitor) -> Response:
    """The two that are chosen, or a list to choose the other one from."""
    first = request.query_params.get("with", "")
    chosen = [one for one in (first, *request.query_params.getlist("run")) if one][:2]
    if len(chosen) < 2 or chosen[0] == chosen[1]:
        return await _choose(service, who, chosen[0] if chosen else "")
    shown = [await _shown(service, who, id) for id in chosen]
    return page(
        who,
        who.say(words.COMPARE),
        el("h1", who.say(words.COMPARE)),
        el("div", [_side(who, one, place) for place, one in enumerate(shown)], class_="columns even"),
        el("h2", who.say(words.DIFFERENCE), class_="label"),
        _difference(who, *(one.story.answer for one in shown)),
        wide=True,
    )


async def _choose(service: Service, who: Visitor, first: str) -> Response:
    if not first:
        raise Sorry(400, who.say(words.CHOOSE_TWO))
    run = await find_run(service, who, first)
    others = [one for one in await service.heartbeat.runs.recent(Wanted(who.owner, most=51)) if one.id != run.id]
    rows = [
        el(
            "li",
            el("a", " ".join(one.text.split())[:200], href=f"/compare?with={run.id}&run={one.id}"),
            " ",
            el("span", f"{who.say(words.STATES[one.state])} · {one.strategy}", class_="soft small"),
        )
        for one in others
    ]
    return page(
        who,
        who.say(words.COMPARE),
        el("h1", who.say(words.COMPARE_WITH)),
        el("p", run.text, class_="lead"),
        el("ul", rows, class_="examples") if rows else el("p", who.say(words.NO_RUNS), class_="soft"),
    )


async def _shown(service: Service, who: Visitor, id: str) -> Shown:
    run = await find_run(service, who, id)
    return Shown(run, run.state, story_of(await service.heartbeat.runs.events(run.id)), time.time(), who.language)


def _side(who: Visitor, shown: Shown, place: int) -> Html:
    content = pieces(shown)
    graph = graph_of(shown.story, shown.run.text, who.language, shown.over).svg(who.language, alone=True)
    spent = content["spent"].replace('id="ledger"', f'id="ledger-{place}"')
    return el(
        "section",
        el("h2", el("a", shown.run.text, href=f"/runs/{shown.run.id}"), class_="asked"),
        el("div", content["state"], class_="bar"),
        content["why"],
        el("div", graph, class_="graph", tabindex="0"),
        el("div", content["answer"], class_="answer"),
        el("div", Html(spent), class_="spent"),
        aria_label=f"{place + 1}",
    )


def _difference(who: Visitor, one: str, other: str) -> Html:
    """What only the first answer says as deleted, what only the second says as inserted."""
    if one == other:
        return el("p", who.say(words.SAME))
    a, b = one.split()[:LONGEST], other.split()[:LONGEST]
    said = []
    for kind, i, j, k, m in SequenceMatcher(None, a, b, autojunk=True).get_opcodes():
        if kind == "equal":
            said.append(el("span", " ".join(a[i:j])))
        said += [el("del", " ".join(a[i:j]))] if kind in ("delete", "replace") else []
        said += [el("ins", " ".join(b[k:m]))] if kind in ("insert", "replace") else []
    return el("p", [piece + Html(" ") for piece in said] and Html(" ".join(said)), class_="difference")


ADDRESSES = (Address("/compare", compare),)
