"""Cancelling a job, and trying a failed one again."""

from collections.abc import Callable, Iterator

import pytest

from tests.support.contract import assert_problem
from tests.support.gated_engines import Gate
from tests.support.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.usefixtures("shut_gate")


@pytest.fixture(scope="module")
def gated(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    extra = gate.settings("llm") | {"LLM_TIMEOUT_SECONDS": "15"}
    directory = tmp_path_factory.mktemp("controlled")
    with running_stack(directory, create_migrated_database(), extra=extra) as running:
        yield running


def test_a_waiting_job_is_cancelled_at_once_and_lets_the_next_turn_go(gated: Stack, gate: Gate) -> None:
    first, second, third = (
        gated.text_chat("asha", f"turn {number}", conversation_id="cancelled", speak=[])
        for number in range(3)
    )
    cancelled = gated.client.post(second["links"]["cancel"]).json()
    assert (cancelled["status"], cancelled["done"]) == ("cancelled", True)
    gate.open()
    assert gated.finished(first["id"])["status"] == "succeeded"
    assert "I remember 1 turns" in gated.finished(third["id"])["result"]["reply_text"]


def test_a_running_job_is_cancelled_between_stages(gated: Stack, gate: Gate) -> None:
    job = gated.text_chat("asha", "hello")
    eventually(lambda: gate.busy("llm"), what="the tutor at work")
    assert gated.client.post(job["links"]["cancel"]).json()["status"] == "running"
    gate.open()
    assert gated.finished(job["id"])["status"] == "cancelled"
    assert gated.sql("SELECT 1 FROM messages WHERE job_id = :job", job=job["id"]) == []


def test_the_wait_form_of_a_cancelled_job_says_so(gated: Stack, gate: Gate) -> None:
    headers = {"Idempotency-Key": "to-be-cancelled"}
    body = {"user_id": "asha", "message": "hello"}
    job = gated.client.post("/api/v1/ai/text-chat", json=body, headers=headers).json()
    eventually(lambda: gate.busy("llm"), what="the tutor at work")
    gated.client.post(job["links"]["cancel"])
    gate.open()
    gated.finished(job["id"])
    assert_problem(
        gated.client.post("/api/v1/ai/text-chat/wait", json=body, headers=headers), 409, "cancelled"
    )


def test_cancelling_leaves_a_finished_job_as_it_is(gated: Stack, gate: Gate) -> None:
    gate.open()
    job = gated.finished(gated.text_chat("asha", "hello", speak=[])["id"])
    assert gated.client.post(job["links"]["cancel"]).json()["status"] == "succeeded"


def test_a_failed_job_runs_again_as_a_new_turn(gated: Stack, gate: Gate) -> None:
    failed = gated.finished(gated.text_chat("asha", "first", conversation_id="retried", speak=[])["id"])
    assert failed["error"]["code"] == "llm_timeout"
    gate.open()
    gated.finished(gated.text_chat("asha", "second", conversation_id="retried", speak=[])["id"])
    response = gated.client.post(failed["links"]["retry"])
    assert (response.status_code, response.json()["error"]) == (202, None)
    done = gated.finished(failed["id"])
    assert "I remember 1 turns" in done["result"]["reply_text"]
    said = gated.sql(
        "SELECT text FROM messages JOIN conversations c ON c.id = conversation_id "
        "WHERE public_id = 'retried' AND role = 'learner' ORDER BY turn"
    )
    assert [text for (text,) in said] == ["second", "first"]


def test_only_a_failed_job_can_run_again(gated: Stack, gate: Gate) -> None:
    gate.open()
    job = gated.finished(gated.text_chat("asha", "hello", speak=[])["id"])
    assert_problem(gated.client.post(job["links"]["retry"]), 409, "not_retryable")


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_another_users_job_is_not_found(gated: Stack, action: str) -> None:
    job = gated.text_chat("asha", "hello", speak=[])
    response = gated.client.post(job["links"][action], params={"user_id": "ravi"})
    assert_problem(response, 404, "not_found")
    gated.client.post(job["links"]["cancel"])
