"""Whatever is sent to the server, it does not break."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import urllib.request

import pytest
from pydantic import TypeAdapter

from tertulia.errors import ModelError
from tertulia.server import objects
from tertulia.server.about.openapi import document
from tertulia.server.about.operations import OPERATIONS
from tertulia.server.chat.chat_objects import ChatChunk, ChatCompletion
from tertulia.server.responses.response_objects import Response, ResponseEvent
from tertulia.strategies.direct import Direct

from .serving import scripted_house, serving
from .test_server_tools import ASKED as HANDY
from .test_server_tools import CHAT_TOOL, RESPONSES_TOOL, handy

pytest.importorskip("schemathesis")
ASKED = [{"role": "user", "content": "Are there more minutes in a day than hours in a week?"}]


@pytest.mark.slow
def test_requests_of_every_kind_cause_no_fault_of_the_server(caplog, tmp_path):
    caplog.set_level(logging.INFO, "tertulia.server")
    command = [sys.executable, "-m", "schemathesis.cli", "run", "--max-examples", "20", "--seed", "7"]
    command += [
        "--checks",
        "content_type_conformance,status_code_conformance,response_schema_conformance",
        "--no-color",
    ]
    with serving() as server:
        done = subprocess.run([*command, f"{server.url}/openapi.json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    statuses = [record.args[3] for record in caplog.records if record.levelno == logging.INFO]
    assert len(statuses) > 300
    assert statuses.count(200) > 30
    assert 500 not in statuses


def test_the_document_is_json_and_names_every_model():
    described = json.loads(json.dumps(document(OPERATIONS, ("tertulia", "mine"))))
    assert described["components"]["schemas"]["ChatRequest"]["properties"]["model"]["enum"] == ["tertulia", "mine"]


def sent(server, path, **body):
    """The objects that a server sends for a request: one, or those of a stream."""
    data = json.dumps({"model": "tertulia", **body}).encode()
    with urllib.request.urlopen(f"{server.url}/v1/{path}", data, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    if "stream" not in body:
        return json.loads("".join(lines))
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def assert_is(type, data):
    """That it has the shape of the type, and nothing besides."""
    assert TypeAdapter(type).validate_python(data, strict=True) == data


def test_chats_and_responses_are_what_their_types_say():
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    usage = {"include_usage": True}
    with serving() as server:
        for more in ({}, {"n": 2, "metadata": {"topic": "time"}}, {"tools": [tool]}):
            assert_is(ChatCompletion, sent(server, "chat/completions", messages=ASKED, **more))
        chunks = sent(server, "chat/completions", messages=ASKED, stream=True, stream_options=usage)
        assert_is(list[ChatChunk], chunks)
        assert_is(Response, sent(server, "responses", input=ASKED))
        assert_is(list[ResponseEvent], sent(server, "responses", input=ASKED, stream=True))
        assert_is(list[ResponseEvent], sent(server, "responses", input=ASKED, stream=True, background=True))


def test_tool_calls_and_failures_are_what_their_types_say():
    asked = [{"role": "user", "content": HANDY}]
    with serving(handy(Direct())) as server:
        assert_is(ChatCompletion, sent(server, "chat/completions", messages=asked, tools=[CHAT_TOOL]))
        chunks = sent(server, "chat/completions", messages=asked, tools=[CHAT_TOOL], stream=True)
        assert_is(list[ChatChunk], chunks)
        assert any("tool_calls" in choice["delta"] for chunk in chunks for choice in chunk["choices"])
        made = sent(server, "responses", input=asked, tools=[RESPONSES_TOOL])
        assert_is(Response, made)
        assert made["output"][-1]["type"] == "function_call"
        events = sent(server, "responses", input=asked, tools=[RESPONSES_TOOL], stream=True)
        assert_is(list[ResponseEvent], events)

    def fails(system, text):
        raise ModelError("the wire was cut")

    with serving(scripted_house(fails)) as server:
        *chunks, error = sent(server, "chat/completions", messages=asked, stream=True)
        assert_is(list[ChatChunk], chunks)
        assert_is(objects.ErrorObject, error)
        events = sent(server, "responses", input=asked, stream=True)
        assert events[-1]["type"] == "response.failed"
        assert_is(list[ResponseEvent], events)
