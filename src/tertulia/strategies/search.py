"""Tree search over partial solutions: several next steps from each of the best so far, scored, the best kept.

A beam instead of Monte Carlo: with calls this dear, depth is small and the beam's order is known before it starts, so
the calls of a level run at once. The score is the agreement of a short ending with those of the others, not an opinion.

Sources: Tree of Thoughts (Yao et al., 2023), breadth-first; scoring by agreement as in self-consistency (Wang et al.,
2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..agents import Member, Voice
from ..agents.synthesizer import Synthesizer, tongue
from ..events import Decided
from ..model import Reply
from ..run import Run
from ..types import Answer, Effort, Question
from . import Strategy
from .agreement import conclusion_of, tally
from .answers import as_answer

STEP = """You solve a question step by step. Write only the next step, in one or two short sentences."""
FINISH = """You finish a solution that was begun. Go on in at most four short lines. Then write a last line with the
result alone:
Answer: …"""

SEARCHER = Voice("searcher", "tries the next steps of a solution, and how they would end")

WIDTHS = {"none": 1, "minimal": 1, "low": 2, "medium": 2, "high": 3, "xhigh": 4, "auto": 2}


@dataclass(frozen=True)
class Branch:
    """A partial solution, and how it would end."""

    steps: tuple[str, ...]
    ending: Reply
    conclusion: str


@dataclass(frozen=True)
class Search(Strategy):
    """2 x `depth` x `width` x `branching` calls at most; 16 with the defaults, about 6,000 tokens."""

    name: str = "search"
    width: int = 2
    """Partial solutions kept at each level, 1 or more."""
    branching: int = 2
    """Next steps tried from each, 1 or more."""
    depth: int = 2
    """Levels of steps before the end, 1 or more."""
    temperature: float = 0.8
    max_tokens: int = 250

    @property
    def members(self) -> tuple[Member, ...]:
        return (SEARCHER, Synthesizer())

    async def __call__(self, question: Question, run: Run) -> Answer:
        beam: list[tuple[str, ...]] = [()]
        for level in range(1, self.depth + 1):
            starts = [steps for steps in beam for _ in range(self.branching if level > 1 else self.width * 2)]
            branches = await run.at(f"level{level}").map(
                lambda start, run: self.grow(question, start[1], start[0], run), list(enumerate(starts))
            )
            best = self.best(branches)
            beam = [branch.steps for branch in best]
            agreed = sum(branch.conclusion == best[0].conclusion for branch in branches)
            run.emit(Decided("level", f"{agreed} of {len(branches)} branches end in {best[0].conclusion!r}", level))
            if agreed == len(branches):
                break
        return await as_answer(question, best[0].ending, run)

    async def grow(self, question: Question, steps: tuple[str, ...], number: int, run: Run) -> Branch:
        """One more step, and how the solution would then end."""
        run = run.by(SEARCHER.name)
        so_far = "\n".join(f"{i}. {step}" for i, step in enumerate(steps, start=1))
        text = f"{question.briefing}\n\nSo far:\n{so_far or 'nothing'}\n\nWrite{tongue(question)}."
        step = await run.ask(STEP, text, max_tokens=80, temperature=self.temperature, seed=number + 1)
        steps = (*steps, step.text.strip())
        so_far = "\n".join(f"{i}. {one}" for i, one in enumerate(steps, start=1))
        text = f"{question.briefing}\n\nSo far:\n{so_far}\n\nWrite{tongue(question)}."
        ending = await run.ask(FINISH, text, max_tokens=self.max_tokens)
        return Branch(steps, ending, conclusion_of(ending, question))

    def best(self, branches: Sequence[Branch]) -> list[Branch]:
        """The branches whose ending most others share."""
        votes = tally([branch.conclusion for branch in branches])
        return sorted(branches, key=lambda branch: -votes[branch.conclusion])[: self.width]

    def scaled(self, effort: Effort) -> Search:
        return replace(self, width=WIDTHS[effort])
