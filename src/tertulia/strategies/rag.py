"""Retrieval-augmented answering: look the question up in the user's documents, and answer from what they say.

Source: Lewis et al., 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents import Agent, Member
from ..agents.critic import Critic, strangers
from ..agents.librarian import NOT_THERE
from ..agents.synthesizer import Synthesizer
from ..errors import SettingsError
from ..events import Found, Judged, TaskStarted
from ..run import Run
from ..types import Answer, Finding, Form, Question, Task
from . import Strategy

DOUBT = "(No passage of the documents bears this out.)"
DOUBT_ES = "(Ningún pasaje de los documentos lo confirma.)"
SILENT = "The documents do not say."
SILENT_ES = "Los documentos no lo dicen."


@dataclass(frozen=True)
class Rag(Strategy):
    """One call, one more if the question is long or foreign, if the best passages do not answer it, or if the answer
    must have a form; 700 to 2,500 tokens, most of them the passages."""

    name: str = "rag"
    librarian: Agent | None = None
    """None until documents are given."""
    critic: Critic = Critic()
    synthesizer: Synthesizer = Synthesizer()
    """Who writes the answer anew if the person wants it in a form."""

    @property
    def members(self) -> tuple[Member, ...]:
        return (*([self.librarian] if self.librarian else []), self.critic, self.synthesizer)

    async def __call__(self, question: Question, run: Run) -> Answer:
        if self.librarian is None:
            raise SettingsError("the strategy 'rag' reads documents: name some with --docs COLLECTION or --docs PATH")
        task = Task("t1", question.briefing, self.librarian.name)
        run.emit(TaskStarted(task))
        finding = await self.librarian.work(task, {}, run.at(task.id))
        run.emit(Found(finding))
        verdict = self.critic.judge(task, finding, {})
        run.emit(Judged(task.id, verdict))
        made_up = strangers(finding.text, task, {}, [passage.text for passage in finding.sources])
        if not finding.ok or made_up or (finding.citations and not verdict.accepted):
            finding = replace(finding, ok=False, text=NOT_THERE, citations=(), written_by=None)
        if question.form != Form():
            return await self.synthesizer.compile(question, {task.id: finding}, run)
        return Answer(as_text(finding, question), finding.written_by, {task.id: finding}, citations=finding.citations)

    def joined_by(self, agent: Agent) -> Rag:
        return replace(self, librarian=agent) if agent.name == "librarian" else self


def as_text(finding: Finding, question: Question) -> str:
    """The finding as the answer, with marks set by code: a model that copies it may forget one, or change a digit."""
    spanish = question.language == "Spanish"
    if not finding.ok:
        return SILENT_ES if spanish else SILENT
    marks = "".join(f"[{number}]" for number, _ in enumerate(finding.citations, 1))
    return f"{finding.text} {marks}" if marks else f"{finding.text}\n\n{DOUBT_ES if spanish else DOUBT}"
