"""What is not a valid request is refused in one form, naming the field and quoting nobody."""

import json

import httpx
import pytest

from tests.support.contract import CONVERSATIONS, TEXT, assert_problem
from tests.support.stack import Stack

WORDS = "mysecretwords"
JSON = {"Content-Type": "application/json"}


def post_raw(stack: Stack, content: bytes, **headers: str) -> httpx.Response:
    return stack.client.post(
        TEXT, content=content, headers=JSON | {name.replace("_", "-"): text for name, text in headers.items()}
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message", ""),
        ("message", " \t\r\n\u00a0\u3000"),
        ("message", "\u200b"),
        ("message", "\ufeff\u2060 \u202e"),
        ("message", "\x01\x1b"),
        ("message", "\u3164\ufe0f\u2800"),
        ("message", "\U000e0020\U000e0101"),
        ("message", WORDS + "a" * 1988),
        ("message", f"{WORDS}\0"),
        ("message", f"{WORDS}\ud800"),
        ("message", f"\udc00\ud83d{WORDS}"),
        ("message", None),
        ("message", 7),
        ("message", [WORDS]),
        ("message", {"text": WORDS}),
        ("user_id", ""),
        ("user_id", "a" * 129),
        ("user_id", "asha\n"),
        ("user_id", "asha rao"),
        ("user_id", "../asha"),
        ("user_id", "आशा"),
        ("user_id", "asha\0"),
        ("user_id", "asha\ud800"),
        ("user_id", 7),
        ("user_id", None),
        ("conversation_id", ""),
        ("conversation_id", "a" * 65),
        ("conversation_id", "conv-1\n"),
        ("conversation_id", "conv.1"),
        ("conversation_id", "conv\0"),
        ("conversation_id", 1),
        ("speak", None),
        ("speak", "reply"),
        ("speak", [WORDS]),
        ("speak", ["reply", "explanation", "reply"]),
        ("speak", {"reply": True}),
        ("language", WORDS),
    ],
)
def test_a_bad_field_is_named_and_what_was_sent_is_not_quoted(
    stack: Stack, field: str, value: object
) -> None:
    body = {"user_id": "asha", "message": "Hello", field: value}
    detail = assert_problem(post_raw(stack, json.dumps(body).encode()), 422, "invalid_request")

    assert detail.startswith(field)
    assert WORDS not in detail


@pytest.mark.parametrize("field", ["user_id", "message"])
def test_a_missing_field_is_named(stack: Stack, field: str) -> None:
    body = {"user_id": "asha", "message": "Hello"}
    del body[field]
    response = stack.client.post(TEXT, json=body)
    assert assert_problem(response, 422, "invalid_request").startswith(f"{field}: ")


@pytest.mark.parametrize(
    "message",
    [
        "a" * 2000,
        "🙂",
        "👍🏽",
        "❤\ufe0f",
        "👩\u200d🏫",
        "\U0001fae8",
        "?",
        "\u200ba",
        "\u0939\u0942\u0901",
        "😀" * 2000,
        "\u0928\u092e\u0938\u094d\u0924\u0947",
        "a\r\nb\u2028c",
    ],
)
def test_a_message_at_the_limits_is_accepted(stack: Stack, message: str) -> None:
    assert stack.text_chat("a" * 128, message, speak=[], conversation_id="b" * 64)["status"]


def test_every_character_of_a_user_id_is_accepted(stack: Stack) -> None:
    user_id = "Asha.rao_7@mail:+91-98"
    assert stack.text_chat(user_id, "Hello", speak=[])["user_id"] == user_id


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"hello",
        b"null",
        b"7",
        b'"hello"',
        b"[]",
        b'[{"user_id":"asha","message":"hi"}]',
        b'{"user_id":"asha","message":"hi"} trailing',
        b"user_id=asha&message=hi",
        b'{"user_id":"asha","message":"\xff\xfe"}',
        b"\xff\xfe\x00\xd8",
        b'{"user_id":"asha","message":"raw \x01 control"}',
        b"[" * 60_000,
        b'{"user_id":"asha","message":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
        b'{"user_id":"asha","message":' + b"9" * 5_000 + b"}",
    ],
    ids=lambda content: repr(content[:24]),
)
def test_what_is_no_json_object_is_refused(stack: Stack, content: bytes) -> None:
    assert_problem(post_raw(stack, content), 422, "invalid_request")


@pytest.mark.parametrize(
    "name", ["\\ud800", f"{WORDS} and more", WORDS * 100, "\\u0000", "<b>", "", "नाम"], ids=repr
)
def test_an_unknown_field_with_words_for_a_name_is_not_quoted(stack: Stack, name: str) -> None:
    content = f'{{"user_id":"asha","message":"hi","{name}":1}}'.encode()
    detail = assert_problem(post_raw(stack, content), 422, "invalid_request")
    assert detail.startswith("body: ")
    assert WORDS not in detail


def test_thousands_of_mistakes_get_a_short_answer(stack: Stack) -> None:
    content = (
        b'{"user_id":"asha","message":"hi",' + b",".join(b'"k%d":1' % key for key in range(6_000)) + b"}"
    )
    detail = assert_problem(post_raw(stack, content), 422, "invalid_request")
    assert detail.startswith("k0: ")
    assert detail.count(";") < 5


def test_a_megabyte_of_keys_is_not_even_read(stack: Stack) -> None:
    content = b"{" + b",".join(b'"k%d":' % key for key in range(131_070)) + b"}"
    assert_problem(post_raw(stack, content), 413, "request_too_large")


@pytest.mark.parametrize(
    "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"]
)
@pytest.mark.parametrize("path", [TEXT, f"{TEXT}/wait"])
def test_64_kb_are_the_limit_whatever_the_headers_say(stack: Stack, path: str, content_type: str) -> None:
    headers = {"Content-Type": content_type}
    fits, is_over = (
        stack.client.post(path, content=b" " * size, headers=headers) for size in (64 * 1024, 64 * 1024 + 1)
    )
    assert_problem(fits, 422, "invalid_request")
    assert_problem(is_over, 413, "request_too_large")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/octet-stream", "json"]
)
def test_json_under_another_name_is_refused(stack: Stack, content_type: str) -> None:
    content = b'{"user_id":"asha","message":"hi"}'
    assert_problem(post_raw(stack, content, Content_Type=content_type), 422, "invalid_request")


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"user_id":"asha","message":"hi"}', {}),
        (b'{"user_id":"asha","message":"hi"}', {"Content-Type": "text/plain"}),
        (b"", JSON),
        (b"[]", JSON),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused_with_what_to_send(
    stack: Stack, content: bytes, headers: dict[str, str]
) -> None:
    detail = assert_problem(stack.client.post(TEXT, content=content, headers=headers), 422, "invalid_request")
    assert detail == "body: must be a JSON object, sent with the header `Content-Type: application/json`"


def test_broken_json_is_refused_as_such(stack: Stack) -> None:
    assert assert_problem(post_raw(stack, b"{"), 422, "invalid_request") == "body: is not valid JSON"


def test_a_huge_body_is_refused(stack: Stack) -> None:
    content = b'{"user_id":"asha","message":"' + b"a" * 2_000_000 + b'"}'
    assert_problem(post_raw(stack, content), 413, "request_too_large")


@pytest.mark.parametrize("key", ["", "two words", "a" * 256, "tab\tbed"], ids=repr)
def test_a_bad_idempotency_key_is_named(stack: Stack, key: str) -> None:
    content = b'{"user_id":"asha","message":"hi"}'
    detail = assert_problem(post_raw(stack, content, Idempotency_Key=key), 422, "invalid_request")
    assert detail.startswith("Idempotency-Key: ")


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/ai", "/api/v2/ai/text-chat", "/jobs/a/b", "/%00"])
def test_an_unknown_path_is_not_found(stack: Stack, path: str) -> None:
    assert_problem(stack.client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", TEXT),
        ("PUT", TEXT),
        ("POST", "/health"),
        ("DELETE", "/health"),
        ("TRACE", "/health"),
        ("POST", "/docs/assets/swagger-ui.css"),
    ],
)
def test_a_wrong_method_is_refused_with_the_right_ones(stack: Stack, method: str, path: str) -> None:
    response = stack.client.request(method, path)
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == ("POST" if path == TEXT else "GET, HEAD")


def test_every_method_of_a_path_is_allowed_whatever_route_has_it(stack: Stack) -> None:
    response = stack.client.put(f"{CONVERSATIONS}/conv-1")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "DELETE, GET, HEAD"


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/docs", "/openapi.json"])
def test_head_is_answered_as_get_is_but_without_a_body(stack: Stack, path: str) -> None:
    response = stack.client.head(path)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == stack.client.get(path).headers["content-type"]


def test_head_of_what_is_missing_or_only_takes_post_is_refused(stack: Stack) -> None:
    assert stack.client.head("/nothing").status_code == 404
    assert stack.client.head(TEXT).status_code == 405


@pytest.mark.parametrize("request_id", ["abc-123", "a" * 128, "A1b2/c3+d4==", "0198:a.b_c@d"])
def test_a_request_id_comes_back(stack: Stack, request_id: str) -> None:
    response = stack.client.get("/health", headers={"X-Request-ID": request_id})
    assert response.headers["x-request-id"] == request_id


@pytest.mark.parametrize("request_id", [None, b"", b"a" * 129, b"two words", b"<b>", b"a\tb", b"\xe9\xff"])
def test_a_missing_or_hostile_request_id_is_replaced(stack: Stack, request_id: bytes | None) -> None:
    headers = {} if request_id is None else {b"X-Request-ID": request_id}
    ids = {stack.client.get("/nothing", headers=headers).headers["x-request-id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(len(fresh) == 32 and fresh.isalnum() for fresh in ids)


def test_a_request_id_reaches_the_workers_logs(stack: Stack) -> None:
    body = {"user_id": "asha", "message": "I am go", "speak": []}
    response = stack.client.post(TEXT, json=body, headers={"X-Request-ID": "follow-me-1"})
    job = stack.finished(response.json()["id"])

    lines = [line for line in stack.logs().splitlines() if "follow-me-1" in line]
    assert any(job["id"] in line for line in lines)


def test_nothing_that_was_refused_is_an_error_in_the_logs(stack: Stack) -> None:
    assert "unexpected error" not in stack.logs()
