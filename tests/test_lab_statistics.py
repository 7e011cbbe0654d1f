"""The statistics, against scipy and against the formulas by hand."""

import math

import numpy
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.lab.compare import compare, front, majority, mcnemar, size_at, wilson
from tertulia.lab.measure import MarkedSample

UNHURRIED = settings(deadline=None)  # on a busy machine anything may take long


@UNHURRIED
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_an_accuracy_is_wilsons(counts):
    correct, cases = counts
    z = scipy.stats.norm.ppf(0.975)
    share = correct / cases
    middle = (share + z * z / (2 * cases)) / (1 + z * z / cases)
    reach = z * math.sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases)) / (1 + z * z / cases)
    found = wilson(correct, cases)
    assert found.low == pytest.approx(max(0.0, middle - reach), abs=1e-9)
    assert found.high == pytest.approx(min(1.0, middle + reach), abs=1e-9)


@UNHURRIED
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial_test_of_the_differing_cases(wins, losses):
    n, least = wins + losses, min(wins, losses)
    by_hand = min(1.0, 2 * sum(math.comb(n, k) for k in range(least + 1)) / 2**n)
    assert mcnemar(wins, losses) == pytest.approx(by_hand)
    assert mcnemar(wins, losses) == pytest.approx(mcnemar(losses, wins))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=5, max_size=60))
def test_the_interval_of_a_difference_is_scipys_paired_bootstrap(pairs):
    one, other = zip(*pairs, strict=True)
    found = compare(one, other, seed=7)
    differences = numpy.array([int(a) - int(b) for a, b in pairs], dtype=float)
    assert found.difference == pytest.approx(differences.mean())
    assert (found.wins, found.losses) == ((differences > 0).sum(), (differences < 0).sum())
    if len(set(differences)) == 1:
        assert found.interval is None
        return
    again = scipy.stats.bootstrap(
        (differences,), numpy.mean, n_resamples=9999, method="BCa", batch=1000, rng=numpy.random.default_rng(7)
    ).confidence_interval
    assert (found.interval.low, found.interval.high) == pytest.approx((again.low, again.high))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_who_is_compared_with_whom_turns_the_verdict_around_and_changes_nothing_else(pairs):
    one, other = zip(*pairs, strict=True)
    there, back = compare(one, other), compare(other, one)
    assert there.difference == -back.difference
    assert there.p == pytest.approx(back.p)
    assert (there.verdict == "more accurate") <= (back.verdict != "more accurate")


def test_a_small_lead_names_no_winner():
    one, other = [True] * 22 + [False] * 18, [True] * 20 + [False] * 20
    assert compare(one, other).verdict == "cannot be told apart with 40 cases"
    assert compare(one * 5, one * 5).verdict == "cannot be told apart"


def test_a_clear_lead_is_named():
    one, other = [True] * 80 + [False] * 20, [True] * 40 + [False] * 60
    assert compare(one, other).verdict == "more accurate"
    assert compare(other, one).verdict == "less accurate"
    assert compare([True] * 20, [False] * 20).verdict == "more accurate"


def test_nothing_is_said_of_no_cases():
    assert compare([], []).verdict == "cannot be told apart with 0 cases"
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def sample(read, correct=False, tokens=10):
    return MarkedSample(read, correct, tokens)


def test_the_majority_of_samples_answers_and_the_first_met_wins_a_tie():
    right, wrong = sample("7", True), sample("8")
    assert majority([wrong, right, right])
    assert not majority([wrong, right])
    assert majority([right, wrong])
    assert majority([sample(""), sample(""), right])
    assert not majority([])


@UNHURRIED
@given(st.lists(st.lists(st.integers(1, 50), min_size=6, max_size=6), min_size=1, max_size=8), st.floats(0, 400))
def test_a_vote_of_equal_tokens_never_costs_more_unless_one_sample_does(costs, tokens):
    drawn = [[sample("x", tokens=cost) for cost in case] for case in costs]
    size = size_at(tokens, drawn)
    spent = sum(sum(case[:size]) for case in costs) / len(costs)
    assert 1 <= size <= 6
    assert size == 1 or spent <= tokens
    assert size == 6 or sum(sum(case[: size + 1]) for case in costs) / len(costs) > tokens


@UNHURRIED
@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1)), min_size=1, max_size=30))
def test_nothing_beats_a_point_of_the_front(points):
    best = front(points)
    assert set(best) <= set(points)
    for cost, gain in points:
        assert any(a <= cost and b >= gain for a, b in best)
