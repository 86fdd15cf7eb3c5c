"""What a user did on a day is counted in the transaction that records it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.failures import RUN_DEADLINE
from shared.models import DailyUsage, Learner
from tests.support.factories import RECORDING_SECONDS, Bench, together


def test_a_voice_turn_is_counted_once_with_all_its_numbers(bench: Bench) -> None:
    job_id = bench.voice(speak=["reply", "explanation"])
    bench.transcribe(bench.claimed(job_id))
    bench.reply(bench.claimed(job_id))
    bench.speak(bench.claimed(job_id), bench.audio(3.0))
    bench.speak(bench.claimed(job_id), bench.audio(1.5))

    (usage,) = bench.all(DailyUsage)
    assert (usage.learner_id, usage.text_turns, usage.voice_turns) == (bench.learner().id, 0, 1)
    assert (usage.voice_seconds, usage.speech_seconds) == (RECORDING_SECONDS, 4.5)
    assert (usage.corrections, usage.score_sum, usage.score_count) == (1, 75, 1)
    assert (usage.tokens_in, usage.tokens_out) == (120, 40)


def test_a_days_turns_add_up(bench: Bench) -> None:
    bench.finish(bench.voice())
    bench.reply(bench.claimed(bench.text(speak=[])), mistake=None, score=None)
    bench.finish(bench.text(user_id="ravi", speak=[]))

    names = {learner.id: learner.user_id for learner in bench.all(Learner)}
    usage = {names[row.learner_id]: row for row in bench.all(DailyUsage)}
    assert (usage["asha"].text_turns, usage["asha"].voice_turns) == (1, 1)
    assert (usage["asha"].corrections, usage["asha"].score_sum, usage["asha"].score_count) == (1, 75, 1)
    assert (usage["asha"].tokens_in, usage["asha"].tokens_out) == (240, 80)
    assert (usage["ravi"].text_turns, usage["ravi"].voice_turns) == (1, 0)


def test_concurrent_turns_of_a_user_are_all_counted(bench: Bench) -> None:
    claims = [bench.claimed(bench.text(conversation=f"talk-{number}", speak=[])) for number in range(20)]

    together(20, lambda number: bench.reply(claims[number]))

    (usage,) = bench.all(DailyUsage)
    assert (usage.text_turns, usage.score_sum, usage.score_count) == (20, 1500, 20)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 1, 31, 18, 29, 59, tzinfo=UTC), date(2026, 1, 31)),
        (datetime(2026, 1, 31, 18, 30, 0, tzinfo=UTC), date(2026, 2, 1)),
    ],
    ids=["before midnight in India", "from midnight in India"],
)
def test_a_turn_counts_on_the_day_it_is_in_india(bench: Bench, moment: datetime, day: date) -> None:
    bench.zone = ZoneInfo("Asia/Kolkata")
    job_id = bench.text()
    bench.sql("UPDATE jobs SET tokens_in = 5")  # of a tutor that was paid and gave nothing

    bench.give_up(job_id, RUN_DEADLINE, at=moment)

    assert [usage.day for usage in bench.all(DailyUsage)] == [day]
