"""Where a sentence ends, for every voice and for the offline tutor."""

import pytest

from worker.engines.offline.text import split_sentences
from worker.text.sentences import SentenceStream, sentence_spans, sentences, sentences_of_line

TABLE = [
    ("I did B.Com from Pune. It was good.", ["I did B.Com from Pune.", "It was good."]),
    ("It costs Rs. 500 per day. Is it much?", ["It costs Rs. 500 per day.", "Is it much?"]),
    ("Fruit, e.g. mangoes, i.e. sweet ones. Yes.", ["Fruit, e.g. mangoes, i.e. sweet ones.", "Yes."]),
    ("I met Dr. Sharma, Mr. Rao and Smt. Devi.", ["I met Dr. Sharma, Mr. Rao and Smt. Devi."]),
    ("I did M.Tech. in 2020. Now I work.", ["I did M.Tech. in 2020.", "Now I work."]),
    ("I work at Infosys Ltd. in Pune.", ["I work at Infosys Ltd. in Pune."]),
    ("I rise at 5 a.m. He rises at 6 a.m. on Monday.", ["I rise at 5 a.m.", "He rises at 6 a.m. on Monday."]),
    ("It weighs 3.5 kg. Version 2.0 is out.", ["It weighs 3.5 kg.", "Version 2.0 is out."]),
    ("No. 5 is my bus. No. I walk.", ["No. 5 is my bus.", "No.", "I walk."]),
    ("The answer is no. Five came.", ["The answer is no.", "Five came."]),
    ("i like tea, milk etc. He too.", ["i like tea, milk etc.", "He too."]),
    ("Thank you for telling me. I see.", ["Thank you for telling me.", "I see."]),
    ("That is ok. We go.", ["That is ok.", "We go."]),
    ("i go to market. he come late", ["i go to market.", "he come late"]),
    ("I go to school.He is there!Really?Yes", ["I go to school.", "He is there!", "Really?", "Yes"]),
    ("Wait... what? No!! Yes.", ["Wait... what?", "No!!", "Yes."]),
    ('He said "I am go." Then he left.', ['He said "I am go."', "Then he left."]),
    ("मैं ठीक हूँ। आप कैसे हैं? हाँ॥ ठीक", ["मैं ठीक हूँ।", "आप कैसे हैं?", "हाँ॥", "ठीक"]),
    ("Very good. यहाँ आइए। Come here.", ["Very good.", "यहाँ आइए।", "Come here."]),
    ("one\ntwo\r\n\nthree\u2028four", ["one", "two", "three", "four"]),
    ("Well done! 😀 Next one. 🎉", ["Well done!", "😀 Next one.", "🎉"]),
    ("half a pair \ud800 here. Yes.", ["half a pair \ud800 here.", "Yes."]),
    ("", []),
    (" \n ", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TABLE)
def test_a_sentence_ends_where_a_reader_ends_it(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("text", [text for text, _ in TABLE])
def test_the_spans_are_the_whole_text(text: str) -> None:
    assert "".join(text[start:end] for start, end in sentence_spans(text)) == text


STREAMED = [
    "It costs Rs. 500 a day. | Is it much?",
    "Fruit, e.g. mangoes, i.e. sweet ones. | Yes.",
    "I did B.Com in Pune. | I did M.Tech. in 2020. | You?",
    "Dr. Rao came with Smt. Devi. | He left.",
    "It is 3.5 km away. | Go by No. 5.",
    "The U.S. is far. | The U.S. Government said so. | He lives there.",
    "At 5 p.m. we eat. | We sleep at 9 p.m. | Then it is dark.",
    "What?! | Really... I see. | Hmm… yes.",
    "नमस्ते। | आप कैसे हैं? | हाँ॥ | ठीक है",
    "Very good. | यहाँ आइए। | Come here.",
    "“Hello.” | She left. | 'Hi!' | He came.",
    'He said "I am go." | Then he left.',
    "Well done! | 😀 Next one. | 🎉",
    "No. | I walk to school.He does not.",
    "J. K. Rowling wrote it. | A. P. J. Abdul Kalam was great.",
]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3, 1_000])
@pytest.mark.parametrize("cut", STREAMED)
def test_a_sentence_of_a_text_that_is_being_written_ends_there_too(cut: str, size: int) -> None:
    line, stream = cut.replace("| ", ""), SentenceStream()

    whole = [each for at in range(0, len(line), size) for each in stream.add(line[at : at + size])]

    assert [*whole, *stream.end()] == cut.split(" | ")
    assert sentences_of_line(line) == cut.split(" | ")


def test_a_sentence_is_whole_once_the_next_has_begun() -> None:
    stream = SentenceStream()

    assert [stream.add(piece) for piece in ("It costs Rs. ", "500.", " ", "Is", " it? ")] == [
        [],
        [],
        [],
        ["It costs Rs. 500."],
        [],
    ]
    assert stream.end() == ["Is it? "]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I did B.Com from Pune. He did.", [["I", "did", "B.Com", "from", "Pune"], ["He", "did"]]),
        ("It costs Rs. 500.", [["It", "costs", "Rs.", "500"]]),
        ("I like fruit, e.g. mangoes.", [["I", "like", "fruit", ",", "e.g.", "mangoes"]]),
        ("I rise at 5 a.m. He sleeps.", [["I", "rise", "at", "5", "a.m."], ["He", "sleeps"]]),
        ("school.he is there", [["school"], ["he", "is", "there"]]),
        ("Wait... what", [["Wait"], ["what"]]),
    ],
)
def test_the_offline_tutor_reads_the_same_sentences(text: str, tokens: list[list[str]]) -> None:
    assert [[token.text for token in sentence.tokens] for sentence in split_sentences(text)] == tokens
