"""Compiles the findings into the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..conversation import without_images
from ..errors import BudgetExceeded, ModelError, PromptTooLong
from ..events import Failed
from ..model import Reply
from ..run import Run
from ..types import Answer, Citation, Findings, Question
from . import Member, as_text, line

SYSTEM = """You write the answer to a person's question from what your colleagues found.
Their findings are correct: copy every number from them exactly and do not compute anew.
Answer each part of the question, briefly and in plain words. Say which part is missing if one was not found.
Do not mention colleagues, findings or tasks."""

KEEP = "Write the marks such as [1] after what they bear out."


@dataclass(frozen=True)
class Synthesizer(Member):
    name: str = "synthesizer"
    skill: str = "compiles what was found into the answer"
    system: str = SYSTEM
    max_tokens: int = 500
    """Most tokens the answer may have."""
    shortest: int = 200
    """Characters below which findings are not shortened to fit."""

    async def compile(self, question: Question, findings: Findings, run: Run) -> Answer:
        """The answer, whatever it takes: if no model can write it, it lists what was found."""
        images = tuple(image for finding in findings.values() for image in finding.images)
        citations = citations_of(findings)
        try:
            reply = await self.write(question, findings, run.by(self.name))
        except (BudgetExceeded, ModelError) as error:
            if not any(finding.ok for finding in findings.values()):
                raise
            run.emit(Failed(self.name, str(error)))
            return Answer(as_list(findings), None, findings, images, citations, stopped=str(error))
        return replace(reply.as_answer(), findings=findings, images=images, citations=citations)

    async def write(self, question: Question, findings: Findings, run: Run) -> Reply:
        """Ask for the answer, with findings cut in half for as long as the prompt is too long."""
        heard = without_images(question)  # the findings say what was seen
        longest = max((len(finding.text) for finding in findings.values()), default=0)
        while True:
            citations = citations_of(findings)
            known = f"{as_text(findings, citations)}\n{KEEP}" if citations else as_text(findings)
            text = f"Question: {question.text}\n\nFindings:\n{known}\n\nWrite the answer{tongue(question)}."
            try:
                return await run.ask(
                    self.system, text, conversation=heard, max_tokens=self.max_tokens, form=question.form
                )
            except PromptTooLong:
                if longest < self.shortest:
                    raise
            except BudgetExceeded as budget:
                if longest < self.shortest or budget.limit != "tokens":
                    raise
            longest //= 2
            findings = {id: replace(f, text=f.text[:longest]) for id, f in findings.items()}


def citations_of(findings: Findings) -> tuple[Citation, ...]:
    """The citations of all findings, each once, in the order in which they are numbered from 1."""
    return tuple(dict.fromkeys(citation for finding in findings.values() for citation in finding.citations))


def tongue(question: Question) -> str:
    """In which language to answer, as the end of an instruction."""
    return f" in {question.language}" if question.language else ", in the language of the question"


def as_list(findings: Findings) -> str:
    """The findings as they are, one a line."""
    return "\n".join(f"- {finding.asked}: {line(finding)}" for finding in findings.values())
