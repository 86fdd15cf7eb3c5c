"""Speech to text by Whisper: faster-whisper on CTranslate2, on a GPU where there is one."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper.transcribe import Segment
from faster_whisper.vad import VadOptions, get_speech_timestamps

from worker.engines.whisper.encoding import OneEncodingModel, SpokenWord
from worker.engines.whisper.failures import LIBRARY_ERRORS, translated
from worker.engines.whisper.folder import model_folder
from worker.engines.whisper.invention import what_was_said
from worker.engines.whisper.languages import ENGLISH
from worker.errors import NoSpeechError
from worker.ports import RECORDING_RATE, SHORTEST_PAUSE_SECONDS, Recording, Transcript, Word

logger = logging.getLogger(__name__)

SHORTEST_SPEECH_MS = 200
"""A short "No" is longer; a plucked string or a knock is not."""

MAX_NEW_TOKENS = 400
"""CTranslate2 stops at half of it: 200 tokens are more than anyone says in a window of 30 s."""

FULL_SCALE = 32_768


class WhisperTranscriber:
    """A `Transcriber` for every language Whisper knows; made for one learner's utterance at a time.

    The same recording gives the same words on the same machine. One thread at a time. A model that
    knows English alone (`small.en`) writes any other language down as bad English; a small one (`base`)
    knows Hindi when it hears it, but writes it in Urdu's or Latin letters.
    """

    def __init__(self, model: str, *, kept_in: Path, use_gpu: bool, compute_type: str | None = None) -> None:
        """Load `model`: a directory in CTranslate2's form, `base`, or `NAME@REVISION`.

        `base` comes from the installed packages that hold it, joined under `kept_in`; the hub is asked
        for others. `use_gpu` takes the GPU where there is one, else the CPU; `compute_type` is
        CTranslate2's, float16 on a GPU and int8 on a CPU unless given. Raises `EngineUnavailableError`
        where the model cannot be had or does not run, `EngineOutOfMemoryError` where it does not fit.
        """
        folder = model_folder(model, kept_in)
        self.name = f"whisper {folder.name if Path(model).is_dir() else model.partition('@')[0]}"
        device = _device(use_gpu=use_gpu)
        numbers = compute_type or ("float16" if device == "cuda" else "int8")
        try:
            self._model = OneEncodingModel(str(folder), device=device, compute_type=numbers)
            self._try_out()
        except LIBRARY_ERRORS as error:
            raise translated(error, f"{self.name} ({numbers} on {device}) could not be loaded.") from error
        logger.info("%s: %s on %s", self.name, numbers, device)

    def transcribe(self, recording: Recording) -> Transcript:
        """Return the words heard, with their times, in the language that was spoken.

        Hindi comes back as Hindi, never as English. Raises `NoSpeechError` for silence, noise and
        words that were only guessed, `EngineOutOfMemoryError`, or `EngineUnavailableError` where
        the model breaks.
        """
        try:
            audio = recording.samples.astype(np.float32) / np.float32(FULL_SCALE)
            language, segments = self._listen(audio)
            said = what_was_said(segments, language)
            speech = _speech(audio) if said else ()
        except LIBRARY_ERRORS as error:
            raise translated(error, "The speech recogniser broke.") from error
        text = "".join(segment.text for segment in said).strip()
        if not text:
            raise NoSpeechError("No speech was heard in the recording.")
        return Transcript(text, tuple(_words(said, recording.seconds)), language, speech)

    def _listen(self, audio: npt.NDArray[np.float32]) -> tuple[str, Iterable[Segment]]:
        """Return the language to be written and the segments, which are decoded as they are taken.

        At one temperature, as the library's fallback takes seconds on a bad recording; so its limits, which
        only start the fallback, are off, and `what_was_said` has them.
        """
        segments, info = self._model.transcribe(
            audio,
            language=None,
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
        if not info.duration_after_vad:
            return ENGLISH, ()
        logger.info("written as %s, which it is at %.2f", info.language, info.language_probability)
        return info.language, segments

    def _try_out(self) -> None:
        """Run the model on a second of silence: missing GPU libraries then fail here, not in a job."""
        silence = np.zeros(RECORDING_RATE, np.float32)
        segments, _ = self._model.transcribe(silence, language=ENGLISH, beam_size=1, temperature=0.0)
        list(segments)


def _speech(audio: npt.NDArray[np.float32]) -> tuple[tuple[float, float], ...]:
    """Return when somebody spoke. What the words are sought in is another thing: pauses are not cut off."""
    options = VadOptions(
        min_speech_duration_ms=SHORTEST_SPEECH_MS,
        min_silence_duration_ms=round(1_000 * SHORTEST_PAUSE_SECONDS),
        speech_pad_ms=0,
    )
    return tuple(
        (round(found["start"] / RECORDING_RATE, 3), round(found["end"] / RECORDING_RATE, 3))
        for found in get_speech_timestamps(audio, options)
    )


def _words(segments: Iterable[Segment], seconds: float) -> Iterator[Word]:
    """Yield the words, their times limited to the recording: the model's last window goes beyond it."""
    for segment in segments:
        for word in segment.words or ():
            if text := word.word.strip():
                start, end = (min(max(0.0, float(time)), seconds) for time in (word.start, word.end))
                probability = round(min(1.0, float(word.probability)), 3)
                is_hindi = isinstance(word, SpokenWord) and word.is_hindi
                yield Word(text, round(start, 3), round(end, 3), probability, is_hindi)


def _device(*, use_gpu: bool) -> str:
    """Return CTranslate2's name of the device to use."""
    if not use_gpu:
        return "cpu"
    if ctranslate2.get_cuda_device_count():
        return "cuda"
    logger.warning("no CUDA device is available: Whisper runs on the CPU, many times slower")
    return "cpu"
