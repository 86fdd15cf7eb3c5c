"""Accepting turns: their numbers, which may run at once, and idempotency keys."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from shared import conversations, jobs
from shared.jobs import Hint, IdempotencyKeyReusedError
from shared.models import Conversation, Job, JobStatus, Stage
from tests.support.factories import TEXT_TURN, Bench, together


def find_replay(bench: Bench, key: str, *, fingerprint: str = "f" * 64, user_id: str = "asha") -> UUID | None:
    with bench.sessions() as session:
        return jobs.find_replay(session, user_id, key, fingerprint)


def test_a_text_enters_at_reply_and_can_run_at_once(bench: Bench) -> None:
    bench.sends = True
    job_id, hint = bench.accept()

    job = bench.job(job_id)
    assert hint == Hint(job_id, Stage.REPLY)
    assert (job.status, job.stage, job.turn) == (JobStatus.QUEUED, Stage.REPLY, 1)
    assert (job.message, job.speak, job.request_id) == ("I am go to market", ["reply"], "request-1")
    assert job.started_at is None
    assert job.published_at == job.stage_ready_at


def test_a_turn_counts_as_sent_from_its_acceptance_if_it_is_its_turn(bench: Bench) -> None:
    with bench.sessions.begin() as session:
        accepted = [jobs.accept(session, TEXT_TURN, None) for _ in range(2)]

    sent = [bench.job(job_id).published_at is not None for job_id, _ in accepted]
    assert sent == [hint is not None for _, hint in accepted] == [True, False]


def test_a_hint_that_could_not_be_sent_is_the_sweeps_until_its_stage_moves_on(bench: Bench) -> None:
    with bench.sessions.begin() as session:
        waiting, taken = (
            jobs.accept(session, replace(TEXT_TURN, conversation=name), None)[0] for name in ("a", "b")
        )
    bench.claimed(taken)

    with bench.sessions.begin() as session:
        jobs.mark_unpublished(session, [Hint(waiting, Stage.REPLY), Hint(taken, Stage.REPLY)])

    assert bench.job(waiting).published_at is None
    assert bench.job(taken).published_at is not None


def test_a_recording_enters_at_transcribe(bench: Bench) -> None:
    job = bench.job(bench.voice())

    assert job.stage is Stage.TRANSCRIBE
    assert job.upload_id is not None


def test_concurrent_turns_are_numbered_without_gaps_and_only_the_first_is_ready(bench: Bench) -> None:
    accepted = together(20, lambda _: [bench.accept() for _ in range(3)])

    pairs = [pair for three in accepted for pair in three]
    turns = {job_id: bench.job(job_id).turn for job_id, _ in pairs}
    assert sorted(turns.values()) == list(range(1, 61))
    assert [turns[job_id] for job_id, hint in pairs if hint] == [1]


def test_a_turn_that_was_rolled_back_leaves_no_gap(bench: Bench) -> None:
    bench.text()
    with bench.sessions() as session:
        jobs.accept(session, TEXT_TURN, None)
        session.rollback()

    assert bench.job(bench.text()).turn == 2


def test_a_turn_is_ready_once_the_earlier_ones_have_ended(bench: Bench) -> None:
    first = bench.text()
    _, second_hint = bench.accept()
    assert second_hint is None

    bench.finish(first)
    second = next(job.id for job in bench.all(Job) if job.turn == 2)
    bench.finish(second)

    third, third_hint = bench.accept()
    assert third_hint == Hint(third, Stage.REPLY)


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
        numbers = [conversations.take_turn(session, "asha", "market").number for _ in range(3)]

    assert numbers == [1, 2, 3]


def test_a_published_hint_is_noted(bench: Bench) -> None:
    job_id, hint = bench.accept()
    assert hint is not None

    with bench.sessions.begin() as session:
        jobs.mark_published(session, [hint])

    assert bench.job(job_id).published_at is not None


def test_a_hint_noted_late_leaves_a_stage_that_runs_or_has_moved_on_alone(bench: Bench) -> None:
    claimed, moved_on = bench.text(conversation="claimed"), bench.text(conversation="moved-on")
    bench.claimed(claimed)
    bench.reply(bench.claimed(moved_on))

    with bench.sessions.begin() as session:
        jobs.mark_published(session, [Hint(claimed, Stage.REPLY), Hint(moved_on, Stage.REPLY)])

    assert bench.job(claimed).published_at is None
    assert bench.job(moved_on).published_at is None


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
    with bench.sessions.begin() as session:
        first, second = jobs.accept(session, new, None), jobs.accept(session, new, None)

    assert first[0] != second[0]
