"""Audio in S3, and on a disk while S3 is away: the learner hears it either way."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import httpx
import psutil
import pytest

from tests.support.contract import CONVERSATIONS, TEXT, assert_problem, succeeded
from tests.support.recordings import write_speech
from tests.support.s3_servers import KEY_ID, S3Server
from tests.support.stack import Stack, eventually, running_stack

# Never in a test's way, except where they are its subject.
QUICK = {"MOVE_AUDIO_SECONDS": "1", "STT_TIMEOUT_SECONDS": "60", "ERASURE_SECONDS": "1"}


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="module")
def cloud(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str], s3: S3Server
) -> Iterator[Stack]:
    with running_stack(
        tmp_path_factory.mktemp("cloud"), create_migrated_database(), extra=QUICK | s3.environment()
    ) as running:
        yield running


@pytest.fixture
def away(s3: S3Server) -> Iterator[None]:
    """S3 is away, and is back after the test at the latest."""
    s3.kill()
    yield
    if s3.pid is None:
        s3.start()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return write_speech(tmp_path / "speech.wav", "hello, how are you today")


def spoken(stack: Stack, user_id: str) -> dict[str, Any]:
    job = stack.text_chat(user_id, "I am go to market", speak=["reply", "explanation"], conversation_id="c")
    return succeeded(stack, job["id"])


def sounds(stack: Stack, job: dict[str, Any]) -> list[Any]:
    """Return the rows of the job's sounds."""
    return stack.sql(
        "SELECT a.* FROM audio_objects a JOIN jobs j"
        " ON a.id IN (upload_id, reply_audio_id, explanation_audio_id) WHERE j.id = :id",
        id=job["id"],
    )


def files(stack: Stack) -> set[str]:
    folder = stack.directory / "data" / "audio"
    return {path.name for path in folder.rglob("*") if path.is_file()}


def in_s3(stack: Stack, s3: S3Server, job: dict[str, Any]) -> bool:
    """Tell whether all of the job's sounds lie in S3, and nowhere else."""
    found = sounds(stack, job)
    names = {row.name for row in found}
    rows_say = {(row.backend, row.host) for row in found} == {("s3", None)}
    return rows_say and names <= s3.objects() and not names & files(stack)


def spoken_to_s3(stack: Stack, s3: S3Server, user_id: str) -> dict[str, Any]:
    """Return a spoken job once its sounds lie in S3: for a while after a failure they go there by a disk."""
    job = spoken(stack, user_id)
    eventually(lambda: in_s3(stack, s3, job), what="its sounds in S3")
    return stack.job(job["id"])


def is_mp3(response: httpx.Response, path: Path) -> bool:
    path.write_bytes(response.content)
    with av.open(str(path)) as container:
        return container.format.name == "mp3" and sum(1 for _ in container.decode(audio=0)) > 0


def test_a_voice_job_lies_in_the_bucket_and_its_url_plays(
    cloud: Stack, s3: S3Server, recording: Path, tmp_path: Path
) -> None:
    job = succeeded(cloud, cloud.voice_chat("asha", recording).json()["id"])
    result = job["result"]

    assert {row.content_type for row in sounds(cloud, job)} == {"audio/flac", "audio/mpeg"}
    assert in_s3(cloud, s3, job)
    assert result["warnings"] == []
    assert result["audio_url"].startswith(f"{s3.url}/recordings/")
    response = httpx.get(result["audio_url"])
    assert (response.status_code, response.headers["content-type"]) == (200, "audio/mpeg")
    assert is_mp3(response, tmp_path / "reply.mp3")
    remaining = datetime.fromisoformat(result["audio_url_expires_at"]) - datetime.now(UTC)
    assert 3500 < remaining.total_seconds() <= 3600
    assert 3500 < int(httpx.URL(result["audio_url"]).params["X-Amz-Expires"]) <= 3600


def test_a_presigned_url_that_was_tampered_with_is_refused(cloud: Stack, s3: S3Server) -> None:
    result = spoken_to_s3(cloud, s3, "asha")["result"]
    reply, explanation = httpx.URL(result["audio_url"]), httpx.URL(result["explanation_audio_url"])

    assert httpx.get(reply.copy_merge_params({"X-Amz-Signature": "0" * 64})).status_code == 403
    assert httpx.get(reply.copy_with(path=explanation.path)).status_code == 403
    assert httpx.get(reply.copy_with(query=None)).status_code >= 400


def test_every_read_signs_anew(cloud: Stack, s3: S3Server) -> None:
    job = spoken_to_s3(cloud, s3, "asha")
    first = httpx.URL(job["result"]["audio_url"]).params["X-Amz-Date"]

    def later() -> httpx.URL | None:
        url = httpx.URL(cloud.job(job["id"])["result"]["audio_url"])
        return url if url.params["X-Amz-Date"] != first else None

    assert httpx.get(eventually(later, what="a URL of a later second")).status_code == 200


def test_while_s3_is_away_all_goes_on_and_its_sounds_move_when_it_is_back(
    cloud: Stack, s3: S3Server, away: None, recording: Path
) -> None:
    jobs = [succeeded(cloud, cloud.voice_chat("ravi", recording).json()["id"]), spoken(cloud, "ravi")]

    assert {(row.backend, row.host) for job in jobs for row in sounds(cloud, job)} == {
        ("local", socket.gethostname())
    }
    urls = [job["result"]["audio_url"] for job in jobs]
    assert {httpx.URL(url).path.split("/")[1] for url in urls} == {"audio"}
    before = [cloud.client.get(url) for url in urls]
    assert {(response.status_code, response.headers["content-type"]) for response in before} == {
        (200, "audio/mpeg")
    }
    assert {job["result"]["warnings"] == [] for job in jobs} == {True}

    s3.start()
    eventually(lambda: all(in_s3(cloud, s3, job) for job in jobs), what="their sounds moved")

    for job, response in zip(jobs, before, strict=True):
        url = cloud.job(job["id"])["result"]["audio_url"]
        assert url.startswith(s3.url)
        assert httpx.get(url).content == response.content
    for url, response in zip(urls, before, strict=True):
        moved = cloud.client.get(url)
        assert (moved.status_code, moved.headers["cache-control"]) == (307, "no-store")
        assert httpx.get(moved.headers["location"]).content == response.content
        changed = httpx.URL(url).copy_merge_params({"signature": "0" * 64})
        assert_problem(cloud.client.get(changed), 403, "invalid_signature")


def test_a_hanging_s3_delays_a_job_by_seconds_only(cloud: Stack, s3: S3Server, recording: Path) -> None:
    assert s3.pid is not None
    server = psutil.Process(s3.pid)
    server.suspend()
    try:
        storage = eventually(lambda: _storage_at_fault(cloud), what="health that tells of the storage")
        job = succeeded(cloud, cloud.voice_chat("hangs", recording).json()["id"])
        url = job["result"]["audio_url"]
        assert cloud.client.get(url).status_code == 200
    finally:
        server.resume()
    assert storage["detail"] == "does not answer in time"
    eventually(lambda: in_s3(cloud, s3, job), what="its sounds moved")


def _storage_at_fault(cloud: Stack) -> dict[str, Any] | None:
    found: dict[str, Any] = cloud.client.get("/health").json()["dependencies"]["storage"]
    return None if found["ok"] else found


def test_health_says_whether_s3_answers(cloud: Stack, s3: S3Server, away: None) -> None:
    def storage() -> dict[str, Any]:
        found: dict[str, Any] = cloud.client.get("/health").json()["dependencies"]["storage"]
        return found

    said = {"ok": False, "detail": "The audio storage does not answer."}
    eventually(lambda: storage() == said, what="its refusal, which may come later than health waits for it")
    s3.start()
    assert eventually(lambda: storage()["ok"], what="S3 at health")


def test_a_recording_that_s3_cannot_give_back_fails_its_job_until_it_is_retried(
    cloud: Stack, s3: S3Server, recording: Path
) -> None:
    worker = cloud.process("gpu")
    frozen = [worker, *worker.children(recursive=True)]
    for process in frozen:
        process.suspend()
    try:
        accepted = cloud.voice_chat("retries", recording).json()
        eventually(lambda: in_s3(cloud, s3, accepted), what="the recording in S3")
        s3.kill()
    finally:
        for process in frozen:
            process.resume()
    try:
        job = cloud.finished(accepted["id"])
        assert (job["status"], job["error"]["code"]) == ("failed", "storage_unavailable")
        assert job["error"]["retryable"]
    finally:
        s3.start()
    again = cloud.client.post(job["links"]["retry"]).json()
    assert succeeded(cloud, again["id"])["result"]["audio_url"]


def test_sounds_on_a_disk_that_cannot_be_reached_are_said_to_be_elsewhere(cloud: Stack, s3: S3Server) -> None:
    job = spoken_to_s3(cloud, s3, "far")
    cloud.sql(
        "UPDATE audio_objects SET backend = 'local', host = 'another' WHERE id IN"
        " (SELECT reply_audio_id FROM jobs WHERE id = :id)",
        id=job["id"],
    )

    result = cloud.job(job["id"])["result"]
    said = cloud.client.get(f"{CONVERSATIONS}/c", params={"user_id": "far"}).json()["items"][1]

    assert (result["audio_url"], said["audio_url"]) == (None, None)
    assert httpx.get(result["explanation_audio_url"]).status_code == 200
    assert httpx.get(said["explanation_audio_url"]).status_code == 200
    assert [warning["code"] for warning in result["warnings"]] == ["audio_elsewhere"]


def test_a_deleted_conversation_leaves_nothing_in_the_bucket(cloud: Stack, s3: S3Server) -> None:
    names = {row.name for row in sounds(cloud, spoken_to_s3(cloud, s3, "leaves"))}
    assert len(names & s3.objects()) == 2

    response = cloud.client.delete(f"{CONVERSATIONS}/c", params={"user_id": "leaves"})

    assert response.status_code == 204
    assert not names & s3.objects()
    assert cloud.sql("SELECT 1 FROM audio_objects WHERE name = ANY(:names)", names=list(names)) == []


def test_while_s3_is_away_a_deleted_conversation_leaves_orphans(
    cloud: Stack, s3: S3Server, away: None
) -> None:
    s3.start()
    names = {row.name for row in sounds(cloud, spoken_to_s3(cloud, s3, "orphans"))}
    s3.kill()

    response = cloud.client.delete(f"{CONVERSATIONS}/c", params={"user_id": "orphans"})

    assert response.status_code == 204
    left = cloud.sql("SELECT name FROM audio_objects WHERE name = ANY(:names)", names=list(names))
    assert {row.name for row in left} == names


def test_an_erasure_while_s3_is_away_says_so_and_is_done_when_it_is_back(
    cloud: Stack, s3: S3Server, away: None
) -> None:
    s3.start()
    names = {row.name for row in sounds(cloud, spoken_to_s3(cloud, s3, "erased"))}
    s3.kill()
    erasure = cloud.client.delete("/api/v1/users/erased").headers["Location"]

    def status() -> str:
        return str(cloud.client.get(erasure).json()["status"])

    eventually(lambda: status() == "storage_away", what="the erasure told to wait for S3")
    rows = "SELECT (SELECT count(*) FROM jobs j WHERE j.learner_id = l.id) AS jobs FROM learners l"
    [left] = cloud.sql(f"{rows} WHERE user_id = 'erased'")
    assert left.jobs == 0
    assert names <= s3.objects()
    assert_problem(
        cloud.client.post(TEXT, json={"user_id": "erased", "message": "Hello"}), 409, "erasure_in_progress"
    )

    s3.start()
    eventually(lambda: status() == "done", what="the erasure done")
    assert not names & s3.objects()
    assert cloud.sql("SELECT 1 FROM learners WHERE user_id = 'erased'") == []
    assert cloud.sql("SELECT 1 FROM audio_objects WHERE name = ANY(:names)", names=list(names)) == []


def test_keys_and_signed_urls_are_in_no_log(cloud: Stack, s3: S3Server) -> None:
    logs = cloud.logs()
    assert "a call to S3 failed: EndpointConnectionError" in logs
    assert not any(secret in logs for secret in (KEY_ID, s3.secret, "X-Amz", "Signature="))
