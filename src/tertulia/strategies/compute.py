"""Program of thought: write a program that answers, run it, and put its output into words.

Source: Chen, Ma, Wang and Cohen, 2023; Gao et al., 2023 (PAL).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..agents.calculator import WHOLE, Calculator
from ..agents.synthesizer import Synthesizer
from ..events import Decided, Found, TaskStarted
from ..run import Run
from ..types import Answer, Finding, Question, Task
from .direct import Direct


@dataclass(frozen=True)
class Compute:
    """Two calls, three if the program must be repaired; about 700 tokens with the prompts as they are."""

    name: str = "compute"
    calculator: Calculator = Calculator(examples=WHOLE)
    synthesizer: Synthesizer = Synthesizer()
    direct: Direct = Direct()
    """How to answer when no program ran."""

    async def __call__(self, question: Question, run: Run) -> Answer:
        finding = await self.work(question, run)
        if not finding.ok:
            run.emit(Decided("direct", f"no program that answers the question ran: {finding.text}"))
            return await self.direct(question, run)
        return await self.synthesizer.compile(question, {finding.task: finding}, run)

    async def work(self, question: Question, run: Run) -> Finding:
        """What the program found, or why none ran."""
        task = Task("t1", question.briefing, self.calculator.name)
        run.emit(TaskStarted(task))
        finding = await self.calculator.work(task, {}, run.at(task.id))
        run.emit(Found(finding))
        return finding
