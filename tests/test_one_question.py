"""What happens to one question, from asking to the three numbers."""

import asyncio
import json

import pytest

from tertulia import Budget, House, Message, Plan, Question, Request, Task
from tertulia.errors import (
    BudgetExceeded,
    InvalidQuestion,
    ModelBusy,
    ModelError,
    PlanError,
    SettingsError,
    UnusableReply,
)
from tertulia.events import Decided, Failed, Found, Judged, Planned, Replied, TaskStarted, Text
from tertulia.gate import Gate
from tertulia.providers.scripted import Scripted
from tertulia.stores.memory import Memory
from tertulia.strategies.direct import Direct
from tertulia.strategies.tertulia import Tertulia

from .conftest import ANSWER, says


def settled(events):
    """Lines of the ledger as they were settled, the last word on each attempt."""
    return list({(e.entry.key, e.entry.attempt): e.entry for e in events if isinstance(e, Replied)}.values())


def test_the_answer_is_compiled_from_the_findings(house, happen):
    answered, _ = happen(house())
    assert answered.answer.findings["t1"].text == "1440"
    assert answered.answer.findings["t2"].text == "168"
    assert answered.answer.findings["t3"].text == "1440 is larger"
    assert answered.answer.text == ANSWER


def test_every_token_is_counted_once(house, happen):
    answered, events = happen(house())
    report = answered.report
    assert report.total == sum(entry.usage.total for entry in settled(events))
    assert report.output == len(ANSWER.split())
    assert report.reasoning == report.reasoning_read + report.reasoning_written > report.output
    assert report.exact
    assert report.calls == 5


def test_tasks_that_need_nothing_start_before_any_ends(house, happen):
    _, events = happen(house())
    steps = [event for event in events if isinstance(event, TaskStarted | Found)]
    assert [type(step) for step in steps[:2]] == [TaskStarted, TaskStarted]
    assert [step.task.id for step in steps if isinstance(step, TaskStarted)] == ["t1", "t2", "t3"]


def test_a_task_reads_the_findings_it_needs_and_no_others(house, happen):
    heard = []

    def listening(system, text):
        heard.append(text)
        return says(system, text)

    happen(house(listening))
    asked = {text.splitlines()[-1]: text for text in heard}
    assert "1440" in asked["Your part: Which is larger?"]
    assert "168" in asked["Your part: Which is larger?"]
    assert "Known" not in asked["Your part: How many minutes has a day?"]


def test_a_program_that_fails_is_written_anew_from_its_error_alone(house, happen):
    programs = []

    def clumsy(system, text):
        if "Python" in system and "minutes has" in text:
            programs.append(text)
            return "print(undefined)" if len(programs) == 1 else "print(24*60)"
        return says(system, text)

    answered, _ = happen(house(clumsy))
    finding = answered.answer.findings["t1"]
    assert finding.text == "1440"
    assert [bool(execution.error) for execution in finding.executions] == [True, False]
    assert "NameError" in programs[1]
    assert "print(undefined)" not in programs[1]


def test_a_finding_with_a_wrong_sum_is_rejected_on_the_evidence_and_tried_again(house, happen):
    def sloppy(system, text):
        if "Conclusion" in system:
            return "Conclusion: 12 * 12 = 144" if "rejected" in text else "Conclusion: 12 * 12 = 154"
        return says(system, text)

    answered, events = happen(house(sloppy))
    verdicts = [event.verdict for event in events if isinstance(event, Judged) and event.task == "t3"]
    assert [verdict.accepted for verdict in verdicts] == [False, True]
    assert verdicts[0].evidence == "12 * 12 = 144, not 154"
    assert answered.answer.findings["t3"].text == "12 * 12 = 144"


def test_a_task_that_fails_does_not_take_the_others_with_it(house, happen):
    def breaks(system, text):
        if "Conclusion" in system:
            raise ModelError("the wire was cut")
        return says(system, text)

    answered, events = happen(house(breaks))
    assert answered.answer.findings["t1"].text == "1440"
    assert not answered.answer.findings["t3"].ok
    assert answered.answer.stopped == "the wire was cut"
    assert any(isinstance(event, Failed) and event.where == "t3" for event in events)


def test_an_unreadable_plan_is_asked_for_again_and_then_becomes_one_task(house, happen):
    _, events = happen(house(lambda system, text: "I would rather not"))
    plan = next(event.plan for event in events if isinstance(event, Planned))
    assert [task.agent for task in plan.tasks] == ["reasoner"]
    assert sum(entry.agent == "planner" for entry in settled(events)) == 2


@pytest.mark.parametrize(
    ("tasks", "why"),
    [
        ((), "no task"),
        ((Task("a", "", "x"), Task("a", "", "x")), "repeats"),
        ((Task("a", "", "x", ("z",)),), "not in the plan"),
        ((Task("a", "", "x", ("b",)), Task("b", "", "x", ("a",))), "wait for each other: \\['a', 'b'\\]"),
    ],
)
def test_a_plan_that_cannot_be_done_cannot_be_made(tasks, why):
    with pytest.raises(PlanError, match=why):
        Plan(tasks)


@pytest.mark.parametrize("text", ["", "  \n", "x" * 1_000_001])
def test_a_question_that_cannot_be_asked_cannot_be_made(text):
    with pytest.raises(InvalidQuestion):
        Question(text)


def test_a_run_stops_before_it_crosses_its_budget_and_still_answers(house, happen):
    answered, events = happen(house(budget=Budget(tokens=1000)))
    assert answered.report.total <= 1000
    assert any(isinstance(event, Failed) for event in events)
    assert answered.answer.text == ANSWER
    assert "tokens" in answered.answer.stopped


def test_a_budget_without_room_for_a_plan_is_spent_on_answering(house, happen):
    answered, events = happen(house(lambda system, text: "about as many", budget=Budget(tokens=400)))
    assert answered.answer.text == "about as many"
    assert any(isinstance(event, Decided) and "met the budget" in event.reason for event in events)
    assert [entry.agent for entry in settled(events)] == ["direct"]


def test_money_cannot_be_limited_where_no_price_is_known(happen):
    class Unpriced(Scripted):
        def cost(self, usage):
            return None

    with pytest.raises(SettingsError, match="limit tokens instead"):
        happen(House({"default": Unpriced(says)}, Tertulia(), budget=Budget(usd=1)))


def test_a_budget_too_small_for_the_first_call_is_refused_before_calling(house, happen):
    called = []

    def listens(system, text):
        called.append(system)
        return "x"

    with pytest.raises(BudgetExceeded, match="tokens"):
        happen(house(listens, budget=Budget(tokens=10)))
    assert called == []


def test_when_not_even_the_answer_can_be_written_what_was_found_is_listed(house, happen):
    def breaks(system, text):
        if system.startswith("You write the answer"):
            raise ModelError("the wire was cut")
        return says(system, text)

    answered, _ = happen(house(breaks))
    assert "How many minutes has a day?: 1440" in answered.answer.text
    assert answered.answer.written_by is None
    assert answered.report.input == answered.report.output == 0
    assert answered.report.reasoning == answered.report.total


def test_time_that_runs_out_stops_the_calls_in_flight(house, happen):
    with pytest.raises(BudgetExceeded, match="seconds"):
        happen(house(seconds=30, budget=Budget(seconds=0.2)))


def test_a_resumed_run_asks_nothing_twice_and_keeps_its_ledger(house, happen):
    asked = []

    def counting(system, text):
        asked.append(system)
        return says(system, text)

    journal = Memory()
    first, _ = happen(house(counting), journal=journal)
    calls = len(asked)
    again, _ = happen(house(counting), journal=journal)
    assert len(asked) == calls
    assert again.answer == first.answer
    assert (again.report.input, again.report.output, again.report.reasoning) == (
        first.report.input,
        first.report.output,
        first.report.reasoning,
    )


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(house, happen):
    asked = []

    def dies(system, text):
        asked.append(system)
        if system.startswith("You write the answer") and len(asked) < 6:
            raise KeyboardInterrupt
        return says(system, text)

    journal = Memory()
    with pytest.raises(KeyboardInterrupt):
        happen(house(dies), journal=journal)
    answered, _ = happen(house(dies), journal=journal)
    assert answered.answer.text == ANSWER
    assert sum(system.startswith("You plan") for system in asked) == 1


def test_a_house_is_a_model_so_houses_nest(house, happen):
    outer = House({"default": house()}, strategy=Direct())
    answered, _ = happen(outer)
    assert answered.answer.text == ANSWER
    assert answered.report.output == len(ANSWER.split()) < answered.report.reasoning


def test_agents_may_use_different_models(happen):
    strong, cheap = Scripted(says, "strong"), Scripted(says, "cheap")
    _, events = happen(House({"default": cheap, "planner": strong}, Tertulia()))
    used = {entry.agent: entry.model for entry in settled(events)}
    assert used == {"planner": "strong", "calculator": "cheap", "reasoner": "cheap", "synthesizer": "cheap"}


def test_events_can_be_read_as_they_come(house):
    async def read():
        return [event async for event in house().events(Question("?"))]

    events = asyncio.run(read())
    names = [type(event).__name__ for event in events]
    assert names[0] == "Asked"
    assert names[-1] == "Answered"
    assert "".join(event.text for event in events if isinstance(event, Text) and event.final) == ANSWER


def test_leaving_the_events_early_cancels_the_run_and_settles_its_ledger(house):
    journal = Memory()

    async def leave():
        stream = house(seconds=5).events(Question("?"), journal)
        async for event in stream:
            if type(event).__name__ == "Called":
                break
        await stream.aclose()
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(leave()) == []
    (entry,) = asyncio.run(journal.entries())
    assert entry.status == "cancelled"
    assert entry.usage.read > 0
    assert not entry.usage.exact


def test_an_answer_is_asked_for_in_the_language_of_the_question(house, happen):
    heard = []

    def listening(system, text):
        heard.append(text)
        return says(system, text)

    happen(house(listening), "¿Hay más minutos en un día que horas en una semana?")
    assert heard[-1].endswith("Write the answer in Spanish.")


def test_the_conversation_comes_along(house):
    heard = []

    class Listening(Scripted):
        async def stream(self, request):
            heard.append([message.text for message in request.messages])
            async for chunk in Scripted.stream(self, request):
                yield chunk

    async def talk():
        house = House({"default": Listening(lambda system, text: "yes")}, strategy=Direct())
        request = Request(
            (Message("user", "I have 3 cats."), Message("assistant", "Nice."), Message("user", "How many?"))
        )
        return [chunk async for chunk in house.stream(request)]

    asyncio.run(talk())
    assert heard[0][1:3] == ["I have 3 cats.", "Nice."]


def test_what_was_not_found_is_planned_for_once_more(house, happen):
    def stubborn(system, text):
        if system.startswith("You plan") and "NOT FOUND" in text:
            return json.dumps({"t1": {"task": "Which is larger, in words?", "agent": "reasoner", "needs": []}})
        if "Python" in system and "hours has a week?" in text:
            return "print(undefined)"
        return says(system, text)

    answered, events = happen(house(stubborn))
    assert not answered.answer.findings["t2"].ok
    assert answered.answer.findings["again_t1"].ok
    (decided,) = (event for event in events if isinstance(event, Decided))
    assert decided.choice == "replan"
    assert "undefined" in decided.reason


def test_a_reply_that_is_no_use_at_the_last_try_fails_as_one_that_is_no_use(house, happen):
    failures = iter([ModelBusy("503"), ModelBusy("503"), ModelBusy("503"), UnusableReply("it refuses")])

    def refuses(system, text):
        raise next(failures)

    at_once = {"scripted": Gate("scripted", chance=lambda: 0.0)}
    with pytest.raises(UnusableReply, match="it refuses"):
        happen(house(refuses, strategy=Direct(), gates=at_once))
