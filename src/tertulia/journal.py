"""What a run remembers of the steps it has finished, so that it can go on after a stop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .model import Reply
from .usage import Entry

T = TypeVar("T")


@dataclass(frozen=True)
class Heard:
    """What a call gave, with the line of the ledger that settles it: a journal keeps both or neither."""

    reply: Reply
    entry: Entry


class Journal(Protocol):
    """Remembers what each step of a run returned."""

    async def once(self, key: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        """Return what `key` returned before, or run `step` and remember its result, which is a `kind`."""
        ...

    async def write(self, entry: Entry) -> None:
        """Keep a line of the ledger, in place of an earlier one of the same key and attempt."""
        ...

    async def entries(self) -> Sequence[Entry]:
        """The ledger as it was left."""
        ...

    async def worked(self) -> float:
        """Seconds for which the run was worked on before."""
        ...


class Forgetful:
    """A journal that keeps nothing."""

    async def once(self, key: str, kind: type[T], step: Callable[[], Awaitable[T]]) -> T:
        return await step()

    async def write(self, entry: Entry) -> None:
        pass

    async def entries(self) -> Sequence[Entry]:
        return ()

    async def worked(self) -> float:
        return 0.0
