"""The time zone whose days the tests count in."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_NOON = 12


def _where_it_is_noon() -> ZoneInfo:
    """Return a zone in which it is between 12 and 13 o'clock: no run of the tests sees its day end.

    `Etc/GMT+5` is five hours behind Greenwich, as the tz database has it.
    """
    return ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - _NOON:+d}")


ZONE = _where_it_is_noon()

FAR_EAST, FAR_WEST = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Etc/GMT+12")
"""Two zones that never have the same date: 26 hours lie between them."""
