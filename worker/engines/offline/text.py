"""Splitting a message into sentences of tokens that remember where they stood."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from worker.engines.offline.lexicon import BEFORE_MONTH, NAMES_THAT_ARE_WORDS
from worker.text.sentences import sentence_spans

MAX_CHARACTERS = 2_000
"""How much of a message is read; what stands beyond it is neither judged nor corrected."""

_TOKEN = re.compile(
    r"""[A-Za-z]\.(?:[A-Za-z]\.)+             # a.m., U.S.
      | [^\W\d_]+(?:['’-][^\W\d_]+)*          # words, don't, well-known
      | \d+(?:[.,:]\d+)*                      # 25, 1,000, 3:30
      | \S
    """,
    re.VERBOSE,
)
_CLITICS = ("'m", "'re", "'s", "'ve", "'ll", "'d")
_FILLERS = frozenset({"um", "umm", "uh", "uhh", "er", "erm", "hmm", "hm", "mm", "ah", "uhm"})
_PHRASES = frozenset({("you", "know"), ("i", "mean")})
_BEFORE_PHRASE = frozenset(
    {"do", "did", "if", "that", "what", "as", "don't", "how", "and", "let", "didn't", "would", "can"}
)
_AFTER_PHRASE = frozenset({"i", "he", "she", "we", "they", "my", "um", "uh", "like", "actually", ","})
_REPEATED = frozenset(
    [
        "i",
        "you",
        "he",
        "she",
        "it",
        "we",
        "they",
        "my",
        "your",
        "his",
        "her",
        "the",
        "a",
        "an",
        "is",
        "are",
        "am",
        "was",
        "were",
        "in",
        "on",
        "at",
        "to",
        "for",
        "of",
        "with",
        "and",
        "but",
        "so",
        "because",
        "this",
        "go",
        "going",
        "will",
        "can",
        "have",
        "has",
    ]
)
"""Words that say nothing new when said twice at once; `had had`, `that that` and `very very` may."""
_LONGEST_BEFORE_DOT = 3
"""In an abbreviation of several words, as Ph.D; where `school.he` has no space, two sentences meet."""
_SENTENCE_ENDS = frozenset({".", "!", "?", "…", "।", ";", ":", "(", ")", '"', "“", "”"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or mark; `lower` is its lower-case form with a plain apostrophe.

    Of somebody's name that is also a word (`Will`, `Hope`) it is the name as written, so that no rule takes
    it for that word.
    """

    text: str
    lower: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is a word or a clitic, not a mark or a number."""
        return self.text[0].isalpha() or self.lower in _CLITICS

    @property
    def is_name(self) -> bool:
        """Whether it is known as somebody's name, though it is also a word."""
        return self.lower[:1].isupper()


@dataclass(frozen=True, slots=True)
class Edit:
    """Tokens `first` to `last` (inclusive) are wrong; `changes` maps some of them to new text.

    An empty new text deletes the token.
    """

    first: int
    last: int
    changes: Mapping[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Sentence:
    """A sentence of `message`; its tokens' positions are positions in the message.

    Equal only to itself, so that what is found out about it can be remembered cheaply.
    """

    message: str
    tokens: tuple[Token, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    def word(self, index: int) -> str:
        """Return the lower-case token at `index`, or `""` outside the sentence."""
        return self.tokens[index].lower if 0 <= index < len(self.tokens) else ""

    def text(self, index: int) -> str:
        """Return the token at `index` as written, or `""` outside the sentence."""
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def words(self) -> list[str]:
        """Return the lower-case words, without marks and numbers."""
        return [token.lower for token in self.tokens if token.is_word]

    def whole_words(self, first: int, last: int) -> tuple[int, int]:
        """Return the tokens from `first` to `last`, with what a clitic at either end is a part of."""
        begin = first - 1 if first and self.tokens[first].lower in _CLITICS else first
        return begin, last + 1 if self.word(last + 1) in _CLITICS else last

    def quote(self, first: int, last: int) -> str:
        """Return what the learner wrote from token `first` to token `last`."""
        return self.message[self.tokens[first].start : self.tokens[last].end]

    def rewrite(self, edit: Edit, first: int, last: int) -> str:
        """Return tokens `first` to `last` with the edit applied, keeping an initial capital."""
        pieces: list[str] = []
        for index in range(first, last + 1):
            token = self.tokens[index]
            gap = self.message[self.tokens[index - 1].end : token.start] if index > first else ""
            gap = " " if any(character.isalnum() for character in gap) else gap
            new = edit.changes.get(index, token.text)
            if new:
                pieces.append(gap + new)
        rewritten = "".join(pieces).strip()
        starts_capital = self.tokens[first].text[0].isupper() and first == 0
        return rewritten[:1].upper() + rewritten[1:] if starts_capital else rewritten


def split_sentences(message: str) -> list[Sentence]:
    """Split `message` (its first `MAX_CHARACTERS`) into sentences; linear in its length.

    What speech adds is left out: fillers such as `um`, and words said twice in a row.
    """
    sentences: list[Sentence] = []
    current: list[Token] = []
    position = 0
    read = message[:MAX_CHARACTERS]
    ends = {len(read[:end].rstrip()) for _, end in sentence_spans(read)}
    for token in _whole(read, ends):
        new = position in ends or "\n" in message[position : token.start]
        if current and (new or token.text in _SENTENCE_ENDS):
            sentences.append(Sentence(message, tuple(current)))
            current = []
        if token.text not in _SENTENCE_ENDS:
            current.append(token)
        position = token.end
    if current:
        sentences.append(Sentence(message, tuple(current)))
    fluent = [Sentence(message, tuple(_named(list(_fluent(sentence.tokens))))) for sentence in sentences]
    return [sentence for sentence in fluent if sentence.tokens]


def _named(tokens: list[Token]) -> Iterator[Token]:
    """Yield the tokens, those that are surely names kept as written.

    A capital inside a sentence tells a name, unless all its words have one.
    """
    written_small = any(token.text[0].islower() and token.is_word for token in tokens)
    for index, token in enumerate(tokens):
        before = tokens[index - 1].lower if index else ""
        capital = token.text[:1].isupper() and token.text[1:].islower()
        month = token.lower == "may" and before in BEFORE_MONTH
        if index and capital and written_small and token.lower in NAMES_THAT_ARE_WORDS and not month:
            yield replace(token, lower=token.text)
        else:
            yield token


def _fluent(tokens: tuple[Token, ...]) -> Iterator[Token]:
    """Yield the tokens without fillers and false starts; of words said twice the last stands."""
    words = [token.lower for token in tokens] + ["", "", ""]
    skipped = 0
    for index, token in enumerate(tokens):
        before = words[index - 1] if index else ""
        phrase = (words[index], words[index + 1]) in _PHRASES and before not in _BEFORE_PHRASE
        if skipped:
            skipped -= 1
        elif phrase and (words[index + 2] in _AFTER_PHRASE or (before in _FILLERS and words[index + 2])):
            skipped = 1
        elif words[index] in _FILLERS or (words[index] == words[index + 1] and words[index] in _REPEATED):
            continue
        elif words[index] in _REPEATED and words[index : index + 2] == words[index + 2 : index + 4]:
            skipped = 1
        else:
            yield token


def _whole(text: str, ends: Collection[int]) -> Iterator[Token]:
    """Yield the tokens; a dot that ends no sentence is part of its word (`B.Com`, `Rs.`, `e.g.`).

    `ends` are the places at which sentences do end.
    """
    held: Token | None = None
    for token in _tokens(text):
        if (
            held is not None
            and token.start == held.end
            and _belongs(held, token, text[token.end : token.end + 1], ends)
        ):
            word = held.text + token.text
            held = Token(word, word.lower(), held.start, token.end)
            continue
        if held is not None:
            yield held
        held = token
    if held is not None:
        yield held


def _belongs(word: Token, token: Token, after: str, ends: Collection[int]) -> bool:
    """Tell whether `token`, right behind `word`, is a dot of its abbreviation or what follows such a dot."""
    if word.text[-1] == ".":
        return len(word.text) > 1 and token.is_word
    inner = token.text == "." and word.text[0].isalpha() and token.end not in ends
    return inner and (after.isspace() or (after.isalnum() and len(word.text) <= _LONGEST_BEFORE_DOT))


def _tokens(text: str) -> Iterator[Token]:
    """Cut a text into tokens, a clitic (`'m`) apart from its word."""
    for match in _TOKEN.finditer(text):
        word, start, end = match.group(), match.start(), match.end()
        lower = word.lower().replace("’", "'")
        clitic = next((c for c in _CLITICS if lower.endswith(c) and len(lower) > len(c)), None)
        if clitic is None or len(lower) != len(word):
            yield Token(word, lower, start, end)
            continue
        cut = len(word) - len(clitic)
        yield Token(word[:cut], lower[:cut], start, start + cut)
        yield Token(word[cut:], clitic, start + cut, end)
