"""How steps and jobs end: every effect once, and only for the one who holds the step."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from shared.audio_objects import WrittenAudio
from shared.errors import ErrorCode, WarningCode
from shared.failures import RUN_DEADLINE, TIMED_OUT, Failure
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
    SpokenPart,
    Stage,
    StepKind,
    StepOutcome,
)
from shared.results import Piece, Replied, Spoken, StepResult, Transcribed
from shared.steps import Hint, LeaseLostError
from tests.support.factories import CORRECTING_REPLY, WORKER, Bench, together

NO_SPEECH = Failure(ErrorCode.NO_SPEECH, "No speech was heard.")


def snapshot(engine: Engine) -> dict[str, list[object]]:
    """Return every row that a step's end could write."""
    tables = ("jobs", "conversations", "messages", "steps", "job_events", "daily_usage")
    with engine.connect() as connection:
        return {
            table: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]  # noqa: S608
            for table in tables
        }


def queues(hints: Sequence[Hint]) -> list[tuple[UUID, QueueName]]:
    """Return whose steps the hints are for, and where they wait."""
    return [(hint.job_id, hint.queue) for hint in hints]


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


def test_several_pieces_are_joined_and_the_whole_is_named(bench: Bench) -> None:
    job_id = bench.text()
    pieces = [Piece(SpokenPart.REPLY, index, f"Sentence {index}.") for index in range(3)]
    bench.reply(bench.claimed(job_id), pieces=pieces)

    for _ in pieces:
        assert bench.job(job_id).reply_audio_id is None
        following = bench.speak(bench.claimed(job_id))
    assert queues(following) == [(job_id, QueueName.LLM)]
    assert bench.job(job_id).status is JobStatus.RUNNING
    bench.join(bench.claimed(job_id))

    job = bench.job(job_id)
    assert job.status is JobStatus.SUCCEEDED
    assert job.reply_audio_id == bench.step(job_id, StepKind.JOIN).audio_id
    told = [event.data for event in bench.log(job_id) if event.type is EventType.SPEECH_PIECE]
    assert [(piece["part"], piece["index"], piece["text"]) for piece in told] == [
        ("reply", index, f"Sentence {index}.") for index in range(3)
    ]
    assert [usage.speech_seconds for usage in bench.all(DailyUsage)] == [9.0]


def test_sentences_are_told_and_spoken_while_the_tutor_writes(bench: Bench) -> None:
    job_id = bench.text()
    claim = bench.claimed(job_id)
    first = Piece(SpokenPart.REPLY, 0, "Hello!")

    hints = bench.move(lambda to: to.sentence(claim, 0, "Hello!", [first]))
    assert queues(hints) == [(job_id, QueueName.GPU)]
    bench.speak(bench.claimed(job_id, kind=StepKind.SPEAK))
    assert bench.job(job_id).first_sound_at is not None
    bench.reply(claim, pieces=[Piece(SpokenPart.REPLY, 1, "Where do you live?")])
    bench.speak(bench.claimed(job_id))
    bench.join(bench.claimed(job_id))

    assert bench.job(job_id).status is JobStatus.SUCCEEDED
    assert bench.events(job_id) == [
        EventType.QUEUED,
        EventType.STARTED,
        EventType.REPLY_SENTENCE,
        EventType.SPEECH_PIECE,
        EventType.REPLY_DONE,
        EventType.SPEECH_PIECE,
        EventType.SUCCEEDED,
    ]


def test_a_reply_that_begins_anew_forgets_what_was_told_and_spoken(bench: Bench) -> None:
    job_id = bench.text()
    claim = bench.claimed(job_id)
    for index in range(3):
        piece = Piece(SpokenPart.REPLY, index, f"Sentence {index}.")
        with bench.transitions() as transitions:
            transitions.sentence(claim, index, piece.text, [piece])
    bench.speak(bench.claimed(job_id, kind=StepKind.SPEAK))
    at_work = bench.claimed(job_id, kind=StepKind.SPEAK)

    bench.die(claim)

    with pytest.raises(LeaseLostError):
        bench.speak(at_work)
    assert bench.events(job_id)[-1] == EventType.REPLY_RESTARTED
    speech = [step for step in bench.steps(job_id) if step.kind is StepKind.SPEAK]
    assert [step.audio_id for step in speech] == [None] * 3
    assert all(step.finished_at is not None for step in speech)
    bench.reply(bench.claimed(job_id))
    bench.speak(bench.claimed(job_id))
    assert bench.job(job_id).status is JobStatus.SUCCEEDED


def test_a_death_before_the_first_sentence_restarts_nothing(bench: Bench) -> None:
    job_id = bench.text()

    bench.die(bench.claimed(job_id))

    assert bench.events(job_id) == [EventType.QUEUED, EventType.STARTED]
    assert bench.job(job_id).attempt == 0


def test_a_piece_that_cannot_be_spoken_ends_its_part(bench: Bench) -> None:
    job_id = bench.text()
    pieces = [Piece(SpokenPart.REPLY, index, f"Sentence {index}.") for index in range(3)]
    bench.reply(bench.claimed(job_id), pieces=pieces)
    bench.speak(bench.claimed(job_id))

    bench.fail(bench.claimed(job_id), TIMED_OUT[Stage.SYNTHESIZE])

    job = bench.job(job_id)
    assert (job.status, job.reply_audio_id) == (JobStatus.SUCCEEDED, None)
    assert [warning["code"] for warning in job.warnings] == ["speech_timeout"]
    outcomes = sorted(step.outcome or "" for step in bench.steps(job_id) if step.kind is StepKind.SPEAK)
    assert outcomes == [StepOutcome.DROPPED, StepOutcome.SUCCEEDED, StepOutcome.TIMED_OUT]


def test_a_later_turn_begins_when_the_reply_is_recorded_and_drops_what_is_unspoken(bench: Bench) -> None:
    first = bench.text()
    bench.reply(bench.claimed(first))

    second = bench.text()

    job = bench.job(first)
    assert (job.status, job.reply_audio_id) == (JobStatus.SUCCEEDED, None)
    assert [warning["code"] for warning in job.warnings] == ["speech_skipped"]
    bench.claimed(second)


def test_a_piece_at_work_is_still_heard_when_the_learner_goes_on(bench: Bench) -> None:
    first = bench.text()
    bench.reply(bench.claimed(first))
    at_work = bench.claimed(first)

    bench.text()
    assert bench.job(first).status is JobStatus.RUNNING
    bench.speak(at_work)

    job = bench.job(first)
    assert (job.status, job.warnings) == (JobStatus.SUCCEEDED, [])
    assert job.reply_audio_id is not None


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
    ("speak", "explanations", "pieces"),
    [
        ([], {}, 0),
        (["explanation"], {}, 1),
        (["explanation"], {"devanagari_explanation": None}, 1),
        (["explanation"], {"devanagari_explanation": None, "hinglish_explanation": None}, 0),
        (["reply", "explanation"], {"devanagari_explanation": None, "hinglish_explanation": None}, 1),
        (["reply", "explanation"], {}, 2),
    ],
    ids=["nothing", "the explanation", "only in Hinglish", "there is none", "the reply at least", "both"],
)
def test_only_what_was_asked_for_and_is_there_is_spoken(
    bench: Bench, speak: list[str], explanations: dict[str, object], pieces: int
) -> None:
    job_id = bench.text(speak=speak)

    following = bench.reply(bench.claimed(job_id), **explanations)

    assert queues(following) == [(job_id, QueueName.GPU)] * pieces
    assert bench.job(job_id).status is (JobStatus.RUNNING if pieces else JobStatus.SUCCEEDED)


@pytest.mark.parametrize(
    ("stage", "late"),
    [
        (Stage.TRANSCRIBE, Transcribed("ear 1", "Too late.")),
        (Stage.REPLY, Replied("tutor 1", "Too late.", score=1)),
        (Stage.SYNTHESIZE, Spoken("voice 1", WrittenAudio(uuid4(), AudioBackend.LOCAL, 1.0))),
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


def test_a_reply_without_a_voice_is_still_a_reply(bench: Bench) -> None:
    claim = bench.at_stage(Stage.SYNTHESIZE)

    bench.fail(claim, TIMED_OUT[Stage.SYNTHESIZE])

    job = bench.job(claim.job_id)
    assert (job.status, job.error_code, job.reply_audio_id) == (JobStatus.SUCCEEDED, None, None)
    assert [warning["code"] for warning in job.warnings] == ["speech_timeout"]
    assert len(bench.all(Message)) == 2
    assert bench.step(job.id, StepKind.SPEAK).outcome is StepOutcome.TIMED_OUT


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


def test_a_cancelled_stage_ends_the_job_once_it_is_done(bench: Bench) -> None:
    recorded, died = bench.claimed(bench.text()), bench.claimed(bench.text(conversation="other"))
    bench.sql("UPDATE jobs SET cancel_requested_at = now()")

    bench.reply(recorded)
    bench.die(died)

    assert {job.status for job in bench.all(Job)} == {JobStatus.CANCELLED}
    assert bench.all(Message) == []


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


def test_giving_up_a_turn_that_waits_wakes_nobody_before_its_time(bench: Bench) -> None:
    first, second, third = (bench.text(speak=[]) for _ in range(3))
    bench.claimed(first)

    assert bench.give_up(second, RUN_DEADLINE) == []
    assert bench.claim(third) is None


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
