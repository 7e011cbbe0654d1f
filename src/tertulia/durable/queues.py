"""The queues between those who ask and those who answer, kept by DBOS.

DBOS hands out runs: it bounds how many are at work, at which rate and in which order. What a run did is in our own
store, by key, because DBOS numbers steps in the order in which they happen to start, and our branches run side by side.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..stores.places import data_folder
from ..stores.postgres import IDLE

if TYPE_CHECKING:
    import sqlalchemy

VERSION = "tertulia-1"
"""What a run needs of a worker; only a change that old runs cannot live through makes it grow."""
SCHEMA = "tertulia_queues"
POLL_SECONDS = 0.2
"""How often a worker looks into each queue."""
CONNECTIONS = 4


@dataclass(frozen=True)
class Lane:
    """Bounds on the runs of one provider. None means no bound."""

    runs: int | None = None
    """Runs at work at the same time, on all workers together."""
    per_worker: int | None = 8
    per_minute: int | None = None
    """Runs that are begun in any minute."""
    per_key: int | None = None
    """Runs at work at the same time for one owner."""
    per_key_minute: int | None = None
    """Runs of one owner that are begun in any minute."""

    @property
    def is_shared(self) -> bool:
        """Whether each owner has bounds of their own."""
        return (self.per_key, self.per_key_minute) != (None, None)


@dataclass
class Queues:
    """This process as one that takes runs out of the queues; there can be one in a process.

    DBOS is called in threads: its own asynchronous methods put an executor of theirs in our event loop, which nobody
    can use any more when DBOS has ended.
    """

    place: str
    executor: str
    """A name that no other process has or had: DBOS runs the work of processes of the same name again."""
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    """Bounds by provider; `default` is for all others."""
    _known: set[str] = field(default_factory=set)
    _engine: sqlalchemy.Engine | None = None

    async def open(self, answer: Callable[[str], Awaitable[object]]) -> None:
        """Begin to take runs out, and call `answer` with the id of each, on this event loop.

        Raises:
            SettingsError: if the extra is not installed.
        """
        loop = asyncio.get_running_loop()

        async def work(id: str) -> None:
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(_wait_for(answer(id)), loop))

        await asyncio.to_thread(self._launch, work)

    def _launch(self, work: Callable[[str], Awaitable[None]]) -> None:
        try:
            from dbos import DBOS, DBOSConfig
        except ImportError:
            raise SettingsError("queues and workers need an extra: run `tertulia setup durable`") from None
        self._engine = engine(self.place)
        config: DBOSConfig = {
            "name": "tertulia",
            "system_database_engine": self._engine,
            "dbos_system_schema": SCHEMA,
            "executor_id": self.executor,
            "application_version": VERSION,
            "serializer": _json_serializer(),
            "use_listen_notify": False,
            "log_level": "CRITICAL",  # what it calls errors are runs that were cancelled; ours are in the store
        }
        DBOS(config=config)
        DBOS.workflow(name="answer")(work)
        DBOS.launch()

    async def put(self, id: str, ticket: str, provider: str, owner: str, priority: int, pause: float = 0.0) -> None:
        """Put a run in the queue of its provider, to be taken out after `pause` seconds; a ticket counts once."""
        from dbos import DBOS, EnqueueOptions

        name, lane = await self._queue(provider)
        options: EnqueueOptions = {
            "queue_name": name,
            "workflow_name": "answer",
            "workflow_id": ticket,
            "app_version": VERSION,
            "priority": max(1, 1000 + priority),
        }
        if pause:
            options["delay_seconds"] = pause
        if lane.is_shared:
            options["queue_partition_key"] = owner or "-"
        await asyncio.to_thread(DBOS.enqueue_workflow_with_options, options, id)

    async def withdraw(self, executor: str) -> list[str]:
        """Withdraw the tickets of a worker that ends or is dead, so that they no longer count as work; gives them."""
        from dbos import DBOS

        def do() -> list[str]:
            held = DBOS.list_workflows(status="PENDING", executor_id=executor, load_input=False, load_output=False)
            tickets = [status.workflow_id for status in held]
            if tickets:
                DBOS.cancel_workflows(tickets)
            return tickets

        return await asyncio.to_thread(do)

    async def close(self) -> None:
        from dbos import DBOS

        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        if self._engine:
            await asyncio.to_thread(self._engine.dispose)

    async def _queue(self, provider: str) -> tuple[str, Lane]:
        """The queue of a provider, made if it is new."""
        from dbos import DBOS

        lane = self.lanes.get(provider) or self.lanes.get("default") or Lane()
        name = f"tertulia-{provider}"
        if name not in self._known:
            await asyncio.to_thread(
                DBOS.register_queue,
                name,
                global_concurrency=lane.runs,
                worker_concurrency=_least(lane.per_worker, lane.runs),
                partition_concurrency=_least(lane.per_key, lane.runs) if lane.per_key else None,
                limiter=_rate(lane.per_minute),
                partition_limiter=_rate(lane.per_key_minute),
                polling_interval_sec=POLL_SECONDS,
                on_conflict="always_update",
            )
            self._known.add(name)
        return name, lane


def _rate(runs: int | None) -> Any:
    return None if runs is None else {"limit": runs, "period": 60.0}


def _least(*bounds: int | None) -> int | None:
    """The narrowest bound; None if there is none."""
    return min((bound for bound in bounds if bound is not None), default=None)


async def _wait_for(answering: Awaitable[object]) -> None:
    await answering


def engine(place: str) -> sqlalchemy.Engine:
    """Where the queues are: a schema of their own beside the runs, or a file beside theirs."""
    import sqlalchemy

    kind, sign, rest = place.partition("://")
    if kind in ("postgres", "postgresql"):
        import psycopg

        settings: dict[str, Any] = {"connect_timeout": 5, "tcp_user_timeout": 8000, "options": f"-c {IDLE}"}
        return sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(f"postgresql://{rest}", **settings),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_pre_ping=True,
        )
    runs = Path(rest[1:] if sign else place) if place else data_folder() / "runs.db"
    file = runs.with_name(f"{runs.stem}-queues.db")
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = sqlalchemy.create_engine(f"sqlite:///{file}")

    @sqlalchemy.event.listens_for(made, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}").fetchall()

    return made


def _json_serializer() -> Any:
    """Ids of runs as JSON: the default would run any code that another writes into the database."""
    from dbos import Serializer

    class Json(Serializer):
        def serialize(self, data: Any) -> str:
            return json.dumps(data, default=str)

        def deserialize(self, serialized_data: str) -> Any:
            return json.loads(serialized_data)

        def name(self) -> str:
            return "tertulia_json"

    return Json()
