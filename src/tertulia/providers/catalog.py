"""Providers by name: where each one is, which key it wants, and how to make a model of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..abilities import Abilities
from ..errors import SettingsError
from ..model import Model
from . import dialects
from .connections import Connections
from .dialects import Dialect
from .openai import OpenAI
from .scripted import Scripted


@dataclass(frozen=True)
class Wishes:
    """What the settings say about a model besides its name."""

    url: str = ""
    """Address to use in place of the provider's own; empty for its own."""
    key: str = ""
    """Key to use in place of the one in the environment."""
    threads: int | None = None
    """Threads of the embedded model; None for one a physical core."""
    slots: int | None = None
    """Calls that the embedded model serves at once; None for its default."""
    context: int | None = None
    """Tokens that each call to the embedded model may read and write; None for its default."""
    say: Callable[[str], None] = print
    """Where to tell what takes time, such as joining the weights."""
    connections: Connections = field(default_factory=Connections)
    """Where the model keeps its connections, and what is learnt of it."""
    abilities: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """What models can do, by their names, over all that is known of them."""

    keyless: bool = False
    """Whether the model is only looked at, so that it need not have the key that it wants."""

    def told(self, name: str) -> Abilities:
        """What the settings say of a model."""
        return Abilities().informed("the settings", **self.abilities.get(name, {}))


class Provider(Protocol):
    """Makes a model out of its name."""

    def __call__(self, name: str, wishes: Wishes) -> Model: ...


@dataclass(frozen=True)
class Compatible:
    """A provider that speaks the OpenAI chat protocol."""

    name: str
    url: str
    key_from: str = ""
    """Environment variable that holds the key; empty if it wants none."""
    favourite: str = ""
    """Model to take when the person names none."""
    vendor: str | None = None
    """Who sets the price, as genai-prices calls them."""
    free: bool = False
    dialect: Dialect | None = None
    """What is peculiar to it; None to tell by the address."""

    def __call__(self, name: str, wishes: Wishes) -> OpenAI:
        own = not wishes.url or wishes.url.rstrip("/") == self.url
        key = wishes.key or (os.environ.get(self.key_from, "") if own and self.key_from else "")
        if not (name or self.favourite):
            raise SettingsError(f"name the model too, as in {self.name}:NAME")
        if own and self.key_from and not key and not wishes.keyless:
            raise SettingsError(
                f"{self.name} wants a key: set {self.key_from}, or take another model (tertulia models)"
            )
        return OpenAI(
            model=name or self.favourite,
            url=wishes.url or self.url,
            key=key,
            label=f"{self.name}:{name or self.favourite}",
            vendor=self.vendor if own else None,
            free=self.free and own,
            key_from=self.key_from if own and self.key_from else "TERTULIA_API_KEY",
            dialect=self.dialect,
            told=wishes.told(f"{self.name}:{name or self.favourite}"),
            connections=wishes.connections,
        )


@dataclass(frozen=True)
class Gateway:
    """A provider that is reached through pydantic-ai; needs the extra `providers`."""

    name: str
    key_from: str
    favourite: str

    def __call__(self, name: str, wishes: Wishes) -> Model:
        from .direct import Direct  # takes seconds, and only some need it

        if wishes.url:
            raise SettingsError(f"{self.name} has an address of its own; --base-url goes with models named openai:NAME")
        label = f"{self.name}:{name or self.favourite}"
        return Direct(label, told=wishes.told(label), connections=wishes.connections)


def embedded(name: str, wishes: Wishes) -> Model:
    """A model on this machine: `embedded`, `embedded:small`, one that was pulled, or `embedded:FILE.gguf`.

    A further `,mmproj=FILE.gguf` names the projector with which it sees.
    """
    from .embedded import Embedded
    from .shelf import shelved
    from .weights import LARGE, SMALL

    name, _, projector = name.partition(",mmproj=")
    known = {"": LARGE, "large": LARGE, "small": SMALL} | {one.name: one.file for one in shelved()}
    if name not in known and not name.endswith(".gguf"):
        raise SettingsError(
            f"there is no embedded model {name!r}; there are: {', '.join(filter(None, known))}, or the path of a .gguf "
            "file; `tertulia pull` lists others and brings them"
        )
    return Embedded(
        weights=known.get(name) or Path(name),
        slots=wishes.slots or Embedded.slots,
        context=wishes.context or Embedded.context,
        projector=Path(projector) if projector else None,
        threads=wishes.threads,
        on_start=wishes.say,
        told=wishes.told(f"embedded:{name}" if name else "embedded"),
    )


def transformers(name: str, wishes: Wishes) -> Model:
    """A model that reads images and text, in a folder or in the hub's cache: `transformers:FOLDER`."""
    from .transformers import Transformers

    if not name:
        raise SettingsError(
            "name the model too, as in transformers:FOLDER or transformers:deepseek-community/Janus-Pro-1B"
        )
    return Transformers(name, wishes.threads, wishes.told(f"transformers:{name}"))


def scripted(name: str, wishes: Wishes) -> Model:
    """A model that repeats what it is asked, to try things without any model."""
    return Scripted()


openai = Compatible("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-5.2", "openai")
ollama = Compatible("ollama", "http://127.0.0.1:11434/v1", free=True, dialect=dialects.OLLAMA)
llamacpp = Compatible("llamacpp", "http://127.0.0.1:8080/v1", "", "default", free=True, dialect=dialects.LLAMACPP)
vllm = Compatible("vllm", "http://127.0.0.1:8000/v1", free=True, dialect=dialects.VLLM)
sglang = Compatible("sglang", "http://127.0.0.1:30000/v1", free=True, dialect=dialects.SGLANG)
lmstudio = Compatible("lmstudio", "http://127.0.0.1:1234/v1", free=True, dialect=dialects.LMSTUDIO)
openrouter = Compatible(
    "openrouter",
    "https://openrouter.ai/api/v1",
    "OPENROUTER_API_KEY",
    vendor="openrouter",
    dialect=dialects.OPENROUTER,
)
deepseek = Compatible(
    "deepseek",
    "https://api.deepseek.com/v1",
    "DEEPSEEK_API_KEY",
    "deepseek-flash",
    "deepseek",
    dialect=dialects.DEEPSEEK,
)
groq = Compatible("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", vendor="groq", dialect=dialects.GROQ)
mistral = Compatible(
    "mistral",
    "https://api.mistral.ai/v1",
    "MISTRAL_API_KEY",
    "mistral-large-latest",
    "mistral",
    dialect=dialects.MISTRAL,
)
xai = Compatible("xai", "https://api.x.ai/v1", "XAI_API_KEY", vendor="x-ai", dialect=dialects.XAI)
moonshot = Compatible(
    "moonshot", "https://api.moonshot.ai/v1", "MOONSHOTAI_API_KEY", vendor="moonshotai", dialect=dialects.MOONSHOT
)
zai = Compatible("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", vendor="zai", dialect=dialects.ZAI)
dashscope = Compatible(
    "dashscope",
    "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
    "DASHSCOPE_API_KEY",
    dialect=dialects.DASHSCOPE,
)
minimax = Compatible(
    "minimax", "https://api.minimax.io/v1", "MINIMAX_API_KEY", vendor="minimax", dialect=dialects.MINIMAX
)
together = Compatible(
    "together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", vendor="together", dialect=dialects.TOGETHER
)
fireworks = Compatible(
    "fireworks",
    "https://api.fireworks.ai/inference/v1",
    "FIREWORKS_API_KEY",
    vendor="fireworks",
    dialect=dialects.FIREWORKS,
)
gemini = Compatible(
    "gemini",
    "https://generativelanguage.googleapis.com/v1beta/openai",
    "GEMINI_API_KEY",
    "gemini-2.5-flash",
    "google",
    dialect=dialects.GEMINI,
)
anthropic = Gateway("anthropic", "ANTHROPIC_API_KEY", "claude-sonnet-5-5")
google = Gateway("google", "GOOGLE_API_KEY", "gemini-2.5-flash")

KEYED: Mapping[str, str] = {maker.key_from: maker.name for maker in (openai, anthropic, google, deepseek, mistral)}
"""Environment variables whose key is reason enough to take a provider, in this order."""
