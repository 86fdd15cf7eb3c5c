"""What Whisper's numbers decide: the language, what counts as said; and which model is chosen."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from worker.bootstrap import EngineKind, Engines
from worker.engines.whisper import WhisperTranscriber, _translated, choose_language, is_speech
from worker.errors import EngineError, EngineOutOfMemoryError, EngineUnavailableError
from worker.settings import WorkerSettings

TINY = Path(__file__).parents[1] / "models" / "whisper-tiny-random"


@dataclass
class Heard:
    """A segment's numbers; by default those of a clear sentence."""

    text: str = "I go to school."
    avg_logprob: float = -0.3
    compression_ratio: float = 1.2
    no_speech_prob: float = 0.05


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
        "French",
        "a model of English alone",
        "nothing is known",
    ],
)
def test_english_is_written_unless_another_language_is_clearly_ahead(
    probabilities: dict[str, float], language: str
) -> None:
    assert choose_language(probabilities) == language


@pytest.mark.parametrize(
    ("heard", "language", "kept"),
    [
        (Heard(), "en", True),
        (Heard(no_speech_prob=0.9), "en", True),
        (Heard(avg_logprob=-1.6), "en", True),
        (Heard(no_speech_prob=0.9, avg_logprob=-1.6), "en", False),
        (Heard(compression_ratio=2.4), "en", True),
        (Heard(compression_ratio=2.5), "en", False),
        (Heard(compression_ratio=2.5), "hi", True),
        (Heard(compression_ratio=3.7), "hi", False),
    ],
    ids=[
        "clear",
        "silent but sure",
        "unsure but not silent",
        "silent and unsure",
        "some repetition",
        "going round in circles",
        "Devanagari packs well",
        "Devanagari going round in circles",
    ],
)
def test_what_the_model_made_up_is_left_out(heard: Heard, language: str, kept: bool) -> None:
    assert is_speech(heard, language) is kept


@pytest.mark.parametrize(("app_env", "model"), [("dev", "small"), ("prod", "large-v3")])
def test_the_model_fits_the_machine_unless_one_is_named(app_env: str, model: str) -> None:
    bare = {"app_env": app_env, "whisper_model": ""}

    name, _, commit = WorkerSettings.model_validate(bare).whisper_model.partition("@")
    assert (name, len(commit)) == (model, 40)
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
    assert type(_translated(error, "It broke.")) is becomes
