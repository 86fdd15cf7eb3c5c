"""A retention with the rows and files that it works on, and jobs that ended long ago."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from shared import audio_objects
from shared.audio_stores import AudioStores
from shared.models import AudioObject, Job
from shared.storage import FLAC, MP3, LocalAudioStore
from tests.support.factories import Bench
from worker.upkeep.retention import Retention

KEEP = timedelta(days=30)
WINDOW = timedelta(days=1)
HOST = "here"


class Attic:
    """A retention with its files."""

    def __init__(self, bench: Bench, directory: Path) -> None:
        self.bench = bench
        self.store = LocalAudioStore(directory)
        self.retention = Retention(bench.sessions, AudioStores(self.store, HOST), KEEP, WINDOW)

    def sound(self, content_type: str = MP3, *, host: str = HOST, on_disk: bool = True) -> UUID:
        """Return a stored sound of two hours ago."""
        learner = self.bench.learner()
        with self.bench.sessions.begin() as session:
            audio = audio_objects.intend(session, host=host, content_type=content_type, learner_id=learner.id)
        if on_disk:
            self.store.write(audio.name, b"sound")
        self.bench.sql("UPDATE audio_objects SET created_at = now() - interval '2 hours'")
        return audio.id

    def spoken(self, conversation: str, *, days_ago: float) -> Job:
        """Return a voice job with its recording and its speech on disk that ended so long ago."""
        job_id = self.bench.voice(conversation=conversation, speak=["reply"])
        self.bench.finish(job_id)
        self.bench.sql(
            "UPDATE jobs SET upload_id = :upload, reply_audio_id = :reply, explanation_audio_id = :other,"
            " created_at = now() - make_interval(secs => :ago),"
            " finished_at = now() - make_interval(secs => :ago) WHERE id = :id",
            upload=self.sound(FLAC),
            reply=self.sound(),
            other=self.sound(),
            ago=86400 * days_ago,
            id=job_id,
        )
        self.bench.sql(
            "UPDATE steps SET audio_id = reply_audio_id FROM jobs"
            " WHERE job_id = jobs.id AND audio_id IS NOT NULL"
        )
        self.bench.sql(
            "DELETE FROM audio_objects WHERE stored_at IS NULL AND content_type = 'audio/flac'"
            " AND id NOT IN (SELECT upload_id FROM jobs)"
        )
        return self.bench.job(job_id)

    def files(self) -> set[str]:
        """Return the names of the files there are."""
        return {
            path.name for path in self.store.path("0" * 32 + ".mp3").parents[1].rglob("*") if path.is_file()
        }

    def names(self) -> set[str]:
        """Return the names of the rows there are."""
        return {audio.name for audio in self.bench.all(AudioObject)}

    def names_of(self, job: Job) -> set[str]:
        """Return the names of a job's sounds."""
        ids = (job.upload_id, job.reply_audio_id, job.explanation_audio_id)
        return {self.bench.audio_row(audio_id).name for audio_id in ids if audio_id}
