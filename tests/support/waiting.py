"""Requests that wait at the API, for tests of what happens to them."""

from concurrent.futures import Executor, Future
from threading import Event

import httpx


def begin_to_wait(
    threads: Executor, client: httpx.Client, url: str, *, seconds: float
) -> Future[httpx.Response]:
    """Send a GET with this `timeout` from another thread; return once the API has begun to answer it."""
    sent = Event()

    def note(event: str, _: object) -> None:
        if event == "http11.send_request_body.complete":
            sent.set()

    params = {"timeout": seconds}
    answer = threads.submit(client.get, url, params=params, extensions={"trace": note}, timeout=seconds + 30)
    assert sent.wait(30), "the request was not sent"
    client.get("/")  # whatever it says: the one process of the API takes requests up as they come in
    return answer
