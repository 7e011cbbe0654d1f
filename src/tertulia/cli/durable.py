"""Asks a question as a stored run, resumes one that was stopped, or replays one."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass

from ..durable.configuration import configuration, models_of, overrides_of, settled, tailored
from ..durable.life import resume
from ..durable.liveness import Heartbeat, dead_holder
from ..durable.reaper import prune
from ..errors import RunTaken, StoreError
from ..events import Answered, Event, Text
from ..opening import open_house
from ..stores.adding import NewRun
from ..stores.places import runs_at
from ..stores.records import Stored, Summary
from ..stores.runs import Runs
from .ask import AskCommand


@dataclass
class DurableAsk(AskCommand):
    """A question whose run is stored: a new one, or one that is resumed."""

    database: str = ""
    stored: Stored | None = None
    """The run to resume; None for a new one."""
    keep_days: float | None = None
    """Age in days at which ended runs are deleted; None keeps them."""
    streamed: bool = False

    async def _ask(self) -> None:
        loop, me = asyncio.get_running_loop(), asyncio.current_task()
        assert me is not None
        loop.add_signal_handler(signal.SIGTERM, me.cancel)
        async with runs_at(self.database) as runs:
            await prune(runs, self.keep_days)
            if self.stored and await self._replay_or_follow(runs, self.stored):
                return
            await self._carry(runs)

    async def _carry(self, runs: Runs) -> None:
        settings = await settled(self.settings, self.display.say)
        async with await open_house(settings, self.display.say) as house, Heartbeat(runs) as heartbeat:
            run: Summary | None = self.stored
            if self.stored:
                house = tailored(house, overrides_of(self.stored.configuration), self.stored.question)
            if run is None:
                names = house.strategy.name, models_of(house)
                run, _ = await runs.add(
                    NewRun(self.question, configuration(settings), strategy=names[0], models=names[1])
                )
            self.display.say(f"run {run.id}")
            over = await dead_holder(runs, run.worker) if run.state in ("running", "cancelling") else None
            try:
                answered = await resume(run.id, house, heartbeat, self._happened, over)
            except asyncio.CancelledError:
                self.display.say(f"stopped; resume it with `tertulia runs resume {run.id}`")
                raise
            finally:
                for entry in await runs.ledger(run.id):  # earlier lives spent too
                    self.progress.ledger.write(entry)
            self._print_earlier_answer(answered)

    async def _replay_or_follow(self, runs: Runs, run: Stored) -> bool:
        """Replay a finished run, or follow one another process is working on; False if it can be resumed here."""
        if run.state == "running" and not await dead_holder(runs, run.worker):
            self.display.say(f"{run.worker} is working on it; following")
        elif run.state != "answered":
            return False
        async for numbered in runs.follow(run.id):
            self._happened(numbered.event)
        run = await runs.get(run.id)
        if run.state != "answered":
            raise (RunTaken if run.state == "running" else StoreError)(f"{run.id} is {run.state}: {run.error}")
        return True

    def _happened(self, event: Event) -> None:
        self.streamed = self.streamed or (isinstance(event, Text) and event.final)
        super()._happened(event)

    def _print_earlier_answer(self, answered: Answered) -> None:
        """Print the answer if an earlier life wrote it."""
        answer = answered.answer
        if answer.written_by and not self.streamed:
            super()._happened(Text(answer.written_by, "", answer.text, final=True))


@dataclass
class ReplayCommand(AskCommand):
    """A stored run, replayed from its events: no model is asked."""

    database: str = ""
    run_id: str = ""

    async def _ask(self) -> None:
        async with runs_at(self.database) as runs:
            for numbered in await runs.events(self.run_id):
                self._happened(numbered.event)
            for entry in await runs.ledger(self.run_id):
                self.progress.ledger.write(entry)
