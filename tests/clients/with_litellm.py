import os

import litellm

common = {"model": "openai/tertulia", "api_base": os.environ["URL"], "api_key": "none"}
messages = [{"role": "user", "content": os.environ["QUESTION"]}]
plain = litellm.completion(messages=messages, **common)
print("ANSWER", plain.choices[0].message.content)
print("REASONING", plain.choices[0].message.reasoning_content)
print("USAGE", plain.usage.total_tokens)
chunks = list(litellm.completion(messages=messages, stream=True, stream_options={"include_usage": True}, **common))
print("ANSWER", "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices))
response = litellm.responses(input=os.environ["QUESTION"], **common)
print("ANSWER", response.output[-1].content[0].text)
