"""Which queue runs a step, and which stage of a job it belongs to."""

from collections.abc import Collection

from shared.models import QueueName, Stage, StepKind

QUEUE_OF_KIND = {
    StepKind.TRANSCRIBE: QueueName.GPU,
    StepKind.REPLY: QueueName.LLM,
    StepKind.SPEAK: QueueName.GPU,
    StepKind.JOIN: QueueName.LLM,
}
"""Joining only copies bytes, so it waits for no GPU."""

STAGE_OF_KIND = {
    StepKind.TRANSCRIBE: Stage.TRANSCRIBE,
    StepKind.REPLY: Stage.REPLY,
    StepKind.SPEAK: Stage.SYNTHESIZE,
    StepKind.JOIN: Stage.SYNTHESIZE,
}
QUEUE_OF_STAGE = {
    Stage.TRANSCRIBE: QueueName.GPU,
    Stage.REPLY: QueueName.LLM,
    Stage.SYNTHESIZE: QueueName.GPU,
}
"""The queue where a stage's time is spent."""

FIRST_KINDS = (StepKind.TRANSCRIBE, StepKind.REPLY)
"""What a turn can begin with, so what waits for the conversation's earlier turns."""


def earliest_stage(unfinished: Collection[StepKind], *, answered: bool) -> Stage:
    """Return how far an unfinished job is: the stage of its earliest step that has not ended.

    Between two steps it is at its reply, or once that is recorded (`answered`) at its speech.
    """
    between = Stage.SYNTHESIZE if answered else Stage.REPLY
    return min((STAGE_OF_KIND[kind] for kind in unfinished), key=list(Stage).index, default=between)
