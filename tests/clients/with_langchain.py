import os

from langchain_openai import ChatOpenAI

for responses in (False, True):
    model = ChatOpenAI(
        model="tertulia", base_url=os.environ["URL"], api_key="none", use_responses_api=responses, stream_usage=True
    )
    plain = model.invoke(os.environ["QUESTION"])
    print("ANSWER", plain.text)
    print("USAGE", plain.usage_metadata["total_tokens"])
    whole = None
    for chunk in model.stream(os.environ["QUESTION"]):
        whole = chunk if whole is None else whole + chunk
    print("ANSWER", whole.text)
    print("USAGE", whole.usage_metadata["total_tokens"])
    for block in plain.content if responses else ():
        if block["type"] == "reasoning":
            print("REASONING", block["summary"][0]["text"], block["summary"][-1]["text"])
