"""Bound what a question may cost, and still get an answer.

You learn: a budget is a wall that is checked before each call, and a part of it is kept back, so that a run which meets
its budget answers with what it found and says why it stopped.
"""

import asyncio
from dataclasses import replace

from tertulia import Budget, Question
from tertulia.errors import BudgetExceeded
from tertulia.opening import open_house
from tertulia.settings import load

QUESTION = "How many minutes are there in a day, how many hours in a week, and which number is larger?"


async def main() -> None:
    async with await open_house(load(strategy="tertulia")) as house:
        for budget in (Budget(calls=20, seconds=300), Budget(calls=2), Budget(tokens=20)):
            try:
                answered = await replace(house, budget=budget).ask(Question(QUESTION))
            except BudgetExceeded as error:
                print(f"nothing: {error}")
                continue
            print(f"{answered.report.calls} calls: {answered.answer.text}")
            if answered.answer.stopped:
                print(f"it stopped early: {answered.answer.stopped}")


if __name__ == "__main__":
    asyncio.run(main())
