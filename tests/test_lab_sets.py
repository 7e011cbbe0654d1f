"""Sets that are called different share no question, and generated keys are right."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.recount import again
from tertulia.cli import app
from tertulia.errors import SettingsError
from tertulia.lab.cases import Case, Header, digest, header_of, read
from tertulia.lab.gymnasium import EVALUATING
from tertulia.lab.measure import load as stored
from tertulia.lab.overlap import overlaps, quoted, refuse_overlaps
from tertulia.lab.sets import HELD_FAMILIES, SEEDS, kept, refuse_kept, set_of
from tertulia.lab.suites import load
from tertulia.lab.suites.answer_keys import doubt
from tertulia.lab.suites.durations import durations
from tertulia.lab.suites.gym import SMALL, as_made
from tertulia.lab.suites.kinship import relations

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench/results/lab"
TRUCKS = "A truck carries 160 boxes and a van carries 45, and six trucks leave full."


def asked(question, name="a", **more):
    return Case(name, question, 1, **more)


# -- seeds


def test_neighbouring_seeds_share_no_case():
    some, others = load(["gym:small:8"], seed=7), load(["gym:small:8"], seed=8)
    refuse_overlaps(some, others)
    assert not {case.id for case in some} & {case.id for case in others}


def test_the_generators_own_neighbouring_seeds_share_most_cases_and_are_refused():
    some, others = load(["gym:small:8@=2026"]), load(["gym:small:8@=2028"])
    assert len(overlaps(some, others)) == 13 * 6  # all but gsm_symbolic are made from the sum of seed and index
    with pytest.raises(SettingsError, match=r"78 questions stand in both sets: .*; choose another seed"):
        refuse_overlaps(some, others)


def test_a_source_may_name_its_own_seed():
    assert load(["gym:gcd:3@5"], seed=9) == load(["gym:gcd:3"], seed=5)
    with pytest.raises(SettingsError, match="gym:small:10@7"):
        load(["gym:gcd:3@x"])


def test_a_question_is_asked_once_even_if_the_generator_repeats_it():
    asked_ones = [case.question for case in load(["gym:number_sequence:60"], seed=3)]
    assert len(set(asked_ones)) == 60


@pytest.mark.parametrize("results", ["box", "other-seed", "small"])
def test_stored_results_of_older_seeds_can_be_made_again(results):
    assert again(stored(RESULTS / results / "results.jsonl")[0])


def test_sources_of_older_results_give_the_cases_that_were_asked():
    setups, _ = stored(RESULTS / "box/results.jsonl")
    made = load([f"{ROOT}/bench/cases/train/complex.jsonl:4", "gym:small:9@=2026"])
    assert digest(made) == setups[0].cases


# -- keys


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("How long? started at x", set()),
        (
            "A meeting started at 11:48:32.722 and ended at 17:34:56.611. How long was the meeting? "
            "Answer in HH:MM:SS.mmm.",
            {"05:46:23.889"},
        ),
        (
            "What is the duration between 2127-11-20 (Thursday) 14:06:30 -0900 and 2127-12-26 (Friday) 10:42:26 -0400? "
            "Please answer in D days, HH:MM:SS.",
            {"35 days, 15:35:56"},
        ),
        (
            "A database query started at 12/09/2737 and ended at 02/10/2738. How long did the query take? "
            "Answer in D days.",
            {"63 days", "385 days"},
        ),
        (
            "Calculate the time difference between Mon Jan 15 2024 and Thu Feb 01 2024. Express the result in D days.",
            {"17 days"},
        ),
        ("How much time elapsed from 10:00 to 09:00? Give your answer in HH:MM.", set()),
    ],
)
def test_a_duration_is_worked_out_exactly_from_its_question(question, says):
    assert durations(question) == says


STORY = (
    "Noah is married to Lucy. They have children called Oliver and Emma. Oliver is married to Sarah. "
    "They have a child called Emily. Emma is married to Jack. They have children called Liam and Sky. "
)


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ("Sarah", "Noah", {"daughter-in-law"}),
        ("Noah", "Sarah", {"father-in-law"}),
        ("Emily", "Emma", {"niece"}),
        ("Emma", "Emily", {"aunt"}),
        ("Liam", "Sarah", {"nephew"}),
        ("Liam", "Emily", {"cousin"}),
        ("Lucy", "Emily", {"grandmother"}),
        ("Jack", "Oliver", {"brother-in-law"}),
        ("Sky", "Emma", set()),
        ("Noah", "Noah", set()),
    ],
)
def test_a_relation_is_worked_out_from_the_story(one, other, says):
    assert relations(f"{STORY}\n\nWhat relation is {one} to {other}? Answer with a single word.") == says


@pytest.mark.parametrize("family", ["time_intervals", "family_relationships"])
def test_cases_with_wrong_keys_are_left_out_and_others_take_their_place(family):
    made, used = as_made([family], 60, 9_000_000), load([f"gym:{family}:40"], seed=9)
    wrong = {case.id for case in made if doubt(case)}
    assert wrong
    assert len(used) == 40
    assert not wrong & {case.id for case in used}


def test_a_family_without_a_rule_is_taken_as_it_is():
    assert not any(doubt(case) for case in load(["gym:gcd,syllogism:5"]))


# -- overlaps


def test_a_question_is_the_same_whatever_its_numbers_case_and_marks():
    renumbered = TRUCKS.replace("160", "1,250").replace("45", "7.5").upper()
    (found,) = overlaps([asked(renumbered, "b")], [asked(TRUCKS)])
    assert (found.case, found.other) == ("b", "a")
    assert overlaps([asked("How many vans leave?")], [asked(TRUCKS)]) == []


def test_generated_questions_share_their_template_but_must_differ():
    assert overlaps(load(["gym:gcd:5"], 1), load(["gym:gcd:5"], 2)) == []
    (copied,) = load(["gym:gsm_symbolic:1"], 1)
    by_hand = asked(copied.question + " Say why.", "mine")
    assert [found.case for found in overlaps([by_hand], [copied])] == ["mine"]
    assert [found.case for found in overlaps([copied], [by_hand])] == [copied.id]


def test_an_example_in_a_prompt_is_found():
    prompt = f"You write programs. Question: {TRUCKS} How many are left?\nprint(1)"
    assert [found.other for found in quoted([asked(TRUCKS)], {"planner": prompt, "other": "Plan."})] == ["planner"]


# -- sets


def test_a_file_says_in_its_first_line_of_which_set_it_is(tmp_path):
    file = tmp_path / "cases.jsonl"
    case = json.dumps({"id": "a", "question": "?", "expected": 1, "checker": "number", "level": 2})
    file.write_text(json.dumps({"set": "test", "use": "Once."}) + "\n" + case)
    assert [(one.set, one.level) for one in read(file)] == [("test", 2)]
    file.write_text(case)
    assert [one.set for one in read(file)] == ["train"]
    assert header_of('{"set": "test"}') == Header("test")
    with pytest.raises(SettingsError, match="validation set, which is not for cards"):
        refuse_kept([asked("?", set="validation")], "cards")


def test_generated_cases_go_by_their_seed_and_held_families_are_never_train():
    assert {set_of("gcd", seed) for seed in SEEDS} == {"validation", "test"}
    assert (set_of("gcd", 5), set_of("dice", 5), set_of("dice", 2201)) == ("train", "validation", "test")
    assert len(HELD_FAMILIES) == len(SMALL) == 14
    assert not set(HELD_FAMILIES) & (set(SMALL) | EVALUATING)
    assert len(kept(load(["gym:gcd,dice:2"], 5))) == 2


async def test_answers_of_held_families_are_marked_right_out_of_a_sentence():
    for case in load(["gym:held:1"], 5):
        assert (await case.checker.mark(f"I see.\nAnswer: {case.expected}", case.expected, "en", None)).correct, case
        assert not (await case.checker.mark("I do not know", case.expected, "en", None)).correct, case


def written(tmp_path, name, **header):
    file = tmp_path / f"{name}.jsonl"
    lines = [{"id": "c1", "question": f"{TRUCKS} Say 11.", "expected": 7, "checker": "number"}]
    file.write_text("\n".join(map(json.dumps, [*([header] if header else []), *lines])))
    return str(file)


def test_the_command_refuses_sets_that_overlap(tmp_path):
    arguments = ["eval", written(tmp_path, "one"), "--models", "scripted", "--strategies", "direct"]
    arguments += ["--out", str(tmp_path / "out"), "--against", written(tmp_path, "other")]
    assert "stand in both sets" in str(CliRunner().invoke(app, arguments).exception)
    assert CliRunner().invoke(app, [*arguments[:-1], "gym:gcd:2"]).exit_code == 0


def test_the_command_shows_failures_of_train_and_hides_those_of_the_other_sets(tmp_path):
    for name, header in (("train", {}), ("test", {"set": "test"})):
        arguments = ["eval", written(tmp_path, name, **header), "--models", "scripted", "--strategies", "direct"]
        arguments += ["--out", str(tmp_path / name)]
        shown = CliRunner().invoke(app, [*arguments, "--show-failures"])
        if name == "train":
            assert "direct: c1 wrong" in shown.output
            assert f"{TRUCKS} Say 11.\n\nRight: 7" in shown.stdout
        else:
            assert "c1 is of the test set, which is not for reading failures" in str(shown.exception)
            hidden = CliRunner().invoke(app, arguments)
            assert "direct: c1 done" in hidden.output
            assert TRUCKS not in hidden.output
