"""Spends tokens where they buy accuracy: a cheap triage picks a way of answering, and evidence alone escalates it.

Sources: routing by difficulty (Ong et al., 2024); scaling test-time compute by need (Snell et al., 2024).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ..abilities import Able, abilities_of
from ..agents import Agent, Member
from ..agents.triage import Choice, Route, Triage
from ..conversation import pictures
from ..errors import NotSupported
from ..events import Decided
from ..run import Run
from ..types import Answer, Effort, Question
from . import Strategy
from .answers import as_answer
from .compute import Compute, why_unanswered
from .direct import Direct
from .rag import Rag
from .refine import Refine
from .synthesize import Synthesize
from .tertulia import Tertulia
from .think import Think
from .tools import Tools
from .vote import Vote

MANY = ("plan", "vote", "synthesize")
"""Ways of many calls."""


@dataclass(frozen=True)
class Auto(Strategy):
    """One call for a trivial question or one that a program answers; as many as `tertulia` for parts in words."""

    name: str = "auto"
    effort: Effort = "auto"
    triage: Triage = Triage()
    direct: Direct = Direct()
    think: Think = Think()
    compute: Compute = Compute()
    vote: Vote = Vote(most=5)
    refine: Refine = Refine()
    synthesize: Synthesize = Synthesize()
    plan: Tertulia = field(default_factory=Tertulia)
    rag: Rag = Rag()
    tools: Tools = Tools()
    doubt: float = 0.7
    """Certainty of a vote below which a question that may be planned is planned instead, 0 to 1."""

    @property
    def members(self) -> tuple[Member, ...]:
        ways = (*self.ways.values(), self.think, self.compute, self.vote, self.rag, self.tools)
        return (self.triage, *(member for way in ways for member in way.members))

    @property
    def ways(self) -> Mapping[Route, Strategy]:
        """Strategies by the route that leads to them and nowhere else."""
        return {"direct": self.direct, "refine": self.refine, "synthesize": self.synthesize, "plan": self.plan}

    @property
    def remembers(self) -> bool:
        """With the least effort all is answered in one call, which reads the conversation."""
        return self.effort in ("none", "minimal") and self.rag.librarian is None

    @property
    def thorough(self) -> bool:
        """Whether a program that failed, or samples that disagree over one part, are worth more calls."""
        return self.effort in ("high", "xhigh")

    async def __call__(self, question: Question, run: Run) -> Answer:
        if self.rag.librarian and question.parts < 2:
            run.emit(Decided("rag", f"documents are given, and it has {question.parts} part"))
            return await self.rag(question, run)
        choice = await self.triage.choose(question, self.effort, run)
        run.emit(Decided(choice.route, choice.reason))
        if choice.route in MANY and isinstance(run.model, Able) and (reason := await self.thought(choice, run)):
            run.emit(Decided("think", reason))
            return await self.think(question, run)
        if self.may_call(question, choice):
            try:
                return await self.tools(question, run)
            except NotSupported as error:
                run.emit(Decided(choice.route, str(error)))
        if choice.known:
            question = replace(question, text=f"{question.text}\n(Known for certain: {choice.known})")
        if choice.route == "compute":
            return await self.answer_by_program(question, run, self.compute.once() if choice.guessed else self.compute)
        if choice.route == "vote":
            return await self.answer_by_vote(question, run)
        return await self.ways[choice.route](question, run)

    async def thought(self, choice: Choice, run: Run) -> str:
        """Why one call with thought is taken in place of many; empty if it is not.

        Tools, documents and other models are worth a plan, and a vote is worth its samples at high effort.
        """
        votes = self.thorough and choice.route != "plan"
        if votes or self.tools.caller or self.rag.librarian or len(run.books.models) > 1:
            return ""
        model = run.by(self.think.name).model
        known, seen = await abilities_of(model), run.books.thoughts.thinks(model.name)
        wants = known.by_default or self.effort in ("medium", "high", "xhigh")
        thinks = known.thinks == "always" or (known.thinks == "can" and wants) or (known.thinks == "unknown" and seen)
        return f"{choice.reason}; the model thinks by itself, so one call does" if thinks else ""

    def may_call(self, question: Question, choice: Choice) -> bool:
        """Whether it is worth a call to see if a tool gives the answer."""
        plain = choice.route in ("direct", "compute") and not choice.known and not pictures(question)
        return self.tools.caller is not None and plain and self.effort not in ("none", "minimal")

    async def answer_by_program(self, question: Question, run: Run, compute: Compute) -> Answer:
        """The answer of a program; if none ran, of one call, or with high effort of a plan or a vote.

        Measured in docs/lab.md: where the model wrote no program that runs, its samples and plans were no more often
        right than its first answer, and took several times the tokens. Nor was a second program, of a question that
        does not show that it can be computed.
        """
        finding = await compute.work(question, run)
        if finding.ok:
            return await compute.as_answer(question, finding, run)
        reason = why_unanswered(finding)
        if not self.thorough:
            run.emit(Decided("direct", reason))
            return await self.direct(question, run)
        if question.parts >= 2:  # whose answers seldom agree word for word
            run.emit(Decided("plan", reason))
            return await self.plan(question, run)
        run.emit(Decided("vote", reason))
        return await self.answer_by_vote(question, run)

    async def answer_by_vote(self, question: Question, run: Run) -> Answer:
        """The answer of the majority; of a plan if there is none worth the name, and parts or effort to plan with."""
        ballot = await self.vote.poll(question, run)
        found = f"certainty {ballot.certainty:.2f} after {len(ballot.samples)}"
        plans = self.thorough or question.parts >= 2
        if ballot.certainty >= self.doubt or not plans:
            run.emit(Decided("majority", found))
            return await as_answer(question, ballot.winner.reply, run)
        run.emit(Decided("plan", f"the samples disagree: {found}"))
        return await self.plan(question, run)

    def joined_by(self, agent: Agent) -> Auto:
        return replace(
            self, plan=self.plan.joined_by(agent), rag=self.rag.joined_by(agent), tools=self.tools.joined_by(agent)
        )

    def scaled(self, effort: Effort) -> Auto:
        return replace(
            self,
            effort=effort,
            vote=self.vote.scaled(effort),
            refine=self.refine.scaled(effort),
            synthesize=self.synthesize.scaled(effort),
            plan=self.plan.scaled(effort),
        )
