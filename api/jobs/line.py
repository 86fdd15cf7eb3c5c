"""All unfinished steps as they stood at one moment, and who of them is before a job.

They are read once, however many jobs' places are wanted: each place is then found by bisection.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from shared.models import Job, Stage, Step, StepKind
from shared.statements import built_once
from shared.steps import STAGE_OF_KIND

_LONG = 100
_KEPT_SECONDS = 1.0
_steps: Table = Step.metadata.tables["steps"]
_jobs: Table = Job.metadata.tables["jobs"]
_step, _job = _steps.c, _jobs.c
_NOT_READY = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Others:
    """`count` unfinished steps that are alike in what matters to a job that waits.

    `stage`: theirs; `runs`: a worker is at it; `ready`: it waits for a worker; `ahead`: a worker takes it
    before the job's; `begun`: its job has started; `speaks`: its job ends with a voice; `earlier_turn`: of
    the job's own conversation, and not answered yet.
    """

    stage: Stage
    count: int
    runs: bool = False
    ready: bool = True
    ahead: bool = True
    begun: bool = False
    speaks: bool = True
    earlier_turn: bool = False


class _Alike(NamedTuple):
    stage: Stage
    runs: bool
    ready: bool
    begun: bool
    speaks: bool


class Standing(NamedTuple):
    """An unfinished step as it stands in the fair order (`shared.steps`), and what matters of its job."""

    job_id: UUID
    kind: StepKind
    rank: int
    number: int
    ready_at: datetime | None
    runs: bool
    conversation_id: UUID
    turn: int
    is_answered: bool
    begun: bool
    speak: Sequence[str]

    @property
    def alike(self) -> _Alike:
        """What it has in common with others."""
        ready = self.ready_at is not None and not self.runs
        return _Alike(STAGE_OF_KIND[self.kind], self.runs, ready, self.begun, bool(self.speak))

    @property
    def key(self) -> tuple[int, int, datetime]:
        """What decides who comes first."""
        return self.rank, self.number, self.ready_at or _NOT_READY


def standing(job: Job, first: Step) -> Standing:
    """Return how a job that waits stands in line with its first step."""
    return Standing(
        job_id=job.id,
        kind=first.kind,
        rank=first.rank,
        number=first.number,
        ready_at=first.ready_at,
        runs=first.lease_token is not None,
        conversation_id=job.conversation_id,
        turn=job.turn,
        is_answered=job.answered_at is not None,
        begun=job.started_at is not None,
        speak=job.speak,
    )


class Line:
    """The unfinished steps; those that join files are left out, as they take next to no time."""

    def __init__(self, steps: Sequence[Standing] = ()) -> None:
        self.length = len(steps)
        self._of_job: defaultdict[UUID, list[Standing]] = defaultdict(list)
        self._of_conversation: defaultdict[UUID, list[Standing]] = defaultdict(list)
        self._counts: Counter[_Alike] = Counter()
        self._keys: defaultdict[_Alike, list[tuple[int, int, datetime]]] = defaultdict(list)
        for step in steps:
            self._of_job[step.job_id].append(step)
            self._of_conversation[step.conversation_id].append(step)
            alike = step.alike
            self._counts[alike] += 1
            if alike.ready:
                self._keys[alike].append(step.key)
        for keys in self._keys.values():
            keys.sort()

    def waiting(self, job_id: UUID) -> Standing | None:
        """Return how a job stands in line that has not begun; None for one that has, or has ended."""
        return next((step for step in self._of_job.get(job_id, ()) if not step.begun), None)

    def others(self, own: Standing) -> list[Others]:
        """Return the steps of other jobs than this one that waits, grouped."""
        groups: Counter[tuple[_Alike, bool, bool]] = Counter()
        for alike, count in self._counts.items():
            ahead = bisect_left(self._keys[alike], own.key) if alike.ready else 0
            groups[alike, True, False] += ahead
            groups[alike, False, False] += count - ahead
        for step in self._of_job.get(own.job_id, ()):
            groups[step.alike, _is_ahead(step, own), False] -= 1
        for step in self._of_conversation.get(own.conversation_id, ()):
            if step.turn < own.turn and not step.is_answered:
                groups[step.alike, _is_ahead(step, own), False] -= 1
                # One that is not ready itself comes first all the same.
                groups[step.alike, not step.runs, True] += 1
        return [
            Others(
                alike.stage,
                count,
                runs=alike.runs,
                ready=alike.ready,
                ahead=ahead,
                begun=alike.begun,
                speaks=alike.speaks,
                earlier_turn=earlier_turn,
            )
            for (alike, ahead, earlier_turn), count in groups.items()
            if count
        ]


def _is_ahead(step: Standing, own: Standing) -> bool:
    return step.alike.ready and step.key < own.key


def read(session: Session) -> Line:
    """Return the line as it is."""
    return Line([Standing(*row) for row in session.execute(_unfinished())])


@built_once
def _unfinished() -> Select[Any]:
    columns: tuple[ColumnElement[Any], ...] = (
        *(_step.job_id, _step.kind, _step.rank, _step.number, _step.ready_at, _step.lease_token.is_not(None)),
        *(_job.conversation_id, _job.turn, _job.answered_at.is_not(None), _job.started_at.is_not(None)),
        type_coerce(_job.speak, NullType),  # psycopg reads arrays by itself
    )
    unfinished = (_step.finished_at.is_(None), _step.kind != StepKind.JOIN)
    return select(*columns).join_from(_steps, _jobs, _job.id == _step.job_id).where(*unfinished)


class RecentLine:
    """Keeps the line where it is long, for at most a second; a short one is read for every question."""

    def __init__(self, *, long: int = _LONG) -> None:
        """With more than `long` steps a line is long: reading 100 takes 1 ms, 10,000 take 0.1 s."""
        self._long = long
        self._line, self._read_at = Line(), 0.0
        self._reading = threading.Lock()

    def read(self, session: Session) -> Line:
        """Return the line. Where it is long, one thread reads it and the others wait for that."""
        if self._line.length <= self._long:
            return self._keep(read(session))
        with self._reading:
            if time.monotonic() - self._read_at > _KEPT_SECONDS:
                self._keep(read(session))
            return self._line

    def kept(self) -> Line | None:
        """Return the line if it is long and was read a moment ago; None where it has to be read."""
        read_at, line = self._read_at, self._line  # in this order: they are set in the other one
        is_recent = time.monotonic() - read_at <= _KEPT_SECONDS
        return line if is_recent and line.length > self._long else None

    def _keep(self, line: Line) -> Line:
        self._line, self._read_at = line, time.monotonic()  # in this order: see `kept`
        return line
