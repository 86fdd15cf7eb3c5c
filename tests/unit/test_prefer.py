"""`Prefer: wait=N`, as RFC 7240 writes it."""

import pytest

from api.dependencies import preferred_wait


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        (["wait=10"], 10),
        (['wait="10"'], 10),
        (["wait = 10"], 10),
        (["WAIT=10"], 10),
        (["respond-async, wait=10"], 10),
        (["wait=10, respond-async"], 10),
        (["respond-async; wait=10"], 10),
        (["wait=10; foo=bar"], 10),
        (["respond-async", "wait=10"], 10),
        (["wait=1"], 1),
        (["wait=60"], 60),
        (['note="later, or not"; wait=10'], 10),
        ([r'note="a \"quoted\" word", wait="10"'], 10),
    ],
)
def test_the_wait_is_found_wherever_it_stands(headers: list[str], seconds: int) -> None:
    assert preferred_wait(headers) == seconds


@pytest.mark.parametrize("asked", ["61", "3600", "999999999"])
def test_nobody_waits_longer_than_a_minute(asked: str) -> None:
    assert preferred_wait([f"wait={asked}"]) == 60


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [""],
        ["respond-async"],
        ["wait"],
        ["wait="],
        ["wait=0"],
        ["wait=-5"],
        ["wait=1.5"],
        ["wait=ten"],
        ["wait=5 minutes"],
        ["await=5"],
        ["wait=" + "9" * 5000],
        ['note=", wait=5"'],
        ['note=", wait=5, "'],
        [r'note="\", wait=5"'],
        ['note=", wait=5'],
        ['wait="5'],
        ['wait=5"'],
        ['wait="5 minutes"'],
        ['"wait=5"'],
        ['note="\\'],
    ],
)
def test_a_preference_that_asks_for_no_wait_or_cannot_be_read_is_ignored(headers: list[str]) -> None:
    assert preferred_wait(headers) is None
