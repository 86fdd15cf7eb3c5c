"""Loading the models on request."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
from redis import Redis

from tests.support.contract import assert_problem
from tests.support.stack import Stack, running_stack

INIT = "/api/v1/ai/init-models"
CALLERS = 300


def test_every_model_is_loaded_and_health_shows_it(stack: Stack) -> None:
    response = stack.client.post(INIT)
    assert response.status_code == 200, response.text
    assert response.json() == {
        "stt": {"status": "loaded", "mode": "whisper base"},
        "llm": {"status": "loaded"},
        "tts": {"espeak-ng": "loaded"},
    }
    engines = stack.client.get("/health").json()["engines"]
    assert {engine["status"] for engine in engines.values()} == {"loaded"}


def test_three_hundred_callers_at_once_are_one_loading_after_another(stack: Stack) -> None:
    async def call_all() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=CALLERS)
        async with httpx.AsyncClient(base_url=stack.settings.local_url, timeout=90, limits=limits) as client:
            return await asyncio.gather(*(client.post(INIT) for _ in range(CALLERS)))

    with Redis.from_url(stack.redis.url) as redis:
        before = sent(redis)
        answers = asyncio.run(call_all())
        hints = sent(redis) - before

    assert [answer.status_code for answer in answers] == [200] * CALLERS
    assert {answer.text for answer in answers} == {answers[0].text}
    # Each by itself would ask two workers: 600 hints. A few are the sweep's.
    assert hints < CALLERS / 2


def sent(redis: Redis) -> int:
    """Return how many hints Redis was ever given."""
    return int(redis.info("commandstats")["cmdstat_lpush"]["calls"])


def test_a_voice_of_two_models_is_shown_by_their_names(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    extra = {"TTS_ENGINE": "tests.support.engines_for_tests:TwoVoices"}
    with running_stack(tmp_path, create_migrated_database(), "api", "gpu", extra=extra) as stack:
        states = stack.client.post(INIT).json()
        assert states["tts"] == {"turbo": "loaded", "indicf5": "loaded"}
        assert states["stt"] == {"status": "loaded", "mode": "whisper base"}
        voice = stack.client.get("/health").json()["engines"]["tts"]
        assert voice == {"engine": "two voices", "status": "loaded", "reason": None}


def test_a_model_that_cannot_load_says_why(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    extra = {"TTS_ENGINE": "tests.support.engines_for_tests:UnloadableVoice"}
    with running_stack(tmp_path, create_migrated_database(), "api", "gpu", extra=extra) as stack:
        states = stack.client.post(INIT).json()
        assert states["stt"]["status"] == "loaded"
        assert states["tts"]["status"] == "failed"
        assert "UnloadableVoice" in states["tts"]["reason"]
        assert states["llm"] == {"status": "failed", "reason": "no worker serves it"}
        assert stack.client.get("/health").json()["status"] == "degraded"
        stack.redis.kill()
        assert_problem(stack.client.post(INIT), 503, "broker_unavailable")
