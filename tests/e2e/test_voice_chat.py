"""A learner speaks to the tutor."""

import json
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from tests.support.contract import (
    JOB_FIELDS,
    REPLY_FIELDS,
    VOICE,
    assert_problem,
    post_audio,
    silence,
    succeeded,
)
from tests.support.recordings import write_hindi
from tests.support.stack import Stack
from worker.text.languages import Language, language_of

# A short recording in each container that phones and browsers make, and some words spoken in it.
RECORDINGS = {
    "ms_weather_16k.wav": "weather",
    "sb_spk2_snt4.wav": "before you go out",
    "sr_audio-mono-24-bit-44100Hz.wav": "",
    "sr_audio-mono-16-bit-44100Hz.aiff": "",
    "lj_LJ001-0002.mp3": "comparatively modern",
    "lj_LJ001-0002.flac": "comparatively modern",
    "d_jfk_opus_8k.opus": "ask not what your country can do for you",
    "d_jfk_webm_opus.webm": "ask not what your country can do for you",
    "d_jfk_fragmented_mp4_like_safari.mp4": "ask not what your country can do for you",
}


def sounding_seconds(content: bytes) -> float:
    """Return for how many seconds the recording is louder than a thousandth of full scale."""
    with av.open(BytesIO(content), "r") as container:
        rate = container.streams.audio[0].rate
        resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
        frames = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
    return float(np.count_nonzero(np.abs(samples) > 0.001)) / rate


@pytest.mark.parametrize(("name", "words"), RECORDINGS.items(), ids=list(RECORDINGS))
def test_what_was_said_is_heard_answered_and_spoken(stack: Stack, data: Path, name: str, words: str) -> None:
    response = stack.voice_chat("asha", data / "audio" / "good" / name)
    assert (response.status_code, response.json().keys()) == (202, JOB_FIELDS)
    assert response.headers["location"] == f"/jobs/{response.json()['id']}"

    job = succeeded(stack, response.json()["id"])

    heard = job["transcript"].split()
    assert heard
    assert len(set(words.split()) & set(heard)) >= len(set(words.split())) / 2, job["transcript"]
    assert (job["kind"], job["result"]["transcript"]) == ("voice", job["transcript"])
    assert [word["word"] for word in job["transcript_words"]] == heard
    assert all(word["start"] < word["end"] <= 12 for word in job["transcript_words"])
    assert job["timings"]["transcribe_ms"] > 0
    assert job["engines"]["stt"]
    assert sounding_seconds(stack.client.get(job["result"]["audio_url"]).content) >= 0.5


def test_spoken_hindi_is_answered_in_hinglish_without_correction_and_score(
    stack: Stack, tmp_path: Path
) -> None:
    recording = write_hindi(tmp_path / "hindi.wav", "कल मैं अपने भाई के साथ बाज़ार गया था।")

    job = succeeded(stack, stack.voice_chat("asha", recording).json()["id"])

    result = job["result"]
    assert job["transcript"]
    assert language_of(result["reply_text"]) is Language.HINGLISH
    assert (result["correction"], result["hinglish_explanation"], result["score"]) == (None, None, None)
    assert [warning["code"] for warning in result["warnings"]] == ["spoke_hindi"]
    assert result["audio_url"]


def test_words_that_were_never_said_are_asked_about_not_corrected(stack: Stack, data: Path) -> None:
    recording = data / "audio" / "good" / "so_096010023_learner.wav"  # "You feel like a little brother to me"

    job = succeeded(stack, stack.voice_chat("asha", recording).json()["id"])

    result, unsure = job["result"], job["result"]["unsure_words"]
    assert (result["correction"], result["score"]) == (None, None)
    assert unsure
    assert all(word in job["transcript_words"] for word in unsure)
    events = stack.client.get(f"/jobs/{job['id']}/events").text
    told = [json.loads(line[6:]) for line in events.splitlines() if line.startswith("data: ")]
    assert [event["unsure_words"] for event in told if "words" in event] == [unsure]


def test_the_waiting_form_answers_with_the_flat_reply_and_the_transcript(stack: Stack, data: Path) -> None:
    recording = data / "audio" / "good" / "ms_weather_16k.wav"
    response = post_audio(stack.client, recording.read_bytes(), path=f"{VOICE}/wait")

    assert (response.status_code, response.json().keys()) == (200, REPLY_FIELDS)
    assert "weather" in response.json()["transcript"]


def test_a_preferred_wait_is_answered_with_the_finished_job(stack: Stack, data: Path) -> None:
    recording = data / "audio" / "good" / "ms_weather_16k.wav"
    response = post_audio(stack.client, recording.read_bytes(), Prefer="wait=30")

    assert (response.status_code, response.json()["status"]) == (200, "succeeded")
    assert response.headers["preference-applied"] == "wait=30"


def test_what_the_tutor_says_can_be_sent_back_as_a_recording(stack: Stack) -> None:
    spoken = succeeded(stack, stack.text_chat("asha", "I am go to market")["id"])["result"]["audio_url"]

    job = stack.finished(post_audio(stack.client, stack.client.get(spoken).content).json()["id"])

    assert job["status"] == "succeeded" or job["error"]["code"] == "no_speech"
    assert sounding_seconds(stack.client.get(spoken).content) >= 0.5


@pytest.mark.parametrize("seconds", [0.2, 2.0])
def test_silence_fails_as_no_speech_with_nothing_invented(stack: Stack, seconds: float) -> None:
    response = post_audio(stack.client, silence(seconds))
    assert response.status_code == 202

    job = stack.finished(response.json()["id"])

    assert (job["status"], job["stage"], job["result"], job["transcript"]) == ("failed", None, None, None)
    assert (job["error"]["code"], job["error"]["stage"]) == ("no_speech", "transcribe")
    assert (job["error"]["status"], job["error"]["job_id"]) == (422, job["id"])


def test_silence_answers_the_waiting_form_with_its_problem(stack: Stack) -> None:
    response = post_audio(stack.client, silence(1), path=f"{VOICE}/wait")

    assert_problem(response, 422, "no_speech")
    assert response.json()["stage"] == "transcribe"
    assert stack.client.get(f"/jobs/{response.json()['job_id']}").json()["status"] == "failed"


@pytest.mark.parametrize(
    ("speak", "kept"),
    [
        ("[]", []),
        ("", []),
        ("reply", ["reply"]),
        ('["explanation", "reply"]', ["reply", "explanation"]),
        (["reply", "explanation"], ["reply", "explanation"]),
    ],
    ids=str,
)
def test_a_form_says_what_to_speak_as_json_or_as_repeated_fields(
    stack: Stack, speak: str | list[str], kept: list[str]
) -> None:
    response = stack.client.post(
        VOICE,
        data={"user_id": "asha", "conversation_id": "spoken-1", "speak": speak},
        files={"audio_file": ("a.wav", silence(0.5))},
    )
    assert (response.status_code, response.json()["conversation_id"]) == (202, "spoken-1")
    assert stack.sql("SELECT speak FROM jobs WHERE id = :id", id=response.json()["id"])[0].speak == kept


def test_what_the_client_calls_the_file_does_not_matter(stack: Stack) -> None:
    for name, declared in [("नमस्ते.exe", "text/html"), ("../../etc/passwd", ""), ("a" * 300, "audio/mpeg")]:
        response = stack.client.post(
            VOICE, data={"user_id": "asha"}, files={"audio_file": (name, silence(0.5), declared)}
        )
        assert response.status_code == 202, response.text
