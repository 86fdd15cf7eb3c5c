"""What a chaos run does: its turns, who posts them, and its faults. A seed decides all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count as counting
from itertools import islice
from random import Random

from tests.chaos.conduct import Conduct, Conducts, is_long

CLIENTS = 8
_VOICE, _REPLAYED, _CANCELLED, _MALFORMED, _SILENT, _FOLLOWED = 0.40, 0.20, 0.05, 0.10, 0.10, 0.50
_LONGEST_BEFORE_CANCEL = 0.6
_FAULTS_UNTIL = 0.8


class FaultKind(StrEnum):
    """The faults, as the table shows them. `tests.chaos.faults` has what each does."""

    GPU_CHILD = "GPU child KILL at work"
    GPU_WHOLE = "GPU worker KILL, parent and child"
    GPU_PARENT = "GPU worker KILL, parent alone"
    GPU_AT_EVENTS = "GPU child KILL, starting or recording, at a locked job_events"
    GPU_AT_USAGE = "GPU child KILL, recording, at a locked daily_usage"
    GPU_PUBLISHING = "GPU worker KILL, publishing to a stopped Redis"
    GPU_SPEAKING = "GPU worker KILL while it speaks a piece"
    LLM_WHOLE = "LLM worker KILL at work"
    LLM_STREAMING = "LLM worker KILL between two sentences"
    LLM_AT_EVENTS = "LLM worker KILL, starting or recording, at a locked job_events"
    LLM_AT_MESSAGES = "LLM worker KILL, recording, at a locked messages"
    LLM_AT_LEDGER = "LLM worker KILL, recording, at a locked daily_mistakes"
    LLM_PUBLISHING = "LLM worker KILL, publishing to a stopped Redis"
    GPU_ZOMBIE = "GPU worker STOP past its lease, CONT while another runs its step"
    LLM_ZOMBIE = "LLM worker STOP past its lease, CONT while another runs its step"
    MAINTENANCE = "maintenance worker KILL"
    API = "API KILL"
    API_TERM = "API TERM with streams open, restart"
    REDIS = "Redis KILL, empty restart"
    POSTGRES = "PostgreSQL immediate stop, restart"
    REPEATED = "every hint repeated, early ones too"


BAITED = (FaultKind.LLM_STREAMING, FaultKind.GPU_ZOMBIE, FaultKind.LLM_ZOMBIE)
"""The faults that need a turn of their own, slow enough to be caught in the act."""


@dataclass(frozen=True, slots=True)
class Form:
    """How big a run is. `engine_seconds` is how long each engine takes; the limits are in seconds."""

    name: str
    conversations: int
    turns: int
    engine_seconds: Mapping[str, float]
    unhealthy: tuple[Conduct, ...]
    faults: Mapping[FaultKind, int]
    stuck_after: float
    limit: float


FULL = Form(
    name="full",
    conversations=60,
    turns=10,
    engine_seconds={"transcribe": 0.1, "reply": 0.3, "speak": 0.05},
    unhealthy=(
        Conduct.POISONS_TRANSCRIBE,
        Conduct.POISONS_TRANSCRIBE,
        Conduct.POISONS_SPEAK,
        Conduct.HANGS_TRANSCRIBE,
        Conduct.HANGS_SPEAK,
    ),
    faults={
        FaultKind.GPU_CHILD: 8,
        FaultKind.GPU_WHOLE: 1,
        FaultKind.GPU_PARENT: 2,
        FaultKind.GPU_AT_EVENTS: 2,
        FaultKind.GPU_AT_USAGE: 2,
        FaultKind.GPU_PUBLISHING: 1,
        FaultKind.GPU_SPEAKING: 2,
        FaultKind.LLM_WHOLE: 1,
        FaultKind.LLM_STREAMING: 3,
        FaultKind.LLM_AT_EVENTS: 1,
        FaultKind.LLM_AT_MESSAGES: 1,
        FaultKind.LLM_AT_LEDGER: 1,
        FaultKind.LLM_PUBLISHING: 1,
        FaultKind.GPU_ZOMBIE: 1,
        FaultKind.LLM_ZOMBIE: 1,
        FaultKind.MAINTENANCE: 2,
        FaultKind.API: 4,
        FaultKind.API_TERM: 2,
        FaultKind.REDIS: 4,
        FaultKind.POSTGRES: 3,
        FaultKind.REPEATED: 2,
    },
    stuck_after=120,
    limit=1800,
)

SHORT = Form(
    name="short",
    conversations=16,
    turns=5,
    engine_seconds={"transcribe": 0.05, "reply": 0.2, "speak": 0.05},
    unhealthy=(Conduct.POISONS_TRANSCRIBE, Conduct.HANGS_SPEAK),
    faults={
        FaultKind.GPU_CHILD: 1,
        FaultKind.GPU_SPEAKING: 1,
        FaultKind.GPU_AT_USAGE: 1,
        FaultKind.LLM_AT_EVENTS: 1,
        FaultKind.LLM_AT_MESSAGES: 1,
        FaultKind.LLM_AT_LEDGER: 1,
        FaultKind.LLM_STREAMING: 1,
        FaultKind.LLM_PUBLISHING: 1,
        FaultKind.GPU_ZOMBIE: 1,
        FaultKind.MAINTENANCE: 1,
        FaultKind.API: 1,
        FaultKind.API_TERM: 1,
        FaultKind.REDIS: 1,
        FaultKind.POSTGRES: 1,
        FaultKind.REPEATED: 1,
    },
    stuck_after=75,
    limit=600,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One post. `cancel_after` seconds it is cancelled; `replayed` says whether it is posted again.

    `followed`: from its beginning on; its events are read in any case.
    """

    number: int
    user: str
    conversation: str
    voice: bool
    speak: bool
    followed: bool = False
    replayed: bool = False
    cancel_after: float | None = None
    malformed_after: bool = False

    @property
    def key(self) -> str:
        """The post's idempotency key."""
        return f"chaos-{self.number}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: the conversations of each client, the conduct of each turn, the faults in their order.

    A fault is due once that many of the turns have ended. `baits` are turns that a fault posts itself,
    because it needs one that is slow enough to be caught in the act.
    """

    seed: int
    form: Form
    clients: list[list[list[Turn]]]
    baits: list[Turn]
    conducts: Conducts
    faults: list[tuple[int, FaultKind]]

    @property
    def turns_a_fault(self) -> int:
        """How many turns the clients may post from one fault to the next, so that each has some to break."""
        return round(_FAULTS_UNTIL * len(self.turns()) / len(self.faults))

    def turns(self) -> list[Turn]:
        """Return every turn."""
        return [turn for client in self.clients for talk in client for turn in talk] + self.baits


def make_plan(form: Form, seed: int) -> Plan:
    """Return the run that the seed stands for."""
    random = Random(seed)  # noqa: S311 - it must give the same plan again
    count = form.conversations * form.turns
    special = random.sample(range(form.conversations), len(form.unhealthy))
    unhealthy = {
        talk * form.turns + _place(random, form, conduct): conduct
        for talk, conduct in zip(special, form.unhealthy, strict=True)
    }
    clients: list[list[list[Turn]]] = [[] for _ in range(CLIENTS)]
    for talk in range(form.conversations):
        first, client = talk * form.turns, talk % CLIENTS
        numbers = range(first, first + form.turns)
        clients[client].append(
            [_turn(random, number, talk, client, unhealthy.get(number)) for number in numbers]
        )
    wanted = sum(form.faults.get(kind, 0) for kind in BAITED)
    long = (number for number in counting(count) if is_long(number))
    baits = [
        Turn(number, "fault", f"bait-{number}", voice=True, speak=True) for number in islice(long, wanted)
    ]
    slow = {bait.number: Conduct.SLOW for bait in baits}
    conducts = Conducts(dict(form.engine_seconds), unhealthy | slow)
    return Plan(seed, form, clients, baits, conducts, _faults(random, form, count))


def _place(random: Random, form: Form, conduct: Conduct) -> int:
    """Return which turn of its conversation is unhealthy: any, but the last where a later would skip it."""
    return form.turns - 1 if conduct.endswith("speak") else random.randrange(form.turns)


def _turn(random: Random, number: int, talk: int, client: int, conduct: Conduct | None) -> Turn:
    """Return a turn; one that is not healthy has the form that its engine needs, and is not cancelled."""
    voice, speak = random.random() < _VOICE, random.random() >= _SILENT
    replayed, cancelled = random.random() < _REPLAYED, random.random() < _CANCELLED
    followed = random.random() < _FOLLOWED
    delay, malformed = random.uniform(0, _LONGEST_BEFORE_CANCEL), random.random() < _MALFORMED
    return Turn(
        number,
        user=f"client-{client}",
        conversation=f"talk-{talk}",
        voice=voice or (conduct is not None and conduct.endswith("transcribe")),
        speak=speak or conduct is not None,
        followed=followed,
        replayed=replayed,
        cancel_after=delay if cancelled and conduct is None else None,
        malformed_after=malformed,
    )


def _faults(random: Random, form: Form, count: int) -> list[tuple[int, FaultKind]]:
    """Shuffle the faults and spread them over the run, from its start to when four fifths have ended."""
    kinds = [kind for kind, times in form.faults.items() for _ in range(times)]
    random.shuffle(kinds)
    return [(round(_FAULTS_UNTIL * count * place / len(kinds)), kind) for place, kind in enumerate(kinds)]
