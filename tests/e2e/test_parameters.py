"""Parameters that no route declares, or that come twice, are refused wherever they stand."""

from typing import Any

import pytest

from api.main import create_app
from api.settings import ApiSettings
from tests.support.contract import CONVERSATIONS, TEXT, VOICE, assert_problem, silence
from tests.support.stack import Stack

PATHS: dict[str, dict[str, Any]] = create_app(ApiSettings(_env_file=None)).openapi()["paths"]
ROUTES = [(method, path) for path, operations in PATHS.items() for method in operations]
UNDESCRIBED = [("get", path) for path in ("/docs", "/docs/assets/swagger-ui.css", "/openapi.json")]
DECLARED = [
    (method, path, parameter["name"])
    for method, path in ROUTES
    for parameter in PATHS[path][method].get("parameters", [])
    if parameter["in"] == "query"
]
HELLO = {"user_id": "asha", "message": "Hello"}
WORDS = "my secret words"
Part = tuple[str, tuple[str | None, bytes]]


def field(name: str, text: str = "asha") -> Part:
    return name, (None, text.encode())


def file(name: str) -> Part:
    return name, ("a.wav", silence(1))


def ask(stack: Stack, method: str, path: str, query: str) -> Any:
    """Send a request to the route with this query; to a chat, with a message that is good."""
    url = path.replace("{job_id}", "7c203413-37ea-47dd-b2e3-91e07b078591").replace("{user_id}", "asha")
    url = url.replace("{conversation_id}", "conv-1").replace("{name}", "sound.mp3")
    more: dict[str, Any] = {}
    if url.startswith(TEXT):
        more = {"json": HELLO}
    elif url.startswith(VOICE):
        more = {"data": {"user_id": "asha"}, "files": {"audio_file": silence(1)}}
    return stack.client.request(method, f"{url}?{query}", **more)


@pytest.mark.parametrize(("method", "path"), ROUTES + UNDESCRIBED, ids=" ".join)
def test_a_parameter_that_a_route_does_not_declare_is_named(stack: Stack, method: str, path: str) -> None:
    detail = assert_problem(ask(stack, method, path, "userid=ravi"), 422, "invalid_request")
    assert detail.startswith("userid: ")


@pytest.mark.parametrize(("method", "path", "name"), DECLARED, ids=" ".join)
def test_a_parameter_that_comes_twice_is_named(stack: Stack, method: str, path: str, name: str) -> None:
    detail = assert_problem(ask(stack, method, path, f"{name}=1&{name}=1"), 422, "invalid_request")
    assert detail.startswith(f"{name}: ")


@pytest.mark.parametrize("query", [f"{WORDS}=1", f"{WORDS * 50}=1", "%00=1", "%ff", "=1", "<b>=1"])
def test_a_parameters_name_that_is_none_is_not_quoted(stack: Stack, query: str) -> None:
    detail = assert_problem(stack.client.get(f"{CONVERSATIONS}?{query}"), 422, "invalid_request")
    assert detail.startswith("query: ")
    assert len(detail) < 200


def test_head_takes_what_get_takes(stack: Stack) -> None:
    assert stack.client.head("/jobs?user_id=asha").status_code == 200
    assert stack.client.head("/jobs?user_id=asha&userid=asha").status_code == 422


@pytest.mark.parametrize("name", ["user_id", "conversation_id", "audio_file", "language"])
@pytest.mark.parametrize("path", [VOICE, f"{VOICE}/wait"])
def test_a_form_field_that_is_unknown_or_comes_twice_is_named(stack: Stack, path: str, name: str) -> None:
    good = [field("user_id"), file("audio_file")]
    again = file(name) if name == "audio_file" else field(name)
    twice = [again] if name in {"audio_file", "user_id"} else [again, again]

    response = stack.client.post(path, files=good + twice)

    assert assert_problem(response, 422, "invalid_request").startswith(f"{name}: ")


def test_a_file_under_another_name_is_named(stack: Stack) -> None:
    response = stack.client.post(VOICE, files=[field("user_id"), file("audio_file"), file("picture")])
    assert assert_problem(response, 422, "invalid_request").startswith("picture: ")


def test_speak_may_come_more_than_once(stack: Stack) -> None:
    speak = [field("speak", "reply"), field("speak", "explanation")]
    response = stack.client.post(VOICE, files=[field("user_id"), *speak, file("audio_file")])
    assert response.status_code == 202
