"""The sweep ends what died or is late, with the reason that fits."""

import logging
from datetime import UTC, datetime
from uuid import UUID

import pytest

from shared import workers
from shared.errors import ErrorCode, WarningCode
from shared.failures import Failure
from shared.models import Job, JobStatus, QueueName, Stage, Step, StepOutcome, Worker
from shared.retries import NotRetryableError
from shared.steps import Claim
from shared.telemetry import job_id_var, request_id_var
from tests.support.factories import WORKER
from tests.support.floor import Floor


def test_a_step_whose_worker_died_waits_again_and_is_published(floor: Floor) -> None:
    job_id = floor.bench.voice()
    floor.bench.claimed(job_id, worker="dead@here")
    floor.age("lease_expires_at", 60)

    assert floor.swept() == [(QueueName.GPU, job_id)]

    (step,) = floor.bench.steps(job_id)
    assert floor.bench.job(job_id).status is JobStatus.RUNNING
    assert (step.lease_token, step.deaths, step.worker) == (None, 1, "dead@here")


def test_what_the_sweep_says_of_a_job_carries_the_jobs_ids(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = floor.bench.voice()
    floor.bench.claimed(job_id, worker="dead@here")
    floor.age("lease_expires_at", 60)
    said: list[tuple[str, str, str]] = []

    def note(record: logging.LogRecord) -> bool:
        said.append((record.getMessage(), job_id_var.get(), request_id_var.get()))
        return True

    caplog.handler.addFilter(note)
    floor.sweep.run()

    request_id = floor.bench.job(job_id).request_id
    assert ("the lease of transcribe ran out", str(job_id), request_id) in said


def test_a_living_lease_is_left_alone(floor: Floor) -> None:
    claim = floor.bench.claimed(floor.bench.voice())

    floor.sweep.run()

    assert floor.bench.step(claim.job_id).lease_token == claim.token


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
        "UPDATE jobs SET created_at = now() - interval '1 hour', queued_at = now() - interval '1 hour'"
        " WHERE id = :id",
        id=late,
    )

    assert floor.swept() == [(QueueName.LLM, later)]

    job = floor.bench.job(late)
    assert (job.status, job.error_code, job.error_stage) == (JobStatus.FAILED, "queue_deadline", Stage.REPLY)


def test_a_job_that_ran_too_long_ends_with_the_run_deadline(floor: Floor) -> None:
    claim = floor.bench.claimed(floor.bench.text())
    floor.age("created_at", 7200)
    floor.age("started_at", 3600)

    floor.sweep.run()

    job = floor.bench.job(claim.job_id)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "run_deadline")
    assert [step.outcome for step in floor.bench.all(Step)] == [StepOutcome.TIMED_OUT]


def test_an_answer_that_could_not_be_spoken_in_time_is_given_without_a_voice(floor: Floor) -> None:
    job_id = floor.bench.text()
    floor.bench.reply(floor.bench.claimed(job_id))
    floor.age("started_at", 3600)

    floor.sweep.run()

    job = floor.bench.job(job_id)
    assert (job.status, job.error_code) == (JobStatus.SUCCEEDED, None)
    assert [warning["code"] for warning in job.warnings] == [WarningCode.SPEECH_TIMEOUT]


def test_many_late_jobs_are_ended_in_one_pass(floor: Floor) -> None:
    for number in range(30):
        floor.bench.text(conversation=f"talk-{number}")
    floor.age("created_at", 7200)
    floor.age("queued_at", 7200)

    floor.sweep.run()

    assert {job.error_code for job in floor.bench.all(Job)} == {"queue_deadline"}


@pytest.mark.parametrize("stage", [Stage.TRANSCRIBE, Stage.SYNTHESIZE])
def test_what_is_quarantined_never_runs_again(floor: Floor, stage: Stage) -> None:
    job_id = floor.bench.at_stage(stage).job_id
    floor.age("lease_expires_at", 60)
    floor.sweep.run()
    for _ in range(2):
        floor.bench.claimed(job_id)
        floor.age("lease_expires_at", 60)
        floor.sweep.run()

    floor.forget_queues()
    with floor.bench.transitions() as transitions, pytest.raises(NotRetryableError):
        transitions.retry(*transitions.lock(job_id))

    floor.age("ready_at", 3600)
    assert floor.swept() == []
    assert floor.bench.claim(job_id) is None
    assert floor.bench.steps(job_id)[-1].outcome is StepOutcome.LOST


def report(floor: Floor, *, started_ago: float = 3600, seen_ago: float = 0) -> None:
    """Write the sign of life of the worker that claims."""
    with floor.bench.sessions.begin() as session:
        began = datetime.now(UTC)
        worker = Worker(name=WORKER, host="here", pid=1, queues=["gpu", "llm"], started_at=began)
        workers.report_start(session, worker)
    floor.bench.sql(
        "UPDATE workers SET started_at = now() - make_interval(secs => :started),"
        " seen_at = now() - make_interval(secs => :seen)",
        started=started_ago,
        seen=seen_ago,
    )


def hang(floor: Floor, stage: Stage) -> Claim:
    """Return a claim whose lease was kept to its stage's deadline, both a minute ago."""
    claim = floor.bench.at_stage(stage)
    floor.bench.sql(
        "UPDATE steps SET lease_expires_at = now() - interval '60 s',"
        " deadline_at = now() - interval '60 s', started_at = now() - interval '120 s'"
        " WHERE lease_token IS NOT NULL"
    )
    return claim


@pytest.mark.parametrize(
    ("stage", "status", "said"),
    [
        (Stage.TRANSCRIBE, JobStatus.FAILED, ErrorCode.STT_TIMEOUT),
        (Stage.REPLY, JobStatus.FAILED, ErrorCode.LLM_TIMEOUT),
        (Stage.SYNTHESIZE, JobStatus.SUCCEEDED, WarningCode.SPEECH_TIMEOUT),
    ],
)
def test_a_hang_that_its_living_worker_could_not_record_is_a_timeout(
    floor: Floor, stage: Stage, status: JobStatus, said: str
) -> None:
    report(floor)
    claim = hang(floor, stage)

    floor.sweep.run()

    job = floor.bench.job(claim.job_id)
    assert job.status is status
    assert [job.error_code, *(warning["code"] for warning in job.warnings)] == (
        [said] if status is JobStatus.FAILED else [None, said]
    )
    ended = floor.bench.step(job.id, claim.kind)
    assert (ended.outcome, ended.deaths) == (StepOutcome.TIMED_OUT, 0)


@pytest.mark.parametrize(
    "life", [{"started_ago": 90}, {"seen_ago": 60}], ids=["started anew since", "not heard of any more"]
)
def test_a_hang_of_a_worker_that_did_not_outlive_it_is_a_death(floor: Floor, life: dict[str, float]) -> None:
    report(floor, **life)
    claim = hang(floor, Stage.TRANSCRIBE)

    floor.sweep.run()

    step = floor.bench.step(claim.job_id)
    assert floor.bench.job(claim.job_id).status is JobStatus.RUNNING
    assert (step.deaths, step.lease_token) == (1, None)


def test_a_lease_that_was_let_go_before_its_deadline_is_a_death_whoever_lives(floor: Floor) -> None:
    report(floor)
    claim = floor.bench.at_stage(Stage.TRANSCRIBE)
    floor.age("lease_expires_at", 60)

    floor.sweep.run()

    assert floor.bench.step(claim.job_id).deaths == 1


def test_a_cancelled_job_whose_worker_died_is_cancelled(floor: Floor) -> None:
    claim = floor.bench.at_stage(Stage.TRANSCRIBE)
    floor.bench.sql("UPDATE jobs SET cancel_requested_at = now()")
    floor.age("lease_expires_at", 60)

    floor.sweep.run()

    assert floor.bench.job(claim.job_id).status is JobStatus.CANCELLED


def test_a_job_that_was_to_be_cancelled_but_waits_is_cancelled(floor: Floor) -> None:
    job_id = floor.bench.text()
    floor.bench.sql("UPDATE jobs SET cancel_requested_at = now()")

    floor.sweep.run()

    assert floor.bench.job(job_id).status is JobStatus.CANCELLED


def test_the_queue_deadline_is_over_once_a_job_has_begun(floor: Floor) -> None:
    job_id = floor.bench.voice()
    floor.bench.transcribe(floor.bench.claimed(job_id))
    floor.age("created_at", 7200)
    floor.age("queued_at", 7200)

    floor.sweep.run()

    assert floor.bench.job(job_id).status is JobStatus.RUNNING


def test_a_turn_behind_earlier_ones_has_the_queue_deadline_too(floor: Floor) -> None:
    first, second = floor.bench.text(), floor.bench.text()
    floor.bench.claimed(first)
    floor.age("queued_at", 3600)

    floor.sweep.run()

    assert floor.bench.job(first).status is JobStatus.RUNNING
    assert floor.bench.job(second).error_code == "queue_deadline"


@pytest.mark.parametrize("moment", ["created_at", "started_at"])
def test_a_retried_job_has_all_its_time_again(floor: Floor, moment: str) -> None:
    claim = floor.bench.at_stage(Stage.REPLY)
    floor.age("created_at", 7200)
    floor.age(moment, 100)
    floor.age("queued_at", 7200)
    floor.bench.fail(claim, Failure(ErrorCode.TUTOR_UNAVAILABLE, "The tutor is away."))
    with floor.bench.transitions() as transitions:
        transitions.retry(*transitions.lock(claim.job_id))

    floor.sweep.run()
    assert floor.bench.job(claim.job_id).status is JobStatus.QUEUED

    floor.bench.claimed(claim.job_id)
    floor.sweep.run()
    assert floor.bench.job(claim.job_id).status is JobStatus.RUNNING


def test_cancelled_or_failed_jobs_are_not_settled_again(floor: Floor) -> None:
    job_id = floor.bench.text()
    floor.age("queued_at", 3600)
    floor.sweep.run()
    before = floor.bench.job(job_id).finished_at

    floor.sweep.run()

    assert floor.bench.job(job_id).finished_at == before
