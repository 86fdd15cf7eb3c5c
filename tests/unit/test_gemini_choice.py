"""When the gemini tutor is chosen, what it needs, and who never has its key."""

import logging

import pytest
from pydantic import ValidationError

from api.settings import ApiSettings
from local.settings import LauncherSettings
from shared.settings import SharedSettings
from worker.bootstrap import EngineKind, Engines
from worker.engines.gemini import GeminiTutor
from worker.errors import EngineUnavailableError
from worker.settings import WorkerSettings

KEY = "AIza-a-secret-key"
LIGHT = {"stt_engine": "tests.support.engines_for_tests:QuickTranscriber", "tts_engine": "espeak"}


def settings(**given: object) -> WorkerSettings:
    """Return settings from these values alone, whatever the environment has."""
    bare = {"gemini_api_key": None, "gemini_base_url": None, "llm_engine": ""}
    return WorkerSettings.model_validate(LIGHT | bare | given)


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ({}, "offline"),
        ({"gemini_api_key": KEY}, "gemini"),
        ({"gemini_api_key": KEY, "llm_engine": "offline"}, "offline"),
        ({"app_env": "prod"}, "gemini"),
        ({"app_env": "prod", "gemini_api_key": KEY}, "gemini"),
    ],
)
def test_a_key_chooses_gemini_in_dev_and_prod_needs_it(given: dict[str, object], chosen: str) -> None:
    assert settings(**given).llm_engine == chosen


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_the_sentence_names_the_setting_and_nothing_is_loaded(key: str | None) -> None:
    engines = Engines(settings(llm_engine="gemini", gemini_api_key=key))
    sentence = "GEMINI_API_KEY is not set, and the gemini tutor cannot answer without it."

    for attempt in (engines.check, engines.load):
        with pytest.raises(EngineUnavailableError) as refusal:
            attempt(EngineKind.LLM)
        assert str(refusal.value) == sentence
    assert engines.states()["llm"] == {"status": "failed", "reason": sentence}


@pytest.mark.parametrize("key", ["AIza key\n2", "ключ"])
def test_a_key_that_no_header_can_carry_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(EngineUnavailableError, match="GEMINI_API_KEY") as refusal:
        Engines(settings(gemini_api_key=key)).check(EngineKind.LLM)

    assert key not in str(refusal.value)


@pytest.mark.parametrize("kind", EngineKind)
def test_what_has_all_it_needs_passes_the_check(kind: EngineKind) -> None:
    Engines(settings(gemini_api_key=KEY)).check(kind)


def test_the_tutor_is_built_from_the_settings(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    engines = Engines(
        settings(
            gemini_api_key=f" {KEY}\n",
            gemini_model="gemini-3.5-flash",
            gemini_base_url="http://proxy:a-password@localhost:1",
        )
    )

    engines.load(EngineKind.LLM)

    assert isinstance(engines.tutor, GeminiTutor)
    assert engines.states()["llm"] == {"status": "loaded", "mode": "gemini-3.5-flash"}
    assert "http://***@localhost:1" in caplog.text
    assert KEY not in caplog.text
    assert "a-password" not in caplog.text


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="gemini_base_url"):
        settings(gemini_base_url="localhost:8080")


def test_the_key_does_not_show_in_the_settings() -> None:
    assert KEY not in repr(settings(gemini_api_key=KEY))


@pytest.mark.parametrize("cls", [SharedSettings, ApiSettings, LauncherSettings])
def test_no_other_program_reads_the_tutors_settings(cls: type[SharedSettings]) -> None:
    assert not any("gemini" in name for name in cls.model_fields)
