"""Follows jobs: yields the log of each, from any event on, as it grows.

A follower first registers and then reads, so nothing is missed; after that it reads only when something was
committed. It holds one page of events at a time, so a client that reads slowly, or has vanished, costs no
more than that.
"""

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, cast, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlmodel import col

from api.access.keyring import Keyring
from api.access.principal import Reach
from api.database import Sessions
from api.jobs.listening import LOOK_AGAIN_SECONDS
from api.jobs.queue_position import Place
from api.jobs.read import JobReader
from shared.models import AudioObject, Job, JobEvent
from shared.statements import built_once

logger = logging.getLogger(__name__)

_PAGE = 100
_PLACES_SECONDS = 1.0


class Logged(NamedTuple):
    """An event of a job's log, and the sound of a piece of speech, unless it is not kept any more."""

    event: JobEvent
    sound: AudioObject | None


@dataclass(frozen=True, slots=True)
class Log:
    """A page of a job's log. `is_over`: the job has ended, and no page follows. `waits`: it has not begun."""

    events: Sequence[Logged]
    is_over: bool
    waits: bool


@dataclass(slots=True, eq=False)
class _Follower:
    """A request that follows a job. `seq`: the last event sent; `woken` when there may be more to send.

    `has_news`: the log may have grown; a new `place` alone is told without reading it.
    """

    seq: int
    woken: asyncio.Event
    has_news: bool = True
    is_refused: bool = False
    waits: bool = False
    place: Place | None = None

    def wake(self) -> None:
        """Have the log read."""
        self.has_news = True
        self.woken.set()

    def refuse(self) -> None:
        """Have the stream end."""
        self.is_refused = True
        self.woken.set()


class NothingFollowsError(Exception):
    """The job has ended and all its events were seen: there is nothing left to follow."""


class JobFollowers:
    """Lets requests follow jobs, each for `longest_seconds` at most; the client then resumes."""

    def __init__(
        self, sessions: Sessions, reader: JobReader, keyring: Keyring, *, longest_seconds: float
    ) -> None:
        self._sessions = sessions
        self._reader = reader
        self._keyring = keyring
        self._longest_seconds = longest_seconds
        self._followers: defaultdict[UUID, set[_Follower]] = defaultdict(set)
        self._released = False

    async def check(self, job_id: UUID, after: int, reach: Reach) -> None:
        """Raise `NothingFollowsError` where the job has ended and nothing comes after this event.

        Raises `JobNotFoundError` where there is no such job within `reach`.
        """
        job = await self._reader.state(job_id, reach)
        if job.finished_at is not None and job.last_event <= after:
            raise NothingFollowsError

    async def follow(
        self, job_id: UUID, after: int, *, key_id: UUID | None = None, ends_at: datetime | None = None
    ) -> AsyncIterator[Logged | Place]:
        """Yield the events after this one, in order, and the job's place in the queue while it waits.

        Ends with the job's log, when the job is deleted or the key revoked that it is read with, at a
        `release`, at `ends_at`, or after the longest time.
        """
        left = math.inf if ends_at is None else (ends_at - datetime.now(UTC)).total_seconds()
        until = time.monotonic() + min(left, self._longest_seconds)
        told: Place | None = None
        follower = _Follower(after, asyncio.Event())
        with self._registered(follower, job_id), self._keyring.watching(key_id, follower.refuse):
            while not (self._released or follower.is_refused) and time.monotonic() < until:
                follower.woken.clear()
                if follower.has_news:
                    follower.has_news = False
                    log = await self._sessions.read(_read, job_id, follower.seq)
                    if log is None:
                        return
                    for logged in log.events:
                        yield logged
                        follower.seq = logged.event.seq
                    if log.is_over:
                        return
                    follower.waits = log.waits
                    if len(log.events) == _PAGE:
                        follower.wake()
                        continue
                if follower.waits and follower.place is not None and follower.place != told:
                    told = follower.place
                    yield told
                await self._until_woken(follower, until)

    async def _until_woken(self, follower: _Follower, until: float) -> None:
        try:
            await asyncio.wait_for(follower.woken.wait(), max(0.0, until - time.monotonic()))
        except TimeoutError:
            return

    @contextmanager
    def _registered(self, follower: _Follower, job_id: UUID) -> Iterator[None]:
        self._followers[job_id].add(follower)
        try:
            yield
        finally:
            self._followers[job_id].discard(follower)
            if not self._followers[job_id]:
                del self._followers[job_id]

    def release(self) -> None:
        """End all streams, because the process is shutting down. Clients resume at another process."""
        self._released = True
        self.missed()

    def told(self, job_id: UUID, what: str) -> None:
        """Wake those who follow the job."""
        for follower in self._followers.get(job_id, ()):
            follower.wake()

    def missed(self) -> None:
        """Wake everybody."""
        for followers in self._followers.values():
            for follower in followers:
                follower.wake()

    async def work(self) -> None:
        """Look for what no notification tells of, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recheck())
            tasks.create_task(self._tell_places())

    async def _recheck(self) -> None:
        """Wake those whose jobs have gone on: a notification may have been lost."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            if not self._followers:
                continue
            try:
                last = await self._sessions.read(_last_events, list(self._followers))
            except (SQLAlchemyError, OSError):
                logger.warning("followed jobs could not be looked at; trying again")
                continue
            for job_id, followers in self._followers.items():
                for follower in followers:
                    if last.get(job_id, follower.seq + 1) > follower.seq:
                        follower.wake()

    async def _tell_places(self) -> None:
        """Once a second, read the places of all followed jobs that wait, in one session."""
        while True:
            await asyncio.sleep(_PLACES_SECONDS)
            waiting = {
                job_id
                for job_id, followers in self._followers.items()
                if any(follower.waits for follower in followers)
            }
            if not waiting:
                continue
            try:
                places = await self._sessions.read(self._reader.places.find_all, waiting)
            except (SQLAlchemyError, OSError):
                continue
            for job_id, place in places.items():
                for follower in self._followers.get(job_id, ()):
                    if follower.place != place:
                        follower.place = place
                        follower.woken.set()


def _last_events(session: Session, job_ids: Collection[UUID]) -> dict[UUID, int]:
    statement = select(col(Job.id), col(Job.last_event)).where(col(Job.id).in_(job_ids))
    return {row.id: row.last_event for row in session.execute(statement)}


def _read(session: Session, job_id: UUID, after: int) -> Log | None:
    """Return a page of the log after this event; None where the job is deleted."""
    rows = session.execute(_page(), {"its_job": job_id, "its_seq": after}).all()
    if not rows:
        return None
    job = rows[0]
    log = [Logged(row.JobEvent, row.AudioObject) for row in rows if row.JobEvent is not None]
    told = log[-1].event.seq if log else after
    return Log(log, job.finished_at is not None and told >= job.last_event, job.started_at is None)


@built_once
def _page() -> Select[int, datetime | None, datetime | None, JobEvent, AudioObject]:
    later = and_(col(JobEvent.job_id) == col(Job.id), col(JobEvent.seq) > bindparam("its_seq"))
    its_sound = cast(col(JobEvent.data)["audio_id"].astext, Uuid)
    return (
        select(col(Job.last_event), col(Job.finished_at), col(Job.started_at), JobEvent, AudioObject)
        .outerjoin(JobEvent, later)
        .outerjoin(AudioObject, col(AudioObject.id) == its_sound)
        .where(col(Job.id) == bindparam("its_job"))
        .order_by(col(JobEvent.seq))
        .limit(_PAGE)
    )
