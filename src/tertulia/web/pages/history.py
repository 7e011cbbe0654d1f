"""All stored runs: found by their words and their state, compared, deleted."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from ...server.service import Service
from ...stores.records import STATES, Summary, Wanted
from .. import words
from ..address import Address
from ..html import Html, el
from ..layout import page
from ..visiting import Visitor

MOST = 50
"""Runs on one page."""


async def history(request: Request, service: Service, who: Visitor) -> Response:
    """The newest first."""
    sought = request.query_params.get("text", "")[:200]
    state = next((one for one in STATES if one == request.query_params.get("state")), None)
    before = _number(request.query_params.get("before", ""))
    wanted = Wanted(who.owner, state, before=before, text=sought, most=MOST + 1)
    found = await service.heartbeat.runs.recent(wanted)
    shown, more = found[:MOST], len(found) > MOST
    return page(
        who,
        who.say(words.RUNS),
        el("h1", who.say(words.RUNS)),
        _search(who, sought, state),
        el("form", [_row(who, run) for run in shown], _compare(who), action="/compare", class_="list")
        if shown
        else el("p", who.say(words.NO_RUNS), class_="soft"),
        el("p", el("a", who.say(words.OLDER), href=_older(shown[-1], sought, state), class_="button"))
        if more
        else None,
    )


def _search(who: Visitor, sought: str, state: str | None) -> Html:
    states = [el("option", who.say(words.ANY_STATE), value="")]
    states += [
        el("option", who.say(words.STATES[one]), value=one, selected=one == state)
        for one in STATES
        if one not in ("cancelling",)
    ]
    return el(
        "form",
        el("label", who.say(words.SEARCH), for_="text", class_="hidden"),
        el("input", type="search", name="text", id="text", value=sought, placeholder=who.say(words.SEARCH)),
        el("label", who.say(words.STATE), for_="state", class_="hidden"),
        el("select", states, name="state", id="state"),
        el("button", who.say(words.FIND), type="submit"),
        role="search",
        class_="search",
    )


def _row(who: Visitor, run: Summary) -> Html:
    at = datetime.fromtimestamp(run.created, UTC)
    tokens = "" if run.tokens is None else f"{run.tokens:,} {who.say(words.TOKENS)}"
    text = " ".join(run.text.split())
    about = " · ".join(one for one in (run.strategy, tokens) if one)
    return el(
        "div",
        el("input", type="checkbox", name="run", value=run.id, aria_label=f"{who.say(words.COMPARE)}: {text[:60]}"),
        el("a", text[:200], href=f"/runs/{run.id}"),
        el("span", who.say(words.STATES[run.state]), class_=f"badge {run.state}"),
        el("span", about, class_="soft small"),
        el("time", at.strftime("%Y-%m-%d %H:%M"), datetime=at.isoformat(timespec="seconds"), class_="soft small"),
        class_="run",
    )


def _compare(who: Visitor) -> Html:
    return el(
        "p",
        el("button", who.say(words.COMPARE), type="submit"),
        " ",
        el("span", who.say(words.CHOOSE_TWO), class_="soft small"),
    )


def _older(last: Summary, sought: str, state: str | None) -> str:
    return "/runs?" + urlencode({"text": sought, "state": state or "", "before": f"{last.created:.6f}"})


def _number(text: str) -> float | None:
    try:
        return min(float(text), time.time() + 1e9)
    except ValueError:
        return None


ADDRESSES = (Address("/runs", history),)
