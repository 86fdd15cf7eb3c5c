"""The clients of a run: they post the turns of a conversation in order, whatever breaks meanwhile.

They follow half of their turns from the beginning, and read the others' events once they have ended.
"""

import time
import wave
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from itertools import cycle
from random import Random
from threading import Event, Semaphore
from typing import Any

import httpx

from tests.chaos.conduct import RATE, recording_of, words_of
from tests.chaos.following import Follower, StoppedError
from tests.chaos.ledger import Ledger
from tests.chaos.plan import Turn

TEXT, VOICE = "/api/v1/ai/text-chat", "/api/v1/ai/voice-chat"
# The product bounds what it waits for: 5 s for a connection of its pool, 2 s to connect, 2 s to publish.
# A voice is decoded first, in a process of its own, one for each CPU at a time: eight clients queue for them.
ACCEPT_LIMIT = {TEXT: 10.0, VOICE: 20.0}
READ_LIMIT, WAIT_SECONDS, WAIT_MARGIN = 10.0, 10, 5.0
_AGAIN_AFTER_SECONDS = 0.2
_FOLLOWED_AT_ONCE = 16
# Where an answer can mean "later": no answer at all, too many requests, not available.
_LATER = {None, 429, 503}
MALFORMED: list[dict[str, Any]] = [
    {"url": TEXT, "json": {"user_id": "m", "message": " "}, "expected": [422]},
    {"url": TEXT, "json": {"user_id": "no spaces", "message": "hello"}, "expected": [422]},
    {"url": TEXT, "json": {"user_id": "m", "message": "hello", "tongue": "en"}, "expected": [422]},
    {"url": TEXT, "content": b'{"user_id": "m", "message": "\\u0000"}', "expected": [422]},
    {"url": TEXT, "content": b'{"user_id": "m", "message": "\\ud800"}', "expected": [422]},
    {"url": TEXT, "content": b"not json", "expected": [422]},
    {"url": VOICE, "data": {"user_id": "m"}, "expected": [422]},
    {"url": VOICE, "data": {"user_id": "m"}, "files": {"audio_file": b""}, "expected": [422]},
    {"url": VOICE, "data": {"user_id": "m"}, "files": {"audio_file": b"<html></html>"}, "expected": [415]},
]


class Client:
    """A learner's program: it retries under the same key until it is answered, as a real one would."""

    def __init__(self, base_url: httpx.URL, ledger: Ledger, stopping: Event) -> None:
        self._http = httpx.Client(base_url=base_url)
        self._threads = ThreadPoolExecutor(_FOLLOWED_AT_ONCE)
        self._ledger = ledger
        self._stopping = stopping
        self._malformed = cycle(MALFORMED)
        self._links: dict[str, str] = {}

    def talk(self, turns: list[Turn], gate: Semaphore) -> None:
        """Hold a conversation: post every turn without waiting for answers, then await all of them.

        The gate lets each turn through when the run wants it.
        """
        jobs, followed = {}, []
        for turn in turns:
            while not gate.acquire(timeout=_AGAIN_AFTER_SECONDS):
                self._go_on()
            jobs[turn] = self.post(turn)
            if turn.followed:
                followed.append(self.follow(turn, jobs[turn]))
            if turn.cancel_after is not None:
                self._stopping.wait(turn.cancel_after)
                self._insist("POST", f"/jobs/{jobs[turn]}/cancel", limit=READ_LIMIT)
            if turn.malformed_after:
                self._send_malformed()
            if turn.replayed and turn.number % 2:
                self.post(turn)
        for turn, job in jobs.items():
            self.await_end(job)
            if not turn.followed:
                followed.append(self.follow(turn, job))
            if turn.replayed and not turn.number % 2:
                self.post(turn)
        for following in followed:
            following.result()

    def post(self, turn: Turn) -> str:
        """Post the turn until it is accepted; return its job's id."""
        speak = ["reply"] if turn.speak else []
        body = {"user_id": turn.user, "conversation_id": turn.conversation}
        headers = {"Idempotency-Key": turn.key}
        if turn.voice:
            form = body | {"speak": speak[0] if speak else "[]"}
            sound = {"audio_file": ("turn.wav", _wav(turn.number))}
            answer = self._insist(
                "POST",
                VOICE,
                limit=ACCEPT_LIMIT[VOICE],
                expected=[202],
                data=form,
                files=sound,
                headers=headers,
            )
        else:
            message = body | {"message": words_of(turn.number), "speak": speak}
            answer = self._insist(
                "POST", TEXT, limit=ACCEPT_LIMIT[TEXT], expected=[202], json=message, headers=headers
            )
        job = str(answer["id"])
        self._links[job] = str(answer["links"]["events"])
        self._ledger.jobs.append((turn.key, job))
        return job

    def await_end(self, job: str) -> None:
        """Wait until the job has ended."""
        path, limit = f"/jobs/{job}/wait?timeout={WAIT_SECONDS}", WAIT_SECONDS + WAIT_MARGIN
        while not self._insist("GET", path, limit=limit)["done"]:
            pass

    def link(self, job: str) -> str:
        """Return the signed link of the events of a job that it has posted."""
        return self._links[job]

    def follow(self, turn: Turn, job: str) -> Future[None]:
        """Follow the events of a turn's job in a thread."""
        url = self._http.base_url.join(self.link(job))
        random = Random(turn.number)  # noqa: S311 - it must hang up at the same places again
        follower = Follower(self._ledger, self._stopping, job, lambda: url, random=random)
        return self._threads.submit(follower.follow, self._http)

    def close(self) -> None:
        """Close its connections."""
        self._threads.shutdown()
        self._http.close()

    def _send_malformed(self) -> None:
        request = dict(next(self._malformed))
        path = request.pop("url")
        headers = {"Content-Type": "application/json"} if "content" in request else {}
        self._insist("POST", path, limit=ACCEPT_LIMIT[path], headers=headers, **request)

    def _insist(
        self, method: str, path: str, *, limit: float, expected: list[int] | None = None, **request: Any
    ) -> dict[str, Any]:
        """Send it until there is an answer; return that. Raises `StoppedError` where the run is over."""
        while True:
            self._go_on()
            answer = self._ledger.send(
                self._http, method, path, expected=expected or [200], limit=limit, **request
            )
            if answer is not None and answer.status_code not in _LATER:
                told: dict[str, Any] = answer.json()
                return told
            time.sleep(_AGAIN_AFTER_SECONDS)

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise StoppedError


@contextmanager
def connected(base_url: httpx.URL, ledger: Ledger, stopping: Event) -> Iterator[Client]:
    """A client for the time of the block."""
    client = Client(base_url, ledger, stopping)
    try:
        yield client
    finally:
        client.close()


def _wav(number: int) -> bytes:
    content = BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(recording_of(number).tobytes())
    return content.getvalue()
