"""What clients are told when something goes wrong: the error objects of OpenAI's protocol."""

from __future__ import annotations

import math
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ..errors import (
    BudgetExceeded,
    InvalidQuestion,
    ModelBusy,
    ModelError,
    ModelUnreachable,
    PromptTooLong,
    RunCancelled,
    StoreError,
    TertuliaError,
    UnusableReply,
)
from .objects import ChatUsage, ErrorDetails, ErrorObject, ResponseUsage

JSON = dict[str, Any]
"""What nobody but the client knows the shape of."""


@dataclass
class Problem(Exception):
    """A request that cannot be served, as the client is told."""

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    """The parameter that is to blame; None if none is."""
    retry_after: float | None = None
    """Seconds after which asking again may work; None if that is not known."""
    again: bool | None = None
    """Whether asking again is worth it; None leaves it to the client, who goes by the status."""
    usage: ChatUsage | ResponseUsage | None = None
    """What was spent all the same."""

    @property
    def body(self) -> ErrorObject:
        error: ErrorDetails = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        if self.usage:
            error["usage"] = self.usage
        return {"error": error}

    @property
    def headers(self) -> dict[str, str]:
        headers = {} if self.again is None else {"x-should-retry": "true" if self.again else "false"}
        if self.retry_after is not None:
            headers["retry-after"] = str(max(1, math.ceil(self.retry_after)))
        return headers


def stopping(retry_after: float | None = None) -> Problem:
    """The server takes no more work, or ends before an answer is complete."""
    return Problem(503, "The server is stopping.", "server_error", "stopping", retry_after=retry_after, again=True)


def refused(param: str, message: str, code: str | None = "invalid_value") -> Problem:
    """A parameter that cannot be used."""
    return Problem(400, message, code=code, param=param)


def unsupported(param: str, instead: str = "leave it out") -> Problem:
    """A parameter that would change the answer, and that nothing here can do."""
    return refused(param, f"{param!r} is not supported here; {instead}", "unsupported_parameter")


def unreadable(error: ValidationError, within: str = "") -> Problem:
    """The first thing that is wrong with a request's body, or with what stands at the place `within` it.

    Where a parameter may be of several types, what is wrong with the one it has says more than that it is no other.
    """
    wrong = error.errors(include_input=False, include_url=False)
    param = param_at(wrong[0]["loc"])
    same = [one for one in wrong if param_at(one["loc"]) == param]
    first = next((one for one in same if not one["type"].endswith("_type")), wrong[0])
    param = f"{within}{param}"
    if first["type"] == "missing":
        return refused(param, f"Missing required parameter: {param!r}.", "missing_required_parameter")
    if not param:
        return Problem(400, f"{first['msg']}.", code="invalid_json")
    return refused(param, f"Invalid value for {param!r}: {first['msg']}.")


def param_at(path: Sequence[str | int]) -> str:
    """A place in the body as `messages[0].content`; the names of types that pydantic puts in are left out."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier() and part not in ("str", "int", "float", "bool", "dict") and part[0].islower():
            text += f".{part}" if text else part
    return text


def as_problem(error: BaseException, usage: ChatUsage | ResponseUsage | None = None, open_book: bool = True) -> Problem:
    """What the client is told of an error.

    Args:
        usage: What the run had spent by then; None if nothing.
        open_book: Whether the client may know the addresses of the models, as whoever sits at this machine may.
    """
    if isinstance(error, Problem):
        return error
    again, said = False if usage else None, _public(error, open_book)
    match error:
        case InvalidQuestion():
            return Problem(400, str(error), code="invalid_question")
        case RunCancelled():
            return Problem(409, "The run was cancelled.", code="run_cancelled", again=False, usage=usage)
        case StoreError():
            message = "what this server keeps cannot be read or written at the moment"
            return Problem(503, message, "server_error", "store_failed", again=again, usage=usage)
        case PromptTooLong():
            return Problem(400, str(error), code="context_length_exceeded", usage=usage)
        case BudgetExceeded():
            return Problem(400, str(error), code="budget_exceeded", again=False, usage=usage)
        case ModelBusy() if error.overloaded:
            message = "the model gets too many calls; try again later"
            return Problem(429, message, "rate_limit_error", "model_overloaded", None, error.retry_after, again, usage)
        case ModelBusy():
            return Problem(503, said, "server_error", "model_busy", None, error.retry_after, again, usage)
        case ModelUnreachable():
            return Problem(502, said, "server_error", "model_unreachable", again=False, usage=usage)
        case UnusableReply():
            return Problem(502, said, "server_error", "unusable_reply", again=False, usage=usage)
        case ModelError() | TertuliaError():
            return Problem(502, said, "server_error", "model_failed", again=False, usage=usage)
    message = "something went wrong inside the server; its log says what, under the request's id"
    return Problem(500, message, "server_error", "internal_error", again=False, usage=usage)


def trace(error: BaseException) -> str:
    """Where an error came from: its type and the lines of code, not its message, which may hold what was said."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"


def _public(error: BaseException, open_book: bool) -> str:
    return str(error) if open_book else "the model behind this server failed; whoever runs it can find out why"
