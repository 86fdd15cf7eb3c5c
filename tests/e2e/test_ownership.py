"""What is another user's is not found, under every route: it looks just like what does not exist."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Counter
from tests.support.contract import CONVERSATIONS, TEXT, assert_problem

_METHODS = {"get", "post", "delete", "put", "patch"}


class Thing(NamedTuple):
    """What the owner has: a job's id and a conversation's."""

    job_id: str
    conversation_id: str


class Route(NamedTuple):
    """A route that names a thing, as the documentation lists it, and the path to a certain thing."""

    method: str
    template: str

    def path(self, thing: Thing) -> str:
        return self.template.format_map(thing._asdict())


ROUTES = [
    Route("get", "/jobs/{job_id}"),
    Route("get", "/jobs/{job_id}/events"),
    Route("get", "/jobs/{job_id}/wait"),
    Route("post", "/jobs/{job_id}/cancel"),
    Route("post", "/jobs/{job_id}/retry"),
    Route("get", "/api/v1/conversations/{conversation_id}"),
    Route("delete", "/api/v1/conversations/{conversation_id}"),
]
LISTS: dict[str, Callable[[dict[str, str]], str]] = {
    "/jobs": lambda job: job["id"],
    CONVERSATIONS: lambda conversation: conversation["id"],
}


@pytest.fixture
def thing(counter: Counter) -> Thing:
    conversation = f"c-{uuid4().hex}"
    return Thing(str(counter.spoken_turn("owner", conversation)), conversation)


def ask(counter: Counter, route: Route, thing: Thing, user_id: str) -> httpx.Response:
    return counter.client.request(route.method, route.path(thing), params={"user_id": user_id})


def test_every_route_that_names_a_thing_is_in_the_table(counter: Counter) -> None:
    described = counter.client.get("/openapi.json").json()["paths"]
    naming = {
        Route(method, path)
        for path, operations in described.items()
        for method in operations.keys() & _METHODS
        if "{job_id}" in path or "{conversation_id}" in path
    }
    assert naming == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_another_users_thing_is_not_found_and_stays_as_it_is(
    counter: Counter, thing: Thing, route: Route
) -> None:
    counter.bench.text(user_id="thief", conversation="own")
    before = state(counter, thing)

    response = ask(counter, route, thing, "thief")

    assert_problem(response, 404, "not_found")
    assert state(counter, thing) == before


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_it_looks_like_a_thing_that_does_not_exist(counter: Counter, thing: Thing, route: Route) -> None:
    unknown = Thing(str(uuid4()), "unknown")

    theirs, nobodys = (ask(counter, route, each, "thief") for each in (thing, unknown))

    assert (theirs.status_code, theirs.content) == (nobodys.status_code, nobodys.content)
    assert theirs.headers.keys() == nobodys.headers.keys()


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_the_owner_finds_it(counter: Counter, thing: Thing, route: Route) -> None:
    expected = 409 if route.template.endswith("/retry") else 204 if route.method == "delete" else 200
    assert ask(counter, route, thing, "owner").status_code == expected


@pytest.mark.parametrize("path", LISTS)
def test_a_list_holds_nothing_of_another_user(counter: Counter, thing: Thing, path: str) -> None:
    def ids(user_id: str) -> set[str]:
        response = counter.client.get(path, params={"user_id": user_id, "limit": 100})
        return {LISTS[path](item) for item in response.json()["items"]}

    assert set(thing) & ids("owner")
    assert not ids("owner") & ids("stranger")
    # The names of users are no patterns.
    for user_id in ("OWNER", "owne", "owner1", "owner.", "o-ner", "_wner"):
        assert ids(user_id) == set()


def test_usage_is_of_the_user_who_is_asked_about(counter: Counter, thing: Thing) -> None:
    for user_id, active in (("owner", True), ("OWNER", False), ("stranger", False)):
        report = counter.client.get(f"/api/v1/users/{user_id}/usage").json()
        assert (report["user_id"], bool(report["days"])) == (user_id, active)


def test_a_turn_in_anothers_conversation_begins_ones_own(counter: Counter, thing: Thing) -> None:
    before = state(counter, thing)
    body = {"user_id": "namesake", "message": "Hello", "conversation_id": thing.conversation_id}
    assert counter.client.post(TEXT, json=body).status_code == 202

    response = counter.client.get(f"{CONVERSATIONS}/{thing.conversation_id}", params={"user_id": "namesake"})

    assert response.json()["items"] == []
    assert state(counter, thing) == before


def state(counter: Counter, thing: Thing) -> list[object]:
    """Return the rows of the owner's job and conversation as they stand."""
    rows = "SELECT j, c FROM jobs j JOIN conversations c ON c.id = j.conversation_id WHERE j.id = :job"
    (row,) = counter.stack.sql(rows, job=thing.job_id)
    return list(row)
