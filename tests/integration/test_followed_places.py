"""What a stream asks of the database while its job only moves on in the queue, and when it ends before it."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from api.access.keyring import Keyring
from api.database import Sessions
from api.jobs.follow import JobFollowers
from api.jobs.queue_position import Place
from api.jobs.read import JobReader
from shared.models import EventType
from tests.support.factories import Bench
from tests.support.plans import statements


def test_a_new_place_is_told_without_reading_the_log_again(bench: Bench, database: Engine) -> None:
    first, job_id = bench.text(conversation="first"), bench.text(conversation="second")

    async def follow() -> tuple[list[EventType | int], int]:
        told: list[EventType | int] = []
        with closing(Sessions(database, at_once=1)) as sessions, statements(database) as asked:
            reader = JobReader(sessions, timedelta(days=1))
            followers = JobFollowers(sessions, reader, Keyring(sessions), longest_seconds=60)
            work = asyncio.create_task(followers.work())
            async for each in followers.follow(job_id, 0):
                told.append(each.position if isinstance(each, Place) else each.event.type)
                if told[-1] == 2:
                    bench.claimed(first)
                if told[-1] == 1:
                    break
            work.cancel()
        return told, sum("FROM jobs LEFT OUTER JOIN job_events" in statement for statement, _ in asked)

    assert asyncio.run(follow()) == ([EventType.QUEUED, 2, 1], 1)


def test_a_stream_ends_when_what_opened_it_expires(bench: Bench, database: Engine) -> None:
    job_id = bench.text()

    async def follow() -> list[EventType]:
        with closing(Sessions(database, at_once=1)) as sessions:
            reader = JobReader(sessions, timedelta(days=1))
            followers = JobFollowers(sessions, reader, Keyring(sessions), longest_seconds=3600)
            ends_at = datetime.now(UTC) + timedelta(seconds=1)
            following = followers.follow(job_id, 0, ends_at=ends_at)
            return [each.event.type async for each in following if not isinstance(each, Place)]

    assert asyncio.run(follow()) == [EventType.QUEUED]
