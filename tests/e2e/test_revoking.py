"""A revoked key stops in every API process: new requests, those that wait, streams, and its tokens."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import create_engine

from api.access.settings import AccessSettings
from api.access.tokens import LearnerTokens
from shared.learners import LearnerRef
from shared.settings import SharedSettings
from tests.support.contract import TEXT, assert_problem
from tests.support.factories import Bench
from tests.support.following import stream
from tests.support.stack import Stack, eventually, running_stack

LONG_SECONDS = 60  # of a wait; what is answered otherwise before that was not left to wait


@dataclass(frozen=True, slots=True)
class Twins:
    """Two API processes that ask for credentials. There is no worker, so no job ends by itself."""

    stack: Stack
    bench: Bench
    addresses: tuple[str, str]

    def token(self, app_id: UUID, key_id: UUID) -> str:
        secrets = AccessSettings(_env_file=None, data_dir=self.stack.settings.data_dir).secrets()
        return LearnerTokens(secrets).make(LearnerRef(app_id, "asha"), key_id, timedelta(hours=1))[0]

    def revoke(self, key_id: UUID) -> float:
        """Do it as an operator does, in a process of its own; return when it was, by our monotonic clock."""
        where = {"DATABASE_URL": self.stack.database_url, "DATA_DIR": str(self.stack.settings.data_dir)}
        command = [sys.executable, "-m", "api.access", "revoke", str(key_id)]
        done = subprocess.run(command, env=os.environ | where, capture_output=True, text=True, check=False)
        assert "within 5 s" in done.stdout, done.stderr
        since = "SELECT extract(epoch FROM now() - revoked_at) FROM api_keys WHERE id = :id"
        [[seconds]] = self.stack.sql(since, id=key_id)
        return time.monotonic() - float(seconds)


@pytest.fixture(scope="module")
def twins(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Twins]:
    directory, url = tmp_path_factory.mktemp("twins"), create_migrated_database()
    engine = create_engine(SharedSettings(database_url=url).database_url)
    with running_stack(directory, url, "api", extra={"ACCESS": "keys"}) as stack:
        other = stack.start_another_api("another")
        eventually(lambda: answers(other), what="the second API at work")
        yield Twins(stack, Bench(engine), (stack.settings.local_url, other))
    engine.dispose()


def answers(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/health").is_success
    return False


def client_of(address: str, credential: str | None) -> httpx.Client:
    headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
    return httpx.Client(base_url=address, headers=headers, timeout=90)


def follow_to_the_end(client: httpx.Client, job_id: UUID, told: list[str]) -> None:
    with stream(client, f"/jobs/{job_id}/events") as events:
        told.extend(event.type for event in events)


def waiting_requests(client: httpx.Client, job_id: UUID) -> list[Callable[[], httpx.Response]]:
    """Return the requests that wait for the end of a job: this one, or one of their own."""
    body = {"user_id": "asha", "message": "Hello", "speak": []}
    prefer = {"Prefer": f"wait={LONG_SECONDS}"}
    return [
        lambda: client.get(f"/jobs/{job_id}/wait", params={"timeout": LONG_SECONDS}),
        lambda: client.post(TEXT, json=body, headers=prefer),
        lambda: client.post(f"{TEXT}/wait", json=body),
    ]


def test_a_revoked_key_stops_in_every_process(
    twins: Twins, record_testsuite_property: Callable[..., None]
) -> None:
    row, key = twins.stack.make_key("school")
    job_id = twins.bench.text(app_id=row.app_id, conversation=f"c-{uuid4().hex}")
    credentials = (key, twins.token(row.app_id, row.id))
    clients = [client_of(address, each) for address in twins.addresses for each in credentials]
    link = clients[0].get(f"/jobs/{job_id}").json()["links"]["events"]

    with ThreadPoolExecutor(32) as threads:
        waits = [threads.submit(ask) for client in clients for ask in waiting_requests(client, job_id)]
        told: list[list[str]] = [[] for _ in clients]
        streams = [threads.submit(follow_to_the_end, *each) for each in zip(clients, repeat(job_id), told)]
        unfinished = "SELECT count(*) FROM jobs WHERE finished_at IS NULL"
        eventually(lambda: twins.stack.sql(unfinished)[0][0] == 1 + 2 * len(clients), what="all waiting")
        eventually(lambda: all(told), what="all following")
        began = twins.revoke(row.id)
        refusals = [threads.submit(seconds_until_refused, client, began) for client in clients]
        record_testsuite_property("seconds until refused", [round(each.result(), 2) for each in refusals])
        answered = [each.result() for each in waits]
        record_testsuite_property("seconds until the last wait ended", round(time.monotonic() - began, 2))
        for each in streams:
            each.result()
        record_testsuite_property("seconds until the last stream ended", round(time.monotonic() - began, 2))

    for answer in answered:
        assert_problem(answer, 401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert [set(types) - {"job.place"} for types in told] == [{"job.queued"}] * len(clients)
    for address in twins.addresses:  # a link says itself how long it opens what it names
        with client_of(address, None) as anyone, stream(anyone, link) as events:
            assert next(events).type == "job.queued"


def seconds_until_refused(client: httpx.Client, began: float) -> float:
    eventually(lambda: client.get("/jobs?user_id=asha").status_code == 401, what="the key refused")
    return time.monotonic() - began
