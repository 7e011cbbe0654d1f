"""Ways of answering. One file each; a strategy is anything that has a name and can be called like this."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..run import Run
from ..types import Answer, Effort, Question


class Strategy(Protocol):
    """A way of answering a question."""

    @property
    def name(self) -> str: ...

    async def __call__(self, question: Question, run: Run) -> Answer: ...


@runtime_checkable
class Scales(Protocol):
    """A strategy that can do with less, or make use of more."""

    def scaled(self, effort: Effort) -> Strategy:
        """The same strategy with `effort` as the most it should take."""
        ...
