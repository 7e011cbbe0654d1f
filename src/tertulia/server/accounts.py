"""What the holders of keys spent today, on all servers of a database: read when a server starts, and ever again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from ..errors import StoreError
from ..stores.spending import Spending
from .limits import Account

log = logging.getLogger("tertulia.server")
LOOK_SECONDS = 2.0
LEAST_SECONDS = 0.05
"""Between two looks, however much ends here."""


@asynccontextmanager
async def shared(accounts: Mapping[str, Account], spending: Spending) -> AsyncIterator[asyncio.Event]:
    """Keep the accounts as the database has them, within seconds, and soon after the event that this gives is set.

    Raises:
        StoreError: if they cannot be read at first.
    """
    await _read(accounts, spending)
    stale = asyncio.Event()
    looking = asyncio.create_task(_look(accounts, spending, stale))
    try:
        yield stale
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


async def _look(accounts: Mapping[str, Account], spending: Spending, stale: asyncio.Event) -> None:
    while any(account.has_daily_limits for account in accounts.values()):
        await asyncio.sleep(LEAST_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await stale.wait()
        stale.clear()
        try:
            await _read(accounts, spending)
        except StoreError as error:
            log.error("what was spent elsewhere cannot be read: %s", error)


async def _read(accounts: Mapping[str, Account], spending: Spending) -> None:
    for spent in await spending.today():
        if spent.owner in accounts:
            accounts[spent.owner].learn(spent.tokens, spent.usd)
