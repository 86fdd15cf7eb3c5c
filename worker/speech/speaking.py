"""A text spoken whole by several voices."""

import logging
from collections.abc import Mapping

from worker.errors import EngineUnavailableError
from worker.ports import Speech
from worker.speech.sound import joined
from worker.speech.utterances import plan
from worker.speech.voice import RATE, Voice
from worker.text.languages import Language

logger = logging.getLogger(__name__)


def spoken(text: str, voices: Mapping[Language, Voice]) -> Speech:
    """Return `text` spoken whole in its order, each in the voice of its language, equally loud.

    Raises `EngineUnavailableError` where it holds nothing that can be spoken (only punctuation, emoji or
    scripts that no voice has), and what a voice raises.
    """
    utterances = plan(text, voices)
    if not utterances:
        raise EngineUnavailableError("The text has nothing that can be spoken.")
    logger.info("speaking %d utterances", len(utterances))
    return Speech(joined([voice.say(words) for voice, words in utterances]), RATE)
