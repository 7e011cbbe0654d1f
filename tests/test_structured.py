"""JSON is read out of whatever a model wrote around it, whole or not at all, and no reply breaks the reader."""

import json
from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from tertulia.agents import librarian, planner
from tertulia.agents.caller import Call, parse
from tertulia.errors import UnusableReply
from tertulia.strategies.fitting import fitted
from tertulia.tools.structured import DEEPEST, LONGEST, as_json, schema_of, values
from tertulia.tools.toolbox import McpTool

UNHURRIED = settings(deadline=None)  # on a busy machine anything may take long
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
HOLDERS = st.lists(ANYTHING, max_size=4) | st.dictionaries(st.text(), ANYTHING, max_size=4)
LIST = {"type": "array", "items": {"type": "integer"}}


class Way(BaseModel):
    way: str


@pytest.mark.parametrize(
    "text",
    [
        '{"way": "plan"}',
        '\n  {"way": "plan"}\n',
        '```json\n{"way": "plan"}\n```',
        'Here it is:\n```\n{"way": "plan"}\n```\nI hope that helps.',
        'As [1] and [2, 3] say: {"way": "plan"} (see [1]).',
        'First {"way": "vote"}, but on second thoughts {"way": "plan"}.',
        'Of {direct, plan} I take {"way": "plan"}',
        '5" wide, and it\'s {"way": "plan"}',
        'a smile :-{ and then {"way": "plan"}',
        '{"way": "plan", "why": "it has } and ] and \\" in it"}',
        '{"ways": []} {"way": "plan"} {"other": 1}',
    ],
)
def test_a_value_is_found_by_its_shape_whatever_stands_around_it(text):
    assert as_json(text, Way).way == "plan"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plan",
        '{"way": "pl',
        '{"way": ["plan"]}',
        '{"step": {"way": "plan"}, "next": ',
        '[{"way": "plan"}, {"way"',
        '{step: {"way": "plan"}}',
        '{"step": {"way": "plan"}',
        "[1]",
        '"{\\"way\\": \\"plan\\"}"',
        '{"way": NaN}',
        "{" * 5000,
        "[" * 5000 + '{"way": "plan"}',
        '{"way": ' * 5000,
        '{"way": "plan"}' + " and" * LONGEST,
        '{"way": "\\ud83d"}',
        '{"number": ' + "9" * 10_000 + "}",
    ],
)
def test_what_is_not_there_whole_is_not_found_and_the_error_is_our_own(text):
    with pytest.raises(UnusableReply) as failed:
        as_json(text, Way)
    assert "\n" not in str(failed.value)


@UNHURRIED
@given(HOLDERS, st.text(st.sampled_from("abc .,:;!?¿\n")), st.text(st.sampled_from("abc .,:;!?¿\n[1]")), st.booleans())
def test_any_value_is_read_back_out_of_prose(value, before, after, indented):
    written = json.dumps(value, indent=2 if indented else None)
    assert value in [found.value for found in values(f"{before}{written}{after}")]


@UNHURRIED
@given(HOLDERS, st.data())
def test_no_part_of_a_value_that_is_cut_is_taken_for_the_value(value, data):
    written = json.dumps({"answer": value, "more": "x"})
    cut = written[: data.draw(st.integers(1, len(written) - 1))]
    assert list(values(cut)) == []


@UNHURRIED
@given(st.text(st.sampled_from('{}[]":,\\ \n`1ae')))
def test_no_text_breaks_the_reader(text):
    list(values(text))


def test_a_value_is_only_so_deep():
    whole = "[" * DEEPEST + "]" * DEEPEST
    assert len(list(values(whole))) == 1
    assert list(values(f"[{whole}]")) == list(values(f"It is [{whole}].")) == []


def test_a_schema_and_its_reader_come_from_the_same_model():
    class Line(BaseModel):
        text: str
        number: int = 1

    class Page(BaseModel):
        lines: Annotated[list[Line], Field(max_length=3)] = []

    line = {
        "type": "object",
        "properties": {"text": {"type": "string", "maxLength": 9}, "number": {"type": "integer", "enum": [1, 2]}},
        "required": ["text", "number"],
        "additionalProperties": False,
    }
    schema = schema_of(Page, text={"maxLength": 9}, number={"enum": [1, 2]})
    assert schema["properties"]["lines"] == {"type": "array", "items": line, "maxItems": 3}
    assert schema["required"] == ["lines"]
    assert "enum" not in str(schema_of(Page))


def test_agents_read_what_their_schemas_ask_for_in_any_wrapping():
    plan = {"t1": {"task": "add", "agent": "calculator", "needs": []}, "t2": None}
    assert planner.parse(f"As [1] says:\n{json.dumps(plan)}\nDone.", ["calculator"]).tasks[0].text == "add"
    reading = {"quotes": [{"passage": 1, "text": "a b"}], "found": True, "answer": "yes"}
    assert librarian.parse(f"[1] {json.dumps(reading)}") == ("yes", [(1, "a b")])
    assert librarian.parse(json.dumps({**reading, "found": False})) == ("", [(1, "a b")])
    assert librarian.parse(json.dumps({**reading, "quotes": None})) == ("yes", [])
    assert librarian.parse(json.dumps(reading)[:-5]) == ("", [])
    tools = {"clock": McpTool("clock", "tells the time", {})}
    used = '{"step": {"tool": "clock", "arguments": {"zone": "UTC"}}}'
    assert parse(f"I use a tool: {used}", tools) == parse(used[9:-1], tools) == Call("clock", {"zone": "UTC"})
    assert parse('{"step": {"answer": " noon "}}', tools) == "noon"
    assert parse('{"step": {"tool": "none"}}', tools) == parse("[1]", tools) == parse(used[:-3], tools) == ""


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("[3, 4]", "[3, 4]"),
        ("As [1] says, it is [3, 4].", "[3, 4]"),
        ("It is [3, 4], as [1] and [2] say.", "[3, 4]"),
        ("```json\n[3, 4]\n```", "[3, 4]"),
        ("[3, 4]\n\nor rather\n\n[5, 6, 7000]", "[5, 6, 7000]"),
        ("[5]", "[5]"),
    ],
)
def test_an_answer_that_follows_a_schema_is_told_from_citations(text, fit):
    assert fitted(text, LIST) == (fit, "")


def test_an_answer_that_does_not_follow_its_schema_says_why():
    assert fitted('["a"]', LIST)[1] == '"a" is not of type "integer"'
    assert fitted("nothing", LIST)[1] == "it is not JSON"
    assert fitted('{"list": [1, 2], "more', LIST)[1] == "it is not JSON"
