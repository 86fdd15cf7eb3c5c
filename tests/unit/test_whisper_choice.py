"""What Whisper's numbers decide: the language, what counts as said; and which model is chosen."""

from pathlib import Path

import pytest
from faster_whisper.transcribe import Segment, Word

from worker.bootstrap import EngineKind, Engines
from worker.engines.whisper import WhisperTranscriber
from worker.engines.whisper.failures import translated
from worker.engines.whisper.invention import what_was_said
from worker.engines.whisper.languages import choose_language
from worker.errors import EngineError, EngineOutOfMemoryError, EngineUnavailableError
from worker.settings import WorkerSettings

TINY = Path(__file__).parents[1] / "models" / "whisper-tiny-random"


def heard(*lengths: float, **numbers: float) -> Segment:
    """Return a segment of words that take so long; its numbers are by default those of a clear sentence."""
    words = [Word(0.5 * place, 0.5 * place + length, " word", 0.9) for place, length in enumerate(lengths)]
    shown = {"avg_logprob": -0.3, "compression_ratio": 1.2, "no_speech_prob": 0.05, "seek": 0} | numbers
    return Segment(
        id=1, start=0, end=9, text=" word" * len(words), tokens=[], words=words, temperature=0.0, **shown
    )


@pytest.mark.parametrize(
    ("probabilities", "language"),
    [
        ({"en": 0.98, "hi": 0.01}, "en"),
        ({"hi": 0.97, "en": 0.02}, "hi"),
        ({"ur": 0.90, "hi": 0.06, "en": 0.03}, "hi"),
        ({"hi": 0.35, "ur": 0.30, "en": 0.30}, "hi"),
        ({"ta": 0.55, "ml": 0.20, "en": 0.10}, "ta"),
        ({"hi": 0.50, "en": 0.45}, "en"),
        ({"hi": 0.40, "en": 0.35, "cy": 0.25}, "en"),
        ({"cy": 0.70, "en": 0.25}, "en"),
        ({"zh": 0.80, "en": 0.15}, "en"),
        ({"fr": 0.95, "en": 0.04}, "fr"),
        ({"en": 1.0}, "en"),
        ({}, "en"),
    ],
    ids=[
        "English",
        "Hindi",
        "Urdu is the same speech",
        "Hindi and Urdu share it",
        "Tamil and its neighbour",
        "a mix of halves",
        "an accent",
        "an accent taken for Welsh",
        "an accent surely taken for Chinese",
        "French",
        "a model of English alone",
        "nothing is known",
    ],
)
def test_english_is_written_unless_another_language_is_clearly_ahead(
    probabilities: dict[str, float], language: str
) -> None:
    assert choose_language(probabilities) == language


CLEAR = (0.3,) * 6
DRILL = (0.3,) * 20 + (0.0,) * 4
LOOP = (0.3,) * 20 + (0.0,) * 180


@pytest.mark.parametrize(
    ("segment", "language", "words"),
    [
        (heard(*CLEAR), "en", 6),
        (heard(*CLEAR, no_speech_prob=0.9), "en", 6),
        (heard(*CLEAR, avg_logprob=-1.6), "en", 6),
        (heard(*CLEAR, no_speech_prob=0.9, avg_logprob=-1.6), "en", 0),
        (heard(*DRILL, compression_ratio=2.9), "en", 24),
        (heard(*DRILL, compression_ratio=2.9, no_speech_prob=0.7), "en", 24),
        (heard(*LOOP, compression_ratio=13.0), "en", 20),
        (heard(*LOOP, compression_ratio=13.0, no_speech_prob=0.7), "en", 0),
        (heard(*LOOP, compression_ratio=2.4), "en", 200),
        (heard(*LOOP, compression_ratio=3.6), "hi", 200),
        (heard(*LOOP, compression_ratio=3.7), "hi", 20),
        (heard(*[0.0] * 9, compression_ratio=13.0), "en", 0),
        (heard(compression_ratio=13.0), "en", 0),
    ],
    ids=[
        "clear",
        "silent but sure",
        "unsure but not silent",
        "silent and unsure",
        "a drill",
        "a drill that is taken for silence",
        "a drill that runs on",
        "a loop on noise",
        "some repetition",
        "Devanagari packs well",
        "Devanagari running on",
        "nothing has a time",
        "no words",
    ],
)
def test_what_the_model_made_up_is_left_out(segment: Segment, language: str, words: int) -> None:
    said = what_was_said([segment], language)

    assert sum(len(each.words or ()) for each in said) == words
    assert " ".join(each.text.strip() for each in said).split() == ["word"] * words


def test_a_loop_in_one_window_says_nothing_about_the_other() -> None:
    said = what_was_said(
        [heard(*CLEAR), heard(*LOOP, compression_ratio=9, no_speech_prob=0.7, seek=3000)], "en"
    )

    assert [len(segment.words or ()) for segment in said] == [6]


@pytest.mark.parametrize(("app_env", "model"), [("dev", "base"), ("prod", "large-v3")])
def test_the_model_fits_the_machine_unless_one_is_named(app_env: str, model: str) -> None:
    bare = {"app_env": app_env, "whisper_model": ""}

    name, _, commit = WorkerSettings.model_validate(bare).whisper_model.partition("@")
    assert (name, len(commit)) == (model, 40 if app_env == "prod" else 0)
    assert WorkerSettings.model_validate(bare | {"whisper_model": "tiny"}).whisper_model == "tiny"


def test_the_transcriber_is_built_from_the_settings() -> None:
    engines = Engines(WorkerSettings(stt_engine="whisper", whisper_model=str(TINY)))

    engines.check(EngineKind.STT)
    engines.load(EngineKind.STT)

    assert isinstance(engines.transcriber, WhisperTranscriber)
    assert engines.states()["stt"] == {"status": "loaded", "mode": "whisper whisper-tiny-random"}


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (RuntimeError("CUDA failed with error out of memory"), EngineOutOfMemoryError),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), EngineOutOfMemoryError),
        (RuntimeError("std::bad_alloc"), EngineOutOfMemoryError),
        (MemoryError(), EngineOutOfMemoryError),
        (RuntimeError("CUDA failed with error unspecified launch failure"), EngineUnavailableError),
        (ValueError("Invalid input features shape"), EngineUnavailableError),
    ],
)
def test_what_a_gpu_says_without_memory_is_told_from_other_failures(
    error: Exception, becomes: type[EngineError]
) -> None:
    assert type(translated(error, "It broke.")) is becomes
