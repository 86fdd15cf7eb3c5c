"""Making one file of the spoken pieces of a text."""

from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from shared import speech
from shared.results import Joined
from worker.stages.audio_shelf import AudioShelf
from worker.stages.joining import join_mp3
from worker.stages.stage import ClaimedWork


@dataclass(frozen=True, slots=True)
class Join:
    """Joins the pieces of a part. It needs no engine."""

    reading: sessionmaker[Session]
    shelf: AudioShelf

    def run(self, work: ClaimedWork) -> Joined:
        """Return the whole, as one file."""
        pieces = work.loading(lambda: self._pieces(work))
        whole = join_mp3([self.shelf.load(piece.audio_id) for piece in pieces])
        seconds = sum(piece.seconds for piece in pieces)
        intended = work.saving(lambda: self.shelf.intend(work.job.learner_id))
        return Joined(self.shelf.write(intended, whole, seconds=seconds))

    def _pieces(self, work: ClaimedWork) -> list[speech.SpokenPiece]:
        with self.reading.begin() as session:
            return speech.pieces(session, work.job, work.claim.part)
