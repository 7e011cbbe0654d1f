"""What servers send, whatever it is: bounded, of the types that are wanted, and with one way to fail."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia import House, Question
from tertulia.errors import ModelBusy, ModelError
from tertulia.model import Chunk, Draft, Message, Request
from tertulia.printable import printable
from tertulia.providers import _errors
from tertulia.providers._heard import Heard, Sent
from tertulia.providers._loops import WINDOW, Circle, repeats
from tertulia.providers._replies import judge
from tertulia.providers._tags import CLOSES, PAIRS, Tags
from tertulia.providers._usage import Counted
from tertulia.providers.openai import OpenAI
from tertulia.providers.reading import Unreadable, clean, parse, shown, too_deep
from tertulia.providers.schemas import fits, is_strict
from tertulia.providers.scripted import Scripted
from tertulia.stores.memory import Memory
from tertulia.strategies.direct import Direct

QUESTION = Request((Message("user", "What is 2 + 3?"),))
DEEP = b'{"choices":' * 2000 + b"1" + b"}" * 2000
CHUNK = {
    "choices": [
        {
            "index": 0,
            "delta": {
                "content": "five",
                "refusal": "",
                "reasoning_content": "hm",
                "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "hm"}],
                "tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}],
            },
            "finish_reason": "stop",
        }
    ],
    "usage": {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "total_tokens": 14,
        "completion_tokens_details": {"reasoning_tokens": 2},
        "prompt_tokens_details": {"cached_tokens": 1},
    },
    "timings": {"prompt_n": 9, "predicted_n": 5, "cache_n": 0},
}
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text()
    | st.just("\ud83d")
    | st.just("x" * 5000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as keys and numbers on the way to it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [()] + [(key, *rest) for key, below in inner for rest in places(below)]


def put(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    """The same value with something odd at a place."""
    if not place:
        return odd
    changed = copy.copy(value)
    changed[place[0]] = put(value[place[0]], place[1:], odd)
    return changed


def harmless(text: str) -> bool:
    """Whether any screen shows a text as one line."""
    return printable(text) == text and "\n" not in text


def hear(*chunks: Any) -> Heard:
    heard = Heard()
    for chunk in chunks:
        data = chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()
        list(heard.lines([b"data: " + data]))
    list(heard.end())
    return heard


# -- one reader


@pytest.mark.parametrize("data", [DEEP, b"[" * 100_000, b'{"a":' * 100_000, b'["\\ud83d",' + b"[" * 3000])
def test_json_nested_without_end_is_refused_at_once(data: bytes) -> None:
    with pytest.raises(Unreadable, match="nested more than 200 levels deep"):
        parse(data)


@pytest.mark.parametrize(
    ("data", "said"), [(b"", "nothing"), (b" " * 80, "80 blanks"), (b"<html>\x1b[2J", "'<html>'"), (b"{", "'{'")]
)
def test_what_is_no_json_is_shown(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(data)
    assert str(caught.value) == f"it sent {said} in the place of JSON"


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Unreadable):
        parse(data)
    assert len(shown(data)) < 100


def test_brackets_in_texts_are_no_nesting() -> None:
    assert not too_deep(json.dumps("[" * 1000).encode())
    assert parse(json.dumps({"a": '"' + "[{" * 1000}).encode())


@given(st.text())
def test_what_is_shown_moves_no_cursor(text: str) -> None:
    assert harmless(clean(text))
    assert len(shown(text)) < 1000


@given(st.sampled_from(places(CHUNK)), ODD)
def test_an_odd_value_at_any_place_of_a_reply_is_heard_or_is_our_own_error(place: tuple[Any, ...], odd: Any) -> None:
    try:
        heard = hear(put(CHUNK, place, odd))
    except (ModelBusy, Sent):
        return
    usage = heard.counted(50)
    assert usage is None or (usage.read >= 0 and usage.written >= usage.hidden >= 0)
    json.dumps(heard.kept)
    for call in heard.calls:
        call.arguments.encode()
    heard.said.encode()
    with suppress(ModelError):
        judge(heard, "m", 100, usage)


@given(st.sampled_from(places(CHUNK)), ODD)
def test_an_odd_error_is_an_error_with_a_status(place: tuple[Any, ...], odd: Any) -> None:
    error = {"error": {"message": "no", "code": 429, "type": "rate_limit", "param": None}, "detail": [{"loc": ["a"]}]}
    for known in (put(CHUNK, place, odd), put(error, ("error", "message"), odd), put(error, ("error",), odd), odd):
        details = _errors.details(json.dumps(known).encode())
        assert 400 <= _errors.status_of(details) < 600
        assert harmless(str(_errors.classify(400, details, {}, "http://here/v1")))


def test_a_list_of_what_is_wrong_with_a_request_is_understood() -> None:
    data = {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}
    assert _errors.details(json.dumps(data).encode()) == {
        "message": "seed: Extra inputs are not permitted",
        "param": "seed",
        "type": "extra_forbidden",
    }


@given(ODD, ODD)
def test_any_schema_can_be_looked_at(value: Any, schema: Any) -> None:
    fits(json.dumps(value), schema if isinstance(schema, dict) else {"properties": schema, "enum": schema})
    is_strict({"type": "object", "properties": schema, "required": schema, "anyOf": schema})


# -- over a wire


@asynccontextmanager
async def sending(data: bytes, kind: str = "text/event-stream", status: int = 200) -> AsyncIterator[OpenAI]:
    """A model behind a server that answers everything with the same bytes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await reader.readexactly(int(size[0].split(b":")[1]) if size else 0)
        lines = f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(data)}", "Connection: close"
        writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    model = OpenAI("m", f"http://127.0.0.1:{port}/v1", key="x")
    yield model
    await model.close()
    server.close()


HOSTILE = {
    "a deep event": (b"data: " + DEEP + b"\n\n", "text/event-stream", 200),
    "a deep reply": (DEEP, "application/json", 200),
    "a deep error": (DEEP, "application/json", 400),
    "choices that are a number": (b'data: {"choices": 5}\n\ndata: [DONE]\n\n', "text/event-stream", 200),
    "blanks": (b"data:   \n" * 80, "text/event-stream", 200),
    "an empty reply": (b"", "application/json", 200),
    "an empty error": (b"", "application/json", 503),
    "a line without end": (b"data: " + b"x" * (5 << 20), "text/event-stream", 200),
    "an error that turns letters around": (b'{"error": {"message": "\\u202eno\\u001b[2J"}}', "application/json", 400),
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_hostile_servers_fail_in_our_own_errors_and_their_line_is_settled(what: str) -> None:
    journal = Memory()
    async with sending(*HOSTILE[what]) as model:
        async with House({"default": model}, Direct()) as house:
            with pytest.raises(ModelError) as caught:
                await house.ask(Question("What is 2 + 3?"), journal=journal)
        assert harmless(str(caught.value))
        assert "127.0.0.1" in str(caught.value)
        assert len(str(caught.value)) < 400
    assert {entry.status for entry in journal.ledger.values()} <= {"failed", "retried"}


async def test_whatever_a_model_raises_its_line_is_settled() -> None:
    class Broken(Scripted):
        async def stream(self, request: Request) -> AsyncIterator[Chunk]:
            yield Chunk("half ")
            raise RecursionError("too deep")

    journal = Memory()
    async with House({"default": Broken()}, Direct()) as house:
        with pytest.raises(RecursionError):
            await house.ask(Question("What is 2 + 3?"), journal=journal)
    assert [entry.status for entry in journal.ledger.values()] == ["failed"]


async def test_a_message_names_the_address_what_came_and_what_would_work() -> None:
    async with sending(b"data: <html>\n\n") as model:
        with pytest.raises(ModelBusy) as caught:
            await Draft().read(model.stream(QUESTION))
    assert str(caught.value) == (
        f"the reply of {model.url} is not readable: it sent '<html>' in the place of JSON; "
        "is that the address of a model server?"
    )


async def test_a_long_wait_is_told() -> None:
    error = _errors.classify(503, {"message": "busy"}, {"retry-after": "3600"}, "http://here/v1")
    assert str(error) == "http://here/v1 answered 503: busy; it asks to wait 3,600 s"


async def test_a_short_key_takes_no_letters_out_of_messages() -> None:
    async with sending(b'{"error": {"message": "no extra boxes for Bearer x"}}', "application/json", 400) as model:
        with pytest.raises(ModelError) as caught:
            await Draft().read(model.stream(QUESTION))
    assert "no extra boxes for Bearer …" in str(caught.value)


# -- pieces


def delta(**said: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": said}]}


def test_halves_of_a_character_in_two_pieces_are_one() -> None:
    heard = hear(delta(content="Look \ud83d"), delta(content="\ude00 now"), delta(reasoning_content="hm \ud83d"))
    assert heard.said == "Look \U0001f600 now"
    assert "".join(heard.thought) == "hm \ufffd"
    thought = hear(delta(reasoning="hm \ud83d"), delta(reasoning="\ude00"), delta(content="ok"))
    assert "".join(thought.thought) == "hm \U0001f600"


def test_line_separators_in_a_text_are_letters() -> None:
    text = "one\u2028two\u2029\x85"
    assert hear(json.dumps(delta(content=text), ensure_ascii=False).encode()).said == text


def call(index: int | None = 0, id: str = "", name: str = "", arguments: str = "") -> dict[str, Any]:
    number = {} if index is None else {"index": index}
    return delta(tool_calls=[{**number, "id": id, "function": {"name": name, "arguments": arguments}}])


@pytest.mark.parametrize(
    "pieces",
    [
        [call(0, "c1", "f", '{"x":1}'), call(0, "c2", "g", '{"y":2}')],
        [call(0, "c1", "f", '{"x":'), call(0, "", "", "1}"), call(0, "c2", "g"), call(0, "c2", "", '{"y":2}')],
        [call(0, "c1", "f", '{"x":'), call(1, "c2", "g", '{"y":'), call(0, "", "", "1}"), call(1, "", "", "2}")],
        [call(1, "c2", "g", '{"y":2}'), call(0, "c1", "f", '{"x":1}')],
        [call(None, "c1", "f", '{"x":1}'), call(None, "c2", "g", '{"y":2}')],
    ],
)
def test_parallel_calls_are_told_apart_whatever_their_numbers(pieces: list[dict[str, Any]]) -> None:
    calls = [(each.id, each.name, each.arguments) for each in hear(*pieces).calls]
    assert calls == [("c1", "f", '{"x":1}'), ("c2", "g", '{"y":2}')]


def test_calls_without_ids_are_told_apart_by_their_names() -> None:
    heard = hear(call(0, "", "f", "{}"), call(0, "", "g", "{}"))
    assert [(each.id, each.name) for each in heard.calls] == [("call_0", "f"), ("call_1", "g")]


def test_reasoning_details_come_together_and_are_told() -> None:
    first = {"type": "reasoning.text", "index": 0, "text": "I ", "signature": None}
    heard = hear(
        delta(reasoning_details=[first]),
        delta(reasoning_details=[{**first, "text": "add", "signature": "sealed"}]),
        delta(reasoning_details=[{"type": "reasoning.encrypted", "index": 1, "data": "x"}], content="five"),
    )
    assert ("".join(heard.thought), heard.said) == ("I add", "five")
    assert heard.kept["fields"]["reasoning_details"] == [
        {"type": "reasoning.text", "index": 0, "text": "I add", "signature": "sealed"},
        {"type": "reasoning.encrypted", "index": 1, "data": "x"},
    ]


def test_a_signature_of_a_call_is_kept() -> None:
    extra = {"google": {"thought_signature": "sealed"}}
    heard = hear(delta(tool_calls=[{"id": "c1", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra}]))
    assert heard.kept["calls"] == {"c1": {"extra_content": extra}}


def test_content_in_parts_is_thought_and_text() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
    heard = hear(delta(content=[thinking, {"type": "text", "text": "five"}]))
    assert ("".join(heard.thought), heard.said) == ("hm", "five")


# -- thoughts in the text


def split(text: str, size: int, **known: bool) -> tuple[str, str]:
    """Thought and text of a reply that comes in pieces of this size."""
    tags, thought, said = Tags(**known), "", ""
    for piece in [*(text[at : at + size] for at in range(0, len(text), size)), None]:
        more, words = tags.rest() if piece is None else tags.split(piece)
        if tags.moved:
            thought, said, tags.moved = thought + said, "", False
        thought, said = thought + more, said + words
    return thought, said


@pytest.mark.parametrize(("opening", "closing"), PAIRS.items())
def test_every_spelling_is_found_wherever_the_pieces_end(opening: str, closing: str) -> None:
    final = "<|start|>assistant<|channel|>final<|message|>" if closing == "<|end|>" else ""
    text = f"\n{opening}a < b [1]{closing}\n{final}B < c [2]"
    assert {split(text, size) for size in range(1, len(text) + 1)} == {("a < b [1]", "B < c [2]")}


@pytest.mark.parametrize("closing", CLOSES)
def test_a_thought_that_nothing_opened_is_found_where_it_ends(closing: str) -> None:
    text = f"why so{closing}\n\nB"
    assert {split(text, size) for size in range(1, len(text) + 1)} == {("why so", "B")}
    assert {split(text, size, lone=False) for size in range(1, len(text) + 1)} == {("", text)}


@pytest.mark.parametrize(
    "text",
    [
        "In the log stands <think>draft</think>, which stays.",
        "Close it with `</think>` and go on.",
        'He wrote "</think>" there.',
        "a < b and [1] <",
        "  plain",
        "<thin",
        "[THIN",
    ],
)
def test_a_tag_that_is_quoted_stays(text: str) -> None:
    assert {split(text, size) for size in range(1, len(text) + 1)} == {("", text)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<think>a</think>\n\n</think>\n\nB", ("a", "B")),
        ("<think>a</think><think>b</think>B", ("ab", "B")),
        ("<think>never closed", ("never closed", "")),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>", ("a", "B")),
    ],
)
def test_odd_thoughts_are_told_apart(text: str, found: tuple[str, str]) -> None:
    assert {split(text, size) for size in range(1, len(text) + 1)} == {found}


@pytest.mark.parametrize(
    ("text", "found"),
    [("why\n</think>\n\nB", ("why\n", "B")), ('{"a": 1}', ("", '{"a": 1}')), ("<think>a</think>B", ("a", "B"))],
)
def test_a_reply_that_begins_in_a_thought_is_told_when_that_is_over(text: str, found: tuple[str, str]) -> None:
    assert {split(text, size, opened=True) for size in range(1, len(text) + 1)} == {found}


@given(st.text(alphabet="ab <>/think[]THINK|\n`", max_size=60), st.integers(1, 7))
def test_the_pieces_make_no_difference(text: str, size: int) -> None:
    assert split(text, size) == split(text, max(1, len(text)))


# -- circles


def test_the_same_words_four_times_are_a_circle() -> None:
    assert repeats("Wait, let me check. " * 40)
    assert not repeats("Wait, let me check. " * 39)
    assert repeats("so " + "".join(f"step {n}, " for n in range(150)) * 4)
    assert not repeats("".join(f"step {n}, " for n in range(2000))[-WINDOW:])
    assert not repeats("short")


def test_a_draft_that_is_written_again_and_changed_is_no_circle() -> None:
    draft = "def add(a, b):\n    return a + b  # as the question says, both are numbers and neither is None\n" * 3
    assert not repeats("".join(f"{draft}That misses case {n}. " for n in range(5)))


def test_a_circle_is_found_soon_after_it_closes() -> None:
    circle, pieces = Circle(), 0
    while not circle.closes("Wait, "):
        pieces += 1
    assert pieces * len("Wait, ") < 1000


# -- counts


@pytest.mark.parametrize(
    ("counts", "usage"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 5, "reasoning_tokens": 3}, (9, 5, 3, True)),  # SGLang
        ({"prompt_tokens": 9, "total_tokens": 29}, (9, 20, 20, True)),  # Gemini, its reply eaten
        ({"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 34}, (9, 25, 20, False)),  # Gemini
    ],
)
def test_every_dialect_of_counts_is_understood(counts: dict[str, int], usage: tuple[int, int, int, bool]) -> None:
    text = "" if "completion_tokens" not in counts else "five"
    found = Counted(counts, None, text, "").usage(50)
    assert found is not None
    assert (found.read, found.written, found.hidden, found.exact) == usage
