"""A stage from its hint to its record, with plugged-in engines, a real database and real files."""

import json
import threading
from io import BytesIO

import av
import pytest

from shared.models import DailyUsage, JobStatus, Message, MessageRole, QueueName, Stage, StepKind, StepOutcome
from shared.storage import MP3
from tests.support import engines_for_tests as engines
from tests.support.engines_for_tests import CLEANED
from tests.support.workbench import Build
from worker.bounds import (
    LONGEST_NAME,
    LONGEST_REPLY,
    LONGEST_SENTENCE,
    LONGEST_TRANSCRIPT,
    MOST_TOKENS,
    MOST_WARNINGS,
    MOST_WORDS,
)


def test_a_recording_is_heard_answered_and_spoken(build: Build) -> None:
    work = build()
    job_id = work.voice(speak=["reply", "explanation"])

    heard = work.run(job_id)
    assert heard.transcript == "I am go 1.5 seconds"
    assert heard.transcript_words is not None
    assert heard.transcript_words[:2] == [
        {"word": "I", "start": 0.0, "end": 0.1, "probability": 0.9, "unsure": False},
        {"word": "am", "start": 1.0, "end": 1.1, "probability": 0.9, "unsure": False},
    ]
    answered = work.run(job_id)
    assert (answered.reply_text, answered.score) == ("I am go 1.5 seconds", 75)
    assert (answered.mistake_wrong, answered.mistake_right) == ("am go", "am going")
    assert (answered.tokens_in, answered.tokens_out) == (12, 4)
    done = work.run_all(job_id)

    assert done.status is JobStatus.SUCCEEDED
    assert done.engines == {"stt": "quick ear", "llm": "quick tutor", "tts": "quick voice"}
    assert [hint.queue for hint in work.published] == [QueueName.LLM, QueueName.GPU, QueueName.GPU]
    assert {hint.job_id for hint in work.published} == {job_id}
    assert done.warnings == []


def test_what_was_said_in_hindi_is_neither_corrected_nor_scored(build: Build) -> None:
    work = build(stt=engines.HindiTranscriber)

    job = work.run_all(work.voice(speak=["reply", "explanation"]))

    assert (job.status, job.transcript_language) == (JobStatus.SUCCEEDED, "hi")
    assert job.reply_text == "Aaj Maasam Bhood"
    assert (job.mistake_wrong, job.mistake_right, job.score) == (None, None, None)
    assert (job.hinglish_explanation, job.devanagari_explanation) == (None, None)


def test_what_is_spoken_is_stored_as_mp3_with_its_length(build: Build) -> None:
    work = build()
    job = work.run_all(work.bench.text(speak=["reply", "explanation"], message="Hello you"))

    for audio_id, text in (
        (job.reply_audio_id, job.reply_text),
        (job.explanation_audio_id, job.devanagari_explanation),
    ):
        assert audio_id is not None
        row = work.bench.audio_row(audio_id)
        data = work.store.read(row.name)
        assert (row.content_type, row.size_bytes, row.host) == (MP3, len(data), "here")
        assert row.stored_at is not None
        assert row.seconds >= 0.1 * len(text or "")  # and the pause after it
        with av.open(BytesIO(data), "r") as sound:
            assert sound.streams.audio[0].codec_context.name.startswith("mp3")
            assert sound.duration is not None
            assert row.seconds == pytest.approx(sound.duration / 1_000_000, abs=0.1)


def test_the_next_turn_is_published_when_one_ends(build: Build) -> None:
    work = build()
    first, second = work.bench.text(speak=[]), work.bench.text(speak=[])

    work.run(first)

    assert [(hint.job_id, hint.queue) for hint in work.published] == [(second, QueueName.LLM)]


@pytest.mark.parametrize(
    ("transcriber", "code", "outcome"),
    [
        (engines.NoSpeechTranscriber, "no_speech", StepOutcome.FAILED),
        (engines.EmptyTranscriber, "no_speech", StepOutcome.FAILED),
        (engines.UnavailableTranscriber, "engine_unavailable", StepOutcome.FAILED),
        (engines.OutOfMemoryTranscriber, "out_of_memory", StepOutcome.FAILED),
        (engines.BrokenTranscriber, "engine_unavailable", StepOutcome.FAILED),
        (engines.OverrunTranscriber, "stt_timeout", StepOutcome.TIMED_OUT),
    ],
)
def test_a_recording_that_cannot_be_understood_fails_the_job(
    build: Build, transcriber: type[object], code: str, outcome: StepOutcome
) -> None:
    work = build(stt=transcriber)

    job = work.run(work.voice())

    assert (job.status, job.error_code, job.error_stage) == (JobStatus.FAILED, code, Stage.TRANSCRIBE)
    assert job.error_detail
    assert [(step.outcome, step.error_code) for step in work.bench.steps(job.id)] == [(outcome, code)]


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("unavailable", "tutor_unavailable"),
        ("timeout", "llm_timeout"),
        ("invalid", "tutor_invalid_reply"),
        ("memory", "out_of_memory"),
        ("defect", "tutor_unavailable"),
        ("soft limit", "llm_timeout"),
        ("nothing", "tutor_unavailable"),
        ("empty", "tutor_invalid_reply"),
        ("only NUL", "tutor_invalid_reply"),
    ],
)
def test_a_tutor_that_gives_no_usable_answer_fails_the_job(build: Build, way: str, code: str) -> None:
    work = build(llm=engines.TroubledTutor)

    job = work.run(work.bench.text(message=way))

    assert (job.status, job.error_code, job.error_stage) == (JobStatus.FAILED, code, Stage.REPLY)
    assert job.reply_text is None
    assert work.bench.all(Message) == []


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("unavailable", "speech_failed"),
        ("memory", "speech_out_of_memory"),
        ("defect", "speech_failed"),
        ("soft limit", "speech_timeout"),
        ("silent", "speech_failed"),
        ("float", "speech_failed"),
        ("endless", "speech_failed"),
        ("rate", "speech_failed"),
    ],
)
def test_a_voice_that_fails_costs_only_the_voice(build: Build, way: str, code: str) -> None:
    work = build(tts=engines.TroubledSynthesizer)

    job = work.run_all(work.bench.text(message=way))

    assert (job.status, job.reply_text, job.reply_audio_id) == (JobStatus.SUCCEEDED, way, None)
    assert [warning["code"] for warning in job.warnings] == [code]


@pytest.mark.parametrize(
    ("way", "score"),
    [("score above", 100), ("score below", 0), ("no mistake", 90), ("score of nothing", None)],
)
def test_what_is_optional_and_wrong_costs_no_reply(build: Build, way: str, score: int | None) -> None:
    work = build(llm=engines.TroubledTutor)

    job = work.run_all(work.bench.text(message=way, speak=[]))

    assert (job.status, job.reply_text, job.score) == (JobStatus.SUCCEEDED, "Good.", score)
    assert (job.mistake_wrong, job.mistake_right) == (None, None)


def test_a_word_without_numbers_costs_no_transcript(build: Build) -> None:
    work = build(stt=engines.NotANumberTranscriber)

    job = work.run(work.voice())

    assert (job.transcript, job.error_code) == ("Hello.", None)
    assert job.transcript_words == [
        {"word": "Hello.", "start": 0.0, "end": 0.5, "probability": 0.0, "unsure": True}
    ]


def test_an_engine_that_gives_too_much_of_everything_is_bounded(build: Build) -> None:
    work = build(stt=engines.BoundlessTranscriber, llm=engines.BoundlessTutor)
    for conversation in ("a", "b"):
        job = work.run_all(work.voice(conversation=conversation, speak=[]))

    assert job.status is JobStatus.SUCCEEDED
    assert len(job.transcript or "") <= LONGEST_TRANSCRIPT
    assert len(job.transcript_words or []) == MOST_WORDS
    assert all(0 <= word["start"] <= word["end"] <= 1.5 for word in job.transcript_words or [])
    assert len(job.reply_text or "") <= LONGEST_REPLY
    assert (job.mistake_wrong, job.hinglish_explanation) == (None, None)
    assert (job.tokens_in, job.tokens_out) == (MOST_TOKENS, 0)
    assert max(len(job.engines["stt"]), len(job.engines["llm"])) <= LONGEST_NAME
    assert len(job.warnings) == MOST_WARNINGS
    [day] = work.bench.all(DailyUsage)
    assert (day.tokens_in, day.tokens_out) == (2 * MOST_TOKENS, 0)


def test_what_an_engine_says_of_its_failure_is_plain_and_short(build: Build) -> None:
    work = build(stt=engines.WordyTranscriber)

    job = work.run(work.voice())

    assert job.error_detail is not None
    assert len(job.error_detail) <= LONGEST_SENTENCE
    assert job.error_detail.startswith("The ear is away.")
    assert "\x1b" not in job.error_detail


def test_no_words_of_a_defect_reach_the_learner(build: Build) -> None:
    work = build(stt=engines.BrokenTranscriber)

    job = work.run(work.voice())

    assert "defect" not in (job.error_detail or "")


def test_text_that_no_database_can_hold_is_cleaned(build: Build) -> None:
    work = build(stt=engines.UncleanTranscriber, llm=engines.UncleanTutor)

    job = work.run_all(work.voice(speak=[]))

    assert job.status is JobStatus.SUCCEEDED
    assert job.transcript == CLEANED
    assert [word["word"] for word in job.transcript_words or []] == [CLEANED]
    texts = (job.reply_text, job.mistake_wrong, job.hinglish_explanation)
    assert {*texts, job.devanagari_explanation} == {CLEANED}
    assert json.dumps(job.transcript_words, ensure_ascii=False).encode()


def test_a_recording_that_is_not_on_this_machine_fails_the_job(build: Build) -> None:
    work = build()

    job = work.run(work.bench.voice())

    assert (job.status, job.error_code) == (JobStatus.FAILED, "storage_unavailable")


def test_an_engine_that_is_not_loaded_fails_the_stage(build: Build) -> None:
    work = build(load=False)

    assert work.run(work.bench.text()).error_code == "engine_unavailable"


@pytest.mark.parametrize("queue", [QueueName.LLM, QueueName.GPU])
def test_a_repeated_hint_finds_nothing_to_do(build: Build, queue: QueueName) -> None:
    work = build()
    job_id = work.bench.text(speak=[])
    before = work.run(job_id)
    work.published.clear()

    assert work.take(queue) is None

    assert work.bench.job(job_id) == before
    assert work.published == []
    assert [step.kind for step in work.bench.steps(job_id)] == [StepKind.REPLY]


def test_the_tutor_remembers_the_turns_that_succeeded(build: Build) -> None:
    work, failing = build(), build(llm=engines.TroubledTutor)
    work.run(work.bench.text(message="one", speak=[]))
    failing.run(failing.bench.text(message="unavailable", speak=[]))
    work.run(work.bench.text(message="elsewhere", conversation="other", speak=[]))
    work.run(work.bench.text(message="two", speak=[]))

    job = work.run(work.bench.text(message="three", speak=[]))

    assert job.reply_text == "[one / am go][two / am go]three"


@pytest.mark.parametrize(
    ("limit", "remembered"),
    [(0, ""), (1, ""), (2, "[c / am go]"), (3, "[c / am go]"), (4, "[b / am go][c / am go]"), (20, None)],
)
def test_the_tutors_memory_is_bounded_in_messages(build: Build, limit: int, remembered: str | None) -> None:
    work = build(history_messages=limit)
    for message in "abc":
        work.run(work.bench.text(message=message, speak=[]))

    job = work.run(work.bench.text(message="d", speak=[]))

    everything = "[a / am go][b / am go][c / am go]"
    assert job.reply_text == f"{everything if remembered is None else remembered}d"


def test_the_tutors_memory_is_bounded_in_characters(build: Build) -> None:
    work = build(history_characters=8)
    for message in ("long", "b", "c"):
        work.run(work.bench.text(message=message, speak=[]))
    # Replies repeat what is remembered: "long", then "[long / am go]b", then "c" alone.
    job = work.run(work.bench.text(message="d", speak=[]))

    assert job.reply_text == "[c / am go]d"


def test_a_voice_turn_is_remembered_by_its_transcript(build: Build) -> None:
    work = build()
    work.run_all(work.voice(speak=[]))

    assert work.run(work.bench.text(message="d", speak=[])).reply_text == "[I am go 1.5 seconds / am go]d"


def test_a_result_that_comes_after_the_lease_was_lost_is_dropped(build: Build) -> None:
    work = build(llm=engines.WaitingTutor)
    job_id = work.bench.text(speak=[])
    running = threading.Thread(target=work.run, args=(job_id,))
    running.start()
    assert engines.WaitingTutor.arrived.wait(60)
    token = work.bench.step(job_id).lease_token
    assert token is not None
    work.bench.move(lambda to: to.settle_death(*to.owned(token), deaths_allowed=3))
    other = work.bench.claimed(job_id, worker="another@here")
    work.bench.reply(other, text="The other's answer.")

    engines.WaitingTutor.go_on.set()
    running.join(30)

    assert work.bench.job(job_id).reply_text == "The other's answer."
    tutor = [message.text for message in work.bench.all(Message) if message.role is MessageRole.TUTOR]
    assert tutor == ["The other's answer."]
    assert work.published == []
