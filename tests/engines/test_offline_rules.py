"""Each rule's own examples are its tests."""

from dataclasses import replace

import pytest

from worker.engines.offline import OfflineTutor
from worker.engines.offline.rule import Finding, Rule
from worker.engines.offline.rules import RULES
from worker.engines.offline.text import split_sentences
from worker.hearing.alike import sound_alike
from worker.hearing.gate import only_what_was_heard
from worker.ports import TutorRequest

FIRES = [
    pytest.param(rule, *example, id=f"{rule.name}: {example[0]}") for rule in RULES for example in rule.fires
]
SILENT = [pytest.param(message, id=f"{rule.name}: {message}") for rule in RULES for message in rule.silent]


def findings(rule: Rule, message: str) -> list[Finding]:
    return [
        Finding(sentence, edit, rule.lesson)
        for sentence in split_sentences(message)
        for edit in rule.match(sentence)
    ]


@pytest.fixture(scope="module")
def tutor() -> OfflineTutor:
    return OfflineTutor()


@pytest.mark.parametrize(("rule", "message", "corrected"), FIRES)
def test_a_rule_corrects_what_it_was_written_for(rule: Rule, message: str, corrected: str) -> None:
    (finding,) = findings(rule, message)

    start = finding.sentence.tokens[finding.edit.first].start
    end = finding.sentence.tokens[finding.edit.last].end
    assert message[:start] + finding.right + message[end:] == corrected


@pytest.mark.parametrize(("rule", "message", "corrected"), FIRES)
def test_a_correction_needs_no_further_correction_by_its_rule(
    rule: Rule, message: str, corrected: str
) -> None:
    assert findings(rule, message)
    assert not findings(rule, corrected)


@pytest.mark.parametrize(("rule", "message", "corrected"), FIRES)
def test_an_explanation_quotes_the_learner_in_both_scripts(rule: Rule, message: str, corrected: str) -> None:
    finding = findings(rule, message)[0]

    hinglish, devanagari = rule.lesson.explain(finding.wrong, finding.right)

    assert finding.right in hinglish
    assert finding.wrong in message
    assert not any(character.isascii() and character.isalpha() for character in devanagari)
    assert finding.right in corrected


@pytest.mark.parametrize("message", SILENT)
def test_no_rule_touches_a_lookalike(message: str) -> None:
    assert [rule.name for rule in RULES if findings(rule, message)] == []


@pytest.mark.parametrize("message", SILENT)
def test_the_tutor_offers_no_correction_for_a_lookalike(tutor: OfflineTutor, message: str) -> None:
    assert tutor.reply(TutorRequest(message, (), 10.0)).mistake is None


@pytest.mark.parametrize(("rule", "message", "corrected"), FIRES)
def test_what_was_surely_heard_is_corrected_as_if_it_was_written(
    tutor: OfflineTutor, rule: Rule, message: str, corrected: str
) -> None:
    spoken = TutorRequest(message, (), 10.0, "en", unsure=())
    written = tutor.reply(replace(spoken, unsure=None)).mistake

    shown = only_what_was_heard(tutor.reply(spoken), spoken).mistake

    if written is not None and sound_alike(written.wrong, written.right):
        assert shown is None
    else:
        assert shown == written


def test_every_rule_has_examples_for_both_sides_and_a_name_of_its_own() -> None:
    assert all(rule.fires and rule.silent for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(1 <= rule.lesson.weight <= 25 for rule in RULES)
