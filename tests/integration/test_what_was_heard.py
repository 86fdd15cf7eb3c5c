"""From a recording's words to what is corrected: the flags that are stored, the question and the warning."""

import pytest

from shared.models import EventType, Job, JobEvent, Step, StepKind
from tests.support import engines_for_tests as engines
from tests.support.workbench import Build, Workbench

QUESTION = 'Did you say "am go" or "am going"?'


def told(work: Workbench, job: Job) -> list[str]:
    """Return the sentences of the reply that were told."""
    events = sorted(work.bench.all(JobEvent), key=lambda event: event.seq)
    return [
        event.data["text"]
        for event in events
        if (event.job_id, event.type) == (job.id, EventType.REPLY_SENTENCE)
    ]


def test_a_correction_of_an_unsure_word_is_asked_about_in_text_and_sound(build: Build) -> None:
    work = build(stt=engines.UnsureTranscriber)

    job = work.run_all(work.voice(speak=["reply", "explanation"]))

    assert job.transcript_words is not None
    assert [word["word"] for word in job.transcript_words if word["unsure"]] == ["go"]
    assert (job.mistake_wrong, job.hinglish_explanation, job.devanagari_explanation, job.score) == (None,) * 4
    assert job.reply_text == f"I am go 1.5 seconds {QUESTION}"
    assert [warning["code"] for warning in job.warnings] == ["unsure_hearing"]
    assert " ".join(told(work, job)) == job.reply_text
    spoken = [step.text for step in work.bench.all(Step) if step.kind is StepKind.SPEAK]
    assert " ".join(text or "" for text in spoken) == job.reply_text


def test_how_sure_a_word_must_be_is_a_setting(build: Build) -> None:
    work = build(stt=engines.UnsureTranscriber, sure_hearing=0.1)

    job = work.run_all(work.voice(speak=[]))

    assert (job.mistake_wrong, job.score, job.warnings) == ("am go", 75, [])
    assert not any(word["unsure"] for word in job.transcript_words or ())


def test_without_probabilities_nothing_is_corrected(build: Build) -> None:
    job = (work := build(stt=engines.WordlessTranscriber)).run_all(work.voice(speak=[]))

    assert (job.mistake_wrong, job.score) == (None, None)
    assert (job.reply_text or "").endswith(QUESTION)
    assert [warning["code"] for warning in job.warnings] == ["unsure_hearing"]


def test_it_may_be_allowed_to_correct_without_probabilities(build: Build) -> None:
    work = build(stt=engines.WordlessTranscriber, correct_without_probabilities=True)

    job = work.run_all(work.voice(speak=[]))

    assert (job.mistake_wrong, job.score, job.warnings) == ("am go", 75, [])


def test_a_text_is_corrected_as_ever(build: Build) -> None:
    work = build(stt=engines.WordlessTranscriber)

    job = work.run_all(work.bench.text(message="I am go", speak=[]))

    assert (job.mistake_wrong, job.score, job.warnings) == ("am go", 75, [])


def test_spoken_hindi_is_said_to_be_neither_corrected_nor_scored(build: Build) -> None:
    work = build(stt=engines.HindiTranscriber)

    job = work.run_all(work.voice(speak=[]))

    assert (job.mistake_wrong, job.score) == (None, None)
    assert [warning["code"] for warning in job.warnings] == ["spoke_hindi"]


@pytest.mark.parametrize(
    ("ear", "hindi", "corrected"),
    [
        (engines.MixedTranscriber, ["seconds"], ("am go", "am going")),
        (engines.HindiVerbTranscriber, ["go"], (None, None)),
    ],
)
def test_in_a_mixed_sentence_only_english_is_corrected_and_nothing_scored(
    build: Build, ear: type, hindi: list[str], corrected: tuple[str | None, str | None]
) -> None:
    work = build(stt=ear)

    job = work.run_all(work.voice(speak=[]))

    assert [word["word"] for word in job.transcript_words or () if word.get("hindi")] == hindi
    assert (job.mistake_wrong, job.mistake_right) == corrected
    assert (job.score, job.reply_text) == (None, job.transcript)
    assert [warning["code"] for warning in job.warnings] == ["spoke_hindi"]


def test_how_fluent_a_turn_was_is_stored_with_it(build: Build) -> None:
    work = build(stt=engines.FluentTranscriber)

    job = work.run(work.voice(speak=[]))

    assert job.articulation_rate == pytest.approx(6 / 1.25)
    assert job.pauses_per_minute == pytest.approx(60 / 1.5)


def test_nothing_is_stored_of_the_fluency_of_hindi(build: Build) -> None:
    work = build(stt=engines.HindiTranscriber)

    job = work.run(work.voice(speak=[]))

    assert (job.articulation_rate, job.pauses_per_minute) == (None, None)
