"""What a chaos run does: its turns, who posts them, and its faults. A seed decides all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.chaos.conduct import Conduct, Conducts

CLIENTS = 8
_VOICE, _REPLAYED, _CANCELLED, _MALFORMED, _SILENT = 0.40, 0.20, 0.05, 0.10, 0.10
_LONGEST_BEFORE_CANCEL = 0.6
_FAULTS_UNTIL = 0.8


class FaultKind(StrEnum):
    """The faults, as the table shows them. `tests.chaos.faults` has what each does."""

    GPU_CHILD = "GPU child KILL at work"
    GPU_WHOLE = "GPU worker KILL, parent and child"
    GPU_PARENT = "GPU worker KILL, parent alone"
    GPU_AT_RUNS = "GPU child KILL, recording, at a locked stage_runs"
    GPU_AT_MESSAGES = "GPU child KILL, recording, at a locked messages"
    GPU_AT_USAGE = "GPU child KILL, recording, at a locked daily_usage"
    GPU_PUBLISHING = "GPU worker KILL, publishing to a stopped Redis"
    LLM_WHOLE = "LLM worker KILL at work"
    LLM_AT_RUNS = "LLM worker KILL, recording, at a locked stage_runs"
    LLM_PUBLISHING = "LLM worker KILL, publishing to a stopped Redis"
    GPU_ZOMBIE = "GPU worker STOP past its lease, CONT while another runs its stage"
    LLM_ZOMBIE = "LLM worker STOP past its lease, CONT while another runs its stage"
    MAINTENANCE = "maintenance worker KILL"
    API = "API KILL"
    REDIS = "Redis KILL, empty restart"
    POSTGRES = "PostgreSQL immediate stop, restart"
    REPEATED = "every hint repeated, early ones too"


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
    engine_seconds={"transcribe": 0.1, "reply": 0.15, "synthesize": 0.1},
    unhealthy=(
        Conduct.POISONS_TRANSCRIBE,
        Conduct.POISONS_TRANSCRIBE,
        Conduct.POISONS_SYNTHESIZE,
        Conduct.HANGS_TRANSCRIBE,
        Conduct.HANGS_SYNTHESIZE,
    ),
    faults={
        FaultKind.GPU_CHILD: 10,
        FaultKind.GPU_WHOLE: 3,
        FaultKind.GPU_PARENT: 2,
        FaultKind.GPU_AT_RUNS: 1,
        FaultKind.GPU_AT_MESSAGES: 1,
        FaultKind.GPU_AT_USAGE: 2,
        FaultKind.GPU_PUBLISHING: 1,
        FaultKind.LLM_WHOLE: 3,
        FaultKind.LLM_AT_RUNS: 2,
        FaultKind.LLM_PUBLISHING: 1,
        FaultKind.GPU_ZOMBIE: 1,
        FaultKind.LLM_ZOMBIE: 1,
        FaultKind.MAINTENANCE: 2,
        FaultKind.API: 6,
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
    engine_seconds={"transcribe": 0.05, "reply": 0.1, "synthesize": 0.05},
    unhealthy=(Conduct.POISONS_TRANSCRIBE, Conduct.HANGS_SYNTHESIZE),
    faults={
        FaultKind.GPU_CHILD: 1,
        FaultKind.GPU_WHOLE: 1,
        FaultKind.GPU_AT_USAGE: 1,
        FaultKind.LLM_AT_RUNS: 1,
        FaultKind.LLM_PUBLISHING: 1,
        FaultKind.GPU_ZOMBIE: 1,
        FaultKind.MAINTENANCE: 1,
        FaultKind.API: 1,
        FaultKind.REDIS: 1,
        FaultKind.POSTGRES: 1,
        FaultKind.REPEATED: 1,
    },
    stuck_after=120,
    limit=600,
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One post. `cancel_after` seconds it is cancelled; `replayed` says whether it is posted again."""

    number: int
    user: str
    conversation: str
    voice: bool
    speak: bool
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
        talk * form.turns + random.randrange(form.turns): conduct
        for talk, conduct in zip(special, form.unhealthy, strict=True)
    }
    clients: list[list[list[Turn]]] = [[] for _ in range(CLIENTS)]
    for talk in range(form.conversations):
        first, client = talk * form.turns, talk % CLIENTS
        numbers = range(first, first + form.turns)
        clients[client].append(
            [_turn(random, number, talk, client, unhealthy.get(number)) for number in numbers]
        )
    zombies = form.faults.get(FaultKind.GPU_ZOMBIE, 0) + form.faults.get(FaultKind.LLM_ZOMBIE, 0)
    baits = [Turn(count + bait, "fault", f"bait-{bait}", voice=True, speak=True) for bait in range(zombies)]
    slow = {bait.number: Conduct.SLOW for bait in baits}
    conducts = Conducts(dict(form.engine_seconds), unhealthy | slow)
    return Plan(seed, form, clients, baits, conducts, _faults(random, form, count))


def _turn(random: Random, number: int, talk: int, client: int, conduct: Conduct | None) -> Turn:
    """Return a turn; one that is not healthy has the form that its engine needs, and is not cancelled."""
    voice, speak = random.random() < _VOICE, random.random() >= _SILENT
    replayed, cancelled = random.random() < _REPLAYED, random.random() < _CANCELLED
    delay, malformed = random.uniform(0, _LONGEST_BEFORE_CANCEL), random.random() < _MALFORMED
    return Turn(
        number,
        user=f"client-{client}",
        conversation=f"talk-{talk}",
        voice=voice or (conduct is not None and conduct.endswith("transcribe")),
        speak=speak or conduct is not None,
        replayed=replayed,
        cancel_after=delay if cancelled and conduct is None else None,
        malformed_after=malformed,
    )


def _faults(random: Random, form: Form, count: int) -> list[tuple[int, FaultKind]]:
    """Shuffle the faults and spread them over the run, from its start to when four fifths have ended."""
    kinds = [kind for kind, times in form.faults.items() for _ in range(times)]
    random.shuffle(kinds)
    return [(round(_FAULTS_UNTIL * count * place / len(kinds)), kind) for place, kind in enumerate(kinds)]
