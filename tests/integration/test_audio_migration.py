"""Audio that lies on a disk moves to S3 when it can, whatever happens in between."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from local.ports import free_port
from shared import audio_objects
from shared.audio_stores import AudioStores
from shared.models import AudioBackend, AudioObject
from shared.storage import LocalAudioStore
from tests.support.factories import Bench
from tests.support.plans import plan, statements
from tests.support.s3_servers import S3Server, s3_settings, s3_store
from worker.stages.audio_shelf import AudioShelf
from worker.upkeep.audio_migration import AudioMigration
from worker.upkeep.locks import Lock
from worker.upkeep.retention import Retention

HOST = "here"
MOVED = (AudioBackend.S3, None)
ON_DISK = (AudioBackend.LOCAL, HOST)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


class Loft:
    """A host's disk, its bucket, and the mover between them."""

    def __init__(self, bench: Bench, stores: AudioStores) -> None:
        self.bench = bench
        self.stores = stores
        self.mover = AudioMigration(bench.sessions, stores)

    def sound(self, *, host: str = HOST, data: bytes = b"sound") -> AudioObject:
        """Store a sound on the disk, as while S3 was away."""
        return self.bench.audio_row(self.bench.stored(AudioStores(self.stores.local, host), data))

    def place(self, audio_id: UUID) -> tuple[AudioBackend, str | None]:
        """Return where the row says the object lies."""
        row = self.bench.audio_row(audio_id)
        return row.backend, row.host

    def has_file(self, audio: AudioObject) -> bool:
        return self.stores.local.path(audio.name).exists()


@pytest.fixture
def loft(bench: Bench, server: S3Server, tmp_path: Path) -> Iterator[Loft]:
    with s3_store(server.settings) as s3:
        yield Loft(bench, AudioStores(LocalAudioStore(tmp_path / "audio"), HOST, s3))


@pytest.fixture
def cut_off(loft: Loft) -> Iterator[Loft]:
    """The same, while nobody answers for S3."""
    with s3_store(s3_settings(f"http://127.0.0.1:{free_port()}")) as s3:
        yield Loft(loft.bench, AudioStores(loft.stores.local, HOST, s3))


def test_what_was_kept_on_the_disk_moves(loft: Loft, server: S3Server) -> None:
    sounds = [loft.sound(data=b"%d" % number) for number in range(3)]

    loft.mover.run()

    for number, audio in enumerate(sounds):
        assert (loft.place(audio.id), loft.has_file(audio)) == (MOVED, False)
        assert (server.bucket / audio.name).read_bytes() == b"%d" % number
        assert AudioShelf(loft.bench.sessions, loft.stores).load(audio.id) == b"%d" % number


def test_nothing_moves_while_s3_is_away_and_all_of_it_after(loft: Loft, cut_off: Loft) -> None:
    audio = loft.sound()

    cut_off.mover.run()
    assert (loft.place(audio.id), loft.has_file(audio)) == (ON_DISK, True)

    loft.mover.run()
    assert (loft.place(audio.id), loft.has_file(audio)) == (MOVED, False)


def test_without_s3_nothing_moves(loft: Loft) -> None:
    audio = loft.sound()
    AudioMigration(loft.bench.sessions, AudioStores(loft.stores.local, HOST)).run()
    assert loft.place(audio.id) == ON_DISK


def test_only_what_this_host_can_reach_moves(loft: Loft) -> None:
    there, shared = loft.sound(host="another"), loft.sound(host="another")
    loft.stores.local.remove(there.name)
    own = loft.sound()

    loft.mover.run()

    assert loft.place(there.id) == (AudioBackend.LOCAL, "another")
    assert (loft.place(shared.id), loft.place(own.id)) == (MOVED, MOVED)


def test_a_file_that_cannot_be_read_stops_no_other(loft: Loft) -> None:
    lost, audio = loft.sound(), loft.sound()
    loft.stores.local.remove(lost.name)

    loft.mover.run()

    assert (loft.place(lost.id), loft.place(audio.id)) == (ON_DISK, MOVED)


def test_what_is_still_being_written_stays(loft: Loft) -> None:
    audio_id = loft.bench.audio(1.0)
    loft.stores.local.write(loft.bench.audio_row(audio_id).name, b"sound")

    loft.mover.run()

    assert loft.place(audio_id) == ON_DISK


def test_a_mover_that_died_after_the_upload_is_finished_by_the_next(loft: Loft) -> None:
    before_row, before_file = loft.sound(), loft.sound()
    assert loft.stores.s3 is not None
    for audio in (before_row, before_file):
        loft.stores.s3.write(audio.name, b"sound")
    with loft.bench.sessions.begin() as session:
        audio_objects.mark_moved(session, before_file.id)

    loft.mover.run()

    for audio in (before_row, before_file):
        assert (loft.place(audio.id), loft.has_file(audio)) == (MOVED, False)


def test_what_somebody_removes_at_this_moment_is_left_to_them(loft: Loft, server: S3Server) -> None:
    audio = loft.sound()
    with loft.bench.sessions.begin() as removing:
        assert audio_objects.lock(removing, [audio.id]) == [audio.id]
        loft.mover.run()
        assert audio.name not in server.objects()
    assert loft.place(audio.id) == ON_DISK


def test_while_it_is_moved_nobody_removes_it_and_a_job_can_name_it(loft: Loft) -> None:
    audio, job_id = loft.sound(), loft.bench.text()
    with loft.bench.sessions.begin() as moving:
        assert audio_objects.lock_on_disk(moving, audio.id) is not None
        with loft.bench.sessions.begin() as removing:
            assert audio_objects.lock(removing, [audio.id]) == []
        with loft.bench.sessions.begin() as naming:
            naming.execute(text("SET LOCAL lock_timeout = '5s'"))
            statement = text("UPDATE jobs SET reply_audio_id = :audio WHERE id = :job")
            naming.execute(statement, {"audio": audio.id, "job": job_id})


def test_an_object_deleted_before_its_turn_is_nobodys(loft: Loft, server: S3Server) -> None:
    audio = loft.sound()
    with loft.bench.sessions.begin() as session:
        audio_objects.delete_rows(session, [audio.id])

    assert loft.mover._move(audio, loft.stores.s3) is False  # type: ignore[arg-type]
    assert audio.name not in server.objects()


def test_a_second_mover_at_the_same_time_does_nothing(loft: Loft) -> None:
    audio = loft.sound()
    with loft.bench.sessions() as another:
        another.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": Lock.MOVE.value})
        loft.mover.run()
        assert loft.place(audio.id) == ON_DISK


def test_more_than_a_batch_moves_behind_what_cannot(loft: Loft) -> None:
    for _ in range(250):
        loft.bench.audio(1.0, host="another")
    loft.bench.sql("UPDATE audio_objects SET stored_at = now()")
    audio = loft.sound()

    loft.mover.run()

    assert loft.place(audio.id) == MOVED


def test_what_may_have_to_move_is_found_by_an_index(loft: Loft, database: Engine) -> None:
    loft.bench.sql(
        "INSERT INTO audio_objects (id, name, backend, content_type, size_bytes, seconds, stored_at)"
        " SELECT gen_random_uuid(), n::text, 's3', 'audio/mpeg', 1, 1, now() FROM generate_series(1, 20000) n"
    )
    loft.bench.sql("ANALYZE audio_objects")
    audio = loft.sound()
    engine = loft.bench.sessions.kw["bind"]

    with statements(engine) as executed:
        assert [found.id for found in loft.mover._on_disk(after=None)] == [audio.id]

    assert "ix_audio_objects_on_disk" in "\n".join(plan(database, *each) for each in executed)


def test_the_retention_removes_from_s3_too_when_it_answers(
    loft: Loft, cut_off: Loft, server: S3Server
) -> None:
    audio_id = loft.bench.stored(loft.stores, b"sound")
    name = loft.bench.audio_row(audio_id).name
    loft.bench.sql("UPDATE audio_objects SET created_at = now() - interval '2 hours'")

    Retention(loft.bench.sessions, cut_off.stores, timedelta(days=30), timedelta(days=1)).run()
    assert (len(loft.bench.all(AudioObject)), name in server.objects()) == (1, True)

    Retention(loft.bench.sessions, loft.stores, timedelta(days=30), timedelta(days=1)).run()
    assert (loft.bench.all(AudioObject), name in server.objects()) == ([], False)
