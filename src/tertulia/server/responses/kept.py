"""What is kept of a response."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SkipValidation, TypeAdapter

from ... import ids
from ...types import Turn
from ..problems import JSON
from ..reading.response_request import ResponsesRequest
from .response_objects import Response

UNFINISHED = ("queued", "in_progress")
"""Statuses of a response that is being made."""


@dataclass(frozen=True)
class KeptResponse:
    """A response as its owner sees it, and what is needed to go on from it."""

    owner: str
    """Who asked; nobody else learns that it exists."""
    id: str
    response: SkipValidation[Response]
    items: Sequence[JSON] = ()
    """What was asked, as items."""
    turns: tuple[Turn, ...] = ()
    """The conversation, its answer included; empty until there is one."""
    said: tuple[Turn, ...] = ()
    """The conversation as it was asked, where its answer is yet to come."""
    reply: str = ""
    """The reply that was kept under the request's idempotency key; empty for none."""
    blank: SkipValidation[Response] | None = None
    """What it was before anything was written; None if it is not told from the events of a stored run."""
    ignored: tuple[str, ...] = ()
    """Parameters that had no effect, if it is told from a run."""
    failure: JSON | None = None
    """The problem that it failed with, if it is told from a run and did."""
    until: int = 0
    """Number of the last event of the run that belongs to it, once it is over."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be written."""
        return self.response["status"] not in UNFINISHED


_KEPT = TypeAdapter(KeptResponse)


def as_document(kept: KeptResponse) -> JSON:
    return {"kept": _KEPT.dump_python(kept, mode="json")}


def of_document(document: JSON) -> KeptResponse:
    return _KEPT.validate_python(document["kept"])


DIGITS = 32
"""Digits of the id of a response."""


def item_id(prefix: str, response: str, place: str) -> str:
    """The id of an item of a response, from which the response is found again."""
    return f"{prefix}{response.removeprefix(ids.RESPONSE)}{place}"


def response_with(item: str) -> str:
    """The response that an item of this id would be in; empty if it can be in none."""
    rest = item.partition("_")[2]
    return f"{ids.RESPONSE}{rest[:DIGITS]}" if len(rest) > DIGITS else ""


def items_of(asked: ResponsesRequest, response: str) -> list[JSON]:
    """The input of the request for a response, as items with ids."""
    if isinstance(asked.input, str):
        content = [{"type": "input_text", "text": asked.input}]
        id = item_id("msg_", response, "i0")
        return [{"id": id, "type": "message", "role": "user", "status": "completed", "content": content}]
    items = []
    for number, item in enumerate(asked.input):
        data = item.model_dump(mode="json", exclude_none=True)
        if isinstance(data.get("content"), str):
            kind = "output_text" if item.role == "assistant" else "input_text"
            data["content"] = [{"type": kind, "text": data["content"]}]
        id = item_id("msg_", response, f"i{number}")
        items.append({"id": id, "type": item.kind, "status": "completed", **data})
    return items
