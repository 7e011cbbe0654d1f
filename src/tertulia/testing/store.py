"""The contracts of stores: of a journal, and of a database that keeps runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..durable.life import resume
from ..durable.liveness import Heartbeat
from ..errors import ModelError, UnknownName
from ..events import Answered, Asked
from ..house import House
from ..journal import Heard, Journal
from ..model import Reply
from ..run import Run
from ..stores.adding import NewRun
from ..stores.database import Connection, Database
from ..stores.deleting import delete_run
from ..stores.runs import Runs
from ..strategies import Strategy
from ..types import Answer, Execution, Question
from ..usage import Entry, Usage
from .promises import BROKEN, ECHO, Watched, promise

QUESTION = Question("What is the sky like? ¿Y el mar?")
TOGETHER = 20
"""Transactions at the same time."""


@dataclass(frozen=True)
class Twice(Strategy):
    """Drafts, then edits."""

    name: str = "twice"

    async def __call__(self, question: Question, run: Run) -> Answer:
        draft = await run.by("drafter").ask("Draft.", question.text)
        reply = await run.by("editor").ask("Edit.", draft.text, form=question.form)
        return reply.as_answer()


def check_journal(make: Callable[[], Journal]) -> None:
    """Raise AssertionError if a journal breaks a promise that resumed runs rest on.

    Args:
        make: Makes a journal of the same run, as it was left; the first one is empty.
    """
    asyncio.run(_check_journal(make))


async def _check_journal(make: Callable[[], Journal]) -> None:
    journal, usage, taken = make(), Usage(10, 2), list[str]()
    entry = Entry("a#1", 1, "reasoner", "scripted", usage, "ok")
    heard = Heard(Reply("yes", usage), entry)
    promise(not list(await journal.entries()), "a new journal has no entries")

    async def call() -> Heard:
        taken.append("call")
        return heard

    async def execute() -> Execution:
        taken.append("program")
        return Execution("print(1)", "1\n")

    await journal.write(Entry("a#1", 1, "reasoner", "scripted", Usage(10, 500, exact=False)))
    for one in (journal, make()):
        promise(await one.once("a#1", Heard, call) == heard, "a step returns what it returned before")
        executed = await one.once("b#1", Execution, execute)
        promise(executed.output == "1\n", "a step returns a value of the kind that it had")
        promise(taken == ["call", "program"], f"a finished step is not taken again: {taken}")
        kept = list(await one.entries())
        promise(kept == [entry], f"a reply is kept together with the entry that settles it, in its place: {kept}")
        promise(await one.worked() >= 0, "time is not negative")


def check_store(make: Callable[[], Database], shared: bool = True) -> None:
    """Raise AssertionError if a database breaks a promise that stored runs rest on.

    Args:
        make: Makes the database at one place, which is empty at first; it is opened and closed here.
        shared: Whether what one keeps there is seen by the next; False for one that is in memory.
    """
    asyncio.run(_check_store(make, shared))


async def _check_store(make: Callable[[], Database], shared: bool) -> None:
    database = make()
    await database.open()
    try:
        promise(urlsplit(database.url).password is None, "an address shows no password")
        await _check_transactions(database)
        id = await _check_run(Runs(database))
        if shared:
            await _check_other(make(), id)
        await delete_run(Runs(database), id)
        await _check_gone(Runs(database), id)
    finally:
        await database.close()


async def _check_transactions(database: Database) -> None:
    await database.transact(lambda connection: connection.execute("CREATE TABLE promises (word TEXT, number BIGINT)"))

    def add(connection: Connection) -> int:
        connection.execute("INSERT INTO promises (word, number) VALUES (?, ?)", ("¿sí?", 1 << 40))
        return len(connection.execute("SELECT word FROM promises"))

    def fail(connection: Connection) -> None:
        add(connection)
        raise ValueError("on purpose")

    await asyncio.gather(*(database.transact(add) for _ in range(TOGETHER)))
    try:
        await database.transact(fail)
    except ValueError:
        pass
    else:
        promise(False, "what fails within a transaction is raised")
    waiting = asyncio.get_running_loop().create_future()
    database.submit(add, waiting.set_result)
    number, error = await waiting
    promise(error is None and number == TOGETHER + 1, f"each transaction is kept, but for one that fails: {number}")
    find = "SELECT word, number FROM promises WHERE number > ?"
    rows = await database.read(lambda connection: connection.execute(find, (1,)))
    promise(set(rows) == {("¿sí?", 1 << 40)}, f"values come back as they were: {set(rows)}")
    await database.transact(lambda connection: connection.execute("DROP TABLE promises"))


async def _check_run(runs: Runs) -> str:
    model = Watched(ECHO)
    run, _ = await runs.add(NewRun(QUESTION, {"model": "scripted"}))
    async with Heartbeat(runs) as heartbeat:
        with suppress(ModelError):
            await resume(run.id, House({"default": model, "editor": BROKEN}, Twice()), heartbeat)
        answered = await resume(run.id, House({"default": model}, Twice()), heartbeat)
    asked = [request.messages[-1].text for request in model.asked]
    promise(len(asked) == 2, f"a run that is resumed makes no call again that was paid for: {asked}")
    stored = await runs.get(run.id)
    promise(stored.question == QUESTION, "a question is kept as it was asked")
    promise(stored.state == "answered" and stored.answered is not None, "a run that ended is answered")
    promise((await runs.ledger(run.id)).total == answered.report.total, "the ledger is kept to the token")
    events = [numbered.event async for numbered in runs.follow(run.id)]
    promise(isinstance(events[0], Asked) and isinstance(events[-1], Answered), "events are kept in their order")
    return run.id


async def _check_other(database: Database, id: str) -> None:
    """Another one at the same place, while the first is open."""
    await database.open()
    try:
        promise((await Runs(database).get(id)).state == "answered", "what one keeps, another at the same place finds")
    finally:
        await database.close()


async def _check_gone(runs: Runs, id: str) -> None:
    try:
        await runs.get(id)
    except UnknownName:
        return
    promise(False, "a run that was deleted is gone")
