"""A background response, replayed from the stored events of its run: whoever replays it tells the very same events."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from ...events import Answered
from ...progress import Progress
from ...stores.records import Numbered, Stored
from ..bill import end_status, response_usage
from ..objects import ResponseUsage
from ..pieces import Teller
from ..problems import Problem
from .kept import KeptResponse
from .writer import Events, Writer, turns_of


@dataclass
class Replay:
    """A fold over the events of a run; it reads no clock, so that its events are the same in any process."""

    kept: KeptResponse
    runs: Sequence[str] = ()
    """The id of the run, if `tertulia runs` can find it."""
    progress: Progress = field(default_factory=Progress)
    last: int = 0
    """Number of the last event of the run that it has seen."""

    def __post_init__(self) -> None:
        assert self.kept.blank is not None, "only a background response can be replayed"
        blank = deepcopy(self.kept.blank)
        self.writer = Writer(blank)
        self.teller = Teller(whole=blank["text"]["format"]["type"] != "text")

    def begin(self) -> Events:
        return self.writer.begin()

    def see(self, numbered: Numbered) -> Events:
        """The events of the response that this one of the run makes."""
        events = [] if self.last else self.writer.start()
        self.last = numbered.number
        self.progress.see(numbered.event)
        for piece in self.teller.see(numbered.event):
            events += self.writer.write(piece)
        if isinstance(numbered.event, Answered):
            events += self.writer.end(end_status(self.progress), self.usage, int(numbered.at))
        return events

    def end(self) -> Events:
        """The last events, of a response that has no answer."""
        return self.fail(self.failure) if self.failure else []

    def fail(self, problem: Problem) -> Events:
        return self.writer.fail(problem, self.usage_if_any)

    @property
    def failure(self) -> Problem | None:
        """Why it has no answer; None if it has one, or was cancelled, or is being made."""
        return Problem(**self.kept.failure) if self.kept.failure else None

    def settle(self, run: Stored, problem: Problem) -> KeptResponse:
        """The response of a run that is over, as it stays; the `problem` is why it has no answer, if it has none."""
        failure = None
        if run.state == "cancelled":
            self.writer.cancel(self.usage_if_any)
        elif run.state != "answered":
            failure = {"status": problem.status, "message": problem.message, "type": problem.type}
            failure |= {"code": problem.code, "param": problem.param}
            self.fail(problem)
        return replace(
            self.kept,
            response=self.writer.response,
            turns=turns_of(self.kept.said, self.writer) if run.state == "answered" else (),
            failure=failure,
            until=self.last,
        )

    @property
    def usage_if_any(self) -> ResponseUsage | None:
        """None if no model was called."""
        return self.usage if any(entry.usage.total for entry in self.progress.ledger) else None

    @property
    def usage(self) -> ResponseUsage:
        return response_usage(self.progress, self.kept.ignored, self.runs)
