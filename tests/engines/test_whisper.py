"""The Whisper recogniser on the tiny model that lies here: its words are nonsense, all else is real."""

import json
import logging
import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import ctranslate2
import numpy as np
import pytest

from api.decoding.sniffing import sniff
from api.decoding.transcoding import transcode
from tests.support.offline import last_words
from tests.support.recordings import write_speech
from tests.support.stack import MODELS
from worker.engines.whisper import WhisperTranscriber
from worker.errors import EngineUnavailableError, NoSpeechError
from worker.ports import Recording, Transcript
from worker.stages.audio import read_flac

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "models" / "whisper-tiny-random"
MATERIAL = ROOT.parent / "shared" / "data" / "audio"
SENTENCE = "Yesterday I go to the market with my brother."
TIME = np.arange(3 * 16_000) / 16_000
NOISE = np.random.default_rng(5)

needs_material = pytest.mark.skipif(not MATERIAL.is_dir(), reason=f"no test material at {MATERIAL}")


@pytest.fixture(scope="module")
def transcriber() -> WhisperTranscriber:
    return WhisperTranscriber(str(TINY), kept_in=MODELS, use_gpu=False)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return read(write_speech(tmp_path_factory.mktemp("speech") / "speech.wav", SENTENCE))


def read(path: Path) -> Recording:
    data = path.read_bytes()
    demuxer = sniff(BytesIO(data))
    assert demuxer is not None
    return read_flac(transcode(data, demuxer))


def variant(folder: Path, **config: object) -> Path:
    """Return a copy of the model with other values in its `config.json`."""
    copy = Path(shutil.copytree(TINY, folder / "variant"))
    path = copy / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return copy


def assert_sound(transcript: Transcript, seconds: float) -> None:
    """Check what holds for every transcript of a recording this long."""
    words = transcript.words
    assert words
    assert transcript.text.split() == [word.word for word in words]
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= seconds
    assert all(0 < word.probability <= 1 for word in words)
    assert {type(value) for word in words for value in (word.start, word.end, word.probability)} == {float}


def test_speech_gives_words_with_times_and_probabilities(
    transcriber: WhisperTranscriber, spoken: Recording
) -> None:
    transcript = transcriber.transcribe(spoken)

    assert_sound(transcript, spoken.seconds)
    assert transcriber.transcribe(spoken) == transcript


def test_a_minute_of_speech_is_heard_in_both_its_windows(
    transcriber: WhisperTranscriber, spoken: Recording
) -> None:
    minute = Recording(np.resize(spoken.samples, 60 * 16_000))

    transcript = transcriber.transcribe(minute)

    assert_sound(transcript, 60)
    assert transcript.words is not None
    assert transcript.words[-1].end > 30


def test_times_count_from_the_recordings_start(transcriber: WhisperTranscriber, spoken: Recording) -> None:
    late = Recording(np.concatenate([np.zeros(10 * 16_000, np.int16), spoken.samples]))

    words = transcriber.transcribe(late).words

    assert words is not None
    assert words[0].start > 9


@needs_material
@pytest.mark.parametrize(
    "name", ["jfk_16k_pcm16.wav", "so_005600370_learner.wav", "ps_card_004.wav", "d_jfk_webm_opus.webm"]
)
def test_people_are_heard(transcriber: WhisperTranscriber, name: str) -> None:
    recording = read(MATERIAL / "good" / name)

    assert_sound(transcriber.transcribe(recording), recording.seconds)


@needs_material
@pytest.mark.parametrize("name", ["pv_no_speech.wav", "sb_noise2.wav", "cpython_pluck-pcm8.wav"])
def test_recordings_of_no_one_are_no_speech(transcriber: WhisperTranscriber, name: str) -> None:
    with pytest.raises(NoSpeechError):
        transcriber.transcribe(read(MATERIAL / "odd" / name))


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0),
        np.zeros(1),
        np.zeros(48_000),
        NOISE.normal(0, 30, 48_000),
        NOISE.normal(0, 3_000, 48_000),
        8_000 * np.sin(2 * np.pi * 440 * TIME),
        8_000 * np.sin(2 * np.pi * 50 * TIME),
        np.where(np.arange(48_000) % 16_000 == 0, 30_000, 0),
    ],
    ids=["nothing", "one sample", "silence", "faint noise", "noise", "a tone", "hum", "clicks"],
)
def test_what_no_one_said_is_no_speech(transcriber: WhisperTranscriber, sound: np.ndarray) -> None:
    with pytest.raises(NoSpeechError):
        transcriber.transcribe(Recording(sound.astype(np.int16)))


@pytest.mark.parametrize(("spoken_in", "written"), [("hi", "hi"), ("ur", "hi"), ("ta", "ta"), ("fr", "fr")])
def test_another_language_is_written_as_itself_and_urdu_as_hindi(
    tmp_path: Path, spoken: Recording, spoken_in: str, written: str, caplog: pytest.LogCaptureFixture
) -> None:
    vocabulary = json.loads((TINY / "vocabulary.json").read_text())
    knows_one = variant(tmp_path, lang_ids=[vocabulary.index(f"<|{spoken_in}|>")])

    caplog.set_level(logging.INFO)

    WhisperTranscriber(str(knows_one), kept_in=MODELS, use_gpu=False).transcribe(spoken)

    assert f"written as {written}, which it is at" in caplog.text


# Transcribes a minute with so many more bytes of address space, then with as much as it likes.
SHORT_OF_MEMORY = """
import resource, sys
import numpy as np, psutil
from pathlib import Path
from tests.engines.test_whisper import MODELS, TINY, read
from worker.engines.whisper import WhisperTranscriber
from worker.errors import EngineOutOfMemoryError
from worker.ports import Recording

spoken = read(Path(sys.argv[1]))
minute = Recording(np.resize(spoken.samples, 60 * spoken.sample_rate))
transcriber = WhisperTranscriber(str(TINY), kept_in=MODELS, use_gpu=False)
transcriber.transcribe(spoken)  # everything is loaded now
_, most = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + int(sys.argv[2]), most))
try:
    transcriber.transcribe(minute)
except EngineOutOfMemoryError as error:
    assert error.__cause__
    failed = True
resource.setrlimit(resource.RLIMIT_AS, (most, most))
print(failed, bool(transcriber.transcribe(minute).text))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of the address space")
@pytest.mark.parametrize("megabytes", [0, 8, 20])
def test_without_memory_it_says_so_wherever_that_shows_and_goes_on_when_there_is_some(
    tmp_path: Path, megabytes: int
) -> None:
    recording = write_speech(tmp_path / "speech.wav", SENTENCE)
    command = [sys.executable, "-c", SHORT_OF_MEMORY, str(recording), str(megabytes * 2**20)]

    ended = subprocess.run(
        command, env=dict(os.environ) | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )

    assert ended.stdout == "True True\n", ended.stderr


def test_a_directory_is_called_by_its_name(transcriber: WhisperTranscriber) -> None:
    assert transcriber.name == "whisper whisper-tiny-random"


@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="a GPU is here")
def test_without_a_gpu_it_runs_on_the_cpu_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    WhisperTranscriber(str(TINY), kept_in=MODELS, use_gpu=True)

    [warning] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "no CUDA device is available" in warning.getMessage()


def test_a_missing_directory_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(
        EngineUnavailableError, match="WHISPER_MODEL=nowhere is neither a directory"
    ) as refusal:
        WhisperTranscriber(str(tmp_path / "nowhere"), kept_in=MODELS, use_gpu=False)

    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.bin"])
def test_a_file_that_is_missing_is_named_and_no_one_is_asked_for_it(tmp_path: Path, name: str) -> None:
    folder = variant(tmp_path)
    (folder / name).unlink()

    with pytest.raises(EngineUnavailableError, match=f"variant, has no {name}"):
        WhisperTranscriber(str(folder), kept_in=MODELS, use_gpu=False)


@pytest.mark.parametrize("name", ["model.bin", "vocabulary.json"])
def test_a_damaged_model_is_unavailable(tmp_path: Path, name: str) -> None:
    folder = variant(tmp_path)
    (folder / name).write_bytes(b"damaged")

    with pytest.raises(EngineUnavailableError, match=r"whisper variant .* could not be loaded"):
        WhisperTranscriber(str(folder), kept_in=MODELS, use_gpu=False)


def test_features_of_another_model_are_found_while_loading(tmp_path: Path) -> None:
    folder = variant(tmp_path)
    (folder / "preprocessor_config.json").write_text('{"feature_size": 128}')

    with pytest.raises(EngineUnavailableError, match="could not be loaded"):
        WhisperTranscriber(str(folder), kept_in=MODELS, use_gpu=False)


def test_numbers_that_the_device_cannot_compute_with_are_refused() -> None:
    with pytest.raises(EngineUnavailableError, match=r"\(float16 on cpu\) could not be loaded"):
        WhisperTranscriber(str(TINY), kept_in=MODELS, use_gpu=False, compute_type="float16")


@pytest.mark.parametrize("name", ["nonesuch", "small", "owner/model"])
def test_a_model_that_cannot_be_fetched_is_unavailable(tmp_path: Path, name: str) -> None:
    program = "from worker.engines.whisper import *; "
    program += f"WhisperTranscriber({name!r}, kept_in={str(tmp_path)!r}, use_gpu=False)"

    assert last_words(program, tmp_path).startswith("worker.errors.EngineUnavailableError: WHISPER_MODEL=")
