"""Where a sentence ends, for every voice and for the offline tutor."""

import pytest

from worker.engines.offline.text import split_sentences
from worker.text.sentences import sentence_spans, sentences

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
