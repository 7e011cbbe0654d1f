"""An agent of your own, who knows what no model can: today's date.

You learn: an agent is a name, a line that tells the planner what to give it, and `work`. What it looks up goes through
`run.use`, so that a resumed run does not look again.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import date

from tertulia import Finding, Question, Task
from tertulia.agents import Agent
from tertulia.agents.calculator import Calculator
from tertulia.agents.reasoner import Reasoner
from tertulia.opening import open_house
from tertulia.run import Run
from tertulia.settings import load
from tertulia.strategies.tertulia import Tertulia
from tertulia.types import Findings


@dataclass(frozen=True)
class Calendar(Agent):
    """Says which day it is."""

    name: str = "calendar"
    skill: str = "knows which day is today: its date and weekday"

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        today = await run.by(self.name).use("calendar", str, self.look)
        return Finding(task.id, self.name, f"Today is {today}.", asked=task.text)

    async def look(self) -> str:
        return f"{date.today():%A, %Y-%m-%d}"


async def main() -> None:
    strategy = Tertulia(agents=(Calendar(), Reasoner(), Calculator()))
    async with await open_house(load()) as house:
        answered = await replace(house, strategy=strategy).ask(Question("Which day of the week is today?"))
    for finding in answered.answer.findings.values():
        print(f"{finding.agent}: {finding.text}")
    print(answered.answer.text)


if __name__ == "__main__":
    asyncio.run(main())
