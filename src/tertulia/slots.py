"""A bounded number of slots, and a queue of those who wait for one: first come, first served."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """Slots for work that is done at the same time; their number may change at any moment.

    `taken` of them are in use, at most `limit`; more than that only after the limit was lowered.

    The invariant, whenever no method is running: `taken` counts the slots in use, and those handed to a waiter who has
    not woken yet; and nobody waits while a slot is free. So a newcomer never overtakes: whoever frees a slot hands it
    to the head of the queue in the same step of the event loop, before anybody else can see it free.

    The price is that a waiter may own a slot without knowing it. If it is cancelled between the hand-over and its
    waking, `take` will not return to anybody who could give the slot back, so `take` gives it back itself, which hands
    it on. If it is cancelled earlier, it leaves the queue; a hand-over meanwhile may have passed over it already, and
    passing over never counts a slot as taken.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.taken = limit, 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return len(self._queue)

    async def take(self) -> None:
        """Wait for a slot; give it back with `give_back`. Whoever is cancelled here has none."""
        if self.taken < self.limit:  # so nobody waits
            self.taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._leave(turn)
            raise

    def give_back(self) -> None:
        """Give a slot to the head of the queue, or make it free."""
        self.taken -= 1
        self._hand_over()

    def resize(self, limit: int) -> None:
        self.limit = limit
        self._hand_over()

    def _leave(self, turn: asyncio.Future[None]) -> None:
        if not turn.cancelled():  # it was handed a slot just as it left
            self.give_back()
        elif turn in self._queue:
            self._queue.remove(turn)

    def _hand_over(self) -> None:
        while self._queue and self.taken < self.limit:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                self.taken += 1
