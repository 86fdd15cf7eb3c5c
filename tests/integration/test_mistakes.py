"""A learner's mistakes: kept with the turn that corrects them, once, and repaired by right uses."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fsrs import Card, Rating, Scheduler

from shared import conversations
from shared.effects import OF_A_REPLY, Moment, bring_about
from shared.learners import LearnerRef
from shared.learning import ledger, schedule
from shared.models import (
    BUILT_IN_APP_ID,
    DailyMistakes,
    DailyUsage,
    Learner,
    Mistake,
    MistakeCategory,
    MistakeState,
    MistakeUse,
    UseKind,
)
from shared.results import FormUse
from shared.results import Mistake as Corrected
from shared.steps import Claim, LeaseLostError
from tests.support.factories import CORRECTING_REPLY, Bench, together

AM_GO = Corrected("I am go", "I am going", MistakeCategory.VERB_FORM, "go > go")
DISCUSS = Corrected("discuss about it", "discuss it", MistakeCategory.PREPOSITION, "discuss about > discuss")


def answered(
    bench: Bench,
    mistake: Corrected | None = AM_GO,
    uses: Sequence[FormUse] = (),
    **changes: str,
) -> UUID:
    """Let a turn without speech be answered with this correction and these uses."""
    job_id = bench.text(speak=[], **changes)
    bench.reply(bench.claimed(job_id), mistake=mistake, uses=uses)
    return job_id


def rightly(mistake: Mistake, kind: UseKind = UseKind.UNPROMPTED) -> FormUse:
    return {"mistake_id": str(mistake.id), "kind": kind, "passed": True}


def whose(bench: Bench, mistake: Mistake) -> str:
    with bench.sessions() as session:
        return session.get_one(Learner, mistake.learner_id).user_id


def only_mistake(bench: Bench) -> Mistake:
    (mistake,) = bench.all(Mistake)
    return mistake


def test_a_correction_is_kept_with_its_turn(bench: Bench) -> None:
    job_id = answered(bench)

    mistake, (use,), job = only_mistake(bench), bench.all(MistakeUse), bench.job(job_id)
    assert job.mistake_id == mistake.id
    assert mistake.learner_id == bench.learner().id
    assert (mistake.category, mistake.edit) == (MistakeCategory.VERB_FORM, "go > go")
    assert (mistake.wrong, mistake.right) == ("I am go", "I am going")
    assert mistake.hinglish_explanation == CORRECTING_REPLY.hinglish_explanation
    assert (mistake.times, mistake.used_rightly, mistake.state) == (1, 0, MistakeState.OPEN)
    assert mistake.due_at == mistake.first_seen_at + timedelta(days=1)
    assert (use.job_id, use.kind, use.passed) == (job_id, UseKind.CORRECTED, False)
    assert (use.rating, use.used_at) == (Rating.Again, mistake.last_seen_at)
    assert [(day.times, day.new, day.repaired) for day in bench.all(DailyMistakes)] == [(1, 1, 0)]


def test_a_turn_without_a_correction_keeps_nothing(bench: Bench) -> None:
    job_id = answered(bench, None)

    assert bench.job(job_id).mistake_id is None
    assert not any([bench.all(Mistake), bench.all(MistakeUse), bench.all(DailyMistakes)])


def test_the_same_mistake_in_other_words_raises_its_count(bench: Bench) -> None:
    answered(bench)
    latest = Corrected("We are go there", "We are going there", MistakeCategory.VERB_FORM, "go > go")
    second = answered(bench, latest, conversation="elsewhere")

    mistake = only_mistake(bench)
    assert (mistake.times, mistake.wrong, mistake.right) == (2, latest.wrong, latest.right)
    assert bench.job(second).mistake_id == mistake.id
    assert len(bench.all(MistakeUse)) == 2


def test_another_edit_category_or_learner_is_another_mistake(bench: Bench) -> None:
    tense = Corrected(AM_GO.wrong, AM_GO.right, MistakeCategory.VERB_TENSE, AM_GO.edit)
    answered(bench)
    answered(bench, DISCUSS)
    answered(bench, tense)
    answered(bench, user_id="ravi")

    assert sorted((whose(bench, mistake), mistake.category) for mistake in bench.all(Mistake)) == [
        ("asha", "preposition"),
        ("asha", "verb_form"),
        ("asha", "verb_tense"),
        ("ravi", "verb_form"),
    ]


def test_a_correction_without_lemmas_is_known_by_its_words(bench: Bench) -> None:
    answered(bench, Corrected("I am go", "I am going", MistakeCategory.VERB_FORM))

    assert only_mistake(bench).edit == "go > going"


def test_three_right_uses_in_a_row_repair_it_and_a_wrong_one_opens_it_again(bench: Bench) -> None:
    answered(bench)
    states = []
    for _ in range(4):
        answered(bench, None, [rightly(only_mistake(bench))])
        mistake = only_mistake(bench)
        states.append((mistake.state, mistake.used_rightly, mistake.times))
    answered(bench)

    assert [state for state, *_ in states] == [MistakeState.OPEN] * 2 + [MistakeState.REPAIRED] * 2
    assert [counts for _, *counts in states] == [[1, 1], [2, 1], [3, 1], [4, 1]]
    mistake = only_mistake(bench)
    assert (mistake.state, mistake.passed_in_a_row, mistake.times) == (MistakeState.OPEN, 0, 2)
    assert sum(day.repaired for day in bench.all(DailyMistakes)) == 1


def test_right_uses_with_a_wrong_one_between_do_not_repair(bench: Bench) -> None:
    answered(bench)
    mistake = only_mistake(bench)
    wrongly: FormUse = {"mistake_id": str(mistake.id), "kind": UseKind.PROMPTED, "passed": False}
    for use in (rightly(mistake), rightly(mistake), wrongly, rightly(mistake)):
        answered(bench, None, [use])

    mistake = only_mistake(bench)
    assert (mistake.state, mistake.passed_in_a_row, mistake.times) == (MistakeState.OPEN, 1, 2)


def test_a_turn_that_corrects_a_mistake_is_no_right_use_of_it(bench: Bench) -> None:
    answered(bench)
    answered(bench, AM_GO, [rightly(only_mistake(bench))])

    mistake = only_mistake(bench)
    assert (mistake.times, mistake.used_rightly) == (2, 0)


def test_nobody_changes_the_mistakes_of_others(bench: Bench) -> None:
    answered(bench)
    answered(bench, None, [rightly(only_mistake(bench))], user_id="ravi")

    assert only_mistake(bench).used_rightly == 0


def test_a_worker_that_died_before_and_after_counts_once(bench: Bench) -> None:
    job_id = bench.text(speak=[])
    died = bench.claimed(job_id)
    bench.die(died)
    bench.reply(bench.claimed(job_id), mistake=AM_GO)
    with pytest.raises(LeaseLostError):
        bench.reply(died, mistake=AM_GO)

    assert (only_mistake(bench).times, len(bench.all(MistakeUse))) == (1, 1)


def test_a_turn_that_is_recorded_again_counts_once(bench: Bench) -> None:
    job_id = answered(bench)
    with bench.transitions() as to:
        job, now = to.lock(job_id)
        ledger.record(to.session, job, now=now, day=now.date())

    assert (only_mistake(bench).times, len(bench.all(MistakeUse))) == (1, 1)
    assert [day.times for day in bench.all(DailyMistakes)] == [1]


def test_turns_at_the_same_moment_are_all_counted(bench: Bench) -> None:
    claims = [bench.claimed(bench.text(conversation=f"talk-{number}", speak=[])) for number in range(12)]

    together(12, lambda number: bench.reply(claims[number], mistake=(AM_GO, DISCUSS)[number % 2]))

    assert [mistake.times for mistake in bench.all(Mistake)] == [6, 6]
    assert sum(day.times for day in bench.all(DailyMistakes)) == 12


def test_a_turn_that_fails_or_is_cancelled_keeps_nothing(bench: Bench) -> None:
    job_id = bench.text()
    claim = bench.claimed(job_id)
    bench.move(lambda to: to.cancel(*to.lock(job_id)))
    bench.reply(claim, mistake=AM_GO)

    assert bench.job(job_id).answered_at is None
    assert bench.all(Mistake) == []


DAY_ONE = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def test_a_learner_of_several_weeks_as_fsrs_computes_it(bench: Bench) -> None:
    """Wrong on days 1 and 3; right on day 5 and on each day when it is due from then on."""
    random = Random(18)  # noqa: S311 - the hours of a learner's turns
    scheduler = Scheduler(desired_retention=0.9, learning_steps=(), relearning_steps=(), enable_fuzzing=False)
    expected = Card(card_id=1, due=DAY_ONE)
    days, seen, number = [1, 3, 5], [], 0
    while number < len(days):
        day = days[number]
        now = DAY_ONE + timedelta(days=day - 1, minutes=random.randrange(600))
        passed = day >= 5
        _say(bench, now, passed=passed)
        rating = Rating.Easy if passed else Rating.Again
        expected, _ = scheduler.review_card(expected, rating, now)
        mistake = only_mistake(bench)
        assert mistake.due_at == expected.due
        assert mistake.card["stability"] == pytest.approx(expected.stability)
        seen.append((day, mistake.state, mistake.times, mistake.used_rightly))
        number += 1
        if number == len(days) and number < 6:
            days.append(day + (expected.due - now).days)

    states = [(state, times, right) for _, state, times, right in seen]
    assert states == [
        (MistakeState.OPEN, 1, 0),
        (MistakeState.OPEN, 2, 0),
        (MistakeState.OPEN, 2, 1),
        (MistakeState.OPEN, 2, 2),
        (MistakeState.REPAIRED, 2, 3),
        (MistakeState.REPAIRED, 2, 4),
    ]
    gaps = [later - earlier for earlier, later in pairwise(days[2:])]
    assert gaps == sorted(gaps)
    assert gaps[-1] > gaps[0]
    with bench.sessions() as session:
        uses = ledger.reviews(session, mistake.id)
        replayed = schedule.replayed(schedule.read(mistake.card), ledger.rated(uses))
    assert schedule.stored(replayed) == mistake.card


def _say(bench: Bench, now: datetime, *, passed: bool) -> None:
    """Let a reply be there at this time: with the form right, or corrected."""
    job_id = bench.text(speak=[])
    with bench.transitions() as to:
        job, _ = to.lock(job_id)
        if passed:
            (mistake,) = to.session.query(Mistake).all()
            job.uses = [{**rightly(mistake)}]
        else:
            job.mistake_wrong, job.mistake_right = AM_GO.wrong, AM_GO.right
            job.mistake_category, job.mistake_edit = AM_GO.category, AM_GO.edit
        job.reply_text = "Well said."
        bring_about(OF_A_REPLY, Moment(to.session, job, now, bench.zone))


def test_days_are_those_of_the_usage_time_zone(bench: Bench) -> None:
    bench.zone = ZoneInfo("Asia/Kolkata")
    _say(bench, datetime(2026, 1, 31, 18, 30, tzinfo=UTC), passed=False)

    assert [day.day for day in bench.all(DailyMistakes)] == [date(2026, 2, 1)]
    assert [day.day for day in bench.all(DailyUsage)] == [date(2026, 2, 1)]


def erase(bench: Bench, conversation: str, user_id: str = "asha") -> None:
    with bench.sessions.begin() as session:
        assert conversations.delete(session, LearnerRef(BUILT_IN_APP_ID, user_id), conversation) is not None


def test_a_mistake_goes_with_the_only_conversation_it_was_made_in(bench: Bench) -> None:
    answered(bench)
    answered(bench, None, [rightly(only_mistake(bench))], conversation="later")
    answered(bench, user_id="ravi")

    erase(bench, "market")

    assert [whose(bench, mistake) for mistake in bench.all(Mistake)] == ["ravi"]
    assert len(bench.all(MistakeUse)) == 1


def test_a_mistake_that_was_made_elsewhere_too_quotes_what_is_left(bench: Bench) -> None:
    answered(bench)
    other = Corrected("We are go", "We are going", MistakeCategory.VERB_FORM, AM_GO.edit)
    answered(bench, other, conversation="elsewhere")
    before = only_mistake(bench)

    erase(bench, "elsewhere")

    mistake, (use,) = only_mistake(bench), bench.all(MistakeUse)
    assert (mistake.id, mistake.wrong, mistake.times) == (before.id, AM_GO.wrong, 1)
    assert (mistake.form, mistake.last_seen_at) == ("am going", use.used_at)
    assert (mistake.card, mistake.state) == (before.card, before.state)


def test_a_conversation_that_is_not_kept_any_longer_takes_its_mistakes_along(bench: Bench) -> None:
    for user_id in ("asha", "ravi"):
        answered(bench, user_id=user_id, conversation="old")
    answered(bench, DISCUSS, conversation="new")
    bench.sql("UPDATE conversations SET updated_at = now() - interval '9 days' WHERE public_id = 'old'")

    with bench.sessions.begin() as session:
        assert conversations.delete_unused(session, keep=timedelta(days=8), limit=10) == 2

    assert [mistake.wrong for mistake in bench.all(Mistake)] == [DISCUSS.wrong]
    assert len(bench.all(MistakeUse)) == 1


def test_a_use_that_arrives_after_its_mistake_was_erased_changes_nothing(bench: Bench) -> None:
    answered(bench)
    gone = rightly(only_mistake(bench))
    claim = bench.claimed(bench.text(conversation="later", speak=[]))
    erase(bench, "market")
    bench.reply(claim, mistake=None, uses=[gone])

    assert bench.all(Mistake) == []
    assert bench.job(claim.job_id).answered_at is not None


def test_a_mistake_stays_when_its_job_expires(bench: Bench) -> None:
    job_id = answered(bench)
    bench.sql("DELETE FROM jobs")

    (use,) = bench.all(MistakeUse)
    assert (use.job_id, use.turn, only_mistake(bench).wrong) == (None, 1, "I am go")
    assert job_id is not None


def test_turns_and_erasures_at_the_same_moment_end(bench: Bench) -> None:
    for number in range(6):
        answered(bench, (AM_GO, DISCUSS)[number % 2], conversation=f"old-{number}")
    claims: list[Claim] = [
        bench.claimed(bench.text(conversation=f"new-{number}", speak=[])) for number in range(6)
    ]
    uses = [rightly(mistake) for mistake in bench.all(Mistake)]

    def act(number: int) -> None:
        if number % 2:
            erase(bench, f"old-{number // 2}")
        else:
            bench.reply(claims[number // 2], mistake=(AM_GO, DISCUSS)[number % 4 // 2], uses=uses)

    together(12, act)

    made = [use for use in bench.all(MistakeUse) if use.wrong is not None]
    assert sum(mistake.times for mistake in bench.all(Mistake)) == len(made) == 6
