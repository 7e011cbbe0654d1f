"""A database in memory does what the others do, and keeps no more than it is told to."""

import asyncio
import sqlite3

import pytest
import pytest_asyncio

from tertulia.errors import StoreError, UnknownName
from tertulia.ids import REQUEST, maker, new_id, new_reply, replies_of, run_of
from tertulia.stores.adding import NewRun
from tertulia.stores.records import Idempotency
from tertulia.stores.runs import Runs
from tertulia.stores.served import MOST_BYTES, Documents
from tertulia.stores.transient import Transient
from tertulia.types import Question


@pytest_asyncio.fixture
async def runs():
    async with Runs(Transient()) as runs:
        yield runs


async def test_a_transaction_that_fails_leaves_nothing_behind(runs):
    def half(connection):
        connection.execute("INSERT INTO documents (owner, id, data, changed) VALUES ('ana', 'resp_1', '{}', 0)")
        connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StoreError, match="nowhere") as caught:
        await runs.database.transact(half)
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    assert await Documents(runs.database).load("ana", "resp_1") is None


async def test_what_is_submitted_is_done_in_order_and_told_on_the_loop(runs):
    told = []
    runs.database.submit(lambda connection: connection.execute("SELECT 1"), told.append)
    runs.database.submit(lambda connection: connection.execute("SELECT * FROM nowhere"), told.append)
    assert told == []
    await asyncio.sleep(0)
    (first, no_error), (nothing, error) = told
    assert (first, no_error, nothing) == ([(1,)], None, None)
    assert isinstance(error, StoreError)


async def test_only_the_latest_documents_of_an_owner_are_kept_and_their_runs(runs):
    documents = Documents(runs.database, most=2)
    await documents.claim("ana", Idempotency("k", "b"), "resp_0")
    for number in range(4):
        id = f"resp_{number}"
        await runs.add(NewRun(Question("Why?"), {}, owner="ana", id=run_of(id), served=id))
        await documents.save("ana", id, {"number": number})
    await documents.save("ana", "once_1_me", {})
    await documents.save("ben", "resp_0", {})
    kept = [number for number in range(4) if await documents.load("ana", f"resp_{number}")]
    assert kept == [2, 3]
    with pytest.raises(UnknownName):
        await runs.get(run_of("resp_0"))
    assert (await runs.get(run_of("resp_3"))).served == "resp_3"
    assert await documents.claim("ana", Idempotency("k", "another"), "resp_5") == ("resp_5", True)


async def test_large_documents_push_out_others_sooner(runs):
    documents = Documents(runs.database, most=1000)
    for number in range(3):
        await documents.save("ana", f"resp_{number}", {"text": "x" * (MOST_BYTES // 2 - 100)})
    assert [bool(await documents.load("ana", f"resp_{number}")) for number in range(3)] == [False, True, True]


def test_a_reply_that_is_made_again_keeps_what_names_its_response():
    reply = new_reply("host-1-a_b")
    again = new_reply("host-2-c", dead=reply)
    assert (maker(reply), maker(again)) == ("host-1-a_b", "host-2-c")
    for prefix in ("resp_", "chatcmpl-"):
        served = new_id(prefix, reply)
        assert served == new_id(prefix, again) != new_id(prefix)
        assert reply.startswith(replies_of(served))
        assert again.startswith(replies_of(served))
    assert new_id(REQUEST) != new_id(REQUEST)
