"""How much an app's learners may use: the settings, and what an app has of its own instead."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Quotas:
    """The most of each; None: no limit.

    Exact, also for requests at the same moment: `turns_a_day` and `stored_bytes` of a learner, and the
    unfinished jobs of a learner and of their app. `uploads` is how many a learner may send at a time to one
    API process. Requests a minute, with a learner's tokens and with an app's keys, are counted in Redis, and
    not limited while that is away.
    """

    turns_a_day: int | None
    unfinished_jobs_of_learner: int
    unfinished_jobs_of_app: int | None
    stored_bytes: int
    uploads: int
    requests_of_learner: int | None
    requests_of_app: int | None

    def with_overrides(self, overrides: Mapping[str, int]) -> "Quotas":
        """Return these quotas with those that an app has instead. Unknown names are of another release."""
        return replace(self, **{name: each for name, each in overrides.items() if name in NAMES})


NAMES = tuple(field.name for field in fields(Quotas))
"""The quotas that an app can have of its own."""
