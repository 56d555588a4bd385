"""Which features of pyvrrp the importer may use: what is not built yet is refused with its line."""

from enum import StrEnum


class Feature(StrEnum):
    """A feature that a keyword needs. The value says what it is, for the report."""

    HOOKS = "programs that are told of a change of state"
    MAIL = "mail about a change of state"
    TRACK_INTERFACES = "tracked interfaces"
    TRACK_FILES = "tracked files"
    REVERSE = "a weight that counts in reverse"
    PROCESS_DELAYS = "delays of process checks"
    TRACK_PRIMARY = "an interface whose own state does not matter"
    INTERFACE_DELAY = "delays of interface states"
    STARTUP_DELAY = "a delay after the start"
    GROUP_TABLES = "settings of a group"
    ADDRESS_OPTIONS = "addresses with options, or on another interface"
    EXCLUDED = "addresses that are not advertised"
    NO_ADDRESSES = "virtual routers without addresses"
    ROUTES = "routes"
    RULES = "rules"
    STATIC = "addresses, routes and rules that are there in every state"
    SOURCE = "a chosen source address"
    DOWN_TIMER = "another number of intervals in Master_Down_Interval"


# Switch a feature on here as soon as docs/configuration.md has its key.
AVAILABLE: frozenset[Feature] = frozenset()
