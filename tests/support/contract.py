"""What the contract says of every answer, and recordings made on the spot."""

import io
import wave
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.support.stack import Stack

TEXT = "/api/v1/ai/text-chat"
VOICE = "/api/v1/ai/voice-chat"
CONVERSATIONS = "/api/v1/conversations"

JOB_FIELDS = {
    *("id", "kind", "user_id", "conversation_id", "status", "stage", "done", "queue_position", "eta_seconds"),
    *("transcript", "transcript_words", "result", "error", "timings", "engines"),
    *("created_at", "started_at", "finished_at", "expires_at", "links"),
}
REPLY_FIELDS = {
    *("reply_text", "correction", "mistake_category", "mistake_id", "hinglish_explanation", "score"),
    *("audio_url", "audio_url_expires_at", "speech", "explanation_audio_url"),
    *("conversation_id", "transcript", "unsure_words", "warnings"),
}
_PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "retryable"}


def assert_problem(response: httpx.Response, status: int, code: str) -> str:
    """Check that the response is a problem as the contract has it; return its detail."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    problem: dict[str, Any] = response.json()
    assert problem.keys() - {"stage", "job_id"} == _PROBLEM_FIELDS
    assert (problem["status"], problem["code"]) == (status, code), problem
    return str(problem["detail"])


def without_signed_links(job: dict[str, Any]) -> dict[str, Any]:
    """Return the job without what is signed anew each second: the links to its events and its sounds."""
    shown = job | {"links": {name: link for name, link in job["links"].items() if name != "events"}}
    if (result := job["result"]) is not None:
        signed = {"audio_url", "audio_url_expires_at", "explanation_audio_url", "speech"}
        shown["result"] = {name: value for name, value in result.items() if name not in signed}
        shown["result"]["speech"] = [piece | {"audio_url": None} for piece in result["speech"]]
    return shown


def silence(seconds: float, rate: int = 8_000) -> bytes:
    """Return a WAV file of nothing."""
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * round(seconds * rate)))
    return content.getvalue()


def post_audio(
    client: httpx.Client, content: bytes, *, path: str = VOICE, user_id: str = "asha", **headers: str
) -> httpx.Response:
    """Post the bytes as a recording; header names have `_` for `-`."""
    return client.post(
        path,
        data={"user_id": user_id},
        files={"audio_file": ("recording", content)},
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


def send_together(client: httpx.Client, requests: Iterable[dict[str, Any]]) -> list[httpx.Response]:
    """Send the requests (arguments of `httpx.Client.request`) at the same time; keep their order."""
    with ThreadPoolExecutor(20) as threads:
        return list(threads.map(lambda request: client.request(**{"method": "POST", **request}), requests))


def walk(client: httpx.Client, path: str, **query: str | int) -> Iterator[list[dict[str, Any]]]:
    """Read a list page by page, each when it is asked for."""
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor is not None else {}
        response = client.get(path, params={**query, **more})
        assert response.status_code == 200, response.text
        page = response.json()
        assert page.keys() == {"items", "next_cursor"}
        yield page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def succeeded(stack: Stack, job_id: str) -> dict[str, Any]:
    """Return the job once it has ended well."""
    job = stack.finished(job_id)
    assert job["status"] == "succeeded", job
    return job
