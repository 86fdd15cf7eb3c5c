"""The gemini tutor while it writes: what is told when, and what is taken back."""

import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from tests.support.gemini_server import (
    GOOD_FORM,
    TOKENS_READ,
    GeminiServer,
    Step,
    counted,
    error,
    events,
    retry_info,
    said,
    spoken,
    wrapped,
)
from tests.support.listening import Heard
from tests.support.stack import eventually
from worker.bounds import bounded_reply
from worker.draft import SentenceDraft, drafting
from worker.engines.gemini import GeminiTutor
from worker.errors import EngineError, InvalidTutorReplyError, TutorTimeoutError, TutorUnavailableError
from worker.ports import TutorReply, TutorRequest
from worker.prompts import BLOCKED_REPLY

TOLD = ["It costs Rs. 500 a day.", "That is nice!", "Will you go?"]
FORM = GOOD_FORM | {"reply_text": " ".join(TOLD)}
MESSAGE = "I am go to market"
BLOCKED = [
    "Let us keep our practice friendly and safe, so I would rather not talk about that.",
    "If something is troubling you, please speak to a person you trust.",
    "Shall we try another topic: what made you smile today?",
]
HALF = '{"reply_text": "One. Two. Thr'
BUSY = error(503, "UNAVAILABLE", details=[retry_info("0.01s")])


@pytest.fixture(scope="module")
def tutor(running: GeminiServer) -> GeminiTutor:
    """One tutor for all: what fails must leave it whole."""
    return GeminiTutor("key", "gemini-3.6-flash", running.url)


def ask(tutor: GeminiTutor, heard: Heard, *, within: float = 20.0) -> TutorReply:
    """Return the bounded reply, told as a stage tells it."""
    with drafting(heard) as draft:
        reply = bounded_reply(tutor.reply(TutorRequest(MESSAGE, (), within, draft=draft)))
        draft.finish(reply.text)
    return reply


def written(form: dict[str, Any], *, ascii_only: bool = False) -> str:
    return json.dumps(form, ensure_ascii=ascii_only)


def test_each_sentence_is_told_while_the_rest_is_not_even_sent(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    whole = written(FORM)
    begun, rest = whole[: whole.index("nice") + 8], whole[whole.index("nice") + 8 :]
    server.script(replace(events(spoken(begun), spoken(rest, finish="STOP")), held=1))

    class GoesOn(Heard):
        """Lets the server go on once it has been told two sentences."""

        def sentence(self, text: str) -> None:
            super().sentence(text)
            if len(self.sentences) == 2:
                server.go_on()

    heard = GoesOn()
    ask(tutor, heard)

    assert heard.sentences == TOLD


def test_the_last_sentence_is_told_before_the_correction_is_sent(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    whole = written(FORM)
    place = whole.index("mistake")
    server.script(replace(events(spoken(whole[:place]), spoken(whole[place:], finish="STOP")), held=1))

    class GoesOn(Heard):
        """Lets the server go on once it has been told all."""

        def sentence(self, text: str) -> None:
            super().sentence(text)
            if self.sentences == TOLD:
                server.go_on()

    heard = GoesOn()
    reply = ask(tutor, heard)

    assert (heard.sentences, heard.taken_back) == (TOLD, [])
    assert (reply.score, reply.mistake is None) == (70, False)


@pytest.mark.parametrize("pieces", [1, 2, 3, 7, 50, 10_000])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_in_whatever_pieces_an_answer_comes_it_is_told_the_same(
    server: GeminiServer, tutor: GeminiTutor, pieces: int, ascii_only: bool
) -> None:
    text = 'बहुत अच्छा। **Well** done! 😀 "Yes", it\'s Rs. 500… What now?'
    server.script(said(written(GOOD_FORM | {"reply_text": text}, ascii_only=ascii_only), pieces=pieces))
    heard = Heard()

    reply = ask(tutor, heard)

    assert heard.sentences == ["बहुत अच्छा।", "Well done!", '😀 "Yes", it\'s Rs. 500… What now?']
    assert (" ".join(heard.sentences), heard.taken_back) == (reply.text, [])


@pytest.mark.parametrize(
    "text",
    [
        written(dict(reversed(FORM.items()))),
        *wrapped(written(FORM)).values(),
        written(FORM).replace("nice!", "nice!\\ud800"),
        written(FORM).replace(" That", "\nThat"),
        written(FORM)[:-1] + ', "more": {"reply_text": "Another."}}',
    ],
    ids=["last", *wrapped(""), "half a pair", "a bare line's end", "another inside"],
)
def test_what_is_not_quite_the_form_is_told_all_the_same(
    server: GeminiServer, tutor: GeminiTutor, text: str
) -> None:
    server.script(said(text, pieces=40))
    heard = Heard()

    ask(tutor, heard)

    assert heard.sentences == TOLD
    assert (heard.taken_back, len(server.asked)) == ([], 1)


def test_what_is_said_last_counts_where_the_text_comes_twice(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    server.script(said('{"reply_text": "One. Two.", "score": 5, "reply_text": "Other. Two."}', pieces=20))
    heard = Heard()

    assert ask(tutor, heard).text == "Other. Two."
    assert (heard.sentences, heard.taken_back) == (["Other.", "Two."], [["One.", "Two."]])


@pytest.mark.parametrize("reason", ["SAFETY", "PROHIBITED_CONTENT"])
def test_a_reply_that_is_blocked_by_half_is_taken_back(
    server: GeminiServer, tutor: GeminiTutor, reason: str
) -> None:
    server.script(said(HALF, finish=reason))
    heard = Heard()

    assert ask(tutor, heard).text == BLOCKED_REPLY
    assert (heard.sentences, heard.taken_back) == (BLOCKED, [["One.", "Two."]])


@pytest.mark.parametrize(
    "step",
    [
        said(HALF, finish="MAX_TOKENS"),
        said(HALF, finish="OTHER"),
        events(spoken(HALF)),
        said('{"reply_text": "One. Two. Thr? ", ] }'),
    ],
    ids=["cut by MAX_TOKENS", "an unknown reason", "no reason", "no JSON after all"],
)
def test_an_answer_that_is_repaired_is_told_anew(
    server: GeminiServer, tutor: GeminiTutor, step: Step
) -> None:
    server.script(step, said(written(FORM)))
    heard = Heard()

    reply = ask(tutor, heard)

    assert (heard.sentences, len(server.asked)) == (TOLD, 2)
    assert [told[:2] for told in heard.taken_back] == [["One.", "Two."]]
    assert " ".join(TOLD) == reply.text


@pytest.mark.parametrize(
    "step",
    [
        replace(events(*map(spoken, [HALF, "ee"])), cut=True),
        events(spoken(HALF), BUSY),
        Step([*events(spoken(HALF)).body, b"data: {\r\n\r\n"]),
    ],
    ids=["the connection ends", "an error", "no event"],
)
def test_an_answer_that_breaks_off_is_asked_for_again_and_told_anew(
    server: GeminiServer, tutor: GeminiTutor, step: Step
) -> None:
    server.script(step, said(written(FORM)))
    heard = Heard()

    ask(tutor, heard)

    assert (heard.sentences, heard.taken_back) == (TOLD, [["One.", "Two."]])
    assert len(server.asked) == 2


def test_an_answer_whose_connection_ends_after_its_last_event_is_whole(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    server.script(replace(events(spoken(written(FORM), finish="STOP") | counted(), {}), cut=True))
    heard = Heard()

    assert ask(tutor, heard).tokens_in == TOKENS_READ
    assert (heard.sentences, len(server.asked)) == (TOLD, 1)


@pytest.mark.parametrize(
    ("steps", "kind", "within"),
    [
        ([said(HALF), said(HALF)], InvalidTutorReplyError, 20),
        ([events(spoken(HALF), error(400, "INVALID_ARGUMENT"))], TutorUnavailableError, 20),
        ([replace(said(HALF, pieces=2), held=1)], TutorTimeoutError, 1),
    ],
    ids=["unreadable twice", "refused in the middle", "silent in the middle"],
)
def test_what_was_told_is_taken_back_where_no_reply_comes(
    server: GeminiServer, tutor: GeminiTutor, steps: list[Step], kind: type[EngineError], within: float
) -> None:
    server.script(*steps)
    heard = Heard()

    with pytest.raises(kind):
        ask(tutor, heard, within=within)

    assert heard.sentences == []


def test_the_last_count_of_each_answer_is_counted_of_broken_ones_too(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    broken = events(spoken(HALF) | counted(100, 3), spoken("ee") | counted(100, 5), BUSY)
    server.script(broken, said(HALF, finish="MAX_TOKENS"), said(written(FORM)))

    reply = ask(tutor, Heard())

    assert reply.tokens_in == 100 + 2 * TOKENS_READ
    assert reply.tokens_out == 5 + 5 + 2 * (40 + 5)


def test_a_failure_says_what_all_answers_cost(server: GeminiServer, tutor: GeminiTutor) -> None:
    broken = events(spoken(HALF) | counted(100, 3), error(400, "INVALID_ARGUMENT"))
    server.script(said(HALF, finish="MAX_TOKENS"), broken)

    with pytest.raises(TutorUnavailableError) as raised:
        ask(tutor, Heard())

    assert (raised.value.tokens_in, raised.value.tokens_out) == (TOKENS_READ + 100, 45 + 8)


class GoneError(ValueError):
    """The listener cannot go on. A `ValueError`, as the SDK raises too."""


class Gone(Heard):
    """Takes nothing."""

    def sentence(self, text: str) -> None:
        raise GoneError


def test_what_the_listener_raises_is_no_failure_of_the_provider(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    server.script(said(written(FORM), pieces=30))

    with pytest.raises(GoneError):
        tutor.reply(TutorRequest(MESSAGE, (), 20.0, draft=SentenceDraft(Gone())))

    assert len(server.asked) == 1


def test_an_answer_that_is_not_read_to_its_end_leaves_no_connection_and_no_thread(
    server: GeminiServer, tutor: GeminiTutor
) -> None:
    ask(tutor, Heard())
    before = threading.active_count()

    for _ in range(3):
        server.script(replace(said(written(FORM), pieces=10), drip=0.01))
        with pytest.raises(GoneError):
            ask(tutor, Gone())

    # The server has a thread for each connection; the one that was kept before may have been used.
    eventually(lambda: threading.active_count() <= before or None, what="no thread more", within=20)
