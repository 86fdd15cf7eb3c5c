"""Understanding a learner's recording."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.results import HeardWord, Transcribed
from worker.bootstrap import EngineKind, Engines
from worker.bounds import bounded_transcript
from worker.hearing.certainty import certainties
from worker.hearing.fluency import fluency_of
from worker.ports import Word
from worker.stages import audio
from worker.stages.audio_shelf import AudioShelf
from worker.stages.memory import with_memory
from worker.stages.stage import ClaimedWork


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Has the recording heard.

    A word that is less certain than `sure_from` (`worker.hearing.certainty`) may not have been said.
    """

    engines: Engines
    shelf: AudioShelf
    sure_from: float

    def run(self, work: ClaimedWork) -> Transcribed:
        """Return what was heard."""
        upload_id = work.job.upload_id
        if upload_id is None:
            raise ValueError(f"voice job {work.job.id} has no upload")
        recording = audio.read_flac(work.loading(lambda: self.shelf.load(upload_id)))
        heard = with_memory(self.engines, lambda: self.engines.transcriber.transcribe(recording))
        transcript = bounded_transcript(heard, recording.seconds)
        fluency = fluency_of(transcript)
        return Transcribed(
            self.engines.name(EngineKind.STT),
            transcript.text,
            transcript.language,
            None if transcript.words is None else self._heard(transcript.words),
            fluency.articulation_rate if fluency else None,
            fluency.pauses_per_minute if fluency else None,
        )

    def _heard(self, words: Sequence[Word]) -> list[HeardWord]:
        found: list[HeardWord] = []
        for word, certainty in zip(words, certainties(words), strict=True):
            heard: HeardWord = {
                "word": word.word,
                "start": word.start,
                "end": word.end,
                "probability": word.probability,
                "unsure": certainty < self.sure_from,
            }
            found.append({**heard, "hindi": True} if word.is_hindi else heard)
        return found
