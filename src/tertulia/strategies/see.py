"""Sight for models that have none: a plan in which every task needs what the viewer saw, and checked numbers.

What an answer says in numbers must be among the facts, or worked out from them by a program; what is not is left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from ..agents import Agent, Member
from ..agents.viewer import Viewer
from ..conversation import pictures, without_images
from ..errors import BudgetExceeded, ModelError, TertuliaError
from ..events import Decided, Failed, Planned
from ..numbers import Number, Value, mentioned, read, size
from ..run import Run
from ..schedule import solve
from ..tools.documents.fence import fence
from ..types import Answer, Effort, Finding, Findings, Plan, Question, Task
from . import Strategy
from .answers import as_printed
from .tertulia import Tertulia

SYSTEM = """You answer a question about images from facts that were read of them. Use these facts alone, and copy
numbers exactly. If the facts do not tell, say that it cannot be seen in the image. Answer briefly."""
LOOK = "look"
"""Id of the viewer's task."""
COMPUTED = re.compile(
    r"\b(?:average|mean|median|sum|altogether|add(?:ed)? up|combined|difference|ratio|percentage|percent|share"
    r"|how (?:much|many) (?:more|less|fewer)|times (?:as|more)|(?:high|low|small|great|bigg|tall|short|few)est|largest"
    r"|most|least|maximum|minimum|more than|less than|fewer than|above|below|rank|sort|count|order"
    r"|promedio|media|mediana|suma\w*|diferencia|proporción|porcentaje|cuánt[oa]s? (?:más|menos)|veces"
    r"|mayor|menor|máxim[oa]|mínim[oa]|más|menos|ordena\w*|superan?|encima|debajo)\b",
    re.I,
)
"""Words of a question that is answered by working something out, not by reading it off."""
TOLD = {"Spanish": "qué muestra la imagen"}
UNSEEN = "That cannot be seen in the image."
UNSEEN_ES = "Eso no se ve en la imagen."


@dataclass(frozen=True)
class See(Strategy):
    """One call for what can be read off an image, one for what a program works out of it, more for several parts."""

    name: str = "see"
    viewer: Viewer = field(default_factory=Viewer, compare=False, repr=False)
    plan: Tertulia = field(default_factory=Tertulia)
    system: str = SYSTEM
    max_tokens: int = 400
    """Most tokens of an answer that is read off."""

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.viewer, *self.plan.members)

    @property
    def sees(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        """The answer; without images, that of a plan.

        Raises:
            ToolError: if an image cannot be read.
        """
        if not (shown := pictures(question)):
            return await self.plan(question, run)
        asked = without_images(question)
        plan = await self.planned(asked, run)
        run.emit(Planned(plan))
        team = self.plan.joined_by(replace(self.viewer, images=shown))
        findings = await solve(plan, lambda task, known: self.work(task, known, asked, team, run))
        seen = findings[LOOK]
        if not seen.ok:
            return Answer(seen.text, findings=findings)
        answer = await self.compiled(asked, findings, run)
        if answer is None and len(plan.tasks) == 1:
            run.emit(Decided("replan", "the facts do not hold the numbers of the answer"))
            task = Task("t1", asked.text, "calculator", (LOOK,))
            findings[task.id] = await self.work(task, findings, asked, team, run)
            answer = await self.compiled(asked, findings, run) if findings[task.id].ok else None
        return answer or Answer(UNSEEN_ES if question.language == "Spanish" else UNSEEN, findings=findings)

    async def planned(self, question: Question, run: Run) -> Plan:
        """The viewer's task, and those that need it: a program where something is to be worked out, or the parts."""
        look = Task(LOOK, TOLD.get(question.language, "what the image shows"), self.viewer.name)
        if question.parts >= 2:
            plan = await self.plan.planner.plan(question, self.plan.agents, run)
            return Plan((look, *(replace(task, needs=(LOOK, *task.needs)) for task in plan.tasks)))
        if COMPUTED.search(question.text):
            return Plan((look, Task("t1", question.text, "calculator", (LOOK,))))
        return Plan((look,))

    async def work(self, task: Task, known: Findings, question: Question, team: Tertulia, run: Run) -> Finding:
        """What the team finds; of a task that fails, why: the others go on."""
        if task.id != LOOK and not known[LOOK].ok:
            return Finding(task.id, task.agent, known[LOOK].text, ok=False, asked=task.text)
        team = replace(team, attempts=1) if task.id == LOOK else team  # who looks again sees the same
        try:
            return await team.work(replace(task, question=question.briefing), known, run.at(task.id))
        except TertuliaError as error:
            if task.id == LOOK:
                raise
            run.emit(Failed(task.id, str(error)))
            return Finding(task.id, task.agent, str(error), ok=False, asked=task.text)

    async def compiled(self, question: Question, findings: Findings, run: Run) -> Answer | None:
        """The answer that the findings give; None if it has numbers that none of them holds."""
        others = {id: finding for id, finding in findings.items() if id != LOOK}
        good = {id: finding for id, finding in others.items() if finding.ok}
        try:
            answer = await self._answer(question, findings, others, good, run)
        except (BudgetExceeded, ModelError) as error:
            if not good:
                raise
            run.emit(Failed(self.name, str(error)))
            answer = Answer("\n".join(finding.text for finding in good.values()), stopped=str(error))
        given = (question.text, *(finding.text for finding in (findings[LOOK], *good.values())))
        if strange := unheld(read(answer.text), set().union(*map(mentioned, given))):
            run.emit(Failed(self.name, f"the facts do not hold these numbers: {', '.join(strange)}"))
            return None
        return replace(answer, findings=findings)

    async def _answer(
        self, question: Question, findings: Findings, others: Findings, good: Mapping[str, Finding], run: Run
    ) -> Answer:
        if len(others) > 1:
            return await self.plan.synthesizer.compile(question, findings, run)
        if good and all(finding.executions for finding in good.values()):
            [found] = good.values()
            return await as_printed(question, found, self.plan.synthesizer, run)
        form, tongue = question.form, question.language or "the language of the question"
        known = "".join(f"\n\n{finding.text}" for finding in good.values())
        text = f"{fence(findings[LOOK].sources)}{known}\n\nQuestion: {question.text}\n\nAnswer in {tongue}."
        reply = await run.by(self.plan.synthesizer.name).ask(
            f"{self.system}\n\n{form.instructions}".strip(),
            text,
            max_tokens=self.max_tokens if form.max_tokens is None else form.max_tokens,
            temperature=form.temperature or 0.0,
            stop=form.stop,
            seed=form.seed,
        )  # not shown as it is written: first its numbers are looked up
        return reply.as_answer()

    def joined_by(self, agent: Agent) -> See:
        return replace(self, plan=self.plan.joined_by(agent))

    def scaled(self, effort: Effort) -> See:
        return replace(self, plan=self.plan.scaled(effort))


def unheld(numbers: Iterable[Number], held: Collection[Value]) -> list[str]:
    """The numbers, as written, that are none of those held in any reading, nor one of them with fewer decimals."""
    return list(dict.fromkeys(one.written for one in numbers if not _is_held(one, held)))


def _is_held(number: Number, held: Collection[Value]) -> bool:
    if any(size(value) in held for value in number.values):
        return True
    if number.parts and all(_is_held(part, held) for part in number.parts):
        return True
    return any(_is_rounded(Fraction(size(value)), Fraction(one)) for value in number.values for one in held)


def _is_rounded(value: Fraction, exact: Fraction) -> bool:
    """Whether a value is a longer one rounded to whole numbers, or to up to four decimals."""
    if abs(value - exact) > Fraction(1, 2) or not exact.denominator > value.denominator:
        return False
    digits = next((n for n in range(5) if (value * 10**n).denominator == 1), None)
    return digits is not None and abs(value - exact) * 10**digits * 2 <= 1
