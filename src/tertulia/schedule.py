"""Doing several things at once: the items of a list, the tasks of a plan, or work beside work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar

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


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, R]) -> AsyncIterator[asyncio.Task[R]]:
    """Do `work` while the block is at work; when the block ends, it is cancelled, and has ended.

    What it raises is the block's to ask for: await the task.
    """
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await end([task])


async def end(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Cancel the tasks, and wait until they have ended, whatever they raise."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Tasks:
    """Work that is begun at any time, and ends with its owner at the latest; an async context manager.

    One that fails does not end the others: it has to say so itself.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        """Do `work` beside what else is done."""
        return self.adopt(asyncio.create_task(work))

    def adopt(self, task: asyncio.Task[R]) -> asyncio.Task[R]:
        """Have a task end with the others."""
        self._tasks.add(task)  # the event loop itself holds tasks only weakly
        task.add_done_callback(self._tasks.discard)
        return task

    async def wait(self, seconds: float) -> None:
        """Let all of them end by themselves, at most so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=max(0.0, seconds))

    async def close(self) -> None:
        """Cancel all of them, and wait until they have ended."""
        await end(tuple(self._tasks))

    def __len__(self) -> int:
        return len(self._tasks)

    async def __aenter__(self) -> Tasks:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def every(
    seconds: float, work: Callable[[], Awaitable[object]], failed: Callable[[Exception], object] | None = None
) -> NoReturn:
    """Do `work` now, and again so many seconds after it has ended, until this is cancelled.

    Args:
        failed: Told of what the work raises, after which it goes on; None lets that end the loop.
    """
    while True:
        try:
            await work()
        except Exception as error:
            if failed is None:
                raise
            failed(error)
        await asyncio.sleep(seconds)


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
