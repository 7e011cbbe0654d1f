"""Loads, saves, settles and deletes responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ... import ids
from ...errors import UnknownName
from ...stores.deleting import delete_served
from ..problems import JSON, as_problem
from ..runners.queued import why_unanswered
from ..service import Service
from .kept import KeptResponse, as_document, of_document
from .replay import Replay


@dataclass(frozen=True)
class Archive:
    """The responses of all owners, in the database of the runs. All methods may raise StoreError."""

    service: Service

    async def save(self, kept: KeptResponse) -> None:
        """Keep a response, in place of an earlier one of the same id."""
        await self.service.documents.save(kept.owner, kept.id, as_document(kept))

    async def load(self, owner: str, id: str) -> KeptResponse | None:
        """The response; None if there is none, or if it is somebody else's.

        One that is made in the background is given as it stands, and settled if its run is over.
        """
        data = await self.service.documents.load(owner, id) if id.startswith(ids.RESPONSE) else None
        if data is None:
            return None
        kept = of_document(data)
        return kept if kept.is_over or kept.blank is None else await self._as_it_stands(kept, data)

    async def _as_it_stands(self, kept: KeptResponse, data: JSON) -> KeptResponse | None:
        runs, replay = self.service.heartbeat.runs, Replay(kept, self.run_ids(kept))
        replay.begin()
        try:
            run = await runs.get(ids.run_of(kept.id), kept.owner)
            for numbered in await runs.events(run.id):
                replay.see(numbered)
        except UnknownName:  # it was deleted, and its response goes with it
            return None
        if not run.over:
            return replace(kept, response=replay.writer.response)
        why = as_problem(why_unanswered(run), replay.usage_if_any, self.service.door.is_local)
        settled = replay.settle(run, why)
        if await self.service.documents.change(kept.owner, kept.id, as_document(settled), data):
            return settled
        return await self.load(kept.owner, kept.id)  # another was faster

    async def delete(self, owner: str, id: str) -> bool:
        """Delete a response with its run, and what was kept under its key; False if there was none."""
        return id.startswith(ids.RESPONSE) and await delete_served(self.service.documents.database, owner, id)

    def run_ids(self, kept: KeptResponse) -> Sequence[str]:
        """The run of a background response, if `tertulia runs` can find it."""
        return [ids.run_of(kept.id)] if self.service.serving.store else []
