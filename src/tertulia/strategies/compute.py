"""Program of thought: write a program that answers and run it; what it prints is the answer.

Source: Chen, Ma, Wang and Cohen, 2023; Gao et al., 2023 (PAL).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents import Member
from ..agents.calculator import WHOLE, Calculator
from ..agents.synthesizer import Synthesizer
from ..events import Decided, Found, TaskStarted
from ..run import Run
from ..types import Answer, Finding, Question, Task
from . import Strategy
from .answers import as_printed
from .direct import Direct


@dataclass(frozen=True)
class Compute(Strategy):
    """One call of about 500 tokens; one more if the program must be repaired, and one if its output needs words."""

    name: str = "compute"
    calculator: Calculator = Calculator(examples=WHOLE)
    synthesizer: Synthesizer = Synthesizer()
    direct: Direct = Direct()
    """How to answer when no program ran."""

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.calculator, self.synthesizer, *self.direct.members)

    async def __call__(self, question: Question, run: Run) -> Answer:
        finding = await self.work(question, run)
        if not finding.ok:
            run.emit(Decided("direct", why_unanswered(finding)))
            return await self.direct(question, run)
        return await self.as_answer(question, finding, run)

    def once(self) -> Compute:
        """The same without a repair, for a question that may have no program."""
        return replace(self, calculator=replace(self.calculator, repairs=0))

    async def as_answer(self, question: Question, finding: Finding, run: Run) -> Answer:
        """What the program printed, as it is if that says all, since a model that copies it may change it."""
        return await as_printed(question, finding, self.synthesizer, run)

    async def work(self, question: Question, run: Run) -> Finding:
        """What the program found, or why none ran."""
        task = Task("t1", question.briefing, self.calculator.name)
        run.emit(TaskStarted(task))
        finding = await self.calculator.work(task, {}, run.at(task.id))
        run.emit(Found(finding))
        return finding


def why_unanswered(finding: Finding) -> str:
    """Why something else must answer the question."""
    return f"no program that answers the question ran: {finding.text}"
