"""Asking the tutor, and handing over its reply while it is being written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session, sessionmaker

from shared import conversations
from shared.errors import WarningCode
from shared.learning import due
from shared.models import Job, JobKind, Message, MessageRole, SpokenPart, UseKind
from shared.models import Mistake as LedgerMistake
from shared.results import FormUse, Piece, Replied, ReplyWarning
from shared.speech import wanted_texts
from shared.steps import Hint
from shared.transitions import Transitions
from worker.draft import drafting
from worker.hearing.evidence import unsure_words, words_that_are
from worker.hearing.gate import may_judge, only_what_was_heard
from worker.ports import Mistake, Turn, TutorReply, TutorRequest
from worker.settings import WorkerSettings
from worker.speech.pieces import next_pieces
from worker.stages.repair import Said, due_for_tutor, forms_used, identified, review, said_in
from worker.stages.reuse import CachedReplies, CachedSpeech, GivenReply
from worker.stages.stage import ClaimedWork
from worker.text.sentences import sentences

_COMPARISON = "comparison"
"""What is shown for the tutor where none was asked."""
_UNSPEAKABLE: ReplyWarning = {
    "code": WarningCode.SPEECH_FAILED,
    "detail": "The answer could not be spoken.",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """Has the learner's message answered, in the light of the turns before it.

    `sessions` are transactions; those of `reading` need none. `publish` sends hints on their way and never
    raises.
    """

    settings: WorkerSettings
    sessions: sessionmaker[Session]
    reading: sessionmaker[Session]
    replies: CachedReplies
    speech: CachedSpeech
    publish: Callable[[Sequence[Hint]], None]

    def run(self, work: ClaimedWork) -> Replied:
        """Return the answer and the pieces still to be spoken; its sentences are recorded meanwhile."""
        job = work.job
        text, unsure, hindi = job.transcript or job.message or "", self._unsure(job), _hindi(job)
        said = said_in(text, None if unsure is None else [*unsure, *hindi])
        telling = _Telling(self, work)
        if job.kind is JobKind.REVIEW:
            return self._reviewed(work, said, telling)
        messages, known = work.loading(lambda: self._load(job, said))
        with drafting(telling) as draft:
            request = TutorRequest(
                message=text,
                history=_turns_of(messages),
                timeout_seconds=self.settings.llm_timeout_seconds,
                spoken_language=job.transcript_language,
                unsure=unsure,
                hindi=hindi,
                due=due_for_tutor(known),
                draft=draft,
            )
            given = self.replies.reply(request, job.learner_id)
            reply = only_what_was_heard(given.reply, request)
            telling.keep_the_rest()
            draft.finish(reply.text)
        return replace(
            self._replied(reply, given, job, telling),
            uses=forms_used(known, given.reply, said) if may_judge(request) else (),
            invited=[each.id for each in known.due if str(each.id) in reply.invited],
        )

    def _unsure(self, job: Job) -> list[tuple[int, int]] | None:
        """Return the parts of what was spoken that were not heard surely; None for a text."""
        if job.transcript is None:
            return None
        if job.transcript_words is None:
            words = [(job.transcript, self.settings.correct_without_probabilities)]
        else:
            words = [(word["word"], not word.get("unsure")) for word in job.transcript_words]
        return unsure_words(job.transcript, words)

    def _reviewed(self, work: ClaimedWork, said: Said, telling: "_Telling") -> Replied:
        """Return the answer to a review: what was said is compared, and no tutor is asked."""
        job = work.job
        text, outcome = review(work.loading(lambda: self._mistake_to_review(job)), said)
        reply = TutorReply(text, None, None, None, None)
        telling.keep_the_rest()
        with drafting(telling) as draft:
            draft.finish(text)
        replied = self._replied(reply, GivenReply(reply, _COMPARISON), job, telling)
        if outcome is None or outcome["passed"] is None:
            return replace(replied, review=outcome)
        use: FormUse = {
            "mistake_id": outcome["mistake_id"],
            "kind": UseKind.REVIEW,
            "passed": outcome["passed"],
        }
        return replace(replied, review=outcome, uses=[use])

    def _replied(self, reply: TutorReply, given: GivenReply, job: Job, telling: "_Telling") -> Replied:
        warnings: list[ReplyWarning] = [
            {"code": str(warning.code), "detail": warning.detail} for warning in reply.warnings
        ]
        pieces = telling.last_pieces()
        wanted = wanted_texts(job, reply.text, reply.hinglish_explanation, reply.devanagari_explanation)
        if explanation := wanted.get(SpokenPart.EXPLANATION):
            texts = next_pieces(sentences(explanation), [], finished=True)
            pieces += self.pieces(job, SpokenPart.EXPLANATION, 0, texts)
        spoken = {piece.part for piece in pieces} | ({SpokenPart.REPLY} if telling.planned else set())
        if wanted.keys() - spoken:
            warnings.append(_UNSPEAKABLE)
        return Replied(
            engine=given.engine,
            text=reply.text,
            mistake=identified(reply.mistake),
            hinglish_explanation=reply.hinglish_explanation,
            devanagari_explanation=reply.devanagari_explanation,
            score=reply.score,
            tokens_in=reply.tokens_in,
            tokens_out=reply.tokens_out,
            warnings=warnings,
            last_sentences=telling.kept,
            pieces=pieces,
        )

    def pieces(self, job: Job, part: SpokenPart, first: int, texts: Sequence[str]) -> list[Piece]:
        """Return the texts as pieces of a part, from position `first` on, with speech that is known."""
        return [
            Piece(part, first + number, text, self.speech.find(text, job.learner_id))
            for number, text in enumerate(texts)
        ]

    def _load(self, job: Job, said: Said) -> tuple[Sequence[Message], due.KnownMistakes]:
        with self.reading.begin() as session:
            known = due.known_for(session, job, said.words)
            if job.turn == 1:
                return (), known
            messages = conversations.last_messages(
                session,
                job.conversation_id,
                limit=self.settings.history_messages,
                characters=self.settings.history_characters,
            )
            return messages, known

    def _mistake_to_review(self, job: Job) -> LedgerMistake | None:
        if job.review_of is None:
            return None
        with self.reading.begin() as session:
            return due.find(session, job.learner_id, job.review_of)


class _Telling:
    """Records each sentence of a reply as it comes, and the pieces of speech that it completes."""

    def __init__(self, stage: Reply, work: ClaimedWork) -> None:
        self._stage = stage
        self._work = work
        self._sentences: list[str] = []
        self._keeps = False
        self.kept: list[tuple[int, str]] = []
        self.planned: list[str] = []

    def keep_the_rest(self) -> None:
        """Keep the sentences from now on: the reply is there, and is recorded together with them."""
        self._keeps = True

    def sentence(self, text: str) -> None:
        """Tell the next sentence, or keep it. Raises `LeaseLostError` and `DatabaseAwayError`."""
        index = len(self._sentences)
        self._sentences.append(text)
        if self._keeps:
            self.kept.append((index, text))
            return
        pieces = self._next_pieces(finished=False)
        hints = self._work.saving(lambda: self._tell(index, text, pieces))
        self._stage.publish(hints)

    def restarted(self) -> None:
        """Forget all sentences so far, here and in the job."""
        self._sentences, self.kept, self.planned = [], [], []
        self._work.saving(self._restart)

    def last_pieces(self) -> list[Piece]:
        """Return the last pieces of the reply, now that it is whole."""
        return self._next_pieces(finished=True)

    def _next_pieces(self, *, finished: bool) -> list[Piece]:
        job = self._work.job
        if SpokenPart.REPLY not in job.speak:
            return []
        texts = next_pieces(self._sentences, self.planned, finished=finished)
        pieces = self._stage.pieces(job, SpokenPart.REPLY, len(self.planned), texts)
        self.planned += texts
        return pieces

    def _tell(self, index: int, text: str, pieces: Sequence[Piece]) -> Sequence[Hint]:
        with self._stage.sessions.begin() as session:
            return self._transitions(session).sentence(self._work.claim, index, text, pieces)

    def _restart(self) -> None:
        with self._stage.sessions.begin() as session:
            self._transitions(session).restart(self._work.claim)

    def _transitions(self, session: Session) -> Transitions:
        return Transitions(session, self._stage.settings.usage_timezone)


def _hindi(job: Job) -> list[tuple[int, int]]:
    """Return the words that were spoken in Hindi amid English."""
    words = [(word["word"], word.get("hindi", False)) for word in job.transcript_words or ()]
    return words_that_are(job.transcript or "", words)


def _turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Pair the learner's messages with the tutor's; a pair cut by the limit is left out."""
    learner = {message.turn: message for message in messages if message.role is MessageRole.LEARNER}
    return [
        Turn(learner[tutor.turn].text, tutor.text, _mistake_in(tutor))
        for tutor in messages
        if tutor.role is MessageRole.TUTOR and tutor.turn in learner
    ]


def _mistake_in(message: Message) -> Mistake | None:
    if message.mistake_wrong is None or message.mistake_right is None:
        return None
    return Mistake(message.mistake_wrong, message.mistake_right, message.mistake_category or "")
