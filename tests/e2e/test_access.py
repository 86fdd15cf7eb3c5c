"""Who may ask for what, with `ACCESS=keys`: every route with every kind of credential, as documented."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from sqlalchemy import create_engine

from api.access import repository
from api.access.keys import KeyKind, new_key
from api.access.settings import AccessSettings
from api.access.tokens import LearnerTokens
from shared import erasures
from shared.learners import LearnerRef
from shared.models import Scope
from shared.settings import SharedSettings
from tests.support.contract import CONVERSATIONS, TEXT, VOICE, assert_problem
from tests.support.factories import Bench, together
from tests.support.stack import Stack, eventually, running_stack

_METHODS = {"get", "post", "delete", "put", "patch"}
TOKENS = "/api/v1/learner-tokens"


@dataclass(frozen=True, slots=True)
class Town:
    """An API that asks for credentials, two apps with keys, and what their learners have."""

    stack: Stack
    bench: Bench
    tokens: LearnerTokens
    keys: Mapping[str, tuple[UUID, UUID, str]]

    def app(self, name: str) -> UUID:
        return self.keys[name][0]

    def key(self, name: str) -> str:
        return self.keys[name][2]

    def token(self, app: str, user_id: str, lifetime: timedelta = timedelta(hours=1)) -> str:
        app_id, key_id, _ = self.keys[app]
        return self.tokens.make(LearnerRef(app_id, user_id), key_id, lifetime)[0]

    def ask(self, method: str, path: str, credential: str | None, **more: Any) -> httpx.Response:
        request = self.stack.client.build_request(method, path, **more)
        request.headers.pop("Authorization", None)
        if credential is not None:
            request.headers["Authorization"] = f"Bearer {credential}"
        return self.stack.client.send(request)


@pytest.fixture(scope="module")
def town(
    tmp_path_factory: pytest.TempPathFactory, create_migrated_database: Callable[[], str]
) -> Iterator[Town]:
    directory, url = tmp_path_factory.mktemp("town"), create_migrated_database()
    engine = create_engine(SharedSettings(database_url=url).database_url, pool_size=24)
    with running_stack(directory, url, "api", extra={"ACCESS": "keys"}) as stack:
        secrets = AccessSettings(_env_file=None, data_dir=stack.settings.data_dir).secrets()
        keys = {}
        for name, app, scopes in (
            ("school", "school", [Scope.CHAT]),
            ("other", "other", [Scope.CHAT]),
            ("operator", "school", [Scope.OPERATE]),
        ):
            row, key = stack.make_key(app, *scopes)
            keys[name] = (row.app_id, row.id, key)
        yield Town(stack, Bench(engine), LearnerTokens(secrets), keys)
    engine.dispose()


CREDENTIALS: dict[str, Callable[[Town], str | None]] = {
    "none": lambda _: None,
    "mistyped": lambda town: town.key("school")[:-1] + "!",
    "unknown key": lambda _: new_key(KeyKind.LIVE),
    "forged token": lambda town: jwt.encode({"sub": "asha"}, "x" * 32, headers={"kid": "1"}),
    "expired token": lambda town: town.token("school", "asha", timedelta(seconds=-1)),
    "another app's key": lambda town: town.key("other"),
    "another learner's token": lambda town: town.token("school", "ravi"),
    "own token": lambda town: town.token("school", "asha"),
    "key without the scope chat": lambda town: town.key("operator"),
    "key": lambda town: town.key("school"),
}
_NOT_GOOD = ("none", "mistyped", "unknown key", "forged token", "expired token")
_REFUSED: dict[str, Any] = dict.fromkeys(_NOT_GOOD, (401, "unauthenticated"))
_FOR_LEARNERS = _REFUSED | {"key without the scope chat": (403, "insufficient_scope")}
_NAMED = _FOR_LEARNERS | {
    "another app's key": None,  # its own learner of that name
    "another learner's token": (403, "wrong_user"),
    "own token": None,
    "key": None,
}
_ITEM = _NAMED | {"another app's key": (404, "not_found"), "another learner's token": (404, "not_found")}
_FOR_APPS = _FOR_LEARNERS | {
    "another app's key": None,
    "another learner's token": (403, "insufficient_scope"),
    "own token": (403, "insufficient_scope"),
    "key": None,
}
_FOR_OPERATORS = dict.fromkeys(CREDENTIALS, (403, "insufficient_scope")) | _REFUSED
_FOR_OPERATORS["key without the scope chat"] = None
_FOR_ALL = dict.fromkeys(CREDENTIALS)
_SIGNED = dict.fromkeys(CREDENTIALS, (403, "invalid_signature"))


@dataclass(frozen=True, slots=True)
class Route:
    """A route, what to send there about asha's things, and how each credential is answered; None: let in."""

    method: str
    path: str
    answers: Mapping[str, tuple[int, str] | None]
    query: Mapping[str, str] | None = None
    json: Mapping[str, object] | None = None
    files: Mapping[str, bytes] | None = None


_ASHA = {"user_id": "asha"}
_OF_ANOTHER = {"another app's key": (404, "not_found")}
_REVIEW = {"message": "I am going", "speak": []}
_BODY = {"user_id": "asha", "message": "Hello", "speak": []}
ROUTES = [
    Route("post", TOKENS, _FOR_APPS, json=_ASHA),
    Route("post", TEXT, _NAMED, json=_BODY),
    Route("post", VOICE, _NAMED, files={"user_id": b"asha", "audio_file": b"no sound"}),
    Route("post", f"{TEXT}/wait", _NAMED, json=_BODY),
    Route("post", f"{VOICE}/wait", _NAMED, files={"user_id": b"asha", "audio_file": b"no sound"}),
    Route("get", "/jobs", _NAMED, query=_ASHA),
    Route("get", "/jobs/{job_id}", _ITEM),
    Route("get", "/jobs/{job_id}/wait", _ITEM, query={"timeout": "0"}),
    Route("get", "/jobs/{job_id}/events", _ITEM),
    Route("post", "/jobs/{job_id}/cancel", _ITEM),
    Route("post", "/jobs/{job_id}/retry", _ITEM),
    Route("get", CONVERSATIONS, _NAMED, query=_ASHA),
    Route("get", f"{CONVERSATIONS}/{{conversation_id}}", _ITEM | _NAMED, query=_ASHA),
    Route("delete", f"{CONVERSATIONS}/{{conversation_id}}", _ITEM | _NAMED, query=_ASHA),
    Route("get", "/api/v1/users/{user_id}/usage", _NAMED),
    Route("get", "/api/v1/users/{user_id}/mistakes", _NAMED),
    Route("get", "/api/v1/users/{user_id}/progress", _NAMED),
    Route("get", "/api/v1/users/{user_id}/reviews/next", _NAMED),
    Route("post", "/api/v1/users/{user_id}/reviews/{mistake_id}", _NAMED | _OF_ANOTHER, json=_REVIEW),
    Route("get", "/api/v1/progress", _FOR_APPS, query={"user_ids": "asha,ravi"}),
    Route("put", "/api/v1/users/{user_id}", _NAMED, json={}),
    Route("get", "/api/v1/users/{user_id}/export", _NAMED),
    Route("get", "/api/v1/erasures/{erasure_id}", _ITEM),
    Route("delete", "/api/v1/users/{user_id}", _NAMED),
    Route("post", "/api/v1/ai/init-models", _FOR_OPERATORS),
    Route("get", "/metrics", _FOR_OPERATORS),
    Route("get", "/health", _FOR_ALL),
    Route("get", "/health/ready", _FOR_ALL),
    Route("get", "/audio/{name}", _SIGNED),
]


def ended_turn(town: Town, app: str = "school", user_id: str = "asha") -> tuple[UUID, str]:
    conversation = f"c-{uuid4().hex}"
    job_id = town.bench.text(app_id=town.app(app), user_id=user_id, conversation=conversation, speak=[])
    town.bench.finish(job_id)
    return job_id, conversation


def asked_erasure(town: Town) -> UUID:
    """Return an erasure of the school's asha, whom nobody erases, as there is no worker."""
    asha = LearnerRef(town.app("school"), "asha")
    with town.bench.sessions.begin() as session:
        erasure_id = erasures.ask(session, asha, town.tokens.secrets.pseudonym(asha))
    town.stack.sql("UPDATE learners SET erasure_id = NULL")
    return erasure_id


def test_every_route_of_the_documentation_is_in_the_table(town: Town) -> None:
    described = town.ask("get", "/openapi.json", None).json()["paths"]

    found = {
        (method, path) for path, operations in described.items() for method in operations.keys() & _METHODS
    }
    assert found == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_answers_every_credential_as_documented(
    town: Town, route: Route, credential: str
) -> None:
    job_id, conversation = ended_turn(town)
    path = route.path.format(
        job_id=job_id,
        conversation_id=conversation,
        user_id="asha",
        name=f"{'0' * 32}.mp3",
        erasure_id=asked_erasure(town),
        mistake_id=town.bench.job(job_id).mistake_id,
    )
    expected = route.answers[credential]
    if route.path.endswith("/text-chat/wait") and expected is None:
        pytest.skip("there is no worker to wait for; the route without /wait is let in alike")

    response = town.ask(
        route.method,
        path,
        CREDENTIALS[credential](town),
        params=route.query,
        json=route.json,
        files={name: (None if name == "user_id" else name, sent) for name, sent in route.files.items()}
        if route.files
        else None,
    )

    if expected is None:
        assert response.status_code not in {401, 403}, response.text
    elif expected == (404, "not_found") or credential != "another app's key":
        assert_problem(response, *expected)
    assert (response.headers.get("WWW-Authenticate") == "Bearer") == (response.status_code == 401)


def test_health_says_nothing_but_the_status_to_who_may_not_operate(town: Town) -> None:
    told = [
        town.ask("get", "/health", CREDENTIALS[each](town)).json() for each in ("none", "mistyped", "key")
    ]
    assert [set(each) for each in told] == [{"status"}] * 3
    assert "dependencies" in town.ask("get", "/health", town.key("operator")).json()


def test_a_token_names_its_learner_by_itself(town: Town) -> None:
    token = town.token("school", "meena")

    job = town.ask("post", TEXT, token, json={"message": "Hello", "speak": []}).json()

    assert job["user_id"] == "meena"
    listed = town.ask("get", "/jobs", token).json()["items"]
    assert [each["id"] for each in listed] == [job["id"]]
    assert_problem(
        town.ask("post", TEXT, town.key("school"), json={"message": "Hello"}), 422, "invalid_request"
    )


def test_two_credentials_at_once_are_none(town: Town) -> None:
    key = f"Bearer {town.key('school')}"
    for other in ("Bearer nonsense", key):
        for sent in ((key, other), (other, key)):
            headers = [("Authorization", each) for each in sent]
            with httpx.Client(base_url=town.stack.settings.local_url, headers=headers) as client:
                assert_problem(client.get("/jobs?user_id=asha"), 401, "unauthenticated")


@pytest.mark.parametrize("seconds", [True, "60", 0, 1.5, 86_401])
def test_a_token_is_not_made_for_what_is_no_number_of_seconds(town: Town, seconds: object) -> None:
    asked = {"user_id": "asha", "expires_in": seconds}
    assert_problem(town.ask("post", TOKENS, town.key("school"), json=asked), 422, "invalid_request")


def test_a_token_is_made_for_an_hour_at_most_and_works(town: Town) -> None:
    asked = {"user_id": "asha", "expires_in": 86_400}
    made = town.ask("post", TOKENS, town.key("school"), json=asked)

    assert made.status_code == 201
    # What JSON Schema calls an integer.
    assert town.ask("post", TOKENS, town.key("school"), json=_ASHA | {"expires_in": 60.0}).status_code == 201
    left = datetime.fromisoformat(made.json()["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    assert town.ask("get", "/jobs", made.json()["token"]).status_code == 200


def test_two_apps_with_the_same_user_id_never_see_each_other(town: Town) -> None:
    user, name = f"twin-{uuid4().hex}", "shared"
    posted = {}
    for app in ("school", "other"):
        response = town.ask(
            "post",
            TEXT,
            town.key(app),
            json={"user_id": user, "message": f"Hello from {app}", "conversation_id": name, "speak": []},
            headers={"Idempotency-Key": "one"},
        )
        assert response.status_code == 202
        posted[app] = response.json()
        town.bench.finish(UUID(posted[app]["id"]))

    assert posted["school"]["id"] != posted["other"]["id"]
    for app, other in (("school", "other"), ("other", "school")):
        for credential in (town.key(app), town.token(app, user)):
            mine = {"user_id": user}
            jobs = town.ask("get", "/jobs", credential, params=mine).json()["items"]
            said = town.ask("get", f"{CONVERSATIONS}/{name}", credential, params=mine).json()["items"]
            usage = town.ask("get", f"/api/v1/users/{user}/usage", credential).json()["totals"]
            assert [job["id"] for job in jobs] == [posted[app]["id"]]
            assert [each["text"] for each in said if each["role"] == "learner"] == [f"Hello from {app}"]
            assert usage["text_turns"] == 1
            theirs = posted[other]["id"]
            for path in (f"/jobs/{theirs}", f"/jobs/{theirs}/wait?timeout=0", f"/jobs/{theirs}/events"):
                assert_problem(town.ask("get", path, credential), 404, "not_found")


def test_a_signed_link_opens_the_events_of_its_job_alone(town: Town) -> None:
    (mine, _), (other, _) = ended_turn(town), ended_turn(town, user_id="ravi")
    link = town.ask("get", f"/jobs/{mine}", town.key("school")).json()["links"]["events"]

    assert town.ask("get", link, None).status_code == 200
    moved = link.replace(str(mine), str(other))
    assert_problem(town.ask("get", moved, None), 403, "invalid_signature")
    assert_problem(town.ask("get", f"{link}&user_id=ravi", None), 404, "not_found")


def test_a_signed_link_gives_no_link_that_is_good_for_longer(town: Town) -> None:
    mine, _ = ended_turn(town)

    def fresh_link() -> str:
        return str(town.ask("get", f"/jobs/{mine}", town.key("school")).json()["links"]["events"])

    link = fresh_link()
    expires = re.findall(r"expires=(\d+)", link)
    eventually(lambda: re.findall(r"expires=(\d+)", fresh_link()) > expires, what="a link that is later")

    told = town.ask("get", link, None).text
    assert set(re.findall(r"expires=(\d+)", told)) == set(expires)
    by_key = town.ask("get", f"/jobs/{mine}/events", town.key("school")).text
    assert min(re.findall(r"expires=(\d+)", by_key)) > expires[0]


def test_a_learners_quota_of_uploads_counts_from_the_first_byte_on(town: Town) -> None:
    row, key = town.stack.make_key("narrow")
    token = town.tokens.make(LearnerRef(row.app_id, "asha"), row.id, timedelta(hours=1))[0]
    town.stack.sql("UPDATE apps SET quotas = '{\"uploads\": 0}' WHERE name = 'narrow'")
    without_sound = {"files": {"user_id": (None, b"asha")}}

    assert_problem(town.ask("post", VOICE, token, **without_sound), 429, "too_many_uploads")
    # Whose recording an app sends is known only when it is there.
    assert_problem(town.ask("post", VOICE, key, **without_sound), 422, "invalid_request")


def test_a_revoked_key_stops_with_its_tokens_and_streams(town: Town) -> None:
    row, key = town.stack.make_key("school")
    token = town.tokens.make(LearnerRef(row.app_id, "asha"), row.id, timedelta(hours=1))[0]
    waiting = town.bench.text(app_id=row.app_id, conversation=f"c-{uuid4().hex}")
    assert [town.ask("get", "/jobs?user_id=asha", each).status_code for each in (key, token)] == [200, 200]

    headers = {"Authorization": f"Bearer {key}"}
    with town.stack.client.stream("get", f"/jobs/{waiting}/events", headers=headers) as following:
        lines = following.iter_lines()
        assert next(lines)
        with town.bench.sessions.begin() as session:
            repository.revoke_key(session, row.id)
        for _ in lines:
            pass  # ends though the job has not

    def refused() -> bool:
        asked = [town.ask("get", "/jobs?user_id=asha", each).status_code for each in (key, token)]
        return asked == [401, 401]

    eventually(refused, what="key and token refused")


def test_of_fifty_posts_at_once_as_many_are_accepted_as_the_quota_allows(town: Town) -> None:
    _, key = town.stack.make_key("frugal")
    town.stack.sql("""UPDATE apps SET quotas = '{"turns_a_day": 10}' WHERE name = 'frugal'""")
    body = {"user_id": "asha", "message": "Hello", "speak": []}

    answers = together(50, lambda _: town.ask("post", TEXT, key, json=body))

    accepted = [each for each in answers if each.status_code == 202]
    refused = [each for each in answers if each.status_code == 429]
    assert (len(accepted), len(refused)) == (10, 40)
    assert {each.headers["RateLimit-Policy"] for each in answers} == {'"turns";q=10;w=86400'}
    left = sorted(int(each.headers["RateLimit"].split(";")[1].removeprefix("r=")) for each in accepted)
    assert left == list(range(10))
    assert all(each.json()["code"] == "quota_exceeded" for each in refused)
    assert all(int(each.headers["Retry-After"]) > 0 for each in refused)


def test_documentation_is_open_in_dev(town: Town) -> None:
    assert town.ask("get", "/docs", None).status_code == 200


@pytest.mark.parametrize("content", [b'{"user_id', b'{"message": "' + b"a" * 100_000 + b'"}', b"\xff"])
def test_a_body_is_not_looked_at_before_it_is_known_who_asks(town: Town, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    assert_problem(town.ask("post", TEXT, None, content=content, headers=headers), 401, "unauthenticated")
    assert town.ask("post", TEXT, town.key("school"), content=content, headers=headers).status_code in {
        413,
        422,
    }


def test_usage_says_what_is_left_of_quotas(town: Town) -> None:
    user = f"left-{uuid4().hex}"
    body = {"user_id": user, "message": "Hello", "speak": []}
    path, key = f"/api/v1/users/{user}/usage", town.key("school")
    before = town.ask("get", path, key).json()["quotas"]
    assert town.ask("post", TEXT, key, json=body).status_code == 202
    after = town.ask("get", path, key).json()["quotas"]

    assert before["turns_today"] == {"limit": 1000, "left": 1000}
    assert before["unfinished_jobs"]["limit"] == 100
    assert after["turns_today"] == {"limit": 1000, "left": 999}
    assert after["unfinished_jobs"]["left"] == 99


def test_a_teacher_sees_learners_of_their_own_app_alone(town: Town) -> None:
    pupil = f"pupil-{uuid4().hex}"
    ended_turn(town, "other", pupil)

    seen = {
        app: town.ask("get", "/api/v1/progress", town.key(app), params={"user_ids": pupil}).json()["learners"]
        for app in ("school", "other")
    }

    assert [(one["user_id"], one["mistakes"]) for one in seen["other"]] == [(pupil, 1)]
    assert [(one["user_id"], one["mistakes"]) for one in seen["school"]] == [(pupil, 0)]
