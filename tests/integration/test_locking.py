"""A lease that is lost while its owner waits for the locks counts as lost."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.locking import lock_owned
from shared.steps import LeaseLostError
from shared.transitions import Transitions
from tests.support.factories import Bench
from tests.support.stack import eventually
from tests.support.zone import ZONE

_WAITING = text(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def test_whoever_waits_for_the_locks_sees_what_became_of_the_step(bench: Bench) -> None:
    claim = bench.claimed(bench.text())

    def lock_later() -> UUID:
        with bench.sessions.begin() as session:
            return lock_owned(session, claim.token)[1].id

    def waits() -> bool:
        with bench.sessions() as session:
            return bool(session.execute(_WAITING).all())

    with ThreadPoolExecutor(1) as late:
        with bench.sessions.begin() as session:
            transitions = Transitions(session, ZONE)
            job, step, now = transitions.owned(claim.token)
            waiting = late.submit(lock_later)
            eventually(waits, what="somebody who waits for the locks")
            transitions.give_back(job, step, now)
        with pytest.raises(LeaseLostError):
            waiting.result()
