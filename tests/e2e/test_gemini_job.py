"""The gemini tutor in the whole product; the provider is a local server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from local.ports import free_port
from local.programs import preflight, programs
from local.settings import LauncherSettings
from tests.support.contract import succeeded
from tests.support.gemini_server import (
    GOOD_FORM,
    TOKENS_READ,
    TOKENS_THOUGHT,
    TOKENS_WRITTEN,
    GeminiServer,
    blocked,
    filled,
)
from tests.support.stack import Stack, running_stack

ROOT = Path(__file__).parents[2]
KEY = "AIza-a-secret-key"
SENTENCE = "GEMINI_API_KEY is not set, and the gemini tutor cannot answer without it."


@pytest.fixture(scope="module")
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        yield running


@pytest.fixture(scope="module")
def gemini_stack(
    tmp_path_factory: pytest.TempPathFactory,
    create_migrated_database: Callable[[], str],
    server: GeminiServer,
) -> Iterator[Stack]:
    extra = {"LLM_ENGINE": "gemini", "GEMINI_API_KEY": KEY, "GEMINI_BASE_URL": server.url}
    directory = tmp_path_factory.mktemp("gemini")
    with running_stack(directory, create_migrated_database(), "api", "llm", extra=extra) as running:
        yield running


def test_two_turns_are_answered_and_the_second_prompt_has_the_first(
    gemini_stack: Stack, server: GeminiServer
) -> None:
    server.forget()
    for message in ("I am go to market", "Yes, I am go now"):
        job = gemini_stack.text_chat("asha", message, conversation_id="two-turns", speak=[])
        result = succeeded(gemini_stack, job["id"])["result"]
        assert result["reply_text"] == GOOD_FORM["reply_text"]
        assert (result["correction"], result["score"]) == ("am go → am going", 70)
        assert (result["hinglish_explanation"], result["warnings"]) == (GOOD_FORM["hinglish_explanation"], [])

    _, second = server.asked
    assert "Correct at most ONE mistake" in second.system_prompt()
    turns = [json.loads(text) for _, text in second.texts()]
    assert turns[0] == {"learner_said": "I am go to market"}
    assert turns[1] == {"reply_text": GOOD_FORM["reply_text"], "mistake": GOOD_FORM["mistake"]}
    assert turns[2] == {"learner_said": "Yes, I am go now"}


def test_the_tokens_reach_the_days_usage(gemini_stack: Stack) -> None:
    succeeded(gemini_stack, gemini_stack.text_chat("tara", "I am go", speak=[])["id"])

    [day] = gemini_stack.sql(
        "SELECT tokens_in, tokens_out FROM daily_usage JOIN learners l ON l.id = learner_id"
        " WHERE user_id = 'tara'"
    )
    assert tuple(day) == (TOKENS_READ, TOKENS_WRITTEN + TOKENS_THOUGHT)


def test_a_blocked_message_succeeds_with_a_warning(gemini_stack: Stack, server: GeminiServer) -> None:
    server.forget()
    server.script(blocked("SAFETY"))

    result = succeeded(gemini_stack, gemini_stack.text_chat("asha", "something", speak=[])["id"])["result"]

    assert (result["correction"], result["hinglish_explanation"], result["score"]) == (None, None, None)
    assert [warning["code"] for warning in result["warnings"]] == ["message_blocked"]


def test_the_model_shows_in_the_job_and_the_key_only_in_the_tutors_worker(gemini_stack: Stack) -> None:
    job = succeeded(gemini_stack, gemini_stack.text_chat("asha", "Hello", speak=[])["id"])

    assert job["engines"]["llm"] == "gemini-3.6-flash"
    assert gemini_stack.process("llm").environ()["GEMINI_API_KEY"] == KEY
    assert "GEMINI_API_KEY" not in gemini_stack.process("api").environ()
    assert KEY not in gemini_stack.logs()


def test_the_queue_without_a_worker_shows_in_health(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    with running_stack(tmp_path, create_migrated_database(), "api", "maintenance") as stack:
        queues = stack.client.get("/health").json()["dependencies"]["workers"]["queues"]

    assert queues["llm"] == {"ok": False, "workers": 0}


def worker_command() -> Sequence[str]:
    [worker] = [each for each in programs(LauncherSettings(), {}) if each.name == "llm"]
    return worker.command


@pytest.mark.parametrize(
    ("command", "prefix"),
    [
        (worker_command(), "The worker does not start: "),
        (preflight(), "The workers cannot start: "),
        ((sys.executable, "-m", "local"), "The workers cannot start: "),
    ],
    ids=["the LLM worker", "the preflight", "make run"],
)
def test_in_prod_nothing_starts_without_a_key_and_one_sentence_says_so(
    tmp_path: Path, command: Sequence[str], prefix: str
) -> None:
    ours = {
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",  # Celery's, where the tests are run by root
        "APP_ENV": "prod",
        "STT_ENGINE": "tests.support.engines_for_tests:QuickTranscriber",
        "TTS_ENGINE": "espeak",
        "DATA_DIR": str(tmp_path / "data"),
        "PORT": str(free_port()),
        "FLOWER_PORT": str(free_port()),
        "METRICS_PORT": str(free_port(in_a_row=3)),
    }
    unset = ("GEMINI_API_KEY", "LLM_ENGINE", "DATABASE_URL", "REDIS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in unset} | ours

    ended = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    [line] = (ended.stdout + ended.stderr).splitlines()
    assert line.endswith(prefix + SENTENCE)


def test_a_due_mistake_is_in_the_prompt_and_is_repaired_by_the_models_judgement(
    gemini_stack: Stack, server: GeminiServer
) -> None:
    def say(message: str, user_id: str = "meera", **form: object) -> dict[str, object]:
        server.script(filled(**form))
        job = gemini_stack.text_chat(user_id, message, conversation_id="practice", speak=[])
        result: dict[str, object] = succeeded(gemini_stack, job["id"])["result"]
        return result

    def prompted() -> dict[str, object]:
        told: dict[str, object] = json.loads(server.asked[-1].texts()[-1][1])
        return told

    def make_due() -> None:
        gemini_stack.sql("UPDATE mistakes SET due_at = now() - interval '1 hour' RETURNING id")

    server.forget()
    other = say("He like tea", "ravi", mistake={"wrong": "like", "right": "likes", "category": "agreement"})
    first = say("I am go to market")
    assert (other["mistake_category"], first["mistake_category"]) == ("subject_verb_agreement", "verb_tense")
    make_due()

    practised = [{"id": 1, "used": "no", "invited": True}]
    say("I like tea", mistake=None, practised=practised)
    told = {"id": 1, "wrong": "am go", "right": "am going", "category": "verb_tense"}
    assert prompted() == {"learner_said": "I like tea", "practise": [told]}

    for number in range(3):
        make_due()
        say(f"Now I am going out {number}", mistake=None, practised=[practised[0] | {"used": "rightly"}])
        assert [each["id"] for each in prompted()["practise"]] == [1]  # type: ignore[attr-defined]
    say("And what now?", mistake=None, practised=None)
    assert "practise" not in prompted()

    rows = gemini_stack.sql(
        "SELECT state, used_rightly, times, mistakes.id::text FROM mistakes"
        " JOIN learners ON learners.id = learner_id WHERE user_id = 'meera'"
    )
    assert [tuple(row) for row in rows] == [("repaired", 3, 1, first["mistake_id"])]
