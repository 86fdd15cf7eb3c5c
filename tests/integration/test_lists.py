"""Lists ask few questions however long they are, and the database answers each by an index."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from api.access.quotas import Quotas
from api.audio.stores import Storing
from api.conversations.history import Conversations
from api.conversations.schemas import ConversationsQuery, MessagesQuery
from api.database import Sessions
from api.jobs.lists import JobLists
from api.jobs.read import JobReader
from api.jobs.schemas import JobsQuery
from api.schemas import UserQuery
from api.usage.report import UsageReader
from api.usage.schemas import UsageQuery
from shared.audio_stores import AudioStores
from shared.database import create_sync_engine
from shared.learners import LearnerRef
from shared.models import BUILT_IN_APP_ID
from shared.storage import LocalAudioStore
from tests.support.factories import Bench
from tests.support.plans import plan, statements
from tests.support.zone import FAR_EAST, FAR_WEST, ZONE

Result = TypeVar("Result")
QUOTAS = Quotas(10, 10, None, stored_bytes=1000, uploads=8, requests_of_learner=None, requests_of_app=None)
Asked = tuple[str, Any]

# A user among others, each with much of everything; statistics as autovacuum would have them.
MANY = """
    INSERT INTO learners (id, app_id, user_id)
        SELECT md5(n::text)::uuid, (SELECT id FROM apps), 'user-' || n
        FROM generate_series(0, 20) n;
    INSERT INTO conversations (id, learner_id, public_id, last_turn, updated_at)
        SELECT gen_random_uuid(), md5(mod(n, 20)::text)::uuid, 'c' || n, 10, now() - n * interval '1 minute'
        FROM generate_series(1, 2000) n;
    INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,
            request_id, status, tokens_in, tokens_out, warnings, engines, created_at, started_at, finished_at)
        SELECT gen_random_uuid(), (SELECT id FROM apps), c.learner_id, 'text', c.id, n, '{}', '', '',
            'succeeded', 0, 0, '[]', '{}', now() - n * interval '1 second', now(), now()
        FROM conversations c, generate_series(1, 10) n;
    INSERT INTO messages (id, conversation_id, job_id, turn, role, text)
        SELECT gen_random_uuid(), j.conversation_id, j.id, j.turn, role, 'Hello'
        FROM jobs j, unnest(ARRAY['learner', 'tutor']) role;
    INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,
            corrections, score_sum, score_count, tokens_in, tokens_out)
        SELECT md5(u::text)::uuid, date '2026-01-01' + d, 1, 1, 1, 1, 1, 1, 1, 1, 1
        FROM generate_series(1, 20) u, generate_series(0, 999) d;
    ANALYZE
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """Runs what a room does, and tells what it asked."""

    engine: Engine
    directory: Path

    def __call__(self, work: Callable[[Sessions], Awaitable[Result]]) -> tuple[Result, list[Asked]]:
        async def run() -> tuple[Result, list[Asked]]:
            url = self.engine.url.render_as_string(hide_password=False)
            engine = create_sync_engine(url, application_name="test", pool_size=1)
            try:
                with engine.connect():
                    pass  # what a first connection asks is not of interest
                with statements(engine) as asked, closing(Sessions(engine, at_once=1)) as sessions:
                    return await work(sessions), asked
            finally:
                engine.dispose()

        return asyncio.run(run())

    def conversations(self, sessions: Sessions) -> Conversations:
        stores = AudioStores(LocalAudioStore(self.directory), "here")
        return Conversations(sessions, Storing(stores, most_at_once=1), timedelta(days=30))

    def job_lists(self, sessions: Sessions) -> JobLists:
        return JobLists(sessions, JobReader(sessions, timedelta(days=30)))

    def plans(self, asked: list[Asked]) -> str:
        return "\n".join(plan(self.engine, *each) for each in asked)


@pytest.fixture
def reading(database: Engine, tmp_path: Path) -> Reading:
    return Reading(database, tmp_path)


@pytest.fixture
def crowd(database: Engine) -> None:
    with database.begin() as connection:
        for statement in MANY.split(";"):
            connection.exec_driver_sql(statement)


def who(query: UserQuery) -> LearnerRef:
    return LearnerRef(BUILT_IN_APP_ID, query.user_id or "")


def spoken_turns(bench: Bench, count: int) -> None:
    for _ in range(count):
        job_id = bench.voice()
        bench.transcribe(bench.claimed(job_id), "Hello")
        bench.reply(bench.claimed(job_id))
        bench.speak(bench.claimed(job_id), bench.audio(1.0))


def test_a_long_page_of_jobs_asks_no_more_than_a_short_one(reading: Reading, bench: Bench) -> None:
    spoken_turns(bench, 12)

    def page(limit: int) -> tuple[int, int]:
        query = JobsQuery(user_id="asha", limit=limit)
        jobs, asked = reading(lambda sessions: reading.job_lists(sessions).page(who(query), query))
        assert all(len(job.steps) == 3 and job.audio for job in jobs.rows)
        return len(jobs.rows), len(asked)

    assert (page(1), page(12)) == ((1, 3), (12, 3))


def test_a_long_page_of_messages_asks_no_more_than_a_short_one(reading: Reading, bench: Bench) -> None:
    spoken_turns(bench, 12)

    def page(limit: int) -> tuple[int, int]:
        query = MessagesQuery(user_id="asha", limit=limit)
        said, asked = reading(
            lambda sessions: reading.conversations(sessions).messages(who(query), "market", query)
        )
        assert all(record.recording and record.speech for record in said.rows)
        return len(said.rows), len(asked)

    assert (page(1), page(24)) == ((1, 2), (24, 2))


def test_a_long_page_of_conversations_asks_no_more_than_a_short_one(reading: Reading, bench: Bench) -> None:
    for number in range(12):
        bench.finish(bench.text(conversation=f"c{number}"))

    def page(limit: int) -> tuple[int, int]:
        query = ConversationsQuery(user_id="asha", limit=limit)
        found, asked = reading(lambda sessions: reading.conversations(sessions).page(who(query), query))
        assert all(record.last_message for record in found.rows)
        return len(found.rows), len(asked)

    assert (page(1), page(12)) == ((1, 1), (12, 1))


@pytest.mark.usefixtures("crowd")
def test_every_page_of_jobs_is_found_by_the_users_index(reading: Reading) -> None:
    def page(cursor: str | None) -> tuple[str | None, str]:
        query = JobsQuery(user_id="user-7", cursor=cursor)
        jobs, asked = reading(lambda sessions: reading.job_lists(sessions).page(who(query), query))
        assert len(jobs.rows) == 20
        return jobs.next_cursor, reading.plans(asked[:1])

    cursor, first = page(None)
    _, second = page(cursor)

    for found in (first, second):
        assert "ix_jobs_learner" in found
        assert "Sort" not in found
    assert "ROW(created_at, id) < ROW" in second[second.index("Index Cond") :]


@pytest.mark.usefixtures("crowd")
def test_every_page_of_conversations_is_found_by_indexes(reading: Reading) -> None:
    def page(cursor: str | None) -> tuple[str | None, str]:
        query = ConversationsQuery(user_id="user-7", cursor=cursor)
        found, asked = reading(lambda sessions: reading.conversations(sessions).page(who(query), query))
        assert len(found.rows) == 20
        return found.next_cursor, reading.plans(asked)

    cursor, first = page(None)
    _, second = page(cursor)

    for found in (first, second):
        assert "ix_conversations_learner_id" in found
        assert "uq_messages_conversation_id_turn_role" in found
        assert "Seq Scan on conversations" not in found
        assert "Seq Scan on messages" not in found


@pytest.mark.usefixtures("crowd")
def test_every_page_of_messages_is_found_by_indexes(reading: Reading) -> None:
    def page(cursor: str | None) -> tuple[str | None, str]:
        query = MessagesQuery(user_id="user-7", limit=6, cursor=cursor)
        said, asked = reading(
            lambda sessions: reading.conversations(sessions).messages(who(query), "c7", query)
        )
        return said.next_cursor, reading.plans(asked)

    cursor, first = page(None)
    _, second = page(cursor)

    for found in (first, second):
        assert "uq_messages_conversation_id_turn_role" in found
        assert "Seq Scan on messages" not in found
        assert "Seq Scan on jobs" not in found


def test_usage_is_shown_until_the_day_it_is_in_its_time_zone(reading: Reading) -> None:
    learner, query = LearnerRef(BUILT_IN_APP_ID, "anybody"), UsageQuery.model_validate({})

    def last_day(zone: ZoneInfo) -> date:
        return reading(lambda sessions: UsageReader(sessions, zone).read(learner, QUOTAS, query))[0].last

    assert timedelta(days=1) <= last_day(FAR_EAST) - last_day(FAR_WEST) <= timedelta(days=2)


@pytest.mark.usefixtures("crowd")
def test_usage_is_found_by_its_primary_key(reading: Reading) -> None:
    query = UsageQuery.model_validate({"from": "2026-02-01", "to": "2026-02-28"})
    report, asked = reading(
        lambda sessions: UsageReader(sessions, ZONE).read(
            LearnerRef(BUILT_IN_APP_ID, "user-7"), QUOTAS, query
        )
    )

    assert [day.day for day in report.days] == [date(2026, 2, day) for day in range(1, 29)]
    assert len(asked) == 4
    assert "pk_daily_usage" in reading.plans(asked)
    assert "Seq Scan on jobs" not in reading.plans(asked)
