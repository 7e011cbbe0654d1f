"""Runs as a store has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ..events import Answered, Event
from ..types import Question

State = Literal["queued", "running", "cancelling", "interrupted", "answered", "failed", "cancelled"]
"""How far a run is.

`queued` waits for a worker; `cancelling` is to stop and has not yet; `interrupted` can be resumed, as can `failed` and
`cancelled`, and what they paid for is used again.
"""
STATES: tuple[State, ...] = get_args(State)
OVER: tuple[State, ...] = ("answered", "failed", "cancelled")
"""States in which nothing more happens by itself."""


@dataclass(frozen=True)
class Summary:
    """A run in a list."""

    id: str
    owner: str
    """Whose it is: whoever holds an API key of that name; empty for the person at this machine."""
    state: State
    text: str
    """How the question begins."""
    strategy: str
    models: str
    created: float
    """Seconds since 1970, as all times here."""
    began: float | None = None
    ended: float | None = None
    worker: str = ""
    """Who works on it, or was the last to."""
    life: int = 0
    """How often it was handed to someone: 1 for a run that was never resumed."""
    priority: int = 0
    """Lower is sooner; 0 is the default."""
    tokens: int | None = None
    """Billed in all; None until it is over."""
    error: str = ""
    """Why it failed or stopped."""
    forked: str = ""
    """Id of the run that it is a fork of."""
    served: str = ""
    """Id of the response or chat completion that it answers; empty if no server asked."""
    outlives: bool = True
    """Whether another process goes on with it when the one that works on it dies."""
    fault: str = ""
    """The kind of error that it failed with, by its name in `errors`; empty if it was none of ours."""
    seconds: float = 0.0
    """For which it was worked on, the present life left out."""

    @property
    def over(self) -> bool:
        return self.state in OVER


@dataclass(frozen=True)
class Stored(Summary):
    """A run with what was asked, how, and what came of it."""

    question: Question = field(default_factory=lambda: Question("?"))
    configuration: Mapping[str, Any] = field(default_factory=dict)
    """Settings it was asked with, keys and passwords left out."""
    answered: Answered | None = None


@dataclass(frozen=True)
class Ending:
    """How one life of a run ended."""

    state: State
    answered: Answered | None = None
    error: str = ""
    """Why it failed or stopped."""
    fault: str = ""
    """As `Summary` has it."""


@dataclass(frozen=True)
class Numbered:
    """An event of a stored run."""

    number: int
    """1 for the first; a run that is resumed counts on."""
    at: float
    event: Event


@dataclass(frozen=True)
class Wanted:
    """Which runs to list."""

    owner: str | None = None
    """None for everybody's."""
    state: State | None = None
    since: float | None = None
    before: float | None = None
    text: str = ""
    """What the question or the answer must hold; capitals do not matter in ASCII."""
    most: int = 50


@dataclass(frozen=True)
class Idempotency:
    """What a client sends to be safe against asking twice."""

    key: str
    body: str
    """A digest of the request; the same key with another one is refused."""


@dataclass(frozen=True)
class Process:
    """A process that answers questions: a server, a worker, or the command line."""

    id: str
    host: str
    pid: int
    began: float
    beats: int
    """Grows while it lives."""
    seen: float
    """When it last said so, by its own clock."""
    role: str = ""
    """`server` if it takes runs from clients; empty if from a queue or the command line."""
