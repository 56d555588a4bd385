"""The answer to status, as JSON values. Fields are added, never renamed."""

from collections.abc import Callable
from typing import Protocol

from pyvrrp import __version__
from pyvrrp.ports import Clock
from pyvrrp.prober.state import ProberState
from pyvrrp.runtime.base.json import Json
from pyvrrp.runtime.links.last_heard import LastHeard
from pyvrrp.runtime.links.link import Link
from pyvrrp.runtime.router.view import RouterView, view_of
from pyvrrp.runtime.supervisor import Supervisor
from pyvrrp.units import Nanoseconds, to_milliseconds, to_seconds
from pyvrrp.virtual_router.states import name
from pyvrrp.virtual_router.timers import skew_time


class HasProberState(Protocol):
    """The prober, as far as status shows it."""

    @property
    def state(self) -> ProberState:
        """What is known of the prober now."""


class Snapshots:
    """Takes snapshots of one daemon."""

    def __init__(
        self,
        supervisor: Supervisor,
        clock: Clock,
        prober: Callable[[], HasProberState | None] = lambda: None,
        internal_errors: Callable[[], int] = lambda: 0,
        refused_requests: Callable[[], int] = lambda: 0,
        reload: Callable[[], dict[str, Json] | None] = lambda: None,
    ) -> None:
        """*prober* returns None if the daemon needs none, *reload* if it has no file."""
        self._supervisor = supervisor
        self._internal_errors = internal_errors
        self._refused_requests = refused_requests
        self._prober = prober
        self._reload = reload
        self._clock = clock

    def take(self, wall_clock: Nanoseconds) -> dict[str, Json]:
        """Return all that status shows; *wall_clock* is Unix time now, in nanoseconds."""
        now = self._clock.now()
        offset = Nanoseconds(wall_clock - now)
        return {
            "node": self._supervisor.configuration.node,
            "held": len(self._supervisor.held_here()),
            "max_held": self._supervisor.configuration.max_held,
            "version": __version__,
            "prober": _prober(self._prober()),
            "reload": self._reload(),
            "internal_errors": self._internal_errors(),
            "refused_requests": self._refused_requests(),
            "virtual_routers": [
                _virtual_router(view_of(router, now), now, offset)
                for router in self._supervisor.routers
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


def _virtual_router(view: RouterView, now: Nanoseconds, offset: Nanoseconds) -> dict[str, Json]:
    config, due = view.config, view.due
    skew = skew_time(config.version, view.priority, view.master_adver_interval)
    shown: dict[str, Json] = {
        "name": config.name,
        "netns": config.id.place.netns,
        "interface": config.id.place.interface,
        "vrid": config.id.vrid,
        "family": config.id.family.name.lower(),
        "version": int(config.version),
        "state": name(view.state),
        "reason": view.reason,
        "since": round(to_seconds(Nanoseconds(view.since + offset)), 3),
        "priority": config.priority,
        "effective_priority": view.priority,
        "drained": view.drained,
        "resigned": view.resigned,
        "orders": [
            {"order": one.name, "effect": one.effect, "undo": one.undo} for one in view.orders
        ],
        "moving": view.moving,
        "master": _text(view.master),
        "group": {"name": view.group, "members": list(view.members)} if view.group else None,
        "primary_address": _text(view.primary_address),
        "addresses": [
            {
                "address": str(address),
                "present": address in view.present,
                "interface": held.place.interface,
                "advertised": address in config.addresses,
            }
            for held in config.held
            for address in held.addresses
        ],
        "timers": {
            "advertisement_interval_ms": to_milliseconds(config.advertisement_interval),
            "master_adver_interval_ms": to_milliseconds(view.master_adver_interval),
            "skew_time_us": skew // 1000,
            "master_down_interval_ms": to_milliseconds(view.master_down_interval),
            "next_ms": None if due is None else to_milliseconds(Nanoseconds(max(due - now, 0))),
            "lease_s": config.lease,
        },
        "last_heard": _last_heard(view.last_heard, now),
        "links": [_link(link, now) for link in view.links],
        "new_master_reason": view.new_master_reason,
        "checks": [],
        "tracked_interfaces": [],
        "etcd_lease": None,
        "collisions": [
            {
                "sender": str(one.sender),
                "vrid": one.vrid,
                "addresses": [str(address) for address in one.addresses],
                "age_ms": to_milliseconds(Nanoseconds(now - one.at)),
            }
            for one in view.collisions
        ],
        "other_holders": [
            {
                "address": str(holder.address),
                "mac": holder.mac.hex(":"),
                "age_ms": to_milliseconds(Nanoseconds(now - holder.at)),
            }
            for holder in view.other_holders
        ],
        "resources": [],
        "incompatible_neighbours": [],
        "counters": dict(view.counters),
        **view.concerns,
    }
    waiting: dict[str, Json] = {
        "waits_for_fresh_pass": bool(view.waits_for),
        "waits_for": view.waits_for,
    }
    fence = shown.get("fence")
    shown["fence"] = {**fence, **waiting} if isinstance(fence, dict) else waiting
    return shown


def _prober(prober: HasProberState | None) -> Json:
    if prober is None:
        return None
    state = prober.state
    return {"pid": state.pid, "restarts": state.restarts, "lost": state.lost}


def _last_heard(heard: LastHeard | None, now: Nanoseconds) -> Json:
    if heard is None:
        return None
    return {
        "sender": str(heard.sender),
        "priority": heard.priority,
        "interval_ms": to_milliseconds(heard.interval),
        "age_ms": to_milliseconds(Nanoseconds(now - heard.at)),
    }


def _link(link: Link, now: Nanoseconds) -> Json:
    age = None if link.heard_at is None else Nanoseconds(now - link.heard_at)
    return {
        "interface": link.place.interface,
        "peers": [str(peer) for peer in link.peers],
        "up": not link.obstacle,
        "lost": link.obstacle or link.lost,
        "heard_ms": None if age is None else to_milliseconds(age),
        "received": link.received,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
