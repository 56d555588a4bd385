"""Translate the keywords of gratuitous ARP and unsolicited Neighbor Advertisements."""

from pyvrrp.importers.keepalived.syntax.statements import Statement
from pyvrrp.importers.keepalived.translation.context import Context
from pyvrrp.importers.keepalived.translation.values import number, only_value, seconds

ANNOUNCE_KEYWORDS = (
    "garp_master_delay",
    "garp_master_repeat",
    "garp_master_refresh",
    "garp_master_refresh_repeat",
)
_MOST = 100
_LONGEST_DELAY, _LONGEST_REFRESH, _LONGEST_GAP = 300.0, 86_400.0, 1.0


def read_announce(
    context: Context, statement: Statement, keyword: str, announce: dict[str, object]
) -> None:
    """Read one of `ANNOUNCE_KEYWORDS` into the table *announce*."""
    value = only_value(statement)
    match keyword:
        case "garp_master_delay":
            announce["delay"] = seconds(value, 0, _LONGEST_DELAY)
        case "garp_master_repeat":
            announce["count"] = max(1, number(value, 0, _MOST))
        case "garp_master_refresh":
            announce["refresh"] = seconds(value, 0, _LONGEST_REFRESH)
        case _:
            if number(value, 1, _MOST) > 1:
                context.changed(statement, "one announcement is sent for each refresh")
                return
    context.imported(statement)


def read_gap(context: Context, statement: Statement, announce: dict[str, object]) -> None:
    """Read the pause between two packets into the table *announce*."""
    announce["gap"] = seconds(only_value(statement), 0, _LONGEST_GAP)
    context.imported(statement)
