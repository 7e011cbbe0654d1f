"""What a server keeps for its clients."""

import asyncio

import pytest
import pytest_asyncio

from tertulia.errors import KeyReused
from tertulia.stores.places import runs_at
from tertulia.stores.records import Idempotency
from tertulia.stores.served import Documents

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


async def test_a_document_is_settled_by_one(documents):
    await documents.save("ana", "resp_1", {"status": "in_progress"})
    seen = await documents.load("ana", "resp_1")
    assert await documents.change("ana", "resp_1", {"status": "completed"}, seen)
    assert not await documents.change("ana", "resp_1", {"status": "failed"}, seen)
    assert await documents.load("ana", "resp_1") == {"status": "completed"}


async def test_what_a_dead_process_claimed_is_inherited_by_one(documents):
    await documents.claim("ana", Idempotency("k", "b"), "once_1_dead")
    heirs = await asyncio.gather(*(documents.inherit("ana", "k", "once_1_dead", f"once_1_{i}") for i in range(6)))
    assert heirs.count(True) == 1


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
