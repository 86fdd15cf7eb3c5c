"""Speech to text by Whisper: faster-whisper on CTranslate2, on a GPU where there is one."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel, download_model
from faster_whisper.transcribe import Segment, TranscriptionInfo
from onnxruntime.capi.onnxruntime_pybind11_state import EPFail, Fail, RuntimeException

from worker.errors import EngineError, EngineOutOfMemoryError, EngineUnavailableError, NoSpeechError
from worker.hub import split_revision
from worker.ports import RECORDING_RATE, Recording, Transcript, Word

logger = logging.getLogger(__name__)

ENGLISH = "en"
HINDI = "hi"
SPOKEN_HINDI = frozenset({HINDI, "ur"})
"""One spoken language, two scripts. Whisper often takes Hindi for Urdu; the tutor reads Devanagari."""
INDIAN = SPOKEN_HINDI | {"as", "bn", "gu", "kn", "ml", "mr", "ne", "pa", "sa", "sd", "si", "ta", "te"}
INDIAN_AT_LEAST = 0.6
"""For all of `INDIAN` together, as an accent is heard in many of them; the learner came for English."""
FOREIGN_AT_LEAST = 0.8
"""For any other language: hardly a learner speaks one, while noise and an accent are often taken for one."""

SHORTEST_SPEECH_MS = 200
"""A short "No" is longer; a plucked string or a knock is not."""
NO_SPEECH_OVER = 0.6
UNSURE_UNDER = -1.0
"""Whisper's own limits: no speech is likely, and the words were guessed (mean log probability a token)."""
REPETITIVE_OVER = 2.4
"""Bytes of text for a compressed byte, Whisper's own limit: a text that goes round in circles is invented."""
REPETITIVE_OVER_ELSEWHERE = 3.6
"""The same in other scripts: a letter of Devanagari takes three bytes, so honest text reaches 2.3."""

MAX_NEW_TOKENS = 400
"""CTranslate2 stops at half of it: 200 tokens are more than anyone says in a window of 30 s."""

FULL_SCALE = 32_768
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
_OUT_OF_MEMORY = ("out of memory", "alloc_failed", "bad_alloc")
# The last three are what the search for speech raises on ONNX Runtime; they have no other base.
_LIBRARY_ERRORS = (RuntimeError, ValueError, OSError, MemoryError, EPFail, Fail, RuntimeException)


class Heard(Protocol):
    """What a stretch of text says about itself."""

    text: str
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class WhisperTranscriber:
    """A `Transcriber` for every language Whisper knows; made for one learner's utterance at a time.

    The same recording gives the same words on the same machine. One thread at a time. A model that
    knows English alone (`small.en`) writes any other language down as bad English.
    """

    def __init__(self, model: str, *, use_gpu: bool, compute_type: str | None = None) -> None:
        """Load `model`: a directory in CTranslate2's form, or `NAME@REVISION`, which the hub is asked for.

        `use_gpu` takes the GPU where there is one, else the CPU; `compute_type` is CTranslate2's,
        float16 on a GPU and int8 on a CPU unless given. Raises `EngineUnavailableError` where the
        model cannot be had or does not run, `EngineOutOfMemoryError` where it does not fit.
        """
        folder = _folder(model)
        self.name = f"whisper {folder.name if Path(model).is_dir() else model.partition('@')[0]}"
        device = _device(use_gpu=use_gpu)
        numbers = compute_type or ("float16" if device == "cuda" else "int8")
        try:
            self._model = WhisperModel(str(folder), device=device, compute_type=numbers)
            self._try_out()
        except _LIBRARY_ERRORS as error:
            raise _translated(error, f"{self.name} ({numbers} on {device}) could not be loaded.") from error
        logger.info("%s: %s on %s", self.name, numbers, device)

    def transcribe(self, recording: Recording) -> Transcript:
        """Return the words heard, with their times, in the language that was spoken.

        Hindi comes back as Hindi, never as bad English. Raises `NoSpeechError` for silence, noise and
        words that were only guessed, `EngineOutOfMemoryError`, or `EngineUnavailableError` where
        the model breaks.
        """
        try:
            audio = recording.samples.astype(np.float32) / np.float32(FULL_SCALE)
            language, segments = self._listen(audio)
            kept = [segment for segment in segments if is_speech(segment, language)]
        except _LIBRARY_ERRORS as error:
            raise _translated(error, "The speech recogniser broke.") from error
        text = "".join(segment.text for segment in kept).strip()
        if not text:
            raise NoSpeechError("No speech was heard in the recording.")
        return Transcript(text, tuple(_words(kept, recording.seconds)))

    def _listen(self, audio: npt.NDArray[np.float32]) -> tuple[str, Iterable[Segment]]:
        """Return the language to be written and the segments, which are decoded as they are taken."""
        segments, info = self._decode(audio, None)
        if not info.duration_after_vad:
            return ENGLISH, ()
        language = choose_language(_probabilities(info))
        if language != info.language:
            segments, _ = self._decode(audio, language)
        logger.info("%s at %.2f, written as %s", info.language, info.language_probability, language)
        return language, segments

    def _decode(
        self, audio: npt.NDArray[np.float32], language: str | None
    ) -> tuple[Iterable[Segment], TranscriptionInfo]:
        """Find the speech and, without a `language`, the language; nothing is decoded yet.

        At one temperature, as the library's fallback takes seconds on a bad recording; so its limits, which
        only start the fallback, are off, and `is_speech` has them.
        """
        segments, info = self._model.transcribe(
            audio,
            language=language,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            compression_ratio_threshold=None,
            log_prob_threshold=None,
            no_speech_threshold=None,
            max_new_tokens=MAX_NEW_TOKENS,
            vad_filter=True,
            vad_parameters={"min_speech_duration_ms": SHORTEST_SPEECH_MS},
            word_timestamps=True,
        )
        return segments, info

    def _try_out(self) -> None:
        """Run the model on a second of silence: GPU libraries that are missing show here, not in a job."""
        silence = np.zeros(RECORDING_RATE, np.float32)
        segments, _ = self._model.transcribe(silence, language=ENGLISH, beam_size=1, temperature=0.0)
        list(segments)


def choose_language(probabilities: Mapping[str, float]) -> str:
    """Return the language to write, given how likely each is: English unless another is clearly ahead."""
    indian = {language: probabilities.get(language, 0.0) for language in INDIAN}
    if sum(indian.values()) >= INDIAN_AT_LEAST:
        likeliest = max(indian, key=indian.__getitem__)
        return HINDI if likeliest in SPOKEN_HINDI else likeliest
    likeliest = max(probabilities, key=probabilities.__getitem__, default=ENGLISH)
    if likeliest not in INDIAN and probabilities.get(likeliest, 0.0) >= FOREIGN_AT_LEAST:
        return likeliest
    return ENGLISH


def is_speech(heard: Heard, language: str) -> bool:
    """Tell text that someone said from what the model made up."""
    silent = heard.no_speech_prob > NO_SPEECH_OVER and heard.avg_logprob < UNSURE_UNDER
    limit = REPETITIVE_OVER if language == ENGLISH else REPETITIVE_OVER_ELSEWHERE
    return not silent and heard.compression_ratio <= limit


def _probabilities(info: TranscriptionInfo) -> Mapping[str, float]:
    # A model of one language detects none.
    return dict(info.all_language_probs or [(info.language, 1.0)])


def _words(segments: Iterable[Segment], seconds: float) -> Iterator[Word]:
    """Yield the words; times within the recording, which the model's last window outruns."""
    for segment in segments:
        for word in segment.words or ():
            if text := word.word.strip():
                start, end = (min(max(0.0, float(time)), seconds) for time in (word.start, word.end))
                yield Word(text, round(start, 3), round(end, 3), round(min(1.0, float(word.probability)), 3))


def _folder(model: str) -> Path:
    """Return the directory of `model`, fetched from the hub where it is a name. A directory asks nobody.

    Raises `EngineUnavailableError`, also where a file is missing that the library would ask the hub for.
    """
    folder = Path(model).absolute()
    if not folder.is_dir():
        name, revision = split_revision("WHISPER_MODEL", model)
        try:
            folder = Path(download_model(name, revision=revision))
        except _LIBRARY_ERRORS as error:
            raise EngineUnavailableError(
                f"WHISPER_MODEL={Path(name).name} is neither a directory that is here nor a model "
                "that could be had from the hub."
            ) from error
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailableError(f"The directory of WHISPER_MODEL, {folder.name}, has no {missing[0]}.")
    return folder


def _device(*, use_gpu: bool) -> str:
    """Return CTranslate2's name of the device to use."""
    if not use_gpu:
        return "cpu"
    if ctranslate2.get_cuda_device_count():
        return "cuda"
    logger.warning("no CUDA device is available: Whisper runs on the CPU, many times slower")
    return "cpu"


def _translated(error: Exception, sentence: str) -> EngineError:
    said = str(error).casefold()
    if isinstance(error, MemoryError) or any(sign in said for sign in _OUT_OF_MEMORY):
        return EngineOutOfMemoryError("There is not enough memory for the speech recogniser.")
    return EngineUnavailableError(sentence)
