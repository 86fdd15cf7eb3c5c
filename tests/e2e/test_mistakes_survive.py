"""A learner's mistakes with two API processes and workers that are killed: nothing is counted twice."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.contract import succeeded
from tests.support.gated_engines import Gate, GatedCorrector
from tests.support.stack import WORKERS, Stack, eventually, running_stack

USER = "meera"


@pytest.fixture(scope="module")
def corrected_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], gate: Gate
) -> Iterator[Stack]:
    """Two API processes on one port, and every worker; the tutor waits at its gate."""
    corrector = f"{GatedCorrector.__module__}:{GatedCorrector.__name__}"
    extra = gate.settings("llm") | {"LLM_ENGINE": corrector, "WEB_CONCURRENCY": "2"}
    directory = tmp_path_factory.mktemp("corrected")
    with running_stack(directory, create_migrated_database(), "api", *WORKERS, extra=extra) as running:
        yield running


def mistake(stack: Stack) -> dict[str, Any]:
    [found] = stack.client.get(f"/api/v1/users/{USER}/mistakes").json()["items"]
    assert isinstance(found, dict)
    return found


def pass_days(stack: Stack, days: int) -> None:
    """Let days pass: what is known of mistakes moves back in time."""
    shift = f"- interval '{days} days'"
    stack.sql(f"UPDATE mistake_uses SET used_at = used_at {shift} RETURNING id")  # noqa: S608
    stack.sql(
        f"UPDATE mistakes SET first_seen_at = first_seen_at {shift}, last_seen_at = last_seen_at {shift},"  # noqa: S608
        f" due_at = due_at {shift}, card = card || jsonb_build_object('due',"
        f" to_char((card ->> 'due')::timestamptz {shift}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00'),"
        f" 'last_review', to_char((card ->> 'last_review')::timestamptz {shift},"
        " 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00')) RETURNING id"
    )


def test_wrong_on_two_days_and_right_from_the_fifth_on_with_a_killed_worker(
    corrected_stack: Stack, gate: Gate
) -> None:
    stack = corrected_stack

    def say(message: str, *, kill: bool = False) -> None:
        gate.shut()
        headers = {"Idempotency-Key": f"turn-{len(seen)}"}
        body = {"user_id": USER, "message": message, "conversation_id": "days", "speak": []}
        jobs = {
            stack.client.post("/api/v1/ai/text-chat", json=body, headers=headers).json()["id"]
            for _ in range(4)
        }
        eventually(lambda: gate.busy("llm"), what="the tutor at work")
        if kill:
            stack.kill("llm")
            gate.forget()
            stack.start("llm")
            eventually(lambda: gate.busy("llm"), what="the new worker at work")
        gate.open()
        [job] = jobs
        succeeded(stack, job)
        seen.append(mistake(stack))

    seen: list[dict[str, Any]] = []
    say("I am go to market", kill=True)
    pass_days(stack, 2)
    say("Now I am go home")
    pass_days(stack, 2)
    say("I am going to school", kill=True)
    for _ in range(3):
        after = datetime.fromisoformat(seen[-1]["due_at"]) - datetime.now().astimezone()
        pass_days(stack, after.days + 1)
        say("I am going out")

    counts = [(each["times"], each["used_rightly"], each["state"]) for each in seen]
    assert counts == [
        (1, 0, "open"),
        (2, 0, "open"),
        (2, 1, "open"),
        (2, 2, "open"),
        (2, 3, "repaired"),
        (2, 4, "repaired"),
    ]
    [(uses, jobs)] = stack.sql("SELECT count(*), count(DISTINCT turn) FROM mistake_uses")
    assert (uses, jobs) == (6, 6)
    [(times, repaired)] = stack.sql("SELECT sum(times), sum(repaired) FROM daily_mistakes")
    assert (times, repaired) == (2, 1)
    assert timedelta(0) < datetime.fromisoformat(seen[-1]["due_at"]) - datetime.now().astimezone()
