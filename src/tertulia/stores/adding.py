"""Keeps a new run, and finds the one that the same request made before."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from ..errors import KeyReused
from ..ids import new_run
from ..types import Question
from .database import Connection
from .records import Idempotency, Summary
from .rows import SUMMARY, insert, summary_of
from .text import packed, plain, text

LONGEST_TEXT = 500
"""Characters of a question that lists show."""


class How(TypedDict, total=False):
    """What is said of a new run, as `Adding` has it."""

    owner: str
    strategy: str
    models: str
    priority: int
    idempotency: Idempotency | None
    id: str
    served: str
    outlives: bool
    worker: str
    begun: bool
    beside: Callable[[Connection], object]


@dataclass(frozen=True)
class Adding:
    """A new run on its way into the store, to be called within a transaction; it may be done twice."""

    question: Question
    configuration: Mapping[str, Any]
    owner: str = ""
    strategy: str = ""
    models: str = ""
    priority: int = 0
    idempotency: Idempotency | None = None
    """The key of the request, and its fingerprint; None if it has none."""
    id: str = ""
    """A name of one's own, under which there may be a run already; empty for a new one."""
    served: str = ""
    outlives: bool = True
    """As `Summary` has them."""
    worker: str = ""
    """The server that means to work on it; empty leaves it to whoever comes."""
    begun: bool = False
    """Whether that one begins at once, so that it need not take it; else it is `queued`."""
    beside: Callable[[Connection], object] = lambda connection: None
    """What else is written in the same transaction."""
    run: Summary = field(init=False)
    _bodies: tuple[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        now = time.time()
        run = Summary(
            self.id or new_run(),
            self.owner,
            "running" if self.begun else "queued",
            plain(self.question.text)[:LONGEST_TEXT],
            self.strategy,
            self.models,
            now,
            now if self.begun else None,
            worker=self.worker,
            life=int(self.begun),
            priority=self.priority,
            served=self.served,
            outlives=self.outlives,
        )
        object.__setattr__(self, "run", run)
        object.__setattr__(self, "_bodies", (packed(Question, self.question), text(dict(self.configuration))))

    def __call__(self, connection: Connection) -> tuple[Summary, bool]:
        """The run, and whether it is new.

        Raises:
            KeyReused: if the owner used the idempotency key for another request.
        """
        run, key = self.run, self.idempotency
        if key:
            known = connection.execute(
                "SELECT body, run FROM requests WHERE owner = ? AND key = ?", (self.owner, key.key)
            )
            if known and known[0][1] != run.id:
                return _same(connection, key, *known[0]), False
        if not insert(connection, run):
            earlier = summary_of(connection.execute(f"SELECT {SUMMARY} FROM runs WHERE id = ?", (run.id,))[0])
            return earlier, earlier == run or not self.id
        self.beside(connection)
        connection.execute(
            "INSERT INTO bodies (run, question, configuration) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (run.id, *self._bodies),
        )
        if key:
            mine = connection.execute(
                "INSERT INTO requests (owner, key, body, run) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING run",
                (self.owner, key.key, key.body, run.id),
            )
            if not mine:  # another came between, which Postgres allows
                connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
                [(body, other)] = connection.execute(
                    "SELECT body, run FROM requests WHERE owner = ? AND key = ?", (self.owner, key.key)
                )
                return (run, True) if other == run.id else (_same(connection, key, body, other), False)
        return run, True


def _same(connection: Connection, idempotency: Idempotency, body: str, run: str) -> Summary:
    """The run that the same request made."""
    if body != idempotency.body:
        raise KeyReused(f"the idempotency key {idempotency.key!r} came before with another request: use a new key")
    return summary_of(connection.execute(f"SELECT {SUMMARY} FROM runs WHERE id = ?", (run,))[0])
