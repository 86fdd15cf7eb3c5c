"""The documentation that the service serves is the contract it keeps."""

from typing import Any

import pytest

from tests.e2e.contract import CONVERSATIONS, TEXT, succeeded
from tests.stack import Stack

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
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


def test_every_error_is_described_as_a_problem(description: dict[str, Any]) -> None:
    for route, operation in operations(description).items():
        if route != ("/health", "get"):
            assert operation["responses"]["default"]["content"] == PROBLEM, route
    assert {"type", "title", "status", "detail", "code", "retryable"} == set(
        description["components"]["schemas"]["Problem"]["required"]
    )


def test_every_operation_has_an_id_of_its_own_and_every_reference_leads_somewhere(
    description: dict[str, Any],
) -> None:
    ids = [operation["operationId"] for operation in operations(description).values()]
    assert len(ids) == len(set(ids))

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert references(description) <= known


def test_the_voice_form_is_described(description: dict[str, Any]) -> None:
    for path in ("/api/v1/ai/voice-chat", "/api/v1/ai/voice-chat/wait"):
        body = operations(description)[path, "post"]["requestBody"]
        form = body["content"]["multipart/form-data"]["schema"]
        assert set(form["required"]) == {"user_id", "audio_file"}
        assert set(form["properties"]) == {"user_id", "conversation_id", "speak", "audio_file"}


def test_the_headers_of_a_chat_are_described(description: dict[str, Any]) -> None:
    parameters = operations(description)[TEXT, "post"]["parameters"]
    assert {parameter["name"].lower() for parameter in parameters} == {"idempotency-key", "prefer"}


def test_answers_have_exactly_the_fields_described(stack: Stack, description: dict[str, Any]) -> None:
    chat = stack.text_chat("described", "I am go to market", conversation_id="described")
    job, user = succeeded(stack, chat["id"]), {"user_id": "described"}
    conversations = stack.client.get(CONVERSATIONS, params=user).json()
    messages = stack.client.get(f"{CONVERSATIONS}/described", params=user).json()
    usage = stack.client.get("/api/v1/users/described/usage").json()
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
        "Health": stack.client.get("/health").json(),
    }
    for name, answer in answers.items():
        assert answer.keys() == description["components"]["schemas"][name]["properties"].keys(), name
