"""The tables. Requests and responses are classes of their own; tables do not validate."""

from shared.models.access import (
    BUILT_IN_APP_ID,
    ApiKey,
    App,
    Erasure,
    ErasureState,
    Learner,
    Scope,
)
from shared.models.audio import AudioBackend, AudioObject
from shared.models.base import metadata
from shared.models.conversations import Conversation, Message, MessageRole
from shared.models.events import EventType, JobEvent
from shared.models.jobs import Job, JobKind, JobStatus, Stage
from shared.models.learning import (
    LONGEST_EDIT,
    DailyMistakes,
    Mistake,
    MistakeCategory,
    MistakeState,
    MistakeUse,
    UseKind,
)
from shared.models.steps import REPEATED, QueueName, SpokenPart, Step, StepKind, StepOutcome
from shared.models.usage import DailyUsage
from shared.models.workers import Worker

__all__ = [
    "BUILT_IN_APP_ID",
    "LONGEST_EDIT",
    "REPEATED",
    "ApiKey",
    "App",
    "AudioBackend",
    "AudioObject",
    "Conversation",
    "DailyMistakes",
    "DailyUsage",
    "Erasure",
    "ErasureState",
    "EventType",
    "Job",
    "JobEvent",
    "JobKind",
    "JobStatus",
    "Learner",
    "Message",
    "MessageRole",
    "Mistake",
    "MistakeCategory",
    "MistakeState",
    "MistakeUse",
    "QueueName",
    "Scope",
    "SpokenPart",
    "Stage",
    "Step",
    "StepKind",
    "StepOutcome",
    "UseKind",
    "Worker",
    "metadata",
]
