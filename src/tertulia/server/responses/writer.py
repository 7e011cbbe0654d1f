"""A run written as a response of the Responses API: the object, and the events that build it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Literal

from typing_extensions import Unpack

from ...types import Call, Turn
from ..objects import ResponseUsage
from ..pieces import Line, Piece, WantedCall, Words
from ..problems import Problem
from ..sse import frame
from .kept import item_id
from .response_objects import (
    CallItem,
    EventDetails,
    ItemStatus,
    MessageItem,
    OutputItem,
    OutputText,
    ReasoningItem,
    Response,
    ResponseEvent,
    SummaryText,
)

Events = list[ResponseEvent]


@dataclass
class Writer:
    """Keeps the object as far as it is written; each method gives the events that the step makes."""

    response: Response
    number: int = 0
    """Of the next event."""
    _texts: list[str] = field(default_factory=list)
    """Pieces of the text that is being written: a summary part, or the answer."""
    _step: str = ""
    _open: OutputItem | None = None
    """The item that is being written."""

    def begin(self) -> Events:
        return [self._whole("response.created")]

    def start(self) -> Events:
        """The run has its turn."""
        self.response["status"] = "in_progress"
        return [self._whole("response.in_progress")]

    def write(self, piece: Piece) -> Events:
        """A line of the work as a part of the summary, or a piece of the answer; lines after it began are lost."""
        if isinstance(piece, Words):
            return self._say(piece.text)
        if isinstance(piece, WantedCall):
            return self._want(piece.call)
        return [] if self._is("message") else self._reason(piece)

    def end(self, status: Literal["completed", "incomplete"], usage: ResponseUsage, at: int) -> Events:
        """Everything is written; `incomplete` if the answer was cut."""
        events = [] if self._is("message") or self.calls else self._say("")
        events += self._close(status)
        self.response["status"], self.response["usage"] = status, usage
        self.response["incomplete_details"] = {"reason": "max_output_tokens"} if status == "incomplete" else None
        self.response["completed_at"] = at if status == "completed" else None
        return [*events, self._whole(f"response.{status}")]

    def fail(self, problem: Problem, usage: ResponseUsage | None) -> Events:
        """It cannot be written to its end."""
        events = self._close("incomplete")
        code = "rate_limit_exceeded" if problem.status == 429 else "server_error"
        code = "invalid_prompt" if problem.status == 400 else code
        message, param = problem.message, problem.param
        self.response["status"], self.response["usage"] = "failed", usage
        self.response["error"] = {"code": code, "message": message, "param": param, "type": problem.type}
        error = self._event("error", code=problem.code, message=message, param=param)
        return [*events, error, self._whole("response.failed")]

    def cancel(self, usage: ResponseUsage | None) -> None:
        """Whoever asked does not want it any more; the protocol has no event for it."""
        self._close("incomplete")
        self.response["status"], self.response["usage"] = "cancelled", usage

    @property
    def text(self) -> str:
        """The answer so far."""
        if self._is("message"):
            return "".join(self._texts)
        items = [item for item in self.response["output"] if item["type"] == "message"]
        return "".join(part["text"] for item in items for part in item["content"])

    @property
    def calls(self) -> list[CallItem]:
        """The tools that are to be called."""
        return [item for item in self.response["output"] if item["type"] == "function_call"]

    # -- reasoning

    def _reason(self, line: Line) -> Events:
        events = [] if self._is("reasoning") else self._begin_reasoning()
        if line.step != self._step:
            events += self._close_part()
            self._step = line.step
            events.append(
                self._at("response.reasoning_summary_part.added", summary_index=self._part, part=_summary_text(""))
            )
        delta = f"\n{line.text}" if self._texts else line.text
        self._texts.append(delta)
        return [*events, self._at("response.reasoning_summary_text.delta", summary_index=self._part, delta=delta)]

    def _begin_reasoning(self) -> Events:
        item: ReasoningItem = {"id": self._id("rs_"), "type": "reasoning", "status": "in_progress", "summary": []}
        return self._add(item)

    def _close_part(self) -> Events:
        item = self._open
        if not self._step or item is None or item["type"] != "reasoning":
            return []
        text = "".join(self._texts)
        part = _summary_text(text)
        done = self._at("response.reasoning_summary_text.done", summary_index=self._part, text=text)
        events = [done, self._at("response.reasoning_summary_part.done", summary_index=self._part, part=part)]
        item["summary"].append(part)
        self._texts, self._step = [], ""
        return events

    @property
    def _part(self) -> int:
        """Number of the part of the summary that is being written."""
        assert self._open is not None
        assert self._open["type"] == "reasoning"
        return len(self._open["summary"])

    # -- the answer

    def _say(self, text: str) -> Events:
        events = [] if self._is("message") else self._begin_message()
        self._texts.append(text)
        if text:
            events.append(self._at("response.output_text.delta", content_index=0, delta=text, logprobs=[]))
        return events

    def _begin_message(self) -> Events:
        events = self._close("completed")
        item: MessageItem = {
            "id": self._id("msg_"),
            "type": "message",
            "status": "in_progress",
            "role": "assistant",
            "content": [],
        }
        return [
            *events,
            *self._add(item),
            self._at("response.content_part.added", content_index=0, part=_output_text("")),
        ]

    def _want(self, call: Call) -> Events:
        """A call of a tool, whole."""
        events = self._close("completed")
        item: CallItem = {
            "id": self._id("fc_"),
            "type": "function_call",
            "status": "in_progress",
            "call_id": call.id,
            "name": call.name,
            "arguments": "",
        }
        events += self._add(item)
        events.append(self._at("response.function_call_arguments.delta", delta=call.arguments))
        done = self._at("response.function_call_arguments.done", name=call.name, arguments=call.arguments)
        item["arguments"] = call.arguments
        return [*events, done, *self._close("completed")]

    # -- items

    def _close(self, status: ItemStatus) -> Events:
        """End the item that is being written."""
        item = self._open
        if item is None:
            return []
        events = self._close_part()
        if item["type"] == "message":
            text = "".join(self._texts)
            part = _output_text(text)
            events.append(self._at("response.output_text.done", content_index=0, text=text, logprobs=[]))
            events.append(self._at("response.content_part.done", content_index=0, part=part))
            item["content"].append(part)
        item["status"] = status
        events.append(self._of_item("response.output_item.done", item))
        self._open, self._texts = None, []
        return events

    def _add(self, item: OutputItem) -> Events:
        self.response["output"].append(item)
        self._open = item
        return [self._of_item("response.output_item.added", item)]

    def _is(self, type: str) -> bool:
        return self._open is not None and self._open["type"] == type

    def _id(self, prefix: str) -> str:
        return item_id(prefix, self.response["id"], str(len(self.response["output"])))

    # -- events

    def _at(self, type: str, **details: Unpack[EventDetails]) -> ResponseEvent:
        """An event of the item that is being written."""
        assert self._open is not None
        event = self._event(type, **details)
        event["item_id"], event["output_index"] = self._open["id"], len(self.response["output"]) - 1
        return event

    def _of_item(self, type: str, item: OutputItem) -> ResponseEvent:
        return self._event(type, output_index=len(self.response["output"]) - 1, item=deepcopy(item))

    def _whole(self, type: str) -> ResponseEvent:
        return self._event(type, response={**self.response, "output": deepcopy(self.response["output"])})

    def _event(self, type: str, **details: Unpack[EventDetails]) -> ResponseEvent:
        event: ResponseEvent = {"type": type, "sequence_number": self.number, **details}
        self.number += 1
        return event


def turns_of(asked: Sequence[Turn], writer: Writer) -> tuple[Turn, ...]:
    """The conversation up to the answer; empty if there is none."""
    calls = tuple(Call(item["call_id"], item["name"], item["arguments"]) for item in writer.calls)
    return (*asked, Turn("assistant", writer.text, calls=calls)) if writer.text or calls else ()


def as_frame(event: ResponseEvent) -> bytes:
    return frame(event, event["type"])


def _output_text(text: str) -> OutputText:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _summary_text(text: str) -> SummaryText:
    return {"type": "summary_text", "text": text}
