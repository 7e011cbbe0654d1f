"""Which steps of a run a fork of it can use again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from ..codec import as_json
from ..errors import UnknownName
from ..events import Planned
from ..types import Plan
from .database import Row
from .records import Numbered

FREE = {"read": 0, "written": 0, "hidden": 0, "cached": 0, "exact": True, "raw": ""}


def kept_steps(steps: Iterable[Row], events: Sequence[Numbered], task: str) -> Iterator[Row]:
    """The steps that do not depend on `task`, as (key, at, kind, result), their usage set to nothing.

    Those of other tasks, and those before the plan: what comes after the plan and belongs to no task may read the task.

    Raises:
        UnknownName: if no plan of the run has that task.
    """
    plans = [(numbered.at, numbered.event.plan) for numbered in events if isinstance(numbered.event, Planned)]
    planned = [(at, plan) for at, plan in plans if any(one.id == task for one in plan.tasks)]
    if not planned:
        raise UnknownName("task", task, [one.id for _, plan in plans for one in plan.tasks] or ["none: it has no plan"])
    at, plan = planned[-1]
    again, others = downstream(plan, task), {one.id for one in plan.tasks}
    for key, when, kind, result in steps:
        place = key.rpartition(":")[0].split("/")
        of = next((part for part in place if part in others), None)
        if (of is None and when <= at) or (of is not None and of not in again):
            yield key, when, kind, unbilled(result) if kind == "Heard" else result


def downstream(plan: Plan, task: str) -> set[str]:
    """The task, and all that need what it finds."""
    found = {task}
    while more := {one.id for one in plan.tasks if found & set(one.needs)} - found:
        found |= more
    return found


def unbilled(result: str) -> str:
    """What a call gave, as attempt 0: another run paid for it, and no ledger counts it again."""
    heard = json.loads(result)
    heard["entry"] |= {"attempt": 0, "usage": FREE, "cost": 0.0, "seconds": 0.0}
    return as_json(heard)
