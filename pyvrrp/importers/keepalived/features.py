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
AVAILABLE: frozenset[Feature] = frozenset(
    {
        *(Feature.TRACK_INTERFACES, Feature.TRACK_PRIMARY, Feature.INTERFACE_DELAY),
        *(Feature.STARTUP_DELAY, Feature.ADDRESS_OPTIONS, Feature.EXCLUDED),
        Feature.NO_ADDRESSES,
    }
)

# The keywords that are refused without a feature, wherever they stand.
NEEDS: dict[str, Feature] = {
    **dict.fromkeys(
        (
            *("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop"),
            *("notify_master_rx_lower_pri", "notify_deleted", "notify_fifo", "vrrp_notify_fifo"),
        ),
        Feature.HOOKS,
    ),
    **dict.fromkeys(("smtp_alert", "smtp_alert_vrrp"), Feature.MAIL),
    "track_interface": Feature.TRACK_INTERFACES,
    **dict.fromkeys(("track_file", "vrrp_track_file"), Feature.TRACK_FILES),
    "dont_track_primary": Feature.TRACK_PRIMARY,
    "interface_up_down_delays": Feature.INTERFACE_DELAY,
    **dict.fromkeys(("vrrp_startup_delay", "vrrp_delay_after_boot"), Feature.STARTUP_DELAY),
    "virtual_ipaddress_excluded": Feature.EXCLUDED,
    "no_virtual_ipaddress": Feature.NO_ADDRESSES,
    "virtual_routes": Feature.ROUTES,
    "virtual_rules": Feature.RULES,
    **dict.fromkeys(("static_ipaddress", "static_routes", "static_rules"), Feature.STATIC),
    "mcast_src_ip": Feature.SOURCE,
    **dict.fromkeys(("down_timer_adverts", "vrrp_down_timer_adverts"), Feature.DOWN_TIMER),
}
