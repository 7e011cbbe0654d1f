"""From a form to a run: asked as a background response of the API is, by the same visit, turns and runner."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, get_args

from starlette.datastructures import FormData, UploadFile

from .. import ids
from ..budget import Budget
from ..durable.configuration import overrides_of
from ..durable.life import resume
from ..errors import RunCancelled, RunTaken
from ..house import House
from ..progress import Progress
from ..server.houses import DEFAULT
from ..server.reading.asking import LIMITS, Asking
from ..server.reading.images import MOST_BYTES, MOST_IMAGES, media_type
from ..server.runners import Job, new_run
from ..server.service import Service
from ..server.visit import Visit
from ..stores.records import Stored
from ..types import Effort, Image, Question, Turn
from . import words
from .visiting import Sorry, Visitor, text

NAMES = {"tokens": words.MOST_TOKENS, "usd": words.MOST_USD, "seconds": words.MOST_SECONDS}


async def asking_of(form: FormData, who: Visitor, before: Stored | None, like: Stored | None = None) -> Asking:
    """What a form asks.

    Args:
        before: The run that it follows up, as a conversation; None if it begins one.
        like: The run that is asked again, whose images, documents and conversation it has; None for none.

    Raises:
        Sorry: if a number is none, or an image cannot be read.
        InvalidQuestion: if there is no question, or too much of it.
    """
    history = conversation(before) if before else ()
    question = Question(text(form, "question"), await _images(form, who), history=history)
    if like:
        old = like.question
        question = replace(old, text=question.text, images=question.images or old.images)
    effort = next((one for one in get_args(Effort) if one == text(form, "effort") and one != "auto"), None)
    return Asking(_model(form), question, effort, _budget(form, who))


def conversation(run: Stored) -> tuple[Turn, ...]:
    """What was said up to the end of a run."""
    said = run.answered.answer.text if run.answered else ""
    here = (Turn("user", run.question.text), Turn("assistant", said)) if said else (Turn("user", run.question.text),)
    return run.question.history + here


async def begin(service: Service, who: Visitor, asking: Asking) -> str:
    """Have it answered, whether or not somebody watches; gives the id of the run.

    Raises:
        Problem: if a limit is reached, or the server has too much to do.
    """
    async with AsyncExitStack() as stack:
        visit = Visit(service, who.holder, asking, ids.new_id(ids.RESPONSE), lasts=True)
        await stack.enter_async_context(visit)
        job = visit.job()
        if service.runner.works_here:
            service.turns.check()
        worker = service.heartbeat.process.id if service.runner.works_here else ""
        await service.heartbeat.runs.add(new_run(job, worker))
        tasks = service.work if service.runner.works_here else service.watching
        tasks.begin(_work(service, visit, job, stack.pop_all()))
        return job.id


async def _work(service: Service, visit: Visit, job: Job, leaving: AsyncExitStack) -> None:
    """Have the run answered, and the books kept."""
    progress = visit.note(job)
    service.background_runs.add(job.id)
    try:
        async with leaving:
            if service.runner.works_here:
                await visit.take_turn(however_long=True)
            await service.runner.finish(job, progress.see)
    except (RunTaken, RunCancelled):  # a worker was faster, or nobody wants it any more
        pass
    except Exception as error:
        service.problem(error)  # the store says why; what nobody foresaw is in the log
    finally:
        service.background_runs.discard(job.id)


async def go_on(service: Service, run: Stored, house: House) -> None:
    """Have a stored run go on here, from where it stopped."""
    service.turns.check()
    service.work.begin(_go_on(service, run, house))


async def _go_on(service: Service, run: Stored, house: House) -> None:
    progress = Progress()
    await service.turns.take()
    try:
        await resume(run.id, house, service.heartbeat, progress.see)
    except (RunTaken, RunCancelled):
        pass
    except Exception as error:
        service.problem(error)
    finally:
        service.turns.give_back()
        service.metrics.settle(overrides_of(run.configuration).model, progress)


def _model(form: FormData) -> str:
    """The house and the strategy, in the words of the API."""
    house, strategy = text(form, "house"), text(form, "strategy")
    return f"{DEFAULT}-{strategy}" if strategy else house or DEFAULT


def _budget(form: FormData, who: Visitor) -> Budget:
    limits: dict[str, Any] = {}
    for name, phrase in NAMES.items():
        given = text(form, name)
        if not given:
            continue
        try:
            limits[name] = LIMITS[name](given.replace(",", "."))
        except ValueError:
            limits[name] = 0
        if not 0 < limits[name] < 1e15:
            raise Sorry(400, who.say(words.NOT_A_NUMBER, name=who.say(phrase), given=given[:40]))
    return replace(Budget(), **limits)


async def _images(form: FormData, who: Visitor) -> tuple[Image, ...]:
    files: Sequence[object] = form.getlist("images")[:MOST_IMAGES]
    found: list[Image] = []
    for file in files:
        if not isinstance(file, UploadFile) or not file.filename:
            continue
        data = await file.read(MOST_BYTES + 1)
        kind = media_type(data)
        if kind is None or len(data) > MOST_BYTES:
            raise Sorry(400, who.say(words.NOT_AN_IMAGE, name=file.filename[:80]))
        found.append(Image(data, kind))
    return tuple(found)
