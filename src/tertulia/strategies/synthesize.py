"""Self-mixture: several independent drafts of one model, and one compiler who reads them all.

Source: Self-MoA (Li, Lin, Xia and Jin, 2025): drafts of the one best model beat a mixture of different models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents import Member
from ..agents.synthesizer import Synthesizer
from ..errors import BudgetExceeded, ModelError, TertuliaError
from ..events import Failed, Found
from ..run import Run
from ..types import Answer, Effort, Finding, Question
from . import Strategy
from .sampling import DRAFTER, sample

SYSTEM = "Answer the person's question as well as you can, in at most a hundred and fifty words."
COMPILE = """You are given several drafts of an answer to a person's question. Write the best answer from them:
keep what most of them agree on and what is plainly right, leave out what contradicts it. Do not mention the drafts."""

DRAFTS = {"none": 1, "minimal": 1, "low": 2, "medium": 3, "high": 4, "xhigh": 6, "auto": 3}


@dataclass(frozen=True)
class Synthesize(Strategy):
    """`drafts` + 1 calls; with three drafts, about 2,000 tokens."""

    name: str = "synthesize"
    system: str = SYSTEM
    drafts: int = 3
    """Independent drafts, 1 or more."""
    temperature: float = 0.7
    max_tokens: int = 300
    """Most tokens of a draft."""
    synthesizer: Synthesizer = Synthesizer(system=COMPILE)

    @property
    def members(self) -> tuple[Member, ...]:
        return (DRAFTER, self.synthesizer)

    @property
    def remembers(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        drafts = await run.at("synthesize").map(lambda n, run: self.draft(question, n, run), range(self.drafts))
        findings = {draft.task: draft for draft in drafts if isinstance(draft, Finding)}
        if not findings:
            raise next(draft for draft in drafts if isinstance(draft, TertuliaError))
        return await self.synthesizer.compile(question, findings, run)

    async def draft(self, question: Question, number: int, run: Run) -> Finding | TertuliaError:
        try:
            reply = await sample(
                question, number + 1, run.by(DRAFTER.name), self.system, self.temperature, self.max_tokens
            )
        except (BudgetExceeded, ModelError) as error:
            run.emit(Failed(f"draft {number + 1}", str(error)))
            return error
        finding = Finding(f"d{number + 1}", DRAFTER.name, reply.text.strip(), asked=f"draft {number + 1}")
        run.emit(Found(finding))
        return finding

    def scaled(self, effort: Effort) -> Synthesize:
        return replace(self, drafts=DRAFTS[effort])
