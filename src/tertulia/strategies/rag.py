"""Retrieval-augmented answering: look the question up in the user's documents, and answer from what they say.

Source: Lewis et al., 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents.critic import Critic
from ..agents.librarian import NOT_THERE, Librarian
from ..agents.synthesizer import Synthesizer
from ..errors import SettingsError
from ..events import Found, Judged, TaskStarted
from ..run import Run
from ..types import Answer, Question, Task


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
        if finding.ok and not verdict.accepted:
            finding = replace(finding, text=f"{finding.text} (not borne out: {verdict.reason})")
        if not finding.ok:
            finding = replace(finding, text=NOT_THERE)
        return await self.synthesizer.compile(question, {task.id: finding}, run)

    def reading(self, librarian: Librarian) -> Rag:
        return replace(self, librarian=librarian)
