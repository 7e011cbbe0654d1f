"""A way of answering of your own: draft, criticise, rewrite.

You learn: a strategy has a name and is called with a question and a run. It reaches models through `run.ask` and
nothing else, so every token is counted and the budget is kept. `form` marks the call whose text is shown.
"""

import asyncio
from dataclasses import dataclass, replace

from tertulia import Answer, Question
from tertulia.opening import open_house
from tertulia.run import Run
from tertulia.settings import load
from tertulia.strategies import Strategy

CRITICISE = "Name the one sentence of this draft that is most likely wrong, and say why. Two sentences at most."
REWRITE = "Answer the question. You have a draft and what a critic said of it; keep what is right."


@dataclass(frozen=True)
class Rewrite(Strategy):
    """Draft, criticise, rewrite: three calls, whatever the question."""

    name: str = "rewrite"

    async def __call__(self, question: Question, run: Run) -> Answer:
        draft = await run.by("drafter").ask("Answer the question.", question.text)
        fault = await run.by("critic").ask(CRITICISE, f"Question: {question.text}\n\nDraft: {draft.text}")
        known = f"Question: {question.text}\n\nDraft: {draft.text}\n\nCritic: {fault.text}"
        reply = await run.by("editor").ask(REWRITE, known, form=question.form)
        return reply.as_answer()


async def main() -> None:
    async with await open_house(load()) as house:
        answered = await replace(house, strategy=Rewrite()).ask(Question("Why is the sky blue?"))
    print(answered.answer.text)
    report = answered.report
    print(f"{report.calls} calls: {report.output} tokens are shown to you, {report.reasoning} went into thinking")


if __name__ == "__main__":
    asyncio.run(main())
