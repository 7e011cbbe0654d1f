"""From a TOML file, the environment and the command line to a house."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import aiohttp
from platformdirs import user_config_path
from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from .agents.caller import Caller
from .agents.librarian import Librarian
from .budget import Budget
from .errors import SettingsError, UnknownName
from .house import House
from .model import Closes, Model, cost
from .providers.catalog import KEYED, Wishes, ollama
from .registry import find, parts
from .strategies import Calls, Reads, Scales, Strategy
from .telemetry.export import exporter
from .tools import mcp
from .tools.documents import Library, is_postgres
from .types import Effort
from .usage import NOTHING

PROBE_SECONDS = 0.5


def silence(words: str) -> None:
    """Says nothing."""


def config_file() -> Path:
    """Where the settings file is looked for: `TERTULIA_CONFIG`, or `config.toml` in the platform's config folder."""
    return Path(os.environ.get("TERTULIA_CONFIG") or user_config_path("tertulia") / "config.toml")


class Embedding(BaseModel, extra="forbid"):
    """Settings of the embedded model."""

    threads: int | None = Field(default=None, ge=1)
    slots: int | None = Field(default=None, ge=1, le=32)
    context: int | None = Field(default=None, ge=512)


class Limits(BaseModel, extra="forbid"):
    """Limits of every run; None means no limit."""

    tokens: int | None = Field(default=None, ge=1)
    usd: float | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, gt=0)
    calls: int | None = Field(default=None, ge=1)


class Key(BaseModel, extra="forbid"):
    """A key that `tertulia serve` accepts, and what whoever holds it may spend; None means no limit."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    """Of the key, in hexadecimal; `tertulia key new` prints both."""
    requests_per_minute: int | None = Field(default=None, ge=1)
    tokens_per_day: int | None = Field(default=None, ge=1)
    usd_per_day: float | None = Field(default=None, gt=0)
    runs: int | None = Field(default=None, ge=1)
    """Runs at the same time."""


class Serving(BaseModel, extra="forbid"):
    """Settings of `tertulia serve`."""

    keys: dict[str, Key] = {}
    """Keys by the name of who holds them; without any, only this machine is served."""
    origins: list[str] = []
    """Web pages that may call it, as in `https://chat.example.org`; none by default."""
    runs: int = Field(default=64, ge=1)
    """Runs at the same time."""
    queue: int = Field(default=64, ge=0)
    """Requests that may wait for their turn; more are refused at once."""
    wait_seconds: float = Field(default=30.0, ge=0)
    """Most time a request waits for its turn."""
    grace_seconds: float = Field(default=30.0, ge=0)
    """Time that runs get to end when the server is told to stop."""
    body_bytes: int = Field(default=20 << 20, ge=1 << 10)
    """Most bytes of a request, images included."""
    fetch_urls: bool = False
    """Whether images may be named by their address (http or https), which the server then fetches."""
    fetch_networks: list[str] = []
    """Private networks that images may be fetched from all the same, as in `10.1.0.0/16`; none by default."""
    fetch_ports: list[int] = [80, 443]
    """Ports that images may be fetched from."""
    store: bool = True
    """Whether responses are stored in the database; else the latest are kept in memory until the server stops."""
    enqueue: bool = False
    """Whether questions are only put in the queue, for `tertulia worker` processes to answer."""
    stored: int = Field(default=1000, ge=0)
    """Responses of a key that are kept in memory if they are not stored."""


class Dwelling(BaseModel, extra="forbid"):
    """A further house that the server offers; what is None is as in the settings outside it."""

    model: str | None = None
    base_url: str | None = None
    api_key: SecretStr | None = None
    agent_models: dict[str, str] | None = None
    strategy: str | None = None
    effort: Effort | None = None
    budget: Limits | None = None


class Telemetry(BaseModel, extra="forbid"):
    """Where runs are traced to."""

    endpoint: str = Field(default="", pattern="^(https?://.+)?$")
    """Address of an OpenTelemetry collector that takes OTLP over HTTP; empty for what `OTEL_*` variables say."""
    content: bool = False
    """Whether questions, answers and programs are sent, too."""


class ToolServer(BaseModel, extra="forbid"):
    """An MCP server whose tools agents may use: a command to start, or a URL."""

    command: str = ""
    args: list[str] = []
    env: dict[str, SecretStr] = {}
    """Variables that the command gets."""
    env_from: list[str] = []
    """Names of our own variables that it gets, too; no others pass, but for those such as PATH that programs need."""
    url: str = Field(default="", pattern="^(https?://.+)?$")
    headers: dict[str, SecretStr] = {}
    tools: list[str] = []
    """Tools that agents may use; `*` stands for all."""
    seconds: float = Field(default=30.0, gt=0, le=600)
    """Most time that one use may take."""

    @model_validator(mode="after")
    def _one_way(self) -> ToolServer:
        if bool(self.command) == bool(self.url):
            raise ValueError("give either the command that starts the server, or its url")
        return self

    def server(self, name: str) -> mcp.Server:
        own = {variable: os.environ[variable] for variable in self.env_from if variable in os.environ}
        given = {variable: value.get_secret_value() for variable, value in self.env.items()}
        headers = {header: value.get_secret_value() for header, value in self.headers.items()}
        tools = tuple(self.tools)
        return mcp.Server(name, self.command, tuple(self.args), own | given, self.url, headers, tools, self.seconds)


class Settings(BaseSettings):
    """All that can be set, in order of precedence: arguments, `TERTULIA_*` variables, the settings file."""

    model_config = SettingsConfigDict(env_prefix="TERTULIA_", env_nested_delimiter="__", extra="ignore")

    model: str = "auto"
    base_url: str = ""
    api_key: SecretStr = SecretStr("")
    agent_models: dict[str, str] = {}
    """Model by agent, for those that use another than `model`."""
    strategy: str = "auto"
    documents: list[str] = []
    """Collections, files and folders that the librarian reads."""
    effort: Effort = "auto"
    budget: Limits = Limits()
    embedded: Embedding = Embedding()
    durable: bool = False
    """Whether every question's run is stored, so that it can be resumed."""
    database: str = ""
    """Where runs are stored: `postgres://…`, or the path of a file; empty for `runs.db` in the data folder.

    The index of documents is there, too, if it is Postgres.
    """
    keep_days: float | None = Field(default=None, ge=0)
    """Age in days at which ended runs are deleted; None keeps them."""
    houses: dict[str, Dwelling] = {}
    """Further houses by the name under which the server offers them."""
    server: Serving = Serving()
    telemetry: Telemetry = Telemetry()
    mcp: dict[str, ToolServer] = {}
    """MCP servers by name, whose tools agents use."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    def wishes(self, say: Callable[[str], None]) -> Wishes:
        return Wishes(self.base_url, self.api_key.get_secret_value(), **self.embedded.model_dump(), say=say)


def settings_of(name: str, settings: Settings) -> Settings:
    """The settings of one of the further houses."""
    own = settings.houses[name]
    changes = {field: getattr(own, field) for field in type(own).model_fields if getattr(own, field) is not None}
    if own.base_url is not None and own.api_key is None:
        changes["api_key"] = SecretStr("")  # a key goes to no address but the one it was given for
    return settings.model_copy(update=changes)


def load(**given: Any) -> Settings:
    """The settings, with `given` ones above all others; a given None counts as not given.

    Raises:
        SettingsError: if one is not usable; the message names it.
    """
    unknown = sorted(set(given) - set(Settings.model_fields))
    if unknown:
        raise UnknownName("setting", unknown[0], Settings.model_fields)
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"the setting {where!r} cannot be {first['input']!r}: {first['msg']}") from None
    except ValueError as error:  # the file is not TOML
        raise SettingsError(f"{config_file()} cannot be read: {error}") from None


async def open_house(settings: Settings, say: Callable[[str], None] = silence) -> House:
    """The house that the settings describe; `say` is told what was chosen and why, and what takes time.

    Raises:
        UnknownName: if a provider, strategy or agent has no such name.
        SettingsError: if a model cannot be made, for want of a key or an extra.
    """
    wishes = settings.wishes(say)
    strategy = make_strategy(settings.strategy, settings.effort)
    known = agents_of(strategy)
    for agent in settings.agent_models:
        if agent not in known:
            raise UnknownName("agent", agent, known)
    name = settings.model
    if name in ("", "auto"):
        name, why = await choose(settings)
        say(f"model: {name} ({why})")
    models = {"default": make_model(name, wishes)}
    for agent, model in settings.agent_models.items():
        models[agent] = make_model(model, replace(wishes, url="", key=""))
    for one in models.values():  # the first price takes long to look up
        await asyncio.to_thread(cost, one, NOTHING)
    strategy, holds = await furnished(strategy, settings, say)
    holds = (*holds, wishes.connections)
    house = House(models, strategy, Budget(**settings.budget.model_dump()), holds=holds)
    telemetry = settings.telemetry
    exporting = await asyncio.to_thread(exporter, telemetry.endpoint, telemetry.content, say)
    return replace(house, watch=exporting.tracing, holds=(*holds, exporting)) if exporting else house


async def furnished(
    strategy: Strategy, settings: Settings, say: Callable[[str], None]
) -> tuple[Strategy, tuple[Closes, ...]]:
    """The strategy with the documents and tools of the settings, and what is to be closed in the end."""
    holds: list[Closes] = []
    async with AsyncExitStack() as opened:
        if settings.documents:
            strategy, library = await with_documents(strategy, settings, say)
            opened.push_async_callback(library.close)
            holds.append(library)
        if settings.mcp and isinstance(strategy, Calls):
            strategy, toolbox = await with_tools(strategy, settings.mcp, say)
            holds.append(toolbox)
        elif settings.mcp:
            say(f"the strategy {strategy.name!r} uses no tools of MCP servers; auto and tertulia do")
        opened.pop_all()
    return strategy, tuple(holds)


def make_strategy(name: str, effort: Effort = "auto") -> Strategy:
    """The strategy of that name, with as much in it as the effort allows."""
    strategy: Strategy = find("strategy", name)()
    return strategy.scaled(effort) if isinstance(strategy, Scales) and effort != "auto" else strategy


def library_of(settings: Settings) -> Library:
    """The library of documents: in the database of the settings if that is Postgres, else in the data folder."""
    return Library(database=settings.database if is_postgres(settings.database) else "")


async def with_documents(
    strategy: Strategy, settings: Settings, say: Callable[[str], None]
) -> tuple[Strategy, Library]:
    """The strategy with a librarian who reads these collections; files and folders are added to the library first."""
    if not isinstance(strategy, Reads):
        raise SettingsError(f"the strategy {strategy.name!r} reads no documents; take auto, rag or tertulia")
    library = library_of(settings)
    try:
        collections = [await collection_of(name, library, say) for name in settings.documents]
    except BaseException:
        await library.close()
        raise
    return strategy.reading(Librarian(library, tuple(collections))), library


async def with_tools(
    strategy: Strategy, servers: Mapping[str, ToolServer], say: Callable[[str], None]
) -> tuple[Strategy, mcp.Toolbox]:
    """The strategy with a caller who uses the tools of these servers; without one if there is none to use."""
    toolbox = mcp.Toolbox([server.server(name) for name, server in servers.items()])
    try:
        tools = await toolbox.open(say)
    except BaseException:
        await toolbox.close()
        raise
    return strategy.calling(Caller(toolbox, tools)) if tools and isinstance(strategy, Calls) else strategy, toolbox


async def collection_of(name: str, library: Library, say: Callable[[str], None]) -> str:
    """The collection of that name or, for a file or folder, one of its own that is brought up to date."""
    known = (await library.stats()).collections
    if name in known:
        return name
    path = await asyncio.to_thread(Path(name).resolve)
    if not await asyncio.to_thread(path.exists):
        raise UnknownName("collection, file or folder", name, known or ["none yet: tertulia docs add PATH"])
    collection = f"path:{path}"
    added = await library.add([name], collection, lambda at: say(f"reading {at.path.name} ({at.done} of {at.total})"))
    for refused in added.refused:
        say(f"left out {refused.path}: {refused.why}")
    return collection


def make_model(name: str, wishes: Wishes) -> Model:
    """The model named `provider:name`; with an address of one's own, a bare name is what the server there calls it."""
    provider, _, rest = name.partition(":")
    if wishes.url and provider not in parts("provider"):
        provider, rest = "openai", name
    model: Model = find("provider", provider)(rest, wishes)
    return model


def agents_of(strategy: Strategy) -> list[str]:
    """Names under which a strategy asks models, for settings to give each a model of its own."""
    return [*parts("agent"), "planner", "synthesizer", strategy.name]


async def choose(settings: Settings) -> tuple[str, str]:
    """A model to take when none was named, and why."""
    if settings.base_url:
        names = await served(settings.base_url, settings.api_key.get_secret_value())
        if not names:
            raise SettingsError(f"{settings.base_url} does not say which models it has: name one with --model")
        return f"openai:{names[0]}", f"the first model that {settings.base_url} offers"
    for variable, provider in KEYED.items():
        if os.environ.get(variable):
            return provider, f"{variable} is set"
    if names := await served(ollama.url):
        return f"ollama:{names[0]}", "an Ollama server runs on this machine"
    return "embedded", "no key is set and no Ollama runs here"


async def served(url: str, key: str = "") -> list[str]:
    """Names of the models that a server offers; none if it does not answer at once."""
    headers: Mapping[str, str] = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PROBE_SECONDS), headers=headers) as session,
            session.get(url.rstrip("/") + "/models", allow_redirects=False) as response,
        ):
            return [str(model["id"]) for model in (await response.json())["data"]]
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
        return []


EFFORTS: tuple[str, ...] = get_args(Effort)
