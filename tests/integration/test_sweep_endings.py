"""The sweep ends what died or is late, with the reason that fits."""

from uuid import UUID

from shared.models import Job, JobStatus, Stage, StageOutcome, StageRun
from tests.floor import Floor


def test_a_stage_whose_worker_died_waits_again_and_is_published(floor: Floor) -> None:
    job_id = floor.bench.voice()
    floor.bench.claimed(job_id, worker="dead@here")
    floor.age("lease_expires_at", 60)
    floor.sweep.run()

    job = floor.bench.job(job_id)
    assert (job.status, job.lease_token, job.deaths) == (JobStatus.RUNNING, None, 1)
    (run,) = floor.bench.all(StageRun)
    assert (run.outcome, run.worker) == (StageOutcome.LOST, "dead@here")
    floor.age("stage_ready_at", 5)
    assert floor.swept() == [(Stage.TRANSCRIBE, job_id)]


def test_a_living_lease_is_left_alone(floor: Floor) -> None:
    claim = floor.bench.claimed(floor.bench.voice())

    floor.sweep.run()

    assert floor.bench.job(claim.job.id).lease_token == claim.token


def die_three_times(floor: Floor, job_id: UUID) -> None:
    for _ in range(3):
        floor.bench.claimed(job_id)
        floor.age("lease_expires_at", 60)
        floor.sweep.run()


def test_a_recording_that_killed_three_workers_is_quarantined(floor: Floor) -> None:
    job_id = floor.bench.voice()

    die_three_times(floor, job_id)

    job = floor.bench.job(job_id)
    assert (job.status, job.error_code, job.error_stage) == (JobStatus.FAILED, "poisoned", Stage.TRANSCRIBE)


def test_an_answer_that_killed_three_workers_is_given_without_a_voice(floor: Floor) -> None:
    job_id = floor.bench.text()
    floor.bench.reply(floor.bench.claimed(job_id))

    die_three_times(floor, job_id)

    job = floor.bench.job(job_id)
    assert job.status is JobStatus.SUCCEEDED
    assert [warning["code"] for warning in job.warnings] == ["speech_poisoned"]


def test_a_job_that_waited_too_long_ends_with_the_queue_deadline(floor: Floor) -> None:
    late, later = floor.bench.text(), floor.bench.text()
    floor.bench.sql(
        "UPDATE jobs SET created_at = now() - interval '1 hour', stage_ready_at = now() - interval '1 hour'"
        " WHERE id = :id",
        id=late,
    )

    floor.sweep.run()

    job = floor.bench.job(late)
    assert (job.status, job.error_code, job.error_stage) == (JobStatus.FAILED, "queue_deadline", Stage.REPLY)
    floor.age("stage_ready_at", 5)
    assert floor.swept() == [(Stage.REPLY, later)]


def test_a_job_that_ran_too_long_ends_with_the_run_deadline(floor: Floor) -> None:
    claim = floor.bench.claimed(floor.bench.text())
    floor.age("created_at", 7200)
    floor.age("started_at", 3600)

    floor.sweep.run()

    job = floor.bench.job(claim.job.id)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "run_deadline")
    assert [run.outcome for run in floor.bench.all(StageRun)] == [StageOutcome.TIMED_OUT]


def test_an_answer_that_could_not_be_spoken_in_time_is_given_without_a_voice(floor: Floor) -> None:
    job_id = floor.bench.text()
    floor.bench.reply(floor.bench.claimed(job_id))
    floor.age("started_at", 3600)

    floor.sweep.run()

    job = floor.bench.job(job_id)
    assert (job.status, job.error_code) == (JobStatus.SUCCEEDED, None)
    assert [warning["code"] for warning in job.warnings] == ["run_deadline"]


def test_many_late_jobs_are_ended_in_one_pass(floor: Floor) -> None:
    for number in range(30):
        floor.bench.text(conversation=f"talk-{number}")
    floor.age("created_at", 7200)
    floor.age("stage_ready_at", 7200)

    floor.sweep.run()

    assert {job.error_code for job in floor.bench.all(Job)} == {"queue_deadline"}
