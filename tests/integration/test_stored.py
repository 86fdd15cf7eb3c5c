"""How much audio is stored, as the maintenance worker shows it."""

from uuid import UUID

from shared.audio_objects import WrittenAudio, mark_stored
from shared.metrics import exposition
from shared.models import AudioBackend
from shared.storage import FLAC, MP3
from tests.support import figures
from tests.support.factories import Bench
from tests.support.figures import Figures
from worker.upkeep import stored
from worker.upkeep.stored import READ_EVERY_SECONDS, Stored, StoredCollector


def shown(found: Stored | None) -> Figures:
    return figures.read(exposition(StoredCollector(lambda: found)).decode())


def keep(bench: Bench, content_type: str, backend: AudioBackend = AudioBackend.LOCAL) -> UUID:
    audio_id = bench.audio(1.0, content_type)
    with bench.sessions.begin() as session:
        mark_stored(session, WrittenAudio(audio_id, backend, 1, 1.0))
    return audio_id


def test_what_is_stored_is_shown_by_kind_and_place(bench: Bench) -> None:
    bench.voice(upload_id=keep(bench, FLAC))
    for _ in range(2):
        keep(bench, MP3, AudioBackend.S3)
    bench.audio(1.0, MP3)  # not written yet
    bench.sql("UPDATE audio_objects SET size_bytes = 2000000000 WHERE backend = 's3'")

    with bench.sessions() as session:
        figures_ = shown(stored.read(session))

    recordings = {"backend": "local", "kind": "recording"}
    speech = {"backend": "s3", "kind": "speech"}
    assert figures_.shown("audio_stored_objects") == {
        frozenset(recordings.items()): 1,
        frozenset(speech.items()): 2,
    }
    assert figures_.of("audio_stored_bytes", **recordings) == 1
    assert figures_.of("audio_stored_bytes", **speech) == 4_000_000_000


def test_old_sounds_that_no_job_names_are_shown_as_orphans(bench: Bench) -> None:
    bench.voice(upload_id=keep(bench, FLAC))
    keep(bench, MP3)
    bench.audio(1.0, FLAC)
    bench.sql("UPDATE audio_objects SET created_at = now() - interval '61 minutes'")
    keep(bench, MP3)  # young: its job may still name it

    with bench.sessions() as session:
        assert shown(stored.read(session)).of("audio_orphans") == 2


def test_without_the_database_nothing_is_shown() -> None:
    assert "audio_stored" not in exposition(StoredCollector(lambda: None)).decode()


def test_it_is_read_once_in_five_minutes_also_where_the_database_is_away() -> None:
    now, reads = 100.0, 0
    answers = [None, Stored([], orphans=1), Stored([], orphans=2)]

    def read() -> Stored | None:
        nonlocal reads
        reads += 1
        return answers[reads - 1]

    def orphans() -> list[float]:
        return [sample.value for metric in collector.collect() for sample in metric.samples]

    collector = StoredCollector(read, clock=lambda: now)

    assert (orphans(), orphans(), reads) == ([], [], 1)
    now += READ_EVERY_SECONDS
    assert (orphans(), orphans(), reads) == ([1], [1], 2)
    now += READ_EVERY_SECONDS - 1
    assert (orphans(), reads) == ([1], 2)
    now += 1
    assert (orphans(), reads) == ([2], 3)
