"""The tables. Requests and responses are classes of their own; tables do not validate."""

from shared.models.audio import AudioBackend, AudioObject
from shared.models.base import metadata
from shared.models.conversations import Conversation, Message, MessageRole
from shared.models.events import EventType, JobEvent
from shared.models.jobs import Job, JobKind, JobStatus, Stage
from shared.models.steps import REPEATED, QueueName, SpokenPart, Step, StepKind, StepOutcome
from shared.models.usage import DailyUsage
from shared.models.workers import Worker

__all__ = [
    "REPEATED",
    "AudioBackend",
    "AudioObject",
    "Conversation",
    "DailyUsage",
    "EventType",
    "Job",
    "JobEvent",
    "JobKind",
    "JobStatus",
    "Message",
    "MessageRole",
    "QueueName",
    "SpokenPart",
    "Stage",
    "Step",
    "StepKind",
    "StepOutcome",
    "Worker",
    "metadata",
]
