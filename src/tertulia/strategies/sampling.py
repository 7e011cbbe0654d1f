"""Asks for one of several independent answers to the same question: what a vote, drafts and a debate are made of."""

from __future__ import annotations

from ..agents import Voice
from ..agents.synthesizer import tongue
from ..model import Reply
from ..run import Run
from ..types import Question

BY_STEPS = """Think step by step, in at most eight short lines. Then write a last line with the result alone:
Answer: …"""
"""How to answer where answers are compared."""
DRAFTER = Voice("drafter", "drafts an answer, to be checked or compiled")


async def sample(
    question: Question,
    number: int,
    run: Run,
    system: str,
    temperature: float,
    max_tokens: int,
    heard: str = "",
) -> Reply:
    """One answer; those with other numbers differ from it only by chance.

    Args:
        number: Which of them it is, from 1: the seed, so that strategies that ask alike get the same answers.
        heard: What others have said before, to be read after the question; empty if nobody has.

    Raises:
        BudgetExceeded, ModelError: if it cannot be had.
    """
    return await run.ask(
        system,
        "\n\n".join(text for text in (question.briefing, heard, f"Write{tongue(question)}.") if text),
        conversation=question,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=number,
    )
