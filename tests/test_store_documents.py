"""What a server keeps for its clients."""

import asyncio

import pytest
import pytest_asyncio

from tertulia.errors import KeyReused
from tertulia.stores.documents import Documents
from tertulia.stores.places import runs_at
from tertulia.stores.records import Idempotency

pytest_plugins = ("tests.postgres",)


@pytest_asyncio.fixture
async def documents(place):
    async with runs_at(place) as runs:
        yield Documents(runs.database)


async def test_a_document_is_seen_by_its_owner_alone(documents):
    await documents.save("ana", "resp_1", {"text": "¿sí?"})
    assert await documents.load("ana", "resp_1") == {"text": "¿sí?"}
    assert await documents.load("ben", "resp_1") is None
    assert not await documents.delete("ben", "resp_1")
    assert await documents.delete("ana", "resp_1")
    assert await documents.load("ana", "resp_1") is None


async def test_events_are_told_from_where_the_reader_stopped(documents):
    await documents.save("ana", "resp_1", {"status": "in_progress"})
    await documents.append("ana", "resp_1", 0, [{"n": 0}, {"n": 1}])
    await documents.append("ana", "resp_1", 1, [{"n": "late"}, {"n": 2}])
    await documents.save("ana", "resp_1", {"status": "completed"})
    assert await documents.events("ana", "resp_1", after=0) == [(1, {"n": 1}), (2, {"n": 2})]
    assert await documents.events("ben", "resp_1") == []


async def test_a_key_belongs_to_one_request_of_one_owner(documents):
    claims = await asyncio.gather(*(documents.claim("ana", Idempotency("k", "b"), f"resp_{i}") for i in range(6)))
    assert len({id for id, _ in claims}) == 1
    assert sum(new for _, new in claims) == 1
    assert await documents.claim("ben", Idempotency("k", "b"), "resp_9") == ("resp_9", True)
    with pytest.raises(KeyReused):
        await documents.claim("ana", Idempotency("k", "another"), "resp_7")
    await documents.unclaim("ana", "k")
    assert await documents.claim("ana", Idempotency("k", "another"), "resp_7") == ("resp_7", True)


async def test_old_documents_are_deleted(documents):
    await documents.save("ana", "resp_1", {})
    await documents.claim("ana", Idempotency("k", "b"), "resp_1")
    assert await documents.prune(1) == 0
    assert await documents.prune(0) == 1
    assert (await documents.claim("ana", Idempotency("k", "c"), "resp_2"))[1]
