"""What a user did, day by day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.e2e.conftest import Counter
from tests.support.contract import assert_problem
from tests.support.factories import RECORDING_SECONDS
from tests.support.zone import ZONE

NOTHING = {
    "text_turns": 0,
    "voice_turns": 0,
    "voice_seconds": 0.0,
    "speech_seconds": 0.0,
    "corrections": 0,
    "mean_score": None,
    "tokens_in": 0,
    "tokens_out": 0,
}
DAY = """
    INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,
        corrections, score_sum, score_count, tokens_in, tokens_out)
    VALUES (:user, :day, 2, 1, 10.1, 20.2, 1, 151, 2, 300, 40)
"""


def usage_of(counter: Counter, user_id: str, **days: str) -> dict[str, object]:
    response = counter.client.get(f"/api/v1/users/{user_id}/usage", params=days)
    assert response.status_code == 200, response.text
    report: dict[str, object] = response.json()
    assert report.keys() == {"user_id", "from", "to", "timezone", "days", "totals", "quotas"}
    return report


def today() -> date:
    return datetime.now(UTC).astimezone(ZONE).date()


def test_turns_of_today_are_shown_with_all_their_numbers(counter: Counter) -> None:
    bench = counter.bench
    voice = bench.voice(user_id="active", conversation="a")
    bench.transcribe(bench.claimed(voice))
    bench.reply(bench.claimed(voice), score=70)
    bench.speak(bench.claimed(voice), bench.audio(3.25))
    text = bench.text(user_id="active", conversation="b", speak=[])
    bench.reply(bench.claimed(text), score=81, mistake=None)
    unscored = bench.text(user_id="active", conversation="b", speak=[])
    bench.reply(bench.claimed(unscored), score=None)

    report = usage_of(counter, "active")

    counts = {
        "text_turns": 2,
        "voice_turns": 1,
        "voice_seconds": RECORDING_SECONDS,
        "speech_seconds": 3.25,
        "corrections": 2,
        "mean_score": 75.5,
        "tokens_in": 360,
        "tokens_out": 120,
    }
    quotas = report.pop("quotas")
    assert isinstance(quotas, dict)
    assert quotas["turns_today"] == {"limit": None, "left": None}
    assert quotas["unfinished_jobs"] == {"limit": 100, "left": 100}
    assert report == {
        "user_id": "active",
        "from": str(today() - timedelta(days=30)),
        "to": str(today()),
        "timezone": ZONE.key,
        "days": [{"day": str(today()), **counts}],
        "totals": counts,
    }


def test_only_days_with_usage_are_shown_oldest_first_within_both_ends(counter: Counter) -> None:
    for day in ("2026-03-31", "2026-04-02", "2026-04-01", "2026-04-30", "2026-05-01"):
        counter.bench.sql(DAY, user=counter.bench.learner("monthly").id, day=day)

    report = usage_of(counter, "monthly", **{"from": "2026-04-01", "to": "2026-04-30"})

    days = report["days"]
    assert isinstance(days, list)
    assert [day["day"] for day in days] == ["2026-04-01", "2026-04-02", "2026-04-30"]
    assert days[0]["mean_score"] == 75.5
    assert report["totals"] == {
        "text_turns": 6,
        "voice_turns": 3,
        "voice_seconds": 30.3,
        "speech_seconds": 60.6,
        "corrections": 3,
        "mean_score": 75.5,
        "tokens_in": 900,
        "tokens_out": 120,
    }


def test_the_mean_of_all_days_weighs_every_turn_alike(counter: Counter) -> None:
    row = (
        "INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,"
        " corrections, score_sum, score_count, tokens_in, tokens_out)"
        " VALUES (:learner, :day, 1, 0, 0, 0, 0, :sum, :count, 0, 0)"
    )
    learner = counter.bench.learner("weighed").id
    counter.bench.sql(row, learner=learner, day="2026-04-01", sum=100, count=1)
    counter.bench.sql(row, learner=learner, day="2026-04-02", sum=140, count=2)
    counter.bench.sql(row, learner=learner, day="2026-04-03", sum=0, count=0)

    report = usage_of(counter, "weighed", **{"from": "2026-04-01", "to": "2026-04-03"})

    days, totals = report["days"], report["totals"]
    assert isinstance(days, list)
    assert isinstance(totals, dict)
    assert [day["mean_score"] for day in days] == [100.0, 70.0, None]
    assert totals["mean_score"] == 80.0


def test_a_user_who_did_nothing_has_no_days_and_nothing_in_all(counter: Counter) -> None:
    report = usage_of(counter, "newcomer")
    assert (report["days"], report["totals"]) == ([], NOTHING)


def test_the_first_day_is_thirty_days_before_the_last(counter: Counter) -> None:
    assert usage_of(counter, "asha", to="2026-03-31")["from"] == "2026-03-01"
    assert usage_of(counter, "asha", to="0001-01-05")["from"] == "0001-01-01"


@pytest.mark.parametrize(("first", "last"), [("2026-01-01", "2026-12-31"), ("2024-01-01", "2024-12-31")])
def test_a_whole_year_can_be_read(counter: Counter, first: str, last: str) -> None:
    assert usage_of(counter, "asha", **{"from": first, "to": last})["days"] == []


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"from": "2026-01-02", "to": "2026-01-01"}, "from"),
        ({"from": "9999-12-31"}, "from"),
        ({"from": "2025-01-01", "to": "2026-01-02"}, "from"),
        ({"from": "0001-01-01", "to": "9999-12-31"}, "from"),
        *(({"from": value}, "from") for value in ("", "today", "20260101", "2026-W01-1", "1767225600")),
        *(({"to": value}, "to") for value in ("2026-02-30", "2026-1-1", "2026-01-01T00:00:00", "२०२६-०१-०१")),
        ({"since": "2026-01-01"}, "since"),
    ],
    ids=str,
)
def test_bad_days_are_named(counter: Counter, days: dict[str, str], field: str) -> None:
    response = counter.client.get("/api/v1/users/asha/usage", params=days)
    assert assert_problem(response, 422, "invalid_request").startswith(f"{field}: ")


@pytest.mark.parametrize("user_id", ["asha%20rao", "a" * 129, "%00", "asha%0A"])
def test_a_bad_user_is_named(counter: Counter, user_id: str) -> None:
    response = counter.client.get(f"/api/v1/users/{user_id}/usage")
    assert assert_problem(response, 422, "invalid_request").startswith("user_id: ")
