"""Several debaters answer, read each other, and answer again; the majority of the last round stands.

Kept for comparison and for people who want to audit a disagreement: at equal tokens, `vote` is as accurate or better.

Source: Du, Li, Torralba, Tenenbaum and Mordatch, 2023; against it: Smit et al., 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..agents import Member, Voice
from ..agents.synthesizer import Synthesizer
from ..events import Decided
from ..model import Reply
from ..run import Run
from ..types import Answer, Question
from . import Strategy
from .agreement import conclusion_of, tally
from .answers import as_answer
from .sampling import BY_STEPS, sample

SYSTEM = """You debate a question with others. Reason in at most eight short lines, say where another is wrong and
why, and change your mind only for a reason. Then write a last line with the result alone:
Answer: …"""
DEBATER = Voice("debater", "answers, reads what other debaters say, and answers again")


@dataclass(frozen=True)
class Debate(Strategy):
    """`debaters` x `rounds` calls, fewer if all agree at once; with 3 x 2, about 4,000 tokens."""

    name: str = "debate"
    system: str = SYSTEM
    alone: str = BY_STEPS
    """How each answers before anyone was heard."""
    debaters: int = 3
    rounds: int = 2
    """Times each speaks, 1 or more; the debate ends early when all agree."""
    temperature: float = 0.7
    max_tokens: int = 400

    @property
    def members(self) -> tuple[Member, ...]:
        return (DEBATER, Synthesizer())

    @property
    def remembers(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        said: list[Reply] = []
        for turn in range(1, self.rounds + 1):
            others = list(said)
            said = await run.at(f"round{turn}").map(
                lambda number, run, others=others: self.speak(question, number, others, run),  # type: ignore[misc]
                range(self.debaters),
            )
            votes = tally([conclusion_of(reply, question) for reply in said])
            run.emit(Decided("round", ", ".join(f"{one!r} {count}" for one, count in votes.items()), turn))
            if len(votes) == 1:
                break
        best = votes.most_common(1)[0][0] if votes else ""
        return await as_answer(question, next(r for r in said if conclusion_of(r, question) == best), run)

    async def speak(self, question: Question, number: int, others: list[Reply], run: Run) -> Reply:
        heard = "\n\n".join(f"Debater {i + 1} said:\n{reply.text}" for i, reply in enumerate(others) if i != number)
        system = self.system if heard else self.alone
        return await sample(
            question, number + 1, run.by(DEBATER.name), system, self.temperature, self.max_tokens, heard
        )
