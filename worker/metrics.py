"""What only workers count."""

from collections.abc import Collection
from typing import Literal, get_args

from shared.metrics import counter, histogram
from shared.models import QueueName, StepKind
from worker.cache import Cache

LEASES_EXPIRED = counter("leases_expired_total", "Steps taken from a worker that fell silent.", ["kind"])
SWEEP_SECONDS = histogram(
    "sweep_seconds",
    "Time that a whole pass of the sweep took.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CACHE_LOOKUPS = counter("cache_lookups_total", "Answers looked for in the cache.", ["kind", "result"])
LLM_TOKENS = counter("llm_tokens_total", "Tokens that the tutor was paid for.", ["direction"])
LLM_CALLS = counter("llm_calls_total", "Calls of the tutor's provider, each try.", ["result"])
CORRECTIONS = counter(
    "spoken_corrections_total", "Corrections of what was spoken, by how it was heard.", ["heard"]
)

Heard = Literal["sure", "unsure", "hindi", "alike"]
"""How the words of a correction were heard; `alike`: wrong and right sound the same."""

for _kind in StepKind:
    LEASES_EXPIRED.labels(_kind)  # shown before the first one happens
for _heard in get_args(Heard):
    CORRECTIONS.labels(_heard)

_COUNTED_ON = {
    "leases_expired_total": {QueueName.MAINTENANCE},
    "sweep_seconds": {QueueName.MAINTENANCE},
    "llm_tokens_total": {QueueName.LLM},
    "llm_calls_total": {QueueName.LLM},
    "spoken_corrections_total": {QueueName.LLM},
    "cache_lookups_total": {QueueName.GPU, QueueName.LLM},
    "audio_kept_on_disk_total": {QueueName.GPU},
}


def not_counted_on(queues: Collection[str]) -> set[str]:
    """Return the metrics that a worker on these queues knows and never counts."""
    return {name for name, counting in _COUNTED_ON.items() if counting.isdisjoint(queues)}


def count_lookups(cache: Cache, kind: Literal["reply", "speech"], *found: object) -> None:
    """Count look-ups in the cache, each None as a miss; nothing if the cache is off."""
    for each in found if cache.is_on else ():
        CACHE_LOOKUPS.labels(kind, "miss" if each is None else "hit").inc()


def count_tokens(tokens_in: int, tokens_out: int) -> None:
    """Count the tutor's tokens in and out, also if its answer is then refused."""
    LLM_TOKENS.labels("in").inc(max(tokens_in, 0))
    LLM_TOKENS.labels("out").inc(max(tokens_out, 0))


def count_call(result: str) -> None:
    """Count one call of the tutor's provider; `result` is one of a short list that the engine has."""
    LLM_CALLS.labels(result).inc()


def count_correction(heard: Heard) -> None:
    """Count a correction of what was spoken. It is shown only where its words are `sure`."""
    CORRECTIONS.labels(heard).inc()
