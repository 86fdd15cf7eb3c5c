"""Makes untrusted text plain: one line, no control characters, no markup, bounded in length."""

import html
import re
import unicodedata

from markdown_it import MarkdownIt
from markdown_it.token import Token

LONGEST_READ = 8_000
"""More characters of a text than this are not even looked at."""
_PASSES = 4
"""Markup that one pass uncovers, as in `&lt;b&gt;`, the next pass removes."""

# Zero-width joiner and non-joiner shape Devanagari and join emoji; nothing else needs them.
_JOINERS = {"\u200c", "\u200d"}
_JOINED = {"Lo", "Mn", "Mc", "So", "Sk"}
# Controls are spaces or nothing; format characters include every direction override. Surrogates are
# not text, and private-use characters have no agreed appearance.
_LEFT_OUT = {"Cc", "Cf", "Cs", "Co"}
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\ufdd0-\ufdef\ufff0-\uffff"
    "\U000e0000-\U000e0fff]"
)
_SPACES = re.compile(r"\s+")
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""What colours a terminal's text, or worse."""

_HIDDEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"</?(?:br|p|div|li|ul|ol|h[1-6]|tr|td|th|hr)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!?][^<>]*>", re.IGNORECASE)
_TAG_BEGINS = re.compile(r"<(?=[/a-z!?])", re.IGNORECASE)

_MAY_BE_MARKUP = re.compile(r"[<>&*_`~#\[\]|\\]|^\s*[-+=]", re.MULTILINE)
_TIMES = re.compile(r"(?<=\d)\*(?=\d)")
_SIGNS = re.compile(r"[<>*_`~#\[\]|\\]")
_BLOCKS = ("blockquote", "fence", "heading", "hr", "list", "table")
_SPANS = ("backticks", "emphasis", "escape", "image", "link", "strikethrough")
_MARKDOWN = MarkdownIt("zero").enable([*_BLOCKS, *_SPANS])
setattr(_MARKDOWN, "validateLink", lambda _: True)  # noqa: B010 - a link that is refused would stay as it is


def plain(text: str, limit: int) -> str:
    """Return `text` as one line of at most `limit` characters, cut between words where it can be.

    HTML and Markdown lose their marks and keep their words. Applying it again changes nothing.
    """
    line = _TERMINAL.sub("", text[:LONGEST_READ])
    for _ in range(_PASSES):
        before, line = line, _one_line(_without_markup(line))
        if line == before:
            break
    else:
        line = _one_line(_SIGNS.sub("", line))
    return shortened(line, limit)


class SettledText:
    """Tells of a text that is still being written how `plain` of it begins, whatever follows.

    That ends where markup may begin.
    """

    def __init__(self) -> None:
        self.written = ""
        self._begun = 0  # where the last word begins whose beginning has been told
        self._told_of_it = 0
        self._told_any = False

    def add(self, piece: str) -> str:
        """Return what is settled now that `piece` is there, and was not before."""
        self.written = (self.written + piece)[:LONGEST_READ]
        sign = _MAY_BE_MARKUP.search(self.written, self._begun)
        # An exclamation mark may be an image's.
        settled = self.written[self._begun : sign.start() if sign else None].rstrip("!").rstrip()
        line = _one_line(settled)
        new = line[self._told_of_it :]
        if new and self._told_any and not self._told_of_it:
            new = f" {new}"
        self._told_any |= bool(new)
        last_word = max((space.end() for space in _SPACES.finditer(settled)), default=0)
        self._begun += last_word
        self._told_of_it = len(_one_line(settled[last_word:]))
        return new


def shortened(text: str, limit: int) -> str:
    """Return `text`, or as many of its words as fit in `limit` characters with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    between_words = head.rfind(" ", limit // 2)
    return f"{head[:between_words] if between_words > 0 else head}…"


def _one_line(text: str) -> str:
    """Return the text without invisible characters, each run of white space as one space."""
    kept: list[str] = []
    for character in _INVISIBLE.sub("", _SPACES.sub(" ", text)):
        if character in _JOINERS:
            wanted = bool(kept) and unicodedata.category(kept[-1]) in _JOINED
        else:
            wanted = unicodedata.category(character) not in _LEFT_OUT
        if wanted:
            kept.append(character)
    return _SPACES.sub(" ", "".join(kept)).strip()


def _without_markup(text: str) -> str:
    if not _MAY_BE_MARKUP.search(text):
        return text
    text = _TAG.sub("", _BREAK.sub("\n", _HIDDEN.sub("", html.unescape(text))))
    return _without_markdown(_TAG_BEGINS.sub("", text))


def _without_markdown(text: str) -> str:
    lines = "\n".join(line.strip() for line in text.splitlines())
    words: list[str] = []
    # A multiplication is no emphasis.
    for token in _MARKDOWN.parse(_TIMES.sub(r"\\*", lines)):
        if token.type == "list_item_open" and token.info:
            words.append(f"{token.info}{token.markup}")  # the number of an ordered list is text
        elif token.type == "fence":
            words.append(token.content)
        elif token.type == "inline":
            words.append("".join(_said(child) for child in token.children or ()))
    return " ".join(words)


def _said(token: Token) -> str:
    return " " if token.type in {"softbreak", "hardbreak"} else token.content
