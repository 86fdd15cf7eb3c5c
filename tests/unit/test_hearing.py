"""Corrections rest on what was surely heard."""

from dataclasses import replace
from typing import get_args

import pytest

from shared.errors import WarningCode
from tests.support import figures
from worker.bounds import LONGEST_REPLY
from worker.engines.offline import OfflineTutor
from worker.hearing.certainty import certainties
from worker.hearing.edits import edited_words
from worker.hearing.evidence import Evidence, evidence, unsure_words
from worker.hearing.gate import only_what_was_heard
from worker.hearing.question import question
from worker.metrics import Heard
from worker.ports import Mistake, TutorReply, TutorRequest, Word
from worker.settings import WorkerSettings
from worker.text.languages import Language, language_of

# A learner said "You feel like a little brother to me"; this is what Whisper base made of the recording.
MISHEARD = "You feel a little little. But don't tell to me."
MISHEARD_WORDS = (
    Word("You", 0.14, 0.64, 0.143),
    Word("feel", 0.64, 0.88, 0.74),
    Word("a", 0.88, 1.1, 0.287),
    Word("little", 1.1, 1.42, 0.893),
    Word("little.", 1.42, 2.44, 0.129),
    Word("But", 3.44, 4.16, 0.082),
    Word("don't", 4.16, 4.52, 0.573),
    Word("tell", 4.52, 4.66, 0.194),
    Word("to", 4.66, 5.38, 0.342),
    Word("me.", 5.38, 5.58, 0.98),
)


def edited(message: str, wrong: str, right: str) -> list[list[str]]:
    return [[message[start:end] for start, end in place] for place in edited_words(message, wrong, right)]


@pytest.mark.parametrize(
    ("message", "wrong", "right", "words"),
    [
        ("I am go to school", "am go", "am going", ["am", "go", "to"]),
        ("I am go to school", "I am go to school", "I am going to school", ["am", "go", "to"]),
        ("Don’t tell to me.", "tell to me", "tell me", ["tell", "to", "me"]),
        ("I go to market", "to market", "to the market", ["to", "market"]),
        ("I like very much", "like", "like it", ["like", "very"]),
        ("Go there", "Go", "I go", ["Go"]),
        ("She is more taller", "more taller", "taller", ["is", "more", "taller"]),
        ("He DON'T know", "he don't", "he doesn't", ["He", "DON'T", "know"]),
        ("Its raining", "Its", "It's", []),
    ],
)
def test_a_correction_rests_on_the_words_of_the_smallest_change(
    message: str, wrong: str, right: str, words: list[str]
) -> None:
    assert edited(message, wrong, right) == [words]


def test_a_correction_has_every_place_that_its_words_stand_at() -> None:
    assert edited("He go. Then he go.", "he go", "he goes") == [["He", "go", "Then"], ["he", "go"]]


def test_words_are_found_by_words_not_by_letters() -> None:
    assert edited("He undergoes it", "go", "goes") == []


def test_a_word_is_as_certain_as_its_sentence() -> None:
    words = [Word("Hello.", 0, 1, 0.9), Word("I", 1, 2, 0.8), Word("go.", 2, 3, 0.4)]

    assert certainties(words) == pytest.approx([0.81, 0.48, 0.24])
    assert certainties([]) == []


def unsure(message: str, *words: tuple[str, bool]) -> list[str]:
    return [message[start:end] for start, end in unsure_words(message, words)]


def test_unsure_are_the_words_that_are_not_sure() -> None:
    said = "Go, go to school!"

    assert unsure(said, ("Go,", True), ("go", False), ("to", True), ("school!", True)) == ["go"]
    assert unsure(said, (said, True)) == []
    assert unsure(said, (said, False)) == ["Go", "go", "to", "school"]


def test_what_the_recogniser_says_nothing_about_is_unsure() -> None:
    assert unsure("I am go", ("I", True), ("was", True), ("go", True)) == ["am"]


def heard(message: str, *doubtful: str) -> TutorRequest:
    return TutorRequest(
        message, (), 10.0, "en", unsure_words(message, [(w, w not in doubtful) for w in message.split()])
    )


GO = Mistake("am go", "am going", "verb form")


@pytest.mark.parametrize(
    ("request_", "mistake", "found"),
    [
        (heard("I am go there"), GO, Evidence.SURE),
        (heard("I am go there", "I"), GO, Evidence.SURE),
        (heard("I am go there", "there"), GO, Evidence.UNSURE),
        (heard("I am go there", "go"), GO, Evidence.UNSURE),
        (heard("I am go there. I am go"), GO, Evidence.SURE),
        (heard("I said something else"), GO, Evidence.UNSURE),
        (heard("I go to market", "market"), Mistake("to market", "to the market", ""), Evidence.UNSURE),
        (heard("Its raining"), Mistake("Its", "It's", ""), Evidence.NONE),
        (heard("I go their"), Mistake("go their", "go there", ""), Evidence.NONE),
        (heard("I could of gone"), Mistake("could of", "could have", ""), Evidence.SURE),
        (heard("I could of gone"), Mistake("could of", "could've", ""), Evidence.NONE),
        (heard("I eat alot"), Mistake("alot", "a lot", ""), Evidence.NONE),
        (TutorRequest("Its raining", (), 10.0), Mistake("Its", "It's", ""), Evidence.SURE),
        (TutorRequest("I am go there", (), 10.0), GO, Evidence.SURE),
    ],
)
def test_what_is_known_of_a_mistake(request_: TutorRequest, mistake: Mistake, found: Evidence) -> None:
    assert evidence(mistake, request_) is found


def test_of_words_said_twice_both_must_be_sure() -> None:
    message = "I am go here. I am go there."
    first = message.index("go")

    assert evidence(GO, TutorRequest(message, (), 10.0, "en", [(first, first + 2)])) is Evidence.UNSURE


@pytest.mark.parametrize(
    ("wrong", "right", "asked"),
    [
        ("don't tell to me.", "don't tell me.", 'Did you say "tell to me" or "tell me"?'),
        ("He go to school daily", "He goes to school daily", 'Did you say "He go to" or "He goes to"?'),
        ("go", "went", 'Did you say "go" or "went"?'),
        ("in market", "in the market", None),
        ("a apple", "an apple", None),
        ("their", "there", None),
        ("word " * 40, "words", None),
    ],
)
def test_the_question_quotes_what_differs(wrong: str, right: str, asked: str | None) -> None:
    assert question(Mistake(wrong, right, "")) == asked


REPLY = TutorReply("Hello! Where?", GO, "Yahan going", "यहाँ", 75)


def test_a_sure_correction_stays_as_it_is() -> None:
    assert only_what_was_heard(REPLY, heard("I am go there")) is REPLY
    assert only_what_was_heard(REPLY, TutorRequest("I am go there", (), 10.0)) is REPLY


def test_an_unsure_correction_becomes_a_question() -> None:
    shown = only_what_was_heard(REPLY, heard("I am go there", "go"))

    assert (shown.mistake, shown.hinglish_explanation, shown.devanagari_explanation) == (None, None, None)
    assert shown.score is None
    assert shown.text == 'Hello! Where? Did you say "am go" or "am going"?'
    assert [warning.code for warning in shown.warnings] == [WarningCode.UNSURE_HEARING]


def test_a_doubt_of_the_tutor_is_asked_and_its_score_stays() -> None:
    doubting = replace(REPLY, mistake=None, doubtful=GO, score=90)

    shown = only_what_was_heard(doubting, heard("I am go there", "go"))

    assert (shown.mistake, shown.score) == (None, 90)
    assert shown.text.endswith('Did you say "am go" or "am going"?')
    assert [warning.code for warning in shown.warnings] == [WarningCode.UNSURE_HEARING]


def test_the_recognisers_spelling_is_neither_corrected_nor_asked_about() -> None:
    shown = only_what_was_heard(
        replace(REPLY, mistake=Mistake("their", "there", "confused words")), heard("I go their")
    )

    assert (shown.mistake, shown.text, shown.warnings) == (None, "Hello! Where?", ())


def test_a_question_that_does_not_fit_is_not_asked() -> None:
    long = replace(REPLY, text="x" * LONGEST_REPLY)

    shown = only_what_was_heard(long, heard("I am go there", "go"))

    assert shown.text == long.text
    assert [warning.code for warning in shown.warnings] == [WarningCode.UNSURE_HEARING]


def test_a_learner_is_asked_about_words_she_never_said() -> None:
    sure_from = WorkerSettings(_env_file=None).sure_hearing or 0.0
    flags = [
        (word.word, certainty >= sure_from)
        for word, certainty in zip(MISHEARD_WORDS, certainties(MISHEARD_WORDS), strict=True)
    ]
    tutor = OfflineTutor()
    ungated = tutor.reply(TutorRequest(MISHEARD, (), 10.0, "en", ()))
    assert ungated.mistake is not None
    request = TutorRequest(MISHEARD, (), 10.0, "en", unsure_words(MISHEARD, flags))

    shown = only_what_was_heard(tutor.reply(request), request)

    assert (shown.mistake, shown.hinglish_explanation) == (None, None)
    assert shown.text.endswith('Did you say "tell to me" or "tell me"?')
    assert shown.score is None
    assert [warning.code for warning in shown.warnings] == [WarningCode.UNSURE_HEARING]


def test_what_was_not_heard_surely_costs_nothing_in_the_score() -> None:
    tutor = OfflineTutor()
    message = "Yesterday I am go to the market with my brother."
    counted, spared = (tutor.reply(heard(message, *doubtful)).score for doubtful in ((), ("am", "go")))

    assert counted is not None
    assert spared is not None
    assert spared > counted


def test_what_was_hardly_understood_has_no_score() -> None:
    reply = replace(REPLY, mistake=None)

    assert only_what_was_heard(reply, heard("I was here", "was")).score == 75
    assert only_what_was_heard(reply, heard("I was here", "I", "was")).score is None


HINDI = (
    TutorRequest("Aaj Maasam Bhood", (), 10.0, "hi", ()),
    TutorRequest("Today the weather is very good, let's go outside.", (), 10.0, "hi", ()),
    TutorRequest("Mujhe kal market jana hai", (), 10.0, "en", ()),
    TutorRequest("मुझे कल बाज़ार जाना है", (), 10.0, None, ()),
)


@pytest.mark.parametrize(
    ("mistake", "request_", "label"),
    [
        (GO, heard("I am go there"), "sure"),
        (GO, heard("I am go there", "go"), "unsure"),
        (Mistake("their", "there", ""), heard("I go their"), "alike"),
        (Mistake("is", "are", ""), HINDI[1], "hindi"),
    ],
)
def test_a_correction_of_speech_is_counted_by_how_it_was_heard(
    mistake: Mistake, request_: TutorRequest, label: str
) -> None:
    before = figures.here()

    only_what_was_heard(replace(REPLY, mistake=mistake), request_)

    after = figures.here()
    counted = {
        each: after.of("spoken_corrections_total", heard=each)
        - before.of("spoken_corrections_total", heard=each)
        for each in get_args(Heard)
    }
    assert counted == dict.fromkeys(get_args(Heard), 0) | {label: 1}


def test_what_was_written_or_has_no_correction_is_not_counted_as_heard() -> None:
    before = figures.here().shown("spoken_corrections_total")

    only_what_was_heard(REPLY, TutorRequest("I am go there", (), 10.0))
    only_what_was_heard(replace(REPLY, mistake=None), heard("I am here"))

    assert figures.here().shown("spoken_corrections_total") == before


@pytest.mark.parametrize("request_", HINDI)
def test_hindi_is_neither_corrected_nor_scored(request_: TutorRequest) -> None:
    shown = only_what_was_heard(replace(REPLY, mistake=Mistake("is", "are", "")), request_)

    assert (shown.mistake, shown.hinglish_explanation, shown.score) == (None, None, None)
    assert (shown.text, [warning.code for warning in shown.warnings]) == (
        REPLY.text,
        [WarningCode.SPOKE_HINDI],
    )


def test_hinglish_that_was_typed_gets_no_warning() -> None:
    typed = TutorRequest("Mujhe kal market jana hai", (), 10.0)

    assert only_what_was_heard(replace(REPLY, mistake=None), typed).warnings == ()


@pytest.mark.parametrize(
    ("wrong", "right", "found"),
    [
        ("since two years", "for two years", Evidence.SURE),
        ("bhaiya is work", "bhaiya is working", Evidence.SURE),
        ("Mera bhaiya", "My brother", Evidence.HINDI),
        ("in गाँव", "in village", Evidence.HINDI),
        ("a bank", "the bank", Evidence.HINDI),
    ],
)
def test_in_a_mixed_sentence_only_english_is_corrected(wrong: str, right: str, found: Evidence) -> None:
    message = "Mera bhaiya is work as a clerk in a bank in गाँव near Pune since two years"
    translated = message.index("bank")
    request = replace(heard(message), hindi=[(translated, translated + len("bank"))])
    mistake = Mistake(wrong, right, "")

    shown = only_what_was_heard(replace(REPLY, mistake=mistake), request)

    assert evidence(mistake, request) is found
    assert (shown.mistake, shown.score) == (mistake if found is Evidence.SURE else None, None)
    assert (shown.text, [warning.code for warning in shown.warnings]) == (
        REPLY.text,
        [WarningCode.SPOKE_HINDI],
    )


def test_the_offline_tutor_asks_for_the_english_of_what_was_hindi() -> None:
    request = replace(heard("Yesterday I am go to the market, the weather was fine"), hindi=[(33, 52)])

    reply = OfflineTutor().reply(request)

    assert language_of(reply.text) is Language.HINGLISH
    assert reply.mistake is not None


def test_the_offline_tutor_corrects_what_was_sure_rather_than_what_weighs_more() -> None:
    tutor = OfflineTutor()
    message = "He don't like it. I am go to market."
    weighty = tutor.reply(heard(message)).mistake
    assert weighty is not None
    assert "go" in weighty.wrong

    spared = tutor.reply(heard(message, "go", "am"))

    assert spared.mistake is not None
    assert "don't" in spared.mistake.wrong
    assert spared.doubtful is None


@pytest.mark.parametrize(
    "message",
    ["She's go to the market every day.", "He's having two brothers.", "It's depends on the weather."],
)
def test_a_mistake_beside_a_contraction_is_found_among_the_words(message: str) -> None:
    tutor = OfflineTutor()
    written = tutor.reply(TutorRequest(message, (), 10.0))
    spoken = heard(message)

    shown = only_what_was_heard(tutor.reply(spoken), spoken)

    assert (shown.mistake is None) == (written.mistake is None)
    assert shown.score == written.score
