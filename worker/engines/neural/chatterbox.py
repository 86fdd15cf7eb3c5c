"""English and romanized Hinglish by Chatterbox-Turbo (chatterbox-tts)."""

import hashlib
import logging
from pathlib import Path

import numpy as np
import soundfile
from chatterbox.tts_turbo import ChatterboxTurboTTS, Conditionals

from worker.engines.neural.folder import model_folder
from worker.errors import EngineUnavailableError
from worker.speech.failures import library_errors
from worker.speech.voice import Wave

logger = logging.getLogger(__name__)

SHORTEST_CLIP_SECONDS = 5.0
"""The library asserts that a clip is longer."""

_NEEDED = ("ve.safetensors", "t3_turbo_v1.safetensors", "s3gen_meanflow.safetensors")
_WANTED = ("conds.pt", "*.json", "*.txt")
"""The built-in voice and the tokenizer."""


class ChatterboxVoice:
    """A `Voice` of English. The model marks all it says with an inaudible watermark.

    Past about 350 characters, or half a minute, it turns to gibberish (the project's issues 424, 543).
    """

    name = "turbo"
    longest = 300

    def __init__(self, model: str, *, clip: Path | None, kept_in: Path, device: str) -> None:
        """Load `model`, a directory or a name on the hub, on torch's `device`, and its speaker.

        The speaker is the checkpoint's, or that of `clip`, a recording of more than five seconds, which is
        prepared once and kept in `kept_in` for later starts.
        """
        if clip is not None:
            _check(clip)
        folder = model_folder("CHATTERBOX_MODEL", model, _NEEDED, _WANTED)
        with library_errors(f"The turbo voice could not be loaded from {folder.name} on {device}."):
            self._model = ChatterboxTurboTTS.from_local(folder, device)
        if clip is not None:
            with library_errors("CHATTERBOX_VOICE could not be prepared."):
                self._take_voice_of(clip, kept_in, model)
        if self._model.conds is None:
            raise EngineUnavailableError(
                "The turbo model has no voice of its own (conds.pt): name a recording in CHATTERBOX_VOICE."
            )
        logger.info("turbo on %s", device)

    def say(self, text: str) -> Wave:
        """Return `text` spoken; each time a little differently, as people do."""
        with library_errors("The turbo voice broke."):
            wave: Wave = self._model.generate(text).squeeze(0).numpy().astype(np.float32)
        return wave

    def _take_voice_of(self, clip: Path, kept_in: Path, model: str) -> None:
        source = hashlib.sha256(model.encode() + b"\0" + clip.read_bytes()).hexdigest()
        kept = kept_in / f"turbo-{source[:32]}.pt"
        if kept.is_file():
            # The library reads weights alone, never arbitrary pickled objects.
            self._model.conds = Conditionals.load(kept, self._model.device).to(self._model.device)
            return
        self._model.prepare_conditionals(clip)
        kept_in.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".new")
        self._model.conds.save(unfinished)
        unfinished.replace(kept)


def _check(clip: Path) -> None:
    """Raise `EngineUnavailableError` if the recording cannot be used, before time is spent on loading."""
    if not clip.is_file():
        raise EngineUnavailableError(f"CHATTERBOX_VOICE={clip.name} is no file.")
    with library_errors(f"CHATTERBOX_VOICE={clip.name} could not be read."):
        seconds = soundfile.info(clip).duration
    if seconds <= SHORTEST_CLIP_SECONDS:
        raise EngineUnavailableError(
            f"CHATTERBOX_VOICE={clip.name} must be longer than {SHORTEST_CLIP_SECONDS:.0f} seconds."
        )
