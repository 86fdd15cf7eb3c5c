"""Conversations stay unless a deployment limits that: then all of one goes that was not used for long."""

from dataclasses import replace
from datetime import timedelta

from redis import Redis

from local.servers import EmbeddedRedis
from shared import conversations, erasures
from shared.models import (
    Conversation,
    DailyUsage,
    Erasure,
    ErasureState,
    Job,
    JobEvent,
    Learner,
    Message,
    Step,
)
from tests.support.attic import Attic
from tests.support.factories import ASHA, Bench, together
from tests.support.zone import ZONE
from worker.settings import WorkerSettings
from worker.upkeep.erasing import Erasing
from worker.upkeep.retention import Retention

KEPT = timedelta(days=7)


def used(attic: Attic, conversation: str, *, days_ago: float) -> Job:
    """Return a spoken job of this conversation, which was used last so long ago."""
    job = attic.spoken(conversation, days_ago=days_ago)
    attic.bench.sql(
        "UPDATE conversations SET updated_at = now() - make_interval(secs => :ago) WHERE public_id = :name",
        ago=86400 * days_ago,
        name=conversation,
    )
    return job


def forget_conversations(attic: Attic) -> Retention:
    """Return a retention that also removes conversations not used for `KEPT`."""
    return replace(attic.retention, keep_conversations=KEPT)


def names_of_conversations(bench: Bench) -> set[str]:
    return {conversation.public_id for conversation in bench.all(Conversation)}


def test_conversations_are_kept_for_ever_unless_that_is_limited(attic: Attic) -> None:
    used(attic, "ancient", days_ago=4000)

    attic.retention.run()

    assert WorkerSettings(_env_file=None).conversation_retention is None
    assert names_of_conversations(attic.bench) == {"ancient"}
    assert len(attic.bench.all(Message)) == 2


def test_a_conversation_goes_with_all_of_it_when_it_was_not_used_for_long(attic: Attic) -> None:
    used(attic, "old", days_ago=7.1)
    young = used(attic, "young", days_ago=6.9)
    begun = attic.bench.text(conversation="old and at work")
    attic.bench.sql(
        "UPDATE conversations SET updated_at = now() - interval '1 year' WHERE public_id = 'old and at work'"
    )
    kept = attic.names_of(young)

    forget_conversations(attic).run()

    assert names_of_conversations(attic.bench) == {"young", "old and at work"}
    assert {job.id for job in attic.bench.all(Job)} == {young.id, begun}
    assert {step.job_id for step in attic.bench.all(Step)} == {young.id, begun}
    assert {event.job_id for event in attic.bench.all(JobEvent)} == {young.id, begun}
    assert {message.job_id for message in attic.bench.all(Message)} == {young.id}
    assert attic.files() == attic.names() == kept
    assert [usage.voice_turns for usage in attic.bench.all(DailyUsage)] == [2]
    assert [learner.user_id for learner in attic.bench.all(Learner)] == ["asha"]
    assert attic.bench.job(attic.bench.text(conversation="old")).turn == 1  # it begins anew


def test_a_conversation_that_is_used_at_this_moment_stays(attic: Attic) -> None:
    used(attic, "old", days_ago=8)
    with attic.bench.sessions.begin() as session:
        conversations.take_turn(session, attic.bench.learner().id, "old")
        forget_conversations(attic).run()
        assert names_of_conversations(attic.bench) == {"old"}

    forget_conversations(attic).run()
    assert names_of_conversations(attic.bench) == {"old"}


def test_an_erasure_and_a_retention_at_the_same_time_leave_nothing_and_nobody_fails(
    attic: Attic, floor_redis: EmbeddedRedis
) -> None:
    for number in range(12):
        used(attic, f"old {number}", days_ago=8 + number)
    attic.bench.text(user_id="ravi", conversation="another's")
    with attic.bench.sessions.begin() as session:
        erasure_id = erasures.ask(session, ASHA, "pseudonym")

    with Redis.from_url(floor_redis.url) as redis:
        erasing = Erasing(attic.bench.sessions, attic.retention.stores, redis, ZONE)
        passes = [erasing.run, forget_conversations(attic).run] * 3
        together(len(passes), lambda number: passes[number]())
        erasing.run()

    [erasure] = attic.bench.all(Erasure)
    assert (erasure.id, erasure.state) == (erasure_id, ErasureState.DONE)
    assert [learner.user_id for learner in attic.bench.all(Learner)] == ["ravi"]
    assert names_of_conversations(attic.bench) == {"another's"}
    assert attic.files() == attic.names() == set()
