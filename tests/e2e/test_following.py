"""Following a job: every event once and in order, while it happens or after, resumed anywhere."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.support.contract import TEXT, assert_problem
from tests.support.following import assert_complete, follow, stream
from tests.support.stack import Stack, eventually, running_stack

LONG = "I am go to market. He don't like tea. Yesterday I go to school with my friend."


def accepted(stack: Stack, message: str = LONG, **body: object) -> dict[str, object]:
    response = stack.client.post(TEXT, json={"user_id": "asha", "message": message, **body})
    assert response.status_code == 202
    job: dict[str, object] = response.json()
    return job


def events_url(job: dict[str, object]) -> str:
    links = job["links"]
    assert isinstance(links, dict)
    return str(links["events"])


def test_a_turn_is_told_from_its_acceptance_to_its_end(stack: Stack) -> None:
    job = accepted(stack)

    events = follow(stack.client, events_url(job))

    assert_complete(events)
    types = [event.type for event in events]
    assert types[:2] == ["job.queued", "job.started"]
    assert types[-1] == "job.succeeded"
    sentences = [event.data["text"] for event in events if event.type == "reply.sentence"]
    (reply,) = (event.data for event in events if event.type == "reply.done")
    assert " ".join(sentences) == reply["reply_text"]
    pieces = [event.data for event in events if event.type == "speech.piece"]
    assert [piece["index"] for piece in pieces] == list(range(len(pieces)))
    for piece in pieces:
        sound = stack.client.get(piece["audio_url"])
        assert sound.status_code == 200
        assert sound.content
    assert events[-1].data["result"]["audio_url"] is not None
    assert [piece["text"] for piece in events[-1].data["result"]["speech"]] == [
        piece["text"] for piece in pieces
    ]


def test_a_job_that_ended_before_it_is_followed_tells_everything_at_once(stack: Stack) -> None:
    job = accepted(stack)
    stack.finished(str(job["id"]))

    first = follow(stack.client, events_url(job))
    second = follow(stack.client, f"/jobs/{job['id']}/events")

    assert_complete(first)
    assert [(event.type, event.id) for event in first] == [(event.type, event.id) for event in second]


def test_a_stream_is_resumed_after_any_event(stack: Stack) -> None:
    job = accepted(stack)
    stack.finished(str(job["id"]))
    whole = follow(stack.client, events_url(job))

    for seen in range(1, len(whole)):
        by_header = follow(stack.client, events_url(job), **{"Last-Event-ID": str(seen)})
        by_query = follow(stack.client, f"{events_url(job)}&after={seen}")
        assert_complete(by_header, after=seen)
        # Not their links: these are signed when they are told.
        assert [event.id for event in by_header] == [event.id for event in by_query]
        assert [event.type for event in by_header] == [event.type for event in whole[seen:]]


def test_resuming_after_the_end_is_204(stack: Stack) -> None:
    job = accepted(stack)
    stack.finished(str(job["id"]))
    last = follow(stack.client, events_url(job))[-1].id

    answer = stack.client.get(events_url(job), headers={"Last-Event-ID": str(last)})

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_stream_that_was_cut_anywhere_is_resumed_without_loss(stack: Stack) -> None:
    job, seen, told = accepted(stack), 0, []
    for _ in range(100):
        with stream(stack.client, events_url(job), **{"Last-Event-ID": str(seen)}) as events:
            event = next((event for event in events if event.id is not None), None)
        assert event is not None
        told.append(event)
        seen = event.id or 0
        if event.type == "job.succeeded":
            break

    assert_complete(told)


def test_what_is_wrong_is_told_before_the_first_byte(stack: Stack) -> None:
    job = accepted(stack)

    assert_problem(stack.client.get(f"/jobs/{uuid4()}/events"), 404, "not_found")
    assert_problem(stack.client.get(f"/jobs/{job['id']}/events?user_id=ravi"), 404, "not_found")
    assert_problem(stack.client.get(f"{events_url(job)}0"), 403, "invalid_signature")
    assert_problem(stack.client.get(f"/jobs/{job['id']}/events?after=-1"), 422, "invalid_request")
    assert_problem(
        stack.client.get(f"/jobs/{job['id']}/events", headers={"Last-Event-ID": "x"}), 422, "invalid_request"
    )


def test_head_does_not_wait(stack: Stack) -> None:
    job = accepted(stack)

    answer = stack.client.head(events_url(job))

    assert (answer.status_code, answer.content) == (200, b"")


def test_many_follow_one_job(stack: Stack) -> None:
    job = accepted(stack)

    with ThreadPoolExecutor(20) as threads:
        streams = list(threads.map(lambda _: follow(stack.client, events_url(job)), range(20)))

    for events in streams:
        assert_complete(events)


@pytest.fixture
def idle(tmp_path: Path, create_migrated_database: Callable[[], str]) -> Iterator[Stack]:
    """An API without workers: nothing that it accepts is ever done."""
    with running_stack(tmp_path, create_migrated_database(), "api") as running:
        eventually(lambda: "startup complete" in running.logs(), what="the API at work")
        yield running


def test_streams_end_when_the_api_is_asked_to_stop(idle: Stack) -> None:
    job = accepted(idle)
    with stream(idle.client, events_url(job)) as events:
        assert next(events).type == "job.queued"
        idle.stop_one("api")
        assert [event.type for event in events if event.id is not None] == []


def test_the_place_in_line_is_told_while_a_job_waits(idle: Stack) -> None:
    accepted(idle, conversation_id="other")
    job = accepted(idle)
    with stream(idle.client, events_url(job)) as events:
        place = next(event for event in events if event.type == "job.place")

    assert place.id is None
    assert place.data["queue_position"] == 2


def test_a_cancelled_job_is_told(idle: Stack) -> None:
    job = accepted(idle)
    with stream(idle.client, events_url(job)) as events:
        assert next(events).type == "job.queued"
        idle.client.post(f"/jobs/{job['id']}/cancel")
        told = [event for event in events if event.id is not None]

    assert [event.type for event in told] == ["job.cancelled"]
    assert told[0].data["status"] == "cancelled"


def test_a_deleted_job_ends_its_streams(idle: Stack) -> None:
    job = accepted(idle, conversation_id="gone")
    with stream(idle.client, events_url(job)) as events:
        assert next(events).type == "job.queued"
        answer = idle.client.delete("/api/v1/conversations/gone?user_id=asha")
        assert answer.status_code == httpx.codes.NO_CONTENT
        assert [event.type for event in events if event.id is not None] == []
