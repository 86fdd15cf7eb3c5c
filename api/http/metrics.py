"""What only the API counts. Requests by route, so that what clients choose makes no new series."""

from shared.metrics import counter, histogram
from shared.models import JobKind

JOBS_ACCEPTED = counter("jobs_accepted_total", "New jobs that were accepted.", ["kind"])
REQUESTS = counter("http_requests_total", "Requests that were answered.", ["method", "route", "status"])
SECONDS = histogram(
    "http_request_seconds",
    "Time from a request's head to its answer's end; waiting for a job is part of it.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
_NO_ANSWER = "none"

for _kind in JobKind:
    JOBS_ACCEPTED.labels(_kind)  # shown before the first one: an increase is only seen between two values


def count_request(method: str, route: str, status: int | None, seconds: float) -> None:
    """Count a request that has ended; `status` is what its client saw, None where it saw no answer."""
    REQUESTS.labels(method, route, _NO_ANSWER if status is None else str(status)).inc()
    SECONDS.labels(method, route).observe(seconds)
