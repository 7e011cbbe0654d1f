"""A run as it was at any moment: stepped through, or played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ...narration.catalogue import decimal
from ...server.service import Service
from ...server.sse import EventStream
from ...stores.records import Numbered, State, Stored
from .. import words
from ..address import Address, run_of
from ..html import Html, el, join
from ..layout import page
from ..showing import Shown, body, pieces
from ..story import Story, story_of
from ..visiting import SAFE, Visitor
from .watch import first_frame, framed, partial, partials

SPEEDS = (1, 4, 16)
FRAME_SECONDS = 0.1
LONGEST_PAUSE = 2.0
"""Seconds that a pause of the run lasts at most when it is played."""


async def replay(request: Request, service: Service, who: Visitor) -> Response:
    """The run after event `number`, and what leads to other moments."""
    run, events, number = await _moment(request, service, who)
    shown = _shown(run, events, number, who)
    speed = next((one for one in SPEEDS if str(one) == request.query_params.get("speed")), None)
    where = {"hx-sse:connect": f"/runs/{run.id}/play?number={number}&speed={speed}", "hx-sse:close": "over"}
    return page(
        who,
        run.text,
        el("div", controls(who, run, events, number), id="controls", class_="controls card"),
        el("div", body(shown), id="run", more=where if speed else {}),
        wide=True,
    )


async def moment(request: Request, service: Service, who: Visitor) -> Response:
    """What the slider asks for: the run at a moment, without the page around it."""
    run, events, number = await _moment(request, service, who)
    said = el("hx-partial", when(who, events, number), hx_target="#when", hx_swap="innerHTML")
    return HTMLResponse(join(body(_shown(run, events, number, who)), said), headers=SAFE)


async def play(request: Request, service: Service, who: Visitor) -> Response:
    """The run from a moment on, at a speed."""
    run, events, number = await _moment(request, service, who)
    speed = next((one for one in SPEEDS if str(one) == request.query_params.get("speed")), 1)
    return EventStream(_frames(who, run, events, number, speed), headers=SAFE)


async def _frames(
    who: Visitor, run: Stored, events: Sequence[Numbered], number: int, speed: int
) -> AsyncGenerator[bytes, None]:
    story, last, drawn = Story(), dict[str, Html](), 0.0
    clock = asyncio.get_running_loop().time
    for place, one in enumerate(events):
        story.see(one)
        if one.number < number:
            continue
        ahead = events[place + 1].at - one.at if place + 1 < len(events) else 0.0
        pause = min(max(ahead, 0.0), LONGEST_PAUSE) / speed
        if pause < FRAME_SECONDS and clock() - drawn < FRAME_SECONDS and place + 1 < len(events):
            await asyncio.sleep(pause)
            continue
        shown = Shown(run, _state(run, events, one.number), story, story.at, who.language)
        content = pieces(shown)
        slider = partial("controls", controls(who, run, events, one.number, speed), "innerMorph")
        yield (partials(content, last) if last else first_frame(shown, content)) + framed(slider)
        last, drawn = content, clock()
        await asyncio.sleep(max(pause, FRAME_SECONDS / speed))
    yield framed(partial("controls", controls(who, run, events, events[-1].number if events else 0), "innerMorph"))
    yield b"event: over\ndata: \n\n"


def controls(who: Visitor, run: Stored, events: Sequence[Numbered], number: int, playing: int | None = None) -> Html:
    """The slider, the steps and the speeds."""
    here, count = f"/runs/{run.id}/replay", len(events)
    last = events[-1].number if events else 0
    steps = ((max(1, number - 1), "‹", words.STEP_BACK), (min(last, number + 1), "›", words.STEP_ON))
    return join(
        el("a", who.say(words.LIVE), href=f"/runs/{run.id}", class_="button quiet"),
        el("label", who.say(words.MOMENT), for_="moment", class_="hidden"),
        el(
            "input",
            type="range",
            id="moment",
            name="number",
            min=1,
            max=max(last, 1),
            value=number,
            aria_describedby="when",
            more={
                "hx-get": f"/runs/{run.id}/moment",
                "hx-target": "#run",
                "hx-swap": "innerMorph",
                "hx-trigger": "input changed throttle:100ms, change",
            },
        ),
        [
            el("a", sign, href=f"{here}?number={to}", class_="button", aria_label=who.say(said))
            for to, sign, said in steps
        ],
        [
            el(
                "a",
                f"{speed}×",
                href=f"{here}?number={1 if number >= last else number}&speed={speed}",
                class_="button" + (" on" if speed == playing else ""),
                aria_label=who.say(words.AT_SPEED, speed=speed),
            )
            for speed in SPEEDS
        ],
        el("span", when(who, events, number) if count else "", id="when", class_="soft small"),
    )


def when(who: Visitor, events: Sequence[Numbered], number: int) -> str:
    """Which moment it is."""
    at = next((one.at for one in events if one.number >= number), events[-1].at if events else 0.0)
    seconds = decimal(at - events[0].at if events else 0.0, who.language)
    return who.say(words.MOMENT_OF, number=number, count=len(events), seconds=seconds)


def _shown(run: Stored, events: Sequence[Numbered], number: int, who: Visitor) -> Shown:
    story = story_of(events, number)
    return Shown(run, _state(run, events, number), story, story.at, who.language)


def _state(run: Stored, events: Sequence[Numbered], number: int) -> State:
    """As it was then: at work, until its last event."""
    return run.state if not events or number >= events[-1].number else "running"


async def _moment(request: Request, service: Service, who: Visitor) -> tuple[Stored, Sequence[Numbered], int]:
    run = await run_of(request, service, who)
    events = await service.heartbeat.runs.events(run.id)
    given = request.query_params.get("number", "")
    last = events[-1].number if events else 1
    return run, events, min(max(int(given), 1), last) if given.isdigit() and len(given) < 12 else last


ADDRESSES = (
    Address("/runs/{id}/replay", replay),
    Address("/runs/{id}/moment", moment),
    Address("/runs/{id}/play", play),
)
