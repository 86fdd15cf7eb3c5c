"""A learner speaks to the tutor, and Whisper listens: the real recogniser on a model that talks nonsense."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.contract import post_audio, silence, succeeded
from tests.support.recordings import write_speech
from tests.support.stack import Stack, running_stack

MODEL = Path(__file__).parents[1] / "models" / "whisper-tiny-random"


@pytest.fixture(scope="module")
def whisper_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    extra = {"STT_ENGINE": "whisper", "WHISPER_MODEL": str(MODEL)}
    with running_stack(
        tmp_path_factory.mktemp("whisper"), create_migrated_database(), extra=extra
    ) as running:
        yield running


def test_a_recording_is_answered_and_the_words_are_stored_with_the_job(
    whisper_stack: Stack, tmp_path: Path
) -> None:
    recording = write_speech(tmp_path / "speech.wav", "Yesterday I go to the market with my brother.")

    job = succeeded(whisper_stack, whisper_stack.voice_chat("asha", recording).json()["id"])

    assert job["engines"]["stt"] == "whisper whisper-tiny-random"
    assert [word["word"] for word in job["transcript_words"]] == job["transcript"].split()
    assert all(word.keys() == {"word", "start", "end", "probability"} for word in job["transcript_words"])
    assert job["result"]["reply_text"]
    [stored] = whisper_stack.sql("SELECT transcript_words FROM jobs WHERE id = :id", id=job["id"])
    unsure = [word.pop("unsure") for word in stored.transcript_words]
    for word in stored.transcript_words:
        word.pop("hindi", None)
    assert stored.transcript_words == job["transcript_words"]
    assert len(job["result"]["unsure_words"]) == unsure.count(True)


def test_silence_fails_as_no_speech(whisper_stack: Stack) -> None:
    job = whisper_stack.finished(post_audio(whisper_stack.client, silence(2)).json()["id"])

    assert (job["status"], job["error"]["code"]) == ("failed", "no_speech")
    assert job["transcript_words"] is None
