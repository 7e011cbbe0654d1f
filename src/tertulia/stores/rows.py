"""Rows of the store that several parts of it read and write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..errors import UnknownName
from .database import Connection, Row
from .records import Summary

SUMMARY = (
    "id, owner, status, text, strategy, models, created, began, ended, worker, life, priority, tokens, error, forked, "
    "served, outlives, fault, seconds"
)
ROWS = 16
"""Most rows that one statement adds."""


def no_run(named: str, known: Sequence[str] = ()) -> UnknownName:
    """The error that there is no such run, or more than one."""
    return UnknownName("run", named, known or ["those that `tertulia runs list` shows"])


def insert(connection: Connection, run: Summary) -> bool:
    """Add a run; False if its id is taken."""
    values = [run.id, run.owner, run.state, run.text, run.strategy, run.models, run.created, run.began, run.ended]
    values += [run.worker, run.life, run.priority, run.tokens, run.error, run.forked]
    values += [run.served, int(run.outlives), run.fault, run.seconds, run.began]
    marks = ", ".join("?" * len(values))
    sql = f"INSERT INTO runs ({SUMMARY}, taken) VALUES ({marks}) ON CONFLICT DO NOTHING RETURNING id"
    return bool(connection.execute(sql, values))


def summary_of(row: Sequence[Any]) -> Summary:
    """A run, of the columns of `SUMMARY`."""
    found = Summary(*row)
    return replace(found, outlives=bool(found.outlives))


def tell(connection: Connection, events: Sequence[Row]) -> None:
    """Add events to their runs: rows of the run, the number, the time and the text; those that are there stay."""
    for begin in range(0, len(events), ROWS):
        rows = events[begin : begin + ROWS]
        connection.execute(
            f"INSERT INTO events (run, number, at, event) VALUES {', '.join(['(?, ?, ?, ?)'] * len(rows))} "
            "ON CONFLICT DO NOTHING",
            [value for row in rows for value in row],
        )
