"""Questions of several parts are told as wholes and by their parts."""

import json
from dataclasses import replace

import numpy
import pytest
import scipy.stats

from tertulia.lab.cases import Case, adapter, digest, dumped
from tertulia.lab.checkers import Mark, Numeric, Parts
from tertulia.lab.compare import share
from tertulia.lab.measure import Trial, trials
from tertulia.lab.parts import difference, parts_row
from tertulia.lab.reading import in_order, lettered
from tertulia.lab.report import as_json, as_markdown, findings
from tertulia.usage import Report

ROUTES = Parts(options=(("North", "South", "Coast"),))


async def right(checker, answer, expected, language="en"):
    return (await checker.mark(answer, expected, language, None)).parts


@pytest.mark.parametrize(
    ("answer", "parts"),
    [
        ("Answer: 380; South", (True, True)),
        ("Answer: (a) 380 (b) South, since North takes 400", (True, False)),
        ("(a) 380 boxes\n(b) North costs 9 and South costs 7.\nSo it is South.", (True, True)),
        ("North, South and Coast were looked at: 380.", (True, False)),
        ("a) South is named under another letter: 380\nb) Coast", (True, False)),
        ("Answer: 381, South", (False, True)),
    ],
)
async def test_an_option_is_chosen_under_its_letter_and_naming_them_all_does_not_pay(answer, parts):
    assert await right(ROUTES, answer, (380, "South")) == parts


async def test_two_parts_of_one_group_are_read_by_their_letters_or_in_their_order():
    expected = ("North", 3, "South")
    assert await right(ROUTES, "North; 3; South", expected) == (True, True, True)
    assert await right(ROUTES, "South; 3; North", expected) == (False, True, False)
    assert await right(ROUTES, "(a) not Coast but North (b) 3 (c) South", expected) == (True, True, True)
    assert await right(ROUTES, "3; South", expected) == (False, True, False)


async def test_names_in_their_order_are_a_part():
    checker, expected = Parts(), ("Gus > Ana > Eli", 12)
    assert await right(checker, "Gus, then Ana, then Eli: 12", expected) == (True, True)
    assert await right(checker, "Ana, Eli and Gus are sorted: Gus, Ana, Eli. 12 days", expected) == (True, True)
    assert await right(checker, "Ana, Gus, Eli: 12", expected) == (False, True)


def test_names_must_follow_each_other():
    assert in_order("b a b", ["a", "b"])
    assert not in_order("a a", ["a", "b"])


def test_the_last_letters_are_taken_and_none_if_one_is_missing():
    assert lettered("(a) 1 (b) 2\nAgain:\n(a) 3 (b) 4", 2) == [" 3 ", " 4"]
    assert lettered("1. one\n2. two", 2) == [" one\n", " two"]
    assert lettered("(a) 1 and 2", 2) == []


async def test_no_answer_has_every_part_wrong():
    case = Case("c", "?", (1, 2, 3), Parts())
    assert case.unanswered.parts == (False, False, False)
    assert Case("c", "?", 1, Numeric()).unanswered.parts == ()


def test_the_way_through_json_keeps_the_parts_and_older_lines_are_read_without():
    kept = trial("a", (True, False))
    assert trials().validate_python(json.loads(trials().dump_json(kept))) == kept
    older = trials().dump_python(kept, mode="json")
    del older["mark"]["parts"]
    assert trials().validate_python(older).mark.parts == ()


def test_what_came_later_changes_no_older_fingerprint():
    case = Case("c", "?", (1, "South"), Parts())
    assert "options" not in dumped(case)["checker"]
    assert digest([case]) == digest([replace(case, level=3, set="test")])
    assert digest([case]) != digest([replace(case, checker=ROUTES)])
    assert adapter().validate_python(dumped(replace(case, checker=ROUTES))).checker == ROUTES


def trial(case, parts, strategy="auto"):
    mark = Mark(all(parts), False, "", parts=parts)
    return Trial(case, "money", strategy, "box", "x", mark, Report(1, 1, 0))


MINE = [trial("a", (True, True)), trial("b", (True, False, False)), trial("c", (False, True)), trial("d", (True, True))]
THEIRS = [trial(one.case, (True,) + (False,) * (len(one.mark.parts) - 1), "direct") for one in MINE]


def test_questions_and_parts_are_both_counted():
    row = parts_row("box", "auto", [*MINE, trial("single", (True,)), trial("none", ())])
    assert (row.questions, row.questions_right, row.parts, row.parts_right) == (4, 2, 9, 6)
    assert row.parts_interval.low < 6 / 9 < row.parts_interval.high
    assert parts_row("box", "auto", [trial("single", (True,))]) is None


def test_the_interval_draws_questions_not_parts():
    right, of = numpy.array([2, 1, 1, 2]), numpy.array([2, 3, 2, 2])
    by_hand = scipy.stats.bootstrap(
        (numpy.arange(4),),
        lambda chosen: right[chosen.astype(int)].sum() / of[chosen.astype(int)].sum(),
        vectorized=False,
        method="BCa",
        rng=numpy.random.default_rng(3),
    ).confidence_interval
    found = share([2, 1, 1, 2], [2, 3, 2, 2], seed=3)
    assert (found.low, found.high) == pytest.approx((by_hand.low, by_hand.high), abs=0.03)
    assert share([1, 2], [2, 4]) is None
    assert share([1], [2]) is None


def test_parts_that_always_go_together_tell_no_more_than_their_questions():
    many = [(2, 2), (0, 2)] * 20
    clustered = share([one for one, _ in many], [of for _, of in many])
    alone = share([int(one > 0) for one, _ in many], [1 for _ in many])
    assert clustered.high - clustered.low == pytest.approx(alone.high - alone.low, abs=0.02)


def test_parts_are_compared_on_the_same_questions():
    found = difference(MINE, THEIRS)
    assert found.difference == pytest.approx((6 - 4) / 9)
    assert found.interval.low < found.difference < found.interval.high
    assert difference([trial("a", ())], [trial("a", ())]) is None


def test_the_report_tells_both():
    found = findings([*MINE, *THEIRS])
    told = as_markdown(found, [], MINE)
    assert "| box | auto | 2/4 | 50.0% |" in told.split("## Questions of several parts")[1]
    assert "| 6/9 | 66.7% |" in told
    assert "| +22.2% (" in told
    assert [(one["parts_right"], one["parts"]) for one in as_json(found, [])["parts"]] == [(6, 9), (4, 9)]
