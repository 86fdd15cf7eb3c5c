"""Learners' mistakes and days for tests: written as the product does, or straight into its tables."""

from datetime import date

from shared.models import MistakeCategory
from shared.results import Mistake
from tests.support.factories import Bench

AM_GO = Mistake("I am go", "I am going", MistakeCategory.VERB_FORM, "go > go")
NO_THE = Mistake("to market", "to the market", MistakeCategory.DETERMINER, "market > the market")


def corrected(bench: Bench, user_id: str, mistake: Mistake | None = AM_GO) -> str:
    """Let a turn of the learner be answered with this correction; return its job's id."""
    job_id = bench.text(user_id=user_id, speak=[])
    bench.reply(bench.claimed(job_id), mistake=mistake)
    return str(job_id)


def repair_articles(bench: Bench, user_id: str) -> None:
    """Make the learner's mistakes with determiners repaired."""
    bench.sql(
        "UPDATE mistakes SET state = 'repaired' WHERE category = 'determiner'"
        " AND learner_id = (SELECT id FROM learners WHERE user_id = :user)",
        user=user_id,
    )


def add_day(bench: Bench, user_id: str, day: date, turns: int) -> None:
    """Note so many turns of the learner on this day."""
    bench.sql(
        "INSERT INTO daily_usage (learner_id, day, text_turns, voice_turns, voice_seconds, speech_seconds,"
        " corrections, score_sum, score_count, tokens_in, tokens_out)"
        " VALUES (:learner, :day, :turns, 0, 0, 0, 0, 0, 0, 0, 0)",
        learner=bench.learner(user_id).id,
        day=day,
        turns=turns,
    )
