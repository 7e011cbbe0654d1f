"""A run written as a response of the Responses API: the object, and the events that build it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ...types import Call, Question, Turn
from ..pieces import Line, Piece, Said, Wanted
from ..problems import JSON, Problem
from ..reading.messages import call_in_words
from ..sse import frame

REASONING, MESSAGE, CALL = "rs_", "msg_", "fc_"


@dataclass
class Writer:
    """Keeps the object as far as it is written; each method gives the events that the step makes."""

    response: JSON
    number: int = 0
    """Of the next event."""
    _texts: list[str] = field(default_factory=list)
    """Pieces of the text that is being written: a summary part, or the answer."""
    _step: str = ""
    _open: JSON | None = None
    """The item that is being written."""

    def begin(self) -> list[JSON]:
        return [self._whole("response.created")]

    def start(self) -> list[JSON]:
        """The run has its turn."""
        self.response["status"] = "in_progress"
        return [self._whole("response.in_progress")]

    def write(self, piece: Piece) -> list[JSON]:
        """A line of the work as a part of the summary, or a piece of the answer; lines after it began are lost."""
        if isinstance(piece, Said):
            return self._say(piece.text)
        if isinstance(piece, Wanted):
            return self._want(piece.call)
        return [] if self._is(MESSAGE) else self._reason(piece)

    def end(self, status: str, usage: JSON, at: int) -> list[JSON]:
        """Everything is written; `status` is `completed`, or `incomplete` if the answer was cut."""
        events = [] if self._is(MESSAGE) or self.calls else self._say("")
        events += self._close(status)
        reason = {"reason": "max_output_tokens"} if status == "incomplete" else None
        self.response |= {"status": status, "usage": usage, "incomplete_details": reason}
        self.response["completed_at"] = at if status == "completed" else None
        return [*events, self._whole(f"response.{status}")]

    def fail(self, problem: Problem, usage: JSON | None) -> list[JSON]:
        """It cannot be written to its end."""
        events = self._close("incomplete")
        code = "rate_limit_exceeded" if problem.status == 429 else "server_error"
        code = "invalid_prompt" if problem.status == 400 else code
        error = {"code": code, "message": problem.message, "param": problem.param, "type": problem.type}
        self.response |= {"status": "failed", "error": error, "usage": usage}
        told = {"code": problem.code, "message": problem.message, "param": problem.param}
        return [*events, self._event("error", **told), self._whole("response.failed")]

    def cancel(self, usage: JSON | None) -> None:
        """Whoever asked does not want it any more; the protocol has no event for it."""
        self._close("incomplete")
        self.response |= {"status": "cancelled", "usage": usage}

    @property
    def text(self) -> str:
        """The answer so far."""
        if self._is(MESSAGE):
            return "".join(self._texts)
        return "".join(
            part["text"] for item in self.response["output"] if item["type"] == "message" for part in item["content"]
        )

    @property
    def calls(self) -> list[JSON]:
        """The tools that are to be called."""
        return [item for item in self.response["output"] if item["type"] == "function_call"]

    # -- reasoning

    def _reason(self, line: Line) -> list[JSON]:
        events = [] if self._is(REASONING) else self._begin_reasoning()
        if line.step != self._step:
            events += self._close_part()
            self._step = line.step
            events.append(self._summary("part.added", part={"type": "summary_text", "text": ""}))
        delta = f"\n{line.text}" if self._texts else line.text
        self._texts.append(delta)
        return [*events, self._summary("text.delta", delta=delta)]

    def _begin_reasoning(self) -> list[JSON]:
        return self._add({"id": self._id(REASONING), "type": "reasoning", "status": "in_progress", "summary": []})

    def _close_part(self) -> list[JSON]:
        if not self._step or self._open is None:
            return []
        text = "".join(self._texts)
        part = {"type": "summary_text", "text": text}
        events = [self._summary("text.done", text=text), self._summary("part.done", part=part)]
        self._open["summary"].append(part)
        self._texts, self._step = [], ""
        return events

    def _summary(self, what: str, **fields: Any) -> JSON:
        assert self._open is not None
        index = len(self._open["summary"])
        return self._at(f"response.reasoning_summary_{what}", summary_index=index, **fields)

    # -- the answer

    def _say(self, text: str) -> list[JSON]:
        events = [] if self._is(MESSAGE) else self._begin_message()
        self._texts.append(text)
        if text:
            events.append(self._at("response.output_text.delta", content_index=0, delta=text, logprobs=[]))
        return events

    def _begin_message(self) -> list[JSON]:
        events = self._close("completed")
        events += self._add(
            {"id": self._id(MESSAGE), "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        )
        return [*events, self._at("response.content_part.added", content_index=0, part=_output_text(""))]

    def _want(self, call: Call) -> list[JSON]:
        """A call of a tool, whole."""
        item = {"id": self._id(CALL), "type": "function_call", "status": "in_progress", "call_id": call.id}
        events = self._close("completed") + self._add(item | {"name": call.name, "arguments": ""})
        assert self._open is not None
        events.append(self._at("response.function_call_arguments.delta", delta=call.arguments))
        done = {"name": call.name, "arguments": call.arguments}
        events.append(self._at("response.function_call_arguments.done", **done))
        self._open["arguments"] = call.arguments
        return events + self._close("completed")

    # -- items

    def _close(self, status: str) -> list[JSON]:
        """End the item that is being written."""
        if self._open is None:
            return []
        events = []
        if self._is(REASONING):
            events += self._close_part()
        elif self._is(MESSAGE):
            text = "".join(self._texts)
            part = _output_text(text)
            events.append(self._at("response.output_text.done", content_index=0, text=text, logprobs=[]))
            events.append(self._at("response.content_part.done", content_index=0, part=part))
            self._open["content"].append(part)
        self._open["status"] = status
        events.append(self._at("response.output_item.done", item=_copy(self._open), item_id=None))
        self._open, self._texts = None, []
        return events

    def _add(self, item: JSON) -> list[JSON]:
        self.response["output"].append(item)
        self._open = item
        return [self._at("response.output_item.added", item=_copy(item), item_id=None)]

    def _is(self, kind: str) -> bool:
        return self._open is not None and self._open["id"].startswith(kind)

    def _id(self, kind: str) -> str:
        return f"{kind}{self.response['id'].removeprefix('resp_')}{len(self.response['output'])}"

    # -- events

    def _at(self, type: str, **fields: Any) -> JSON:
        """An event of the item that is being written."""
        assert self._open is not None
        index = len(self.response["output"]) - 1
        fields = {"item_id": self._open["id"], "output_index": index} | fields
        return self._event(type, **{name: value for name, value in fields.items() if name != "item_id" or value})

    def _whole(self, type: str) -> JSON:
        response = {**self.response, "output": [_copy(item) for item in self.response["output"]]}
        return self._event(type, response=response)

    def _event(self, type: str, **fields: Any) -> JSON:
        event = {"type": type, "sequence_number": self.number, **fields}
        self.number += 1
        return event


def turns_of(question: Question, writer: Writer) -> tuple[Turn, ...]:
    """The conversation up to the answer; empty if there is none."""
    text = "\n".join(part for part in (writer.text, *map(call_in_words, writer.calls)) if part)
    return (*question.history, Turn("user", question.text), Turn("assistant", text)) if text else ()


def as_frame(event: JSON) -> bytes:
    return frame(event, event["type"])


def _output_text(text: str) -> JSON:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _copy(item: JSON) -> JSON:
    return {name: list(value) if isinstance(value, list) else value for name, value in item.items()}
