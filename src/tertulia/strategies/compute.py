"""Program of thought: write a program that answers and run it; what it prints is the answer.

Source: Chen, Ma, Wang and Cohen, 2023; Gao et al., 2023 (PAL).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents import Member
from ..agents.calculator import WHOLE, Calculator
from ..agents.critic import Critic
from ..agents.synthesizer import Synthesizer
from ..events import Decided, Found, Judged, TaskStarted
from ..run import Run
from ..types import Answer, Finding, Question, Task
from . import Strategy
from .answers import as_printed
from .direct import Direct

DOUBTED = "{task}\n\n(Of a first program this was wrong: {evidence}. Write another one, in another way.)"


@dataclass(frozen=True)
class Compute(Strategy):
    """One call of about 500 tokens; one more where the program failed or its answer can hardly be right, and one if its
    output needs words."""

    name: str = "compute"
    calculator: Calculator = Calculator(examples=WHOLE)
    critic: Critic = Critic()
    synthesizer: Synthesizer = Synthesizer()
    attempts: int = 2
    """Most programs that are written because the critic doubts what the one before printed, the first among them."""
    direct: Direct = Direct()
    """How to answer when no program ran."""

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.calculator, self.critic, self.synthesizer, *self.direct.members)

    async def __call__(self, question: Question, run: Run) -> Answer:
        finding = await self.work(question, run)
        if not finding.ok:
            run.emit(Decided("direct", why_unanswered(finding)))
            return await self.direct(question, run)
        return await self.as_answer(question, finding, run)

    def once(self) -> Compute:
        """The same with one program, for a question that may have none."""
        return replace(self, attempts=1, calculator=replace(self.calculator, repairs=0))

    async def as_answer(self, question: Question, finding: Finding, run: Run) -> Answer:
        """What the program printed, as it is if that says all, since a model that copies it may change it."""
        return await as_printed(question, finding, self.synthesizer, run)

    async def work(self, question: Question, run: Run) -> Finding:
        """What the program found, or why none ran: the first result that nothing speaks against, else the first."""
        task = asked = Task("t1", question.briefing, self.calculator.name)
        run.emit(TaskStarted(task))
        calculator, found = self.calculator, list[Finding]()
        for _ in range(self.attempts):
            finding = replace(await calculator.work(asked, {}, run.at(task.id)), asked=task.text)
            run.emit(Found(finding))
            if not finding.ok:
                break
            verdict = self.critic.judge_result(task, finding)
            run.emit(Judged(task.id, verdict))
            if verdict.accepted:
                return finding
            found.append(finding)
            calculator = replace(self.calculator.afresh(), repairs=0)
            asked = replace(task, text=DOUBTED.format(task=task.text, evidence=verdict.evidence))
        return found[0] if found else finding


def why_unanswered(finding: Finding) -> str:
    """Why something else must answer the question."""
    return f"no program that answers the question ran: {finding.text}"
