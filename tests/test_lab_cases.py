"""Where cases come from."""

import json
import re
from collections import Counter
from dataclasses import replace

import pytest

from bench.cases.verify import HERE, cases, mixed_generated, verify
from bench.cases.verify.checks import faults
from tertulia.errors import SettingsError, UnknownName
from tertulia.lab.cases import digest, read
from tertulia.lab.checkers import Numeric
from tertulia.lab.overlap import overlaps
from tertulia.lab.suites import load
from tertulia.lab.suites.gym import SMALL


async def test_every_hand_written_answer_is_what_its_program_computes():
    assert await verify() == []


def test_generated_cases_of_the_three_sets_differ_and_stand_in_no_prompt():
    assert mixed_generated() == []


KINDS = {"logistics", "finance", "dates", "units", "logic", "reading", "tables", "planning", "estimates"}
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}")


def in_parts(name):
    return [case for case in cases(name) if isinstance(case.expected, tuple) and case.family in KINDS]


def wants_a_word(case):
    return any(isinstance(part, str) and not MOMENT.fullmatch(part) for part in case.expected)


@pytest.mark.parametrize("name", ["validation", "test"])
def test_a_set_has_all_kinds_both_languages_three_levels_and_words(name):
    some = in_parts(name)
    assert len(some) >= 90
    assert {case.set for case in some} == {name}
    kinds = Counter((case.family, case.language) for case in some)
    assert set(kinds) == {(kind, language) for kind in KINDS for language in ("en", "es")}
    assert min(kinds.values()) >= 5
    assert min(Counter(case.level for case in some)[level] for level in (1, 2, 3)) >= 20
    assert {len(case.expected) for case in some} == {2, 3, 4, 5}
    assert 3 * sum(map(wants_a_word, some)) >= len(some)


def test_the_hand_written_sets_are_large_and_in_two_languages():
    every = in_parts(None)
    assert len(every) >= 240
    assert {case.family for case in in_parts("train")} == KINDS
    assert 0.4 < sum(case.language == "es" for case in every) / len(every) < 0.6
    assert 3 * sum(map(wants_a_word, every)) >= len(every)
    assert len(read(HERE / "trivial.jsonl")) == 20
    assert len({case.id for case in cases()}) == len(cases())


async def test_the_check_finds_what_is_wrong_with_a_case():
    (sound,) = [case for case in cases("train") if case.id == "dates-01"]
    assert await faults(sound) == []
    assert "states" in (await faults(replace(sound, expected=("2026-04-23", "Wednesday|miércoles"))))[0]
    assert "says" in (await faults(replace(sound, question=f"{sound.question} 22 April 2026?")))[0]
    assert await faults(replace(sound, id="other")) == ["has no solution"]


def test_a_question_of_another_set_is_found_though_its_numbers_and_names_changed():
    one = in_parts("train")[0]
    copied = replace(one, id="copy", question=one.question.replace("1,340", "2,580").replace("160", "175"))
    assert [found.other for found in overlaps([copied], in_parts("train"))] == [one.id]


def test_generated_cases_depend_on_the_seed_alone():
    assert load(["gym:small:1"], seed=5) == load(["gym:small:1"], seed=5)
    assert load(["gym:chain_sum:3"], seed=5) == load(["gym:chain_sum:9"], seed=5, limit=3)
    assert digest(load(["gym:gcd:1"], seed=5)) != digest(load(["gym:gcd:1"], seed=6))
    assert len(SMALL) >= 10


def test_a_count_takes_the_first_cases_of_each_family_of_a_file():
    some = load([f"{HERE / 'train/complex.jsonl'}:2"])
    assert Counter(case.family for case in some) == Counter(
        {case.family: 2 for case in read(HERE / "train/complex.jsonl")}
    )
    assert {case.id for case in some} <= {case.id for case in read(HERE / "train/complex.jsonl")}
    with pytest.raises(SettingsError, match="nowhere"):
        load(["nowhere.jsonl:2"])


def test_a_limit_takes_cases_from_every_family_in_turn():
    some = load(["gym:gcd,lcm,chain_sum:5"], limit=7)
    assert Counter(case.family for case in some) == {"gcd": 3, "lcm": 2, "chain_sum": 2}


def test_a_checker_may_be_named_alone_or_with_its_numbers(tmp_path):
    file = tmp_path / "cases.jsonl"
    lines = [{"id": "a", "question": "?", "expected": 1, "checker": "number"}]
    lines += [{"id": "b", "question": "?", "expected": 1, "checker": {"kind": "number", "tolerance": 0.5}}]
    file.write_text("\n\n".join(map(json.dumps, lines)) + "\n")
    assert [case.checker for case in read(file)] == [Numeric(), Numeric(tolerance=0.5)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "a"', "cases.jsonl:1"),
        ('{"id": "a", "question": "?"}', "expected"),
        ('{"id": "a", "question": "?", "expected": 1, "checker": "guess"}', "checker"),
    ],
)
def test_a_line_that_is_not_a_case_is_named(tmp_path, line, said):
    file = tmp_path / "cases.jsonl"
    file.write_text(line)
    with pytest.raises(SettingsError, match=said):
        read(file)


def test_sources_that_are_not_there_say_so(tmp_path):
    for source, error in (
        (str(tmp_path / "none.jsonl"), SettingsError),
        ("gym:gcd", SettingsError),
        ("gym:gcd:0", SettingsError),
        ("gym:chess:3", UnknownName),
    ):
        with pytest.raises(error):
            load([source])
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(SettingsError, match="no cases"):
        load([str(empty)])
    with pytest.raises(SettingsError, match="two cases"):
        load(["gym:gcd:1", "gym:gcd:1"])
