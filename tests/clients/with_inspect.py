import asyncio
import os

from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model


async def main() -> None:
    for responses in (False, True):
        model = get_model(
            "openai-api/tertulia/tertulia",
            base_url=os.environ["URL"],
            api_key="none",
            responses_api=responses,
            config=GenerateConfig(reasoning_effort="low"),
        )
        output = await model.generate([ChatMessageUser(content=os.environ["QUESTION"])])
        print("ANSWER", output.message.text)
        for part in output.message.content if isinstance(output.message.content, list) else ():
            if part.type == "reasoning":
                print("REASONING", part.reasoning, part.summary)
        print("USAGE", output.usage.total_tokens)


asyncio.run(main())
