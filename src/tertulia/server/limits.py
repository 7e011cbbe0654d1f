"""How much is done at once, and how much each holder of a key may have."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from ..budget import Budget
from ..errors import StoreError
from ..schedule import beside
from ..settings import Key
from ..slots import Slots
from ..stores.spending import DAY, Spending
from ..usage import Ledger
from .problems import Problem

log = logging.getLogger(__name__)
LOOK_SECONDS = 2.0
"""How often it is read what was spent at other servers."""
LEAST_SECONDS = 0.05
"""Between two looks, however much ends here."""


class Turns(Slots):
    """Runs at the same time, and a bounded queue of those who wait for their turn."""

    def __init__(self, most: int, queue: int) -> None:
        super().__init__(most)
        self._most_waiting = queue

    def check(self) -> None:
        """Raise `Problem` if too many wait already."""
        if self.waiting >= self._most_waiting and self.taken >= self.limit:
            raise busy(1.0)

    async def take_within(self, seconds: float) -> None:
        """Wait for a turn, at most so many seconds; give it back with `give_back`.

        Raises:
            Problem: at once if too many wait already, or when the wait has been too long.
        """
        self.check()
        try:
            async with asyncio.timeout(seconds):
                await self.take()
        except TimeoutError:
            raise busy(seconds) from None


@dataclass
class Account:
    """What the holder of a key has used, and may use."""

    key: Key | None
    """None means no limits."""
    clock: Callable[[], float] = time.time
    runs: int = 0
    """At work now."""
    day: int = 0
    tokens: int = 0
    """Today, in universal time."""
    usd: float = 0.0
    _asked: deque[float] = field(default_factory=deque)

    def enter(self) -> None:
        """Begin a run.

        Raises:
            Problem: if a limit of the key is reached.
        """
        if self.key is not None:
            self._check(self.key)
        self.runs += 1

    def leave(self) -> None:
        self.runs -= 1

    @property
    def left(self) -> Budget:
        """What a run may spend of what is left for today."""
        if self.key is None:
            return Budget()
        tokens, usd = self.key.tokens_per_day, self.key.usd_per_day
        return Budget(
            tokens=None if tokens is None else max(1, tokens - self.tokens),
            usd=None if usd is None else max(0.0, usd - self.usd),
        )

    @property
    def has_daily_limits(self) -> bool:
        return self.key is not None and (self.key.tokens_per_day, self.key.usd_per_day) != (None, None)

    def learn(self, tokens: int, usd: float) -> None:
        """Take over what was spent today, here and elsewhere."""
        self._turn_day()
        self.tokens, self.usd = tokens, usd

    def spend(self, ledger: Ledger) -> None:
        """Write down what a run cost."""
        self._turn_day()
        self.tokens += ledger.total
        self.usd += ledger.cost or 0.0

    def _check(self, key: Key) -> None:
        self._turn_day()
        now = self.clock()
        for limit, spent in ((key.tokens_per_day, self.tokens), (key.usd_per_day, self.usd)):
            if limit is not None and spent >= limit:
                message = "You have used up what this key may spend in a day; it starts anew at midnight UTC."
                left = DAY - now % DAY
                raise Problem(429, message, "insufficient_quota", "insufficient_quota", None, left, again=False)
        if key.runs is not None and self.runs >= key.runs:
            raise Problem(
                429, f"This key may run {key.runs} at once.", "rate_limit_error", "rate_limit_exceeded", None, 1
            )
        if key.requests_per_minute is not None:
            self._check_rate(key.requests_per_minute, now)

    def _check_rate(self, limit: int, now: float) -> None:
        while self._asked and self._asked[0] <= now - 60:
            self._asked.popleft()
        if len(self._asked) >= limit:
            wait = self._asked[0] + 60 - now
            message = f"This key may send {limit} requests a minute."
            raise Problem(429, message, "rate_limit_error", "rate_limit_exceeded", None, wait)
        self._asked.append(now)

    def _turn_day(self) -> None:
        today = int(self.clock() // DAY)
        if today != self.day:
            self.day, self.tokens, self.usd = today, 0, 0.0


class Accounts:
    """The accounts of all holders of keys."""

    def __init__(self, keys: Mapping[str, Key], spending: Spending, are_shared: bool) -> None:
        """`are_shared` has today's spending read from the database, where each run writes what it cost."""
        self._of = {name: Account(key) for name, key in keys.items()} | {"": Account(None)}
        self._spending, self._are_shared = spending, are_shared
        self._stale = asyncio.Event()

    def __getitem__(self, holder: str) -> Account:
        return self._of[holder]

    def leave(self, holder: str, ledgers: Iterable[Ledger]) -> None:
        """End a visit that cost so much."""
        account = self._of[holder]
        account.leave()
        if self._are_shared:
            self._stale.set()
        else:
            for ledger in ledgers:
                account.spend(ledger)

    @asynccontextmanager
    async def keep_fresh(self) -> AsyncIterator[Accounts]:
        """Keep them as the database has them: within seconds, and at once after a visit here.

        Raises:
            StoreError: if they cannot be read at first.
        """
        if not self._are_shared:
            yield self
            return
        await self._read()
        async with beside(self._look()):
            yield self

    async def _look(self) -> None:
        while any(account.has_daily_limits for account in self._of.values()):
            await asyncio.sleep(LEAST_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._stale.wait()
            self._stale.clear()
            try:
                await self._read()
            except StoreError as error:
                log.error("what was spent elsewhere cannot be read: %s", error)

    async def _read(self) -> None:
        for spent in await self._spending.today():
            if spent.owner in self._of:
                self._of[spent.owner].learn(spent.tokens, spent.usd)


def busy(seconds: float) -> Problem:
    message = "The server has as much work as it can do; try again in a moment."
    return Problem(429, message, "rate_limit_error", "overloaded", None, seconds)
