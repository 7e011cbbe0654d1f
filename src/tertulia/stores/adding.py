"""Adds a new run, or finds the one that the same request made before."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..codec import as_json, pack, storable
from ..errors import KeyReused
from ..ids import new_run
from ..types import Question
from .database import Connection
from .records import Idempotency, Summary
from .rows import SUMMARY, insert, summary_of
from .served import save_document

LONGEST_TEXT = 500
"""Characters of a question that lists show."""


@dataclass(frozen=True)
class NewRun:
    """A run that is to be stored."""

    question: Question
    configuration: Mapping[str, Any]
    """Settings it is asked with, keys and passwords left out."""
    owner: str = ""
    strategy: str = ""
    models: str = ""
    priority: int = 0
    """As `Summary` has them."""
    idempotency: Idempotency | None = None
    """The key of the request, and its fingerprint; None if it has none."""
    id: str = ""
    """An id that its maker chose, under which there may be a run already; empty for a new one."""
    served: str = ""
    outlives: bool = True
    """As `Summary` has them."""
    worker: str = ""
    """The server that means to work on it; empty leaves it to whoever comes."""
    begun: bool = False
    """Whether that one begins at once, so that it need not take it; else the run is `queued`."""
    document: Mapping[str, Any] | None = None
    """What is kept for the client as `served`, from the same moment on; None for nothing."""

    @cached_property
    def summary(self) -> Summary:
        """The run as it is added: its id and its time are chosen when this is first asked for."""
        now = time.time()
        return Summary(
            self.id or new_run(),
            self.owner,
            "running" if self.begun else "queued",
            storable(self.question.text)[:LONGEST_TEXT],
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

    @cached_property
    def bodies(self) -> tuple[str, str]:
        """The question and the configuration, as they are stored."""
        return pack(Question, self.question), as_json(dict(self.configuration))

    def write(self, connection: Connection) -> tuple[Summary, bool]:
        """Add the run within a transaction, which may be done twice; gives the run, and whether it is new.

        Raises:
            KeyReused: if the owner used the idempotency key for another request.
        """
        run, key = self.summary, self.idempotency
        if key and (known := _request(connection, self.owner, key)) and known[1] != run.id:
            return _same(connection, key, *known), False
        if not insert(connection, run):
            earlier = summary_of(connection.execute(f"SELECT {SUMMARY} FROM runs WHERE id = ?", (run.id,))[0])
            return earlier, earlier == run or not self.id
        if self.document is not None:
            save_document(connection, self.owner, self.served, as_json(dict(self.document)))
        connection.execute(
            "INSERT INTO bodies (run, question, configuration) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (run.id, *self.bodies),
        )
        return self._claim(connection, key) if key else (run, True)

    def _claim(self, connection: Connection, key: Idempotency) -> tuple[Summary, bool]:
        """Note that the request made this run; if another came between, which Postgres allows, that one's run."""
        run = self.summary
        mine = connection.execute(
            "INSERT INTO requests (owner, key, body, run) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING run",
            (self.owner, key.key, key.body, run.id),
        )
        if mine:
            return run, True
        connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
        known = _request(connection, self.owner, key)
        assert known
        return (run, True) if known[1] == run.id else (_same(connection, key, *known), False)


def _request(connection: Connection, owner: str, key: Idempotency) -> tuple[str, str] | None:
    """The body and the run of the request that had this key before; None if there was none."""
    rows = connection.execute("SELECT body, run FROM requests WHERE owner = ? AND key = ?", (owner, key.key))
    return (rows[0][0], rows[0][1]) if rows else None


def _same(connection: Connection, idempotency: Idempotency, body: str, run: str) -> Summary:
    """The run that the same request made."""
    if body != idempotency.body:
        raise KeyReused(f"the idempotency key {idempotency.key!r} came before with another request: use a new key")
    return summary_of(connection.execute(f"SELECT {SUMMARY} FROM runs WHERE id = ?", (run,))[0])
