"""Stages with the cache on: what is repeated, what is asked anew, and that deletion and the cache agree."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import text

from local.servers import EmbeddedRedis
from shared import audio_objects, conversations
from shared.audio_stores import AudioStores
from shared.models import AudioObject, DailyUsage, Job, JobStatus, QueueName, SpokenPart, StepKind
from shared.results import Piece, StoredSpeech
from shared.storage import MP3
from tests.support import engines_for_tests as engines
from tests.support.engines_for_tests import AskedTutor, HeardSynthesizer
from tests.support.factories import ASHA, CORRECTING_REPLY, Bench
from tests.support.workbench import Build, Workbench
from worker.ports import TutorRequest
from worker.stages.reuse import reply_key
from worker.upkeep.retention import Retention

BOUND_SECONDS = 10.0
BOTH = ["reply", "explanation"]
Caching = Callable[..., Workbench]


@pytest.fixture(autouse=True)
def nothing_asked(floor_redis: EmbeddedRedis) -> None:
    AskedTutor.asked.clear()
    HeardSynthesizer.said.clear()
    with Redis.from_url(floor_redis.url) as redis:
        redis.flushall()


@pytest.fixture
def caching(build: Build, floor_redis: EmbeddedRedis) -> Caching:
    """Return a function that makes a runner with the cache on and engines that note what they are asked."""

    def make(**changes: object) -> Workbench:
        values = {
            "llm": AskedTutor,
            "tts": HeardSynthesizer,
            "redis_url": floor_redis.url,
            "cache_enabled": True,
            "cache_timeout_seconds": 5,
        }
        return build(**(values | changes))

    return make


def said(work: Workbench, message: str = "Hello", conversation: str = "a", **more: object) -> Job:
    return work.run_all(work.bench.text(message=message, conversation=conversation, **more))


def sounds(job: Job) -> list[UUID | None]:
    return [job.reply_audio_id, job.explanation_audio_id]


def test_the_same_words_in_a_new_conversation_reach_no_engine(caching: Caching) -> None:
    work = caching()
    first = said(work, speak=BOTH)
    work.published.clear()

    second = said(work, conversation="b", speak=BOTH)

    assert (AskedTutor.asked, len(HeardSynthesizer.said)) == (["Hello"], 2)
    assert work.published == []  # no stage on the GPU
    assert second.status is JobStatus.SUCCEEDED
    assert (second.reply_text, second.mistake_right, second.score) == ("Hello", "am going", 75)
    assert second.hinglish_explanation == first.hinglish_explanation
    assert sounds(second) == sounds(first)
    assert None not in sounds(second)
    assert first.engines == {"llm": "quick tutor", "tts": "quick voice"}
    assert second.engines == {"llm": "quick tutor (cached)", "tts": "quick voice (cached)"}
    steps = {(step.kind, step.engine) for step in work.bench.steps(second.id)}
    assert steps == {(StepKind.REPLY, "quick tutor (cached)"), (StepKind.SPEAK, "quick voice (cached)")}


def test_usage_counts_what_was_heard_and_the_tokens_that_were_spent(caching: Caching) -> None:
    work = caching()
    said(work)
    [once] = work.bench.all(DailyUsage)
    said(work, conversation="b")

    [twice] = work.bench.all(DailyUsage)

    assert (once.tokens_in, once.tokens_out) == (twice.tokens_in, twice.tokens_out) == (12, 4)
    assert once.speech_seconds > 0
    assert twice.speech_seconds == pytest.approx(2 * once.speech_seconds)
    assert (twice.text_turns, twice.corrections, twice.score_sum) == (2, 2, 150)


def test_switched_off_everything_is_asked_again(caching: Caching) -> None:
    work = caching(cache_enabled=False)
    said(work)
    again = said(work, conversation="b")
    assert (AskedTutor.asked, len(HeardSynthesizer.said)) == (["Hello", "Hello"], 2)
    assert again.engines == {"llm": "quick tutor", "tts": "quick voice"}


def test_nobody_learns_that_somebody_else_said_the_same(caching: Caching) -> None:
    work = caching()
    said(work, speak=BOTH)

    other = said(work, speak=BOTH, user_id="ravi")

    assert AskedTutor.asked == ["Hello", "Hello"]
    assert other.engines == {"llm": "quick tutor", "tts": "quick voice"}
    assert len(HeardSynthesizer.said) == 4


def test_the_same_words_after_another_past_are_another_question(caching: Caching) -> None:
    work = caching()
    for conversation in ("a", "b"):
        said(work, "One", conversation)
    said(work, "Hello", "a")
    said(work, "Hello", "c")
    assert AskedTutor.asked == ["One", "Hello", "Hello"]

    said(work, "Hello", "b")  # as in conversation a, word for word

    assert AskedTutor.asked == ["One", "Hello", "Hello"]


@pytest.mark.parametrize("tutor", [engines.RenamedTutor, engines.RewordedTutor])
def test_another_model_or_prompt_is_asked_itself(caching: Caching, tutor: type[object]) -> None:
    said(caching())
    said(caching(llm=tutor), conversation="b")
    assert AskedTutor.asked == ["Hello", "Hello"]


def test_what_is_kept_is_plain(caching: Caching) -> None:
    work = caching()
    replies = [said(work, "unclean", conversation).reply_text for conversation in ("a", "b")]
    assert replies == [engines.CLEANED] * 2
    assert AskedTutor.asked == ["unclean"]


def test_what_is_no_whole_answer_is_not_kept(caching: Caching) -> None:
    work = caching()
    jobs = [said(work, "warn me", conversation) for conversation in ("a", "b")]
    assert AskedTutor.asked == ["warn me", "warn me"]
    assert [job.status for job in jobs] == [JobStatus.SUCCEEDED] * 2


def test_a_failure_is_not_kept(caching: Caching) -> None:
    work = caching()
    failed, answered = (said(work, "fail once", conversation) for conversation in ("a", "b"))
    assert (failed.status, answered.status) == (JobStatus.FAILED, JobStatus.SUCCEEDED)
    assert said(work, "fail once", "c").engines["llm"] == "quick tutor (cached)"
    assert AskedTutor.asked == ["fail once", "fail once"]


def test_whoever_waited_in_vain_asks_within_what_is_left_of_the_stages_time(caching: Caching) -> None:
    work = caching(llm_timeout_seconds=6)
    key = reply_key(work.engines, TutorRequest("Hello", [], timeout_seconds=6), work.bench.learner().id)
    slow = work.cache._take_lock(key, 300)
    assert slow is not None

    assert said(work).engines["llm"] == "quick tutor"

    assert 0 < AskedTutor.given_seconds[-1] <= 5.5
    assert slow.owned()


_REPLY = {"text": "Hi", "mistake": None, "hinglish_explanation": None, "devanagari_explanation": None}


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"\xff\x00",
        b"{}",
        b"[1, 2]",
        b"null",
        json.dumps(_REPLY).encode(),
        json.dumps(_REPLY | {"score": 1, "text": " "}).encode(),
        json.dumps({"audio_id": "x", "engine": "e"}).encode(),
        json.dumps({"audio_id": str(UUID(int=1)), "engine": "a\0b"}).encode(),
        json.dumps({"audio_id": str(UUID(int=1)), "engine": "e" * 300}).encode(),
        json.dumps({"audio_id": str(UUID(int=1)), "engine": "e"}).encode(),
    ],
)
def test_what_the_cache_should_not_hold_is_as_good_as_nothing(
    caching: Caching, floor_redis: EmbeddedRedis, kept: bytes
) -> None:
    work = caching()
    said(work)
    with Redis.from_url(floor_redis.url) as redis:
        keys = redis.keys("cache:*")
        assert len(keys) == 2
        for key in keys:
            redis.set(key, kept)

    job = said(work, conversation="b")

    assert (job.status, job.reply_text, job.warnings) == (JobStatus.SUCCEEDED, "Hello", [])
    assert job.engines == {"llm": "quick tutor", "tts": "quick voice"}
    assert said(work, conversation="c").engines["tts"] == "quick voice (cached)"  # put right again


def test_only_what_was_not_spoken_before_is_spoken(caching: Caching) -> None:
    work = caching()
    first = said(work, speak=["explanation"])
    HeardSynthesizer.said.clear()

    second = said(work, conversation="b", speak=BOTH)

    assert HeardSynthesizer.said == ["Hello"]
    assert second.explanation_audio_id == first.explanation_audio_id
    assert second.reply_audio_id not in {None, first.explanation_audio_id}
    assert second.engines == {"llm": "quick tutor (cached)", "tts": "quick voice"}


def test_speech_that_was_stored_while_the_job_waited_is_not_spoken_again(caching: Caching) -> None:
    work = caching()
    early, late = (work.bench.text(message="Hello", conversation=name) for name in ("early", "late"))
    for job_id in (early, late):
        work.run(job_id)
    assert work.bench.step(late).kind is StepKind.SPEAK
    first = work.run_all(early)

    job = work.run_all(late)

    assert HeardSynthesizer.said == ["Hello"]
    assert sounds(job) == sounds(first)
    assert job.engines["tts"] == "quick voice (cached)"
    steps = [(step.kind, step.engine) for step in work.bench.steps(late)]
    assert steps == [(StepKind.REPLY, "quick tutor (cached)"), (StepKind.SPEAK, "quick voice (cached)")]


def delete(work: Workbench, conversation: str) -> None:
    """Do what the API does when a conversation is deleted."""
    with work.bench.sessions.begin() as session:
        named = conversations.delete(session, ASHA, conversation)
    assert named is not None
    with work.bench.sessions.begin() as session:
        locked = audio_objects.lock(session, named)
        gone = audio_objects.unnamed(session, locked)
        for audio in gone:
            work.store.remove(audio.name)
        audio_objects.delete_rows(session, [audio.id for audio in gone])


def test_deleting_one_conversation_silences_no_other(caching: Caching) -> None:
    work = caching()
    said(work, conversation="a")
    kept = said(work, conversation="b")

    delete(work, "a")

    assert kept.reply_audio_id is not None
    assert work.store.read(work.bench.audio_row(kept.reply_audio_id).name)
    delete(work, "b")
    assert work.bench.all(AudioObject) == []


def test_what_was_removed_is_spoken_again(caching: Caching) -> None:
    work = caching()
    said(work)
    delete(work, "a")

    job = said(work, conversation="b")

    assert job.engines == {"llm": "quick tutor (cached)", "tts": "quick voice"}
    assert job.reply_audio_id is not None
    assert work.store.read(work.bench.audio_row(job.reply_audio_id).name)
    assert said(work, conversation="c").reply_audio_id == job.reply_audio_id


@contextmanager
def being_removed(bench: Bench, audio_id: UUID) -> Iterator[None]:
    """Remove an object's row as retention and deletion do, and commit at the end of the block."""
    with bench.sessions.begin() as session:
        assert audio_objects.lock(session, [audio_id]) == [audio_id]
        assert len(audio_objects.unnamed(session, [audio_id])) == 1
        audio_objects.delete_rows(session, [audio_id])
        yield


def test_speech_that_is_removed_at_this_moment_is_spoken_again_and_nobody_waits(caching: Caching) -> None:
    work = caching()
    audio_id = said(work).reply_audio_id
    assert audio_id is not None
    with work.bench.sessions.begin() as session:
        conversations.delete(session, ASHA, "a")

    with being_removed(work.bench, audio_id):
        job = said(work, conversation="b")

    assert (job.status, job.warnings) == (JobStatus.SUCCEEDED, [])
    assert job.reply_audio_id not in {None, audio_id}
    assert [row.id for row in work.bench.all(AudioObject)] == [job.reply_audio_id]


def test_speech_that_a_job_is_about_to_name_is_not_removed(caching: Caching) -> None:
    work = caching()
    audio_id = said(work).reply_audio_id
    assert audio_id is not None
    with work.bench.sessions.begin() as session:
        conversations.delete(session, ASHA, "a")
        session.execute(text("UPDATE audio_objects SET created_at = now() - interval '2 hours'"))
    job_id = work.bench.text(conversation="b")
    claim = work.bench.claimed(job_id)
    known = Piece(SpokenPart.REPLY, 0, "Hello", StoredSpeech(audio_id, "quick voice (cached)"))

    with work.bench.transitions() as transitions:
        transitions.succeed(claim, replace(CORRECTING_REPLY, pieces=[known]))
        stores = AudioStores(work.store, "here")
        Retention(work.bench.sessions, stores, timedelta(days=30), timedelta(days=1)).run()

    assert work.bench.job(job_id).reply_audio_id == audio_id
    assert work.store.read(work.bench.audio_row(audio_id).name)


def test_an_object_whose_bytes_were_never_written_is_not_named(caching: Caching) -> None:
    work = caching()
    unwritten = work.bench.audio(1.0, MP3)
    claim = work.bench.claimed(work.bench.text())
    known = Piece(SpokenPart.REPLY, 0, "Hello", StoredSpeech(unwritten, "quick voice (cached)"))

    following = work.bench.succeed(claim, replace(CORRECTING_REPLY, pieces=[known]))

    assert [hint.queue for hint in following] == [QueueName.GPU]
    assert work.bench.job(claim.job_id).engines == {"llm": "tutor 1"}


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
def test_without_redis_everything_is_asked_and_nothing_waits_for_long(
    caching: Caching, redis_server: EmbeddedRedis, how: signal.Signals
) -> None:
    work = caching(redis_url=redis_server.url, cache_timeout_seconds=0.05)
    said(work)
    assert redis_server.pid is not None
    os.kill(redis_server.pid, how)
    started = time.monotonic()
    try:
        job = said(work, conversation="b")
        took = time.monotonic() - started
    finally:
        if how is signal.SIGSTOP:
            os.kill(redis_server.pid, signal.SIGCONT)

    assert job.status is JobStatus.SUCCEEDED
    assert job.engines == {"llm": "quick tutor", "tts": "quick voice"}
    assert AskedTutor.asked == ["Hello", "Hello"]
    assert took < BOUND_SECONDS
