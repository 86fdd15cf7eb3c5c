"""What a benchmark has found: a row of figures beside their floor and their goal."""

from collections.abc import Iterable
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


def print_table(rows: Iterable[Row]) -> None:
    """Print the rows as a table that is Markdown too."""
    cells = [(row.what, row.measured, row.floor, row.goal, _MET[row.met]) for row in rows]
    widths = [max(len(row[column]) for row in (_HEAD, *cells)) for column in range(len(_HEAD))]
    for row in (_HEAD, tuple("-" * width for width in widths), *cells):
        line = " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"| {line} |", flush=True)


_MET = {None: "", True: "yes", False: "NO"}
