"""Plan, solve, criticise, compile: the strategy the project is named after."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents import Agent
from ..agents.calculator import Calculator
from ..agents.critic import Critic
from ..agents.planner import Planner
from ..agents.reasoner import Reasoner
from ..agents.synthesizer import Synthesizer
from ..errors import BudgetExceeded, TertuliaError
from ..events import Decided, Failed, Found, Judged, Planned, TaskStarted
from ..run import Run
from ..schedule import solve
from ..types import Answer, Effort, Finding, Findings, Question, Task, Verdict
from .direct import Direct

TASKS = {"none": 1, "minimal": 1, "low": 2, "medium": 4, "high": 6, "xhigh": 8, "auto": 4}
ATTEMPTS = {"none": 1, "minimal": 1, "low": 1, "medium": 2, "high": 2, "xhigh": 3, "auto": 2}

AGAIN = "{task}\n\nA first try was rejected: {reason} ({evidence}). Avoid that."


@dataclass(frozen=True)
class Tertulia:
    """A planner splits the question, agents solve the parts, a critic checks, a synthesizer compiles."""

    name: str = "tertulia"
    agents: tuple[Agent, ...] = (Reasoner(), Calculator())
    planner: Planner = Planner()
    critic: Critic = Critic()
    synthesizer: Synthesizer = Synthesizer()
    direct: Direct = Direct()
    """How to answer when the budget has no room for a plan."""
    attempts: int = 2
    """Most times an agent tries a task that the critic rejects."""

    async def __call__(self, question: Question, run: Run) -> Answer:
        try:
            plan = await self.planner.plan(question, self.agents, run)
        except BudgetExceeded as stop:
            run.emit(Decided("direct", f"no room for a plan: {stop}"))
            return replace(await self.direct(question, run), stopped=str(stop))
        run.emit(Planned(plan))
        failures: list[TertuliaError] = []

        async def work(task: Task, known: Findings) -> Finding:
            try:
                return await self.work(replace(task, question=question.text), known, run.at(task.id))
            except TertuliaError as error:  # the other tasks go on, and the answer says what is missing
                failures.append(error)
                run.emit(Failed(task.id, str(error)))
                return Finding(task.id, task.agent, str(error), ok=False, asked=task.text)

        findings = await solve(plan, work)
        if len(failures) == len(findings):
            raise failures[0]
        answer = await self.synthesizer.compile(question, findings, run)
        return answer if answer.stopped or not failures else replace(answer, stopped=str(failures[0]))

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        """The first finding the critic accepts, or the last one tried."""
        agents = {agent.name: agent for agent in self.agents}
        run.emit(TaskStarted(task))
        asked, findings = task, list[Finding]()
        for _ in range(self.attempts):
            finding = replace(await agents[asked.agent].work(asked, known, run), asked=task.text)
            findings.append(finding)
            run.emit(Found(finding))
            verdict = self.critic.judge(task, finding, known)
            run.emit(Judged(task.id, verdict))
            if verdict.accepted:
                return finding
            asked = self.again(task, verdict)
        return next((finding for finding in reversed(findings) if finding.ok), findings[0])

    def again(self, task: Task, verdict: Verdict) -> Task:
        """The task as it is given for another try: to someone with evidence, or with what was wrong."""
        if any(agent.name == verdict.better for agent in self.agents):
            return replace(task, agent=verdict.better)
        return replace(task, text=AGAIN.format(task=task.text, **vars(verdict)))

    def scaled(self, effort: Effort) -> Tertulia:
        return replace(self, planner=replace(self.planner, most=TASKS[effort]), attempts=ATTEMPTS[effort])
