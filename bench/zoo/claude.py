"""A Claude that always thinks, behind Anthropic's own protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from ..counting_server import PIECE, Call, _send
from .asked import Asked, Said, refuse

JSON = dict[str, Any]
EFFORTS = {"low": 200, "medium": 800, "high": 1500, "xhigh": 3000, "max": 6000}


def says(asked: Asked) -> Said:
    """Thinks as its effort says; takes no temperature, no budget of thoughts and no forced tool."""
    body = asked.body
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            raise refuse(f"`{name}` is deprecated for this model.")
    thinking = body.get("thinking") or {}
    if "budget_tokens" in thinking or thinking.get("type") in ("enabled", "disabled"):
        raise refuse(f'"thinking.type: {thinking.get("type")}" is not supported for this model. Use "adaptive".')
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise refuse("tool_choice may not force a tool for this model")
    if body["max_tokens"] > 128_000:
        raise refuse(f"max_tokens: {body['max_tokens']} > 128000, which is the maximum allowed number of output tokens")
    effort = (body.get("output_config") or {}).get("effort", "high")
    return Said(EFFORTS[effort], asked.reply, drawer="", cap=body["max_tokens"], calls=_tool(asked))


def _tool(asked: Asked) -> tuple[JSON, ...]:
    """A call of the first tool, unless one was just called: then its thought must have come back."""
    tools = asked.body.get("tools") or ()
    for message in asked.messages:
        blocks = [block for block in message["content"] if isinstance(block, dict)] if message["content"] else []
        kinds = [block.get("type") for block in blocks]
        if "tool_use" in kinds and not any(block.get("signature") == "sealed" for block in blocks):
            raise refuse("messages.1.content.0: a final `assistant` message must start with a thinking block")
        if "tool_result" in kinds:
            return ()
    return ({"id": f"toolu_{asked.number}", "name": tools[0]["name"], "input": {"n": 1}},) if tools else ()


async def write(call: Call, said: Said, body: JSON, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send the reply as Anthropic's protocol has it, and bill what is written."""
    texts = [] if said.calls else PIECE.findall(said.text)
    cut = said.thought + len(texts) > said.cap
    call.reasoning_tokens = min(said.thought, said.cap)
    texts = texts[: said.cap - call.reasoning_tokens]
    call.completion_tokens = call.reasoning_tokens + len(texts) + 10 * bool(said.calls)
    blocks: list[JSON] = [{"type": "thinking", "thinking": "", "signature": "" if cut and not texts else "sealed"}]
    blocks += [{"type": "text", "text": "".join(texts)}] if texts else []
    blocks += [{"type": "tool_use", **one} for one in said.calls]
    stop = "max_tokens" if cut else "tool_use" if said.calls else "end_turn"
    usage = {
        "input_tokens": call.prompt_tokens,
        "output_tokens": call.completion_tokens,
        "output_tokens_details": {"thinking_tokens": call.reasoning_tokens},
    }
    message = {"id": f"msg_{call.number}", "type": "message", "role": "assistant", "model": body["model"]}
    if not body.get("stream"):
        _send(writer, 200, {**message, "content": blocks, "stop_reason": stop, "stop_sequence": None, "usage": usage})
        return
    events = _events(message, blocks, stop, usage)
    data = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(data.encode())}\r\n\r\n"
    writer.write(head.encode() + data.encode())


def _events(message: JSON, blocks: list[JSON], stop: str, usage: JSON) -> list[JSON]:
    first = {"input_tokens": usage["input_tokens"], "output_tokens": 1}
    events: list[JSON] = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "usage": first}}
    ]
    for index, block in enumerate(blocks):
        events += [
            {"type": "content_block_start", "index": index, "content_block": _empty(block)},
            *({"type": "content_block_delta", "index": index, "delta": delta} for delta in _deltas(block)),
            {"type": "content_block_stop", "index": index},
        ]
    events.append({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage})
    return [*events, {"type": "message_stop"}]


def _empty(block: JSON) -> JSON:
    blank = {"thinking": "", "signature": "", "text": "", "input": {}}
    return {name: blank.get(name, value) for name, value in block.items()}


def _deltas(block: JSON) -> list[JSON]:
    match block["type"]:
        case "text":
            return [{"type": "text_delta", "text": block["text"]}]
        case "tool_use":
            return [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    return [{"type": "signature_delta", "signature": block["signature"]}] if block["signature"] else []
