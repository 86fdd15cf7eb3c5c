"""A Whisper model that encodes a recording's first window once, for both its language and its words."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import Segment, TranscriptionOptions, Word

from worker.engines.whisper.languages import ENGLISH, choose_language
from worker.engines.whisper.windows import FRAMES, hindi_windows


@dataclass
class SpokenWord(Word):  # type: ignore[misc]
    """A word of faster-whisper's that knows whether it was spoken in Hindi amid English."""

    is_hindi: bool = False


class OneEncodingModel(WhisperModel):  # type: ignore[misc]  # the library has no types
    """faster-whisper's model, which encodes twice and writes the likeliest language, with both changed.

    The encoding is more than half of the work for a short utterance. Where no language is asked for,
    `choose_language` decides which is written; what is written in English has `SpokenWord`s. One thread at a
    time.
    """

    _encoded: ctranslate2.StorageView | None = None
    _last_encoded: ctranslate2.StorageView | None = None

    def encode(self, features: npt.NDArray[np.float32]) -> ctranslate2.StorageView:
        """Return the encoding of a window, and keep it for its languages."""
        self._last_encoded = super().encode(features)
        return self._last_encoded

    def detect_language(
        self,
        audio: npt.NDArray[np.float32] | None = None,
        features: npt.NDArray[np.float32] | None = None,
        **options: Any,
    ) -> tuple[str, float, list[tuple[str, float]]]:
        """Return the language to write, how likely it is, and how likely each is; keep the encoding."""
        if features is None:
            return super().detect_language(audio, features, **options)  # type: ignore[no-any-return]
        # Less one frame, as where the words are sought: the features' last is padding.
        frames = min(self.feature_extractor.nb_max_frames, features.shape[-1] - 1)
        if frames <= 0:
            return ENGLISH, 1.0, [(ENGLISH, 1.0)]
        self._encoded = self.encode(pad_or_trim(features[:, :frames]))
        likely = [
            (token[2:-2], float(share)) for token, share in self.model.detect_language(self._encoded)[0]
        ]
        language = choose_language(dict(likely))
        return language, dict(likely).get(language, 0.0), likely

    def generate_segments(
        self,
        features: npt.NDArray[np.float32],
        tokenizer: Tokenizer,
        options: TranscriptionOptions,
        log_progress: bool,
        encoder_output: ctranslate2.StorageView | None = None,
    ) -> Iterable[Segment]:
        """Return the segments, decoded as they are taken, from the kept encoding where there is one."""
        encoded, self._encoded = self._encoded, None
        segments: Iterable[Segment] = super().generate_segments(
            features, tokenizer, options, log_progress, encoder_output or encoded
        )
        is_mixed = self.model.is_multilingual and tokenizer.language_code == ENGLISH
        return self._with_hindi(segments, features) if is_mixed else segments

    def _with_hindi(
        self, segments: Iterable[Segment], features: npt.NDArray[np.float32]
    ) -> Iterator[Segment]:
        """Yield the segments with `SpokenWord`s. A window's come before the next one is encoded."""
        seek, hindi = -1, list[tuple[float, float]]()
        for segment in segments:
            if segment.seek != seek and segment.words:
                seek, frames = segment.seek, self.feature_extractor.nb_max_frames
                window = features[:, seek : min(seek + frames, features.shape[-1] - 1)]
                hindi = hindi_windows(self.model, window, self._last_encoded)
            yield replace(segment, words=_spoken(segment.words or (), hindi, segment.seek))


def _spoken(words: Sequence[Word], hindi: Sequence[tuple[float, float]], seek: int) -> list[SpokenWord]:
    """Return the words of a window that begins at frame `seek`, with those marked that are in `hindi`.

    Whisper leaves out what it did not expect. Where nothing was written of a part in Hindi, the word before
    it is marked, so that the part is not forgotten.
    """
    middles = [(word.start + word.end) / 2 - seek / FRAMES for word in words]
    marked = set[int]()
    for start, end in hindi:
        within = {number for number, middle in enumerate(middles) if start <= middle < end}
        before = sum(middle < start for middle in middles) - 1
        marked |= within or ({max(before, 0)} if middles else set())
    return [
        SpokenWord(word.start, word.end, word.word, word.probability, number in marked)
        for number, word in enumerate(words)
    ]
