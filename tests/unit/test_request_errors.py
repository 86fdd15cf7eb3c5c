"""What is wrong with a request is told in a few errors, however much is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from api.turns.schemas import TextChatRequest

GOOD = {"user_id": "asha", "message": "Hello"}


@pytest.mark.parametrize(
    "body",
    [
        {f"key{number}": number for number in range(131_070)},
        GOOD | {f"key{number}": number for number in range(131_070)},
        GOOD | {"speak": [7] * 20_000},
        GOOD | {"speak": ["reply"] * 20_000},
        GOOD | {"speak": {str(number): number for number in range(20_000)}},
        {"user_id": "a" * 60_000, "message": "a" * 60_000, "conversation_id": "a" * 60_000},
    ],
    ids=["keys", "keys beside good ones", "no parts", "parts", "an object", "long"],
)
def test_however_much_is_wrong_few_errors_are_made(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        TextChatRequest.model_validate(body)

    assert refusal.value.error_count() < 10
