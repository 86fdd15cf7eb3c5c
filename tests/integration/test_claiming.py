"""Claiming stages and keeping their leases: whatever is not there to be claimed is not claimed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from shared import jobs
from shared.failures import TIMED_OUT
from shared.jobs import Claim, Hint
from shared.models import JobStatus, Stage
from tests.support.factories import WORKER, Bench, together

LEASE = timedelta(seconds=30)


def renew(bench: Bench, *claims: Claim) -> None:
    with bench.sessions.begin() as session:
        jobs.renew(session, [claim.token for claim in claims], lease=LEASE)


def leased_until(bench: Bench, claim: Claim) -> datetime | None:
    return bench.job(claim.job.id).lease_expires_at


def test_a_claim_takes_the_stage_for_a_time(bench: Bench) -> None:
    job_id = bench.text()

    claim = bench.claimed(job_id, lease=LEASE, stage_limit=timedelta(seconds=60))

    job = bench.job(job_id)
    assert (job.status, job.stage) == (JobStatus.RUNNING, Stage.REPLY)
    assert (job.lease_token, job.lease_worker) == (claim.token, WORKER)
    assert job.started_at is not None
    assert job.stage_started_at == job.started_at
    assert job.lease_expires_at == job.started_at + LEASE
    assert job.stage_deadline_at == job.started_at + timedelta(seconds=60)


def test_a_claims_job_can_be_read_after_a_session_that_forgets(bench: Bench, database: Engine) -> None:
    hint = Hint(bench.text(), Stage.REPLY)
    with sessionmaker(database).begin() as session:  # after its commit it reads anew what it holds
        claim = jobs.claim(session, hint, token=uuid4(), worker=WORKER, lease=LEASE, stage_limit=LEASE)

    assert claim is not None
    assert (claim.job.message, claim.stage) == ("I am go to market", Stage.REPLY)


def test_of_twenty_competing_workers_one_gets_the_stage(bench: Bench) -> None:
    job_id = bench.text()

    claims = together(20, lambda number: bench.claim(job_id, Stage.REPLY, worker=f"w{number}"))

    won = [claim for claim in claims if claim is not None]
    assert len(won) == 1
    assert bench.job(job_id).lease_token == won[0].token


def an_ended_job(bench: Bench) -> UUID:
    job_id = bench.text()
    bench.fail(bench.claimed(job_id), TIMED_OUT[Stage.REPLY])
    return job_id


def a_job_to_be_cancelled(bench: Bench) -> UUID:
    job_id = bench.text()
    bench.sql("UPDATE jobs SET cancel_requested_at = now()")
    return job_id


def a_leased_job(bench: Bench) -> UUID:
    job_id = bench.text()
    bench.claimed(job_id)
    return job_id


def a_job_with_an_expired_lease(bench: Bench) -> UUID:
    job_id = a_leased_job(bench)
    bench.sql("UPDATE jobs SET lease_expires_at = now() - interval '1 minute'")
    return job_id


def a_turn_behind_a_waiting_one(bench: Bench) -> UUID:
    bench.text()
    return bench.text()


def a_turn_behind_a_running_one(bench: Bench) -> UUID:
    a_leased_job(bench)
    return bench.text()


def a_job_at_another_stage(bench: Bench) -> UUID:
    return bench.voice()


def no_job(_: Bench) -> UUID:
    return uuid4()


@pytest.mark.parametrize(
    "prepare",
    [
        an_ended_job,
        a_job_to_be_cancelled,
        a_leased_job,
        # Its death has to be counted first: the sweep does that, and makes it ready.
        a_job_with_an_expired_lease,
        a_turn_behind_a_waiting_one,
        a_turn_behind_a_running_one,
        a_job_at_another_stage,
        no_job,
    ],
)
def test_nothing_is_claimed_from(prepare: Callable[[Bench], UUID], bench: Bench) -> None:
    job_id = prepare(bench)

    with bench.sessions.begin() as session:
        hint = Hint(job_id, Stage.REPLY)
        claim = jobs.claim(session, hint, token=uuid4(), worker=WORKER, lease=LEASE, stage_limit=LEASE)

    assert claim is None


def test_a_later_stage_keeps_the_time_the_job_started(bench: Bench) -> None:
    job_id = bench.text()
    bench.reply(bench.claimed(job_id))
    bench.sql("UPDATE jobs SET started_at = started_at - interval '1 minute'")
    started_at = bench.job(job_id).started_at

    bench.claimed(job_id)

    assert bench.job(job_id).started_at == started_at


def test_renewing_prolongs_a_lease(bench: Bench) -> None:
    claim = bench.claimed(bench.text(), lease=timedelta(seconds=1))

    renew(bench, claim)

    job = bench.job(claim.job.id)
    assert job.lease_expires_at is not None
    assert job.stage_started_at is not None
    assert job.lease_expires_at >= job.stage_started_at + LEASE


def test_a_lease_is_never_renewed_past_the_stages_deadline(bench: Bench) -> None:
    claim = bench.claimed(bench.text(), lease=timedelta(seconds=1), stage_limit=timedelta(seconds=20))

    renew(bench, claim)

    assert leased_until(bench, claim) == bench.job(claim.job.id).stage_deadline_at


def test_only_the_claims_that_still_hold_their_stage_are_renewed(bench: Bench) -> None:
    alive, neighbour, ended, taken, moved_on = (
        bench.claimed(bench.text(conversation=f"{n}")) for n in range(5)
    )
    bench.fail(ended, TIMED_OUT[Stage.REPLY])
    bench.die(taken.job.id)
    bench.claimed(taken.job.id, worker="another@here")
    bench.reply(moved_on)
    bench.claimed(moved_on.job.id)
    claims = (alive, neighbour, ended, taken, moved_on)
    before = [leased_until(bench, claim) for claim in claims]

    renew(bench, alive, ended, taken, moved_on)

    after = [leased_until(bench, claim) for claim in claims]
    assert [old != new for old, new in zip(before, after, strict=True)] == [True, False, False, False, False]


def test_renewing_nothing_changes_nothing(bench: Bench) -> None:
    claim = bench.claimed(bench.text())
    before = leased_until(bench, claim)

    renew(bench)

    assert leased_until(bench, claim) == before
