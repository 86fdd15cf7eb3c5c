"""The migration from stages to steps takes every job along, up and down, whatever state it is in."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from shared.settings import SharedSettings
from tests.conftest import migrate
from tests.integration.test_migrations import alembic

ENDED = ("succeeded", "failed", "cancelled")


class Old:
    """A database of the release before, with what its jobs can be."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.jobs: dict[str, UUID] = {}

    def run(self, statement: str, **values: Any) -> list[Any]:
        with self.engine.begin() as connection:
            return _run(connection, statement, values)

    def sound(self) -> UUID:
        audio_id = uuid4()
        self.run(
            "INSERT INTO audio_objects (id, name, backend, host, content_type, size_bytes, seconds,"
            " stored_at) VALUES (:id, :name, 'local', 'here', 'audio/mpeg', 1, 1.5, now())",
            id=audio_id,
            name=f"{audio_id.hex}.mp3",
        )
        return audio_id

    def job(self, name: str, *, conversation: str | None = None, turn: int = 1, **columns: Any) -> UUID:
        """Insert a job; it says `Hello` in a conversation of its own unless told otherwise."""
        talk = conversation or name
        self.run(
            "INSERT INTO conversations (id, user_id, public_id, last_turn)"
            " VALUES (gen_random_uuid(), 'asha', :talk, 9) ON CONFLICT DO NOTHING",
            talk=talk,
        )
        job_id = uuid4()
        values: dict[str, Any] = {
            "id": job_id,
            "user_id": "asha",
            "kind": "text",
            "turn": turn,
            "speak": ["reply"],
            "request_fingerprint": "f",
            "request_id": "r",
            "status": "queued",
            "deaths": 0,
            "tokens_in": 0,
            "tokens_out": 0,
            "warnings": "[]",
            "engines": json.dumps({"tts": "voice 1"}),
            "message": "Hello",
        } | columns
        names = ", ".join(values)
        given = ", ".join(f"CAST(:{each} AS jsonb)" if each in _JSON else f":{each}" for each in values)
        self.run(
            f"INSERT INTO jobs ({names}, conversation_id) SELECT {given}, id FROM conversations"  # noqa: S608
            " WHERE public_id = :talk",
            talk=talk,
            **values,
        )
        self.run(
            "UPDATE jobs SET finished_at = now() WHERE id = :id AND status = ANY (:ended)",
            id=job_id,
            ended=list(ENDED),
        )
        self.run("UPDATE jobs SET started_at = now() WHERE id = :id AND status <> 'queued'", id=job_id)
        self.jobs[name] = job_id
        return job_id

    def ran(self, job_id: UUID, stage: str, outcome: str = "succeeded") -> None:
        """Note that a stage of the job has run."""
        self.run(
            "INSERT INTO stage_runs (id, job_id, stage, worker, engine, outcome, started_at, finished_at)"
            " VALUES (gen_random_uuid(), :job, :stage, 'w@here', 'engine 1', :outcome, now(), now())",
            job=job_id,
            stage=stage,
            outcome=outcome,
        )

    def fill(self) -> None:
        """Insert a job of every kind of state."""
        reply: dict[str, Any] = {"reply_text": "Hi!", "hinglish_explanation": "Kyunki …"}
        done = self.job(
            "done", kind="voice", status="succeeded", transcript="Hi", reply_audio_id=self.sound(), **reply
        )
        for stage in ("transcribe", "reply", "synthesize"):
            self.ran(done, stage)
        failed = self.job("failed", status="failed", error_code="llm_timeout", error_stage="reply")
        self.ran(failed, "reply", "timed_out")
        self.job("cancelled", status="cancelled")
        self.job("waits", kind="voice", stage="transcribe", message=None)
        self.job("behind", conversation="waits", turn=2, stage="reply")
        self.job(
            "thinks",
            status="running",
            stage="reply",
            lease_token=uuid4(),
            lease_worker="llm@here",
            deaths=1,
        )
        self.run(
            "UPDATE jobs SET published_at = now(), lease_expires_at = now() WHERE lease_token IS NOT NULL"
        )
        half = self.job(
            "half spoken",
            status="running",
            stage="synthesize",
            speak=["reply", "explanation"],
            reply_audio_id=self.sound(),
            **reply,
        )
        self.ran(half, "reply")
        self.job("gives up", stage="reply")
        self.run("UPDATE jobs SET cancel_requested_at = now() WHERE id = :id", id=self.jobs["gives up"])


_JSON = {"warnings", "engines"}


def _run(connection: Connection, statement: str, values: dict[str, Any]) -> list[Any]:
    result = connection.execute(text(statement), values)
    return list(result.all()) if result.returns_rows else []


@pytest.fixture
def old(create_database: Callable[[], str]) -> Iterator[tuple[Old, str]]:
    url = create_database()
    migrate(url, "0007")
    engine = create_engine(SharedSettings(database_url=url).database_url)
    filled = Old(engine)
    filled.fill()
    yield filled, url
    engine.dispose()


STEPS = {
    "done": [
        ("transcribe", None, None, "succeeded", False),
        ("reply", None, None, "succeeded", False),
        ("speak", "reply", "Hi!", "succeeded", False),
    ],
    "failed": [],
    "cancelled": [],
    "waits": [("transcribe", None, None, None, True)],
    "behind": [("reply", None, None, None, False)],
    "thinks": [("reply", None, None, None, True)],
    "half spoken": [
        ("reply", None, None, "succeeded", False),
        ("speak", "reply", "Hi!", "succeeded", False),
        ("speak", "explanation", "Kyunki …", None, True),
    ],
    "gives up": [("reply", None, None, None, False)],
}
EVENTS = {
    "done": ["job.queued", "job.started", "transcript.done", "reply.done", "job.succeeded"],
    "failed": ["job.queued", "job.started", "job.failed"],
    "cancelled": ["job.queued", "job.started", "job.cancelled"],
    "waits": ["job.queued"],
    "behind": ["job.queued"],
    "thinks": ["job.queued", "job.started"],
    "half spoken": ["job.queued", "job.started"],
    "gives up": ["job.queued"],
}


def test_every_job_becomes_its_steps_and_its_log(old: tuple[Old, str]) -> None:
    jobs, url = old

    migrate(url, "0008")

    for name, job_id in jobs.jobs.items():
        steps = jobs.run(
            "SELECT kind, part, text, outcome, ready_at IS NOT NULL FROM steps WHERE job_id = :id ORDER BY"
            " array_position(ARRAY['transcribe', 'reply', 'speak'], kind::text), part DESC",
            id=job_id,
        )
        assert [tuple(step) for step in steps] == STEPS[name], name
        events = jobs.run("SELECT type, seq FROM job_events WHERE job_id = :id ORDER BY seq", id=job_id)
        assert [event.type for event in events] == EVENTS[name], name
        [(last,)] = jobs.run("SELECT last_event FROM jobs WHERE id = :id", id=job_id)
        assert [event.seq for event in events] == list(range(1, last + 1)), name
    assert jobs.run("SELECT FROM steps WHERE lease_token IS NOT NULL OR published_at IS NOT NULL") == []
    [(deaths,)] = jobs.run("SELECT deaths FROM steps WHERE job_id = :id", id=jobs.jobs["thinks"])
    assert deaths == 1
    ranks = jobs.run("SELECT rank FROM jobs WHERE finished_at IS NULL ORDER BY rank")
    assert [row.rank for row in ranks] == [1, 2, 3, 4, 5]
    [(sounds,)] = jobs.run("SELECT count(*) FROM steps WHERE audio_id IS NOT NULL")
    assert sounds == 2


def test_every_job_returns_to_its_stage(old: tuple[Old, str]) -> None:
    jobs, url = old
    asked = "SELECT id, status, stage, deaths, finished_at IS NULL AS open FROM jobs ORDER BY id"
    before = {row.id: row for row in jobs.run(asked)}
    runs = "SELECT job_id, stage FROM stage_runs WHERE outcome = 'succeeded' ORDER BY job_id, stage"
    ran = jobs.run(runs)
    migrate(url, "0008")

    assert alembic(url, "downgrade", "0007").wait(60) == 0

    assert {row.id: row for row in jobs.run(asked)} == before
    assert jobs.run(runs) == ran
    assert jobs.run("SELECT FROM jobs WHERE lease_token IS NOT NULL") == []


def test_on_the_way_down_a_job_whose_reply_is_recorded_ends(old: tuple[Old, str]) -> None:
    jobs, url = old
    migrate(url, "0008")
    jobs.run("UPDATE jobs SET answered_at = now() WHERE id = :id", id=jobs.jobs["half spoken"])

    assert alembic(url, "downgrade", "0007").wait(60) == 0

    [job] = jobs.run("SELECT status, stage, warnings FROM jobs WHERE id = :id", id=jobs.jobs["half spoken"])
    assert (job.status, job.stage) == ("succeeded", None)
    assert [warning["code"] for warning in job.warnings] == ["speech_skipped"]
