"""The gate in front of a model: how many calls at once, which are made again, and when it is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tertulia.errors import ModelBusy, ModelError, ModelUnreachable
from tertulia.gate import MOST_TRIES, Gate


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def call(gate: Gate, error: BaseException | None = None) -> None:
    async with gate.slot():
        if error:
            raise error


async def fail(gate: Gate, error: Callable[[], ModelError], times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ModelError):
            await call(gate, error())


def broken() -> ModelBusy:
    return ModelBusy("503")


def overloaded() -> ModelBusy:
    return ModelBusy("429", overloaded=True)


async def test_no_more_calls_than_slots_are_in_flight() -> None:
    gate, peak, done = Gate(start=3, most=3), 0, asyncio.Event()

    async def work() -> None:
        nonlocal peak
        async with gate.slot():
            peak = max(peak, gate.in_flight)
            await done.wait()

    tasks = [asyncio.create_task(work()) for _ in range(20)]
    await asyncio.sleep(0)
    assert gate.in_flight == 3
    done.set()
    await asyncio.gather(*tasks)
    assert peak == 3
    assert gate.in_flight == 0


async def test_successes_add_a_slot_and_an_overload_halves_them(clock: Clock) -> None:
    gate = Gate(start=8, most=9, clock=clock)
    for _ in range(8):
        await call(gate)
    assert gate.limit == 9
    for _ in range(30):
        await call(gate)
    assert gate.limit == 9
    await fail(gate, overloaded)
    assert gate.limit == 4


async def test_until_an_overload_each_success_adds_a_slot_while_all_are_taken(clock: Clock) -> None:
    gate, done = Gate(start=4, most=100, clock=clock), asyncio.Event()

    async def work() -> None:
        async with gate.slot():
            await done.wait()

    tasks = [asyncio.create_task(work()) for _ in range(8)]
    await asyncio.sleep(0)
    assert (gate.in_flight, gate.limit) == (4, 4)
    done.set()
    await asyncio.gather(*tasks)
    assert gate.limit == 7  # in the end fewer than all of them were taken
    await fail(gate, overloaded)
    halved = gate.limit
    for _ in range(halved):
        await call(gate)
    assert gate.limit == halved + 1


async def test_calls_that_meet_the_same_overload_halve_the_slots_once(clock: Clock) -> None:
    gate = Gate(start=64, clock=clock)
    await fail(gate, overloaded, times=5)
    assert gate.limit == 32
    clock.now = 1.5
    await fail(gate, overloaded)
    assert gate.limit == 16


async def test_there_is_always_one_slot(clock: Clock) -> None:
    gate = Gate(start=2, clock=clock)
    for second in range(5):
        clock.now = 2.0 * second
        await fail(gate, overloaded)
    assert gate.limit == 1


async def test_a_cancelled_waiter_loses_no_slot() -> None:
    gate, done = Gate(start=1, most=1), asyncio.Event()

    async def work() -> None:
        async with gate.slot():
            await done.wait()

    first, second, third = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    done.set()
    await asyncio.gather(first, third)
    assert second.cancelled()
    assert gate.in_flight == 0
    await call(gate)


async def test_a_waiter_cancelled_just_as_it_gets_its_slot_hands_it_on() -> None:
    gate = Gate(start=1, most=1)
    held, reached = asyncio.Event(), []

    async def hold() -> None:
        async with gate.slot():
            await held.wait()
        tasks[0].cancel()  # it was handed the slot in this very step, and has not run yet

    async def work(name: str) -> None:
        async with gate.slot():
            reached.append(name)

    first = asyncio.create_task(hold())
    await asyncio.sleep(0)
    tasks = [asyncio.create_task(work(name)) for name in ("second", "third")]
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(first, *tasks, return_exceptions=True)
    assert reached == ["third"]
    assert gate.in_flight == 0


async def test_failures_in_a_row_leave_the_model_alone_for_a_while(clock: Clock) -> None:
    gate = Gate("mock", failures=3, rest=10, clock=clock)
    await fail(gate, broken, times=3)
    with pytest.raises(ModelBusy, match=r"mock failed 3 times in a row.*the last time: 503") as left_alone:
        await call(gate)
    assert left_alone.value.retry_after == 10
    assert gate.in_flight == 0


async def test_one_call_tries_whether_the_model_is_back(clock: Clock) -> None:
    gate = Gate(failures=1, rest=10, clock=clock)
    await fail(gate, broken)
    clock.now = 11
    async with gate.slot():
        with pytest.raises(ModelBusy, match="left alone"):
            await call(gate)
    await call(gate)


async def test_a_probe_that_fails_leaves_the_model_alone_again(clock: Clock) -> None:
    gate = Gate(failures=1, rest=10, clock=clock)
    await fail(gate, broken)
    clock.now = 11
    await fail(gate, broken)
    with pytest.raises(ModelBusy, match="left alone"):
        await call(gate)


async def test_a_cancelled_probe_lets_another_one_through(clock: Clock) -> None:
    gate = Gate(failures=1, rest=10, clock=clock)
    await fail(gate, broken)
    clock.now = 11
    with pytest.raises(asyncio.CancelledError):
        await call(gate, asyncio.CancelledError())
    await call(gate)


@pytest.mark.parametrize("error", [overloaded, lambda: ModelError("400"), lambda: ModelUnreachable("401")])
async def test_only_passing_failures_that_are_not_overloads_open_the_breaker(
    clock: Clock, error: Callable[[], ModelError]
) -> None:
    gate = Gate(failures=2, clock=clock)
    await fail(gate, error, times=5)
    await call(gate)


async def test_an_answer_between_failures_starts_the_count_anew(clock: Clock) -> None:
    gate = Gate(failures=2, clock=clock)
    for _ in range(3):
        await fail(gate, broken)
        await call(gate)
    await fail(gate, broken)
    await fail(gate, lambda: ModelError("400"))
    await fail(gate, broken)
    await call(gate)


async def test_retries_are_a_fifth_of_the_calls_and_ten_a_second(clock: Clock) -> None:
    gate = Gate(clock=clock)
    assert sum(gate.may_retry() for _ in range(50)) == 10
    for _ in range(50):
        await call(gate)
    assert 9 <= sum(gate.may_retry() for _ in range(50)) <= 10
    clock.now = 0.5
    assert 5 <= sum(gate.may_retry() for _ in range(50)) <= 6
    clock.now = 100
    assert sum(gate.may_retry() for _ in range(50)) == 10


def test_the_pause_grows_with_full_jitter() -> None:
    longest, shortest = Gate(chance=lambda: 1.0), Gate(chance=lambda: 0.0)
    assert [longest.pause(attempt) for attempt in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert shortest.pause(3) == 0


def test_a_provider_is_not_asked_before_the_time_it_named() -> None:
    gate = Gate(chance=lambda: 0.5)
    assert gate.pause(1, retry_after=7.0) == 7.25
    assert gate.pause(1, retry_after=60.0) is not None
    assert gate.pause(1, retry_after=61.0) is None


def test_the_last_try_is_not_followed_by_another() -> None:
    gate = Gate()
    assert gate.pause(MOST_TRIES - 1) is not None
    assert gate.pause(MOST_TRIES) is None
