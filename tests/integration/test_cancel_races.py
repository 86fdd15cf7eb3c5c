"""Cancelling, claiming and finishing at the same moment: the database decides, once."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from shared.errors import ErrorCode
from shared.failures import Failure
from shared.models import DailyUsage, Job, JobStatus, Message
from shared.retries import NotRetryableError
from shared.steps import Hint, LeaseLostError
from shared.transitions import Transitions
from tests.support.factories import Bench, together

ROUNDS = 15
AT_ONCE = 8
ENDS = {JobStatus.SUCCEEDED, JobStatus.CANCELLED}


def move(
    bench: Bench, job_id: UUID, how: Callable[[Transitions, Job, datetime], Sequence[Hint]]
) -> Sequence[Hint]:
    """Move the job as a client's request does."""
    with bench.transitions() as transitions:
        return how(transitions, *transitions.lock(job_id))


def cancel(bench: Bench, job_id: UUID) -> None:
    move(bench, job_id, Transitions.cancel)


def assert_every_end_is_whole(bench: Bench, job_ids: list[UUID]) -> None:
    """Check that each job ended once: two messages and a turn for a success, nothing for a cancelled one."""
    jobs = [bench.job(job_id) for job_id in job_ids]
    assert {job.status for job in jobs} <= ENDS
    assert all(job.finished_at for job in jobs)
    steps = [step for job in jobs for step in bench.steps(job.id)]
    assert all(step.finished_at and not step.ready_at and not step.lease_token for step in steps)
    succeeded = {job.id for job in jobs if job.status is JobStatus.SUCCEEDED}
    assert Counter(message.job_id for message in bench.all(Message)) == dict.fromkeys(succeeded, 2)
    assert sum(usage.text_turns for usage in bench.all(DailyUsage)) == len(succeeded)


def test_cancelling_races_with_finishing(bench: Bench) -> None:
    claims = [bench.claimed(bench.text(conversation=f"talk-{n}", speak=[])) for n in range(ROUNDS)]

    for claim in claims:

        def race(number: int) -> None:
            if number == 0:
                bench.reply(claim)  # noqa: B023 - each race is over before the next one begins
            else:
                cancel(bench, claim.job_id)  # noqa: B023

        together(AT_ONCE, race)

    assert_every_end_is_whole(bench, [claim.job_id for claim in claims])


def test_cancelling_races_with_claiming(bench: Bench) -> None:
    job_ids = [bench.text(conversation=f"talk-{n}", speak=[]) for n in range(ROUNDS)]

    def run(job_id: UUID) -> None:
        claim = bench.claim(job_id)
        if claim is not None:
            bench.reply(claim)

    for job_id in job_ids:
        together(AT_ONCE, lambda n: (run if n % 2 else lambda job_id: cancel(bench, job_id))(job_id))  # noqa: B023

    assert_every_end_is_whole(bench, job_ids)


def test_a_conversation_whose_turns_are_cancelled_and_finished_at_once_goes_on_in_order(
    bench: Bench,
) -> None:
    job_ids = [bench.text(speak=[]) for _ in range(12)]

    def work(_: int) -> None:
        for job_id in job_ids:
            claim = bench.claim(job_id)
            if claim is not None:
                bench.reply(claim)

    def stop(_: int) -> None:
        for job_id in job_ids[1::2]:
            cancel(bench, job_id)

    together(AT_ONCE, lambda number: (work if number % 2 else stop)(number))
    work(0)

    assert_every_end_is_whole(bench, job_ids)
    turns = [message.turn for message in bench.all(Message) if message.role == "tutor"]
    assert turns == sorted(turns)


def test_of_many_retries_at_once_one_is_taken(bench: Bench) -> None:
    claim = bench.claimed(bench.text(speak=[]))
    bench.fail(claim, Failure(ErrorCode.TUTOR_UNAVAILABLE, "The tutor is away."))

    def retry(_: int) -> bool:
        try:
            return bool(move(bench, claim.job_id, Transitions.retry))
        except NotRetryableError:
            return False

    assert sum(together(AT_ONCE, retry)) == 1
    assert bench.job(claim.job_id).turn == 2


def test_what_was_cancelled_while_it_ran_is_recorded_by_nobody_else(bench: Bench) -> None:
    claim = bench.claimed(bench.text(speak=["reply"]))
    cancel(bench, claim.job_id)

    def record(_: int) -> bool:
        try:
            bench.reply(claim)
        except LeaseLostError:
            return False
        return True

    assert sum(together(AT_ONCE, record)) == 1
    assert bench.job(claim.job_id).status is JobStatus.CANCELLED
    assert bench.all(Message) == []
