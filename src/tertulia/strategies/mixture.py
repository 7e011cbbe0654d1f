"""Mixture of agents: layers of proposers who read the layer before them, and one who compiles.

Kept for comparison, and for mixing different models (`--agent-model proposer1=…`, `proposer2=…`, `proposer3=…`); with
one model, `synthesize` does as well for fewer tokens.

Source: Wang, Wang, Athiwaratkun, Zhang and Zou, 2024; against it: Li, Lin, Xia and Jin, 2025.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..agents import Member, Voice
from ..agents.synthesizer import Synthesizer
from ..run import Run
from ..types import Answer, Finding, Question
from . import Strategy
from .sampling import sample
from .synthesize import COMPILE, SYSTEM


@dataclass(frozen=True)
class Mixture(Strategy):
    """`proposers` x `layers` + 1 calls; with 3 x 2, about 5,000 tokens."""

    name: str = "mixture"
    system: str = SYSTEM
    proposers: int = 3
    layers: int = 2
    """Times that proposals are made, each reading those before, 1 or more."""
    temperature: float = 0.7
    max_tokens: int = 300
    synthesizer: Synthesizer = Synthesizer(system=COMPILE)

    @property
    def members(self) -> tuple[Member, ...]:
        proposers = [Voice(f"proposer{number}", "proposes an answer") for number in range(1, self.proposers + 1)]
        return (*proposers, self.synthesizer)

    @property
    def remembers(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        proposals: list[Finding] = []
        for layer in range(1, self.layers + 1):
            before = "\n\n".join(f"Proposal {i + 1}:\n{one.text}" for i, one in enumerate(proposals))
            proposals = await run.at(f"layer{layer}").map(
                lambda number, run, before=before: self.propose(question, number, before, run),  # type: ignore[misc]
                range(1, self.proposers + 1),
            )
        return await self.synthesizer.compile(question, {one.task: one for one in proposals}, run)

    async def propose(self, question: Question, number: int, before: str, run: Run) -> Finding:
        run = run.by(f"proposer{number}")
        reply = await sample(question, number, run, self.system, self.temperature, self.max_tokens, before)
        return Finding(f"p{number}", f"proposer{number}", reply.text.strip(), asked=f"proposal {number}")
