import asyncio
import os

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider


async def main() -> None:
    provider = OpenAIProvider(base_url=os.environ["URL"], api_key="none")
    for kind in (OpenAIChatModel, OpenAIResponsesModel):
        agent = Agent(kind("tertulia", provider=provider))
        done = await agent.run(os.environ["QUESTION"])
        print("ANSWER", done.output)
        for part in done.response.parts:
            if part.part_kind == "thinking":
                print("REASONING", part.content)
        print("USAGE", done.usage.total_tokens)
        async with agent.run_stream(os.environ["QUESTION"]) as stream:
            print("ANSWER", await stream.get_output())


asyncio.run(main())
