"""Models of other providers (Anthropic, Google, Bedrock and more), through pydantic-ai."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ModelBusy, ModelError, ModelUnreachable, PromptTooLong, UnusableReply
from ..model import Chunk, Message, Request, count
from ..usage import NOTHING, Usage
from . import _chat, _errors
from ._prices import price

if TYPE_CHECKING:
    from pydantic_ai import messages, models
    from pydantic_ai.settings import ModelSettings

INSTALL = "tertulia setup providers"


@dataclass(frozen=True)
class Direct:
    """A model that pydantic-ai reaches; keys come from the provider's own environment variables.

    Needs the extra `providers`, which takes about a second to import, at the first call.
    """

    model: str | models.Model = field(hash=False)
    """As in `anthropic:claude-haiku-4-5`; or a pydantic-ai model, which whoever made it also closes."""
    seconds: float = 600.0
    """Most time the provider's client waits for an answer."""

    @property
    def name(self) -> str:
        return self.model if isinstance(self.model, str) else f"{self.model.system}:{self.model.model_name}"

    def cost(self, usage: Usage) -> float | None:
        """US dollars; None if the price is unknown."""
        vendor, _, model = self.name.partition(":")
        return price(vendor, model, usage)

    async def close(self) -> None:
        """Close the connections opened in this event loop; a later call opens new ones."""
        if isinstance(self.model, str) and (
            opened := _opened.get(asyncio.get_running_loop(), {}).pop(self.model, None)
        ):
            await (await opened).__aexit__(None, None, None)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Yield the reply; closing the generator early closes the connection.

        The last chunk has the usage, also when an error follows it: `NOTHING` if the provider refused the call,
        None if what was spent is not known, as when the stream was cut.

        Raises:
            ModelBusy: the failure is passing; asking again may work.
            ModelUnreachable: the extra or a key is missing, or nobody answers.
            PromptTooLong: the prompt is longer than the model reads.
            UnusableReply: it refused, or wrote nothing.
            ModelError: any other failure.
        """
        try:
            model = await self._model()
        except ModelUnreachable:
            yield Chunk(usage=NOTHING)
            raise
        heard = _chat.Heard()
        try:
            async with _request(model, request, self.seconds) as response:
                async for event in response:
                    if (chunk := _chunk(event)) is not None:
                        heard.text.append(chunk.text)
                        heard.thought.append(chunk.thought)
                        yield chunk
                _end(heard, response)
        except Exception as error:
            failed, refused = _failure(error, self.name)
            if failed is None:
                raise
            if refused:
                yield Chunk(usage=NOTHING)
            raise failed from error
        yield Chunk(usage=_chat.usage(heard, await count(self, request)), finish=heard.finish)
        _chat.judge(heard, self.name, request.max_tokens)

    async def _model(self) -> models.Model:
        """The pydantic-ai model for this event loop.

        Raises:
            ModelUnreachable: if the extra, the provider's own library or its key is missing.
        """
        if not isinstance(self.model, str):
            return self.model
        for old in [loop for loop in _opened if loop.is_closed()]:
            del _opened[old]
        mine = _opened.setdefault(asyncio.get_running_loop(), {})
        if self.model not in mine:
            mine[self.model] = asyncio.ensure_future(_open(self.model))
        try:
            return await asyncio.shield(mine[self.model])
        except ModelUnreachable:
            mine.pop(self.model, None)
            raise


_opened: dict[AbstractEventLoop, dict[str, asyncio.Future[models.Model]]] = {}


async def _open(name: str) -> models.Model:
    try:
        model = await asyncio.to_thread(_infer, name)
    except ImportError as error:
        raise ModelUnreachable(f"{name!r} needs a library that is not installed ({error}); try {INSTALL}") from error
    except Exception as error:  # each provider's library has its own for a missing key
        said = str(error).split(" or pass it")[0].split(" To try")[0]
        raise ModelUnreachable(f"{name!r} cannot be used: {said}") from error
    return await model.__aenter__()


def _infer(name: str) -> models.Model:
    from pydantic_ai.models import infer_model  # heavy: imports the provider's own library too

    return infer_model(name)


# -- what is asked


def _request(model: models.Model, request: Request, seconds: float) -> Any:
    from pydantic_ai.direct import model_request_stream
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition

    parameters = ModelRequestParameters()
    if request.schema is not None and model.profile.get("supports_json_schema_output"):
        wanted = OutputObjectDefinition(json_schema=dict(request.schema), name="reply", strict=True)
        parameters = ModelRequestParameters(output_mode="native", output_object=wanted)
    return model_request_stream(
        model,
        _messages(request.messages),
        model_settings=_settings(model, request, seconds),
        model_request_parameters=parameters,
        instrument=False,
    )


def _settings(model: models.Model, request: Request, seconds: float) -> ModelSettings:
    settings: ModelSettings = {
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "timeout": seconds,
        "max_retries": 0,  # a retry that the ledger does not see is not counted
    }
    if request.stop:
        settings["stop_sequences"] = list(request.stop)
    if request.seed is not None:
        settings["seed"] = request.seed
    for name in model.unsupported_settings & settings.keys():
        del settings[name]
    return settings


def _messages(said: tuple[Message, ...]) -> list[messages.ModelMessage]:
    from pydantic_ai.messages import (
        BinaryContent,
        ModelMessage,
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        UserPromptPart,
    )

    turns: list[ModelMessage] = []
    for message in said:
        if message.role == "assistant":
            turns.append(ModelResponse(parts=[TextPart(message.text)]))
            continue
        images = [BinaryContent(image.data, media_type=image.media_type) for image in message.images]
        asked = UserPromptPart([message.text, *images] if images else message.text)
        part = SystemPromptPart(message.text) if message.role == "system" else asked
        if turns and isinstance(turns[-1], ModelRequest):
            turns[-1] = ModelRequest(parts=[*turns[-1].parts, part])
        else:
            turns.append(ModelRequest(parts=[part]))
    return turns


# -- what is heard


def _chunk(event: messages.ModelResponseStreamEvent) -> Chunk | None:
    """The text or thought in an event; None if it holds neither."""
    text, kind = None, ""
    if event.event_kind == "part_start":
        text, kind = getattr(event.part, "content", None), str(event.part.part_kind)
    elif event.event_kind == "part_delta":
        text, kind = getattr(event.delta, "content_delta", None), str(event.delta.part_delta_kind)
    if not isinstance(text, str) or not text or kind not in ("text", "thinking"):
        return None
    return Chunk(text) if kind == "text" else Chunk(thought=text)


def _end(heard: _chat.Heard, response: models.StreamedResponse) -> None:
    """Take down how the stream ended; the counts of one that was cut are not those of the whole, and are left out."""
    whole = response.get()
    heard.finish = whole.finish_reason
    if heard.finish is None and whole.state == "complete" and response.provider_url is None:
        heard.finish = "stop"  # a model without a wire, as for tests, cannot be cut
    counted = whole.usage
    if heard.finish is None or counted.unmeasured_requests or not counted.input_tokens:
        return
    heard.usage = {
        "prompt_tokens": counted.input_tokens,
        "completion_tokens": counted.output_tokens,
        "prompt_tokens_details": {"cached_tokens": counted.cache_read_tokens},
        "completion_tokens_details": {
            "reasoning_tokens": counted.output_reasoning_tokens or counted.details.get("reasoning_tokens", 0)
        },
    }


def _failure(error: Exception, name: str) -> tuple[ModelError | None, bool]:
    """The error in our terms, None if it is not the provider's; and whether the call was refused, so costs nothing."""
    import httpx2
    from pydantic_ai import exceptions as theirs

    match error:
        case theirs.ContentFilterError():
            return UnusableReply(f"{name} stopped: its content filter was met; ask in other words"), False
        case theirs.UnexpectedModelBehavior() | httpx2.HTTPError() | OSError():
            return ModelBusy(f"the reply of {name} broke: {type(error).__name__} {str(error)[:200]}"), False
        case theirs.UserError():
            return ModelError(f"{name} cannot do this: {str(error)[:300]}"), True
        case theirs.ModelConnectionError(phase="connect"):
            return ModelUnreachable(f"nobody answers for {name}: {str(error)[:200]}; is there a network?"), True
        case theirs.ModelAPIError():
            return _of_api(error, name), isinstance(error, theirs.ModelHTTPError) and not error.in_stream
    return None, False


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
    return str(body or error)[:200]
