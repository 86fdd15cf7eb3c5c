"""The tutor that needs no network, key or GPU: rules, Harper and a table of everyday topics."""

from collections.abc import Sequence

from worker.engines.offline import replies
from worker.engines.offline.accepted import without_accepted
from worker.engines.offline.choosing import choose, score, to_mistake
from worker.engines.offline.fingerprint import rules_fingerprint
from worker.engines.offline.harper_source import HarperSource
from worker.engines.offline.invitations import questions_for
from worker.engines.offline.language import Kind, kind_of, kind_spoken
from worker.engines.offline.morphology import inflect, readings
from worker.engines.offline.rule import Finding, Source
from worker.engines.offline.rules import RuleTable
from worker.engines.offline.text import Sentence, split_sentences
from worker.hearing.evidence import Evidence, evidence
from worker.ports import Mistake, TutorReply, TutorRequest


class OfflineTutor:
    """A `worker.ports.Tutor` of readable rules; the same request always gets the same reply.

    Built once (half a second); a reply takes a few milliseconds. Safe for any number of threads.
    """

    name = "offline"

    def __init__(self) -> None:
        self.version = rules_fingerprint()
        self._harper = HarperSource()
        self._sources: tuple[Source, ...] = (RuleTable(), self._harper)
        # lemminflect loads its tables at first use; an unknown word also loads its model.
        readings("go")
        inflect("prepone", "VBG")

    def reply(self, request: TutorRequest) -> TutorReply:
        """Return the answer; messages that cannot be judged get a kind reply and no score."""
        message = request.message
        sentences = split_sentences(message)
        kind = kind_of(message, sentences) if request.is_english else kind_spoken(request.spoken_language)
        words = [word for sentence in sentences for word in sentence.words()]
        if kind is Kind.ENGLISH and self._harper.is_foul(message):
            return _unjudged(replies.decline())
        due, questions = questions_for(request.due) or ("", ())
        answered_as = Kind.HINDI if request.hindi else kind
        composed = replies.compose(sentences, message, answered_as, request.history, questions)
        text, invited = composed.text, [due] if composed.invites else []
        if kind is not Kind.ENGLISH or replies.is_harmful(words):
            return _unjudged(text)
        findings = [finding for sentence in sentences for finding in self._find(sentence)]
        heard = _by_evidence(findings, request)
        points = score(len(words), heard[Evidence.SURE])
        chosen = choose(heard[Evidence.SURE], request.history)
        if chosen is None:
            doubtful = choose(heard[Evidence.UNSURE], request.history)
            doubt = None if doubtful is None else to_mistake(doubtful, self._find, quote_little=True)
            return TutorReply(text, None, None, None, points, doubt, invited=invited)
        hinglish, devanagari = chosen.lesson.explain(chosen.wrong, chosen.right)
        mistake = to_mistake(chosen, self._find, quote_little=bool(request.unsure))
        return TutorReply(text, mistake, hinglish, devanagari, points, invited=invited)

    def _find(self, sentence: Sentence) -> Sequence[Finding]:
        found = [finding for source in self._sources for finding in source.find(sentence)]
        return without_accepted(sentence, found)


def _by_evidence(findings: Sequence[Finding], request: TutorRequest) -> dict[Evidence, list[Finding]]:
    """Return the findings by how surely they were said."""
    heard: dict[Evidence, list[Finding]] = {kind: [] for kind in Evidence}
    for finding in findings:
        sentence, edit = finding.sentence, finding.edit
        first, last = sentence.whole_words(edit.first, edit.last)
        mistake = Mistake(sentence.quote(first, last), sentence.rewrite(edit, first, last), "")
        heard[evidence(mistake, request)].append(finding)
    return heard


def _unjudged(text: str) -> TutorReply:
    """Make a reply without mistake and score."""
    return TutorReply(text, None, None, None, None)
