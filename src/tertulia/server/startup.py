"""From the settings to a service at work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from ..durable.configuration import configuration, settled
from ..durable.liveness import Heartbeat, this_process
from ..durable.reaper import PRUNE_SECONDS, prune
from ..errors import SettingsError, TertuliaError
from ..language import language_of
from ..opening import open_house
from ..schedule import beside, every
from ..settings import Serving, Settings, settings_of
from ..stores.places import runs_at
from ..stores.runs import Runs
from ..stores.served import Documents
from ..stores.spending import Spending
from ..stores.transient import Transient
from .houses import Houses
from .keys import Door, door
from .limits import Accounts
from .problems import trace
from .reading.fetching import open_fetcher
from .runners import Runner
from .runners.here import Here, HereStored
from .runners.queued import Queued
from .service import Service
from .takeover import Takeover

ENGLISH = "What is the weather like in the mountains today?"
"""Has the tables read that tell the language of questions, or the first one would hold up all others for a second."""
log = logging.getLogger(__name__)


@asynccontextmanager
async def open_service(settings: Settings, host: str, say: Callable[[str], None]) -> AsyncIterator[Service]:
    """The service that the settings describe.

    Raises:
        SettingsError: if it would serve anybody, or a house or the database cannot be opened as the settings have it.
        StoreError: if the database cannot be reached.
    """
    serving = settings.server
    at_the_door = door(serving, host)
    if serving.enqueue and not serving.store:
        raise SettingsError("a queue needs a store: leave out either --enqueue or --no-store")
    async with AsyncExitStack() as stack:
        houses = await open_houses(settings, stack, say)
        runs = runs_at(settings.database) if serving.store else Runs(Transient())
        yield await stack.enter_async_context(at_work(houses, at_the_door, serving, runs, settings.keep_days))


@asynccontextmanager
async def at_work(
    houses: Houses, door: Door, serving: Serving, runs: Runs, keep_days: float | None = None
) -> AsyncIterator[Service]:
    """A service over these houses, with all that it needs beside them.

    Args:
        runs: The database, still to be opened; one in memory if `serving` has no store.
        keep_days: Age at which runs and responses are deleted; None keeps them.
    """
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(open_fetcher(serving))
        await stack.enter_async_context(runs)
        heartbeat = await stack.enter_async_context(Heartbeat(runs, this_process("server")))
        documents = Documents(runs.database, None if serving.store else serving.stored)
        await stack.enter_async_context(beside(every(PRUNE_SECONDS, lambda: prune(runs, keep_days), _report)))
        accounts = Accounts(door.keys, Spending(runs.database), serving.store)
        await stack.enter_async_context(accounts.keep_fresh())
        service = Service(houses, door, serving, heartbeat, documents, _runner(serving, heartbeat), accounts, fetcher)
        if service.runner.works_here:
            await asyncio.to_thread(language_of, ENGLISH)
        await stack.enter_async_context(Takeover(service).at_work())
        stack.push_async_callback(service.close)
        yield service


def _runner(serving: Serving, heartbeat: Heartbeat) -> Runner:
    if serving.enqueue:
        return Queued(heartbeat)
    return HereStored(heartbeat) if serving.store else Here(heartbeat)


def _report(error: Exception) -> None:
    """What is old is looked for again later."""
    log.error("what is old could not be deleted: %s", error if isinstance(error, TertuliaError) else trace(error))


async def open_houses(settings: Settings, stack: AsyncExitStack, say: Callable[[str], None]) -> Houses:
    """The houses of the settings, open until `stack` is closed.

    Raises:
        SettingsError: if a house has the id of another model.
    """
    settings = await settled(settings, say)
    default = await stack.enter_async_context(await open_house(settings, say))
    houses = Houses(default)
    for name in settings.houses:
        if name in houses.ids:
            raise SettingsError(f"a house cannot be named {name!r}: the server offers a model of that name already")
    own = await asyncio.gather(*(settled(settings_of(name, settings), say) for name in settings.houses))
    further = await asyncio.gather(*(open_house(one, say) for one in own))
    for house in further:
        await stack.enter_async_context(house)
    stored = {name: configuration(one) for name, one in zip(["", *settings.houses], [settings, *own], strict=True)}
    return Houses(default, dict(zip(settings.houses, further, strict=True)), stored)
