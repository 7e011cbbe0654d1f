"""Doing several things at once: the items of a list, or the tasks of a plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from .types import Finding, Findings, Plan, Task

R = TypeVar("R")


class Bell:
    """Wakes all who wait for something to happen."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_result(None)

    async def wait(self) -> None:
        """Return when the bell is next rung."""
        one = asyncio.get_running_loop().create_future()
        self._waiting.append(one)
        await one


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the first failure itself, not a group of failures."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def gather(jobs: Iterable[Coroutine[Any, Any, R]]) -> list[R]:
    """The results of all jobs, in order; the first failure cancels the rest."""
    async with together() as group:
        tasks: list[asyncio.Task[R]] = [group.create_task(job) for job in jobs]
    return [task.result() for task in tasks]


async def solve(plan: Plan, work: Callable[[Task, Findings], Awaitable[Finding]]) -> dict[str, Finding]:
    """Work on every task of the plan, each as soon as the findings it needs are there.

    `work` gets the findings its task needs, and only those. The first failure cancels the rest.
    """
    findings: dict[str, Finding] = {}
    started: set[str] = set()

    async def do(task: Task, group: asyncio.TaskGroup) -> None:
        findings[task.id] = await work(task, {need: findings[need] for need in task.needs})
        start(group)

    def start(group: asyncio.TaskGroup) -> None:
        for task in plan.ready(findings, started):
            started.add(task.id)
            group.create_task(do(task, group))

    async with together() as group:
        start(group)
    return findings
