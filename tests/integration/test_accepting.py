"""Accepting turns: their numbers, which may run at once, and idempotency keys."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from shared import conversations, jobs, learners, steps
from shared.jobs import IdempotencyKeyReusedError
from shared.models import Conversation, Job, JobStatus, QueueName, StepKind
from tests.support.factories import ASHA, TEXT_TURN, Bench, together


def find_replay(bench: Bench, key: str, *, fingerprint: str = "f" * 64, user_id: str = "asha") -> UUID | None:
    with bench.sessions() as session:
        return jobs.find_replay(session, bench.learner(user_id).id, key, fingerprint)


def test_a_text_enters_at_reply_and_can_run_at_once(bench: Bench) -> None:
    bench.sends = True
    job_id, hints = bench.accept()

    job, step = bench.job(job_id), bench.step(job_id)
    assert [(hint.step_id, hint.queue) for hint in hints] == [(step.id, QueueName.LLM)]
    assert (job.status, job.turn, step.kind) == (JobStatus.QUEUED, 1, StepKind.REPLY)
    assert (job.message, job.speak, job.request_id) == ("I am go to market", ["reply"], "request-1")
    assert job.started_at is None
    assert step.ready_at is not None
    assert step.published_at == step.ready_at
    assert bench.events(job_id) == ["job.queued"]


def test_a_turn_counts_as_sent_from_its_acceptance_if_it_is_its_turn(bench: Bench) -> None:
    bench.sends = True
    accepted = [bench.accept() for _ in range(2)]

    steps_of = [bench.step(job_id) for job_id, _ in accepted]
    assert [step.published_at is not None for step in steps_of] == [True, False]
    assert [step.ready_at is not None for step in steps_of] == [True, False]
    assert [len(hints) for _, hints in accepted] == [1, 0]


def test_a_hint_that_could_not_be_sent_is_the_sweeps_until_its_step_moves_on(bench: Bench) -> None:
    bench.sends = True
    (waiting, first), (taken, second) = (bench.accept(conversation=name) for name in ("a", "b"))
    bench.claimed(taken)

    with bench.sessions.begin() as session:
        steps.mark_unpublished(session, [*first, *second])

    assert bench.step(waiting).published_at is None
    assert bench.step(taken).published_at is not None


def test_a_recording_enters_at_transcribe(bench: Bench) -> None:
    job = bench.job(bench.voice())

    assert bench.step(job.id).kind is StepKind.TRANSCRIBE
    assert job.upload_id is not None


def test_concurrent_turns_are_numbered_without_gaps_and_only_the_first_is_ready(bench: Bench) -> None:
    accepted = together(20, lambda _: [bench.accept() for _ in range(3)])

    pairs = [pair for three in accepted for pair in three]
    turns = {job_id: bench.job(job_id).turn for job_id, _ in pairs}
    assert sorted(turns.values()) == list(range(1, 61))
    assert [turns[job_id] for job_id, hints in pairs if hints] == [1]


def test_a_turn_that_was_rolled_back_leaves_no_gap(bench: Bench) -> None:
    bench.text()
    with bench.sessions() as session:
        learner = learners.lock(session, ASHA)
        turn = conversations.take_turn(session, learner.id, "market")
        jobs.accept(session, TEXT_TURN, learner, turn, None)
        session.rollback()

    assert bench.job(bench.text()).turn == 2


def test_a_turn_is_ready_once_the_earlier_ones_have_ended(bench: Bench) -> None:
    first = bench.text()
    second, second_hints = bench.accept()
    assert second_hints == []

    bench.finish(first)
    bench.finish(second)

    third, third_hints = bench.accept()
    assert [hint.job_id for hint in third_hints] == [third]


def test_the_same_conversation_id_of_two_users_is_two_conversations(bench: Bench) -> None:
    asha, ravi = bench.job(bench.text(user_id="asha")), bench.job(bench.text(user_id="ravi"))

    assert (asha.turn, ravi.turn) == (1, 1)
    assert asha.conversation_id != ravi.conversation_id


def test_without_a_conversation_id_each_turn_starts_a_conversation(bench: Bench) -> None:
    bench.text(conversation=None)
    bench.text(conversation=None)

    names = [conversation.public_id for conversation in bench.all(Conversation)]
    assert len(set(names)) == 2
    assert all(name.startswith("conv-") for name in names)


def test_taking_a_turn_twice_in_one_session_gives_the_new_number(bench: Bench) -> None:
    with bench.sessions.begin() as session:
        learner = learners.lock(session, ASHA)
        numbers = [conversations.take_turn(session, learner.id, "market").number for _ in range(3)]

    assert numbers == [1, 2, 3]


def test_what_was_never_sent_is_noted_when_it_is_taken_to_be_sent(bench: Bench) -> None:
    job_id, claimed = bench.text(conversation="a"), bench.text(conversation="b")
    bench.claimed(claimed)

    with bench.sessions.begin() as session:
        taken = steps.take_unsent(session, steps.unsent(grace=timedelta()), limit=10)

    assert [hint.job_id for hint in taken] == [job_id]
    assert bench.step(job_id).published_at is not None
    assert bench.step(claimed).published_at is None


def test_a_key_that_never_came_has_no_replay(bench: Bench) -> None:
    bench.text(idempotency_key="another")

    assert find_replay(bench, "key") is None


def test_a_key_gives_its_job_again(bench: Bench) -> None:
    job_id = bench.text(idempotency_key="key")

    assert find_replay(bench, "key") == job_id


def test_a_key_belongs_to_its_user(bench: Bench) -> None:
    bench.text(idempotency_key="key")

    assert find_replay(bench, "key", user_id="ravi") is None
    assert bench.text(idempotency_key="key", user_id="ravi")


def test_a_key_used_for_another_request_is_refused(bench: Bench) -> None:
    bench.text(idempotency_key="key")

    with pytest.raises(IdempotencyKeyReusedError, match="another request"):
        find_replay(bench, "key", fingerprint="e" * 64)


def test_a_key_older_than_a_day_can_be_used_again(bench: Bench) -> None:
    old = bench.text(idempotency_key="key")
    bench.sql("UPDATE jobs SET created_at = created_at - interval '24 hours 1 second'")
    assert find_replay(bench, "key", fingerprint="e" * 64) is None

    new = bench.text(idempotency_key="key", fingerprint="e" * 64)

    assert find_replay(bench, "key", fingerprint="e" * 64) == new
    assert bench.job(old).idempotency_key is None


def test_a_key_of_almost_a_day_is_still_known(bench: Bench) -> None:
    job_id = bench.text(idempotency_key="key")
    bench.sql("UPDATE jobs SET created_at = created_at - interval '23 hours 59 minutes'")

    assert find_replay(bench, "key") == job_id
    with pytest.raises(IntegrityError, match="uq_jobs_idempotency"):
        bench.text(idempotency_key="key")


@pytest.mark.parametrize(
    "conversation", ["market", None], ids=["one conversation", "conversations of their own"]
)
def test_of_concurrent_requests_with_one_key_one_is_accepted(bench: Bench, conversation: str | None) -> None:
    def accept(_: int) -> UUID | IntegrityError:
        try:
            return bench.text(idempotency_key="key", conversation=conversation)
        except IntegrityError as error:
            return error

    outcomes = together(10, accept)

    accepted = [outcome for outcome in outcomes if isinstance(outcome, UUID)]
    losers = [str(outcome) for outcome in outcomes if isinstance(outcome, IntegrityError)]
    assert accepted == [find_replay(bench, "key")]
    assert len(losers) == 9
    assert all("uq_jobs_idempotency" in loser for loser in losers)
    with bench.sessions() as session:
        assert session.scalar(select(func.count(col(Job.id)))) == 1
        assert session.scalar(select(func.sum(col(Conversation.last_turn)))) == 1


def test_a_job_without_a_key_may_be_repeated(bench: Bench) -> None:
    new = replace(TEXT_TURN, idempotency_key=None)
    first, second = (bench.accept(idempotency_key=new.idempotency_key) for _ in range(2))

    assert first[0] != second[0]
