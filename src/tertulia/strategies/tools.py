"""Tool use for one task: a caller uses tools of MCP servers, and the answer is written from what they gave.

Source: interleaved reasoning and acting (Yao et al., 2023), in at most a few calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..agents import Agent, Member
from ..agents.critic import Critic
from ..agents.synthesizer import Synthesizer
from ..errors import NotSupported, SettingsError
from ..events import Found, Judged, TaskStarted
from ..run import Run
from ..types import Answer, Question, Task
from . import Strategy


@dataclass(frozen=True)
class Tools(Strategy):
    """Three calls if one tool is used, and one if none fits."""

    name: str = "tools"
    caller: Agent | None = None
    """None until tools are given."""
    critic: Critic = Critic()
    synthesizer: Synthesizer = Synthesizer()

    @property
    def members(self) -> tuple[Member, ...]:
        return (*([self.caller] if self.caller else []), self.critic, self.synthesizer)

    async def __call__(self, question: Question, run: Run) -> Answer:
        """
        Raises:
            NotSupported: if no tool gives what is asked.
        """
        if self.caller is None:
            raise SettingsError(
                "the strategy 'tools' uses tools of MCP servers: name some as [mcp.NAME] in the settings"
            )
        task = Task("t1", question.briefing, self.caller.name)
        run.emit(TaskStarted(task))
        finding = await self.caller.work(task, {}, run.at(task.id))
        run.emit(Found(finding))
        if not finding.ok and not finding.sources:
            raise NotSupported(finding.text)
        verdict = self.critic.judge(task, finding, {})
        run.emit(Judged(task.id, verdict))
        if finding.ok and not verdict.accepted:
            finding = replace(finding, text=f"{finding.text} (not borne out: {verdict.reason})")
        return await self.synthesizer.compile(question, {task.id: finding}, run)

    def joined_by(self, agent: Agent) -> Tools:
        return replace(self, caller=agent) if agent.name == "caller" else self
