"""Erasing a learner: all of theirs goes, nothing of others, whatever is at work or away."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis

from local.servers import EmbeddedRedis
from shared import erasures
from shared.audio_stores import AudioStores
from shared.learners import LearnerRef
from shared.models import BUILT_IN_APP_ID, AudioObject, Erasure, ErasureState, JobStatus, Learner, metadata
from shared.storage import LocalAudioStore, StorageError
from tests.support.factories import Bench
from tests.support.zone import ZONE
from worker.cache import PREFIX
from worker.upkeep.erasing import Erasing

KEPT = {"apps", "api_keys", "erasures", "workers", "alembic_version"}


class FailingStore(LocalAudioStore):
    """A disk that does not answer while it `is_away`."""

    is_away = False

    def remove(self, name: str) -> bool:
        if self.is_away:
            raise StorageError("away")
        return super().remove(name)


@dataclass(frozen=True, slots=True)
class Office:
    """An erasing, with what it works on."""

    bench: Bench
    erasing: Erasing
    store: FailingStore
    redis: Redis

    def ask(self, user_id: str = "asha") -> UUID:
        with self.bench.sessions.begin() as session:
            return erasures.ask(session, LearnerRef(BUILT_IN_APP_ID, user_id), f"pseudonym of {user_id}")

    def state(self, erasure_id: UUID) -> ErasureState:
        (erasure,) = (each for each in self.bench.all(Erasure) if each.id == erasure_id)
        return erasure.state

    def turn(self, user_id: str) -> UUID:
        """Let a spoken turn be answered, with files and a cached reply."""
        job_id = self.bench.voice(user_id=user_id, conversation="talk")
        self.bench.finish(job_id)
        learner = self.bench.learner(user_id)
        for audio in self.bench.all(AudioObject):
            if audio.learner_id == learner.id:
                self.store.write(audio.name, user_id.encode())
        self.redis.set(f"{PREFIX}{learner.id}:reply:{job_id}", user_id)
        return job_id

    def rows(self) -> dict[str, int]:
        """Count the rows of each table that holds something of learners."""
        tables = metadata.tables.values()
        with self.bench.sessions() as session:
            return {
                table.name: len(session.execute(table.select()).all())
                for table in tables
                if table.name not in KEPT
            }


@pytest.fixture
def office(bench: Bench, floor_redis: EmbeddedRedis, tmp_path: Path) -> Iterator[Office]:
    store = FailingStore(tmp_path)
    with Redis.from_url(floor_redis.url) as redis:
        redis.flushall()
        yield Office(bench, Erasing(bench.sessions, AudioStores(store, "here"), redis, ZONE), store, redis)


def test_nothing_of_the_learner_is_left_and_everything_of_others(office: Office) -> None:
    office.turn("ravi")
    before, files = office.rows(), office.redis.keys()
    office.turn("asha")
    office.bench.sql("UPDATE audio_objects SET stored_at = now()")

    erasure_id = office.ask()
    office.erasing.run()

    assert office.state(erasure_id) is ErasureState.DONE
    assert office.rows() == before
    assert office.redis.keys() == files
    left = [path.read_text() for path in office.store._directory.rglob("*.*") if path.is_file()]
    assert set(left) == {"ravi"}


def test_an_erasure_asked_for_twice_is_one(office: Office) -> None:
    office.turn("asha")

    assert office.ask() == office.ask()


def test_who_was_never_here_is_erased_at_once(office: Office) -> None:
    assert office.state(office.ask("nobody")) is ErasureState.DONE


def test_jobs_that_wait_are_cancelled_and_those_at_work_are_waited_for(office: Office) -> None:
    claim = office.bench.claimed(office.bench.text(conversation="at work"))
    waiting = office.bench.text(conversation="waits")
    erasure_id = office.ask()

    office.erasing.run()
    assert office.bench.job(waiting).status is JobStatus.CANCELLED
    assert office.state(erasure_id) is ErasureState.RUNNING

    office.bench.reply(claim)
    office.bench.sql("UPDATE audio_objects SET stored_at = now()")
    office.erasing.run()
    assert office.state(erasure_id) is ErasureState.DONE
    assert office.bench.all(Learner) == []


def test_sounds_in_a_store_that_is_away_are_removed_when_it_is_back(office: Office) -> None:
    office.turn("asha")
    office.bench.sql("UPDATE audio_objects SET stored_at = now()")
    erasure_id = office.ask()
    type(office.store).is_away = True
    try:
        office.erasing.run()
        assert office.state(erasure_id) is ErasureState.STORAGE_AWAY
        assert office.rows()["jobs"] == 0
        assert office.rows()["messages"] == 0
    finally:
        type(office.store).is_away = False

    office.erasing.run()
    assert office.state(erasure_id) is ErasureState.DONE
    assert office.rows()["audio_objects"] == 0


def test_a_sound_that_is_being_written_is_waited_for(office: Office) -> None:
    office.bench.audio(1.0)
    erasure_id = office.ask()

    office.erasing.run()
    assert office.state(erasure_id) is ErasureState.RUNNING

    office.bench.sql("UPDATE audio_objects SET created_at = now() - interval '1 minute'")
    office.erasing.run()
    assert office.state(erasure_id) is ErasureState.DONE


def test_the_cache_that_is_away_is_waited_for(office: Office) -> None:
    office.bench.learner()
    erasure_id = office.ask()
    with Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1) as nobody:
        replace(office.erasing, redis=nobody).run()
    assert office.state(erasure_id) is ErasureState.RUNNING

    office.erasing.run()
    assert office.state(erasure_id) is ErasureState.DONE


def test_the_pseudonym_alone_stays(office: Office) -> None:
    office.turn("asha")
    office.bench.sql("UPDATE audio_objects SET stored_at = now()")
    office.ask()
    office.erasing.run()

    (erasure,) = office.bench.all(Erasure)
    assert erasure.pseudonym == "pseudonym of asha"
    assert erasure.finished_at is not None
