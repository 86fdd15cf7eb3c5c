"""A turn through its stage: what is due comes up, what is said is judged, and reviews are compared."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import pytest

from shared.models import Job, JobKind, Mistake, MistakeState, MistakeUse, UseKind
from tests.support.factories import Bench
from tests.support.workbench import Build, Workbench
from worker.engines.offline.invitations import questions_for
from worker.engines.offline.tutor import OfflineTutor
from worker.ports import DueMistake, TutorReply, TutorRequest
from worker.stages.repair import ALMOST, NOT_HEARD, NOT_KEPT, PASSED


class JudgingTutor:
    """Answers as scripted, and keeps what it was asked."""

    asked: list[TutorRequest] = []  # noqa: RUF012
    used: Mapping[str, bool] = {}

    def reply(self, request: TutorRequest) -> TutorReply:
        self.asked.append(request)
        invited = [mistake.id for mistake in request.due if not mistake.was_invited]
        return TutorReply("I see.", None, None, None, None, invited=invited, used=self.used)


@pytest.fixture
def offline(build: Build) -> Workbench:
    return build(llm=OfflineTutor)


@pytest.fixture
def judging(build: Build) -> Workbench:
    JudgingTutor.asked, JudgingTutor.used = [], {}
    return build(llm=JudgingTutor)


def say(work: Workbench, message: str, **changes: object) -> Job:
    return work.run_all(work.bench.text(message=message, speak=[], **changes))


def make_due(bench: Bench) -> None:
    """Let two days pass: shift all that is known of mistakes back."""
    bench.sql("UPDATE mistakes SET due_at = due_at - interval '2 days'")


def mistake_in(bench: Bench) -> Mistake:
    (mistake,) = bench.all(Mistake)
    return mistake


def kinds(bench: Bench) -> list[tuple[UseKind, bool]]:
    uses = sorted(bench.all(MistakeUse), key=lambda use: use.used_at)
    return [(use.kind, use.passed) for use in uses]


def test_a_due_mistake_comes_up_and_is_repaired_by_three_right_uses(offline: Workbench) -> None:
    bench = offline.bench
    first = say(offline, "Yesterday I go to my office")
    assert (first.mistake_wrong, first.mistake_id) == ("Yesterday I go to my office", mistake_in(bench).id)
    assert first.invited is None
    make_due(bench)

    turns = [say(offline, message) for message in ("I like my office", "My boss is kind", "I work there")]
    invited = [turn for turn in turns if turn.invited == [mistake_in(bench).id]]
    assert invited
    due = DueMistake("1", mistake_in(bench).category, "", "")
    _, questions = questions_for([due]) or ("", ())
    assert invited[0].reply_text
    assert invited[0].reply_text.endswith(tuple(questions))
    for message in ("I went to the park", "Then I went to my home", "After that I went to bed"):
        say(offline, message)

    mistake = mistake_in(bench)
    assert (mistake.state, mistake.used_rightly, mistake.times) == (MistakeState.REPAIRED, 3, 1)
    assert kinds(bench)[0] == (UseKind.CORRECTED, False)
    assert all(passed for _, passed in kinds(bench)[1:])


def test_what_is_not_due_or_repaired_is_not_asked_for(judging: Workbench, offline: Workbench) -> None:
    say(offline, "Yesterday I go to my office")
    say(judging, "Hello there")
    make_due(judging.bench)
    judging.bench.sql("UPDATE mistakes SET state = 'repaired'")
    say(judging, "Hello again")
    say(judging, "Hello", user_id="ravi")

    assert [request.due for request in JudgingTutor.asked] == [[], [], []]


def test_a_feeling_comes_before_what_is_due(offline: Workbench) -> None:
    say(offline, "Yesterday I go to my office")
    make_due(offline.bench)

    job = say(offline, "I am sad because my dog is ill")

    assert job.invited is None
    assert "I am sorry to hear that" in (job.reply_text or "")


def test_a_tutor_is_given_two_due_mistakes_at_most_and_no_sentence(judging: Workbench) -> None:
    bench = judging.bench
    for wrong, edit in (("a x", "a"), ("b x", "b"), ("c x", "c")):
        bench.sql(
            'INSERT INTO mistakes (id, learner_id, category, edit, wrong, "right", form, wrong_form, cue,'
            " times, used_rightly, passed_in_a_row, state, first_seen_at, last_seen_at, due_at, card)"
            " VALUES (gen_random_uuid(), :learner, 'other', :edit, :wrong, 'right sentence', 'right', :edit,"
            " 'right', 1, 0, 0, 'open', now(), now(), now() - interval '1 day', '{}')",
            edit=edit,
            wrong=wrong,
            learner=bench.learner().id,
        )
    job = say(judging, "Hello")
    say(judging, "Hello again")

    first, second = JudgingTutor.asked
    assert len(first.due) == 2
    assert {mistake.right for mistake in first.due} == {"right"}
    assert not any(mistake.was_invited for mistake in first.due)
    assert [str(each) for each in job.invited or []] == [mistake.id for mistake in first.due]
    assert all(mistake.was_invited for mistake in second.due)


@pytest.mark.parametrize(("rightly", "state"), [(True, (1, 1)), (False, (0, 2))], ids=["rightly", "wrongly"])
def test_the_tutors_judgement_counts_for_what_it_was_given(
    judging: Workbench, offline: Workbench, rightly: bool, state: tuple[int, int]
) -> None:
    say(offline, "Yesterday I go to my office")
    make_due(judging.bench)
    say(judging, "Well")
    JudgingTutor.used = {str(mistake_in(judging.bench).id): rightly}
    say(judging, "Something else")

    mistake = mistake_in(judging.bench)
    assert (mistake.used_rightly, mistake.times) == state
    assert kinds(judging.bench)[-1] == (UseKind.PROMPTED, rightly)


def test_a_right_use_that_nobody_asked_for_is_rated_higher(judging: Workbench, offline: Workbench) -> None:
    say(offline, "Yesterday I go to my office")
    say(judging, "Then I went home, and I went to bed.")

    assert kinds(judging.bench) == [(UseKind.CORRECTED, False), (UseKind.UNPROMPTED, True)]


def test_what_was_not_surely_heard_is_no_use(judging: Workbench, offline: Workbench) -> None:
    say(offline, "Yesterday I go to my office")
    job_id = judging.voice(speak=[])
    heard = [
        {"word": word, "start": 0.0, "end": 0.1, "probability": 0.4, "unsure": word == "went"}
        for word in ("Then", "I", "went", "home")
    ]
    claim = judging.bench.claimed(job_id)
    judging.bench.transcribe(claim, "Then I went home")
    _hear(judging.bench, job_id, heard)
    judging.run_all(job_id)
    assert mistake_in(judging.bench).used_rightly == 0

    again = judging.voice(speak=[])
    judging.bench.transcribe(judging.bench.claimed(again), "Then I went home")
    _hear(judging.bench, again, [word | {"unsure": False} for word in heard])
    judging.run_all(again)
    assert mistake_in(judging.bench).used_rightly == 1


@pytest.mark.parametrize("unsure", ["go", "home"])
def test_a_correction_that_was_held_back_is_neither_a_mistake_nor_a_use(
    offline: Workbench, unsure: str
) -> None:
    say(offline, "Yesterday I go to my office")
    job_id = offline.voice(speak=[], conversation="elsewhere")
    offline.bench.transcribe(offline.bench.claimed(job_id), "Yesterday I go home")
    heard = [{"word": word, "unsure": word == unsure} for word in ["Yesterday", "I", "go", "home"]]
    _hear(offline.bench, job_id, [word | {"start": 0, "end": 0, "probability": 0.5} for word in heard])

    job = offline.run_all(job_id)

    assert (job.mistake_wrong, job.mistake_id) == (None, None)
    assert [warning["code"] for warning in job.warnings] == ["unsure_hearing"]
    assert mistake_in(offline.bench).times == 1
    assert kinds(offline.bench) == [(UseKind.CORRECTED, False)]


def _hear(bench: Bench, job_id: UUID, words: Sequence[Mapping[str, object]]) -> None:
    with bench.sessions.begin() as session:
        session.get_one(Job, job_id).transcript_words = [{**word} for word in words]


def review(work: Workbench, message: str, mistake: Mistake | None) -> Job:
    changes = {"kind": JobKind.REVIEW, "conversation": "reviews", "review_of": mistake and mistake.id}
    return say(work, message, **changes)


def test_a_review_is_compared_word_by_word(offline: Workbench) -> None:
    say(offline, "I am go to market")
    mistake = mistake_in(offline.bench)

    passed = review(offline, f"{mistake.right}!", mistake)
    failed = review(offline, mistake.wrong, mistake)

    assert passed.reply_text == PASSED
    assert passed.review is not None
    assert passed.review["passed"] is True
    assert passed.review["differences"] == []
    assert (passed.kind, passed.score, passed.mistake_id) == (JobKind.REVIEW, None, None)
    assert failed.reply_text == f"{ALMOST} {mistake.right}"
    assert failed.review is not None
    assert failed.review["passed"] is False
    assert {"expected": "going", "said": "go"} in failed.review["differences"]
    mistake = mistake_in(offline.bench)
    assert failed.review["due_at"] == mistake.due_at.isoformat()
    assert failed.review["state"] == "open"
    assert (mistake.times, mistake.used_rightly, mistake.passed_in_a_row) == (1, 1, 0)
    assert kinds(offline.bench)[1:] == [(UseKind.REVIEW, True), (UseKind.REVIEW, False)]


def test_a_review_of_what_was_erased_says_so(offline: Workbench) -> None:
    job = review(offline, "I am going", None)

    assert (job.reply_text, job.review) == (NOT_KEPT, None)


def test_a_review_that_was_not_surely_heard_counts_nothing(offline: Workbench) -> None:
    say(offline, "Yesterday I go to my office")
    mistake = mistake_in(offline.bench)
    job_id = offline.voice(kind=JobKind.REVIEW, conversation="reviews", review_of=mistake.id, speak=[])
    offline.bench.transcribe(offline.bench.claimed(job_id), mistake.right)
    job = offline.run_all(job_id)

    assert job.review is not None
    assert (job.reply_text, job.review["passed"]) == (NOT_HEARD, None)
    assert len(offline.bench.all(MistakeUse)) == 1


def test_the_same_review_is_spoken_like_any_reply(offline: Workbench) -> None:
    say(offline, "I am go to market")
    mistake = mistake_in(offline.bench)
    job_id = offline.bench.text(
        kind=JobKind.REVIEW,
        conversation="reviews",
        review_of=mistake.id,
        message=mistake.right,
        speak=["reply"],
    )
    job = offline.run_all(job_id)

    assert job.reply_audio_id is not None
