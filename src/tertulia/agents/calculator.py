"""Answers a task by writing a small program and running it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from ..errors import SettingsError
from ..language import likely_language_of
from ..numbers import unmark
from ..run import Run
from ..tools.mending import mended, only_states
from ..tools.sandbox import ProgramLimits, execute, program
from ..tools.skills.cards import card, choose
from ..types import Execution, Finding, Findings, Task
from . import Agent, brief

Examples = tuple[tuple[str, str], ...]
"""What could be asked, and the program that answers it."""
SYSTEM = """You answer one part of a question by writing a Python program. Reply with the program and nothing else.
Compute everything; do not work anything out in your head. Print each answer with its letter or unit.
You may import math, datetime, re, itertools and collections. There are no files, no network and no input."""

EXAMPLES = (
    (
        "Pens cost 1.20 each and notebooks 3.50. (a) How much do 4 pens and 3 notebooks cost, with 10 % off? "
        "(b) How many boxes of 12 are needed for 50 pens?",
        "import math\npens = 4 * 1.20\nnotebooks = 3 * 3.50\ncost = (pens + notebooks) * (1 - 10 / 100)\n"
        "boxes = math.ceil(50 / 12)\nprint(f'(a) {cost:.2f} (b) {boxes} boxes')",
    ),
    (
        "Un curso empieza el 3 de marzo de 2024 y dura 45 días, contando el primero. ¿Qué día acaba, y de la semana?",
        "from datetime import date, timedelta\nlast = date(2024, 3, 3) + timedelta(days=45 - 1)\n"
        "names = ['lunes', 'martes', 'miércoles', 'jueves', 'viernes', 'sábado', 'domingo']\n"
        "print(last, names[last.weekday()])",
    ),
    (
        "Question: A van drives from 7:30 to 13:15 every day at 50 km an hour, using 8 litres per 100 km. How many "
        "hours is that in 4 days? How much fuel does it use in them? Why do vans use more fuel in town?\n\n"
        "Your part: hours in 4 days",
        "hours_a_day = (13 + 15 / 60) - (7 + 30 / 60)\nhours = hours_a_day * 4\nprint(hours, 'hours')",
    ),
    (
        "Question: A van drives from 7:30 to 13:15 every day at 50 km an hour, using 8 litres per 100 km. How many "
        "hours is that in 4 days? How much fuel does it use in them? Why do vans use more fuel in town?\n\n"
        "Known:\n[t1] hours in 4 days -> 23.0 hours\n\nYour part: fuel in 4 days",
        "litres = 23.0 * 50 * 8 / 100\nprint(litres, 'litres')",
    ),
    (
        "Ana, Ben and Cy stand in a row. Ana is not first, and Cy is right after Ben. In which orders can they stand?",
        "from itertools import permutations\nfor row in permutations(['Ana', 'Ben', 'Cy']):\n"
        "    if row[0] != 'Ana' and row.index('Cy') == row.index('Ben') + 1:\n        print(', '.join(row))",
    ),
)
WHOLE = tuple(example for example in EXAMPLES if "Your part:" not in example[0])
"""What is shown to one who answers a whole question: examples of parts would be read for nothing."""

FENCED = "```python\n{}\n```"
"""How programs are shown, since a model that sees programs in fences writes programs, where it would else answer."""

AGAIN = """{task}

(A first program ended with {error!r}. Write another one, in another way.)"""
"""Another try: never with the code that failed, which small models give back word for word."""
WARM = 0.7
"""Temperature of another try, so that it is another one."""
LONGEST_ERROR = 160
"""Characters of an error that are shown."""


@dataclass(frozen=True)
class Calculator(Agent):
    name: str = "calculator"
    skill: str = "works out by a program every number, sum of money, date, weekday, time, unit, count or order"
    system: str = SYSTEM
    examples: Examples = EXAMPLES
    """What could be asked, and the program that answers it: small models follow these more than any instruction."""
    repairs: int = 1
    """Most times another program is written where one failed."""
    max_tokens: int = 400
    """Most tokens a program may have."""
    limits: ProgramLimits = ProgramLimits()
    has_cards: bool = True
    """Whether a worked example of the question's kind is shown in place of most others, where there is one."""
    temperature: float = 0.0
    """Of the first program; others are written at `WARM`."""

    async def work(self, task: Task, known: Findings, run: Run) -> Finding:
        run, asked = run.by(self.name), unmark(brief(task, known), likely_language_of(task.question or task.text))
        examples = await self.examples_for(task, run) if self.has_cards else self.examples
        executions, key, calculator = list[Execution](), "", self
        for _ in range(1 + self.repairs):
            text = AGAIN.format(task=asked, error=in_short(executions[-1].error)) if executions else asked
            execution, key = await calculator.compute(text, examples, run)
            executions.append(execution)
            if not executions[-1].error:
                break
            calculator, examples = self.afresh(), self.examples
        last = executions[-1]
        text, ok = last.error or last.output.strip(), not last.error
        return Finding(task.id, self.name, text, ok, task.text, tuple(executions), written_by=key)

    def afresh(self) -> Self:
        return replace(self, temperature=WARM, has_cards=False)

    async def examples_for(self, task: Task, run: Run) -> Examples:
        """What is shown for a task: its kind's card and what shows the form, or all examples if no card is near."""
        try:
            name = await run.use("skills", str, lambda: choose(task.text))
        except SettingsError:  # the event says that the encoder is not installed
            return self.examples
        if not name:
            return self.examples
        form = tuple(example for example in self.examples if "Your part:" in example[0]) or self.examples[:1]
        return (*form, card(name).example)

    async def compute(self, text: str, examples: Examples, run: Run) -> tuple[Execution, str]:
        """Have one program written and run it, and the key of the call.

        One that prints nothing has failed, and so has one that prints a number which it did not work out.
        """
        shown = [(asked, FENCED.format(code)) for asked, code in examples]
        reply = await run.ask(
            self.system, text, examples=shown, max_tokens=self.max_tokens, temperature=self.temperature
        )
        code = mended(program(reply.text))
        execution = await run.execute(lambda: execute(code, self.limits))
        if not execution.error and not execution.output.strip():
            execution = replace(execution, output="", error="it printed nothing: print the answer")
        if not execution.error and only_states(code) and any(sign.isdigit() for sign in execution.output):
            execution = replace(execution, error="it states a number and computes none: write the calculation")
        return execution, reply.key


def in_short(error: str) -> str:
    """The line of an error that says what is wrong."""
    lines = error.strip().splitlines() or [""]
    return lines[-1].strip()[:LONGEST_ERROR]
