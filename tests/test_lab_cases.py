"""Where cases come from."""

import json
from collections import Counter

import pytest

from bench.cases.verify import HERE, cases, verify
from tertulia.errors import SettingsError, UnknownName
from tertulia.lab.cases import digest, read
from tertulia.lab.checkers import Number
from tertulia.lab.suites import load
from tertulia.lab.suites.gym import SMALL


async def test_every_hand_written_answer_is_what_its_program_computes():
    assert await verify() == []


def test_the_hand_written_set_is_large_and_in_two_languages():
    complex_ones = read(HERE / "train/complex.jsonl")
    assert len(complex_ones) >= 60
    assert len({case.family for case in complex_ones}) >= 6
    assert min(Counter(case.language for case in complex_ones).values()) >= 30
    assert len(read(HERE / "trivial.jsonl")) == 20
    assert len({case.id for case in cases()}) == len(cases())


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
    assert [case.checker for case in read(file)] == [Number(), Number(tolerance=0.5)]


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
