"""How many calls a model gets at once, and whether one that failed is made again."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import KW_ONLY, dataclass

from .errors import ModelBusy, ModelError, ModelUnreachable
from .slots import Slots

MOST_TRIES = 4
"""Attempts at one call, the first included."""
LONGEST_WAIT = 60.0
"""Seconds; a provider that asks for a longer wait is not asked again."""
SLOWEST_BACKOFF = 20.0
RETRIES_PER_CALL, RETRIES_PER_SECOND, MOST_RETRIES = 0.2, 10.0, 100.0


@dataclass(eq=False)
class Gate:
    """What stands between a run and one model: slots, a retry budget and a circuit breaker.

    It belongs to one model at one endpoint, is shared by all that call it, and serves one event loop at a time.

    Sources: slow start (Jacobson, 1988); additive increase, multiplicative decrease (Chiu and Jain, 1989); full jitter
    (Brooker, AWS, 2015); retry budgets as in Finagle.
    """

    name: str = "the model"
    _: KW_ONLY
    start: int = 64
    """Slots at first."""
    most: int = 1024
    """Most slots that it may come to have."""
    failures: int = 8
    """Failures in a row after which the model is left alone."""
    rest: float = 10.0
    """Seconds for which it is left alone."""
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    """Gives numbers in [0, 1)."""

    def __post_init__(self) -> None:
        self._slots = _Adaptive(self.start, self.most, self.clock)
        self._breaker = _Breaker(self.name, self.failures, self.rest, self.clock)
        self._retries = _Retries(self.clock)

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return self._slots.limit

    @property
    def in_flight(self) -> int:
        return self._slots.taken

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold one of the slots during a call; what the call raises tells the gate how the model is.

        Raises:
            ModelBusy: without waiting, while the model is left alone because it failed too often in a row.
        """
        self._breaker.check()
        await self._slots.take()
        probe = False
        try:
            probe = self._breaker.admit()
            self._retries.called()
            yield
        except ModelBusy as busy:
            if busy.overloaded:
                self._slots.shrink()
                self._breaker.alive()
            elif not isinstance(busy, _LeftAlone):
                self._breaker.failed(str(busy))
            raise
        except ModelUnreachable:
            raise
        except ModelError:  # it answered, if only that it will not do this
            self._breaker.alive()
            raise
        else:
            self._slots.grow()
            self._breaker.alive()
        finally:
            if probe:
                self._breaker.probed()
            self._slots.give_back()

    def may_retry(self) -> bool:
        """Whether the budget for retries allows one more; True takes it."""
        return self._retries.take()

    def pause(self, attempt: int, retry_after: float | None = None) -> float | None:
        """Seconds to wait after `attempt` (1 is the first) failed; None if it should not be tried again."""
        if attempt >= MOST_TRIES or (retry_after or 0.0) > LONGEST_WAIT:
            return None
        jitter: float = self.chance() * min(SLOWEST_BACKOFF, 0.5 * 2.0 ** (attempt - 1))
        return jitter if retry_after is None else retry_after + min(jitter, 1.0)


class _LeftAlone(ModelBusy):
    """Nobody was asked: the breaker is open."""


class _Adaptive(Slots):
    """Slots whose number adapts: half after an overload, one more after a window of successes.

    Until the first overload they double in each window in which all of them are taken.
    """

    def __init__(self, start: int, most: int, clock: Callable[[], float]):
        super().__init__(min(start, most))
        self._most, self._clock, self._successes = most, clock, 0
        self._shrunk = float("-inf")

    def grow(self) -> None:
        self._successes += 1
        doubles = self._shrunk == float("-inf") and self.taken >= self.limit
        if self.limit < self._most and (doubles or self._successes >= self.limit):
            self._successes = 0
            self.resize(self.limit + 1)

    def shrink(self) -> None:
        if self._clock() - self._shrunk >= 1.0:  # calls that were in flight together complain together
            self._successes, self._shrunk = 0, self._clock()
            self.resize(max(1, self.limit // 2))


@dataclass
class _Breaker:
    """Leaves a model alone that failed too often in a row, and then lets one call try it."""

    name: str
    most: int
    rest: float
    clock: Callable[[], float]
    failures: int = 0
    """In a row."""
    until: float | None = None
    """When it may be tried again; None while it is not left alone."""
    probing: bool = False
    last: str = ""

    def check(self) -> None:
        """Raise if the model is left alone now."""
        if self.until is None:
            return
        left = self.until - self.clock()
        if left > 0 or self.probing:
            said = f"{self.name} failed {self.failures} times in a row and is left alone for {max(left, 1):.0f} s"
            raise _LeftAlone(f"{said}; the last time: {self.last}", retry_after=max(left, 1.0))

    def admit(self) -> bool:
        """Let a call through; True if it is the one that tries whether the model is back."""
        self.check()
        self.probing = self.until is not None
        return self.probing

    def probed(self) -> None:
        self.probing = False

    def alive(self) -> None:
        self.failures, self.until = 0, None

    def failed(self, why: str) -> None:
        self.failures, self.last = self.failures + 1, why
        if self.failures >= self.most and (self.until is None or self.probing):
            self.until = self.clock() + self.rest


class _Retries:
    """A token bucket: each call and each second bring some; each retry takes one."""

    def __init__(self, clock: Callable[[], float]):
        self._clock, self._at, self._left = clock, clock(), RETRIES_PER_SECOND

    def called(self) -> None:
        self._left = min(MOST_RETRIES, self._left + RETRIES_PER_CALL)

    def take(self) -> bool:
        now = self._clock()
        if self._left < RETRIES_PER_SECOND:
            self._left = min(RETRIES_PER_SECOND, self._left + RETRIES_PER_SECOND * (now - self._at))
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
