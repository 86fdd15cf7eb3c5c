"""What is left of text that carries markup, controls or too much of itself."""

import random
import re
import time

import pytest

from worker.text.plain import plain, shortened


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Hello! How are you?", "Hello! How are you?"),
        ("**Hi** *you*, ~~no~~ `code`", "Hi you, no code"),
        ("[shop](https://x.example) ![pic](y.png)", "shop pic"),
        ("[click](javascript:alert(1))", "click"),
        ("# Head\n- one\n* two\n1. First\n> said\n\n---\nend", "Head one two 1. First said end"),
        ("```json\nhi\n```", "hi"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("a\\*b\\* and \\_c\\_", "ab and c"),
        ("<b>bold</b> &amp; &lt;i&gt;more&lt;/i&gt;", "bold & more"),
        ("<script>alert(1)</script>Hi<br>there<!-- not -->", "Hi there"),
        ("Hi <img src=x onerror=alert(1) ", "Hi img src=x onerror=alert(1)"),
        ("<<b>script>x", "script>x"),
        ("\x1b[31mred\x1b[0m\0 \x07bell", "red bell"),
        ("line\nbreak\u2028and\ttab\r\n", "line break and tab"),
        ("a\u202eb\u2066c\u200bd\ufeffe\u00adf", "abcdef"),
        ("x\u200dy \u3164z\U000e0041", "xy z"),
        ("a\ud800b\ue000c", "abc"),
        ("क्\u200dष और क्\u200cष, नमस्ते", "क्\u200dष और क्\u200cष, नमस्ते"),
        ("👩\u200d👩\u200d👧 ❤️ 👍🏽", "👩\u200d👩\u200d👧 ❤️ 👍🏽"),
    ],
)
def test_markup_and_what_is_not_seen_are_left_out(text: str, left: str) -> None:
    assert plain(text, 1_000) == left


@pytest.mark.parametrize(
    "text",
    [
        "I <3 you, 3 < 5 > 2",
        "2 * 3 * 4 = 24 and 2*3*4",
        "1998. It was hot",
        "snake_case_name, C#, #1 player",
        'Aapne "am go" kaha: "am going" kahiye.',
        "Rs. 500/- & 10% off, ~5 min",
        "[a / b][c / d]e",
        "यहाँ 'गोइंग' आएगा।",
    ],
)
def test_text_that_only_looks_like_markup_stays(text: str) -> None:
    assert plain(text, 1_000) == text


def test_what_is_too_long_ends_between_words_if_it_can() -> None:
    assert shortened("one two three", 13) == "one two three"
    assert shortened("one two three", 10) == "one two…"
    assert shortened("abcdefghij", 5) == "abcd…"
    assert shortened("a bcdefghijklmnop", 10) == "a bcdefgh…"


def test_any_mixture_ends_as_one_safe_line_that_does_not_change_again() -> None:
    pieces = [
        "<b>",
        "</",
        "<",
        ">",
        "**",
        "*",
        "_",
        "`",
        "```\n",
        "[a](",
        ")",
        "&lt;",
        "&amp;",
        "\n",
        "- ",
        "# ",
    ]
    pieces += [
        "| a |\n|--|\n",
        "word ",
        "\u202e",
        "\u200d",
        "\x1b[1m",
        "\x00",
        "नमस्ते ",
        "👩",
        "\\",
        "~~",
        "> ",
    ]
    chance = random.Random(7)  # noqa: S311 - the same mixtures each time
    for _ in range(2_000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 14)))
        left = plain(text, 1_000)
        assert plain(left, 1_000) == left, ascii(text)
        assert not re.search(r"<[a-z/!?]|[\x00-\x1f\u200b\u202a-\u202e\u2066-\u2069\n]", left), ascii(text)


@pytest.mark.parametrize(
    "piece", ["[", "![", "[a](", "*a ", "`", "> ", "- ", "<a", "&lt;", "[[](", "<!--", "a_", "|a", "~~a"]
)
def test_hostile_repetition_is_read_in_bounded_work(piece: str) -> None:
    started = time.process_time()

    assert len(plain(piece * 200_000, 2_000)) <= 2_000

    assert time.process_time() - started < 5  # a tenth of it is usual; without the bound it takes minutes
