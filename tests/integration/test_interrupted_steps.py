"""What becomes of a step whose worker dies or gives it back, or whose job is given up or cancelled."""

import pytest

from shared.errors import ErrorCode, WarningCode
from shared.failures import RUN_DEADLINE
from shared.models import (
    EventType,
    Job,
    JobStatus,
    Message,
    QueueName,
    Stage,
    StepOutcome,
)
from shared.steps import LeaseLostError
from tests.support.factories import Bench, queues


def test_a_death_before_the_first_sentence_restarts_nothing(bench: Bench) -> None:
    job_id = bench.text()

    bench.die(bench.claimed(job_id))

    assert bench.events(job_id) == [EventType.QUEUED, EventType.STARTED]
    assert bench.job(job_id).attempt == 0


@pytest.mark.parametrize(
    ("stage", "counted"), [(Stage.TRANSCRIBE, 1), (Stage.REPLY, 0), (Stage.SYNTHESIZE, 1)]
)
def test_a_death_is_counted_where_one_job_runs_alone(bench: Bench, stage: Stage, counted: int) -> None:
    bench.sends = True
    claim = bench.at_stage(stage)

    before = bench.step(claim.job_id)

    following = bench.die(claim)

    step = bench.step(claim.job_id)
    assert queues(following) == [(claim.job_id, step.queue)]
    assert (step.id, step.deaths, step.lease_token) == (before.id, counted, None)
    assert step.ready_at is not None
    assert before.ready_at is not None
    assert step.published_at == step.ready_at > before.ready_at


@pytest.mark.parametrize(
    ("stage", "status", "said"),
    [
        (Stage.TRANSCRIBE, JobStatus.FAILED, ErrorCode.POISONED),
        (Stage.SYNTHESIZE, JobStatus.SUCCEEDED, WarningCode.SPEECH_POISONED),
    ],
)
def test_the_third_death_quarantines_the_stage(
    bench: Bench, stage: Stage, status: JobStatus, said: str
) -> None:
    claim = bench.at_stage(stage)
    job_id = claim.job_id
    for _ in range(2):
        bench.die(claim)
        claim = bench.claimed(job_id)

    assert bench.die(claim) == []

    job = bench.job(job_id)
    assert job.status is status
    assert [job.error_code, *(warning["code"] for warning in job.warnings)] == (
        [said] if status is JobStatus.FAILED else [None, said]
    )


def test_deaths_of_one_stage_do_not_count_in_the_next(bench: Bench) -> None:
    claim = bench.at_stage(Stage.TRANSCRIBE)
    bench.die(claim)
    bench.transcribe(bench.claimed(claim.job_id))

    assert bench.step(claim.job_id).deaths == 0


def test_a_tutors_worker_may_die_often(bench: Bench) -> None:
    job_id = bench.text()
    for _ in range(6):
        assert queues(bench.die(bench.claimed(job_id))) == [(job_id, QueueName.LLM)]


@pytest.mark.parametrize("stage", list(Stage))
def test_a_step_that_is_given_back_waits_again_and_nobody_died(bench: Bench, stage: Stage) -> None:
    bench.sends = True
    claim = bench.at_stage(stage)

    for _ in range(4):
        before = bench.step(claim.job_id)
        assert queues(bench.give_back(claim)) == [(claim.job_id, before.queue)]
        step = bench.step(claim.job_id)
        assert (step.id, step.lease_token, step.deaths) == (before.id, None, 0)
        assert step.ready_at is not None
        assert before.ready_at is not None
        assert step.published_at == step.ready_at > before.ready_at
        claim = bench.claimed(claim.job_id)


def test_a_job_that_is_to_be_cancelled_ends_when_its_step_is_given_back(bench: Bench) -> None:
    claim = bench.at_stage(Stage.REPLY)
    bench.sql("UPDATE jobs SET cancel_requested_at = now()")

    assert bench.give_back(claim) == []
    assert bench.job(claim.job_id).status is JobStatus.CANCELLED


def test_giving_up_a_waiting_job_counts_no_run(bench: Bench) -> None:
    job_id = bench.text()

    bench.give_up(job_id, RUN_DEADLINE)

    assert bench.job(job_id).error_code == "run_deadline"
    (step,) = bench.steps(job_id)
    assert (step.outcome, step.started_at) == (StepOutcome.DROPPED, None)


def test_giving_up_a_running_job_takes_it_from_its_worker(bench: Bench) -> None:
    claim = bench.claimed(bench.text())

    bench.give_up(claim.job_id, RUN_DEADLINE)

    assert [step.outcome for step in bench.steps(claim.job_id)] == [StepOutcome.TIMED_OUT]
    with pytest.raises(LeaseLostError):
        bench.reply(claim)


def test_giving_up_a_turn_that_waits_wakes_nobody_before_its_time(bench: Bench) -> None:
    first, second, third = (bench.text(speak=[]) for _ in range(3))
    bench.claimed(first)

    assert bench.give_up(second, RUN_DEADLINE) == []
    assert bench.claim(third) is None


def test_giving_up_a_turn_that_was_answered_before_steps_came_wakes_the_next(bench: Bench) -> None:
    first, second = bench.text(), bench.text()
    bench.reply(bench.claimed(first))
    bench.sql("DELETE FROM messages")
    bench.sql("UPDATE jobs SET answered_at = NULL")
    bench.sql("UPDATE steps SET ready_at = NULL, published_at = NULL WHERE kind = 'reply'")

    hints = bench.give_up(first, RUN_DEADLINE)

    assert [hint.job_id for hint in hints] == [second]


def test_a_cancelled_stage_ends_the_job_once_it_is_done(bench: Bench) -> None:
    recorded, died = bench.claimed(bench.text()), bench.claimed(bench.text(conversation="other"))
    bench.sql("UPDATE jobs SET cancel_requested_at = now()")

    bench.reply(recorded)
    bench.die(died)

    assert {job.status for job in bench.all(Job)} == {JobStatus.CANCELLED}
    assert bench.all(Message) == []
