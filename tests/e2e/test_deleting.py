"""Deleting a conversation takes everything of it, and nothing of any other."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import httpx
import pytest
from sqlmodel import SQLModel

from shared import conversations
from shared.models import AudioObject, Conversation, DailyUsage, Job, JobEvent, Message, Step
from shared.storage import FLAC, MP3
from tests.e2e.conftest import Counter
from tests.support.contract import CONVERSATIONS, TEXT, assert_problem, send_together
from tests.support.factories import ASHA
from tests.support.stack import eventually


def delete(counter: Counter, user_id: str, public_id: str = "talk") -> httpx.Response:
    return counter.client.delete(f"{CONVERSATIONS}/{public_id}", params={"user_id": user_id})


def owned(counter: Counter, user_id: str) -> dict[str, int]:
    """Count what the database holds of the user's conversations."""
    of_user = "FROM conversations c JOIN jobs j ON j.conversation_id = c.id {} WHERE c.learner_id = :user"
    counts = {
        "conversations": "FROM conversations WHERE learner_id = :user",
        "messages": "FROM messages m JOIN conversations c ON c.id = conversation_id WHERE learner_id = :user",
        "jobs": of_user.format(""),
        "steps": of_user.format("JOIN steps s ON s.job_id = j.id"),
        "job_events": of_user.format("JOIN job_events e ON e.job_id = j.id"),
        "audio_objects": of_user.format(
            "JOIN audio_objects a ON a.id IN (upload_id, reply_audio_id, explanation_audio_id)"
        ),
    }
    return {
        name: counter.stack.sql(f"SELECT count(*) {counted}", user=counter.bench.learner(user_id).id)[0].count
        for name, counted in counts.items()
    }


def all_ids(counter: Counter, *tables: type[SQLModel]) -> set[object]:
    return {row.model_dump()["id"] for table in tables for row in counter.bench.all(table)}


@pytest.fixture(autouse=True)
def nothing_yet(counter: Counter) -> None:
    counter.stack.forget_jobs()


def test_everything_of_the_conversation_goes_and_all_others_stay(counter: Counter) -> None:
    files = [counter.file(sound) for sound in counter.sounds(counter.spoken_turn("asha", "talk"))]
    counter.bench.text(user_id="asha", conversation="talk")
    kept = [counter.spoken_turn("asha", "other"), counter.spoken_turn("ravi", "talk")]
    kept_files = [counter.file(sound) for job_id in kept for sound in counter.sounds(job_id)]
    before = {user: owned(counter, user) for user in ("asha", "ravi")}

    response = delete(counter, "asha")

    assert (response.status_code, response.content) == (204, b"")
    assert before["asha"] == {
        "conversations": 2,
        "messages": 4,
        "jobs": 3,
        "steps": 9,
        "job_events": 15,
        "audio_objects": 6,
    }
    assert owned(counter, "asha") == owned(counter, "ravi") == before["ravi"]
    # Nothing is left that belongs to nobody, either.
    left = (Conversation, Job, Message, Step, JobEvent)
    assert [len(counter.bench.all(table)) for table in left] == [2, 2, 4, 8, 14]
    assert len(counter.bench.all(AudioObject)) == 6
    assert [path.exists() for path in files] == [False] * 3
    assert [path.exists() for path in kept_files] == [True] * 6


def test_a_deleted_conversation_is_not_found_any_more(counter: Counter) -> None:
    job_id = counter.spoken_turn("asha", "talk")
    (learners, _) = counter.client.get(f"{CONVERSATIONS}/talk", params={"user_id": "asha"}).json()["items"]
    delete(counter, "asha")

    assert_problem(delete(counter, "asha"), 404, "not_found")
    assert_problem(counter.client.get(f"{CONVERSATIONS}/talk", params={"user_id": "asha"}), 404, "not_found")
    assert_problem(counter.client.get(f"/jobs/{job_id}"), 404, "not_found")
    assert_problem(counter.client.get(learners["audio_url"]), 404, "not_found")
    for path in (CONVERSATIONS, "/jobs"):
        assert counter.client.get(path, params={"user_id": "asha"}).json()["items"] == []


def test_what_was_counted_stays_counted(counter: Counter) -> None:
    counter.spoken_turn("asha", "talk")
    (before,) = counter.bench.all(DailyUsage)
    delete(counter, "asha")
    assert counter.bench.all(DailyUsage) == [before]


def test_the_name_can_be_used_again_and_remembers_nothing(counter: Counter) -> None:
    counter.spoken_turn("asha", "talk")
    delete(counter, "asha")

    counter.stack.text_chat("asha", "Hello", conversation_id="talk")

    assert [row.last_turn for row in counter.bench.all(Conversation)] == [1]
    response = counter.client.get(f"{CONVERSATIONS}/talk", params={"user_id": "asha"})
    assert (response.status_code, response.json()["items"]) == (200, [])


def test_a_key_whose_job_is_deleted_makes_a_new_job(counter: Counter) -> None:
    def post() -> httpx.Response:
        body = {"user_id": "asha", "message": "Hello", "conversation_id": "talk"}
        return counter.client.post(TEXT, json=body, headers={"Idempotency-Key": "k"})

    first = post().json()["id"]
    assert post().json()["id"] == first
    delete(counter, "asha")
    again = post()
    assert (again.status_code, again.json()["id"] != first) == (202, True)


def test_a_sound_that_another_conversation_uses_too_stays(counter: Counter) -> None:
    shared = counter.sounds(counter.spoken_turn("ravi", "talk"))
    own = counter.sound(b"own", FLAC)
    counter.spoken_turn("asha", "talk", sounds=[own, *shared[1:]])
    own_file = counter.file(own)

    delete(counter, "asha")

    assert not own_file.exists()
    assert {row.id for row in counter.bench.all(AudioObject)} == set(shared)
    assert all(counter.file(sound).exists() for sound in shared)


def test_sounds_that_cannot_be_removed_are_left_as_orphans(counter: Counter) -> None:
    sounds = counter.sounds(counter.spoken_turn("asha", "talk"))
    for sound in sounds:
        counter.file(sound).unlink()
        counter.file(sound).mkdir()

    assert delete(counter, "asha").status_code == 204

    assert owned(counter, "asha")["conversations"] == 0
    assert {row.id for row in counter.bench.all(AudioObject)} == set(sounds)
    assert "left to be removed as orphans" in counter.stack.logs()


def test_a_sound_on_another_machine_is_left_to_that_one(counter: Counter) -> None:
    """`here`, as the bench calls it, is another machine than the API's."""
    elsewhere, *found = counter.sounds(counter.spoken_turn("asha", "talk"))
    counter.file(elsewhere).unlink()

    delete(counter, "asha")

    assert [row.id for row in counter.bench.all(AudioObject)] == [elsewhere]
    assert len(found) == 2


def test_a_sound_of_this_machine_whose_file_is_gone_already_is_forgotten(counter: Counter) -> None:
    sounds = [counter.sound(b"sound", MP3, host=socket.gethostname()) for _ in range(3)]
    counter.spoken_turn("asha", "talk", sounds)
    counter.file(sounds[1]).unlink()

    delete(counter, "asha")

    assert counter.bench.all(AudioObject) == []


def test_a_long_conversation_is_deleted_whole(counter: Counter) -> None:
    for _ in range(40):
        counter.spoken_turn("asha", "talk")
    assert delete(counter, "asha").status_code == 204
    assert all_ids(counter, Conversation, Job, Message, Step, AudioObject) == set()
    assert counter.bench.all(JobEvent) == []


@pytest.mark.parametrize("told", [True, False], ids=["told", "not told"])
def test_whoever_waits_for_a_job_learns_that_it_is_gone(counter: Counter, told: bool) -> None:
    """At once where PostgreSQL's notification comes through, and at the next regular look where not."""
    job_id = counter.bench.text(user_id="asha", conversation="talk")
    with ThreadPoolExecutor(1) as threads:
        began, asked_at = time.monotonic(), counter.stack.sql("SELECT now()")[0].now
        waiting = threads.submit(counter.client.get, f"/jobs/{job_id}/wait", params={"timeout": 60})
        eventually(lambda: has_read(counter, asked_at), what="the waiter's first look at the job")
        if told:
            delete(counter, "asha")
        else:
            counter.bench.sql("DELETE FROM jobs")
        assert_problem(waiting.result(), 404, "not_found")
    assert time.monotonic() - began < 50


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_a_job_that_is_deleted_while_it_is_to_be_moved_is_not_found(counter: Counter, action: str) -> None:
    job_id = counter.bench.text(user_id="asha", conversation="talk")
    with ThreadPoolExecutor(1) as threads, counter.bench.sessions() as session:
        conversations.delete(session, ASHA, "talk")
        moving = threads.submit(counter.client.post, f"/jobs/{job_id}/{action}")
        eventually(lambda: is_blocked(counter), what="the move waiting for the conversation")
        session.commit()
        assert_problem(moving.result(), 404, "not_found")


def test_a_turn_that_comes_while_its_conversation_is_deleted_starts_it_anew(counter: Counter) -> None:
    counter.bench.text(user_id="asha", conversation="talk")
    with ThreadPoolExecutor(1) as threads, counter.bench.sessions() as session:
        conversations.delete(session, ASHA, "talk")
        posting = threads.submit(counter.stack.text_chat, "asha", "Hello", conversation_id="talk")
        eventually(lambda: is_blocked(counter), what="the turn waiting for the conversation")
        session.commit()
        job = posting.result()
    assert counter.bench.job(UUID(job["id"])).turn == 1
    assert owned(counter, "asha")["jobs"] == 1


def test_turns_and_deletions_at_the_same_time_never_break(counter: Counter) -> None:
    body = {"user_id": "asha", "message": "Hello", "conversation_id": "talk", "speak": []}
    post = {"url": TEXT, "json": body}
    remove = {"method": "DELETE", "url": f"{CONVERSATIONS}/talk", "params": {"user_id": "asha"}}

    responses = send_together(counter.client, [post, remove, post] * 20)

    assert {response.status_code for response in responses} <= {202, 204, 404}
    assert delete(counter, "asha").status_code in {204, 404}
    assert all_ids(counter, Conversation, Job, Message) == set()


def is_blocked(counter: Counter) -> bool:
    """Tell whether the API waits for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'api' AND wait_event_type = 'Lock'"
    return bool(counter.stack.sql(waiting))


def has_read(counter: Counter, since: datetime) -> bool:
    """Tell whether the API has asked something about a job since then, and been answered."""
    read = """
        SELECT 1 FROM pg_stat_activity
        WHERE application_name = 'api' AND state = 'idle'
            AND query_start > :since AND query LIKE '%FROM jobs%'
    """
    return bool(counter.stack.sql(read, since=since))
