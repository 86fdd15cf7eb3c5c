"""A reply told sentence by sentence: in whatever pieces it comes, what is told is what is stored."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from tests.support.listening import Heard
from worker.bounds import LONGEST_REPLY, bounded_reply_text, reply_sentences
from worker.draft import SentenceDraft, drafting
from worker.errors import TutorUnavailableError
from worker.ports import Draft
from worker.text.plain import SettledText, plain
from worker.text.sentences import sentences_of_line

SAID = [
    "Rs. 500", "e.g.", "etc.", "B.Com", "Dr. Rao", "3.5 km", "U.S.", "No. 5", "No.", "at 5 p.m.", "J. K.",
    "What?!", "Really...", "Wait…", "नमस्ते।", "हाँ॥", "ठीक है", '"Yes. No."', "(A b. C.)", "“Hi! You?”", "‘Oh.’",
    "😀", "👍🏽", "❤️", "Go.", "I", "he", "You", "Then", "1.", "2)", "- x", "-x", "+5", "5*6", "R&D", "<3",
    "#1", "~5", "[a / b]", "C#", "_ok",
]  # fmt: skip
ODD = [
    "<b>", "</b>", "<br>", "<", "<!-- ", " -->", "<script>", "**", "*", "_", "`", "```\n", "~~", "[x](y)",
    "![x](y)", "!", "[", "&lt;b&gt;", "&amp;", "&", "\n", "\n\n", "\n- ", "\n===\n", "\n---\n", "\n# ", "> ",
    "a|b\n-|-\n1|2|3", "\\", "\u202e", "\u200d", "\x1b[1m", "\x1b", "\0", "\u2028", "\t", "  ", "\ud800",
    "\ue000",
]  # fmt: skip
spoken = some.lists(some.sampled_from(SAID), max_size=40).map(" ".join)
messy = some.lists(some.sampled_from([*SAID, *ODD]) | some.text(max_size=4), max_size=25).map("".join)
replies = spoken | messy | some.lists(spoken | messy, max_size=4).map(" ".join)
cuts = some.lists(some.integers(1, 30), max_size=60)


def pieces_of(text: str, lengths: Sequence[int]) -> list[str]:
    pieces = []
    for length in lengths:
        pieces.append(text[:length])
        text = text[length:]
    return [*pieces, text]


def write(draft: Draft, text: str, lengths: Sequence[int] = ()) -> None:
    for piece in pieces_of(text, lengths):
        draft.write(piece)


@settings(max_examples=300, deadline=None)
@given(text=replies, lengths=cuts, ended=some.booleans())
@example(text="Really![x](y) is. Yes.", lengths=[7, 1], ended=True)
@example(text="Hi. You.\n- a. b. c\n- d", lengths=[3] * 8, ended=False)
@example(text='He said "I am go. Then he left." Yes.', lengths=[], ended=False)
@example(text="Is it 5 p.m. Then we go. - x", lengths=[1] * 60, ended=False)
@example(text="Hello there. " * 400, lengths=[7] * 60, ended=True)
@example(text="word " * 1_000, lengths=[30] * 60, ended=True)
def test_any_pieces_give_the_sentences_of_the_whole_and_they_are_its_text(
    text: str, lengths: list[int], ended: bool
) -> None:
    heard = Heard()
    draft = SentenceDraft(heard)

    write(draft, text, lengths)
    if ended:
        draft.end()
    stored = bounded_reply_text(text)
    draft.finish(stored)

    assert heard.sentences == reply_sentences(text)
    assert " ".join(heard.sentences) == stored
    assert heard.taken_back == []
    assert len(stored) <= LONGEST_REPLY


@settings(max_examples=300, deadline=None)
@given(text=replies)
@example(text="word. " * 2_000)
def test_what_is_bounded_once_is_bounded(text: str) -> None:
    stored = bounded_reply_text(text)

    assert bounded_reply_text(stored) == stored
    assert reply_sentences(stored) == reply_sentences(text)


@settings(max_examples=300, deadline=None)
@given(begun=replies, more=replies, lengths=cuts)
@example(begun="Really!", more="[x](y)", lengths=[])
@example(begun="Hello", more="\n===\n*x*", lengths=[2])
@example(begun="Hi\n  - you. \u200b go", more="", lengths=[2, 1, 1, 1, 1])
def test_what_is_settled_stays_however_a_text_goes_on(begun: str, more: str, lengths: list[int]) -> None:
    text, at_once = SettledText(), SettledText()

    settled = "".join(text.add(piece) for piece in pieces_of(begun, lengths))

    assert settled == at_once.add(begun)
    assert plain(begun + more, 100_000).startswith(settled)


@given(line=replies.map(lambda text: plain(text, 100_000)))
def test_the_sentences_of_a_line_are_the_line(line: str) -> None:
    assert " ".join(sentences_of_line(line)) == line


def test_a_reply_that_is_too_long_ends_with_a_sentence() -> None:
    told = reply_sentences("One two three. " * 200)

    assert set(told) == {"One two three."}
    assert LONGEST_REPLY - 15 < len(" ".join(told)) <= LONGEST_REPLY


def test_a_sentence_that_is_too_long_for_a_reply_is_cut_between_words() -> None:
    assert reply_sentences("word " * 1_000 + "end. Another.") == ["word " * 398 + "word…"]


def told_by(*pieces: str) -> list[str]:
    """Return the sentences told while these pieces were written, and none more came."""
    heard = Heard()
    draft = SentenceDraft(heard)
    for piece in pieces:
        draft.write(piece)
    return heard.sentences


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        (["That is nice", "!"], []),
        (["That is nice!", " "], []),
        (["That is nice! ", "W"], ["That is nice!"]),
        (["It costs Rs. 5", "00 a day. ", "Is it much? Yes"], ["It costs Rs. 500 a day.", "Is it much?"]),
        (["नमस्ते। आप कैसे हैं? ", "मैं"], ["नमस्ते।", "आप कैसे हैं?"]),
        (["Well. That is **good** work. ", "Then. What"], ["Well."]),
        (["One.\nTwo.\n\nThr"], ["One.", "Two."]),
        (["x" * 3_000, " y. Then. You"], []),
    ],
)
def test_a_sentence_is_told_once_the_next_has_begun_but_not_where_markup_may_change_it(
    pieces: list[str], told: list[str]
) -> None:
    assert told_by(*pieces) == told


def test_the_end_of_the_text_makes_its_last_sentence_whole() -> None:
    heard = Heard()
    draft = SentenceDraft(heard)

    write(draft, "Hello. **How** are you?")
    draft.end()
    draft.write(" What comes after the end is no part of it. No")

    assert heard.sentences == ["Hello.", "How are you?"]
    draft.restart()
    write(draft, "Another. Then")
    assert (heard.sentences, heard.taken_back) == (["Another."], [["Hello.", "How are you?"]])


def test_a_reply_that_nobody_wrote_is_told_at_its_end() -> None:
    heard = Heard()

    with drafting(heard) as draft:
        draft.finish("Hello. How are you?")

    assert heard.sentences == ["Hello.", "How are you?"]


@pytest.mark.parametrize(
    ("written", "stored", "taken_back"),
    [
        ("Hello. How are", "Hello. How are you? One more.", []),
        ("Hello. How are", "Hello there. How are you?", [["Hello."]]),
        ("Hello. How are", "Hello.", []),
        ("Hello. How are", "Hello", [["Hello."]]),
        ("Hello.", "Something else.", []),
    ],
)
def test_the_stored_text_counts_whatever_was_written(
    written: str, stored: str, taken_back: list[list[str]]
) -> None:
    heard = Heard()

    with drafting(heard) as draft:
        draft.write(written)
        draft.finish(stored)

    assert " ".join(heard.sentences) == stored
    assert heard.taken_back == taken_back


@pytest.mark.parametrize(("written", "taken_back"), [("Hello. How", [["Hello."]]), ("Hello.", [])])
def test_what_was_told_is_taken_back_where_the_tutor_fails(written: str, taken_back: list[list[str]]) -> None:
    heard = Heard()

    def fail() -> None:
        with drafting(heard) as draft:
            draft.write(written)
            raise TutorUnavailableError("The tutor is away.")

    with pytest.raises(TutorUnavailableError):
        fail()

    assert (heard.sentences, heard.taken_back) == ([], taken_back)


class GoneError(Exception):
    """The listener cannot go on."""


class GoneListener(Heard):
    """Takes one sentence."""

    def sentence(self, text: str) -> None:
        if self.sentences:
            raise GoneError
        super().sentence(text)


def swallow(draft: Draft) -> None:
    with suppress(Exception):
        draft.write("One. Two. Three. Four")


def translate(draft: Draft) -> None:
    try:
        draft.write("One. Two. Three. Four")
    except Exception as error:
        raise TutorUnavailableError("Something failed.") from error


def pass_on(draft: Draft) -> None:
    draft.write("One. Two. Three. Four")


@pytest.mark.parametrize("tutor", [swallow, translate, pass_on])
def test_what_the_listener_raises_comes_out_whatever_the_tutor_makes_of_it(
    tutor: Callable[[Draft], None],
) -> None:
    heard = GoneListener()

    def reply() -> None:
        with drafting(heard) as draft:
            tutor(draft)
            draft.finish("One. Two. Three. Four")

    with pytest.raises(GoneError):
        reply()

    assert (heard.sentences, heard.taken_back) == (["One."], [])
