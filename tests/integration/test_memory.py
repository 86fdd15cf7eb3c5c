"""What the tutor remembers: the newest messages, so many and so long at most."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from shared import conversations
from shared.models import Message
from tests.support.factories import Bench

TEXTS = ["a" * 10, "b" * 20, "c" * 30, "d" * 40]
"""What the learner and the tutor said in two turns."""


def remembered(bench: Bench, *, limit: int = 20, characters: int = 8000) -> Sequence[Message]:
    conversation_id = bench.job(talk(bench)).conversation_id
    with bench.sessions() as session:
        return conversations.last_messages(session, conversation_id, limit=limit, characters=characters)


def talk(bench: Bench) -> UUID:
    for said, replied in (TEXTS[:2], TEXTS[2:]):
        job_id = bench.text(message=said, speak=[])
        bench.reply(bench.claimed(job_id), text=replied)
    return job_id


@pytest.mark.parametrize(("limit", "count"), [(0, 0), (1, 1), (3, 3), (20, 4)])
def test_so_many_messages_are_remembered(bench: Bench, limit: int, count: int) -> None:
    assert [message.text for message in remembered(bench, limit=limit)] == TEXTS[4 - count :]


@pytest.mark.parametrize(
    ("characters", "count"), [(0, 0), (39, 0), (40, 1), (69, 1), (70, 2), (89, 2), (90, 3), (99, 3), (100, 4)]
)
def test_the_newest_messages_that_fit_are_remembered(bench: Bench, characters: int, count: int) -> None:
    assert [message.text for message in remembered(bench, characters=characters)] == TEXTS[4 - count :]


def test_a_short_message_before_one_that_does_not_fit_is_forgotten_too(bench: Bench) -> None:
    """The memory has no hole: whoever remembers an answer remembers what it answered."""
    for said in ("x", "y" * 50, "z"):
        job_id = bench.text(message=said, speak=[])
        bench.reply(bench.claimed(job_id), text="ok")
    with bench.sessions() as session:
        conversation_id = bench.job(job_id).conversation_id
        found = conversations.last_messages(session, conversation_id, limit=20, characters=20)

    assert [message.text for message in found] == ["ok", "z", "ok"]
