"""The keeper of leases: it renews what is at work, lets go what is done, and reports what overran."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import Engine

from local.servers import EmbeddedPostgres
from shared.steps import Claim
from tests.support.factories import Bench
from tests.support.stack import eventually
from worker.leases.keeper import LeaseKeeper

BEAT = timedelta(milliseconds=20)
LONG = timedelta(minutes=10)
NOW = timedelta(milliseconds=1)


class Desk:
    """A keeper beside its database, and what it reported as overrun."""

    def __init__(self, bench: Bench, on_overrun: Callable[[UUID], object] | None = None) -> None:
        self._bench = bench
        self._kept: list[UUID] = []
        self.overrun: list[UUID] = []
        self._on_overrun = on_overrun or self.overrun.append
        self.keeper = LeaseKeeper(bench.sessions, lease=timedelta(seconds=30), heartbeat=BEAT)

    def keep(self, name: str, limit: timedelta = LONG, *, deadline: timedelta = LONG) -> Claim:
        """Claim a step of the named conversation, which may run until its deadline, and keep its lease."""
        claim = self._bench.claimed(self._bench.text(conversation=name), limit=deadline)
        self._kept.append(claim.token)
        self.keeper.keep(claim.token, limit, lambda: self._on_overrun(claim.token))
        return claim

    def drop(self, *claims: Claim) -> None:
        """Let these leases go, all by default."""
        for token in [claim.token for claim in claims] or self._kept:
            self.keeper.drop(token)

    def leased_until(self, claim: Claim) -> datetime:
        """Return when the claim's lease ends as things stand."""
        until = self._bench.step(claim.job_id).lease_expires_at
        assert until is not None
        return until

    def see_renewals(self, claim: Claim, count: int = 2) -> None:
        """Return after the claim's lease was renewed so many times."""
        seen: set[datetime] = set()

        def look() -> bool:
            seen.add(self.leased_until(claim))
            return len(seen) > count

        eventually(look, what=f"{count} renewals")


@pytest.fixture
def desk(bench: Bench) -> Iterator[Desk]:
    desk = Desk(bench)
    yield desk
    desk.drop()


def test_what_is_at_work_is_renewed_again_and_again(desk: Desk) -> None:
    one, two = desk.keep("one"), desk.keep("two")

    desk.see_renewals(one)
    desk.see_renewals(two)

    assert desk.overrun == []


def test_what_is_done_is_not_renewed_any_more(desk: Desk) -> None:
    done, at_work = desk.keep("done"), desk.keep("at work")
    desk.drop(done)
    desk.see_renewals(at_work)  # a beat may have been on its way
    before = desk.leased_until(done)

    desk.see_renewals(at_work)

    assert desk.leased_until(done) == before


def test_renewing_starts_again_after_a_time_without_work(desk: Desk) -> None:
    first = desk.keep("first")
    desk.see_renewals(first)
    desk.drop(first)

    desk.see_renewals(desk.keep("second"))


def test_dropping_what_is_not_kept_is_harmless(desk: Desk) -> None:
    one = desk.keep("one")

    desk.drop(one, one)


def test_a_step_that_outlives_its_limit_is_reported_once_and_let_go(desk: Desk) -> None:
    at_work = desk.keep("at work")
    late = desk.keep("late", limit=NOW)
    eventually(lambda: desk.overrun, what="the report")
    before = desk.leased_until(late)

    desk.see_renewals(at_work)

    assert desk.overrun == [late.token]
    assert desk.leased_until(late) == before


def test_the_deadline_of_the_step_itself_is_learnt_from_the_first_renewal(desk: Desk) -> None:
    late = desk.keep("late", limit=LONG, deadline=timedelta(seconds=1))

    eventually(lambda: desk.overrun, what="the report")

    assert desk.overrun == [late.token]


def test_whose_step_it_is_is_learnt_too(desk: Desk) -> None:
    claim = desk.keep("one")

    eventually(lambda: desk.keeper.job_of(claim.token) == claim.job_id, what="the job's id")


def test_a_token_that_owns_nothing_yet_is_kept(desk: Desk) -> None:
    token = uuid4()
    desk.keeper.keep(token, LONG, lambda: None)

    desk.see_renewals(desk.keep("another"))

    assert token in desk.keeper.tokens()
    desk.keeper.drop(token)


def test_a_task_that_came_twice_is_kept_until_both_let_it_go(desk: Desk) -> None:
    claim = desk.keep("one")
    desk.keeper.keep(claim.token, LONG, lambda: None)

    desk.drop(claim)
    desk.see_renewals(claim)


def test_a_report_that_takes_long_does_not_hold_up_the_keeping(bench: Bench) -> None:
    over = Event()
    desk = Desk(bench, on_overrun=lambda _: over.wait())
    desk.keep("late", limit=NOW)
    desk.see_renewals(desk.keep("at work"))
    desk.drop()
    over.set()


def test_the_keeper_outlives_a_database_that_is_away(
    desk: Desk, database: Engine, postgres: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    claim = desk.keep("one")
    with psycopg.connect(postgres.url, autocommit=True) as operator:
        name = psycopg.sql.Identifier(database.url.database or "")
        allow = psycopg.sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
        operator.execute(allow.format(name, psycopg.sql.Literal(False)))
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [database.url.database],
        )
        eventually(lambda: "could not be renewed" in caplog.text, what="a failed renewal")
        operator.execute(allow.format(name, psycopg.sql.Literal(True)))

    desk.see_renewals(claim)
