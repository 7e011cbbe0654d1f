"""Watch a question being answered: each plan, finding and call as it happens.

You learn: opening a house from the settings, and the stream of events.
"""

import asyncio

from tertulia import Answered, Question
from tertulia.events import Found, Planned, Replied
from tertulia.opening import open_house
from tertulia.settings import load

QUESTION = "How many minutes are there in a day, how many hours in a week, and which number is larger?"


async def main() -> None:
    async with await open_house(load(strategy="tertulia")) as house:
        async for event in house.events(Question(QUESTION)):
            match event:
                case Planned():
                    for task in event.plan.tasks:
                        print(f"plan     {task.id} for the {task.agent}: {task.text}")
                case Found():
                    print(f"finding  {event.finding.task}: {event.finding.text}")
                case Replied():
                    print(f"call     {event.entry.agent}: {event.entry.usage.total} tokens")
                case Answered():
                    print(f"answer   {event.answer.text}")


if __name__ == "__main__":
    asyncio.run(main())
