"""The documentation that the service serves is the contract it keeps."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema_rs import validator_for

from api.access.settings import Access
from api.main import create_app
from api.settings import ApiSettings
from shared.errors import ErrorCode
from tests.support.contract import CONVERSATIONS, TEXT, succeeded
from tests.support.stack import Stack

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/Problem"}
# These answer what is no operation of the document, or say that it is broken.
NO_OPERATIONS = {ErrorCode.METHOD_NOT_ALLOWED, ErrorCode.INTERNAL_ERROR, ErrorCode.MISDIRECTED_REQUEST}
LIMITS = {"RateLimit", "RateLimit-Policy"}
OPERATIONS = {
    "text_chat",
    "voice_chat",
    "text_chat_and_wait",
    "voice_chat_and_wait",
    "list_jobs",
    "read_job",
    "wait_for_job",
    "follow_job",
    "cancel_job",
    "retry_job",
    "list_conversations",
    "read_conversation",
    "delete_conversation",
    "read_usage",
    "list_mistakes",
    "read_progress",
    "compare_progress",
    "next_review",
    "review",
    "note_consent",
    "export_learner",
    "erase_learner",
    "read_erasure",
    "make_learner_token",
    "init_models",
    "read_audio",
    "health",
    "ready",
    "metrics",
}
ROUTES: dict[tuple[str, str], dict[str, str | None]] = {
    ("/api/v1/ai/text-chat", "post"): {"200": "JobView", "202": "JobView"},
    ("/api/v1/ai/voice-chat", "post"): {"200": "JobView", "202": "JobView"},
    ("/api/v1/ai/text-chat/wait", "post"): {"200": "ChatReply"},
    ("/api/v1/ai/voice-chat/wait", "post"): {"200": "ChatReply"},
    ("/jobs", "get"): {"200": "JobPage"},
    ("/jobs/{job_id}", "get"): {"200": "JobView"},
    ("/jobs/{job_id}/wait", "get"): {"200": "JobView"},
    ("/api/v1/conversations", "get"): {"200": "ConversationPage"},
    ("/api/v1/conversations/{conversation_id}", "get"): {"200": "MessagePage"},
    ("/api/v1/conversations/{conversation_id}", "delete"): {"204": None},
    ("/api/v1/users/{user_id}/usage", "get"): {"200": "UsageView"},
    ("/api/v1/users/{user_id}/mistakes", "get"): {"200": "MistakePage"},
    ("/api/v1/users/{user_id}/progress", "get"): {"200": "ProgressView"},
    ("/api/v1/progress", "get"): {"200": "TeachersView"},
    ("/api/v1/users/{user_id}/reviews/next", "get"): {"200": "NextReview", "204": None},
    ("/api/v1/users/{user_id}/reviews/{mistake_id}", "post"): {"200": "JobView", "202": "JobView"},
    ("/audio/{name}", "get"): {"200": None},
    ("/health", "get"): {"200": "Health"},
    ("/health/ready", "get"): {"200": "Readiness"},
}


@pytest.fixture(scope="module")
def description(stack: Stack) -> dict[str, Any]:
    described: dict[str, Any] = stack.client.get("/openapi.json").json()
    return described


def operations(description: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (path, method): operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


def test_the_documentation_can_be_read_in_a_browser(stack: Stack) -> None:
    response = stack.client.get("/docs")
    assert (response.status_code, "/openapi.json" in response.text) == (200, True)


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_every_route_is_described_with_what_it_returns(
    description: dict[str, Any], route: tuple[str, str]
) -> None:
    responses = operations(description)[route]["responses"]
    for status, model in ROUTES[route].items():
        schema = responses[status].get("content", {}).get("application/json", {}).get("schema")
        assert schema == (model and {"$ref": f"#/components/schemas/{model}"})


def responses(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return every described response with its operation's id and its status."""
    for operation in operations(description).values():
        for status, response in operation["responses"].items():
            yield operation["operationId"], status, response


def test_every_error_is_described_as_a_problem_with_an_example_of_each_code(
    description: dict[str, Any],
) -> None:
    described: set[ErrorCode] = set()
    keyed = create_app(ApiSettings(_env_file=None, access=Access.KEYS)).openapi()
    for operation, status, response in [*responses(description), *responses(keyed)]:
        assert status.isdecimal(), (operation, "an answer for every status says nothing of any")
        if int(status) < 400:
            continue
        [(media_type, content)] = response["content"].items()
        assert (media_type, content["schema"]) == ("application/problem+json", PROBLEM_SCHEMA)
        for code, example in content["examples"].items():
            shown = (example["value"]["code"], str(example["value"]["status"]))
            assert shown == (code, status), operation
            described.add(ErrorCode(code))

    assert described == set(ErrorCode) - NO_OPERATIONS


def test_every_header_is_described(description: dict[str, Any]) -> None:
    for operation, status, response in responses(description):
        assert "X-Request-ID" in response["headers"], (operation, status)
        if status in {"429", "503"}:
            assert response["headers"]["Retry-After"]["required"]
    chat = operations(description)[TEXT, "post"]["responses"]
    always = {"Location", "Preference-Applied", "Retry-After", "X-Request-ID"}
    assert chat["202"]["headers"].keys() == always | LIMITS


def test_every_answer_has_an_example_that_fits_its_schema(description: dict[str, Any]) -> None:
    components = description["components"]
    for operation, status, response in responses(description):
        for media_type, content in response.get("content", {}).items():
            examples = content.get("examples", {})
            assert examples or media_type.startswith("audio/") or media_type == "application/zip", operation
            schema = content.get("schema", {"type": "string"})  # a stream's is of each of its items
            validator = validator_for({**schema, "components": components})
            for name, example in examples.items():
                shown = components["examples"][name] if "$ref" in example else example
                problems = [str(error) for error in validator.iter_errors(shown["value"])]
                assert problems == [], (operation, status, name)


def test_the_ids_of_the_operations_stay_as_they_are(description: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(description).values()]

    assert sorted(ids) == sorted(OPERATIONS)


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    known = {
        f"#/components/{kind}/{name}" for kind, things in description["components"].items() for name in things
    }
    assert references(description) <= known


@pytest.mark.parametrize(
    "message",
    [
        "Hello",
        " a\n",
        "?",
        "नमस्ते",
        "\U0001f600",
        "",
        " \n",
        "\u200b\ufeff ",
        "\u3164\ufe0f",
        "nul \0",
        "a" * 2001,
    ],
)
def test_what_may_be_a_message_is_described_as_it_is_kept(
    stack: Stack, description: dict[str, Any], message: str
) -> None:
    body = {"user_id": "asha", "message": message, "speak": []}
    schemas = {"$ref": "#/components/schemas/TextChatRequest", "components": description["components"]}
    status = stack.client.post(TEXT, json=body).status_code

    assert (status == 202) == validator_for(schemas).is_valid(body)
    assert status in {202, 422}


def test_the_voice_form_is_described(description: dict[str, Any]) -> None:
    for path in ("/api/v1/ai/voice-chat", "/api/v1/ai/voice-chat/wait"):
        body = operations(description)[path, "post"]["requestBody"]
        assert body["content"]["multipart/form-data"]["schema"] == {
            "$ref": "#/components/schemas/VoiceChatForm"
        }
        form = description["components"]["schemas"]["VoiceChatForm"]
        assert set(form["required"]) == {"user_id", "audio_file"}
        assert set(form["properties"]) == {"user_id", "conversation_id", "speak", "audio_file"}


def test_the_headers_of_a_chat_are_described(description: dict[str, Any]) -> None:
    parameters = operations(description)[TEXT, "post"]["parameters"]
    assert {parameter["name"]: parameter["schema"]["type"] for parameter in parameters} == {
        "Idempotency-Key": "string",
        "Prefer": "string",
    }


def test_answers_have_exactly_the_fields_described(stack: Stack, description: dict[str, Any]) -> None:
    chat = stack.text_chat("described", "I am go to market", conversation_id="described")
    job, user = succeeded(stack, chat["id"]), {"user_id": "described"}
    conversations = stack.client.get(CONVERSATIONS, params=user).json()
    messages = stack.client.get(f"{CONVERSATIONS}/described", params=user).json()
    usage = stack.client.get("/api/v1/users/described/usage").json()
    mistakes = stack.client.get("/api/v1/users/described/mistakes").json()
    progress = stack.client.get("/api/v1/users/described/progress").json()
    answers = {
        "JobView": job,
        "ChatReply": job["result"],
        "Timings": job["timings"],
        "EnginesUsed": job["engines"],
        "Links": job["links"],
        "JobPage": stack.client.get("/jobs", params=user).json(),
        "ConversationPage": conversations,
        "ConversationView": conversations["items"][0],
        "MessagePage": messages,
        "MessageView": messages["items"][1],
        "UsageView": usage,
        "UsageDay": usage["days"][0],
        "UsageCounts": usage["totals"],
        "MistakePage": mistakes,
        "MistakeView": mistakes["items"][0],
        "ProgressView": progress,
        "CategoryProgress": progress["categories"][0],
        "CategoryWeek": progress["categories"][0]["weeks"][0],
        "FluencyProgress": progress["fluency"],
        "FluencyWeek": progress["fluency"]["weeks"][0],
        "TeachersView": stack.client.get("/api/v1/progress", params={"user_ids": "described"}).json(),
        "Health": stack.client.get("/health").json(),
    }
    for name, answer in answers.items():
        assert answer.keys() == description["components"]["schemas"][name]["properties"].keys(), name
