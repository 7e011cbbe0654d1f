"""Any server that speaks the OpenAI chat protocol."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from yarl import URL

from ..abilities import Abilities
from ..errors import ModelBusy, SettingsError
from ..model import Chunk, Message, Request, count
from ..types import Kept
from ..usage import NOTHING, Usage
from . import _packages, dialects
from ._body import Asking
from ._exchange import Exchange
from ._heard import Heard
from ._refusals import RENAMED
from ._replies import judge, lessons
from ._tags import Tags
from ._wire import Refused, Wire
from ._words import Asker
from .connections import Connections
from .dialects import Dialect


@dataclass(frozen=True)
class OpenAI:
    """A model behind a server that speaks the OpenAI chat protocol: a provider, Ollama, vLLM, llama.cpp."""

    model: str
    """What the server calls it."""
    url: str = "https://api.openai.com/v1"
    key: str = field(default="", repr=False)
    label: str = ""
    """Name to show in the ledger; empty for `openai:` and the model."""
    seconds: float = 600.0
    """Most time a call may take."""
    idle: float = 120.0
    """Most seconds between two pieces of a reply; one that thinks where nobody sees it may be silent for `seconds`."""
    vendor: str | None = None
    """Who sets the price, as genai-prices calls them (`openai`, `groq`); None if the price is unknown."""
    free: bool = False
    """True if its tokens cost nothing, as on one's own machine."""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further fields of the body, as in `{"cache_prompt": True}`."""
    most_bytes: int = 32 << 20
    """Most bytes of a reply; a longer one is cut."""
    key_from: str = "OPENAI_API_KEY"
    """The environment variable that holds the key, for the message when it is refused."""
    dialect: Dialect | None = field(default=None, hash=False)
    """What is peculiar to the server; None to tell by its address, or by what it says of itself."""
    told: Abilities = field(default=Abilities(), hash=False)
    """What the settings say that the model can do, over all else."""
    connections: Connections = field(default_factory=Connections, compare=False, repr=False)
    """Where its connections and what is learnt of it are kept; those of its house, or of its own."""

    def __post_init__(self) -> None:
        try:
            usable = URL(self.url).scheme in ("http", "https") and bool(URL(self.url).host)
        except ValueError:
            usable = False
        if not usable:
            raise SettingsError(f"{self.url!r} is not an address; it should look like http://127.0.0.1:8080/v1")

    @property
    def name(self) -> str:
        return self.label or f"openai:{self.model}"

    @property
    def takes_tools(self) -> bool:
        _, known = self.connections.heard(self.url, self.model) or (None, Abilities())
        return self._over(known).tools != "never"

    @property
    def sees(self) -> bool:
        """False only if its server says so."""
        _, known = self.connections.heard(self.url, self.model) or (None, Abilities())
        return self._over(known).images is not False

    @property
    def dropped(self) -> Mapping[str, str | None]:
        """Parameters that the server refused for this model, with what is sent in their place; None for nothing."""
        known = self.connections.learnt.abilities(self.url, self.model)
        dropped = dict.fromkeys(known.without) | ({RENAMED[known.cap]: known.cap} if known.cap else {})
        return dropped | ({"temperature": None} if "temperature" in known.sources else {})

    async def abilities(self) -> Abilities:
        """What is known of the model; the first time, the server is asked, and packages that know it."""
        return (await self._known())[1]

    def cost(self, usage: Usage) -> float | None:
        """US dollars; None if the price is unknown."""
        if self.free:
            return 0.0
        return None if self.vendor is None else _packages.price(self.vendor, self.model, usage)

    async def close(self) -> None:
        """Close the connections opened in this event loop; a later call opens new ones."""
        await self.connections.leave(self)

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """Yield the reply; closing the generator early closes the connection, so that the server stops too.

        The last chunk has the usage, also when an error follows it: `NOTHING` if the server refused the call,
        None if what was spent is not known.

        Raises:
            ModelBusy: the failure is passing, as when the reply was cut; asking again may work.
            ModelUnreachable: nobody answers there, or the key is refused.
            PromptTooLong: the prompt is longer than the model reads.
            ThoughtTooLong: it thought for all the tokens it had.
            UnusableReply: it refused, or wrote nothing.
            ModelError: any other failure.
        """
        dialect, known = await self._known()
        asking = Asking(self.model, request, dialect, known, self._refused, self._kept)
        heard = Heard(Tags(bool(known.opened), lone=known.thinks != "never"))
        exchange = Exchange(self._wire, asking, heard, self.idle, self.most_bytes, self.extra)
        try:
            async with aclosing(exchange.chunks()) as chunks:
                async for chunk in chunks:
                    yield chunk
        except Refused as refused:
            yield Chunk(usage=NOTHING)
            raise refused.error from refused.__cause__
        for chunk in heard.end(request.schema):
            yield chunk
        usage = heard.counted(await count(self, request))
        asking = exchange.asking
        self._learn(asking, heard, usage)
        ignored = asking.left_out(asking.body())
        yield Chunk(usage=usage, finish=heard.finish, calls=heard.calls, kept=self._keep(heard), ignored=ignored)
        if heard.finish is None and not heard.choices:
            raise ModelBusy(f"{self._wire.where} answered without a completion; does the address end as in /v1?")
        judge(heard, self.name, asking.most, usage)

    @cached_property
    def _wire(self) -> Wire:
        return Wire(self, self.connections, URL(self.url), self.model, self.key, self.key_from, self.seconds)

    # -- what is known

    async def _known(self) -> tuple[Dialect, Abilities]:
        """Who is asked, and what is known of the model."""
        spoken = self.dialect or dialects.at(self._wire.url.host or "")
        dialect, said = await self.connections.hear(self.url, self.model, lambda: self._ask(spoken))
        return dialect, self._over(said)

    def _over(self, said: Abilities) -> Abilities:
        """What was learnt, and what the settings say, over what was said."""
        return self.told.over(self.connections.learnt.abilities(self.url, self.model).over(said))

    async def _ask(self, dialect: Dialect) -> tuple[Dialect, Abilities, bool]:
        """What packages and the server say of the model, and whether there was an answer."""
        try:
            headers = self._wire.authorization()
        except Refused:  # the call itself says what is wrong
            headers = {}
        asker = Asker(self.connections.session(self), self._wire.url, self.model, headers)
        dialect, facts = await asker.facts(dialect)
        known = dialect.abilities
        if self.free:
            known = known.informed("it runs on this machine", price=(0.0, 0.0))
        if self.vendor:
            known = known.informed("genai-prices", **await asyncio.to_thread(_packages.prices, self.vendor, self.model))
        if dialect.profiles:
            profile = await asyncio.to_thread(_packages.profile, dialect.profiles, self.model)
            known = known.informed("pydantic-ai", **profile)
        return dialect, known.informed(f"the server at {self._wire.where}", **(facts or {})), facts is not None

    def _refused(self, name: str, value: Any) -> bool:
        return self.connections.learnt.refused(self.url, self.model, name, value)

    def _learn(self, asking: Asking, heard: Heard, usage: Usage | None) -> None:
        """Keep what a reply shows of the model."""
        for ability, value, reason in lessons(asking, heard, usage):
            self.connections.learnt.keep(self.url, self.model, ability, value, reason)

    # -- what goes back with calls of tools

    @cached_property
    def _by(self) -> str:
        return f"{self._wire.where} {self.model}"

    def _keep(self, heard: Heard) -> Kept | None:
        if not (heard.calls and (kept := heard.kept)):
            return None
        mine = Kept(self._by, json.dumps(kept))
        for call in heard.calls:
            self.connections.keep(call.id, mine)
        return mine

    def _kept(self, message: Message) -> Kept | None:
        """What goes back with these calls: only what this very model gave."""
        if message.kept is not None:
            return message.kept if message.kept.by == self._by else None
        found = (self.connections.kept(self._by, call.id) for call in message.calls)
        return next((kept for kept in found if kept), None)
