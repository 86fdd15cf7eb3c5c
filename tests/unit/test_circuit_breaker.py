"""After a failure a circuit breaker skips a server for a while, and no longer."""

import pytest

from shared.circuit_breaker import CircuitBreaker


@pytest.mark.parametrize(("seconds", "is_open"), [(0, False), (3600, True)])
def test_it_opens_at_a_failure_until_the_time_is_over(seconds: float, is_open: bool) -> None:
    breaker = CircuitBreaker(seconds)
    assert not breaker.is_open
    breaker.trip()
    assert breaker.is_open is is_open


def test_every_failure_begins_the_time_anew() -> None:
    breaker = CircuitBreaker(3600)
    breaker.trip()
    breaker.seconds = 0
    breaker.trip()
    assert not breaker.is_open
