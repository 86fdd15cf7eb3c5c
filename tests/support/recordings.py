"""Recordings that a test makes itself: nothing is rightly recognised in them."""

import wave
from pathlib import Path

import numpy as np

from tests.support.stack import MODELS
from worker.engines.espeak import EspeakSynthesizer
from worker.engines.kokoro import KokoroSynthesizer
from worker.ports import Samples

RATE = 16_000


def write_tone(path: Path, *, seconds: float = 1.0, hertz: float = 440.0) -> Path:
    """Write a 16 kHz mono WAV of a tone and return its path."""
    samples = np.sin(np.arange(round(RATE * seconds)) * hertz * 2 * np.pi / RATE) * 8000
    return _write(path, samples.astype(np.int16), RATE)


def write_speech(path: Path, text: str) -> Path:
    """Write a mono WAV of `text` spoken by a machine, which counts as speech, and return its path."""
    speech = EspeakSynthesizer().speak(text)
    return _write(path, speech.samples, speech.sample_rate)


def write_hindi(path: Path, text: str) -> Path:
    """Write a mono WAV of `text`, in Devanagari, in a voice that an ear takes for a Hindi speaker's."""
    voice = KokoroSynthesizer(english_voice="hf_alpha", hindi_voice="hf_alpha", models_dir=MODELS, threads=2)
    speech = voice.speak(text)
    return _write(path, speech.samples, speech.sample_rate)


def _write(path: Path, samples: Samples, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path
