"""What status shows: the state of everything, as JSON values. Fields are added, never renamed."""

from typing import TypeAlias

from pyvrrp import __version__
from pyvrrp.ports import Clock
from pyvrrp.runtime.etcd_lease.lease import LeaseWatch
from pyvrrp.runtime.health.check_runner import CheckRunner
from pyvrrp.runtime.links.link import HeartbeatLink
from pyvrrp.runtime.resources.chain import ResourceChain
from pyvrrp.runtime.router.router import Router
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import Nanoseconds, in_words, to_milliseconds, to_seconds
from pyvrrp.virtual_router.states import (
    Backup,
    HandingOver,
    Init,
    Master,
    Releasing,
    deadline,
    name,
)
from pyvrrp.virtual_router.timers import skew_time

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class Snapshots:
    """Takes snapshots of one daemon; *wall_offset* turns its clock into Unix time."""

    def __init__(self, supervisor: Supervisor, clock: Clock) -> None:
        self._supervisor = supervisor
        self._clock = clock

    def take(self, wall_clock: Nanoseconds) -> dict[str, Json]:
        """Return everything there is to show; *wall_clock* is Unix time now, in nanoseconds."""
        now = self._clock.now()
        offset = Nanoseconds(wall_clock - now)
        return {
            "node": self._supervisor.configuration.node,
            "held": len(self._supervisor.held_here()),
            "max_held": self._supervisor.configuration.max_held,
            "version": __version__,
            "virtual_routers": [
                self._virtual_router(router, now, offset) for router in self._supervisor.routers
            ],
            "interfaces": [
                {
                    "netns": place.netns,
                    "interface": place.interface,
                    "exists": interface.state.exists,
                    "up": interface.state.up,
                    "counters": dict(interface.counters.snapshot()),
                }
                for place, interface in self._supervisor.interfaces.items()
            ],
        }

    def _virtual_router(
        self, router: Router, now: Nanoseconds, offset: Nanoseconds
    ) -> dict[str, Json]:
        config = router.config
        fence = self._supervisor.fence(router)
        lease = self._supervisor.lease(router)
        due = deadline(router.state)
        interval = (
            router.state.master_adver_interval
            if isinstance(router.state, Backup)
            else config.advertisement_interval
        )
        points = {weight.check: weight.points for weight in config.weights}
        skew = skew_time(config.version, router.priority, interval)
        return {
            "name": config.name,
            "netns": config.id.place.netns,
            "interface": config.id.place.interface,
            "vrid": config.id.vrid,
            "family": config.id.family.name.lower(),
            "version": int(config.version),
            "state": name(router.state),
            "reason": _reason(router, now) + _doing(router),
            "since": round(to_seconds(Nanoseconds(router.reporter.since + offset)), 3),
            "priority": config.priority,
            "effective_priority": router.priority,
            "drained": router.drained,
            "moving": router.is_moving,
            "master": _master(router),
            "group": _group(router),
            "primary_address": _text(router.primary_address),
            "addresses": [
                {"address": str(address), "present": address in router.present}
                for address in config.addresses
            ],
            "timers": {
                "advertisement_interval_ms": to_milliseconds(config.advertisement_interval),
                "master_adver_interval_ms": to_milliseconds(interval),
                "skew_time_us": skew // 1000,
                "master_down_interval_ms": to_milliseconds(router.master_down_interval),
                "next_ms": None if due is None else to_milliseconds(Nanoseconds(max(due - now, 0))),
                "lease_s": config.lease,
            },
            "last_heard": _last_heard(router, now),
            "links": [_link(link, now) for link in router.heartbeats.links],
            "new_master_reason": router.reporter.new_master_reason,
            "fence": {
                "open": fence.is_open,
                "closings": fence.closings,
                "held_down_ms": to_milliseconds(fence.held_down_for),
                "last_resort": router.standing.last_resort,
                "nobody_serves": self._supervisor.last_resorts[str(config.id)].nobody_serves,
                "waits_for_fresh_pass": bool(router.waits_for),
                "waits_for": router.waits_for,
            },
            "checks": [
                *(
                    _check(runner, points.get(runner.config.name), now)
                    for runner in self._supervisor.checks_of(router)
                ),
                *([] if lease is None else [_lease_check(lease, now)]),
            ],
            "etcd_lease": None if lease is None else _etcd_lease(lease),
            "collisions": [
                {
                    "sender": str(one.sender),
                    "vrid": one.vrid,
                    "addresses": [str(address) for address in one.addresses],
                    "age_ms": to_milliseconds(Nanoseconds(now - one.at)),
                }
                for one in router.reporter.collisions.known
            ],
            "other_holders": [
                {
                    "address": str(holder.address),
                    "mac": holder.mac.hex(":"),
                    "age_ms": to_milliseconds(Nanoseconds(now - holder.at)),
                }
                for holder in router.other_holders.known
            ],
            "resources": [] if router.chain is None else _resources(router.chain),
            "counters": dict(router.counters.snapshot()),
        }


def _doing(router: Router) -> str:
    doing = "" if router.chain is None else router.chain.doing
    return f"; {doing}" if doing else ""


def _resources(chain: ResourceChain) -> list[Json]:
    return [
        {
            "name": resource.config.name,
            "state": resource.state,
            "reason": resource.why,
            "restarts": len(resource.restarts),
        }
        for resource in chain.resources
    ]


def _reason(router: Router, now: Nanoseconds) -> str:
    reason = _reason_of_state(router, now)
    if not router.standing.last_resort:
        return reason
    return f"last resort, although {router.conditions.fence}: {reason}"


def _reason_of_state(router: Router, now: Nanoseconds) -> str:
    state, heard = router.state, router.last_heard
    match state:
        case Init(reason=reason) | Releasing(reason=reason):
            return reason
        case HandingOver(reason=reason):
            return f"{reason}: hands over, waits for the successor to speak"
        case Master():
            return router.reporter.reason
        case Backup():
            if router.waits_for:
                return f"{_why_due(router, state, now)}; waits for {router.waits_for}"
            if heard is None:
                return router.reporter.reason
            age = in_words(Nanoseconds((now - heard.at) // 1_000_000 * 1_000_000))
            return f"{heard.sender} advertised priority {heard.priority} {age} ago"


def _why_due(router: Router, state: Backup, now: Nanoseconds) -> str:
    """Return why a claim is due that something holds back."""
    heard, lower = router.last_heard, state.lower
    if heard is None or lower is None or now - heard.at > router.master_down_interval:
        return "the master is silent"
    return f"{lower.sender} of priority {lower.priority} may be preempted"


def _master(router: Router) -> str | None:
    if isinstance(router.state, Master | Releasing | HandingOver):
        return _text(router.primary_address)
    return None if router.last_heard is None else str(router.last_heard.sender)


def _group(router: Router) -> Json:
    if not router.group.name:
        return None
    members = dict.fromkeys(member.config.name for member in router.group.members)
    return {"name": router.group.name, "members": list(members)}


def _last_heard(router: Router, now: Nanoseconds) -> Json:
    heard = router.last_heard
    if heard is None:
        return None
    return {
        "sender": str(heard.sender),
        "priority": heard.priority,
        "interval_ms": to_milliseconds(heard.interval),
        "age_ms": to_milliseconds(Nanoseconds(now - heard.at)),
    }


def _link(link: HeartbeatLink, now: Nanoseconds) -> Json:
    age = None if link.heard_at is None else Nanoseconds(now - link.heard_at)
    return {
        "interface": link.place.interface,
        "peers": [str(peer) for peer in link.peers],
        "up": not link.obstacle,
        "lost": link.obstacle or link.lost,
        "heard_ms": None if age is None else to_milliseconds(age),
        "received": link.received,
    }


def _check(runner: CheckRunner, weight: int | None, now: Nanoseconds) -> Json:
    verdict, policy = runner.verdict, runner.config.policy
    last = verdict.last_result_at
    return {
        "name": runner.config.name,
        "passing": verdict.is_passing(now, policy),
        "reason": verdict.why(now, policy),
        "weight": weight,
        "age_ms": None if last is None else to_milliseconds(Nanoseconds(now - last)),
    }


def _lease_check(watch: LeaseWatch, now: Nanoseconds) -> Json:
    """Return the lease as one of the checks: it passes while etcd answers."""
    last = watch.answered_at
    return {
        "name": watch.lease.check,
        "passing": watch.is_answered is True,
        "reason": watch.last_words,
        "age_ms": None if last is None else to_milliseconds(Nanoseconds(now - last)),
    }


def _etcd_lease(watch: LeaseWatch) -> Json:
    left = watch.valid_for
    return {
        "check": watch.lease.check,
        "key": watch.lease.key,
        "ttl_s": watch.lease.ttl,
        "phase": str(watch.phase),
        "valid_ms": None if left is None else to_milliseconds(left),
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
