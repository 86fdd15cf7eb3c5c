"""The table of rules, and the source that applies it."""

from collections.abc import Sequence

from worker.engines.offline.rule import Finding, Rule
from worker.engines.offline.rules import (
    agreement,
    articles,
    comparison,
    forms,
    joining,
    nouns,
    patterns,
    phrases,
    prepositions,
    questions,
    tense,
    time,
    verbs,
    words,
)
from worker.engines.offline.text import Sentence

RULES: tuple[Rule, ...] = (
    verbs.RULES
    + tense.RULES
    + time.RULES
    + forms.RULES
    + agreement.RULES
    + patterns.RULES
    + nouns.RULES
    + questions.RULES
    + prepositions.RULES
    + phrases.RULES
    + words.RULES
    + comparison.RULES
    + joining.RULES
    + articles.RULES
)


class RuleTable:
    """Finds the mistakes that `RULES` describes. Keeps no state."""

    def find(self, sentence: Sentence) -> Sequence[Finding]:
        """Return every rule's findings, in the table's order."""
        return [Finding(sentence, edit, rule.lesson) for rule in RULES for edit in rule.match(sentence)]
