"""All keywords of keepalived.conf that the importer knows, and what becomes of the simple ones.

``KNOWN`` has the keywords of each block. A keyword in ``FIXED`` has the same fate wherever it
stands. All others have a handler in ``translation``.
"""

from dataclasses import dataclass

from pyvrrp.importers.base.report import Fate


@dataclass(frozen=True, slots=True)
class Fixed:
    """The fate of a keyword whose value does not matter, and why."""

    fate: Fate
    why: str


def _all(fate: Fate, why: str, *keywords: str) -> dict[str, Fixed]:
    return {keyword: Fixed(fate, why) for keyword in keywords}


_LVS = "LVS is not offered; keep keepalived or another program for it"
_BFD = "BFD is not offered; track an interface, or write a check with ping or arp"
_VIRTUAL_MAC = "the virtual MAC address is not offered yet; addresses keep that of the interface"
_SCHEDULING = "not needed: one process, and its timers do not wait for checks or logs"
_NAMES = "names of processes and files of keepalived itself"
_FIREWALL = "no firewall rules are made"
_SNMP = "SNMP and D-Bus are not offered; use pyvrrp status --json or the metrics"
_REMOVED = "the reload always checks the file first and keeps the old one if it is wrong"

_ROOT_FIXED = {
    **_all(
        Fate.IGNORED,
        _LVS,
        *("virtual_server", "virtual_server_group", "SSL", "lvs_sync_daemon", "nftables_ipvs"),
    ),
    **_all(Fate.REFUSED, _BFD, "bfd_instance"),
    **_all(Fate.IGNORED, "network events of the kernel are used", "linkbeat_interfaces"),
    **_all(Fate.IGNORED, "network events of the kernel are used", "linkbeat_use_polling"),
    **_all(Fate.IGNORED, _NAMES, "instance", "use_pid_dir", "child_wait_time"),
    **_all(Fate.IGNORED, _LVS, "net_namespace_ipvs", "namespace_with_ipsets", "ipvs"),
    **_all(
        Fate.REFUSED,
        "static addresses, routes and rules have no groups here",
        *("static_track_group", "track_group"),
    ),
}
_GLOBAL_FIXED = {
    **_all(
        Fate.IGNORED,
        _LVS,
        *("lvs_sync_daemon", "lvs_timeouts", "lvs_flush", "lvs_flush_on_stop", "lvs_flush_onstop"),
        *("lvs_netlink_cmd_rcv_bufs", "lvs_netlink_cmd_rcv_bufs_force"),
        *("lvs_netlink_monitor_rcv_bufs", "lvs_netlink_monitor_rcv_bufs_force"),
        *("nftables_ipvs", "nftables_ipvs_priority", "nftables_ipvs_start_fwmark"),
        *("checker_log_all_failures", "smtp_alert_checker", "ipvs_timeouts", "net_namespace_ipvs"),
        *("rs_init_notifies", "no_checker_emails", "lvs_notify_fifo", "lvs_notify_fifo_script"),
        *("quorum_down_on_stop",),
    ),
    **_all(
        Fate.IGNORED,
        _SCHEDULING,
        *("max_auto_priority", "min_auto_priority_delay", "vrrp_priority", "checker_priority"),
        *("bfd_priority", "vrrp_no_swap", "checker_no_swap", "bfd_no_swap", "vrrp_rt_priority"),
        *("checker_rt_priority", "bfd_rt_priority", "vrrp_rlimit_rttime", "bfd_rlimit_rttime"),
        *("checker_rlimit_rttime", "vrrp_rlimit_rtime", "checker_rlimit_rtime"),
        *("bfd_rlimit_rtime", "vrrp_cpu_affinity", "checker_cpu_affinity", "bfd_cpu_affinity"),
    ),
    **_all(
        Fate.IGNORED,
        _NAMES,
        *("process_names", "process_name", "vrrp_process_name", "checker_process_name"),
        *("bfd_process_name", "instance", "use_pid_dir", "child_wait_time", "umask"),
        *("tmp_config_directory", "config_save_dir", "use_symlink_paths", "data_use_instance"),
        *("iproute_etc_dir", "iproute_usr_dir", "state_dump_file", "stats_dump_file"),
        *("json_dump_file", "json_version", "fifo_write_vrrp_states_on_reload"),
        *("set_supplementary_groups", "random_seed", "shutdown_script", "startup_script"),
        *("shutdown_script_timeout", "startup_script_timeout"),
    ),
    **_all(
        Fate.IGNORED,
        _FIREWALL,
        *("nftables", "nftables_priority", "nftables_counters", "nftables_ifindex"),
        *("vrrp_iptables", "vrrp_ipsets", "namespace_with_ipsets", "disable_local_igmp"),
    ),
    **_all(
        Fate.IGNORED,
        _SNMP,
        *("snmp_socket", "enable_snmp_keepalived", "enable_snmp_vrrp", "enable_snmp_checker"),
        *("enable_snmp_rfc", "enable_snmp_rfcv2", "enable_snmp_rfcv3", "enable_traps"),
        *("enable_dbus", "dbus_service_name", "dbus_no_interface_name"),
    ),
    **_all(
        Fate.IGNORED,
        "buffers have the size that the kernel gives, and what it drops is read again",
        *("vrrp_netlink_cmd_rcv_bufs", "vrrp_netlink_cmd_rcv_bufs_force"),
        *("vrrp_netlink_monitor_rcv_bufs", "vrrp_netlink_monitor_rcv_bufs_force"),
        *("vrrp_rx_bufs_policy", "vrrp_rx_bufs_multiplier", "process_monitor_rcv_bufs"),
        *("process_monitor_rcv_bufs_force",),
    ),
    **_all(
        Fate.IMPORTED,
        "interfaces may always come later and come back",
        "dynamic_interfaces",
    ),
    **_all(Fate.IMPORTED, "always on", "enable_script_security", "vrrp_check_unicast_src"),
    **_all(
        Fate.IMPORTED,
        "an advertisement with other addresses is accepted and reported",
        "vrrp_skip_check_adv_addr",
    ),
    **_all(
        Fate.IMPORTED,
        "every change of the priority is an event",
        "vrrp_notify_priority_changes",
    ),
    **_all(Fate.IMPORTED, "a name for mails and SNMP", "router_id"),
    **_all(
        Fate.IMPORTED,
        "unknown VRIDs are counted and are events",
        *("log_unknown_vrids", "vrrp_log_unknown_vrids"),
    ),
    **_all(Fate.IMPORTED, "includes say in the report what they read", "include_check"),
    **_all(
        Fate.IGNORED,
        _REMOVED,
        *("reload_check_config", "reload_time_file", "reload_repeat", "reload_file"),
        *("reload_date_specific",),
    ),
    **_all(
        Fate.CHANGED,
        "announcements after a losing advertisement have the count and delay of announce",
        *("vrrp_garp_lower_prio_delay", "vrrp_garp_lower_prio_repeat"),
    ),
    **_all(Fate.IGNORED, _VIRTUAL_MAC, "vrrp_garp_extra_if", "vmac_prefix", "vmac_addr_prefix"),
    **_all(
        Fate.IGNORED,
        "a better master that hears a losing advertisement answers once per Skew_Time",
        "vrrp_lower_prio_no_advert",
    ),
    **_all(
        Fate.IMPORTED,
        "a master that yields always sends one more advertisement",
        "vrrp_higher_prio_send_advert",
    ),
    **_all(Fate.IGNORED, "an owner never yields", "vrrp_owner_ignore_adverts"),
    **_all(
        Fate.CHANGED,
        "nothing is refused and no traffic is dropped; pyvrrp check warns instead",
        "vrrp_strict",
    ),
}
_INSTANCE_FIXED = {
    **_all(
        Fate.REFUSED,
        _VIRTUAL_MAC,
        *("use_vmac", "use_vmac_addr", "use_ipvlan"),
    ),
    **_all(Fate.REFUSED, "dropping traffic to the addresses is not offered yet", "no_accept"),
    **_all(Fate.IMPORTED, "traffic to the addresses is always accepted", "accept"),
    **_all(Fate.IMPORTED, "the addresses say the family", "native_ipv6"),
    **_all(Fate.IMPORTED, "preempting is the default", "preempt"),
    **_all(Fate.IGNORED, _LVS, "lvs_sync_daemon_interface", "lvs_sync_daemon_inteface"),
    **_all(
        Fate.IGNORED,
        "every event has its cause; use pyvrrp sniff and decode for packets",
        "debug",
    ),
    **_all(Fate.IGNORED, "network events of the kernel are used", "linkbeat_use_polling"),
    **_all(Fate.IGNORED, "buffers have the size that the kernel gives", "kernel_rx_buf_size"),
    **_all(
        Fate.IMPORTED,
        "an advertisement with other addresses is accepted and reported",
        "skip_check_adv_addr",
    ),
    **_all(Fate.IMPORTED, "only the peers are believed, always", "check_unicast_src"),
    **_all(Fate.IMPORTED, "an empty list of peers is an error", "unicast_fault_no_peer"),
    **_all(
        Fate.IMPORTED,
        "a node that was stalled for too long always yields",
        "timer_expired_backup",
    ),
    **_all(
        Fate.CHANGED,
        "announcements after a losing advertisement have the count and delay of announce",
        *("garp_lower_prio_delay", "garp_lower_prio_repeat"),
    ),
    **_all(Fate.IGNORED, _VIRTUAL_MAC, "garp_extra_if", "vmac_xmit_base"),
    **_all(
        Fate.IGNORED,
        "a better master that hears a losing advertisement answers once per Skew_Time",
        "lower_prio_no_advert",
    ),
    **_all(
        Fate.IMPORTED,
        "a master that yields always sends one more advertisement",
        "higher_prio_send_advert",
    ),
    **_all(Fate.IGNORED, "an owner never yields", "owner_ignore_adverts"),
    **_all(
        Fate.CHANGED,
        "nothing is refused and no traffic is dropped; pyvrrp check warns instead",
        "strict_mode",
    ),
    **_all(
        Fate.IGNORED, "the checksum of keepalived before 1.3.7 is not sent", "old_unicast_checksum"
    ),
    **_all(
        Fate.IGNORED,
        "an address that somebody removes is put back at once",
        "promote_secondaries",
    ),
    **_all(Fate.IMPORTED, "every change of the priority is an event", "notify_priority_changes"),
    **_all(Fate.REFUSED, _BFD, "track_bfd"),
    **_all(
        Fate.REFUSED,
        "this authentication is not offered; VRRP trusts the segment, or use unicast in a tunnel",
        "auth_hmac",
    ),
    **_all(Fate.REFUSED, "VRFs are not offered; use a network namespace", "vrf"),
    **_all(
        Fate.IMPORTED,
        "without addresses the virtual router only takes part in the election",
        "no_virtual_ipaddress",
    ),
}
_GROUP_FIXED = {
    **_all(Fate.REFUSED, _BFD, "track_bfd"),
    **_all(Fate.IGNORED, "does nothing in keepalived either", "global_tracking"),
    **_all(Fate.IMPORTED, "every change of the priority is an event", "notify_priority_changes"),
}

FIXED: dict[str, dict[str, Fixed]] = {
    "": _ROOT_FIXED,
    "global_defs": _GLOBAL_FIXED,
    "vrrp_script": {},
    "vrrp_instance": _INSTANCE_FIXED,
    "vrrp_sync_group": _GROUP_FIXED,
    "track_file": {
        **_all(
            Fate.IGNORED,
            "the file is not written; a missing file counts as 0",
            "init_file",
        )
    },
    "vrrp_track_process": {},
    "garp_group": {},
    "authentication": {},
}
HANDLED: dict[str, frozenset[str]] = {
    "": frozenset(
        [
            *("global_defs", "vrrp_instance", "vrrp_script", "vrrp_sync_group", "net_namespace"),
            *("track_file", "vrrp_track_file", "vrrp_track_process", "garp_group"),
            *("static_ipaddress", "static_routes", "static_rules", "interface_up_down_delays"),
        ]
    ),
    "global_defs": frozenset(
        [
            *("vrrp_version", "default_interface", "script_user", "net_namespace"),
            *("vrrp_garp_master_delay", "vrrp_garp_master_repeat", "vrrp_garp_master_refresh"),
            *("vrrp_garp_master_refresh_repeat", "vrrp_garp_interval", "vrrp_gna_interval"),
            *("vrrp_min_garp", "vrrp_mcast_group4", "vrrp_mcast_group6", "vrrp_startup_delay"),
            *("vrrp_delay_after_boot", "vrrp_down_timer_adverts", "vrrp_notify_fifo"),
            *("vrrp_notify_fifo_script", "notify_fifo", "notify_fifo_script", "smtp_alert"),
            *("smtp_alert_vrrp", "notification_email", "notification_email_from", "smtp_server"),
            *("smtp_helo_name", "smtp_connect_timeout", "no_email_faults"),
            "v3_checksum_as_v2",
        ]
    ),
    "vrrp_script": frozenset(
        ["script", "interval", "timeout", "weight", "rise", "fall", "user", "init_fail"]
    ),
    "vrrp_instance": frozenset(
        [
            *("state", "interface", "virtual_router_id", "priority", "advert_int", "version"),
            *("authentication", "auth_type", "auth_pass", "virtual_ipaddress"),
            *("virtual_ipaddress_excluded", "virtual_routes", "virtual_rules", "nopreempt"),
            *("preempt_delay", "unicast_peer", "unicast_src_ip", "mcast_src_ip", "track_src_ip"),
            *("mcast_dst_ip", "unicast_ttl", "dont_track_primary", "track_interface"),
            *("track_script", "track_file", "track_process", "garp_master_delay"),
            *("garp_master_repeat", "garp_master_refresh", "garp_master_refresh_repeat"),
            *("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop"),
            *("notify_master_rx_lower_pri", "notify_deleted", "smtp_alert", "v3_checksum_as_v2"),
            "down_timer_adverts",
        ]
    ),
    "vrrp_sync_group": frozenset(
        [
            *("group", "track_interface", "track_script", "track_file", "track_process"),
            *("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop"),
            *("smtp_alert", "sync_group_tracking_weight"),
        ]
    ),
    "track_file": frozenset(["file", "weight"]),
    "vrrp_track_process": frozenset(
        [
            *("process", "quorum", "quorum_max", "weight", "delay", "fork_delay"),
            *("terminate_delay", "full_command", "param_match"),
        ]
    ),
    "garp_group": frozenset(["garp_interval", "gna_interval", "interface", "interfaces"]),
    "authentication": frozenset(["auth_type", "auth_pass"]),
}
KNOWN: dict[str, frozenset[str]] = {
    place: HANDLED[place] | frozenset(FIXED[place]) for place in HANDLED
}
