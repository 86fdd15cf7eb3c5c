"""A run's verdict as a page of text."""

from statistics import median

from tests.chaos.plan import FaultKind
from tests.chaos.recoveries import RECOVERY_LIMIT_SECONDS
from tests.chaos.run import Verdict

_ROWS_SHOWN = 5


def page(verdict: Verdict) -> str:
    """Return the tables of faults and invariants, and what else the run has shown."""
    plan = verdict.plan
    lines = [
        "",
        (
            f"chaos, {plan.form.name} form, seed {plan.seed}:"
            f" {len(plan.turns())} turns in {verdict.seconds:.0f} s"
        ),
        _counts("jobs", verdict.statuses),
        _counts("answers", verdict.answers),
        *(["ended of themselves and restarted: " + ", ".join(verdict.revived)] if verdict.revived else []),
        "",
        *_table("fault", "planned", "fired", _faults(verdict)),
        *(f"MISSED {missed}" for missed in verdict.missed),
        "",
        *_table("invariant", "", "rows", [(name, "", len(rows)) for name, rows in verdict.broken.items()]),
        *(f"BROKEN {name}: {rows[:_ROWS_SHOWN]}" for name, rows in verdict.broken.items() if rows),
        "",
        _recoveries(verdict.recoveries),
        *(["GIVEN UP: it took too long, or nothing moved any more"] if verdict.over else []),
        "every invariant holds" if verdict.holds else "FAILED",
    ]
    return "\n".join(lines) + "\n"


def _faults(verdict: Verdict) -> list[tuple[str, object, object]]:
    planned = verdict.plan.form.faults
    return [(str(kind), planned[kind], verdict.fired.get(kind, 0)) for kind in FaultKind if kind in planned]


def _table(title: str, second: str, third: str, rows: list[tuple[str, object, object]]) -> list[str]:
    head = f"{title:<66}{second:>8}{third:>8}"
    return [head, "-" * len(head), *(f"{name:<66}{middle!s:>8}{last!s:>8}" for name, middle, last in rows)]


def _counts(title: str, counts: dict[str, int]) -> str:
    return f"{title}: " + ", ".join(f"{count} {name}" for name, count in counts.items())


def _recoveries(seconds: list[float]) -> str:
    if not seconds:
        return "no GPU child was killed whose worker was needed again"
    return (
        f"GPU child KILL to its worker at work again, on whichever step, {len(seconds)} times:"
        f" median {median(seconds):.1f} s, worst {max(seconds):.1f} s (limit {RECOVERY_LIMIT_SECONDS:.0f} s)"
    )
