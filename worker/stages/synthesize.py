"""The stage that speaks the tutor's answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from shared.audio_objects import WrittenAudio
from shared.jobs import Claim, texts_to_speak
from shared.models import Job, SpokenPart
from shared.results import StoredSpeech, Synthesized
from shared.transitions import Transitions
from worker.bootstrap import EngineKind, Engines
from worker.bounds import bounded_speech
from worker.settings import WorkerSettings
from worker.stages import audio
from worker.stages.audio_shelf import AudioShelf
from worker.stages.memory import with_memory
from worker.stages.reuse import CachedSpeech
from worker.stages.stage import ClaimedWork


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Speaks the texts that the learner asked to hear, except those already spoken."""

    settings: WorkerSettings
    sessions: sessionmaker[Session]
    engines: Engines
    shelf: AudioShelf
    speech: CachedSpeech

    def run(self, work: ClaimedWork) -> Synthesized:
        """Return the sounds that were made."""
        job = self._with_known_speech(work)
        sounds = {part: self._speak(text, work) for part, text in texts_to_speak(job).items()}
        kind = EngineKind.TTS
        return Synthesized(self.engines.name(kind) if sounds else job.engines[kind], sounds)

    def _with_known_speech(self, work: ClaimedWork) -> Job:
        """Return the job as it is once it names what has been spoken since its reply was recorded."""
        found = self.speech.find(texts_to_speak(work.job), work.job.user_id)
        return work.loading(lambda: self._name_speech(work.claim, found)) if found else work.job

    def _name_speech(self, claim: Claim, found: Mapping[SpokenPart, StoredSpeech]) -> Job:
        with self.sessions.begin() as session:
            return Transitions(session, self.settings.usage_timezone).name_speech(claim, found)

    def _speak(self, text: str, work: ClaimedWork) -> WrittenAudio:
        speech = bounded_speech(with_memory(self.engines, lambda: self.engines.synthesizer.speak(text)))
        data = audio.encode_mp3(speech)
        written = work.saving(lambda: self.shelf.write_mp3(data, seconds=speech.seconds))
        self.speech.keep(text, written.audio_id, self.engines.name(EngineKind.TTS), work.job.user_id)
        return written
