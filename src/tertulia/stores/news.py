"""Tells followers of a run in this process that something of it was stored."""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary


class News:
    """A bell for each run that is followed here."""

    def __init__(self) -> None:
        self._bells: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def of(self, id: str) -> asyncio.Event:
        """Set at the next news of a run; ask for it before looking, so that nothing is missed between."""
        return self._bells.setdefault(id, asyncio.Event())

    def ring(self, id: str) -> None:
        """Wake those who follow a run."""
        if bell := self._bells.pop(id, None):
            bell.set()
