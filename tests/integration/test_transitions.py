"""How steps and jobs end: every effect once, and only for the one who holds the step."""

from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from shared.audio_objects import WrittenAudio
from shared.errors import ErrorCode
from shared.failures import RUN_DEADLINE, Failure
from shared.models import (
    AudioBackend,
    DailyUsage,
    EventType,
    Job,
    JobStatus,
    Message,
    MessageRole,
    MistakeCategory,
    QueueName,
    Stage,
    StepKind,
    StepOutcome,
)
from shared.results import Replied, Spoken, StepResult, Transcribed
from shared.steps import LeaseLostError
from tests.support.factories import CORRECTING_REPLY, WORKER, Bench, queues, together

NO_SPEECH = Failure(ErrorCode.NO_SPEECH, "No speech was heard.")


def snapshot(engine: Engine) -> dict[str, list[object]]:
    """Return every row that a step's end could write."""
    tables = ("jobs", "conversations", "messages", "steps", "job_events", "daily_usage")
    with engine.connect() as connection:
        return {
            table: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]  # noqa: S608
            for table in tables
        }


def test_a_voice_turn_goes_through_its_steps_to_its_end(bench: Bench) -> None:
    job_id = bench.voice()

    assert queues(bench.transcribe(bench.claimed(job_id))) == [(job_id, QueueName.LLM)]
    assert queues(bench.reply(bench.claimed(job_id))) == [(job_id, QueueName.GPU)]
    assert bench.job(job_id).reply_text == CORRECTING_REPLY.text
    spoken = bench.audio(3.0)
    assert bench.speak(bench.claimed(job_id), spoken) == []

    job = bench.job(job_id)
    assert (job.status, job.error_code, job.reply_audio_id) == (JobStatus.SUCCEEDED, None, spoken)
    assert job.finished_at is not None
    assert job.engines == {"stt": "ear 1", "llm": "tutor 1", "tts": "voice 1"}
    assert job.warnings == []
    steps = [(step.kind, step.outcome, step.worker, step.engine) for step in bench.steps(job_id)]
    assert steps == [
        (StepKind.TRANSCRIBE, StepOutcome.SUCCEEDED, WORKER, "ear 1"),
        (StepKind.REPLY, StepOutcome.SUCCEEDED, WORKER, "tutor 1"),
        (StepKind.SPEAK, StepOutcome.SUCCEEDED, WORKER, "voice 1"),
    ]
    assert bench.events(job_id) == [
        EventType.QUEUED,
        EventType.STARTED,
        EventType.TRANSCRIPT_DONE,
        EventType.REPLY_DONE,
        EventType.SPEECH_PIECE,
        EventType.SUCCEEDED,
    ]
    assert [event.seq for event in bench.log(job_id)] == list(range(1, 7))
    assert job.last_event == 6


def test_between_steps_a_job_runs_on_unowned_and_counts_as_sent(bench: Bench) -> None:
    bench.sends = True
    job_id = bench.text()
    bench.reply(bench.claimed(job_id))

    job, step = bench.job(job_id), bench.step(job_id)
    assert (job.status, step.kind) == (JobStatus.RUNNING, StepKind.SPEAK)
    assert step.published_at == step.ready_at
    assert (step.lease_token, step.worker, step.lease_expires_at, step.deadline_at) == (None,) * 4
    assert job.started_at is not None
    assert step.ready_at is not None
    assert step.ready_at > job.started_at


def test_a_succeeded_turn_is_two_messages(bench: Bench) -> None:
    job_id = bench.voice()
    bench.finish(job_id)

    learner, tutor = sorted(bench.all(Message), key=lambda message: message.role)
    assert (learner.role, learner.text, learner.turn) == (MessageRole.LEARNER, "I am go to market", 1)
    assert (learner.score, learner.mistake_wrong) == (None, None)
    assert (tutor.role, tutor.text, tutor.turn) == (MessageRole.TUTOR, CORRECTING_REPLY.text, 1)
    assert (tutor.mistake_wrong, tutor.mistake_right) == ("I am go", "I am going")
    assert (tutor.mistake_category, tutor.score) == (MistakeCategory.VERB_FORM, 75)
    assert tutor.hinglish_explanation == CORRECTING_REPLY.hinglish_explanation
    assert learner.job_id == tutor.job_id == job_id


@pytest.mark.parametrize(
    ("stage", "late"),
    [
        (Stage.TRANSCRIBE, Transcribed("ear 1", "Too late.")),
        (Stage.REPLY, Replied("tutor 1", "Too late.", score=1)),
        (Stage.SYNTHESIZE, Spoken("voice 1", WrittenAudio(uuid4(), AudioBackend.LOCAL, 1, 1.0))),
    ],
)
def test_a_stale_claim_can_write_nothing(
    bench: Bench, database: Engine, stage: Stage, late: StepResult
) -> None:
    stale = bench.at_stage(stage)
    bench.die(stale)
    bench.claimed(stale.job_id, worker="another@here")
    before = snapshot(database)

    with pytest.raises(LeaseLostError):
        bench.succeed(stale, late)
    with pytest.raises(LeaseLostError):
        bench.fail(stale, NO_SPEECH)

    assert snapshot(database) == before


def test_a_result_can_be_recorded_only_once(bench: Bench, database: Engine) -> None:
    claim = bench.claimed(bench.text(speak=[]))
    bench.reply(claim)
    before = snapshot(database)

    with pytest.raises(LeaseLostError):
        bench.reply(claim)

    assert snapshot(database) == before


def test_a_result_whose_conversation_was_deleted_meanwhile_is_dropped(bench: Bench) -> None:
    claim = bench.claimed(bench.text())
    bench.sql("DELETE FROM conversations")

    with pytest.raises(LeaseLostError):
        bench.succeed(claim, CORRECTING_REPLY)

    assert bench.all(Job) == []
    assert bench.all(DailyUsage) == []


def test_of_many_concurrent_recorders_one_wins(bench: Bench) -> None:
    claim = bench.claimed(bench.text(speak=[]))

    def record(_: int) -> bool:
        try:
            bench.reply(claim)
        except LeaseLostError:
            return False
        return True

    assert sum(together(10, record)) == 1
    assert len(bench.all(Message)) == 2
    assert [usage.text_turns for usage in bench.all(DailyUsage)] == [1]


@pytest.mark.parametrize("stage", [Stage.TRANSCRIBE, Stage.REPLY])
def test_a_failed_stage_fails_the_job_and_says_why(bench: Bench, stage: Stage) -> None:
    claim = bench.at_stage(stage)

    bench.fail(claim, NO_SPEECH)

    job = bench.job(claim.job_id)
    assert job.status is JobStatus.FAILED
    assert (job.error_code, job.error_detail) == ("no_speech", "No speech was heard.")
    assert job.error_stage is stage
    assert bench.all(Message) == []
    assert bench.all(DailyUsage) == []
    ended = bench.steps(job.id)[-1]
    assert (ended.outcome, ended.error_code) == (StepOutcome.FAILED, "no_speech")
    assert bench.events(job.id)[-1] == EventType.FAILED


def test_what_is_to_be_published_counts_as_sent_when_it_is_recorded(bench: Bench) -> None:
    first, second = bench.text(speak=[]), bench.text()
    with bench.transitions() as transitions:
        claim = bench.claimed(first)
        hints = transitions.succeed(claim, CORRECTING_REPLY)

    assert queues(hints) == [(second, QueueName.LLM)]
    assert bench.step(second).published_at is not None


def test_a_turn_that_was_sent_before_is_not_sent_again_when_a_later_one_is_cancelled(bench: Bench) -> None:
    bench.sends = True
    bench.text()
    later = bench.text()

    with bench.transitions() as transitions:
        assert transitions.cancel(*transitions.lock(later)) == []


@pytest.mark.parametrize("ending", ["succeeded", "failed", "given up", "quarantined"])
def test_the_end_of_a_turn_names_the_next_one(bench: Bench, ending: str) -> None:
    first, second, _ = (bench.voice(speak=[]) for _ in range(3))
    endings = {
        "succeeded": lambda: bench.finish(first),
        "failed": lambda: bench.fail(bench.claimed(first), NO_SPEECH),
        "given up": lambda: bench.give_up(first, RUN_DEADLINE),
        "quarantined": lambda: bench.die(bench.claimed(first), deaths_allowed=1),
    }

    assert queues(endings[ending]()) == [(second, QueueName.GPU)]

    bench.claimed(second)
