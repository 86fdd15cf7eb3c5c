"""The Harper grammar checker as a further source of corrections."""

from collections.abc import Sequence
from threading import Lock

from harper import Dialect, Language, Lint, Linter, Suggestion, SuggestionKind

from worker.engines.offline.lexicon import BE, PRONOUNS, word_set
from worker.engines.offline.morphology import s_form_lemma
from worker.engines.offline.nouns import Count, count_of
from worker.engines.offline.rule import Finding, lesson
from worker.engines.offline.text import Edit, Sentence

_MAX_CHARACTERS = 400
"""Longer sentences are not spoken ones, and Harper's time grows faster than a sentence's length."""

_SILENCED = word_set(
    "AnA AsSoonAsPossible CompoundNouns Damages DidPast Everybody FindOut GoodAt IfWouldve "
    "ItsPossessive LessWorse LetsConfusion LongSentences MassNouns MergeWords MissingTo NominalWants "
    "OneOfTheSingular PossessiveYour PronounKnew "
    "PronounVerbAgreement QuiteQuiet RoadMap SentenceCapitalization "
    "SimplePastToPastParticiple SpellCheck SplitWords SubjunctiveWasToWere TheHowWhy ThereToTheir ToTwoToo "
    "UpdatePlaceNames WereWhere WhomSubjectOfVerb"
)
"""Rules about spelling, capitals, length and names, and rules that mislead in plain correct sentences.

Switched off rather than dropped: Harper reports only one of two overlapping lints.
"""

_FOUL_MESSAGE = "Try to avoid offensive language."

_SILENCED_PREFIXES = ("Expand", "Redundant", "Spelled")


_GRAMMAR = lesson("grammar", 11, "Grammar ke hisaab se yahan yeh sahi hai", "ग्रामर के हिसाब से यहाँ यह सही है")
_WORD = lesson(
    "word choice", 7, "Is matlab ke liye English mein yeh kehte hain", "इस मतलब के लिए इंग्लिश में यह कहते हैं"
)
_LESSONS = {
    "Grammar": _GRAMMAR,
    "Miscellaneous": _GRAMMAR,
    "Agreement": lesson(
        "agreement",
        11,
        "Yahan shabdon ka ek doosre se mel hona chahiye",
        "यहाँ शब्दों का एक दूसरे से मेल होना चाहिए",
    ),
    "Usage": _WORD,
    "WordChoice": _WORD,
    "Nonstandard": _WORD,
    "Eggcorn": _WORD,
    "Typo": lesson(
        "confused words",
        6,
        "Yeh do shabd milte julte hain, yahan yeh sahi hai",
        "ये दो शब्द मिलते जुलते हैं, यहाँ यह सही है",
    ),
}


class HarperSource:
    """Harper for Indian English, without its lints on spelling, capitals, punctuation and style."""

    def __init__(self) -> None:
        self._linter = Linter(Dialect.INDIAN)
        config = self._linter.get_lint_config()
        for name in config:
            if name in _SILENCED or name.startswith(_SILENCED_PREFIXES):
                config[name] = False
        self._linter.set_lint_config(config)
        self._lock = Lock()

    def find(self, sentence: Sentence) -> Sequence[Finding]:
        """Return Harper's confident findings; one call at a time, since its linter allows no more."""
        start, end = sentence.tokens[0].start, sentence.tokens[-1].end
        text = sentence.message[start:end]
        if len(text) > _MAX_CHARACTERS:
            return []
        lints = _surest([lint for lint in self._lint(text, dedup=False) if _is_usable(lint)])
        found = (_finding(sentence, start, lint) for lint in lints)
        return [finding for finding in found if finding is not None and _is_trusted(finding)]

    def is_foul(self, text: str) -> bool:
        """Say whether Harper marks a word of `text` as a curse."""
        pieces = [text[at : at + _MAX_CHARACTERS] for at in range(0, len(text), _MAX_CHARACTERS)]
        return any(
            lint.message == _FOUL_MESSAGE for piece in pieces for lint in self._lint(piece, dedup=False)
        )

    def _lint(self, text: str, *, dedup: bool = True) -> list[Lint]:
        with self._lock:
            return self._linter.lint(text, language=Language.PLAINTEXT, dedup=dedup)


def _is_trusted(finding: Finding) -> bool:
    """Reject lints that misread a name (`Will lives here`) or a verb after a relative clause."""
    sentence, changed = finding.sentence, finding.edit.changes
    if any(sentence.tokens[at].is_name for at in range(finding.edit.first, finding.edit.last + 1)):
        return False
    asked = "?" in sentence.message[sentence.tokens[-1].end :][:2]
    named = finding.edit.first == 0 and sentence.text(0) in ("Will", "May") and not asked
    return not named and not any(_ends_relative_clause(sentence, at) for at in changed)


def _ends_relative_clause(sentence: Sentence, index: int) -> bool:
    """Say whether token `index` is the verb after `the clothes she buys`: its subject stands before those."""
    subject = sentence.word(index - 2)
    clause = s_form_lemma(sentence.word(index - 1)) is not None and sentence.word(index - 1) not in BE
    stands = subject in PRONOUNS or count_of(subject) is Count.ONE
    return sentence.word(index) in BE and clause and stands and index > 3


def _is_usable(lint: Lint) -> bool:
    """Say whether a lint is of a kind that we teach and suggests a correction."""
    return lint.lint_kind in _LESSONS and bool(lint.suggestions) and lint.message != _FOUL_MESSAGE


def _surest(lints: Sequence[Lint]) -> list[Lint]:
    """Keep, of overlapping lints, the one with the fewest suggestions: it is the least ambiguous."""
    kept: list[Lint] = []
    for lint in sorted(lints, key=lambda lint: len({each.replacement_text for each in lint.suggestions})):
        if all(lint.span.end <= other.span.start or lint.span.start >= other.span.end for other in kept):
            kept.append(lint)
    return sorted(kept, key=lambda lint: lint.span.start)


def _finding(sentence: Sentence, start: int, lint: Lint) -> Finding | None:
    """Turn a lint into a finding; None if only punctuation or capitals would change."""
    suggestion = lint.suggestions[0]
    edit = _edit(sentence, start + lint.span.start, start + lint.span.end, suggestion)
    if edit is None:
        return None
    finding = Finding(sentence, edit, _LESSONS[lint.lint_kind])
    return finding if _differs(finding.wrong, finding.right) else None


def _edit(sentence: Sentence, start: int, end: int, suggestion: Suggestion) -> Edit | None:
    """Map Harper's character span to whole tokens; None if no token would be left."""
    inside = [i for i, token in enumerate(sentence.tokens) if token.end > start and token.start < end]
    if not inside:
        return None
    first, last = inside[0], inside[-1]
    left, right = sentence.tokens[first].start, sentence.tokens[last].end
    new = suggestion.replacement_text
    if suggestion.kind is SuggestionKind.INSERT_AFTER:
        new = sentence.message[start:end] + new
    text = sentence.message[left : max(left, start)] + new + sentence.message[min(right, end) : right]
    if not text.strip() and last + 1 < len(sentence):
        return Edit(first, last + 1, dict.fromkeys(inside, ""))
    return Edit(first, last, {first: text.strip(), **dict.fromkeys(inside[1:], "")}) if text.strip() else None


def _differs(wrong: str, right: str) -> bool:
    """Say whether more than capitals, spaces, hyphens and apostrophes changes."""
    return _bare(wrong) != _bare(right)


def _bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())
