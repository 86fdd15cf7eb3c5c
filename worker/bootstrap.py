"""From settings to loaded engines: the one room that knows which engines there are."""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

from shared.models import QueueName
from shared.settings import AppEnv
from shared.workers import ModelState
from worker.bounds import bounded_name, bounded_sentence
from worker.errors import EngineError, EngineUnavailableError
from worker.ports import Synthesizer, Transcriber, Tutor
from worker.settings import WorkerSettings

logger = logging.getLogger(__name__)

LOAD_AGAIN_AFTER_SECONDS = 30.0
_MOST_PARTS = 8


class EngineKind(StrEnum):
    """The three things an engine can be for."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"


QUEUE_OF_ENGINE = {
    EngineKind.STT: QueueName.GPU,
    EngineKind.LLM: QueueName.LLM,
    EngineKind.TTS: QueueName.GPU,
}
"""The queue whose workers need each."""


_METHODS = {EngineKind.STT: "transcribe", EngineKind.LLM: "reply", EngineKind.TTS: "speak"}


class UnknownEngineError(Exception):
    """A setting names an engine that is neither built in nor importable by its form."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How an engine is built: what is at `path`, called with what `arguments` takes from the settings.

    `arguments` raises `EngineUnavailableError` where the settings lack what the engine needs.
    """

    path: str
    arguments: Callable[[WorkerSettings], Mapping[str, object]] = lambda _: {}


def _gemini_arguments(settings: WorkerSettings) -> Mapping[str, object]:
    key = settings.gemini_api_key.get_secret_value().strip() if settings.gemini_api_key else ""
    if not key:
        raise EngineUnavailableError(
            "GEMINI_API_KEY is not set, and the gemini tutor cannot answer without it."
        )
    if not (key.isascii() and key.isprintable()):
        raise EngineUnavailableError("GEMINI_API_KEY has characters that no key has.")
    url = settings.gemini_base_url
    return {
        "api_key": key,
        "model": settings.gemini_model,
        "base_url": None if url is None else str(url),
        "api_version": settings.gemini_api_version or None,
    }


def _whisper_arguments(settings: WorkerSettings) -> Mapping[str, object]:
    return {
        "model": settings.whisper_model,
        "kept_in": settings.models_dir,
        "use_gpu": settings.app_env is AppEnv.PROD,
    }


def _neural_arguments(settings: WorkerSettings) -> Mapping[str, object]:
    if (settings.indicf5_voice is None) != (not settings.indicf5_voice_text.strip()):
        raise EngineUnavailableError(
            "INDICF5_VOICE and INDICF5_VOICE_TEXT belong together: a recording, and what is said in it."
        )
    english = {
        "model": settings.chatterbox_model,
        "clip": settings.chatterbox_voice,
        "kept_in": settings.data_dir / "voices",
    }
    hindi = {
        "model": settings.indicf5_model,
        "clip": settings.indicf5_voice,
        "clip_text": settings.indicf5_voice_text,
    }
    return {"english": english, "hindi": hindi, "use_gpu": settings.app_env is AppEnv.PROD}


def _kokoro_arguments(settings: WorkerSettings) -> Mapping[str, object]:
    return {
        "english_voice": settings.kokoro_english_voice,
        "hindi_voice": settings.kokoro_hindi_voice,
        "models_dir": settings.models_dir,
        "threads": settings.kokoro_threads,
    }


_BUILT_IN = {
    EngineKind.STT: {
        "whisper": _Recipe("worker.engines.whisper:WhisperTranscriber", _whisper_arguments),
    },
    EngineKind.LLM: {
        "gemini": _Recipe("worker.engines.gemini:GeminiTutor", _gemini_arguments),
        "offline": _Recipe("worker.engines.offline:OfflineTutor"),
    },
    EngineKind.TTS: {
        "espeak": _Recipe("worker.engines.espeak:EspeakSynthesizer"),
        "kokoro": _Recipe("worker.engines.kokoro:KokoroSynthesizer", _kokoro_arguments),
        "neural": _Recipe("worker.engines.neural:load_neural", _neural_arguments),
    },
}


@dataclass(frozen=True, slots=True)
class _Failed:
    reason: str
    at: float


def kinds_served(queues: Iterable[str]) -> list[EngineKind]:
    """Return the engines that a worker on these queues needs."""
    names = set(queues)
    return [kind for kind, queue in QUEUE_OF_ENGINE.items() if queue in names]


class Engines:
    """The chosen engines of this process: each is built, which loads it, once. Thread-safe."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.chosen = {
            EngineKind.STT: settings.stt_engine,
            EngineKind.LLM: settings.llm_engine,
            EngineKind.TTS: settings.tts_engine,
        }
        self._settings = settings
        self._recipes = {kind: _recipe_of(kind, name) for kind, name in self.chosen.items()}
        self._engines: dict[EngineKind, Any] = {}
        self._failed: dict[EngineKind, _Failed] = {}
        self._lock = threading.Lock()

    def check(self, kind: EngineKind) -> None:
        """Load nothing; raise `EngineUnavailableError` where the settings lack what the engine needs.

        The class of an engine that is not built in is imported and must have its port's method.
        """
        self._recipes[kind].arguments(self._settings)
        if self.chosen[kind] not in _BUILT_IN[kind]:
            _check_plug_in(kind, self.chosen[kind])

    def load(self, kind: EngineKind) -> None:
        """Build the engine unless it is built. Raises `EngineError`."""
        with self._lock:
            if kind in self._engines:
                return
            started = time.monotonic()
            try:
                self._engines[kind] = _build(self._recipes[kind], self._settings)
            except EngineError as error:
                self._failed[kind] = _Failed(bounded_sentence(error.detail), time.monotonic())
                logger.exception("%s engine %s could not be loaded", kind, self.chosen[kind])
                raise
            self._failed.pop(kind, None)
            logger.info("%s engine %s loaded in %.1f s", kind, self.name(kind), time.monotonic() - started)

    def release_memory(self) -> None:
        """Free the memory that no engine uses at the moment."""
        gc.collect()
        for engine in self._engines.values():
            if release := getattr(engine, "release_memory", None):
                release()

    def is_settled(self, kind: EngineKind) -> bool:
        """Tell whether the engine is loaded, or failed to so recently that trying again is idle."""
        failed = self._failed.get(kind)
        just_failed = failed is not None and time.monotonic() - failed.at < LOAD_AGAIN_AFTER_SECONDS
        return kind in self._engines or just_failed

    def states(self) -> dict[str, ModelState]:
        """Return, by engine kind, `{"status": "loaded" | "failed" | "not_loaded"}` and why it failed.

        A loaded engine's `mode` is its name; `parts` is there where it has some.
        """
        return {kind: self._state(kind) for kind in self.chosen}

    def name(self, kind: EngineKind) -> str:
        """Return what to call the engine: its own `name`, or the setting that chose it."""
        return bounded_name(str(getattr(self._engines.get(kind), "name", self.chosen[kind])))

    def version(self, kind: EngineKind) -> str:
        """Return what else a loaded engine's answers depend on: its own `version`; empty without one."""
        return str(getattr(self._engines.get(kind), "version", ""))

    @property
    def transcriber(self) -> Transcriber:
        """The loaded transcriber. Raises `EngineUnavailableError`."""
        transcriber: Transcriber = self._get(EngineKind.STT)
        return transcriber

    @property
    def tutor(self) -> Tutor:
        """The loaded tutor. Raises `EngineUnavailableError`."""
        tutor: Tutor = self._get(EngineKind.LLM)
        return tutor

    @property
    def synthesizer(self) -> Synthesizer:
        """The loaded synthesizer. Raises `EngineUnavailableError`."""
        synthesizer: Synthesizer = self._get(EngineKind.TTS)
        return synthesizer

    def _get(self, kind: EngineKind) -> Any:
        if kind not in self._engines:
            raise EngineUnavailableError("This part of the tutor is not available right now.")
        return self._engines[kind]

    def _state(self, kind: EngineKind) -> ModelState:
        if kind in self._engines:
            parts = getattr(self._engines[kind], "parts", None)
            return {"status": "loaded", "mode": self.name(kind)} | (
                {"parts": _bounded_parts(parts)} if parts else {}
            )
        failed = self._failed.get(kind)
        return {"status": "failed", "reason": failed.reason} if failed else {"status": "not_loaded"}


def _bounded_parts(parts: Mapping[str, str]) -> dict[str, str]:
    return {bounded_name(name): bounded_name(state) for name, state in list(parts.items())[:_MOST_PARTS]}


def _recipe_of(kind: EngineKind, name: str) -> _Recipe:
    recipe = _BUILT_IN[kind].get(name, _Recipe(name))
    if ":" not in recipe.path:
        known = ", ".join(sorted(_BUILT_IN[kind]))
        raise UnknownEngineError(
            f"{kind.upper()}_ENGINE={name} is not an engine: use {known}, or package.module:ClassName"
        )
    return recipe


def _check_plug_in(kind: EngineKind, path: str) -> None:
    try:
        engine = _find_class(path)
    except Exception as error:
        raise EngineUnavailableError(
            f"{kind.upper()}_ENGINE={path} cannot be imported: {type(error).__name__}"
        ) from error
    if not callable(getattr(engine, _METHODS[kind], None)):
        raise EngineUnavailableError(f"{kind.upper()}_ENGINE={path} has no method {_METHODS[kind]}")


def _find_class(path: str) -> Any:
    module_name, _, class_name = path.partition(":")
    return getattr(import_module(module_name), class_name)


def _build(recipe: _Recipe, settings: WorkerSettings) -> object:
    try:
        return _find_class(recipe.path)(**recipe.arguments(settings))
    except EngineError:
        raise
    except Exception as error:
        raise EngineUnavailableError(f"{recipe.path} could not be loaded: {type(error).__name__}") from error
