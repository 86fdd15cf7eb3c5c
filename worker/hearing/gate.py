"""Shows of a tutor's answer only what rests on English words that were surely heard."""

from collections.abc import Mapping
from dataclasses import replace

from shared.errors import WarningCode
from worker.bounds import fits_reply
from worker.hearing.evidence import Evidence, evidence, is_mostly_unsure
from worker.hearing.question import question
from worker.metrics import Heard, count_correction
from worker.ports import Mistake, TutorReply, TutorRequest, TutorWarning
from worker.text.languages import Language, language_of

_UNSURE = TutorWarning(
    WarningCode.UNSURE_HEARING, "A correction was held back, as its words were not heard clearly."
)
_HINDI = TutorWarning(WarningCode.SPOKE_HINDI, "Hindi is neither corrected nor scored. Try it in English.")
_SPOKEN_HINDI = "hi"
_HEARD: Mapping[Evidence, Heard] = {
    Evidence.SURE: "sure",
    Evidence.UNSURE: "unsure",
    Evidence.HINDI: "hindi",
    Evidence.NONE: "alike",
}


def only_what_was_heard(reply: TutorReply, request: TutorRequest) -> TutorReply:
    """Return the reply without a correction of words that may never have been said: it asks about them.

    A score that counted the mistake goes with it, and so does one of a recording that was hardly understood.
    A correction that only changes how the recogniser spelled what was said is left out without a word. What
    was spoken in Hindi has neither; where it was a part of a message, its English may be corrected.
    """
    if request.unsure is None:
        return reply
    found = _evidence(reply, request)
    if found is not None:
        count_correction(_HEARD[found])
    if not may_judge(request):
        return replace(_unjudged(reply), warnings=(*reply.warnings, _HINDI))
    if is_mostly_unsure(request):
        reply = replace(reply, score=None)
    if request.hindi or found is Evidence.HINDI:
        reply = replace(reply, score=None, warnings=(*reply.warnings, _HINDI))
    if reply.mistake is None:
        return reply if reply.doubtful is None else _asking(reply, reply.doubtful)
    if found is Evidence.SURE:
        return reply
    return _asking(_unjudged(reply), reply.mistake) if found is Evidence.UNSURE else _unjudged(reply)


def may_judge(request: TutorRequest) -> bool:
    """Tell whether a message's English may be judged: any text's, and that of what was spoken in English."""
    if request.unsure is None:
        return True
    return request.spoken_language != _SPOKEN_HINDI and language_of(request.message) is Language.ENGLISH


def _evidence(reply: TutorReply, request: TutorRequest) -> Evidence | None:
    """Return what speaks for the correction that the reply has or only asks about; None where it has none."""
    if reply.mistake is None:
        return None if reply.doubtful is None else Evidence.UNSURE
    return evidence(reply.mistake, request) if may_judge(request) else Evidence.HINDI


def _unjudged(reply: TutorReply) -> TutorReply:
    return replace(reply, mistake=None, hinglish_explanation=None, devanagari_explanation=None, score=None)


def _asking(reply: TutorReply, doubtful: Mistake) -> TutorReply:
    asked = question(doubtful)
    text = f"{reply.text} {asked}" if asked and fits_reply([reply.text], asked) else reply.text
    return replace(reply, text=text, warnings=(*reply.warnings, _UNSURE))
