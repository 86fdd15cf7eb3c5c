"""Speech to text on any machine: CMU pocketsphinx with the US-English model its wheel carries."""

import re
import time
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pocketsphinx

from worker.errors import EngineUnavailableError, NoSpeechError
from worker.ports import RECORDING_RATE, Recording, Samples, Transcript, Word

PIECE_SAMPLES = RECORDING_RATE // 10
"""What the decoder, which holds the GIL, is given at a time."""

FRAMES_PER_SECOND = 100
LEVEL_SEARCH = "level"

MIN_VOICED_SECONDS = 0.35
MIN_LEVEL = 30.0
"""Root mean square of the loudest voiced frames, first difference, 16-bit: far below a whisper."""
MIN_DYNAMICS = 2.5
"""Loud over soft voiced frames: about 1 for hum, hiss and tones, 6 and more for people."""
MIN_COVERAGE = 0.45
"""How much of the voiced time the words must account for: a third for noise, 0.7 and more for people."""

ALTERNATE = re.compile(r"\(\d+\)$")


class PocketsphinxTranscriber:
    """A `Transcriber` that needs no GPU and no download; fair on clear native English, poor otherwise.

    About four times faster than real time. Every call starts from the same state, so the same
    recording always gives the same words and times. One thread at a time.
    """

    name = "pocketsphinx en-us"

    def __init__(self) -> None:
        """Load the model (under a second, about 120 MB).

        Raises `EngineUnavailableError` where the model cannot be read.
        """
        try:
            # The second search pass costs a seventh of the time, all of it in one call that
            # holds the GIL, and made no measurable difference.
            self._decoder = pocketsphinx.Decoder(loglevel="FATAL", fwdflat=False)
            self._word_search = self._decoder.current_search()
            self._decoder.add_keyphrase(LEVEL_SEARCH, "hello")
            self._initial_cmn = self._decoder.get_cmn(False)
        except (RuntimeError, ValueError, OSError) as error:
            raise EngineUnavailableError("The speech recogniser could not be loaded.") from error

    def transcribe(self, recording: Recording) -> Transcript:
        """Return the words heard, in lower case without punctuation, with their times.

        Raises `NoSpeechError` for silence, steady noise and recordings without a recognisable
        word, `EngineUnavailableError` where the decoder breaks.
        """
        voiced_seconds = _voiced_seconds(recording.samples)
        try:
            words = tuple(self._recognise(recording.samples.tobytes()))
        except RuntimeError as error:
            raise EngineUnavailableError("The speech recogniser broke.") from error
        if sum(word.end - word.start for word in words) < MIN_COVERAGE * voiced_seconds:
            raise NoSpeechError("No speech was heard in the recording.")
        return Transcript(text=" ".join(word.word for word in words), words=words)

    def _recognise(self, pcm: bytes) -> Iterator[Word]:
        """Decode twice: a cheap search to learn the channel's mean, then the search for words.

        With the mean of the whole recording instead of a running guess, a third fewer words are wrong.
        """
        self._search(LEVEL_SEARCH, pcm, self._initial_cmn)
        self._search(self._word_search, pcm, self._decoder.get_cmn(True))
        # Without a hypothesis there are no segments, and asking for them fails.
        if self._decoder.hyp() is None:
            return
        for segment in self._decoder.seg():
            if segment.word[0] not in "<[+":
                yield Word(
                    word=ALTERNATE.sub("", segment.word).lower(),
                    start=segment.start_frame / FRAMES_PER_SECOND,
                    end=(segment.end_frame + 1) / FRAMES_PER_SECOND,
                    probability=round(min(1.0, max(0.0, segment.prob)), 3),
                )

    def _search(self, search: str, pcm: bytes, cmn: str) -> None:
        """Run one search over `pcm`, with nothing left of earlier recordings."""
        self._decoder.reinit_feat()
        self._decoder.set_cmn(cmn)
        self._decoder.activate_search(search)
        self._decoder.start_utt()
        try:
            for start in range(0, len(pcm), 2 * PIECE_SAMPLES):
                self._decoder.process_raw(pcm[start : start + 2 * PIECE_SAMPLES])
                time.sleep(0)
        finally:
            self._decoder.end_utt()


def _voiced_seconds(samples: Samples) -> float:
    """Return how many seconds of `samples` sound like a voice.

    Raises `NoSpeechError` where that is too little, too faint or too steady to be one. Dynamics are
    judged with and without the first difference, which takes rumble out.
    """
    vad = pocketsphinx.Vad(pocketsphinx.Vad.MEDIUM_STRICT, RECORDING_RATE)
    frame_samples: int = vad.frame_bytes // samples.itemsize
    whole = len(samples) // frame_samples * frame_samples
    frames = samples[:whole].reshape(-1, frame_samples)
    voiced = np.array([vad.is_speech(frame.tobytes()) for frame in frames], dtype=np.bool_)
    seconds = float(np.count_nonzero(voiced)) * frame_samples / RECORDING_RATE
    if seconds < MIN_VOICED_SECONDS:
        raise NoSpeechError("No speech was heard in the recording.")
    heard = frames[voiced].astype(np.float64)
    soft, loud = _soft_and_loud(heard)
    sharp_soft, sharp_loud = _soft_and_loud(np.diff(heard))
    if sharp_loud < MIN_LEVEL or loud < MIN_DYNAMICS * soft or sharp_loud < MIN_DYNAMICS * sharp_soft:
        raise NoSpeechError("Only noise or very faint sound was heard in the recording.")
    return seconds


def _soft_and_loud(frames: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the levels that a tenth of the frames stay under, and that a twentieth reach."""
    levels = np.sqrt(np.mean(np.square(frames), axis=1))
    soft, loud = np.percentile(levels, (10, 95))
    return float(soft), float(loud)
