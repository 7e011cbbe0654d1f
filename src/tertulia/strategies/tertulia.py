"""Plan, solve, criticise, compile: the strategy the project is named after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from ..agents import Agent, Member, as_text
from ..agents.critic import Critic
from ..agents.planner import Planner
from ..agents.roster import roster, standing
from ..agents.synthesizer import Synthesizer
from ..errors import BudgetExceeded, ModelError, TertuliaError
from ..events import Decided, Failed, Found, Judged, Planned, TaskStarted
from ..run import Run
from ..schedule import solve
from ..types import Answer, Effort, Finding, Findings, Plan, Question, Task, Verdict
from . import Strategy
from .answers import as_printed

TASKS = {"none": 1, "minimal": 1, "low": 2, "medium": 4, "high": 6, "xhigh": 8, "auto": 4}
ATTEMPTS = {"none": 1, "minimal": 1, "low": 1, "medium": 2, "high": 2, "xhigh": 3, "auto": 2}

MISSING = """{question}

A first plan left this:
{known}

Plan only for what was NOT FOUND, in another way."""
AGAIN = "{task}\n\nA first try was rejected: {reason} ({evidence}). Avoid that."


Work = Callable[[Task, Findings], Awaitable[Finding]]


@dataclass(frozen=True)
class Tertulia(Strategy):
    """A planner splits the question, agents solve the parts, a critic checks, a synthesizer compiles."""

    name: str = "tertulia"
    agents: tuple[Agent, ...] = field(default_factory=standing)
    """Who may be given tasks; all that are registered, but for those that join only under a condition."""
    planner: Planner = Planner()
    critic: Critic = Critic()
    synthesizer: Synthesizer = Synthesizer()
    replans: int = 1
    """Most times that what was not found is planned for again, 0 or 1."""
    attempts: int = 2
    """Most times an agent tries a task that the critic rejects."""

    @property
    def members(self) -> tuple[Member, ...]:
        return (self.planner, *self.agents, self.critic, self.synthesizer)

    async def __call__(self, question: Question, run: Run) -> Answer:
        for name, why in roster().broken.items():
            run.emit(Failed(name, why))
        plan = await self.planner.plan(question, self.agents, run)
        run.emit(Planned(plan))
        failures: list[TertuliaError] = []

        async def work(task: Task, known: Findings) -> Finding:
            try:
                return await self.work(replace(task, question=question.briefing), known, run.at(task.id))
            except TertuliaError as error:  # the other tasks go on, and the answer says what is missing
                failures.append(error)
                run.emit(Failed(task.id, str(error)))
                return Finding(task.id, task.agent, str(error), ok=False, asked=task.text)

        findings = await solve(plan, work)
        if failures and not any(finding.ok for finding in findings.values()):
            raise failures[0]
        met = any(isinstance(failure, BudgetExceeded) for failure in failures)
        if self.replans and not met and not all(finding.ok for finding in findings.values()):
            findings |= await self.fill(question, findings, work, run)
        answer = await self.compile(question, findings, run)
        return answer if answer.stopped or not failures else replace(answer, stopped=str(failures[0]))

    async def compile(self, question: Question, findings: Findings, run: Run) -> Answer:
        """The answer; there is nothing to compile where one program answers it all."""
        [*_, last] = findings.values()
        if len(findings) == 1 and last.ok and last.executions:
            return await as_printed(question, last, self.synthesizer, run)
        return await self.synthesizer.compile(question, findings, run)

    async def fill(self, question: Question, findings: Findings, work: Work, run: Run) -> dict[str, Finding]:
        """Findings for what a first plan left open, from a second plan that knows what was found and what failed."""
        gaps = [finding for finding in findings.values() if not finding.ok]
        run.emit(Decided("replan", "; ".join(f"{finding.asked}: {finding.text}" for finding in gaps)))
        text = MISSING.format(question=question.text, known=as_text(findings))
        try:
            plan = await self.planner.plan(replace(question, text=text), self.agents, run.at("again"))
        except (BudgetExceeded, ModelError) as error:
            run.emit(Failed("replan", str(error)))
            return {}
        plan = renamed(plan, "again_")
        run.emit(Planned(plan))
        return {id: finding for id, finding in (await solve(plan, work)).items() if finding.ok}

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        """The first finding the critic accepts, or the last one tried."""
        agents = {agent.name: agent for agent in self.agents}
        run.emit(TaskStarted(task))
        asked, findings = task, list[Finding]()
        for attempt in range(self.attempts):
            agent = agents[asked.agent].afresh() if attempt else agents[asked.agent]
            finding = replace(await agent.work(asked, known, run), asked=task.text)
            findings.append(finding)
            run.emit(Found(finding))
            verdict = await self.critic.examine(task, finding, known, run)
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

    def joined_by(self, agent: Agent) -> Tertulia:
        """With the agent last, or first if it must join: a plan that cannot be read falls to the first."""
        others = tuple(other for other in self.agents if other.name != agent.name)
        return replace(self, agents=(agent, *others) if agent.must_join else (*others, agent))

    def scaled(self, effort: Effort) -> Tertulia:
        return replace(self, planner=replace(self.planner, most=TASKS[effort]), attempts=ATTEMPTS[effort])


def renamed(plan: Plan, prefix: str) -> Plan:
    """The plan with `prefix` before each id, so that it can stand beside another."""
    return Plan(
        tuple(
            replace(task, id=prefix + task.id, needs=tuple(prefix + need for need in task.needs)) for task in plan.tasks
        )
    )
