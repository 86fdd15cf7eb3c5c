"""What of a turn is spoken, and what is told of it while its reply is written."""

import pytest

from shared.failures import TIMED_OUT
from shared.models import (
    DailyUsage,
    EventType,
    JobStatus,
    Message,
    QueueName,
    SpokenPart,
    Stage,
    StepKind,
    StepOutcome,
)
from shared.results import Piece
from shared.steps import LeaseLostError
from tests.support.factories import Bench, queues


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


def test_two_pieces_that_fail_the_last_one_first_are_one_warning(bench: Bench) -> None:
    job_id = bench.text()
    pieces = [Piece(SpokenPart.REPLY, index, f"Sentence {index}.") for index in range(2)]
    bench.reply(bench.claimed(job_id), pieces=pieces)
    first, last = sorted((bench.claimed(job_id) for _ in pieces), key=lambda claim: claim.position)

    for claim in (last, first):
        bench.fail(claim, TIMED_OUT[Stage.SYNTHESIZE])

    job = bench.job(job_id)
    assert (job.status, job.reply_audio_id) == (JobStatus.SUCCEEDED, None)
    assert [warning["code"] for warning in job.warnings] == ["speech_timeout"]


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


def test_a_reply_without_a_voice_is_still_a_reply(bench: Bench) -> None:
    claim = bench.at_stage(Stage.SYNTHESIZE)

    bench.fail(claim, TIMED_OUT[Stage.SYNTHESIZE])

    job = bench.job(claim.job_id)
    assert (job.status, job.error_code, job.reply_audio_id) == (JobStatus.SUCCEEDED, None, None)
    assert [warning["code"] for warning in job.warnings] == ["speech_timeout"]
    assert len(bench.all(Message)) == 2
    assert bench.step(job.id, StepKind.SPEAK).outcome is StepOutcome.TIMED_OUT
