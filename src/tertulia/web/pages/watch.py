"""A run as it goes on: the whole page, and a stream of the pieces that change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from starlette.requests import Request
from starlette.responses import Response

from ...schedule import beside
from ...server.service import Service
from ...server.sse import EventStream
from ...stores.records import OVER, Stored
from .. import words
from ..address import Address, run_of
from ..graph import PART
from ..html import Html, el, join
from ..layout import button, page
from ..showing import Shown, body, parts, pieces
from ..story import Story, story_of
from ..visiting import SAFE, Visitor
from .ask import box

FRAME_SECONDS = 0.1
"""Least time between two drawings."""
TICK_SECONDS = 1.0
"""Most time between two, so that the clock goes on."""
LOOK_SECONDS = 0.5
"""How often an interrupted run is looked at, as another process may go on with it."""


async def watch(request: Request, service: Service, who: Visitor) -> Response:
    """The run as it is now; what changes comes by the stream."""
    run = await run_of(request, service, who)
    story = story_of(await service.heartbeat.runs.events(run.id))
    shown = Shown(run, run.state, story, time.time(), who.language)
    live = not run.over and run.state != "interrupted"
    return page(
        who,
        run.text,
        el(
            "div",
            body(shown, actions(who, run), follow_up(service, who, run)),
            id="run",
            more={"hx-sse:connect": f"/runs/{run.id}/stream", "hx-sse:close": "over"} if live else {},
        ),
        el("noscript", el("p", who.say(words.NO_SCRIPT), class_="soft")) if live else None,
        wide=True,
        reload=live,
    )


def follow_up(service: Service, who: Visitor, run: Stored) -> Html | None:
    """The box that goes on with the conversation, once there is something to go on with."""
    return box(who, service, after=run.id, label=words.FOLLOW_UP) if run.state == "answered" else None


def actions(who: Visitor, run: Stored) -> Html:
    """What can be done with a run in its state."""
    live = not run.over and run.state != "interrupted"
    here = f"/runs/{run.id}"
    links = [
        (f"{here}/replay", words.REPLAY),
        (f"/compare?with={run.id}", words.COMPARE),
        (f"{here}/export", words.EXPORT),
    ]
    can_go_on = run.state in ("interrupted", "failed", "cancelled")
    return el(
        "div",
        button(who, f"{here}/stop", who.say(words.STOP)) if live else None,
        button(who, f"{here}/continue", who.say(words.CONTINUE)) if can_go_on else None,
        el("a", who.say(words.AGAIN), href=f"{here}/again", class_="button"),
        *(el("a", who.say(phrase), href=where, class_="button quiet") for where, phrase in links if not live),
        button(who, f"{here}/delete", who.say(words.DELETE)) if not live else None,
        id="actions",
        class_="actions",
    )


async def stream(request: Request, service: Service, who: Visitor) -> Response:
    """Pieces as they change, until the run is over."""
    run = await run_of(request, service, who)
    return EventStream(_frames(service, who, run), headers=SAFE)


async def _frames(service: Service, who: Visitor, run: Stored) -> AsyncGenerator[bytes, None]:
    """Whoever comes back gets all pieces anew, so that nothing is lost or doubled."""
    id, runs, story, last = run.id, service.heartbeat.runs, Story(), dict[str, Html]()
    while True:
        news, is_over = asyncio.Event(), False

        async def read(news: asyncio.Event = news) -> None:
            async for numbered in runs.follow(id, story.number):
                story.see(numbered)
                news.set()

        async with beside(read()) as reading:
            reading.add_done_callback(lambda _, news=news: news.set())  # type: ignore[misc]
            while not is_over:
                try:
                    async with asyncio.timeout(TICK_SECONDS):
                        await news.wait()
                except TimeoutError:
                    pass
                news.clear()
                is_over = reading.done()
                run = await runs.get(run.id, who.owner) if is_over else run
                state = run.state if is_over else await runs.state(run.id)
                shown = Shown(run, state, story, time.time(), who.language)
                content = pieces(shown)
                if frame := partials(content, last) if last else first_frame(shown, content):
                    yield frame
                last = content
                await asyncio.sleep(FRAME_SECONDS)
            await reading
        if run.state in OVER:
            break
        await asyncio.sleep(LOOK_SECONDS)
        run = await runs.get(run.id, who.owner)
        if run.state == "interrupted":
            break
    after = el("div", follow_up(service, who, run), id="after")
    yield framed(join(partial("actions", actions(who, run), "outerMorph"), partial("after", after, "outerMorph")))
    yield b"event: over\ndata: \n\n"


def first_frame(shown: Shown, content: dict[str, Html]) -> bytes:
    """All pieces: the page may have been made a while ago, or by a server that has died since."""
    whole = {"parts": parts(shown, content)} | {id: one for id, one in content.items() if not id.startswith(PART)}
    return framed(join(partial(id, html, "innerMorph") for id, html in whole.items()))


def partials(content: dict[str, Html], last: dict[str, Html]) -> bytes:
    """The pieces that are not as they were; a part that is new stands below the others."""
    changed = []
    for id, html in content.items():
        if id not in last:
            changed.append(partial("parts", el("details", html, id=id, class_="part"), "beforeend"))
        elif html != last[id]:
            changed.append(partial(id, html, "innerMorph"))
    return framed(join(changed)) if changed else b""


def partial(target: str, html: Html, swap: str) -> Html:
    return el("hx-partial", html, hx_target=f"#{target}", hx_swap=swap)


def framed(html: Html) -> bytes:
    """HTML as one server-sent event."""
    lines = html.encode(errors="replace").split(b"\n")
    return b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


ADDRESSES = (Address("/runs/{id}", watch), Address("/runs/{id}/stream", stream))
