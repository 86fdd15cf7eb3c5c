"""What a benchmark has found: a row of figures beside their floor and their goal."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_HEAD = ("what", "measured", "floor", "goal", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """`met` is None where there is no goal."""

    what: str
    measured: str
    floor: str = ""
    goal: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Took:
    """What each of many runs took, in milliseconds."""

    each: Sequence[float]

    @property
    def p50(self) -> float:
        """The median."""
        return statistics.median(self.each)

    def percentile(self, number: int) -> float:
        """Return the time that so many of a hundred runs did not exceed."""
        return statistics.quantiles(self.each, n=100, method="inclusive")[number - 1]

    def __str__(self) -> str:
        return f"{self.p50:.1f} ms p50, {self.percentile(95):.1f} p95"


def print_table(rows: Iterable[Row]) -> None:
    """Print the rows as a table that is Markdown too."""
    cells = [(row.what, row.measured, row.floor, row.goal, _MET[row.met]) for row in rows]
    widths = [max(len(row[column]) for row in (_HEAD, *cells)) for column in range(len(_HEAD))]
    for row in (_HEAD, tuple("-" * width for width in widths), *cells):
        line = " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"| {line} |", flush=True)


_MET = {None: "", True: "yes", False: "NO"}
