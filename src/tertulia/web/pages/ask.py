"""The first page: a question, and how it is to be answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from starlette.requests import Request
from starlette.responses import Response

from ...errors import InvalidQuestion
from ...narration.catalogue import Phrase
from ...registry import parts
from ...server.houses import DEFAULT
from ...server.reading.images import SIGNATURES
from ...server.service import Service
from ...stores.records import Stored
from ...types import Effort
from .. import words
from ..address import Address, find_run, go
from ..html import Html, el
from ..layout import page, token
from ..sending import NAMES, asking_of, begin
from ..visiting import Sorry, Visitor, sent, text


async def first(request: Request, service: Service, who: Visitor) -> Response:
    """The box, and examples that fill it."""
    given = request.query_params.get("question", "")[:10_000]
    examples = [
        el("li", el("a", one.say(who.language), href=f"/?{_query(one.say(who.language))}"))
        for one in words.EXAMPLE_QUESTIONS
    ]
    return page(
        who,
        who.say(words.ASK),
        el(
            "div",
            el("h1", who.say(words.WELCOME)),
            el("p", who.say(words.WELCOME_IS), class_="lead"),
            box(who, service, given=given),
            el("h2", who.say(words.EXAMPLES), class_="label"),
            el("ul", examples, class_="examples"),
            class_="welcome",
        ),
    )


async def ask(request: Request, service: Service, who: Visitor) -> Response:
    """Begin a run, and lead to it."""
    fields = await sent(request, who, service)
    before, like = [await _named(service, who, text(fields, name)) for name in ("after", "like")]
    try:
        asking = await asking_of(fields, who, before, like)
    except InvalidQuestion as error:
        raise Sorry(400, str(error)) from None
    return go(f"/runs/{await begin(service, who, asking)}")


async def _named(service: Service, who: Visitor, id: str) -> Stored | None:
    return await find_run(service, who, id) if id else None


def box(
    who: Visitor,
    service: Service,
    given: str = "",
    after: str = "",
    like: str = "",
    label: Phrase = words.QUESTION,
) -> Html:
    """The form that asks.

    Args:
        given: What stands in the box already.
        after: The run that it follows up; empty for none.
        like: The run whose images and conversation it takes; empty for none.
    """
    efforts = [(one, words.EFFORTS[one].say(who.language)) for one in ("auto", *get_args(Effort)[:-1])]
    return el(
        "form",
        token(who),
        el("input", type="hidden", name="after", value=after) if after else None,
        el("input", type="hidden", name="like", value=like) if like else None,
        el("label", who.say(label), for_="question", class_="label"),
        el(
            "textarea",
            given,
            name="question",
            id="question",
            rows=3,
            required=True,
            autofocus=not after,
            data_send=True,
        ),
        el(
            "div",
            _select(who.say(words.EFFORT), "effort", efforts),
            el("span", who.say(words.HINT), class_="soft small hint"),
            el("button", who.say(words.ASK), type="submit", class_="main"),
            class_="row",
        ),
        el("details", el("summary", who.say(words.MORE)), el("div", _more(who, service), class_="more"), id="more"),
        method="post",
        action="/ask",
        enctype="multipart/form-data",
        class_="box card",
    )


def _more(who: Visitor, service: Service) -> list[Html]:
    strategies = [("", who.say(words.AS_SET)), *((name, name) for name in sorted(parts("strategy")))]
    houses = [(DEFAULT, DEFAULT), *((name, name) for name in service.houses.further)]
    limits = [
        el("div", el("label", who.say(phrase), for_=name), el("input", name=name, id=name, inputmode="decimal"))
        for name, phrase in NAMES.items()
    ]
    return [
        _select(who.say(words.STRATEGY), "strategy", strategies),
        *([_select(who.say(words.HOUSE), "house", houses)] if len(houses) > 1 else []),
        *limits,
        el(
            "div",
            el("label", who.say(words.IMAGES), for_="images"),
            el(
                "input",
                type="file",
                name="images",
                id="images",
                multiple=True,
                accept=",".join(SIGNATURES),
            ),
        ),
    ]


def _select(label: str, name: str, options: Iterable[tuple[str, str]]) -> Html:
    choices = [el("option", said, value=value) for value, said in options]
    return el("div", el("label", label, for_=name), el("select", choices, name=name, id=name))


def _query(question: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"question": question})


ADDRESSES = (Address("/", first), Address("/ask", ask, "POST"))
