"""Shows of a tutor's answer only what rests on words that were surely heard."""

from dataclasses import replace

from shared.errors import WarningCode
from worker.bounds import fits_reply
from worker.hearing.evidence import Evidence, evidence
from worker.hearing.question import question
from worker.ports import Mistake, TutorReply, TutorRequest, TutorWarning

_UNSURE = TutorWarning(
    WarningCode.UNSURE_HEARING, "A correction was held back, as its words were not heard clearly."
)


def only_what_was_heard(reply: TutorReply, request: TutorRequest) -> TutorReply:
    """Return the reply without a correction of words that may never have been said: it asks about them.

    A score that counted the mistake goes with it. A correction that only changes how the recogniser spelled
    what was said is left out without a word.
    """
    if reply.mistake is None:
        return reply if reply.doubtful is None else _asking(reply, reply.doubtful)
    found = evidence(reply.mistake, request)
    if found is Evidence.SURE:
        return reply
    without = replace(reply, mistake=None, hinglish_explanation=None, devanagari_explanation=None, score=None)
    return without if found is Evidence.NONE else _asking(without, reply.mistake)


def _asking(reply: TutorReply, doubtful: Mistake) -> TutorReply:
    asked = question(doubtful)
    text = f"{reply.text} {asked}" if asked and fits_reply([reply.text], asked) else reply.text
    return replace(reply, text=text, warnings=(*reply.warnings, _UNSURE))
