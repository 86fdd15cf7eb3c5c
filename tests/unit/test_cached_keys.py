"""When two answers are the same: what the cache's keys tell apart, and what they do not give away."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.support import engines_for_tests as plugged
from tests.support.engines_for_tests import engine
from worker.bootstrap import _BUILT_IN, EngineKind, Engines, _Recipe
from worker.engines.offline.fingerprint import rules_fingerprint
from worker.ports import Mistake, Turn, TutorRequest
from worker.prompts import PROMPT_VERSION
from worker.settings import WorkerSettings
from worker.stages.reuse import _VOICE_SETTINGS, reply_key, speech_key

ASHA, RAVI = UUID(int=1), UUID(int=2)
TURN = Turn("Hello", "Hello! How are you?", Mistake("Helo", "Hello", "spelling"))
REQUEST = TutorRequest("I am go to market", [TURN], timeout_seconds=60)


def loaded(tutor: type[object]) -> Engines:
    engines = Engines(WorkerSettings(_env_file=None, llm_engine=engine(tutor)))
    engines.load(EngineKind.LLM)
    return engines


def key(
    request: TutorRequest = REQUEST, tutor: type[object] = plugged.AskedTutor, learner_id: UUID = ASHA
) -> str:
    return reply_key(loaded(tutor), request, learner_id)


def test_the_same_question_has_the_same_key_whatever_time_there_is() -> None:
    assert key() == key() == key(replace(REQUEST, history=(TURN,), timeout_seconds=5))


@pytest.mark.parametrize(
    "request_",
    [
        replace(REQUEST, message="I am go to the market"),
        replace(REQUEST, history=[]),
        replace(REQUEST, history=[TURN, TURN]),
        replace(REQUEST, history=[replace(TURN, message="Helo")]),
        replace(REQUEST, history=[replace(TURN, reply="Hi!")]),
        replace(REQUEST, history=[replace(TURN, mistake=None)]),
        replace(REQUEST, unsure=()),
        replace(REQUEST, unsure=[(0, 1)]),
        replace(REQUEST, unsure=(), hindi=[(0, 1)]),
        TutorRequest("", [replace(TURN, mistake=None), Turn("I am go to market", "")], 60),
    ],
)
def test_another_message_or_another_past_is_another_question(request_: TutorRequest) -> None:
    assert key(request_) != key()


@pytest.mark.parametrize("tutor", [plugged.QuickTutor, plugged.RenamedTutor, plugged.RewordedTutor])
def test_another_tutor_model_or_prompt_gives_another_answer(tutor: type[object]) -> None:
    assert key(tutor=tutor) != key()


@pytest.mark.parametrize(
    "change",
    [
        {"gemini_model": "gemini-3.5-flash"},
        {"gemini_base_url": "https://elsewhere.example"},
        {"gemini_api_version": "v1beta"},
    ],
)
def test_the_gemini_tutor_says_what_its_answers_depend_on(change: dict[str, Any]) -> None:
    def gemini_key(**changes: object) -> str:
        values = {"llm_engine": "gemini", "gemini_api_key": "k", **changes}
        engines = Engines(WorkerSettings.model_validate(values))
        engines.load(EngineKind.LLM)
        assert f"prompt {PROMPT_VERSION} " in engines.version(EngineKind.LLM)
        return reply_key(engines, REQUEST, ASHA)

    assert gemini_key() == gemini_key()
    assert gemini_key(**change) != gemini_key()


def test_a_tutor_without_a_version_has_a_key_too() -> None:
    assert loaded(plugged.QuickTutor).version(EngineKind.LLM) == ""
    assert key(tutor=plugged.QuickTutor) == key(tutor=plugged.QuickTutor)


def voice(**changes: object) -> WorkerSettings:
    return WorkerSettings.model_validate({"tts_engine": "neural", **changes})


def spoken(settings: WorkerSettings, text: str = "Hello", learner_id: UUID = ASHA) -> str:
    return speech_key(settings, text, learner_id)


def test_a_user_is_never_given_an_answer_cached_for_another() -> None:
    assert key(learner_id=RAVI) != key()
    assert spoken(voice(), learner_id=RAVI) != spoken(voice())


def test_the_offline_tutor_says_which_rules_it_has() -> None:
    engines = Engines(WorkerSettings(_env_file=None, llm_engine="offline"))
    engines.load(EngineKind.LLM)

    assert engines.version(EngineKind.LLM) == rules_fingerprint()


def test_the_same_text_in_the_same_voice_has_the_same_key_in_every_worker() -> None:
    assert spoken(voice()) == spoken(voice(llm_timeout_seconds=1, data_dir="/d"))


@pytest.mark.parametrize(
    "change",
    [
        {"tts_engine": "espeak"},
        {"kokoro_english_voice": "af_heart"},
        {"kokoro_hindi_voice": "/voices/asha.bin"},
        {"chatterbox_model": "/models/other"},
        {"chatterbox_voice": "/clips/asha.wav"},
        {"indicf5_model": "/models/other"},
        {"indicf5_voice": "/clips/asha.wav", "indicf5_voice_text": "नमस्ते"},
        {"indicf5_voice_text": "नमस्ते"},
    ],
)
def test_another_voice_or_another_text_sounds_otherwise(change: dict[str, Any]) -> None:
    assert spoken(voice(**change)) != spoken(voice())
    assert spoken(voice(), "Hello.") != spoken(voice())


def read_by(recipe: _Recipe) -> set[str]:
    """Return the settings that the engine's recipe reads."""
    names: set[str] = set()

    class Noting(WorkerSettings):
        def __getattribute__(self, name: str) -> Any:
            names.add(name)
            return super().__getattribute__(name)

    settings = Noting(_env_file=None)
    names.clear()  # what the settings read to check themselves
    recipe.arguments(settings)
    return names & WorkerSettings.model_fields.keys()


def settings_of_voices() -> set[str]:
    """Return what a built-in voice reads, and what begins with the name of one or of a neural model."""
    voices = _BUILT_IN[EngineKind.TTS]
    families = ("tts", "chatterbox", "indicf5", *voices)
    named = {
        name for name in WorkerSettings.model_fields if name.startswith(tuple(f"{f}_" for f in families))
    }
    return named.union(*(read_by(recipe) for recipe in voices.values()))


def test_every_setting_that_can_change_a_voice_is_part_of_its_key() -> None:
    unheard = {
        "kokoro_threads": "how many threads compute the same sound",
        "tts_timeout_seconds": "how long a sound may take",
        "app_env": "on which device a voice runs; the engines that it chooses are settings of their own",
        "data_dir": "where weights and prepared clips are kept",
    }

    assert settings_of_voices() - unheard.keys() == _VOICE_SETTINGS
    assert unheard.keys() <= settings_of_voices()


def test_no_words_are_in_a_key() -> None:
    for each in (key(), spoken(voice(), "I am go to market")):
        learner, kind, digest = each.split(":")
        assert learner == str(ASHA)
        assert kind in {"reply", "speech"}
        assert len(digest) == 64
        assert set(digest) <= set("0123456789abcdef")
