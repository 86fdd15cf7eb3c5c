"""A learner's own data: a complete export, an erasure that leaves nothing, consent."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

from api.learners.export import TABLES
from shared.models import metadata
from tests.support.contract import TEXT, assert_problem
from tests.support.recordings import write_speech, write_tone
from tests.support.stack import Stack, eventually, running_stack
from worker.upkeep.locks import Lock

USERS = "/api/v1/users"
SECRET = "pomegranate"  # noqa: S105 - a word to look for


@pytest.fixture(scope="module")
def cached_stack(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Stack]:
    extra = {"CACHE_ENABLED": "true", "ERASURE_SECONDS": "1"}
    with running_stack(
        tmp_path_factory.mktemp("erasing"), create_migrated_database(), extra=extra
    ) as running:
        yield running


def practise(stack: Stack, user: str, turns: int = 2) -> list[dict[str, Any]]:
    """Take turns in one conversation, each after the one before: who goes on does not hear the rest of it."""
    said = [f"I am go to {SECRET} market {number}" for number in range(turns)]
    return [stack.finished(stack.text_chat(user, message, conversation_id="talk")["id"]) for message in said]


def everything(stack: Stack) -> str:
    """Return all rows of all tables, all keys and values of Redis, and the names of all files."""
    rows = [
        str(row)
        for name in metadata.tables
        for row in stack.sql(f"SELECT * FROM {name}")  # noqa: S608
    ]
    with Redis.from_url(stack.redis.url) as redis:
        keys = [key for key in redis.scan_iter() if redis.type(key) == b"string"]
        kept = [f"{key!r} {redis.get(key)!r}" for key in keys]
    files = [str(path) for path in (stack.settings.data_dir / "audio").rglob("*")]
    return "\n".join([*rows, *kept, *files])


def erased(stack: Stack, user: str) -> dict[str, Any]:
    begun = stack.client.delete(f"{USERS}/{user}")
    assert begun.status_code == 202
    location = begun.headers["Location"]
    assert location.endswith(begun.json()["erasure_id"])

    def look() -> dict[str, Any] | None:
        erasure: dict[str, Any] = stack.client.get(location).json()
        return erasure if erasure["status"] == "done" else None

    return eventually(look, what="the erasure done", within=120)


def test_an_export_holds_every_row_and_every_sound(cached_stack: Stack, tmp_path: Path) -> None:
    user = f"export-{uuid4().hex}"
    practise(cached_stack, user)
    recording = write_speech(tmp_path / "speech.wav", "I am go to market")
    cached_stack.finished(cached_stack.voice_chat(user, recording).json()["id"])

    response = cached_stack.client.get(f"{USERS}/{user}/export")

    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/zip")
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    assert archive.testzip() is None
    exported = {name: json.loads(archive.read(f"{name}.json")) for name in TABLES}
    (learner,) = cached_stack.sql("SELECT id FROM learners WHERE user_id = :user", user=user)
    for name in TABLES:
        condition = {
            "learners": "id = :learner",
            "messages": "conversation_id IN (SELECT id FROM conversations WHERE learner_id = :learner)",
            "steps": "job_id IN (SELECT id FROM jobs WHERE learner_id = :learner)",
            "mistake_uses": "mistake_id IN (SELECT id FROM mistakes WHERE learner_id = :learner)",
            "job_events": "job_id IN (SELECT id FROM jobs WHERE learner_id = :learner)",
        }.get(name, "learner_id = :learner")
        rows = cached_stack.sql(f"SELECT * FROM {name} WHERE {condition}", learner=learner.id)  # noqa: S608
        assert rows
        assert len(exported[name]) == len(rows), name
        assert set(exported[name][0]) == set(rows[0]._mapping), name
    sounds = {row["name"] for row in exported["audio_objects"]}
    assert {name.removeprefix("audio/") for name in archive.namelist() if name.startswith("audio/")} == sounds
    assert all(archive.read(f"audio/{name}") for name in sounds)
    assert json.loads(archive.read("missing.json")) == []


def test_who_is_not_known_has_nothing_to_export(cached_stack: Stack) -> None:
    assert_problem(cached_stack.client.get(f"{USERS}/nobody-{uuid4().hex}/export"), 404, "not_found")


def test_after_an_erasure_nothing_holds_the_learners_id_or_words(cached_stack: Stack) -> None:
    user, other = f"erase-{uuid4().hex}", f"stays-{uuid4().hex}"
    jobs = practise(cached_stack, user)
    (learner,) = cached_stack.sql("SELECT id FROM learners WHERE user_id = :user", user=user)
    sounds = {job["result"]["audio_url"].split("/")[-1].split("?")[0] for job in jobs}
    practise(cached_stack, other, turns=1)

    erasure = erased(cached_stack, user)

    assert erasure["finished_at"]
    found = everything(cached_stack)
    for trace in (user, str(learner.id), *sounds, *(job["id"] for job in jobs)):
        assert trace not in found
    assert user not in cached_stack.logs()
    assert SECRET not in cached_stack.logs()
    assert other in found
    for job in jobs:
        assert_problem(cached_stack.client.get(f"/jobs/{job['id']}"), 404, "not_found")
        assert cached_stack.client.get(job["result"]["audio_url"]).status_code == 404


def test_an_erasure_refuses_a_storm_of_the_learners_own_turns_and_leaves_nothing(cached_stack: Stack) -> None:
    user = f"storm-{uuid4().hex}"
    practise(cached_stack, user, turns=1)
    (learner,) = cached_stack.sql("SELECT id FROM learners WHERE user_id = :user", user=user)
    statuses: list[int] = []

    def post_until_done(number: int, erasure_id: str) -> None:
        while cached_stack.client.get(f"/api/v1/erasures/{erasure_id}").json()["status"] != "done":
            body = {"user_id": user, "message": f"{SECRET} storm {number}", "conversation_id": f"c{number}"}
            statuses.append(cached_stack.client.post(TEXT, json=body).status_code)
            time.sleep(0.05)

    with ThreadPoolExecutor(4) as threads:
        # Else a pass may erase the learner before the first turn is refused.
        with cached_stack.holding(Lock.ERASING):
            begun = cached_stack.client.delete(f"{USERS}/{user}").json()["erasure_id"]
            storm = [threads.submit(post_until_done, number, begun) for number in range(4)]
            eventually(lambda: len(statuses) >= 8, what="turns beside the erasure")
            beside = list(statuses)
        for posting in storm:
            posting.result(60)

    assert set(beside) == {409}
    assert set(statuses) <= {202, 409}
    # What was accepted after the end belongs to a learner who begins anew.
    assert str(learner.id) not in everything(cached_stack)
    erased(cached_stack, user)
    assert user not in everything(cached_stack)


def test_consent_is_noted_and_cleared(cached_stack: Stack) -> None:
    user = f"consent-{uuid4().hex}"
    path, moment = f"{USERS}/{user}", "2026-11-29T09:00:00Z"

    noted = cached_stack.client.put(path, json={"consent_given_at": moment}).json()
    cleared = cached_stack.client.put(path, json={"guardian_consent_given_at": moment}).json()

    assert (noted["consent_given_at"], noted["guardian_consent_given_at"]) == (moment, None)
    assert (cleared["consent_given_at"], cleared["guardian_consent_given_at"]) == (None, moment)
    assert_problem(cached_stack.client.put(path, json={"consent_given_at": "today"}), 422, "invalid_request")
    assert_problem(cached_stack.client.put(path, json={"consent_given_at": 0}), 422, "invalid_request")
    assert_problem(cached_stack.client.put(path, json={"consent": moment}), 422, "invalid_request")


def test_where_consent_is_wanted_a_recording_without_it_is_refused(
    tmp_path: Path, create_migrated_database: Callable[[], str]
) -> None:
    extra = {"REQUIRE_CONSENT_FOR_RECORDINGS": "true"}
    with running_stack(tmp_path, create_migrated_database(), "api", extra=extra) as stack:
        recording = write_tone(tmp_path / "tone.wav")
        assert_problem(stack.voice_chat("asha", recording), 403, "consent_required")
        assert stack.text_chat("asha", "Hello")["status"] == "queued"

        stack.client.put(f"{USERS}/asha", json={"consent_given_at": "2026-11-29T09:00:00Z"})
        assert stack.voice_chat("asha", recording).status_code == 202
