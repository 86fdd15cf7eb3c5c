"""Speaking a piece of the tutor's answer."""

from dataclasses import dataclass

from shared.results import Repeated, Spoken
from worker.bootstrap import EngineKind, Engines
from worker.bounds import bounded_speech
from worker.speech.pauses import with_pause
from worker.stages import audio
from worker.stages.audio_shelf import AudioShelf
from worker.stages.memory import with_memory
from worker.stages.reuse import CachedSpeech
from worker.stages.stage import ClaimedWork


@dataclass(frozen=True, slots=True)
class Speak:
    """Has a piece of text spoken, unless it was spoken to the learner before."""

    engines: Engines
    shelf: AudioShelf
    speech: CachedSpeech

    def run(self, work: ClaimedWork) -> Spoken | Repeated:
        """Return the sound that was made, or the one that is stored already."""
        text, learner_id = work.claim.text, work.job.learner_id
        if text is None:
            raise ValueError(f"step {work.claim.step_id} has no text")
        stored = self.speech.find(text, learner_id)
        if stored is not None and work.loading(lambda: self.shelf.has(stored.audio_id)):
            return Repeated(stored)
        intended = self.shelf.intend_ahead(learner_id)
        engine = self.engines.name(EngineKind.TTS)
        spoken = bounded_speech(with_memory(self.engines, lambda: self.engines.synthesizer.speak(text)))
        speech = with_pause(spoken, text)
        data = audio.encode_mp3(speech)
        written = self.shelf.write(work.saving(intended), data, seconds=speech.seconds)
        self.speech.keep(text, written.audio_id, engine, learner_id)
        return Spoken(engine, written)
