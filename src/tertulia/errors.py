"""Everything that can go wrong, in one tree.

TertuliaError
├── InvalidQuestion      the question cannot be asked: it is empty or too long
├── PlanError            the planner's text is not a usable plan
├── ModelError           a provider failed
│   ├── ModelBusy        for a passing reason; asking again may work
│   ├── ModelUnreachable nobody answers at its address, or the key is refused
│   ├── PromptTooLong    the prompt is longer than the model can read
│   └── UnusableReply    it replied, but with nothing to use: a refusal, or no text
│       └── ThoughtTooLong  it thought until it had to stop
├── ToolError            a tool failed (sandbox, retrieval, drawing)
│   ├── NotSupported     the tool lacks what was asked; a more capable tier may have it
│   └── LimitReached     it crossed a limit of time, memory or output
├── BudgetExceeded       the next call would cross a limit of the budget
├── UnknownName          no agent, strategy, provider, store or run has that name
├── StoreError           stored runs cannot be read or written
│   ├── RunTaken         another worker has the run
│   ├── RunCancelled     somebody asked for the run to be stopped
│   └── KeyReused        an idempotency key came before, with another request
└── SettingsError        a setting, a file or a folder is not usable
"""

from __future__ import annotations

from collections.abc import Iterable


class TertuliaError(Exception):
    """Base of every error Tertulia raises on purpose; its message says what would work."""


class InvalidQuestion(TertuliaError):
    """The question cannot be asked."""


class PlanError(TertuliaError):
    """The planner's text is not a usable plan."""


class ModelError(TertuliaError):
    """A provider failed."""

    @property
    def passes(self) -> bool:
        """Whether it may be well later: the provider is busy, or nobody is there."""
        return isinstance(self, ModelBusy) or isinstance(self.__cause__, OSError)


class ModelBusy(ModelError):
    """A provider failed for a passing reason; asking again may work."""

    def __init__(self, message: str, *, retry_after: float | None = None, overloaded: bool = False):
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the provider asks us to wait; None if it did not say."""
        self.overloaded = overloaded
        """True if the provider said that it gets too many calls (429), so fewer should be sent at once."""


class ModelUnreachable(ModelError):
    """Nobody answers at the model's address, or the key is refused."""


class PromptTooLong(ModelError):
    """The prompt is longer than the model can read."""


class UnusableReply(ModelError):
    """The model replied, but with nothing to use."""


class ThoughtTooLong(UnusableReply):
    """The model thought for all the tokens it had, and so wrote nothing, or not its answer."""

    def __init__(self, message: str, tokens: int = 0):
        super().__init__(message)
        self.tokens = tokens
        """Tokens of thought; 0 if nobody counted them."""


class ToolError(TertuliaError):
    """A tool failed."""


class NotSupported(ToolError):
    """The tool lacks what was asked of it; a more capable tier may have it."""


class LimitReached(ToolError):
    """A tool crossed a limit of time, memory or output."""


class BudgetExceeded(TertuliaError):
    """The next call would cross a limit of the budget."""

    def __init__(self, limit: str, allowed: float, needed: float, kept: float = 0.0):
        self.limit, self.allowed, self.needed = limit, allowed, needed
        back = f", of which {kept:g} are kept back for the answer" if kept else ""
        super().__init__(f"the budget allows {allowed:g} {limit}{back}; going on would take {needed:g}")


class UnknownName(TertuliaError):
    """No part has that name."""

    def __init__(self, kind: str, name: str, known: Iterable[str]):
        super().__init__(f"there is no {kind} named {name!r}; there are: {', '.join(sorted(known))}")


class StoreError(TertuliaError):
    """Stored runs cannot be read or written."""


class RunTaken(StoreError):
    """Another worker has the run."""


class RunCancelled(StoreError):
    """Somebody asked for the run to be stopped."""


class KeyReused(StoreError):
    """An idempotency key came before, with another request."""


class SettingsError(TertuliaError):
    """A setting, a file or a folder is not usable."""


def remade(fault: str, message: str) -> TertuliaError:
    """An error of the kind that has this name, as it is told of a run that failed elsewhere."""
    kinds, found = [TertuliaError], TertuliaError
    while kinds:
        kind = kinds.pop()
        found = kind if kind.__name__ == fault else found
        kinds += kind.__subclasses__()
    error = found.__new__(found)
    Exception.__init__(error, message)
    if isinstance(error, ModelBusy):
        error.retry_after, error.overloaded = None, False
    elif isinstance(error, ThoughtTooLong):
        error.tokens = 0
    return error
