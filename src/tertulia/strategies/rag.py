"""Retrieval-augmented answering: look the question up in the user's documents, and answer from what they say.

Source: Lewis et al., 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents.critic import Critic, strangers
from ..agents.librarian import NOT_THERE, Librarian
from ..agents.synthesizer import Synthesizer
from ..errors import SettingsError
from ..events import Found, Judged, TaskStarted, Text
from ..run import Run
from ..types import Answer, Question, Task

DOUBT = "(No passage of the documents bears this out.)"
DOUBT_ES = "(Ningún pasaje de los documentos lo confirma.)"


@dataclass(frozen=True)
class Rag:
    """Two calls, one more if the question is long or foreign, or if the best passages do not answer it; 1,000 to 2,500
    tokens, most of them the passages."""

    name: str = "rag"
    librarian: Librarian | None = None
    """None until documents are given."""
    critic: Critic = Critic()
    synthesizer: Synthesizer = Synthesizer()

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
            finding = replace(finding, ok=False, text=NOT_THERE, citations=())
        answer = await self.synthesizer.compile(question, {task.id: replace(finding, asked="")}, run)
        return answer if finding.citations or not finding.ok else self.marked(answer, question, run)

    def marked(self, answer: Answer, question: Question, run: Run) -> Answer:
        """The answer with a mark that no passage bears it out, set by code: a model may forget it."""
        mark = "\n\n" + (DOUBT_ES if question.language == "Spanish" else DOUBT)
        if answer.written_by:
            run.emit(Text(answer.written_by, run.agent, mark, final=True))
        return replace(answer, text=answer.text + mark)

    def reading(self, librarian: Librarian) -> Rag:
        return replace(self, librarian=librarian)
