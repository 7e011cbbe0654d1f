"""Draft, check against evidence, and revise only where the evidence is against the draft.

Sources: Self-Refine (Madaan et al., 2023), held back as Huang et al., 2024, show that it must be: without outside
evidence revising makes answers worse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents import Member
from ..agents.critic import Critic
from ..agents.synthesizer import Synthesizer, tongue
from ..events import Found, Judged
from ..run import Run
from ..types import Answer, Effort, Finding, Question, Task, Verdict
from . import Strategy
from .answers import as_answer
from .sampling import DRAFTER

SYSTEM = "Answer the person's question. Show every sum that you make as: 3 * 4 = 12. Be brief."
REVISE = """{question}

A first answer was:
{draft}

It was checked, and {reason}: {evidence}
Write the answer again with that corrected{tongue}."""

ROUNDS = {"none": 0, "minimal": 0, "low": 1, "medium": 1, "high": 2, "xhigh": 3, "auto": 1}


@dataclass(frozen=True)
class Refine(Strategy):
    """One call if nothing speaks against the draft, one more for each revision; about 400 tokens each."""

    name: str = "refine"
    system: str = SYSTEM
    critic: Critic = Critic()
    rounds: int = 1
    """Most revisions, 0 or more."""
    max_tokens: int = 500

    @property
    def members(self) -> tuple[Member, ...]:
        return (DRAFTER, self.critic, Synthesizer())

    @property
    def remembers(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        run, task = run.by(DRAFTER.name), Task("t1", question.text, DRAFTER.name, question=question.briefing)
        text = f"{question.briefing}\n\nAnswer{tongue(question)}."
        for turn in range(1 + self.rounds):
            reply = await run.ask(
                self.system,
                text,
                conversation=question,
                max_tokens=self.max_tokens,
                form=question.form,
            )
            finding = Finding("t1", DRAFTER.name, reply.text, asked=question.text)
            run.emit(Found(finding))
            verdict = await self.verdict(task, finding, run)
            run.emit(Judged(task.id, verdict))
            if verdict.accepted or turn == self.rounds:
                break
            text = REVISE.format(question=question.briefing, draft=reply.text, tongue=tongue(question), **vars(verdict))
        return await as_answer(question, reply, run)

    async def verdict(self, task: Task, finding: Finding, run: Run) -> Verdict:
        """What speaks against the draft; numbers that its question does not give do not, as a model may know them."""
        checked = self.critic.check(task, finding)
        tested = await self.critic.test(task, finding, run) if checked.accepted else None
        return tested or checked

    def scaled(self, effort: Effort) -> Refine:
        return replace(self, rounds=ROUNDS[effort])
