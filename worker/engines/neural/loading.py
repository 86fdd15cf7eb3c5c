"""Builds the neural synthesizer: the one place that imports the modules with torch in them, when called."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from worker.engines.neural.synthesizer import NeuralSynthesizer
from worker.errors import EngineUnavailableError
from worker.speech.failures import library_errors


def load_neural(english: Mapping[str, Any], hindi: Mapping[str, Any], *, use_gpu: bool) -> NeuralSynthesizer:
    """Load both models: `english` are the arguments of `ChatterboxVoice`, `hindi` those of `IndicF5Voice`.

    Both or neither: a loaded engine must speak all that its port promises. IndicF5 is loaded first, since
    it is smaller and the hub may refuse it. Raises `EngineUnavailableError`, saying which of the
    two failed and why, or `EngineOutOfMemoryError`.
    """
    os.environ.setdefault("TQDM_DISABLE", "1")  # read when tqdm is imported: no bars in the log
    indicf5, chatterbox = _with_library("indicf5"), _with_library("chatterbox")
    devices = _with_library("device")
    device = devices.choose_device(use_gpu=use_gpu)
    hindi_voice = indicf5.IndicF5Voice(**hindi, device=device)
    english_voice = chatterbox.ChatterboxVoice(**english, device=device)
    return NeuralSynthesizer(english_voice, hindi_voice, devices.release_memory)


def _with_library(name: str) -> Any:
    sentence = f"The libraries of {name} could not be loaded."
    try:
        with library_errors(sentence):
            return import_module(f"worker.engines.neural.{name}")
    except EngineUnavailableError as error:
        if isinstance(error.__cause__, ModuleNotFoundError):
            raise EngineUnavailableError(
                f"{sentence} They come with the extra gpu; {error.__cause__.name} is missing here."
            ) from error
        raise
