"""Which forms of earlier mistakes a learner has used, and whether rightly; and reviews, which ask for one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from shared.learning.categories import category_of
from shared.learning.due import KnownMistakes
from shared.learning.edits import Difference, compare, placed_words, smallest_edit, uses, words_of
from shared.models import Mistake, UseKind
from shared.results import FormUse, ReviewOutcome
from shared.results import Mistake as Corrected
from worker.hearing.evidence import Evidence, evidence
from worker.ports import DueMistake, TutorReply, TutorRequest
from worker.ports import Mistake as SaidMistake
from worker.text.lemmas import lemmas_for

PASSED = "Well said! That is right."
ALMOST = "Almost! The right way to say it is:"
NOT_QUITE = "Not quite. Please try this sentence:"
NOT_HEARD = "I did not hear every word. Please say it once more."
NOT_KEPT = "I do not have this one any more. Shall we go on with another?"


@dataclass(frozen=True, slots=True)
class Said:
    """What a learner said: the words, and of a recording those of them that were surely heard."""

    text: str
    words: tuple[str, ...]
    unsure: Sequence[tuple[int, int]] | None = None
    sure: frozenset[str] = frozenset()

    def has_surely(self, words: Sequence[str]) -> bool:
        """Tell whether these words were surely said, if they were said at all: written ones were."""
        return self.unsure is None or self.sure.issuperset(words)


def said_in(text: str, unsure: Sequence[tuple[int, int]] | None) -> Said:
    """Return what the learner said, given where words stand that may not have been said; None for a text.

    A word counts as sure if every time it was heard was sure.
    """
    words = placed_words(text)
    if unsure is None:
        return Said(text, tuple(placed.word for placed in words))
    doubtful = {
        placed.word
        for placed in words
        if any(start < placed.end and placed.start < end for start, end in unsure)
    }
    sure = frozenset(placed.word for placed in words) - doubtful
    return Said(text, tuple(placed.word for placed in words), unsure, sure)


def review(mistake: Mistake | None, said: Said) -> tuple[str, ReviewOutcome | None]:
    """Return the reply to a review, and its outcome; none where the mistake is not kept any more.

    Neither passed nor failed where that rests on words that were not surely heard.
    """
    if mistake is None:
        return NOT_KEPT, None
    differences = compare(mistake.right, said.text)
    passed = _is_right(mistake, said) if differences else _if_heard(said, mistake.right)
    outcome: ReviewOutcome = {
        "mistake_id": str(mistake.id),
        "passed": passed,
        "differences": [] if passed else [asdict(difference) for difference in differences],
    }
    return _answer(passed, mistake.right, differences), outcome


def _answer(passed: bool | None, right: str, differences: Sequence[Difference]) -> str:
    """Say how it went; a sentence of which not even half the words came was not almost right."""
    if passed is None:
        return NOT_HEARD
    if passed:
        return PASSED
    missed = sum(len(words_of(difference.expected)) for difference in differences)
    return f"{ALMOST if 2 * missed <= len(words_of(right)) else NOT_QUITE} {right}"


def _if_heard(said: Said, right: str) -> bool | None:
    return True if said.has_surely(words_of(right)) else None


def _is_right(mistake: Mistake, said: Said) -> bool | None:
    """Judge words that differ from the right ones: in writing they are wrong, in speech if surely heard.

    What only sounds the same was said rightly, and the recogniser spelled it otherwise.
    """
    request = TutorRequest(said.text, history=(), timeout_seconds=0, unsure=said.unsure)
    found = evidence(SaidMistake(said.text, mistake.right, mistake.category), request)
    return {Evidence.SURE: False, Evidence.NONE: True, Evidence.UNSURE: None}[found]


def identified(mistake: SaidMistake | None) -> Corrected | None:
    """Return what a reply corrects with what identifies it in the learner's ledger."""
    if mistake is None:
        return None
    category = category_of(mistake.category)
    edit = smallest_edit(category, mistake.wrong, mistake.right).identity(lemmas_for(category))
    return Corrected(mistake.wrong, mistake.right, category, edit)


def due_for_tutor(known: KnownMistakes) -> list[DueMistake]:
    """Return what a tutor is told of the mistakes that are due: the words that change, no sentence."""
    return [
        DueMistake(
            id=str(mistake.id),
            category=mistake.category,
            wrong=mistake.wrong_form,
            right=mistake.form,
            was_invited=mistake.id in known.invited,
        )
        for mistake in known.due
    ]


def forms_used(known: KnownMistakes, given: TutorReply, said: "Said") -> list[FormUse]:
    """Return which forms the message has: as the tutor says of what was due, by a rule for the rest.

    `given` is the tutor's reply before anything was held back. The mistake in it is left out: the ledger has
    it from the correction, and if that was held back nobody knows. Where words were not surely heard, nothing
    is said of a form that they are in.
    """
    found: dict[str, FormUse] = {}
    in_reply = {
        (each.category, each.edit)
        for each in (identified(given.mistake), identified(given.doubtful))
        if each is not None
    }
    for mistake in [*known.due, *known.maybe_used]:
        if (mistake.category, mistake.edit) in in_reply:
            continue
        passed = _judged(mistake, given.used, said)
        if passed is not None:
            kind = UseKind.PROMPTED if mistake.id in known.invited else UseKind.UNPROMPTED
            found.setdefault(str(mistake.id), {"mistake_id": str(mistake.id), "kind": kind, "passed": passed})
    return list(found.values())


def _judged(mistake: Mistake, by_tutor: Mapping[str, bool], said: "Said") -> bool | None:
    """Return whether the form was used rightly; None where it was not used, or nobody can tell."""
    judgement = by_tutor.get(str(mistake.id))
    if judgement is None and uses(said.words, mistake.form, mistake.wrong_form):
        judgement = True
    if judgement is None:
        return None
    form = mistake.form if judgement else mistake.wrong_form
    return judgement if said.has_surely(form.split()) else None
