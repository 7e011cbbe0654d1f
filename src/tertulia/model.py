"""What a language model is, to Tertulia: one method that streams.

A provider, a layer around one and a whole house all have this one shape, so they stack and nest freely.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol, TypeGuard, TypeVar, runtime_checkable

from .abilities import Thinking
from .errors import ModelBusy
from .types import Answer, Call, Kept, Tool, Turn
from .usage import Usage, estimate

T = TypeVar("T")
IMAGE_TOKENS = 1600
"""Most tokens an image is taken to cost where the model cannot count; providers shrink larger ones."""
MESSAGE_TOKENS = 8
"""Most tokens a chat template adds to a message."""
OUT_OF_TIME = "the time of the budget ran out while the answer was written"
OUT_OF_TOKENS = "the answer met the most tokens it may have"
CUT = {"time": OUT_OF_TIME, "length": OUT_OF_TOKENS}
"""Why an answer is not complete, by how its reply ended."""


@dataclass(frozen=True)
class Message(Turn):
    """A turn as it is shown to a model."""

    kept: Kept | None = None
    """What came with an assistant's calls and goes back to whoever wrote them; None if nothing did."""

    @property
    def said(self) -> str:
        return "\n".join([self.name, self.text, *(call.name + call.arguments for call in self.calls)])


@dataclass(frozen=True)
class Request:
    """One call to a model."""

    messages: tuple[Message, ...]
    max_tokens: int = 512
    """Most tokens of the reply; thoughts count, too, unless `thinking` allows for them."""
    temperature: float = 0.0
    schema: Mapping[str, Any] | None = None
    """JSON schema the reply must follow; providers that cannot enforce it ignore it, so read with care."""
    stop: tuple[str, ...] = ()
    """Texts that end the reply when the model writes them; they are not part of it."""
    seed: int | None = None
    shared: int = 1
    """Leading messages that all calls of this agent have in common and that hold nothing of the person's."""
    tools: tuple[Tool, ...] = ()
    """What the reply may call; models that cannot call tools ignore them."""
    must_call: str = ""
    """Name of the tool that must be called, `*` if any of them; empty if none must."""
    thinking: Thinking | None = None
    """How much to think before the reply; None says nothing about it, so the model does as it always does."""
    strict: bool | None = None
    """Whether the server is to hold the reply to `schema` to the letter; None where it can."""

    @property
    def cap(self) -> int:
        """Most tokens the model may write, its thoughts included."""
        return self.max_tokens + (self.thinking.allowance if self.thinking else 0)

    @property
    def text(self) -> str:
        """All that is read, joined."""
        tools = (json.dumps([tool.name, tool.description, tool.parameters]) for tool in self.tools)
        return "\n".join([*(message.said for message in self.messages), *tools])


@dataclass(frozen=True)
class Chunk:
    """A piece of a reply."""

    text: str = ""
    thought: str = ""
    """Reasoning that the model shows apart from its reply."""
    usage: Usage | None = None
    """On the last chunk only; None there means that the provider did not count."""
    finish: str | None = None
    """Why the reply ended, on the chunk that ends it: `stop`, or `length` if it met `max_tokens`."""
    calls: tuple[Call, ...] = ()
    """Tools that the reply calls, whole, on the chunk that ends it."""
    kept: Kept | None = None
    """What is to be sent back with these calls, on the chunk that ends the reply."""
    instead: bool = False
    """Whether this chunk replaces all that was told of the reply before, as when text turns out to be thought."""
    ignored: tuple[str, ...] = ()
    """Parameters of the request that the model does not take and that were left out, on the last chunk."""


@dataclass(frozen=True)
class Reply:
    """A whole reply."""

    text: str
    usage: Usage
    thought: str = ""
    finish: str = "stop"
    key: str = ""
    """Which call of the run this was; set by the run."""
    calls: tuple[Call, ...] = ()
    kept: Kept | None = None
    ignored: tuple[str, ...] = ()

    def as_answer(self) -> Answer:
        """The reply as what the person gets back, with why it is not complete if it was cut."""
        return Answer(self.text.strip(), self.key, stopped=CUT.get(self.finish), calls=self.calls)


class Model(Protocol):
    """Anything that answers a request."""

    @property
    def name(self) -> str: ...

    def stream(self, request: Request) -> AsyncIterator[Chunk]:
        """Yield the reply piece by piece; the stream is whole only if a chunk carries `finish`.

        A provider that knows what a failed call costs yields that before it raises; the usage `NOTHING` says that
        the call was refused and is not billed.

        Raises:
            ModelBusy: the failure is passing; asking again may work.
            ModelError: any other failure.
        """
        ...


@runtime_checkable
class Counts(Protocol):
    """A model that has its tokenizer at hand."""

    async def count(self, request: Request) -> int:
        """Tokens the request is read as: exact, or more."""
        ...


@runtime_checkable
class Priced(Protocol):
    """A model whose price is known."""

    def cost(self, usage: Usage) -> float | None:
        """US dollars; None if the price is not known after all."""
        ...


@runtime_checkable
class Closes(Protocol):
    """A model that holds connections or a process."""

    async def close(self) -> None: ...


@runtime_checkable
class TakesTools(Protocol):
    """A model that can call the tools of a request."""

    @property
    def takes_tools(self) -> bool: ...


@runtime_checkable
class Sees(Protocol):
    """A model of which it is known whether it can be shown images."""

    @property
    def sees(self) -> bool: ...


def sees(model: Model) -> bool:
    """Whether to show a model images; those of which nothing is known are shown them, and say if they cannot see."""
    return model.sees if isinstance(model, Sees) else True


async def count(model: Model, request: Request) -> int:
    """Most tokens the request may be read as by `model`."""
    if _counts(model):
        return await model.count(request)
    images = sum(len(message.images) for message in request.messages)
    return estimate(request.text) + MESSAGE_TOKENS * (len(request.messages) + 1) + IMAGE_TOKENS * images


def cost(model: Model, usage: Usage) -> float | None:
    """US dollars that `usage` costs; None if the price is unknown."""
    return model.cost(usage) if _is_priced(model) else None


def _counts(model: Model) -> TypeGuard[Counts]:
    return _follows(type(model), Counts)


def _is_priced(model: Model) -> TypeGuard[Priced]:
    return _follows(type(model), Priced)


@cache
def _follows(kind: type, protocol: type) -> bool:
    """Whether a class has what a protocol asks for; looked up once, as it takes ten times as long as what follows."""
    return issubclass(kind, protocol)


@asynccontextmanager
async def closing(stream: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Close a stream at once when it is left, not when memory is next tidied: a provider bills until then."""
    try:
        yield stream
    finally:
        if isinstance(stream, AsyncGenerator):
            await stream.aclose()


@dataclass
class Draft:
    """A reply being written; whatever happens to the stream, what was heard so far stays here."""

    texts: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    usage: Usage | None = None
    finish: str | None = None
    """None until the reply is whole."""
    calls: tuple[Call, ...] = ()
    kept: Kept | None = None
    ignored: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def thought(self) -> str:
        return "".join(self.thoughts)

    def add(self, chunk: Chunk) -> None:
        if chunk.instead:
            self.texts, self.thoughts = [], []
        self.texts += [chunk.text] if chunk.text else []
        self.thoughts += [chunk.thought] if chunk.thought else []
        self.usage, self.finish = chunk.usage or self.usage, chunk.finish or self.finish
        self.calls += chunk.calls
        self.kept, self.ignored = chunk.kept or self.kept, self.ignored + chunk.ignored

    async def read(self, chunks: AsyncIterator[Chunk], on_chunk: Callable[[Chunk], None] = lambda _: None) -> None:
        """Take a stream to its end.

        Raises:
            ModelBusy: if it ends without saying why, and so was cut.
        """
        async with closing(chunks):
            async for chunk in chunks:
                self.add(chunk)
                on_chunk(chunk)
        if self.finish is None:
            raise ModelBusy("the reply was cut: the stream ended without a finish reason")
