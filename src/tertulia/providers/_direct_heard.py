"""What pydantic-ai hears, and what goes wrong there, in Tertulia's terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ModelBusy, ModelError, ModelUnreachable, PromptTooLong, UnusableReply
from ..model import Chunk
from . import _errors
from ._heard import Called, Heard
from .reading import clean

if TYPE_CHECKING:
    from pydantic_ai import messages, models


@dataclass
class HeardDirectly(Heard):
    """A reply as far as it was heard through pydantic-ai."""

    back: str = ""
    """The whole response as JSON, which goes back with its calls; empty if it called nothing."""

    def hear(self, event: messages.ModelResponseStreamEvent) -> Chunk | None:
        """Take the text or thought in an event; None if it holds neither."""
        piece, kind = None, ""
        if event.event_kind == "part_start":
            piece, kind = getattr(event.part, "content", None), str(event.part.part_kind)
        elif event.event_kind == "part_delta":
            piece, kind = getattr(event.delta, "content_delta", None), str(event.delta.part_delta_kind)
        if not isinstance(piece, str) or not piece or kind not in ("text", "thinking"):
            return None
        (self.text if kind == "text" else self.thought).append(piece)
        return Chunk(piece) if kind == "text" else Chunk(thought=piece)

    def close(self, response: models.StreamedResponse) -> None:
        """Take down how the stream ended; the counts of one that was cut are not those of the whole, and left out."""
        from pydantic_ai.messages import ModelMessagesTypeAdapter, ToolCallPart

        whole = response.get()
        self.choices = True
        self.finish = whole.finish_reason
        if self.finish == "tool_call":
            self.finish = "stop"
        if self.finish is None and whole.state == "complete" and response.provider_url is None:
            self.finish = "stop"  # a model without a wire, as for tests, cannot be cut
        if self.finish is None:
            return
        for number, part in enumerate(whole.parts):
            if isinstance(part, ToolCallPart):
                self.called.append(Called(number, part.tool_call_id, part.tool_name, [part.args_as_json_str()]))
        if self.called:
            self.back = ModelMessagesTypeAdapter.dump_json([whole]).decode()
        self.usage = _counts(whole.usage)


def _counts(counted: Any) -> dict[str, Any] | None:
    if counted.unmeasured_requests or not counted.input_tokens:
        return None
    hidden = counted.output_reasoning_tokens or counted.details.get("reasoning_tokens", 0)
    return {
        "prompt_tokens": counted.input_tokens,
        "completion_tokens": counted.output_tokens,
        "prompt_tokens_details": {"cached_tokens": counted.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": hidden},
    }


def failure(error: Exception, name: str) -> tuple[ModelError | None, bool]:
    """The error in our terms, None if it is not the provider's; and whether the call was refused, so costs nothing."""
    import httpx2
    from pydantic_ai import exceptions as theirs

    match error:
        case theirs.ContentFilterError():
            return UnusableReply(f"{name} stopped: its content filter was met; ask in other words"), False
        case theirs.UnexpectedModelBehavior() | httpx2.HTTPError() | OSError():
            return ModelBusy(f"the reply of {name} broke: {type(error).__name__} {clean(str(error))[:200]}"), False
        case theirs.UserError():
            return ModelError(f"{name} cannot do this: {clean(str(error))[:300]}"), True
        case theirs.ModelConnectionError(phase="connect"):
            return ModelUnreachable(f"nobody answers for {name}: {clean(str(error))[:200]}; is there a network?"), True
        case theirs.ModelAPIError():
            return _of_api(error, name), isinstance(error, theirs.ModelHTTPError) and not error.in_stream
        case RecursionError() | json.JSONDecodeError():  # what came is nested too deep, or is no JSON
            return ModelBusy(f"the reply of {name} is not readable: {type(error).__name__}"), False
    return None, False


def refusal(error: Exception) -> Mapping[str, Any] | None:
    """The provider's own account of why it will not do what was asked; None if it did not refuse."""
    from pydantic_ai import exceptions as theirs

    if not isinstance(error, theirs.ModelHTTPError) or error.status_code not in (400, 422):
        return None
    return {"message": _said(error), "code": error.provider_error_code, "type": error.provider_error_type}


def _of_api(error: Any, name: str) -> ModelError:
    from pydantic_ai import exceptions as theirs

    said = {"message": _said(error), "code": error.provider_error_code, "type": error.provider_error_type}
    text = f"{name} failed: {said['message']}"
    match error:
        case theirs.ModelContextWindowExceededError():
            return PromptTooLong(f"{text}; shorten the question or its documents, or use a model that reads more")
        case theirs.ModelQuotaExceededError():
            return ModelError(f"{text}; the account has no credit left")
        case theirs.ModelHTTPError():
            headers: Mapping[str, str] = error.headers or {}
            waits = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
            vendor = name.partition(":")[0]
            return _errors.classify(
                error.status_code, said, {**headers, **waits}, name, key_from=f"the environment for {vendor}"
            )
        case theirs.ModelRequestRejectedError():
            return ModelError(text)
    overloaded = isinstance(error, theirs.ModelRateLimitError)
    return ModelBusy(text, retry_after=error.retry_after, overloaded=overloaded)


def _said(error: Any) -> str:
    """The provider's own message."""
    body = error.body.get("error", error.body) if isinstance(error.body, dict) else error.body
    if isinstance(body, dict):
        body = body.get("message") or body
    return clean(str(body or error))[:200]
