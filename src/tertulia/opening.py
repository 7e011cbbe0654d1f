"""Opens the house that the settings describe."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiohttp

from .agents.caller import Caller
from .agents.librarian import Librarian
from .budget import Budget
from .errors import SettingsError, UnknownName
from .house import House
from .model import Closes, Model, cost
from .providers.catalog import KEYED, Wishes, ollama
from .registry import find, parts
from .settings import Settings, ToolServer, silence
from .strategies import Calls, Reads, Scales, Strategy
from .telemetry.export import exporter
from .tools import mcp
from .tools.documents import Library, is_postgres
from .types import Effort
from .usage import NOTHING

PROBE_SECONDS = 0.5
"""Most time that a server gets to say which models it has."""


async def open_house(settings: Settings, say: Callable[[str], None] = silence) -> House:
    """The house that the settings describe; `say` is told what was chosen and why, and what takes time.

    Raises:
        UnknownName: if a provider, strategy or agent has no such name.
        SettingsError: if a model cannot be made, for want of a key or an extra.
    """
    wishes = wishes_of(settings, say)
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
    toolbox = mcp.Toolbox([server_of(name, server) for name, server in servers.items()])
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


def wishes_of(settings: Settings, say: Callable[[str], None]) -> Wishes:
    """What the settings say about models besides their names."""
    return Wishes(settings.base_url, settings.api_key.get_secret_value(), **settings.embedded.model_dump(), say=say)


def server_of(name: str, given: ToolServer) -> mcp.Server:
    """How an MCP server is reached."""
    own = {variable: os.environ[variable] for variable in given.env_from if variable in os.environ}
    env = {variable: value.get_secret_value() for variable, value in given.env.items()}
    headers = {header: value.get_secret_value() for header, value in given.headers.items()}
    return mcp.Server(
        name, given.command, tuple(given.args), own | env, given.url, headers, tuple(given.tools), given.seconds
    )
