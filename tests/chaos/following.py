"""Clients that follow jobs by their events, lose their streams now and then, and resume."""

import json
from collections.abc import Callable
from itertools import count
from random import Random
from threading import Event

import httpx

from tests.chaos.ledger import Exchange, Ledger, Told
from tests.support.following import ENDS, read

# A stream says at least a comment every 15 s; one that is quiet for longer is dead.
_QUIET_SECONDS = 25.0
_OPENED_WITHIN_SECONDS = 10.0
_AGAIN_AFTER_SECONDS = 0.5
_WHOLE = 1_000
# After how many events a follower hangs up: most streams are followed as long as they last.
_HANGS_UP_AFTER = (1, 2, 3, 5, _WHOLE, _WHOLE, _WHOLE)
_names = count()


class StoppedError(Exception):
    """The run was given up: there is nobody to answer."""


class Follower:
    """Follows one job until its end, whatever breaks, and notes every event as it came.

    It resumes by header and by parameter in turn, at any of the API's addresses.
    """

    def __init__(
        self,
        ledger: Ledger,
        stopping: Event,
        job: str,
        url: Callable[[], httpx.URL],
        *,
        random: Random,
    ) -> None:
        """`url` gives where to follow the job now."""
        self._ledger = ledger
        self._stopping = stopping
        self._job = job
        self._url = url
        self._random = random
        self._name = next(_names)
        self._told = 0
        self._seen = 0
        self._over = False

    def follow(self, client: httpx.Client) -> None:
        """Follow the job; then see that nothing follows. Raises `StoppedError` where the run is over."""
        while not self._over:
            if self._stopping.is_set():
                raise StoppedError
            if not self._stream(client):
                self._stopping.wait(_AGAIN_AFTER_SECONDS)
        while self._end(client) in {None, 503}:
            if self._stopping.wait(_AGAIN_AFTER_SECONDS):
                raise StoppedError

    def _stream(self, client: httpx.Client) -> bool:
        """Follow by one stream; tell whether it gave anything."""
        before, url, headers = self._seen, self._url(), {}
        if self._random.random() < 0.5:
            headers = {"Last-Event-ID": str(self._seen)}
        else:
            url = url.copy_merge_params({"after": self._seen})
        timeout = httpx.Timeout(_OPENED_WITHIN_SECONDS, read=_QUIET_SECONDS)
        note = self._ledger.timing(f"GET {url.path}", [200], _OPENED_WITHIN_SECONDS)
        try:
            with client.stream("GET", url, headers=headers, timeout=timeout) as response:
                code = None if response.is_success else str(json.loads(response.read())["code"])
                note(response.status_code, code)
                if response.status_code == 200:
                    self._read(response, self._random.choice(_HANGS_UP_AFTER))
        except httpx.ReadTimeout:
            self._ledger.exchanges.append(
                Exchange(f"quiet {url.path}", [200], _OPENED_WITHIN_SECONDS, _QUIET_SECONDS, None, None)
            )
        except httpx.TransportError:
            note(None, None)
        return self._seen > before

    def _read(self, response: httpx.Response, most: int) -> None:
        for event in read(response):
            if event.id is None:
                continue
            self._told += 1
            self._seen = event.id
            told = Told(self._name, self._told, self._job, event.id, event.type, json.dumps(event.data))
            self._ledger.told.append(told)
            self._over = event.type in ENDS
            most -= 1
            if self._over or not most:
                return

    def _end(self, client: httpx.Client) -> int | None:
        """Resume after the end: nothing may follow. Return the answer's status."""
        url = self._url().copy_merge_params({"after": self._seen})
        answer = self._ledger.send(client, "GET", str(url), expected=[204], limit=_OPENED_WITHIN_SECONDS)
        return None if answer is None else answer.status_code
