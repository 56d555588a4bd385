"""What a configuration will run: lines of text, and values for JSON."""

import shlex
from typing import assert_never

from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    CheckConfig,
    EtcdLease,
    ExecProbeConfig,
    FileProbeConfig,
    HttpProbeConfig,
    InterfaceProbeConfig,
    LinkConfig,
    PingProbeConfig,
    ProcessProbeConfig,
    TcpProbeConfig,
    VirtualRouterConfig,
)
from pyvrrp.config.model.resources import ResourceConfig
from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.targets import without_secrets
from pyvrrp.foreign_text import escaped
from pyvrrp.units import to_milliseconds


def virtual_router_in_words(router: VirtualRouterConfig) -> str:
    """Return one line about *router*."""
    parts = (
        f"{router.id.place}",
        f"VRID {router.id.vrid}",
        f"VRRPv{int(router.version)}/{router.id.family.label}",
        f"priority {router.priority}{'' if router.preempt else ' (no preempt)'}",
        " ".join(str(address) for address in router.addresses),
        f"every {write_duration(router.advertisement_interval)}",
        *_links_in_words(router),
        _checks_in_words(router),
        *_tracked_in_words(router),
        *([f"key {router.etcd_lease.key} in etcd"] if router.etcd_lease else []),
        f"lease {router.lease}s" if router.lease else "no lease",
        *([f"resources {' '.join(router.resources)}"] if router.resources else ()),
        *(["last resort"] if router.last_resort else ()),
        *([f"group {router.group}"] if router.group else ()),
    )
    return f"virtual router {router.name}: {', '.join(parts)}"


def _checks_in_words(router: VirtualRouterConfig) -> str:
    points = {weight.check: f" (weight {weight.points:+d})" for weight in router.weights}
    names = " ".join(f"{name}{points.get(name, '')}" for name in router.checks)
    return f"checks {names}" if names else "no checks"


def _tracked_in_words(router: VirtualRouterConfig) -> list[str]:
    tracked = " ".join(
        f"{one.interface}{f' (weight {one.weight:+d})' if one.weight else ''}"
        for one in router.track_interfaces
    )
    return [f"tracks {tracked}"] if tracked else []


def elsewhere_in_words(router: VirtualRouterConfig) -> str:
    """Return one line that says which nodes *router* is for. This node is not one of them."""
    nodes = ", ".join(node for node, _ in router.ranking)
    return f"virtual router {router.name}: not on this node, only on {nodes}"


def check_in_words(check: CheckConfig) -> str:
    """Return one line about *check*."""
    policy = check.policy
    times = f"every {write_duration(policy.interval)}, timeout {write_duration(policy.timeout)}"
    what = escaped(" ".join(_target(check)))
    return f"check {check.name}: {what}, {times}, rise {policy.rise}, fall {policy.fall}"


def etcd_lease_in_words(lease: EtcdLease) -> str:
    """Return one line about *lease*."""
    times = f"every {write_duration(lease.interval)}, timeout {write_duration(lease.timeout)}"
    where = " ".join(lease.servers.endpoints)
    return f"check {lease.check}: lease {where}, ttl {lease.ttl}s, renewed {times}"


def etcd_lease_as_values(lease: EtcdLease) -> dict[str, object]:
    """Return *lease* as values for JSON."""
    return {
        "name": lease.check,
        "kind": "lease",
        "endpoints": list(lease.servers.endpoints),
        "ttl_s": lease.ttl,
        "interval_ms": to_milliseconds(lease.interval),
        "timeout_ms": to_milliseconds(lease.timeout),
    }


def virtual_router_as_values(router: VirtualRouterConfig) -> dict[str, object]:
    """Return *router* as values for JSON, without its password."""
    return {
        "name": router.name,
        "netns": router.id.place.netns,
        "interface": router.id.place.interface,
        "family": router.id.family.name.lower(),
        "vrid": router.id.vrid,
        "version": int(router.version),
        "priority": router.priority,
        "preempt": router.preempt,
        "addresses": [str(address) for address in router.addresses],
        "interval_ms": to_milliseconds(router.advertisement_interval),
        "links": [
            {"interface": link.place.interface, "peers": [str(peer) for peer in link.peers]}
            for link in router.links
        ],
        "min_ttl": router.min_ttl,
        "lease_s": router.lease,
        "claim_probe": str(router.claim_probe),
        "when_all_fail": "last-resort" if router.last_resort else "release",
        "checks": list(router.checks),
        "resources": list(router.resources),
        "group": router.group or None,
        "track_primary": router.track_primary,
        "track_interfaces": [
            {"interface": one.interface, "weight": one.weight or None, "reverse": one.reverse}
            for one in router.track_interfaces
        ],
        "weights": {weight.check: weight.points for weight in router.weights},
        "etcd_lease": None if router.etcd_lease is None else router.etcd_lease.check,
        "etcd_key": None if router.etcd_lease is None else router.etcd_lease.key,
    }


def _links_in_words(router: VirtualRouterConfig) -> list[str]:
    if router.links == (LinkConfig(router.id.place),):
        return []
    links = (
        f"{link.place.interface} unicast with {' '.join(str(peer) for peer in link.peers)}"
        if link.peers
        else f"{link.place.interface} multicast"
        for link in router.links
    )
    return [f"links {' and '.join(links)}"]


def check_as_values(check: CheckConfig) -> dict[str, object]:
    """Return *check* as values for JSON, without its header fields, which may contain secrets."""
    kind, target = _target(check)
    method = check.probe.method if isinstance(check.probe, HttpProbeConfig) else None
    return {
        "name": check.name,
        "kind": kind if method is None else "http",
        "method": method,
        "target": target,
        "interval_ms": to_milliseconds(check.policy.interval),
        "timeout_ms": to_milliseconds(check.policy.timeout),
        "rise": check.policy.rise,
        "fall": check.policy.fall,
        "max_age_ms": to_milliseconds(check.policy.max_age),
    }


def _target(check: CheckConfig) -> tuple[str, str]:
    """Return the HTTP method of an http check, else the kind of the check, and its target."""
    match check.probe:
        case HttpProbeConfig(url=url, method=method):
            return method, without_secrets(url)
        case TcpProbeConfig(host=host, port=port):
            return "tcp", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        case ExecProbeConfig(command=command):
            return "exec", shlex.join(command)
        case PingProbeConfig(host=host):
            return "ping", host
        case ArpProbeConfig(address=address, interface=interface, absent=absent):
            return "arp", f"{address} on {interface}{' (absent)' if absent else ''}"
        case ProcessProbeConfig(name=name):
            return "process", name
        case FileProbeConfig(path=path, present=present):
            return "file", f"{path}{'' if present else ' (absent)'}"
        case InterfaceProbeConfig(name=name):
            return "interface", name
        case probe:
            assert_never(probe)


def resource_in_words(resource: ResourceConfig) -> str:
    """Return one line about *resource*."""
    monitored = f"monitored every {write_duration(resource.monitor_interval)}"
    parts = (
        escaped(shlex.join(resource.start)),
        f"start within {write_duration(resource.start_timeout)}",
        f"stop within {write_duration(resource.stop_timeout)}",
        monitored if resource.monitor else "not monitored",
        f"at most {resource.max_restarts} restarts in {write_duration(resource.restart_window)}",
        *(("exclusive",) if resource.exclusive else ()),
    )
    return f"resource {resource.name}: {', '.join(parts)}"


def resource_as_values(resource: ResourceConfig) -> dict[str, object]:
    """Return *resource* as values for JSON, without parameters, which may contain secrets."""
    return {
        "name": resource.name,
        "class": str(resource.agent_class),
        "start": list(resource.start),
        "stop": list(resource.stop),
        "monitor": list(resource.monitor),
        "start_timeout_ms": to_milliseconds(resource.start_timeout),
        "stop_timeout_ms": to_milliseconds(resource.stop_timeout),
        "monitor_timeout_ms": to_milliseconds(resource.monitor_timeout),
        "monitor_interval_ms": to_milliseconds(resource.monitor_interval),
        "max_restarts": resource.max_restarts,
        "exclusive": resource.exclusive,
    }
