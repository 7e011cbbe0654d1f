"""Ways of answering. One file each; a strategy is anything that has a name and can be called like this."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..agents.caller import Caller
from ..agents.librarian import Librarian
from ..run import Run
from ..types import Answer, Effort, Question


class Strategy(Protocol):
    """A way of answering a question."""

    @property
    def name(self) -> str: ...

    async def __call__(self, question: Question, run: Run) -> Answer: ...


@runtime_checkable
class Remembers(Protocol):
    """A strategy that may give the conversation to each of its calls."""

    @property
    def remembers(self) -> bool:
        """True if it does; otherwise a follow-up is restated for it as a question that is complete in itself."""
        ...


@runtime_checkable
class Reads(Protocol):
    """A strategy that can make use of documents."""

    def reading(self, librarian: Librarian) -> Strategy:
        """The same strategy, with a librarian among its agents."""
        ...


@runtime_checkable
class Calls(Protocol):
    """A strategy that can make use of tools of MCP servers."""

    def calling(self, caller: Caller) -> Strategy:
        """The same strategy, with a caller of tools among its agents."""
        ...


@runtime_checkable
class Scales(Protocol):
    """A strategy that can do with less, or make use of more."""

    def scaled(self, effort: Effort) -> Strategy:
        """The same strategy with `effort` as the most it should take."""
        ...
