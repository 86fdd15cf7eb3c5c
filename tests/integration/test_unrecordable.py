"""What cannot be recorded ends all the same: nothing runs for ever, nothing is tried for ever."""

import logging

import pytest

from shared.abandoning import abandon
from shared.models import DailyUsage, EventType, Job, JobStatus, Message, QueueName, Stage
from tests.support.factories import Bench
from tests.support.floor import Floor
from tests.support.workbench import Build

MOST_TOKENS = 2**63 - 1
INT32 = 2**31 - 1


def fill_the_day(bench: Bench, user_id: str = "asha") -> None:
    """Let no token fit into any of the user's days, as PostgreSQL sees it."""
    bench.sql(
        "INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,"
        " corrections, score_sum, score_count, tokens_in, tokens_out)"
        " SELECT :learner, current_date + day, 0, 0, 0, 0, 0, 0, 0, :most, :most"
        " FROM generate_series(-1, 1) AS day",
        learner=bench.learner(user_id).id,
        most=MOST_TOKENS,
    )


def refuse_every_end(bench: Bench, user_id: str = "asha") -> None:
    """Let PostgreSQL refuse to end any job of the user."""
    learner = bench.learner(user_id).id
    bench.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE 'refused' USING ERRCODE = 'check_violation'; END $$"
    )
    bench.sql(
        "CREATE TRIGGER refuse BEFORE UPDATE ON jobs FOR EACH ROW"
        f" WHEN (NEW.finished_at IS NOT NULL AND NEW.learner_id = '{learner}') EXECUTE FUNCTION refuse()"
    )


def allow_every_end(bench: Bench) -> None:
    bench.sql("DROP TRIGGER refuse ON jobs")


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


def refuse_proper_ends(bench: Bench) -> None:
    """Let PostgreSQL refuse every proper end: usage is full, and no failure but quarantine can be written."""
    fill_the_day(bench)
    bench.sql(
        "ALTER TABLE jobs ADD CONSTRAINT only_poisoned"
        " CHECK (error_code IS NULL OR error_code = 'poisoned') NOT VALID"
    )


def test_a_day_holds_more_tokens_than_a_small_integer(bench: Bench) -> None:
    for _ in range(2):
        bench.reply(bench.claimed(bench.text(speak=[])), tokens_in=INT32)

    (usage,) = bench.all(DailyUsage)
    assert (usage.text_turns, usage.tokens_in) == (2, 2 * INT32)


def test_a_reply_that_cannot_be_recorded_fails_once(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    work = build()
    fill_the_day(work.bench)

    job = work.run(work.bench.text(speak=[]))

    assert (job.status, job.error_code, job.error_stage) == (
        JobStatus.FAILED,
        "tutor_unavailable",
        Stage.REPLY,
    )
    assert [step.error_code for step in work.bench.steps(job.id)] == ["tutor_unavailable"]
    assert len(errors(caplog)) == 1


def test_a_failure_that_cannot_be_recorded_either_ends_the_job(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    work = build()
    refuse_proper_ends(work.bench)
    job_id = work.bench.text(speak=[])

    job = work.run(job_id)

    assert (job.status, job.error_code, job.error_stage) == (JobStatus.FAILED, "poisoned", Stage.REPLY)
    assert work.bench.all(Message) == []
    assert len(errors(caplog)) == 2
    assert work.bench.events(job_id)[-1] == EventType.FAILED


def test_a_job_that_cannot_be_ended_at_all_is_left_to_the_sweep(
    build: Build, caplog: pytest.LogCaptureFixture
) -> None:
    work = build()
    refuse_every_end(work.bench)

    job = work.run(work.bench.text(speak=[]))

    assert (job.status, job.finished_at) == (JobStatus.RUNNING, None)
    assert len(errors(caplog)) == 3


@pytest.mark.parametrize("column", ["started_at", "lease_expires_at"])
def test_the_sweep_ends_what_has_no_proper_end(floor: Floor, column: str) -> None:
    job_id = floor.bench.voice()
    floor.bench.sql("UPDATE jobs SET tokens_in = 5")  # which the full day cannot take
    refuse_proper_ends(floor.bench)
    for _ in range(3):
        floor.bench.claim(job_id)
        floor.age(column, 3600)
        floor.sweep.run()

    job = floor.bench.job(job_id)
    assert (job.status, job.error_code) == (JobStatus.FAILED, "poisoned")


def test_a_next_turn_follows_one_that_had_no_proper_end(floor: Floor) -> None:
    floor.bench.text(speak=[])
    refuse_proper_ends(floor.bench)
    following = floor.bench.text(speak=[])
    floor.bench.sql("UPDATE jobs SET queued_at = queued_at - interval '1 hour' WHERE turn = 1")
    floor.sweep.run()
    floor.age("ready_at", 5)

    assert floor.swept() == [(QueueName.LLM, following)]


def test_a_cancelled_job_without_a_proper_end_is_cancelled(floor: Floor) -> None:
    job_id = floor.bench.text(speak=[])
    floor.bench.claimed(job_id)
    floor.bench.sql("UPDATE jobs SET cancel_requested_at = now()")
    with floor.bench.sessions.begin() as session:
        abandon(session, job_id)

    job = floor.bench.job(job_id)
    assert (job.status, job.error_code, job.error_stage) == (JobStatus.CANCELLED, None, None)


def test_what_has_ended_is_not_abandoned(bench: Bench) -> None:
    job_id = bench.text(speak=[])
    bench.finish(job_id)
    before = bench.job(job_id)

    with bench.sessions.begin() as session:
        abandon(session, job_id)

    assert bench.job(job_id) == before


def test_bad_jobs_keep_the_sweep_from_no_other_and_are_told_of_once(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(210):  # more than the sweep takes at a time
        floor.bench.text(conversation=f"talk-{number}", speak=[])
    good = floor.bench.text(user_id="ravi", speak=[])
    floor.age("queued_at", 3600)
    refuse_every_end(floor.bench)

    for _ in range(3):
        floor.sweep.run()

    assert floor.bench.job(good).error_code == "queue_deadline"
    assert len(errors(caplog)) == 210
    allow_every_end(floor.bench)
    for _ in range(2):
        floor.sweep.run()
    assert {job.error_code for job in floor.bench.all(Job)} == {"queue_deadline"}


def test_a_job_that_others_hold_is_passed_by(floor: Floor) -> None:
    held, good = floor.bench.text(), floor.bench.text(user_id="ravi")
    floor.age("queued_at", 3600)

    with floor.bench.transitions() as transitions:
        transitions.lock(held)
        floor.sweep.run()

    assert floor.bench.job(held).finished_at is None
    assert floor.bench.job(good).error_code == "queue_deadline"
    floor.sweep.run()
    assert floor.bench.job(held).error_code == "queue_deadline"


def test_a_cancel_frees_a_job_whose_worker_is_gone(bench: Bench) -> None:
    job_id = bench.text()
    bench.claimed(job_id)
    bench.sql("UPDATE steps SET lease_expires_at = now() - interval '1 s'")

    with bench.transitions() as transitions:
        transitions.cancel(*transitions.lock(job_id))

    assert bench.job(job_id).status is JobStatus.CANCELLED
    assert [step.outcome for step in bench.steps(job_id)] == ["lost"]
