"""Every event is told in one sentence, in the reader's language, and nothing in it commands a terminal."""

import ast
import unicodedata
from dataclasses import fields
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tertulia
from tertulia import House, Question
from tertulia.budget import Budget
from tertulia.events import (
    DECISIONS,
    Answered,
    Asked,
    Called,
    Decided,
    Event,
    Executed,
    Failed,
    Found,
    Judged,
    Planned,
    Replied,
    TaskStarted,
    Text,
    Thought,
    Used,
    Waiting,
)
from tertulia.narration import LANGUAGES, SILENT, Narrator, catalogue, sentence
from tertulia.narration.reasons import reason
from tertulia.printable import printable
from tertulia.providers.scripted import Scripted
from tertulia.types import Answer, Execution, Finding, Plan, Task, Verdict
from tertulia.usage import Entry, Ledger, Usage

from .conftest import says

PHRASES = [
    *(value for value in vars(catalogue).values() if isinstance(value, catalogue.Phrase)),
    *catalogue.DECISIONS.values(),
    *catalogue.REASONS,
    *catalogue.COLUMNS,
]
SPANISH = "¿Hay más minutos en un día que horas en una semana? ¿Cuántos son? ¿Cuál es mayor?"

words = st.text(st.characters(codec=None), max_size=60)  # also halves of characters
numbers = st.integers(0, 10**9)
seconds = st.floats(0, 1e6)
tasks = st.builds(Task, words, words, words, question=words)
plans = st.lists(tasks, min_size=1, max_size=3, unique_by=lambda task: task.id).map(lambda some: Plan(tuple(some)))
findings = st.builds(Finding, words, words, words, st.booleans())
usages = st.builds(Usage, numbers, numbers, exact=st.booleans())
entries = st.builds(Entry, words, numbers, words, words, usages, seconds=seconds)
EVENTS = {
    Asked: st.builds(Asked, st.builds(Question, words.filter(str.strip), language=words), words),
    Decided: st.builds(Decided, st.sampled_from(DECISIONS), words, st.none() | numbers),
    Planned: st.builds(Planned, plans),
    TaskStarted: st.builds(TaskStarted, tasks),
    Called: st.builds(Called, entries),
    Text: st.builds(Text, words, words, words, st.booleans()),
    Thought: st.builds(Thought, words, words, words),
    Replied: st.builds(Replied, entries, words, words),
    Waiting: st.builds(Waiting, words, seconds, words),
    Executed: st.builds(Executed, words, words, st.builds(Execution, words, words, words, words)),
    Used: st.builds(Used, words, words, words, seconds, words),
    Found: st.builds(Found, findings),
    Judged: st.builds(Judged, words, st.builds(Verdict, st.booleans(), words, words)),
    Failed: st.builds(Failed, words, words),
    Answered: st.builds(Answered, st.builds(Answer, words), st.just(Ledger().report(None, 0.0))),
}
"""How to make any event of each kind, from texts of strangers."""
events = st.one_of(*EVENTS.values())


def controls(text):
    return [one for one in text if (unicodedata.category(one) in ("Cc", "Cs") and one not in "\n\t") or one in "\u202e"]


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None, max_examples=20)
@given(data=st.data())
def test_every_event_has_a_sentence_or_is_silent(kind, language, data):
    told = sentence(data.draw(EVENTS[kind]), language)
    assert (told is None) == (kind in SILENT)


@settings(deadline=None, max_examples=200)
@given(events, st.sampled_from(LANGUAGES))
def test_no_sentence_commands_a_terminal(event, language):
    if told := sentence(event, language):
        for one in (told, *told.parts):
            texts = [one.task, one.who, one.text, one.detail, one.program, one.inside, one.line]
            assert [text for text in texts if controls(text)] == []
            assert "\n" not in told.line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;http://a.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1b]never ended, all the same seen", "never ended, all the same seen"),
        ("abc\u202egnp.exe", "abcgnp.exe"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("half \ud83d of a face", "half � of a face"),
        ("a\ttab, año, 日本 and 👩\u200d🔬 stay", "a\ttab, año, 日本 and 👩\u200d🔬 stay"),
    ],
)
def test_foreign_text_is_shown_without_what_commands_a_terminal(text, shown):
    assert printable(text) == shown


@given(words)
def test_what_is_printable_stays_as_it_is(text):
    once = printable(text)
    assert printable(once) == once
    once.encode()


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.en)
def test_each_phrase_says_the_same_in_both_languages(phrase):
    places = [{place for _, place, _, _ in Formatter().parse(text) if place} for text in (phrase.en, phrase.es)]
    assert phrase.en.strip()
    assert phrase.es.strip()
    assert places[0] == places[1]


def test_each_decision_has_its_words():
    assert sorted(catalogue.DECISIONS) == sorted(DECISIONS)


def written():
    """Reasons that the code gives, as it writes them: those of `Decided`, `Verdict` and the triage's choices."""
    for file in Path(tertulia.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            given = node.args[1:3] if node.func.id == "Verdict" else node.args[1:2]
            if node.func.id in ("Decided", "Verdict", "Choice"):
                yield from (text for part in given if (text := as_written(part)))


def as_written(node):
    """A text of the source with a number in its places; empty if there is none, or nothing beside the places."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts = node.values if isinstance(node, ast.JoinedStr) else []
    fixed = any(any(letter.isalpha() for letter in str(part.value)) for part in parts if isinstance(part, ast.Constant))
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts) if fixed else ""


def test_every_reason_that_the_code_gives_is_known_in_spanish():
    reasons = sorted(set(written()))
    assert len(reasons) > 25
    assert [text for text in reasons if reason(text, "es") == text] == []


def test_a_reason_within_a_reason_is_translated_too():
    text = "it has 3 parts, but effort low goes no further"
    assert reason(text, "es") == "tiene 3 partes, pero el esfuerzo low no da para más"


def test_what_a_provider_said_is_told_in_its_own_words():
    assert reason("upstream: 503 overloaded", "es") == "upstream: 503 overloaded"
    told = sentence(Waiting("t1/calculator:ask#1", 2.5, "503 overloaded"), "es")
    assert told.line == "t1 calculator espera 2,5 s porque el modelo está ocupado"
    assert told.inside == "503 overloaded"


def test_a_verdict_is_told_with_its_evidence():
    told = sentence(Judged("t1", Verdict(False, "a sum in it is wrong", "2 + 2 = 5")), "es")
    assert told.line == "t1 critic rechazado: contiene una cuenta equivocada (2 + 2 = 5)"


def test_a_run_is_told_in_the_language_of_its_question(happen):
    house = House({"default": Scripted(says)}, budget=Budget(tokens=100_000))
    narrator = Narrator()
    lines = [told.line for event in happen(house, SPANISH)[1] if (told := narrator.tell(event))]
    assert narrator.language == "es"
    assert "t1 calculator encontró: 1440" in lines
    assert any(line.startswith("plan: t1 calculator: ") and "(necesita t1, t2)" in line for line in lines)


def test_a_reader_may_choose_the_language():
    narrator = Narrator("en")
    assert narrator.tell(Asked(Question(SPANISH, language="Spanish"), "auto")) is None
    assert narrator.tell(Decided("plan", "it has 3 parts")).line == "plan: it has 3 parts"


def test_a_sentence_has_nothing_that_a_screen_must_word():
    told = sentence(Decided("plan", "it has 3 parts"))
    assert told is not None
    assert {field.name for field in fields(told)} == {
        "kind",
        "task",
        "who",
        "text",
        "detail",
        "ok",
        "program",
        "inside",
        "parts",
    }
