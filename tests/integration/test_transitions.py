"""How stages and jobs end: every effect once, and only for the one who holds the stage."""

import pytest
from sqlalchemy import Engine, text

from shared import jobs
from shared.errors import ErrorCode, WarningCode
from shared.failures import RUN_DEADLINE, TIMED_OUT, Failure
from shared.jobs import Hint, LeaseLostError
from shared.models import DailyUsage, Job, JobStatus, Message, MessageRole, Stage, StageOutcome, StageRun
from shared.results import Replied, StageResult, Synthesized, Transcribed
from tests.support.factories import CORRECTING_REPLY, TEXT_TURN, WORKER, Bench, together

NO_SPEECH = Failure(ErrorCode.NO_SPEECH, "No speech was heard.")


def snapshot(engine: Engine) -> dict[str, list[object]]:
    """Return every row that a stage's end could write."""
    tables = ("jobs", "conversations", "messages", "stage_runs", "daily_usage")
    with engine.connect() as connection:
        return {
            table: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1"))]  # noqa: S608
            for table in tables
        }


def test_a_voice_turn_goes_through_three_stages_to_its_end(bench: Bench) -> None:
    job_id = bench.voice()

    transcribed = bench.transcribe(bench.claimed(job_id))
    assert transcribed == Hint(job_id, Stage.REPLY)
    replied = bench.reply(bench.claimed(job_id))
    assert replied == Hint(job_id, Stage.SYNTHESIZE)
    assert bench.job(job_id).reply_text == CORRECTING_REPLY.text
    assert bench.speak(bench.claimed(job_id), reply=bench.audio(3.0)) is None

    job = bench.job(job_id)
    assert (job.status, job.stage, job.error_code) == (JobStatus.SUCCEEDED, None, None)
    assert job.finished_at is not None
    assert job.engines == {"stt": "ear 1", "llm": "tutor 1", "tts": "voice 1"}
    assert job.warnings == []
    runs = [(run.stage, run.outcome, run.worker, run.engine) for run in bench.all(StageRun)]
    assert runs == [
        (Stage.TRANSCRIBE, StageOutcome.SUCCEEDED, WORKER, "ear 1"),
        (Stage.REPLY, StageOutcome.SUCCEEDED, WORKER, "tutor 1"),
        (Stage.SYNTHESIZE, StageOutcome.SUCCEEDED, WORKER, "voice 1"),
    ]


def test_between_stages_a_job_runs_on_unowned_and_counts_as_sent(bench: Bench) -> None:
    bench.sends = True
    job_id = bench.text()
    bench.reply(bench.claimed(job_id))

    job = bench.job(job_id)
    assert (job.status, job.stage) == (JobStatus.RUNNING, Stage.SYNTHESIZE)
    assert job.published_at == job.stage_ready_at
    lease = (job.lease_token, job.lease_worker, job.lease_expires_at, job.stage_started_at)
    assert (*lease, job.stage_deadline_at) == (None,) * 5
    assert job.started_at is not None
    assert job.stage_ready_at > job.started_at


def test_a_succeeded_turn_is_two_messages(bench: Bench) -> None:
    job_id = bench.voice()
    bench.finish(job_id)

    learner, tutor = sorted(bench.all(Message), key=lambda message: message.role)
    assert (learner.role, learner.text, learner.turn) == (MessageRole.LEARNER, "I am go to market", 1)
    assert (learner.score, learner.mistake_wrong) == (None, None)
    assert (tutor.role, tutor.text, tutor.turn) == (MessageRole.TUTOR, CORRECTING_REPLY.text, 1)
    assert (tutor.mistake_wrong, tutor.mistake_right) == ("I am go", "I am going")
    assert (tutor.mistake_category, tutor.score) == ("verb tense", 75)
    assert tutor.hinglish_explanation == CORRECTING_REPLY.hinglish_explanation
    assert learner.job_id == tutor.job_id == job_id


@pytest.mark.parametrize(
    ("speak", "explanations", "stage"),
    [
        ([], {}, None),
        (["explanation"], {}, Stage.SYNTHESIZE),
        (["explanation"], {"devanagari_explanation": None}, Stage.SYNTHESIZE),
        (["explanation"], {"devanagari_explanation": None, "hinglish_explanation": None}, None),
        (
            ["reply", "explanation"],
            {"devanagari_explanation": None, "hinglish_explanation": None},
            Stage.SYNTHESIZE,
        ),
    ],
    ids=["nothing", "the explanation", "only in Hinglish", "there is none", "the reply at least"],
)
def test_only_what_was_asked_for_and_is_there_is_spoken(
    bench: Bench, speak: list[str], explanations: dict[str, object], stage: Stage | None
) -> None:
    job_id = bench.text(speak=speak)

    following = bench.reply(bench.claimed(job_id), **explanations)

    assert following == (Hint(job_id, stage) if stage else None)
    assert bench.job(job_id).status is (JobStatus.RUNNING if stage else JobStatus.SUCCEEDED)


@pytest.mark.parametrize(
    ("stage", "late"),
    [
        (Stage.TRANSCRIBE, Transcribed("ear 1", "Too late.")),
        (Stage.REPLY, Replied("tutor 1", "Too late.", score=1)),
        (Stage.SYNTHESIZE, Synthesized("voice 1", {})),
    ],
)
def test_a_stale_claim_can_write_nothing(
    bench: Bench, database: Engine, stage: Stage, late: StageResult
) -> None:
    stale = bench.at_stage(stage)
    bench.die(stale.job.id)
    bench.claimed(stale.job.id, worker="another@here")
    before = snapshot(database)

    with pytest.raises(LeaseLostError):
        bench.succeed(stale, late)
    with pytest.raises(LeaseLostError):
        bench.fail(stale, NO_SPEECH)

    assert snapshot(database) == before


def test_a_result_can_be_recorded_only_once(bench: Bench, database: Engine) -> None:
    claim = bench.claimed(bench.text(speak=[]))
    bench.reply(claim)
    before = snapshot(database)

    with pytest.raises(LeaseLostError):
        bench.reply(claim)

    assert snapshot(database) == before


def test_a_result_whose_conversation_was_deleted_meanwhile_is_dropped(bench: Bench) -> None:
    claim = bench.claimed(bench.text())
    bench.sql("DELETE FROM conversations")

    with pytest.raises(LeaseLostError):
        bench.reply(claim)

    assert bench.all(Job) == []
    assert bench.all(DailyUsage) == []


def test_of_many_concurrent_recorders_one_wins(bench: Bench) -> None:
    claim = bench.claimed(bench.text(speak=[]))

    def record(_: int) -> bool:
        try:
            bench.reply(claim)
        except LeaseLostError:
            return False
        return True

    assert sum(together(10, record)) == 1
    assert len(bench.all(Message)) == 2
    assert [usage.text_turns for usage in bench.all(DailyUsage)] == [1]


@pytest.mark.parametrize("stage", [Stage.TRANSCRIBE, Stage.REPLY])
def test_a_failed_stage_fails_the_job_and_says_why(bench: Bench, stage: Stage) -> None:
    claim = bench.at_stage(stage)

    bench.fail(claim, NO_SPEECH)

    job = bench.job(claim.job.id)
    assert (job.status, job.stage) == (JobStatus.FAILED, None)
    assert (job.error_code, job.error_detail) == ("no_speech", "No speech was heard.")
    assert job.error_stage is stage
    assert bench.all(Message) == []
    assert bench.all(DailyUsage) == []
    assert (bench.all(StageRun)[-1].outcome, bench.all(StageRun)[-1].error_code) == ("failed", "no_speech")


def test_a_reply_without_a_voice_is_still_a_reply(bench: Bench) -> None:
    claim = bench.at_stage(Stage.SYNTHESIZE)

    bench.fail(claim, TIMED_OUT[Stage.SYNTHESIZE])

    job = bench.job(claim.job.id)
    assert (job.status, job.error_code, job.reply_audio_id) == (JobStatus.SUCCEEDED, None, None)
    assert [warning["code"] for warning in job.warnings] == ["speech_timeout"]
    assert len(bench.all(Message)) == 2
    assert bench.all(StageRun)[-1].outcome is StageOutcome.TIMED_OUT


def test_what_is_to_be_published_counts_as_sent_when_it_is_recorded(bench: Bench) -> None:
    first, second = bench.text(speak=[]), bench.text()
    with bench.transitions() as transitions:
        claim = bench.claimed(first)
        hint = transitions.succeed(claim, CORRECTING_REPLY)

    assert hint == Hint(second, Stage.REPLY)
    assert bench.job(second).published_at is not None


def test_a_turn_that_was_sent_before_is_not_sent_again_when_a_later_one_is_cancelled(bench: Bench) -> None:
    with bench.sessions.begin() as session:
        jobs.accept(session, TEXT_TURN, None)
    later = bench.text()

    with bench.transitions() as transitions:
        assert transitions.cancel(*transitions.lock(later)) is None


@pytest.mark.parametrize(
    ("stage", "counted"), [(Stage.TRANSCRIBE, 1), (Stage.REPLY, 0), (Stage.SYNTHESIZE, 1)]
)
def test_a_death_is_counted_where_one_job_runs_alone(bench: Bench, stage: Stage, counted: int) -> None:
    bench.sends = True
    claim = bench.at_stage(stage)

    following = bench.die(claim.job.id)

    job = bench.job(claim.job.id)
    assert following == Hint(job.id, stage)
    assert (job.deaths, job.lease_token, job.published_at) == (counted, None, job.stage_ready_at)
    assert job.stage_ready_at > claim.job.stage_ready_at
    assert bench.all(StageRun)[-1].outcome is StageOutcome.LOST


@pytest.mark.parametrize(
    ("stage", "status", "said"),
    [
        (Stage.TRANSCRIBE, JobStatus.FAILED, ErrorCode.POISONED),
        (Stage.SYNTHESIZE, JobStatus.SUCCEEDED, WarningCode.SPEECH_POISONED),
    ],
)
def test_the_third_death_quarantines_the_stage(
    bench: Bench, stage: Stage, status: JobStatus, said: str
) -> None:
    job_id = bench.at_stage(stage).job.id
    for _ in range(2):
        bench.die(job_id)
        bench.claimed(job_id)

    assert bench.die(job_id) is None

    job = bench.job(job_id)
    assert job.status is status
    assert [job.error_code, *(warning["code"] for warning in job.warnings)] == (
        [said] if status is JobStatus.FAILED else [None, said]
    )


def test_deaths_of_one_stage_do_not_count_in_the_next(bench: Bench) -> None:
    job_id = bench.at_stage(Stage.TRANSCRIBE).job.id
    bench.die(job_id)
    bench.transcribe(bench.claimed(job_id))

    assert bench.job(job_id).deaths == 0


def test_a_tutors_worker_may_die_often(bench: Bench) -> None:
    job_id = bench.text()
    for _ in range(6):
        bench.claimed(job_id)
        assert bench.die(job_id) == Hint(job_id, Stage.REPLY)


def test_giving_up_a_waiting_job_counts_no_run(bench: Bench) -> None:
    job_id = bench.text()

    bench.give_up(job_id, RUN_DEADLINE)

    assert bench.job(job_id).error_code == "run_deadline"
    assert bench.all(StageRun) == []


def test_giving_up_a_running_job_takes_it_from_its_worker(bench: Bench) -> None:
    claim = bench.claimed(bench.text())

    bench.give_up(claim.job.id, RUN_DEADLINE)

    assert [run.outcome for run in bench.all(StageRun)] == [StageOutcome.TIMED_OUT]
    with pytest.raises(LeaseLostError):
        bench.reply(claim)


def test_a_cancelled_stage_ends_the_job_once_it_is_done(bench: Bench) -> None:
    recorded, died = bench.claimed(bench.text()), bench.claimed(bench.text(conversation="other"))
    bench.sql("UPDATE jobs SET cancel_requested_at = now()")

    bench.reply(recorded)
    bench.die(died.job.id)

    assert {job.status for job in bench.all(Job)} == {JobStatus.CANCELLED}
    assert bench.all(Message) == []


@pytest.mark.parametrize("ending", ["succeeded", "failed", "given up", "quarantined"])
def test_the_end_of_a_turn_names_the_next_one(bench: Bench, ending: str) -> None:
    first, second, _ = (bench.voice(speak=[]) for _ in range(3))
    endings = {
        "succeeded": lambda: bench.finish(first),
        "failed": lambda: bench.fail(bench.claimed(first), NO_SPEECH),
        "given up": lambda: bench.give_up(first, RUN_DEADLINE),
        "quarantined": lambda: bench.die(bench.claimed(first).job.id, deaths_allowed=1),
    }

    assert endings[ending]() == Hint(second, Stage.TRANSCRIBE)

    bench.claimed(second)


def test_giving_up_a_turn_that_waits_wakes_nobody_before_its_time(bench: Bench) -> None:
    first, second, third = (bench.text(speak=[]) for _ in range(3))
    bench.claimed(first)

    assert bench.give_up(second, RUN_DEADLINE) is None
    assert bench.claim(third) is None


@pytest.mark.parametrize("stage", list(Stage))
def test_a_stage_that_is_given_back_waits_again_and_nobody_died(bench: Bench, stage: Stage) -> None:
    bench.sends = True
    job_id = bench.at_stage(stage).job.id

    for _ in range(4):
        before = bench.job(job_id).stage_ready_at
        assert bench.give_back(job_id) == Hint(job_id, stage)
        job = bench.job(job_id)
        assert (job.stage, job.lease_token, job.deaths) == (stage, None, 0)
        assert job.published_at == job.stage_ready_at > before
        bench.claimed(job_id)

    lost = [run for run in bench.all(StageRun) if run.outcome is StageOutcome.LOST]
    assert [run.stage for run in lost] == [stage] * 4


def test_a_job_that_is_to_be_cancelled_ends_when_its_stage_is_given_back(bench: Bench) -> None:
    job_id = bench.at_stage(Stage.REPLY).job.id
    bench.sql("UPDATE jobs SET cancel_requested_at = now()")

    assert bench.give_back(job_id) is None
    assert bench.job(job_id).status is JobStatus.CANCELLED
