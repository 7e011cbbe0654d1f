"""What always holds, whatever the plan, the faults and the budget."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia import Budget, House, Ledger, Plan, Question, Task, Usage
from tertulia.agents.planner import Planner, parse, plan_as_json, schema
from tertulia.books import Books
from tertulia.codec import as_dict, from_dict
from tertulia.errors import BudgetExceeded, ModelBusy, ModelError, TertuliaError
from tertulia.events import Event, Replied
from tertulia.gate import Gate
from tertulia.model import Chunk
from tertulia.providers.scripted import Scripted
from tertulia.run import Run
from tertulia.schedule import solve
from tertulia.stores.memory import Memory
from tertulia.strategies.tertulia import Tertulia
from tertulia.types import Finding
from tertulia.usage import NOTHING, Entry, estimate

from .conftest import says

AGENTS = ["calculator", "reasoner"]


@st.composite
def plans(draw, most=8):
    """Any plan: each task may need any of those before it, in any order of writing."""
    size = draw(st.integers(1, most))
    tasks = []
    for number in range(size):
        needs = draw(st.lists(st.sampled_from(range(number)), unique=True)) if number else []
        tasks.append(Task(f"t{number}", f"task {number}", draw(st.sampled_from(AGENTS)), tuple(f"t{n}" for n in needs)))
    return Plan(tuple(draw(st.permutations(tasks))))


@given(plans(), st.randoms(use_true_random=False))
def test_any_plan_is_solved_in_a_legal_order_each_task_as_soon_as_its_needs_are_met(plan, chance):
    started, finished = {}, set()

    async def work(task, known):
        assert set(known) == set(task.needs) <= finished
        started[task.id] = asyncio.get_running_loop().create_future()
        await started[task.id]
        finished.add(task.id)
        return Finding(task.id, task.agent, task.text)

    async def finish_one_by_one():
        solving = asyncio.create_task(solve(plan, work))
        while not solving.done():
            for _ in range(10):  # let everything that can start do so
                await asyncio.sleep(0)
            assert set(started) == {task.id for task in plan.tasks if set(task.needs) <= finished}
            if running := sorted(set(started) - finished):
                started[chance.choice(running)].set_result(None)
        return await solving

    assert set(asyncio.run(finish_one_by_one())) == {task.id for task in plan.tasks}


@given(plans(most=6))
def test_a_plan_survives_being_written_as_the_schema_wants_it_and_read_back(plan):
    tasks = Plan(tuple(sorted(plan.tasks, key=lambda task: task.id)))
    data = {task.id: {"task": task.text, "agent": task.agent, "needs": list(task.needs)} for task in tasks.tasks}
    assert parse(json.dumps(data), AGENTS) == tasks


@given(st.integers(1, 8))
def test_in_a_plan_that_follows_the_schema_a_task_needs_only_earlier_ones(most):
    tasks = schema(AGENTS, most, 100)["properties"]
    for number, name in enumerate(tasks, start=1):
        task = tasks[name] if number == 1 else tasks[name]["anyOf"][0]
        needs = task["properties"]["needs"]
        assert needs["maxItems"] == number - 1
        assert number == 1 or needs["items"]["enum"] == [f"t{i}" for i in range(1, number)]
    assert set(json.loads(plan_as_json({}, most))) == set(tasks)


usages = st.builds(
    lambda read, written, hidden, cached, exact: Usage(read, written + hidden, hidden, min(read, cached), exact),
    st.integers(0, 10**6),
    st.integers(0, 10**5),
    st.integers(0, 10**5),
    st.integers(0, 10**6),
    st.booleans(),
)
STATUSES = ["ok", "retried", "failed", "cancelled", "abandoned"]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), usages, st.sampled_from(STATUSES)), max_size=12),
    st.sampled_from("abcdx"),
)
def test_the_three_numbers_are_a_partition_of_the_ledger(calls, written_by):
    ledger = Ledger()
    for attempt, (key, usage, status) in enumerate(calls):
        ledger.write(Entry(key, attempt, "agent", "model", usage, status))
    for answer in (written_by, None):
        report = ledger.report(answer)
        assert report.input + report.output + report.reasoning == ledger.total == sum(e.usage.total for e in ledger)
        assert min(report.input, report.output, report.reasoning, report.reasoning_read, report.reasoning_written) >= 0
        assert report.exact == all(usage.exact for _, usage, _ in calls)


@given(st.text())
def test_an_estimate_is_never_below_one_token_a_word_nor_above_one_a_byte(text):
    assert text.count("\u00bf") <= estimate(text) <= len(text.encode()) + 1


@dataclass(frozen=True)
class Moody:
    """A model that fails as it was told, call by call, and counts what it would bill."""

    moods: tuple[str, ...]
    billed: list[int] = field(default_factory=list, compare=False)
    seen: list[int] = field(default_factory=list, compare=False)
    in_flight: list[int] = field(default_factory=list, compare=False)
    name: str = "moody"

    async def count(self, request):
        return await Scripted().count(request)

    async def stream(self, request):
        mood = self.moods[len(self.seen) % len(self.moods)]
        self.seen.append(1)
        read = await self.count(request)
        await asyncio.sleep(0)
        if mood == "busy":
            yield Chunk(usage=NOTHING)
            raise ModelBusy("busy", retry_after=0)
        if mood == "broken":
            yield Chunk(usage=NOTHING)
            raise ModelError("broken")
        system = request.messages[0].text
        words = says(system, request.messages[-1].text).split(" ")[: request.max_tokens]
        for number, word in enumerate(words):
            if mood == "cut" and number == len(words) // 2:
                self.billed.append(read + number)
                return
            yield Chunk(word if number == 0 else " " + word)
            await asyncio.sleep(0)
        self.billed.append(read + len(words))
        yield Chunk(usage=Usage(read, len(words)), finish="stop")


moods = st.lists(st.sampled_from(["well", "well", "well", "busy", "broken", "cut"]), min_size=1, max_size=12).map(tuple)


@settings(deadline=None, max_examples=60)
@given(moods)
def test_under_any_faults_the_ledger_is_never_below_the_bill_and_exact_if_it_says_so(moods):
    model, journal = Moody(moods), Memory()
    events: list[Event] = []
    quick = {model.name: Gate(chance=lambda: 0.0)}
    house = House({"default": model}, Tertulia(), gates=quick)
    try:
        answered = asyncio.run(house.ask(Question("?"), events.append, journal))
        assert answered.report.total == sum(entry.usage.total for entry in asyncio.run(journal.entries()))
    except TertuliaError:
        pass
    entries = asyncio.run(journal.entries())
    assert all(entry.status != "open" for entry in entries)
    assert len(entries) == len(model.seen)
    total = sum(entry.usage.total for entry in entries)
    assert total >= sum(model.billed)
    if all(entry.usage.exact for entry in entries):
        assert total == sum(model.billed)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 12), st.integers(20, 400), st.integers(1, 60), st.booleans())
def test_parallel_calls_never_cross_a_budget_together(calls, tokens, max_tokens, capped_calls):
    budget = Budget(tokens=tokens, calls=5 if capped_calls else None)
    model = Scripted(lambda system, text: "word " * 80, seconds=0)
    events: list[Event] = []
    run = Run(Books({"default": model}, budget, emit=events.append))

    async def one(number, run):
        try:
            await run.by("agent").ask("be brief", "one two three", max_tokens=max_tokens)
        except BudgetExceeded:
            return False
        return True

    served = asyncio.run(run.map(one, range(calls)))
    spent = sum(event.entry.usage.total for event in events if isinstance(event, Replied))
    assert spent <= tokens * (1 - budget.keep)
    assert sum(served) == len(run.books.ledger)
    if capped_calls:
        assert len(run.books.ledger) <= 4


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 120))
def test_cancelling_at_any_point_leaves_no_task_running_and_a_settled_ledger(steps):
    journal = Memory()

    async def cancel():
        house = House({"default": Moody(("well",))}, Tertulia())
        asking = asyncio.create_task(house.ask(Question("?"), journal=journal))
        for _ in range(steps):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(cancel()) == []
    assert all(entry.status in ("ok", "cancelled") for entry in asyncio.run(journal.entries()))


def test_every_event_survives_being_written_as_json_and_read_back(house, happen):
    _, events = happen(house())
    for event in events:
        assert from_dict(json.loads(json.dumps(as_dict(event)))) == event


def test_a_planner_offers_as_many_tasks_as_it_may_plan():
    assert len(schema(AGENTS, Planner(most=6).most, 100)["properties"]) == 6


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no json at all", "not the JSON"),
        ('{"t1": {"task": "x", "agent": "wizard", "needs": []}}', "'wizard'"),
        ('{"t1": null}', "no task"),
        ('{"t1": ["x"]}', "not the JSON"),
    ],
)
def test_a_plan_that_cannot_be_used_says_why(text, why):
    from tertulia.errors import PlanError

    with pytest.raises(PlanError, match=why):
        parse(text, AGENTS)
