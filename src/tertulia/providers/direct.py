"""Models of other providers (Anthropic, Google, Bedrock and more), through pydantic-ai."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..abilities import Abilities
from ..errors import ModelUnreachable
from ..model import Chunk, Message, Request, count
from ..types import Kept
from ..usage import NOTHING, Usage
from . import _packages
from ._body import Asking
from ._direct_asked import asked
from ._direct_heard import HeardDirectly, failure
from ._direct_heard import refusal as refusal_in
from ._refusals import Refusal
from ._replies import judge, lessons
from .connections import Connections
from .dialects import DIRECT, Dialect

if TYPE_CHECKING:
    from pydantic_ai import models

INSTALL = "tertulia setup providers"
MOST_REMEDIES = 2


@dataclass(frozen=True)
class Direct:
    """A model that pydantic-ai reaches; keys come from the provider's own environment variables.

    Needs the extra `providers`, which takes about a second to import, at the first call.
    """

    model: str | models.Model = field(hash=False)
    """As in `anthropic:claude-haiku-4-5`; or a pydantic-ai model, which whoever made it also closes."""
    seconds: float = 600.0
    """Most time the provider's client waits for an answer."""
    told: Abilities = field(default=Abilities(), hash=False)
    """What the settings say that the model can do, over all else."""
    connections: Connections = field(default_factory=Connections, compare=False, repr=False)
    """Where its connections and what is learnt of it are kept; those of its house, or of its own."""

    @property
    def name(self) -> str:
        return self.model if isinstance(self.model, str) else f"{self.model.system}:{self.model.model_name}"

    @property
    def takes_tools(self) -> bool:
        return True

    def cost(self, usage: Usage) -> float | None:
        """US dollars; None if the price is unknown."""
        vendor, _, model = self.name.partition(":")
        return _packages.price(vendor, model, usage)

    async def abilities(self) -> Abilities:
        """What is known of the model."""
        _, said = await self.connections.hear("", self.name, self._ask)
        return self.told.over(self.connections.learnt.abilities("", self.name).over(said))

    async def close(self) -> None:
        """Close the connections opened in this event loop; a later call opens new ones."""
        if isinstance(self.model, str):
            await self.connections.leave(self.model)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Yield the reply; closing the generator early closes the connection.

        The last chunk has the usage, also when an error follows it: `NOTHING` if the provider refused the call,
        None if what was spent is not known, as when the stream was cut.

        Raises:
            ModelBusy: the failure is passing; asking again may work.
            ModelUnreachable: the extra or a key is missing, or nobody answers.
            PromptTooLong: the prompt is longer than the model reads.
            ThoughtTooLong: it thought for all the tokens it had.
            UnusableReply: it refused, or wrote nothing.
            ModelError: any other failure.
        """
        try:
            model = await self._model()
        except ModelUnreachable:
            yield Chunk(usage=NOTHING)
            raise
        asking = Asking(self.name, request, DIRECT, await self.abilities(), kept=self._kept)
        heard, tried = HeardDirectly(), set[str]()
        while True:
            try:
                async with aclosing(self._hear(model, asking, heard)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                break
            except Exception as error:
                failed, refused = failure(error, self.name)
                if failed is None:
                    raise
                changed = self._remedied(asking, error, tried) if refused else None
                if changed is None:
                    if refused:
                        yield Chunk(usage=NOTHING)
                    raise failed from error
                asking = changed
        usage = heard.counted(await count(self, request))
        for ability, value, reason in lessons(asking, heard, usage):
            self.connections.learnt.keep("", self.name, ability, value, reason)
        ignored = asking.left_out(asking.body())
        yield Chunk(usage=usage, finish=heard.finish, calls=heard.calls, kept=self._keep(heard), ignored=ignored)
        judge(heard, self.name, asking.most, usage)

    async def _hear(self, model: models.Model, asking: Asking, heard: HeardDirectly) -> AsyncGenerator[Chunk, None]:
        """One attempt."""
        async with asked(model, asking, self.seconds) as response:
            async for event in response:
                if (chunk := heard.hear(event)) is not None:
                    yield chunk
            heard.close(response)

    def _remedied(self, asking: Asking, error: Exception, tried: set[str]) -> Asking | None:
        """Another way to ask after a refusal, which is remembered; None if there is none."""
        said = refusal_in(error)
        refusal = Refusal(asking.body(), said or {}, asking.abilities, asking.thinks)
        remedy = refusal.remedy() if said else None
        if remedy is None or not remedy.ability or remedy.kind in tried or len(tried) == MOST_REMEDIES:
            return None
        tried.add(remedy.kind)
        reason = f"it said: {refusal.message[:200]}"
        if remedy.lasting:
            self.connections.learnt.keep("", self.name, remedy.ability, remedy.value, reason)
        return replace(asking, abilities=remedy.heeded(asking.abilities, reason))

    # -- what is known, and what goes back

    async def _ask(self) -> tuple[Dialect, Abilities, bool]:
        vendor, _, name = self.name.partition(":")
        known = DIRECT.abilities.informed("genai-prices", **await asyncio.to_thread(_packages.prices, vendor, name))
        if isinstance(self.model, str):
            profile = await asyncio.to_thread(_packages.profile, vendor, name)
        else:
            profile = _packages.of_profile(self.model.profile)
        return DIRECT, known.informed("pydantic-ai", **profile), True

    def _keep(self, heard: HeardDirectly) -> Kept | None:
        if not heard.back:
            return None
        mine = Kept(self.name, heard.back)
        for call in heard.calls:
            self.connections.keep(call.id, mine)
        return mine

    def _kept(self, message: Message) -> Kept | None:
        """What goes back with these calls: only what this very model gave."""
        if message.kept is not None:
            return message.kept if message.kept.by == self.name else None
        found = (self.connections.kept(self.name, call.id) for call in message.calls)
        return next((kept for kept in found if kept), None)

    # -- opening

    async def _model(self) -> models.Model:
        """The pydantic-ai model for this event loop.

        Raises:
            ModelUnreachable: if the extra, the provider's own library or its key is missing.
        """
        if not isinstance(self.model, str):
            return self.model
        name = self.model
        return await self.connections.entered(name, lambda: _infer(name))


async def _infer(name: str) -> models.Model:
    try:
        return await asyncio.to_thread(_inferred, name)
    except ImportError as error:
        raise ModelUnreachable(f"{name!r} needs a library that is not installed ({error}); try {INSTALL}") from error
    except Exception as error:  # each provider's library has its own for a missing key
        said = str(error).split(" or pass it")[0].split(" To try")[0]
        raise ModelUnreachable(f"{name!r} cannot be used: {said}") from error


def _inferred(name: str) -> models.Model:
    from pydantic_ai.models import infer_model  # heavy: imports the provider's own library too

    return infer_model(name)
