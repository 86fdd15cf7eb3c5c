"""The voices at hand, and the noise that is put over what they say."""

import random
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.material import Clip, right_sentences
from worker.engines.espeak import EspeakSynthesizer
from worker.engines.kokoro import KokoroSynthesizer
from worker.ports import RECORDING_RATE, Recording, Speech, Synthesizer

Sound = npt.NDArray[np.float64]
_SPEAKERS_IN_BABBLE = 6
_SECONDS_OF_BABBLE = 30
_PEAK = 0.9 * np.iinfo(np.int16).max
_SILENCE = np.zeros(RECORDING_RATE // 4)


class Studio:
    """Speaks clips. The same clip gives the same sound on the same machine."""

    def __init__(self, models_dir: Path) -> None:
        self._models_dir = models_dir
        self._voices: dict[str, Synthesizer] = {}
        self._spoken: tuple[str, str, Sound] | None = None
        self._babble: Sound | None = None

    def record(self, clip: Clip) -> Recording:
        """Return the clip as a learner's recording."""
        speech = self._speak(clip.voice, clip.text)
        if clip.noise is None or clip.snr is None:
            return _recording(speech)
        chance = np.random.default_rng(clip.seed)
        noise = _pink(len(speech), chance) if clip.noise == "pink" else self._some_babble(len(speech), chance)
        gain = _level(speech) / _level(noise) / 10 ** (clip.snr / 20)
        return _recording(speech + gain * noise)

    def speak(self, voice: str, text: str) -> Recording:
        """Return a text spoken without noise."""
        return _recording(self._speak(voice, text))

    def _speak(self, voice: str, text: str) -> Sound:
        if self._spoken is None or self._spoken[:2] != (voice, text):
            sound = _resampled(self._voice(voice).speak(text))
            self._spoken = voice, text, np.concatenate([_SILENCE, sound, _SILENCE])
        return self._spoken[2]

    def _voice(self, name: str) -> Synthesizer:
        if name not in self._voices:
            self._voices[name] = _load(name, self._models_dir)
        return self._voices[name]

    def _some_babble(self, length: int, chance: np.random.Generator) -> Sound:
        if self._babble is None:
            self._babble = self._make_babble()
        start = int(chance.integers(len(self._babble)))
        return np.resize(np.roll(self._babble, -start), length)

    def _make_babble(self) -> Sound:
        sentences = right_sentences()
        random.Random(0).shuffle(sentences)
        length = _SECONDS_OF_BABBLE * RECORDING_RATE
        voice = self._voice("espeak")
        whole = np.zeros(length)
        for _ in range(_SPEAKERS_IN_BABBLE):
            said: list[Sound] = []
            while sum(map(len, said)) < length:
                said.append(_resampled(voice.speak(sentences.pop())))
            whole += np.concatenate(said)[:length]
        return whole


def _load(name: str, models_dir: Path) -> Synthesizer:
    if name == "espeak":
        return EspeakSynthesizer()
    speaker = name.removeprefix("kokoro ")
    return KokoroSynthesizer(english_voice=speaker, hindi_voice="hf_alpha", models_dir=models_dir, threads=1)


def _resampled(speech: Speech) -> Sound:
    at = np.arange(0, len(speech.samples), speech.sample_rate / RECORDING_RATE)
    sound: Sound = np.interp(at, np.arange(len(speech.samples)), speech.samples.astype(np.float64))
    return sound


def _pink(length: int, chance: np.random.Generator) -> Sound:
    """Return noise with equal energy in every octave, as that of streets and fans roughly has."""
    spectrum = np.fft.rfft(chance.standard_normal(length))
    noise: Sound = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), length)
    return noise


def _level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def _recording(sound: Sound) -> Recording:
    peak = float(np.abs(sound).max())
    return Recording((sound * min(1.0, _PEAK / peak)).astype(np.int16))
