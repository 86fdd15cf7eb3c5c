"""Everything that can go wrong with the gemini tutor: the real SDK and a local server over real HTTP."""

import logging
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate

import pytest

from local.ports import free_port
from tests.support import figures
from tests.support.factories import together
from tests.support.gemini_server import (
    GOOD_FORM,
    TOKENS_READ,
    GeminiServer,
    Step,
    error,
    events,
    failed,
    filled,
    finished,
    no_candidates,
    page,
    retry_info,
    said,
    spoken,
)
from worker.engines.gemini import GeminiTutor, provider
from worker.errors import EngineError, InvalidTutorReplyError, TutorTimeoutError, TutorUnavailableError
from worker.ports import TutorReply, TutorRequest

KEY = "AIza-a-secret-key"
MODEL = "gemini-3.6-flash"
MESSAGE = "I am go to secret-market"
SLACK_SECONDS = 10  # less than what hangs would take

QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
INVALID_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
FINAL = {
    "400": failed(400, "INVALID_ARGUMENT", "Invalid value at 'contents'"),
    "400 for the key": failed(400, "INVALID_ARGUMENT", "API key not valid.", details=[INVALID_KEY]),
    "401": failed(401, "UNAUTHENTICATED", "Invalid authentication credentials"),
    "403": failed(403, "PERMISSION_DENIED", f"Consumer 'api_key:{KEY}' has been suspended."),
    "404": failed(404, "NOT_FOUND", f"models/{MODEL} is not found for API version v1"),
    "a redirect": page(302),
}
PASSING = {
    "408": failed(408, "DEADLINE_EXCEEDED"),
    "429": failed(429, "RESOURCE_EXHAUSTED", "Quota exceeded"),
    "500": failed(500, "INTERNAL", "An internal error has occurred"),
    "503": failed(503, "UNAVAILABLE", "The model is overloaded"),
    "504": failed(504, "DEADLINE_EXCEEDED"),
    "529": failed(529, "OVERLOADED"),
    "a gateway's page": page(502),
    "a page with status 200": page(200),
    "an answer without a bottom": page(200, "[" * 100_000),
    "an answer cut off": replace(filled(), cut=True),
    "an error that is no object": Step([b'["?"]'], 503),
    "an error in the stream": events(spoken('{"reply_text": "Hi. You'), error(503, "UNAVAILABLE")),
    "an error without a code": events(spoken('{"reply_text": "Hi. You'), {"error": {"message": "?"}}),
    "an error that is a text": events({"error": "?"}),
    "an event that is no JSON": Step([b"data: {\r\n\r\n"]),
    "a line that is no event": Step([b"?\r\n\r\n"]),
    "a stream without an end": Step([b": " + b"x" * 100_000 + b"\r\n"] * 50),
}
UNREADABLE = {
    "no JSON": said("Sure! Here is your answer."),
    "cut by MAX_TOKENS": said('{"reply_text": "That sounds lov', finish="MAX_TOKENS"),
    "MAX_TOKENS before a word": finished("MAX_TOKENS"),
    "a list": said("[]"),
    "an empty reply": filled(reply_text=" \n"),
    "only markup for a reply": filled(reply_text="<b></b> ***"),
    "a reply that is no text": filled(reply_text=5),
    "an object without a reply": said('{"score": 70}'),
    "no candidates": no_candidates(),
    "nothing at all": Step(),
    "ended in the middle": events(spoken('{"reply_text": "Hi. How ar')),
    "an unknown reason": finished("OTHER"),
}


def cases(steps: dict[str, Step]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("step", steps.values(), ids=steps.keys())


@pytest.fixture(scope="module")
def running_server() -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        yield running


@pytest.fixture(scope="module")
def tutor(running_server: GeminiServer) -> GeminiTutor:
    """One tutor for all: what fails must leave it whole."""
    return GeminiTutor(KEY, MODEL, running_server.url)


@pytest.fixture
def server(running_server: GeminiServer) -> GeminiServer:
    running_server.forget()
    return running_server


def ask(tutor: GeminiTutor, *, within: float = 20.0) -> TutorReply:
    return tutor.reply(TutorRequest(MESSAGE, (), within))


def failure_of(tutor: GeminiTutor, kind: type[EngineError], *, within: float) -> EngineError:
    """Return the failure of a call, which must come within its time."""
    started = time.monotonic()
    with pytest.raises(kind) as raised:
        ask(tutor, within=within)
    assert time.monotonic() - started < within + SLACK_SECONDS
    return raised.value


@cases(FINAL)
def test_what_cannot_pass_is_not_tried_again(server: GeminiServer, tutor: GeminiTutor, step: Step) -> None:
    server.script(step)

    error = failure_of(tutor, TutorUnavailableError, within=20)

    assert len(server.asked) == 1
    assert str(step.status) in str(error.__cause__)


@pytest.mark.parametrize(
    ("case", "setting"),
    [
        ("400 for the key", "GEMINI_API_KEY"),
        ("401", "GEMINI_API_KEY"),
        ("403", "GEMINI_API_KEY"),
        ("404", "GEMINI_MODEL"),
    ],
)
def test_a_refusal_names_the_setting_to_look_at(
    server: GeminiServer, tutor: GeminiTutor, case: str, setting: str
) -> None:
    server.script(FINAL[case])

    assert f"check {setting}" in str(failure_of(tutor, TutorUnavailableError, within=20).__cause__)


@cases(PASSING)
def test_what_may_pass_is_tried_again(server: GeminiServer, tutor: GeminiTutor, step: Step) -> None:
    server.script(step)

    assert ask(tutor).text == GOOD_FORM["reply_text"]
    assert len(server.asked) == 2


@cases(PASSING)
def test_what_does_not_pass_ends_as_unavailable_within_its_time(
    server: GeminiServer, tutor: GeminiTutor, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "_PAUSES_SECONDS", (0.1, 60.0))  # the first fits in, the second does not
    server.script(*[step] * 9)

    failure_of(tutor, TutorUnavailableError, within=20)

    assert len(server.asked) == 2


def test_the_tries_are_few_however_much_time_there_is(server: GeminiServer, tutor: GeminiTutor) -> None:
    server.script(*[failed(503, "UNAVAILABLE", details=[retry_info("0.01s")])] * 9)

    failure_of(tutor, TutorUnavailableError, within=20)

    assert len(server.asked) == 4


def test_a_quota_for_the_day_is_not_tried_again_and_the_error_says_so(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "20"}
    details = [{"@type": QUOTA_FAILURE, "violations": [quota]}, retry_info("0.1s")]
    server.script(failed(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", details=details))

    error = failure_of(tutor, TutorUnavailableError, within=20)

    assert len(server.asked) == 1
    assert "tomorrow" in error.detail
    assert "quota for the day" in str(error.__cause__)


def test_each_call_is_counted_by_what_became_of_it(server: GeminiServer, tutor: GeminiTutor) -> None:
    soon = [retry_info("0.01s")]
    of_the_day = {"@type": QUOTA_FAILURE, "violations": [{"quotaId": "GenerateRequestsPerDay"}]}
    nobody = GeminiTutor(KEY, MODEL, f"http://127.0.0.1:{free_port()}")
    before = figures.here()

    server.script(failed(503, "UNAVAILABLE", details=soon), failed(429, "RESOURCE_EXHAUSTED", details=soon))
    ask(tutor)
    server.script(failed(429, "RESOURCE_EXHAUSTED", details=[of_the_day]))
    failure_of(tutor, TutorUnavailableError, within=20)
    server.script(FINAL["400 for the key"])
    failure_of(tutor, TutorUnavailableError, within=20)
    server.script(FINAL["404"])
    failure_of(tutor, TutorUnavailableError, within=20)
    failure_of(nobody, TutorUnavailableError, within=1)

    after = figures.here()
    counted = {
        result: after.of("llm_calls_total", result=result) - before.of("llm_calls_total", result=result)
        for result in after.labels("llm_calls_total", "result")
    }
    assert counted == {
        "answered": 1,
        "overloaded": 1,
        "quota": 1,
        "quota_of_the_day": 1,
        "key_refused": 1,
        "unreachable": 1,
        "other": 1,
        "timed_out": 0,
        "thinking_refused": 0,
    }


@pytest.mark.parametrize(
    "violations",
    [[{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}], ["?", {}], "PerDay", [{"quotaId": 5}]],
)
def test_any_other_quota_may_pass(server: GeminiServer, tutor: GeminiTutor, violations: object) -> None:
    details = [{"@type": QUOTA_FAILURE, "violations": violations}, retry_info("0.1s")]
    server.script(failed(429, "RESOURCE_EXHAUSTED", details=details))

    ask(tutor)

    assert len(server.asked) == 2


@pytest.mark.parametrize(("ahead", "calls"), [(-60, 2), (0, 2), (3_600, 1)])
def test_a_dated_retry_after_is_a_moment_of_the_senders_clock(
    server: GeminiServer, tutor: GeminiTutor, ahead: int, calls: int
) -> None:
    theirs = time.time() + 86_400  # a clock that is a day fast
    step = failed(503, "UNAVAILABLE", Retry_After=formatdate(theirs + ahead, usegmt=True))
    server.script(Step(step.body, step.status, {**step.headers, "Date": formatdate(theirs, usegmt=True)}))

    if calls == 1:
        failure_of(tutor, TutorUnavailableError, within=20)
    else:
        ask(tutor)

    assert len(server.asked) == calls


@pytest.mark.parametrize(
    "step",
    [
        failed(429, "RESOURCE_EXHAUSTED", details=[retry_info("1.2s")]),
        failed(503, "UNAVAILABLE", details=["?", {}, retry_info("soon")], Retry_After="1"),
    ],
    ids=["in the error", "in the header"],
)
def test_the_advised_delay_is_kept(server: GeminiServer, tutor: GeminiTutor, step: Step) -> None:
    server.script(step)
    started = time.monotonic()

    ask(tutor)

    assert time.monotonic() - started >= 1.0
    assert len(server.asked) == 2


def test_an_advised_delay_beyond_the_time_limit_is_not_waited_for(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    server.script(failed(429, "RESOURCE_EXHAUSTED", details=[retry_info("30s")]))

    started = time.monotonic()
    failure_of(tutor, TutorUnavailableError, within=20)

    assert time.monotonic() - started < SLACK_SECONDS
    assert len(server.asked) == 1


def test_a_refused_connection_is_unavailable_within_its_time() -> None:
    nobody = GeminiTutor(KEY, MODEL, f"http://127.0.0.1:{free_port()}")

    error = failure_of(nobody, TutorUnavailableError, within=1.5)

    assert str(error.__cause__) == "ConnectError"


@pytest.mark.parametrize(
    "step",
    [
        replace(filled(), wait=30),
        replace(filled(), stall=30),
        replace(filled(), drip=0.1),
        replace(filled(), held=3),
    ],
    ids=["silent", "silent after the headers", "dripping", "silent in the middle"],
)
def test_a_slow_answer_times_out_when_its_time_is_over(
    server: GeminiServer, tutor: GeminiTutor, step: Step
) -> None:
    server.script(step)

    failure_of(tutor, TutorTimeoutError, within=1)


def test_an_answer_that_begins_late_and_then_stops_has_no_more_time_than_another(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    server.script(replace(filled(), stall=2.7, held=1))

    failure_of(tutor, TutorTimeoutError, within=3)


def test_retries_repairs_and_the_last_slow_answer_share_one_time_limit(
    server: GeminiServer, tutor: GeminiTutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "_PAUSES_SECONDS", (0.1, 0.1, 0.1))
    server.script(PASSING["503"], UNREADABLE["no JSON"], PASSING["500"], replace(filled(), wait=30))

    failure_of(tutor, TutorTimeoutError, within=3)

    assert len(server.asked) == 4


@cases(UNREADABLE)
def test_an_unreadable_answer_is_asked_for_once_more(
    server: GeminiServer, tutor: GeminiTutor, step: Step
) -> None:
    server.script(step)

    assert ask(tutor).text == GOOD_FORM["reply_text"]
    first, second = server.asked
    assert first.texts() == second.texts()[:1]
    assert second.texts()[-1][0] == "user"
    assert "could not be read" in second.texts()[-1][1]


@cases(UNREADABLE)
def test_a_second_unreadable_answer_is_an_invalid_reply(
    server: GeminiServer, tutor: GeminiTutor, step: Step
) -> None:
    server.script(step, step)

    failure_of(tutor, InvalidTutorReplyError, within=20)

    assert len(server.asked) == 2


def test_the_tokens_of_both_answers_are_counted(server: GeminiServer, tutor: GeminiTutor) -> None:
    server.script(UNREADABLE["no JSON"])

    assert ask(tutor).tokens_in == 2 * TOKENS_READ


@pytest.mark.parametrize(
    "step",
    [
        FINAL["403"],
        failed(400, "INVALID_ARGUMENT", f"key {KEY}"),
        failed(400, "INVALID_ARGUMENT", f"Invalid value at 'contents[0].parts[0].text', \"{MESSAGE}\""),
        failed(503, MESSAGE, f"overloaded by {MESSAGE}", details=[{"reason": MESSAGE}]),
        page(502, f"<html>{KEY} {MESSAGE}</html>"),
        page(200, f"<html>{KEY} {MESSAGE}</html>"),
        said(f'{{"mistake": "You said: {MESSAGE}"}}'),
        said(f"{MESSAGE} {KEY}"),
    ],
)
def test_neither_key_nor_learners_words_are_logged_or_in_an_exception(
    server: GeminiServer, tutor: GeminiTutor, caplog: pytest.LogCaptureFixture, step: Step
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script(*[step] * 9)

    with pytest.raises(EngineError) as raised:
        ask(tutor, within=1.5)

    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert KEY not in shown
    assert "secret-market" not in shown


def test_sixteen_threads_that_fail_do_not_disturb_each_other(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    server.script(*[failed(503, "UNAVAILABLE", details=[retry_info("0.01s")])] * 16)

    replies = together(16, lambda _: ask(tutor).text)

    assert replies == [GOOD_FORM["reply_text"]] * 16
    assert len(server.asked) == 32
