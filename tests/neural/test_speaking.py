"""The real models' code on checkpoints that have learned nothing: run by `make test-engines`.

What they say is noise; everything else is real: loading through the settings, the voices, the utterances,
the failures. Making the checkpoints and speaking with them takes a minute or two without a GPU.
"""

import os
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip(
    "torch", reason="the models' libraries have an environment of their own: make test-engines"
)

import soundfile
import torch
from safetensors.torch import load_file, save_file

from tests.models import make_neural
from worker.bootstrap import EngineKind, Engines
from worker.engines.neural import NeuralSynthesizer
from worker.engines.neural.chatterbox import ChatterboxVoice
from worker.engines.neural.device import release_memory
from worker.engines.neural.indicf5 import IndicF5Voice
from worker.errors import EngineOutOfMemoryError, EngineUnavailableError
from worker.settings import WorkerSettings
from worker.speech.voice import RATE, Voice, Wave
from worker.stages.audio import encode_mp3
from worker.text.languages import is_devanagari

ENGLISH = "Yesterday I went to the market."
HINDI = "यहाँ पास्ट टेन्स का प्रयोग कीजिए।"

make_neural.shrink()


class Noted:
    """A voice that notes in `said` what another is asked to say."""

    def __init__(self, voice: Voice, said: list[tuple[str, str]]) -> None:
        self.name, self.longest = voice.name, voice.longest
        self._voice, self._said = voice, said

    def say(self, text: str) -> Wave:
        self._said.append((self.name, text))
        return self._voice.say(text)


@pytest.fixture(scope="module")
def turbo_model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = make_neural.make_chatterbox(tmp_path_factory.mktemp("models") / "chatterbox")
    yield folder
    shutil.rmtree(folder)  # a gigabyte, which pytest would keep


@pytest.fixture(scope="module")
def indicf5_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_neural.make_indicf5(tmp_path_factory.mktemp("models") / "indicf5")


@pytest.fixture(scope="module")
def turbo(turbo_model: Path, tmp_path_factory: pytest.TempPathFactory) -> ChatterboxVoice:
    return ChatterboxVoice(str(turbo_model), clip=None, kept_in=tmp_path_factory.mktemp("kept"), device="cpu")


@pytest.fixture(scope="module")
def indicf5(indicf5_model: Path) -> IndicF5Voice:
    return IndicF5Voice(str(indicf5_model), clip=None, clip_text="", device="cpu")


def linked(model: Path, folder: Path) -> Path:
    """Return a copy of a checkpoint to be spoiled; its files are shared until they are removed."""
    return Path(shutil.copytree(model, folder / model.name, copy_function=os.link))


def assert_wave(wave: Wave) -> None:
    assert (wave.dtype, wave.ndim) == (np.dtype(np.float32), 1)
    assert np.isfinite(wave).all()
    assert wave.std() > 0
    assert len(wave) > 0.05 * RATE


def test_both_models_load_by_their_settings_and_speak(
    turbo_model: Path, indicf5_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engines = Engines(
        WorkerSettings(
            tts_engine="neural",
            chatterbox_model=str(turbo_model),
            indicf5_model=str(indicf5_model),
            data_dir=tmp_path,
        )
    )

    engines.load(EngineKind.TTS)

    assert engines.states()["tts"] == {
        "status": "loaded",
        "mode": "chatterbox-turbo + indicf5",
        "parts": {"turbo": "loaded", "indicf5": "loaded"},
    }
    for text in (ENGLISH, HINDI):
        speech = engines.synthesizer.speak(text)
        assert speech.samples.dtype == np.int16
        assert speech.sample_rate == RATE
        assert speech.seconds > 0.1
        assert np.abs(speech.samples.astype(np.int32)).max() > 3_000
        assert len(encode_mp3(speech)) > 500
    assert ENGLISH not in caplog.text
    assert HINDI not in caplog.text


def test_a_mixed_reply_of_two_thousand_characters_is_spoken_whole_in_order(
    turbo: ChatterboxVoice, indicf5: IndicF5Voice
) -> None:
    paragraph = f"{ENGLISH} And we bought a lot of fresh fruit for the house. " * 5 + f"{HINDI} " * 8
    text = (paragraph * 4)[:2000]
    said: list[tuple[str, str]] = []

    speech = NeuralSynthesizer(Noted(turbo, said), Noted(indicf5, said), release_memory).speak(text)

    assert " ".join(piece for _, piece in said).split() == text.split()
    assert all(any(map(is_devanagari, piece)) == (name == "indicf5") for name, piece in said)
    assert max(len(piece) for _, piece in said) <= 300
    assert len(said) >= 8
    assert speech.seconds > 0.25 * len(said)


@pytest.mark.parametrize("text", ["A", "42", "a" * 300, "Café naïve Zoë!"])
def test_turbo_says_anything_that_fits(turbo: ChatterboxVoice, text: str) -> None:
    assert_wave(turbo.say(text))


@pytest.mark.parametrize("text", ["अ", "42", "अ" * 200, "English words", "ॐ ॠ ࿗", HINDI])
def test_indicf5_says_anything_that_fits(indicf5: IndicF5Voice, text: str) -> None:
    assert_wave(indicf5.say(text))


def test_indicf5_takes_twice_as_long_for_twice_the_text(indicf5: IndicF5Voice) -> None:
    once, twice = (len(indicf5.say(" ".join([HINDI] * times))) for times in (1, 2))

    assert twice / once == pytest.approx(2, rel=0.1)


def test_indicf5_fits_a_piece_behind_its_recording(
    indicf5_model: Path, indicf5: IndicF5Voice, tmp_path: Path
) -> None:
    clip = make_neural.write_clip(tmp_path / "clip.wav", 10)

    slow = IndicF5Voice(str(indicf5_model), clip=clip, clip_text=HINDI, device="cpu")

    assert slow.longest < 50
    assert_wave(slow.say("अ" * slow.longest))


def test_indicf5_has_the_names_of_the_real_checkpoint(indicf5_model: Path) -> None:
    names = list(load_file(indicf5_model / "model.safetensors"))

    assert "ema_model._orig_mod.transformer.transformer_blocks.1.attn.to_q.weight" in names
    assert "vocoder._orig_mod.backbone.convnext.1.pwconv1.weight" in names
    assert {name.split(".")[0] for name in names} == {"ema_model", "vocoder"}


def test_a_speaker_is_prepared_once_and_kept(turbo_model: Path, tmp_path: Path) -> None:
    clip = make_neural.write_clip(tmp_path / "someone.wav", 5.5)

    def load() -> ChatterboxVoice:
        return ChatterboxVoice(str(turbo_model), clip=clip, kept_in=tmp_path / "kept", device="cpu")

    first = load()
    [kept] = (tmp_path / "kept").iterdir()
    made_at = kept.stat().st_mtime_ns

    again = load()

    assert [path.stat().st_mtime_ns for path in (tmp_path / "kept").iterdir()] == [made_at]
    assert_wave(first.say(ENGLISH))
    assert_wave(again.say(ENGLISH))


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        (None, "CHATTERBOX_VOICE=clip.wav is no file"),
        (4, "CHATTERBOX_VOICE=clip.wav must be longer than 5 seconds"),
    ],
)
def test_a_recording_that_is_missing_or_short_is_refused(
    turbo_model: Path, tmp_path: Path, seconds: int | None, sentence: str
) -> None:
    clip = tmp_path / "clip.wav"
    if seconds is not None:
        make_neural.write_clip(clip, seconds)

    with pytest.raises(EngineUnavailableError, match=sentence):
        ChatterboxVoice(str(turbo_model), clip=clip, kept_in=tmp_path, device="cpu")


def test_without_any_speaker_turbo_asks_for_one(turbo_model: Path, tmp_path: Path) -> None:
    folder = linked(turbo_model, tmp_path)
    (folder / "conds.pt").unlink()

    with pytest.raises(EngineUnavailableError, match=r"conds\.pt.*CHATTERBOX_VOICE"):
        ChatterboxVoice(str(folder), clip=None, kept_in=tmp_path, device="cpu")


@pytest.mark.parametrize("name", ["ve.safetensors", "conds.pt"])
def test_a_damaged_turbo_checkpoint_is_named(turbo_model: Path, tmp_path: Path, name: str) -> None:
    folder = linked(turbo_model, tmp_path)
    (folder / name).unlink()
    (folder / name).write_bytes(b"damaged")

    with pytest.raises(
        EngineUnavailableError, match="The turbo voice could not be loaded from chatterbox on cpu"
    ):
        ChatterboxVoice(str(folder), clip=None, kept_in=tmp_path, device="cpu")


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [(0.4, "has 0.4 s of speech; it must be 1 to 12 s"), (13, "has 13.0 s of speech; it must be 1 to 12 s")],
)
def test_a_recording_of_the_wrong_length_is_refused_by_indicf5(
    indicf5_model: Path, tmp_path: Path, seconds: float, sentence: str
) -> None:
    clip = make_neural.write_clip(tmp_path / "clip.wav", seconds)

    with pytest.raises(EngineUnavailableError, match=sentence):
        IndicF5Voice(str(indicf5_model), clip=clip, clip_text=HINDI, device="cpu")


def test_a_recording_that_is_none_or_silent_is_refused_by_indicf5(
    indicf5_model: Path, tmp_path: Path
) -> None:
    text, silent = tmp_path / "text.wav", tmp_path / "silent.wav"
    text.write_text("not a recording")
    soundfile.write(silent, np.zeros(RATE * 3), RATE)

    for clip in (text, silent):
        with pytest.raises(EngineUnavailableError):
            IndicF5Voice(str(indicf5_model), clip=clip, clip_text=HINDI, device="cpu")


def test_without_any_speaker_indicf5_asks_for_one(indicf5_model: Path, tmp_path: Path) -> None:
    folder = linked(indicf5_model, tmp_path)
    shutil.rmtree(folder / "prompts")

    with pytest.raises(
        EngineUnavailableError, match="INDICF5_VOICE and what is said in it in INDICF5_VOICE_TEXT"
    ):
        IndicF5Voice(str(folder), clip=None, clip_text="", device="cpu")


def spoil(folder: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> None:
    path = folder / "model.safetensors"
    weights = change(load_file(path))
    path.unlink()
    save_file(weights, path)


@pytest.mark.parametrize("module", ["ema_model", "vocoder"])
def test_a_checkpoint_without_one_of_its_models_is_refused(
    indicf5_model: Path, tmp_path: Path, module: str
) -> None:
    folder = linked(indicf5_model, tmp_path)
    spoil(
        folder,
        lambda weights: {name: value for name, value in weights.items() if not name.startswith(module)},
    )

    with pytest.raises(EngineUnavailableError, match=f"indicf5 checkpoint has no weights named {module}"):
        IndicF5Voice(str(folder), clip=None, clip_text="", device="cpu")


def test_a_weight_too_few_and_a_vocabulary_of_another_model_are_refused(
    indicf5_model: Path,
    tmp_path: Path,
) -> None:
    folder = linked(indicf5_model, tmp_path)
    vocabulary = folder / "checkpoints" / "vocab.txt"
    letters = vocabulary.read_text()
    vocabulary.unlink()
    vocabulary.write_text(letters + "ж\n")
    with pytest.raises(
        EngineUnavailableError, match="The indicf5 voice could not be loaded from indicf5 on cpu"
    ):
        IndicF5Voice(str(folder), clip=None, clip_text="", device="cpu")

    vocabulary.write_text(letters)
    spoil(folder, lambda weights: dict(list(weights.items())[1:]))
    with pytest.raises(
        EngineUnavailableError, match="The indicf5 voice could not be loaded from indicf5 on cpu"
    ):
        IndicF5Voice(str(folder), clip=None, clip_text="", device="cpu")


def test_a_voice_that_finds_no_memory_says_so_and_speaks_again_once_there_is_some(
    indicf5: IndicF5Voice,
) -> None:
    """A text that no planner would hand over wants nearly a gigabyte for its spectrograms, in one piece."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + 256 * 2**20, limits[1]))
    try:
        with pytest.raises(
            EngineOutOfMemoryError, match=r"The indicf5 voice broke. There is not enough memory"
        ):
            indicf5.say("अ" * 30_000)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)

    release_memory()

    assert_wave(indicf5.say(HINDI))
