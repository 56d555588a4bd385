"""Counters, under the names of RFC 8347 where it has one."""

from collections.abc import Mapping

VIRTUAL_ROUTER_COUNTERS = (
    "master_transitions",
    "advertisement_rcvd",
    "advertisement_sent",
    "interval_errors",
    "priority_zero_pkts_rcvd",
    "priority_zero_pkts_sent",
    "invalid_type_pkts_rcvd",
    "address_list_errors",
    "packet_length_errors",
    # beyond the standard
    "address_count_errors",
    "first_address_errors",
    "own_advertisements",
    "owner_conflicts",
    "owner_discards",
    "invalid_auth_type",
    "auth_type_mismatch",
    "auth_failures",
    "checksum_errors",
    "ip_ttl_errors",
    "destination_errors",
    "unknown_peers",
    "version_errors",
    "checksum_rfc9568_rcvd",
    "checksum_rfc5798_rcvd",
    "intervals_capped",
    "reassertions_suppressed",
    "split_brains",
    "handovers_failed",
    "send_errors",
    "announcements_sent",
    "announcement_errors",
    "last_resorts",
    "claims_contested",
    "claims_held_back",
    "vrid_collisions",
    "claims_deferred",
    "incompatible_neighbours",
    "incompatible_masters",
    "address_conflicts",
    "addresses_restored",
    "kernel_errors",
    "kernel_delays",
    "leases_taken",
    "leases_lost",
    "lease_errors",
    "resource_starts",
    "resource_start_failures",
    "resource_stop_failures",
    "resource_monitor_failures",
    "resource_restarts",
    "guardian_interventions",
    "hook_runs",
    "hook_failures",
    "hooks_replaced",
    "hook_vetoes",
)

INTERFACE_COUNTERS = (
    "checksum_errors",
    "version_errors",
    "vrid_errors",
    "ip_ttl_errors",
    "malformed_datagrams",
    "packet_length_errors",
    "invalid_type_pkts_rcvd",
    "internal_errors",
)


class Counters:
    """A fixed set of named counters that only go up.

    Only those that are not 0 are stored: most of them stay 0 in most virtual routers.
    """

    __slots__ = ("_counts", "_names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._counts: dict[str, int] = {}

    def add(self, name: str, times: int = 1) -> None:
        """Count *times* more; KeyError for a name that was not declared."""
        count = self._counts.get(name)
        if count is None:
            self._counts[self._declared(name)] = times
        else:
            self._counts[name] = count + times

    def has(self, name: str) -> bool:
        """Return whether *name* is counted here."""
        return name in self._names

    def get(self, name: str) -> int:
        """Return one count."""
        return self._counts.get(self._declared(name), 0)

    def snapshot(self) -> Mapping[str, int]:
        """Return a copy of all counts."""
        return {name: self._counts.get(name, 0) for name in self._names}

    def _declared(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        return name
