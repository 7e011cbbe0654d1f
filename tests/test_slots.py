"""A bounded number of slots, and tasks that end with their owner."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.schedule import Tasks, beside, every
from tertulia.slots import Slots


async def rest() -> None:
    """Let all that can happen now happen."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_slots_go_to_those_who_wait_in_the_order_in_which_they_came() -> None:
    slots, order = Slots(1), list[int]()

    async def work(number: int) -> None:
        await slots.take()
        order.append(number)
        slots.give_back()

    await slots.take()
    tasks = [asyncio.create_task(work(number)) for number in range(4)]
    await rest()
    assert (order, slots.waiting) == ([], 4)
    slots.give_back()
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3]
    assert (slots.taken, slots.waiting) == (0, 0)


async def test_a_newcomer_does_not_overtake_whoever_was_just_handed_a_slot() -> None:
    slots = Slots(1)
    await slots.take()
    waiting = asyncio.create_task(slots.take())
    await rest()
    slots.give_back()
    newcomer = asyncio.create_task(slots.take())
    await rest()
    assert (waiting.done(), newcomer.done()) == (True, False)
    slots.give_back()
    await newcomer


async def test_more_slots_let_in_those_who_wait_and_fewer_take_none_away() -> None:
    slots = Slots(1)
    tasks = [asyncio.create_task(slots.take()) for _ in range(4)]
    await rest()
    slots.resize(3)
    await rest()
    assert (slots.taken, slots.waiting) == (3, 1)
    slots.resize(1)
    slots.give_back()
    await rest()
    assert (slots.taken, slots.waiting) == (2, 1)
    slots.give_back()
    slots.give_back()
    await asyncio.gather(*tasks)
    assert (slots.taken, slots.waiting) == (1, 0)


steps = st.lists(
    st.tuples(st.sampled_from(["come", "leave", "cancel", "resize", "turn"]), st.integers(0, 5)), max_size=60
)


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 4), steps)
def test_whatever_is_cancelled_no_slot_is_lost_and_nobody_waits_while_one_is_free(limit, steps):
    async def play() -> None:
        slots, coming, inside = Slots(limit), list[asyncio.Task[None]](), 0
        for step, number in steps:
            one = coming[number % len(coming)] if coming else None
            if step == "come":
                coming.append(asyncio.create_task(slots.take()))
            elif step == "leave" and inside:
                slots.give_back()
                inside -= 1
            elif step == "cancel" and one:
                one.cancel()
            elif step == "resize":
                slots.resize(1 + number)
            elif step == "turn":
                await asyncio.sleep(0)
            assert slots.taken >= slots.limit or slots.waiting == 0
            done = [task for task in coming if task.done()]
            inside += sum(not task.cancelled() for task in done)
            coming = [task for task in coming if task not in done]
        await rest()
        inside += sum(task.done() and not task.cancelled() for task in coming)
        assert slots.taken == inside
        assert slots.waiting == sum(not task.done() for task in coming)
        while slots.taken:
            slots.give_back()
            await rest()
        assert all(task.done() for task in coming)

    asyncio.run(play())


async def test_work_beside_a_block_ends_with_it() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def block() -> None:
        async with beside(work()):
            await rest()
            raise ValueError("of the block")

    with pytest.raises(ValueError, match="of the block"):
        await block()
    assert ended == [True]


async def test_tasks_that_are_left_are_cancelled_and_one_that_fails_ends_no_other() -> None:
    async def fail() -> None:
        raise ValueError("one")

    async with Tasks() as tasks:
        failing, left = tasks.begin(fail()), tasks.begin(asyncio.sleep(60))
        await tasks.wait(0.01)
        assert len(tasks) == 1
    assert isinstance(failing.exception(), ValueError)
    assert left.cancelled()
    assert len(tasks) == 0


async def test_work_that_is_done_again_and_again_tells_of_its_failures_and_goes_on() -> None:
    told, count = [], 0

    async def work() -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise ValueError("once")

    async with beside(every(0.0, work, told.append)):
        while count < 4:
            await asyncio.sleep(0)
    assert [str(error) for error in told] == ["once"]
    count = 1
    with pytest.raises(ValueError, match="once"):
        await every(0.0, work)
