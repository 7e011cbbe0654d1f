"""Adaptive self-consistency: sample answers in waves until the majority is certain enough.

Sources: self-consistency (Wang et al., 2023); adaptive consistency (Aggarwal et al., 2023).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..agents import Member, Voice
from ..agents.synthesizer import Synthesizer
from ..errors import BudgetExceeded, ModelError, TertuliaError
from ..events import Decided, Failed
from ..model import Reply
from ..run import Run
from ..types import Answer, Effort, Question
from . import Strategy
from .agreement import conclusion_of, tally
from .answers import as_answer
from .sampling import BY_STEPS, sample

SAMPLER = Voice("sampler", "answers by steps, to be compared with other samples")

MOST = {"none": 1, "minimal": 1, "low": 3, "medium": 5, "high": 9, "xhigh": 15, "auto": 7}


@dataclass(frozen=True)
class Sample:
    """One reply, and what it concludes."""

    reply: Reply
    conclusion: str


@dataclass(frozen=True)
class Ballot:
    """How a vote ended."""

    samples: tuple[Sample, ...]
    winner: Sample
    certainty: float
    """How likely the winner stays ahead with more samples, 0 to 1."""
    votes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Vote(Strategy):
    """From `wave` to `most` calls: with easy questions the first wave agrees and is all that is paid for."""

    name: str = "vote"
    system: str = BY_STEPS
    wave: int = 3
    """Samples asked for at once, 1 or more."""
    most: int = 7
    enough: float = 0.9
    """Certainty at which sampling stops, 0 to 1; three that agree have 0.94."""
    temperature: float = 0.7
    max_tokens: int = 400

    @property
    def members(self) -> tuple[Member, ...]:
        return (SAMPLER, Synthesizer())

    @property
    def remembers(self) -> bool:
        return True

    async def __call__(self, question: Question, run: Run) -> Answer:
        ballot = await self.poll(question, run)
        votes = ", ".join(f"{conclusion!r} {count}" for conclusion, count in ballot.votes.items())
        run.emit(Decided("majority", f"certainty {ballot.certainty:.2f}; votes: {votes}"))
        return await as_answer(question, ballot.winner.reply, run)

    async def poll(self, question: Question, run: Run) -> Ballot:
        """Sample until the majority is certain enough or `most` are drawn; what fails or is too dear is left out.

        Raises:
            BudgetExceeded, ModelError: if there is not even one sample.
        """
        samples: list[Sample] = []
        failures: list[TertuliaError] = []
        drawn = 0
        while drawn < self.most and not failures:
            size = min(self.wave, self.most - drawn)
            wave = range(drawn, drawn + size)
            drawn += size
            for got in await run.at("vote").map(lambda number, run: self.sample(question, number, run), wave):
                if isinstance(got, Sample):
                    samples.append(got)
                else:
                    failures.append(got)
            votes = tally([sample.conclusion for sample in samples])
            if votes and certainty(list(votes.values())) >= self.enough:
                break
        if not samples:
            raise failures[0]
        votes = tally([sample.conclusion for sample in samples])
        best = votes.most_common(1)[0][0] if votes else ""
        winner = next(sample for sample in samples if sample.conclusion == best)
        return Ballot(tuple(samples), winner, certainty(list(votes.values()) or [0]), dict(votes.most_common()))

    async def sample(self, question: Question, number: int, run: Run) -> Sample | TertuliaError:
        try:
            reply = await sample(
                question, number + 1, run.by(SAMPLER.name), self.system, self.temperature, self.max_tokens
            )
        except (BudgetExceeded, ModelError) as error:
            run.emit(Failed("vote", str(error)))
            return error
        return Sample(reply, conclusion_of(reply, question))

    def scaled(self, effort: Effort) -> Vote:
        return replace(self, most=MOST[effort], wave=min(self.wave, MOST[effort]))


def certainty(votes: Sequence[int]) -> float:
    """How likely the leader stays the leader, 0 to 1, given the votes of each conclusion.

    The probability that the leader's true share is above the runner-up's, under a flat prior for the two.

    Source: adaptive consistency (Aggarwal, Madaan, Yang and Mausam, 2023), with a Beta stopping rule.
    """
    leader, runner_up, *_ = [*sorted(votes, reverse=True), 0, 0]
    trials = leader + runner_up + 1
    ahead: float = sum(math.comb(trials, wins) for wins in range(leader + 1)) / 2**trials
    return ahead
