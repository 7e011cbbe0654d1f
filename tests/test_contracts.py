"""Every built-in part keeps the contract of its kind, and a part that breaks a promise is told which one it is."""

import io
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tertulia import Answer, Finding
from tertulia.agents import Agent, Member, Voice
from tertulia.agents.calculator import Calculator
from tertulia.agents.caller import Caller
from tertulia.agents.librarian import Librarian
from tertulia.agents.reasoner import Reasoner
from tertulia.agents.roster import roster
from tertulia.agents.viewer import Viewer
from tertulia.errors import ModelError
from tertulia.model import Chunk, Message
from tertulia.providers.openai import OpenAI
from tertulia.providers.scripted import Scripted
from tertulia.registry import find, parts
from tertulia.stores.memory import Memory
from tertulia.stores.places import database_at
from tertulia.stores.transient import Transient
from tertulia.strategies import Strategy
from tertulia.strategies.rag import Rag
from tertulia.strategies.tools import Tools
from tertulia.testing import check_agent, check_journal, check_provider, check_store, check_strategy
from tertulia.testing.provider import REQUEST
from tertulia.tools.documents import Library
from tertulia.tools.toolbox import McpServer, Toolbox
from tertulia.types import Image, Task
from tertulia.usage import Usage

from . import conftest
from .witness import witness

pytest_plugins = ("tests.postgres",)
STRATEGIES = sorted(set(parts("strategy")) - {"rag"})
"""All but the one that answers only with documents, which is checked with some."""
SHOP = McpServer("shop", sys.executable, (str(Path(__file__).parent / "mcp_tools.py"),), allowed=("stock",))


def says(system, text):
    """A mind that every part can work with."""
    if "You find out one part" in system:
        step = (
            {"answer": "There are 417 nails."} if "417" in text else {"tool": "stock", "arguments": {"item": "nails"}}
        )
        return json.dumps({"step": step})
    if "from passages of documents" in system:
        quotes = [{"passage": 1, "text": "costs 1.10 euros"}]
        return json.dumps({"found": True, "answer": "It costs 1.10 euros.", "quotes": quotes})
    known = conftest.says(system, text)
    return known if "Conclusion: " not in known else "Both are known.\nConclusion: 1440 is larger\nAnswer: 1440"


MIND = Scripted(says)


@pytest.fixture
def librarian(tmp_path):
    (tmp_path / "bakery.md").write_text("# Bakery\n\nA baguette costs 1.10 euros.\n")
    return Librarian(Library(tmp_path / "library"), (str(tmp_path / "bakery.md"),))


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_keeps_its_contract(name):
    check_strategy(find("strategy", name)(), MIND)


@pytest.mark.parametrize("agent", [Reasoner(), Calculator()], ids=lambda agent: agent.name)
def test_an_agent_that_joins_every_plan_keeps_its_contract(agent):
    assert agent in roster().standing
    check_agent(agent, MIND)


@pytest.mark.slow
def test_the_librarian_keeps_the_contract_of_agents(librarian):
    check_agent(librarian, MIND, Task("t1", "What does a baguette cost?", ""))


def test_the_caller_keeps_the_contract_of_agents():
    check_agent(Caller(Toolbox([SHOP])), MIND, Task("t1", "How many nails are there?", ""))


def test_the_viewer_keeps_the_contract_of_agents():
    pytest.importorskip("rapidocr")
    image = pytest.importorskip("PIL.Image").new("RGB", (200, 100), "white")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    task = Task("t1", "Which colour has it?", "")
    check_agent(Viewer(images=(Image(stream.getvalue()),)), MIND, task)


def test_every_registered_agent_is_checked_here():
    assert set(roster().agents) == {"reasoner", "calculator", "librarian", "caller", "viewer"}
    assert not roster().broken


def test_a_model_that_repeats_what_it_is_asked_keeps_the_contract_of_providers():
    check_provider(Scripted)


def test_the_client_of_openai_s_protocol_keeps_the_contract_of_providers(tmp_path):
    with witness(tmp_path) as server:
        check_provider(lambda: OpenAI("counting", server.url, label="counting", free=True))


def test_a_model_through_pydantic_ai_keeps_the_contract_of_providers():
    function = pytest.importorskip("pydantic_ai.models.function")
    from tertulia.providers.direct import Direct

    async def speak(messages, info):
        for word in ("It ", "is ", "blue.")[: info.model_settings["max_tokens"] // 2]:
            yield word

    long = replace(
        REQUEST, messages=(*REQUEST.messages, Message("user", "And why? " * 40))
    )  # that model adds 50 tokens
    check_provider(lambda: Direct(function.FunctionModel(stream_function=speak, model_name="mock")), long)


@pytest.mark.model
def test_the_model_in_the_box_keeps_the_contract_of_providers():
    from tertulia.opening import make_model, wishes_of
    from tertulia.settings import load

    check_provider(lambda: make_model("embedded:small", wishes_of(load(), print)))


def test_a_journal_in_memory_keeps_the_contract_of_journals():
    journal = Memory()
    check_journal(lambda: journal)


def test_a_store_keeps_its_contract(place):
    check_store(lambda: database_at(place))


def test_a_database_in_memory_keeps_the_contract_of_stores():
    check_store(Transient, shared=False)


@dataclass(frozen=True)
class Lazy(Agent):
    """Finds nothing, under a name that it does not always have."""

    name: str = "lazy"
    skill: str = "does nothing"
    calls_itself: str = "lazy"
    text: str = "nothing"
    error: Exception | None = None

    async def work(self, task, known, run):
        if self.error:
            raise self.error
        reply = await run.by(self.calls_itself).ask("Do nothing.", task.text)
        return Finding(task.id, self.name, self.text or reply.text, asked=task.text)


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"name": "Lazy One"}, "small letters"),
        ({"skill": ""}, "one line"),
        ({"calls_itself": "somebody"}, "under its own name"),
        ({"text": " "}, "says what was found"),
    ],
)
def test_an_agent_that_breaks_a_promise_is_told_which(change, promise):
    check_agent(Lazy())
    with pytest.raises(AssertionError, match=promise):
        check_agent(replace(Lazy(), **change))


@dataclass(frozen=True)
class Hasty(Strategy):
    """Answers in one call, and may forget what it promised."""

    name: str = "hasty"
    forgets_form: bool = False
    forgets_names: bool = False
    remembers: bool = False
    made: tuple = ()

    @property
    def members(self) -> tuple[Member, ...]:
        return () if self.forgets_names else (Voice("hasty", "answers"),)

    async def __call__(self, question, run):
        form = None if self.forgets_form else question.form
        reply = await run.by("hasty").ask("Answer.", question.text, form=form)
        return Answer(reply.text, reply.key)


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"forgets_form": True}, "form=question.form"),
        ({"forgets_names": True}, "members of hasty"),
        ({"remembers": True}, "reads the conversation"),
    ],
)
def test_a_strategy_that_breaks_a_promise_is_told_which(change, promise):
    check_strategy(Hasty())
    with pytest.raises(AssertionError, match=promise):
        check_strategy(replace(Hasty(), **change))


@dataclass(frozen=True)
class Babbling(Scripted):
    """Goes on after its end, or fails."""

    fails: bool = False

    async def stream(self, request):
        if self.fails:
            raise ModelError("no")
        async for chunk in super().stream(request):
            yield chunk
        yield Chunk("and so on", usage=Usage(1, 1))


def test_a_provider_that_breaks_a_promise_is_told_which():
    with pytest.raises(AssertionError, match="nothing after it said why it ended"):
        check_provider(Babbling)
    with pytest.raises(ModelError):
        check_provider(lambda: Babbling(fails=True))


def test_a_journal_that_forgets_is_told_so():
    with pytest.raises(AssertionError, match="not taken again"):
        check_journal(Memory)


def test_strategies_that_need_an_agent_take_it_by_its_name(librarian):
    assert Tools().joined_by(librarian) == Tools()
    assert Rag().joined_by(Reasoner()) == Rag()
    assert Rag().joined_by(librarian).librarian is librarian
