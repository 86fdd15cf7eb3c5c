"""What expires, what stays, and that the audio of a job that is not done is never touched."""

import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.models import AudioObject, Conversation, DailyUsage, Job, Message, Stage, Step
from shared.storage import FLAC
from tests.support.attic import HOST, Attic
from tests.support.factories import together
from worker.upkeep.locks import Lock


def test_a_job_expires_with_its_runs_its_recording_and_its_speech(attic: Attic) -> None:
    attic.spoken("old", days_ago=30.1)
    young = attic.spoken("young", days_ago=29.9)
    kept = attic.names_of(young)

    attic.retention.run()

    assert [job.id for job in attic.bench.all(Job)] == [young.id]
    assert {step.job_id for step in attic.bench.all(Step)} == {young.id}
    assert (attic.files(), attic.names()) == (kept, kept)
    assert len(kept) == 3


def test_what_was_said_and_counted_stays(attic: Attic) -> None:
    attic.spoken("old", days_ago=31)

    attic.retention.run()

    assert attic.bench.all(Job) == []
    assert [(message.turn, message.job_id) for message in attic.bench.all(Message)] == [(1, None)] * 2
    assert [usage.voice_turns for usage in attic.bench.all(DailyUsage)] == [1]
    assert attic.bench.job(attic.bench.text(conversation="old")).turn == 2


@pytest.mark.parametrize("stage", [None, *Stage])
def test_the_audio_of_a_job_that_is_not_done_stays_however_old(attic: Attic, stage: Stage | None) -> None:
    job_id = attic.bench.voice() if stage is None else attic.bench.at_stage(stage).job_id
    attic.bench.sql(
        "UPDATE jobs SET upload_id = :upload, reply_audio_id = :reply,"
        " created_at = now() - interval '1 year', started_at = now() - interval '1 year'",
        upload=attic.sound(FLAC),
        reply=attic.sound(),
    )
    names = attic.names_of(attic.bench.job(job_id))

    attic.retention.run()

    assert attic.bench.job(job_id).finished_at is None
    assert names <= attic.names()
    assert attic.files() == names


@pytest.mark.parametrize("on_disk", [True, False], ids=["written", "never written"])
def test_an_upload_whose_job_was_never_accepted_is_removed(attic: Attic, on_disk: bool) -> None:
    attic.sound(FLAC, on_disk=on_disk)

    attic.retention.run()

    assert (attic.files(), attic.names()) == (set(), set())


def test_an_object_that_may_still_get_its_job_is_left_alone(attic: Attic) -> None:
    attic.sound(FLAC)
    attic.bench.sql("UPDATE audio_objects SET created_at = now() - interval '59 minutes'")

    attic.retention.run()

    assert len(attic.files()) == len(attic.names()) == 1


def test_what_two_jobs_name_stays_until_both_are_gone(attic: Attic) -> None:
    old, young = attic.spoken("old", days_ago=31), attic.spoken("young", days_ago=1)
    attic.bench.sql(
        "UPDATE jobs SET reply_audio_id = :shared WHERE id = :id", shared=old.reply_audio_id, id=young.id
    )
    attic.bench.sql("UPDATE steps SET audio_id = NULL WHERE job_id = :id", id=young.id)
    attic.retention.run()
    shared = attic.names_of(attic.bench.job(young.id))
    assert attic.files() == attic.names() == shared

    attic.bench.sql("UPDATE jobs SET finished_at = now() - interval '31 days'")
    attic.retention.run()

    assert attic.files() == attic.names() == set()


def test_another_hosts_object_is_removed_only_where_its_file_is_found(attic: Attic) -> None:
    attic.sound(host="another")
    there = attic.bench.audio_row(attic.sound(host="another", on_disk=False)).name

    attic.retention.run()

    assert (attic.files(), attic.names()) == (set(), {there})


def test_more_than_a_batch_is_removed_in_one_pass_behind_what_cannot_be(attic: Attic) -> None:
    for host in ["another"] * 250 + [HOST] * 250:
        attic.bench.audio(1.0, host=host)
    attic.bench.sql("UPDATE audio_objects SET created_at = now() - interval '2 hours'")
    attic.bench.sql(
        "INSERT INTO conversations (id, learner_id, public_id, last_turn)"
        " SELECT gen_random_uuid(), id, n::text, 1 FROM learners, generate_series(1, 450) n"
    )
    attic.bench.sql(
        "INSERT INTO jobs (id, app_id, learner_id, kind, conversation_id, turn, speak, request_fingerprint,"
        " request_id, status, tokens_in, tokens_out, warnings, engines, finished_at)"
        " SELECT gen_random_uuid(), l.app_id, l.id, 'text', c.id, 1, '{}', '', '', 'failed', 0, 0, '[]',"
        " '{}', now() - interval '40 days' FROM conversations c JOIN learners l ON l.id = learner_id"
    )

    attic.retention.run()

    assert {audio.host for audio in attic.bench.all(AudioObject)} == {"another"}
    assert attic.bench.all(Job) == []
    assert len(attic.bench.all(Conversation)) == 450


def test_what_a_killed_writer_left_is_removed_and_what_is_being_written_is_not(attic: Attic) -> None:
    script = (
        "import os, sys, pathlib; from shared.storage import *; os.fsync = lambda _: os.kill(os.getpid(), 9);"
        "LocalAudioStore(pathlib.Path(sys.argv[1])).write(new_object_name(MP3), b'half')"
    )
    folder = attic.store.path("0" * 32 + ".mp3").parents[1]
    killed = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    [left] = [path for path in folder.rglob("*") if path.is_file()]
    assert (killed.returncode, left.parent.name) == (-9, "unfinished")

    attic.retention.run()
    assert left.exists()

    assert attic.store.remove_unfinished(older_than=timedelta(seconds=-60)) == 1
    assert not left.exists()


def test_a_retention_that_dies_between_file_and_row_is_finished_by_the_next(attic: Attic) -> None:
    name = attic.bench.audio_row(attic.sound()).name
    attic.store.remove(name)

    attic.retention.run()

    assert attic.names() == set()


def test_a_file_that_cannot_be_removed_keeps_its_row(attic: Attic) -> None:
    name = attic.bench.audio_row(attic.sound(on_disk=False)).name
    attic.store.path(name).mkdir(parents=True)  # unlink refuses a folder

    attic.retention.run()

    assert attic.names() == {name}


def test_an_object_that_a_job_names_meanwhile_is_left_alone(attic: Attic) -> None:
    job_id, audio_id = attic.bench.text(), attic.sound()
    name = attic.bench.audio_row(audio_id).name
    with attic.bench.sessions.begin() as naming:
        naming.execute(
            text("UPDATE jobs SET reply_audio_id = :audio WHERE id = :job"),
            {"audio": audio_id, "job": job_id},
        )
        attic.retention.run()

    assert attic.files() == attic.names() == {name}


def test_no_job_ever_loses_its_audio_to_a_retention_at_the_same_moment(attic: Attic) -> None:
    """Eight threads: half name orphans in jobs, half remove them; each orphan is either named or gone."""
    job_ids = [attic.bench.text(conversation=f"talk-{number}") for number in range(24)]
    audio_ids = [attic.sound() for _ in job_ids]

    def race(number: int) -> None:
        if number % 2:
            attic.retention._remove(audio_ids)
            return
        for job_id, audio_id in list(zip(job_ids, audio_ids, strict=True))[number // 2 :: 4]:
            with attic.bench.sessions.begin() as session:
                session.execute(
                    text(
                        "UPDATE jobs SET reply_audio_id = :audio WHERE id = :job"
                        " AND EXISTS (SELECT 1 FROM audio_objects WHERE id = :audio FOR KEY SHARE)"
                    ),
                    {"audio": audio_id, "job": job_id},
                )

    together(8, race)

    named = [job.reply_audio_id for job in attic.bench.all(Job) if job.reply_audio_id]
    assert attic.files() == attic.names() == {attic.bench.audio_row(audio_id).name for audio_id in named}


def test_a_second_retention_at_the_same_time_does_nothing(attic: Attic) -> None:
    attic.sound()
    with attic.bench.sessions() as another:
        another.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": Lock.RETENTION.value})
        attic.retention.run()
        assert len(attic.names()) == 1


def ended(
    attic: Attic, status: str, *, code: str | None = None, hours_ago: float = 0, retries: int = 0
) -> Job:
    """Return a fresh voice job with its recording on disk that ended without a reply."""
    upload = attic.sound(FLAC)
    job_id = attic.bench.voice(upload_id=upload, conversation=f"talk-{uuid4().hex}")
    attic.bench.sql(
        "UPDATE jobs SET status = :status, error_code = :code, error_stage = 'transcribe',"
        " retries = :retries, finished_at = now() - make_interval(secs => :ago) WHERE id = :id",
        id=job_id,
        status=status,
        code=code,
        retries=retries,
        ago=3600 * hours_ago,
    )
    attic.bench.sql("UPDATE audio_objects SET created_at = now()")
    return attic.bench.job(job_id)


def test_recordings_that_nothing_can_retry_go_at_once(attic: Attic) -> None:
    for without_use in (
        ended(attic, "cancelled"),
        ended(attic, "failed", code="no_speech"),
        ended(attic, "failed", code="poisoned"),
        ended(attic, "failed", code="stt_timeout", retries=3),
        ended(attic, "failed", code="stt_timeout", hours_ago=24.1),
    ):
        attic.retention.run()
        assert attic.bench.job(without_use.id).upload_id is None

    assert (attic.files(), attic.names()) == (set(), set())


def test_a_recording_that_a_retry_needs_stays(attic: Attic) -> None:
    kept = ended(attic, "failed", code="stt_timeout", hours_ago=23.9)
    waiting = attic.bench.voice(upload_id=attic.sound(FLAC), conversation="waiting")
    names = attic.names_of(kept) | attic.names_of(attic.bench.job(waiting))

    attic.retention.run()

    assert (attic.files(), attic.names()) == (names, names)
