"""Opens the house that the settings describe."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from typing import Any, get_type_hints

import aiohttp
from pydantic import TypeAdapter, ValidationError

from .agents import Agent
from .agents.roster import roster
from .budget import Budget
from .errors import ModelError, SettingsError, UnknownName
from .house import House
from .members import everyone
from .model import Model, cost
from .providers import reading
from .providers.catalog import KEYED, Wishes, ollama
from .providers.shelf import best
from .registry import blaming, find, parts
from .settings import Settings, silence
from .strategies import Strategy
from .telemetry.exporter import exporter
from .thinking import Efforts
from .types import Effort
from .usage import NOTHING

PROBE_SECONDS = 0.5
"""Most time that a server gets to say which models it has."""
MOST_BYTES = 16 << 20
"""Most bytes of what it says."""


async def open_house(settings: Settings, say: Callable[[str], None] = silence) -> House:
    """The house that the settings describe; `say` is told what was chosen and why, and what takes time.

    Raises:
        UnknownName: if a provider, strategy or agent has no such name.
        SettingsError: if a model cannot be made, for want of a key or an extra.
    """
    wishes = wishes_of(settings, say)
    strategy = make_strategy(settings.strategy, settings.effort)
    models = await make_models(settings, wishes)
    budget, efforts = Budget(**settings.budget.model_dump()), Efforts(settings.effort, settings.agent_efforts)
    house = House(models, strategy, budget, efforts=efforts, holds=(wishes.connections,))
    try:
        for guest in guests_of(settings):
            house = await with_guest(house, guest, say)
        return await with_telemetry(house, settings, say)
    except BaseException:
        await house.close()
        raise


def make_strategy(name: str, effort: Effort = "auto") -> Strategy:
    """The strategy of that name, with as much in it as the effort allows."""
    with blaming("strategy", name):
        strategy: Strategy = find("strategy", name)()
        return strategy if effort == "auto" else strategy.scaled(effort)


async def make_models(settings: Settings, wishes: Wishes) -> dict[str, Model]:
    """Models by the name of who uses them; `default` is for all others.

    Raises:
        UnknownName: if a model is given to somebody who is not here.
    """
    if settings.agent_models or settings.agent_efforts:
        check_names(settings, wishes.say)
    name = settings.model
    if name in ("", "auto"):
        name, why = await choose(settings)
        wishes.say(f"model: {name} ({why})")
    models = {"default": make_model(name, wishes)}
    for agent, own in settings.agent_models.items():
        models[agent] = make_model(own, replace(wishes, url="", key=""))
    for model in models.values():  # the first price takes long to look up
        await asyncio.to_thread(cost, model, NOTHING)
    return models


def check_names(settings: Settings, say: Callable[[str], None]) -> None:
    """Raise UnknownName if a model or an effort is for somebody who is not here; tell of those who use no model."""
    known = everyone()
    if unknown := sorted({*settings.agent_models, *settings.agent_efforts} - set(known)):
        raise UnknownName("agent", unknown[0], known)
    for agent, model in settings.agent_models.items():
        if not known[agent].asks:
            say(f"the {agent} asks no model, so {model} is not used")


def guests_of(settings: Settings) -> Iterator[Agent]:
    """The agents that the settings ask for, or want other than they are by themselves."""
    known = roster().agents
    if unknown := sorted(set(settings.agents) - set(known)):
        raise UnknownName("agent", unknown[0], known)
    for name, agent in known.items():
        with blaming("agent", name):
            guest = agent.invited(settings) if agent.condition else agent
        if guest and name in settings.agents:
            guest = with_fields(guest, settings.agents[name])
        if guest and guest is not agent:  # which comes in any case
            yield guest


def with_fields(agent: Agent, given: Mapping[str, Any]) -> Agent:
    """The agent with some fields of its own as the settings say.

    Raises:
        UnknownName: if it has no such field.
        SettingsError: if a field cannot have that value.
    """
    hints = get_type_hints(type(agent))
    kinds = {field.name: hints[field.name] for field in fields(agent) if field.name != "name"}  # type: ignore[arg-type]
    if unknown := sorted(set(given) - set(kinds)):
        raise UnknownName(f"field of the agent {agent.name!r}", unknown[0], kinds)
    try:
        changes = {name: TypeAdapter(kinds[name]).validate_python(value) for name, value in given.items()}
    except ValidationError as error:
        raise SettingsError(f"the agent {agent.name!r} cannot be {dict(given)}: {error.errors()[0]['msg']}") from None
    return replace(agent, **changes)  # type: ignore[type-var]


async def with_guest(house: House, guest: Agent, say: Callable[[str], None]) -> House:
    """The house with one more agent, opened and to be closed with it; as it was if the strategy has no use for it.

    Raises:
        SettingsError: if it must join and cannot, or cannot be opened.
    """
    if house.strategy.joined_by(guest) is house.strategy:
        words = f"the strategy {house.strategy.name!r} {guest.unused}"
        if guest.must_join:
            raise SettingsError(words)
        say(words)
        return house
    with blaming("agent", guest.name):
        ready = await guest.opened(say)
    if ready is None:
        return house
    see = house.see.joined_by(ready)  # so that it is there for questions with images, too
    return replace(house, strategy=house.strategy.joined_by(ready), see=see, holds=(*house.holds, ready))


async def with_telemetry(house: House, settings: Settings, say: Callable[[str], None]) -> House:
    """The house whose runs are traced, if the settings or OpenTelemetry's variables name a collector."""
    telemetry = settings.telemetry
    exporting = await asyncio.to_thread(exporter, telemetry.endpoint, telemetry.content, say)
    return replace(house, watch=exporting.tracing, holds=(*house.holds, exporting)) if exporting else house


def make_model(name: str, wishes: Wishes) -> Model:
    """The model named `provider:name`; with an address of one's own, a bare name is what the server there calls it."""
    provider, _, rest = name.partition(":")
    if wishes.url and provider not in parts("provider"):
        provider, rest = "openai", name
    with blaming("provider", provider):
        model: Model = find("provider", provider)(rest, wishes)
        return model


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
    if pulled := await asyncio.to_thread(best):
        return f"embedded:{pulled.name}", "the best model that was pulled to this machine"
    return "embedded", "no key is set and no Ollama runs here"


async def served(url: str, key: str = "") -> list[str]:
    """Names of the models that a server offers; none if it does not answer at once."""
    headers: Mapping[str, str] = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PROBE_SECONDS), headers=headers) as session,
            session.get(url.rstrip("/") + "/models", allow_redirects=False) as response,
        ):
            models = reading.parse(await reading.whole(response, MOST_BYTES))["data"]
            return [str(model["id"]) for model in models]
    except (aiohttp.ClientError, TimeoutError, ModelError, KeyError, TypeError):
        return []


def wishes_of(settings: Settings, say: Callable[[str], None]) -> Wishes:
    """What the settings say about models besides their names."""
    own = settings.embedded.model_dump() | {"abilities": settings.abilities}
    return Wishes(settings.base_url, settings.api_key.get_secret_value(), **own, say=say)
