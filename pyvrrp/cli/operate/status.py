"""``pyvrrp status``: show the state of a running daemon, with reasons."""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from pyvrrp.cli.base.arguments import add_json
from pyvrrp.cli.base.exit_status import GOOD, NO
from pyvrrp.cli.operate.control import add_flags, ask, find_socket, no_usable_answer
from pyvrrp.errors import UsageError

WATCH_SECONDS = 1.0
CLEAR = "\x1b[H\x1b[2J"
MINUTE = 60
HOUR = 3600
DAY = 86400


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = commands.add_parser(
        "status",
        help="show the state of a running daemon, with reasons",
        description="Show the virtual routers of a running daemon: state, reason, master, timers, "
        "addresses in the kernel, checks and counters.",
        epilog="With NAME the exit status is 0 if that virtual router is MASTER here and has all "
        "its addresses, 1 if not.",
    )
    parser.add_argument("name", nargs="?", metavar="NAME", help="show this virtual router only")
    add_json(parser)
    parser.add_argument("--watch", action="store_true", help="show the status every second")
    add_flags(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Show the status once, or until interrupted."""
    status = _show(args)
    while args.watch:
        sys.stdout.flush()
        time.sleep(WATCH_SECONDS)
        status = _show(args)
    return status


def _show(args: argparse.Namespace) -> int:
    path = find_socket(args)
    answer = ask(path, "status")
    routers = _objects(answer, "virtual_routers")
    if args.name is not None:
        known = sorted({_text(router, "name") for router in routers})
        routers = [router for router in routers if router.get("name") == args.name]
        if not routers:
            raise UsageError(f"no virtual router {args.name!r} here; there is {', '.join(known)}")
        answer = {**answer, "virtual_routers": routers}
    if args.json:
        print(json.dumps(answer, indent=None if args.watch else 2))
    else:
        if args.watch and sys.stdout.isatty():
            print(CLEAR, end="")
        print(_readable(path, answer, routers, detailed=args.name is not None))
    if args.name is not None:
        return GOOD if all(_serves(router) for router in routers) else NO
    return GOOD


def _serves(router: Mapping[str, object]) -> bool:
    """Tell whether the virtual router is MASTER and its addresses are here."""
    here = all(address.get("present") for address in _objects(router, "addresses"))
    return router.get("state") == "MASTER" and here


def _readable(
    path: Path, answer: Mapping[str, object], routers: list[Mapping[str, object]], *, detailed: bool
) -> str:
    try:
        return _page(answer, routers, detailed=detailed)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        # A value has another type than those of pyvrrp.
        raise no_usable_answer(path) from error


def _page(
    answer: Mapping[str, object], routers: list[Mapping[str, object]], *, detailed: bool
) -> str:
    head = f"node {answer.get('node')}, pyvrrp {answer.get('version')}"
    shown = (_router(router, detailed=detailed) for router in routers)
    return "\n\n".join([head + _prober(answer), *shown])


def _prober(answer: Mapping[str, object]) -> str:
    """Return a line about the prober, if it was ever lost."""
    prober = answer.get("prober")
    if not isinstance(prober, dict) or not prober.get("lost"):
        return ""
    runs = "runs again" if prober.get("pid") else "DOES NOT RUN"
    return f"\nprober {runs}, lost {prober.get('restarts')} times, at last: {prober.get('lost')}"


def _router(router: Mapping[str, object], *, detailed: bool) -> str:
    since = router.get("since")
    held = _duration(time.time() - since) if isinstance(since, float | int) else "?"
    place = ":".join(filter(None, (_text(router, "netns"), _text(router, "interface"))))
    lines = [
        f"{_text(router, 'name')}  {_text(router, 'state')} for {held}: {_text(router, 'reason')}",
        (
            f"  VRID {router.get('vrid')} on {place}, {_text(router, 'family')}, "
            f"VRRPv{router.get('version')}, priority {_priority(router)}"
        ),
        f"  master: {router.get('master') or 'unknown'}",
        _group(router),
    ]
    lines.extend(
        f"  ORDER {order.get('effect')}; to undo it: {order.get('undo')}"
        for order in _objects(router, "orders")
    )
    lines.extend(_links(router))
    for address in _objects(router, "addresses"):
        where = "here" if address.get("present") else "not here"
        lines.append(f"  address {address.get('address')}: {where}")
    fence = router.get("fence")
    if isinstance(fence, dict) and fence.get("held_down_ms"):
        left, closings = fence["held_down_ms"] / 1000, fence.get("closings")
        lines.append(f"  hold-down for another {left:.1f} s, closing {closings} in a row")
    if isinstance(fence, dict) and fence.get("nobody_serves"):
        lines.append("  NOBODY SERVES: this node is fenced and hears no other one")
    for other in _objects(router, "collisions"):
        addresses = other.get("addresses")
        listed = ", ".join(map(str, addresses)) if isinstance(addresses, list) else ""
        lines.append(
            f"  COLLISION: {other.get('sender')} uses VRID {other.get('vrid')} for {listed}"
        )
    for one in _objects(router, "incompatible_neighbours"):
        who = f"{one.get('sender')} lives and is incompatible: {one.get('differs')}"
        lines.append(f"  WARNING: {who}; set {one.get('set')}")
    for holder in _objects(router, "other_holders"):
        who = f"{holder.get('address')} is claimed by {holder.get('mac')} too"
        lines.append(f"  WARNING: {who}, {_seconds(holder)} ago")
    for check in _objects(router, "checks"):
        verdict = "passes" if check.get("passing") else "FAILS"
        ago = "" if check.get("age_ms") is None else f", {_seconds(check)} ago"
        weight = check.get("weight")
        points = f" (weight {weight:+d})" if isinstance(weight, int) else ""
        lines.append(f"  check {check.get('name')}{points} {verdict}: {check.get('reason')}{ago}")
    lines.extend(
        f"  tracked interface {_tracked(one)}" for one in _objects(router, "tracked_interfaces")
    )
    lines.extend(_etcd_lease(router))
    for resource in _objects(router, "resources"):
        why = f": {resource.get('reason')}" if resource.get("reason") else ""
        lines.append(f"  resource {resource.get('name')} {resource.get('state')}{why}")
    lines.extend(_timers(router))
    counters = router.get("counters")
    if isinstance(counters, dict):
        shown = {name: count for name, count in counters.items() if detailed or count}
        lines.append("  " + ", ".join(f"{name} {count}" for name, count in shown.items()))
    return "\n".join(line for line in lines if line.strip())


def _group(router: Mapping[str, object]) -> str:
    group = router.get("group")
    if not isinstance(group, dict):
        return ""
    others = [member for member in group.get("members", ()) if member != router.get("name")]
    names = f" with {', '.join(others)}" if others else ""
    return f"  group {group.get('name')}: one election{names}"


def _priority(router: Mapping[str, object]) -> str:
    configured, effective = router.get("priority"), router.get("effective_priority")
    if effective is None or effective == configured:
        return str(configured)
    return f"{effective} (configured {configured})"


def _links(router: Mapping[str, object]) -> list[str]:
    links = _objects(router, "links")
    lines: list[str] = []
    for link in links:
        peers = link.get("peers")
        if len(links) == 1 and not peers:
            continue  # a single multicast link is the usual case
        kind = (
            f"unicast with {', '.join(peers)}" if isinstance(peers, list) and peers else "multicast"
        )
        age = link.get("heard_ms")
        heard = f"heard {age / 1000:.1f} s ago" if isinstance(age, float | int) else "nothing heard"
        lost = f"LOST: {link.get('lost')}, " if link.get("lost") else ""
        lines.append(f"  link {link.get('interface')}: {kind}, {lost}{heard}")
    return lines


def _tracked(one: Mapping[str, object]) -> str:
    """Return the name of a tracked thing, its state and its effect."""
    weight, effect = one.get("weight"), "no effect"
    if one.get("obstacle"):
        effect = "keeps this node in INIT"
    elif one.get("points"):
        effect = f"priority {one['points']:+d}"
    kind = f" (weight {weight:+d}{', reversed' if one.get('reverse') else ''})" if weight else ""
    return f"{one.get('name')}{kind}: {one.get('state')}, {effect}"


def _etcd_lease(router: Mapping[str, object]) -> list[str]:
    lease = router.get("etcd_lease")
    if not isinstance(lease, dict):
        return []
    left = lease.get("valid_ms")
    held = f", may stay {left / 1000:.1f} s without etcd" if isinstance(left, float | int) else ""
    return [f"  key {lease.get('key')}, ttl {lease.get('ttl_s')} s: {lease.get('phase')}{held}"]


def _timers(router: Mapping[str, object]) -> list[str]:
    timers = router.get("timers")
    if not isinstance(timers, dict):
        return []
    parts = [
        f"interval {timers.get('advertisement_interval_ms'):g} ms",
        f"Master_Down_Interval {timers.get('master_down_interval_ms'):g} ms",
    ]
    if timers.get("next_ms") is not None:
        parts.append(f"next timer in {timers['next_ms']:.0f} ms")
    if timers.get("lease_s"):
        parts.append(f"lease {timers['lease_s']} s")
    return ["  " + ", ".join(parts)]


def _objects(value: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    items = value.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _seconds(value: Mapping[str, object]) -> str:
    age = value.get("age_ms")
    return f"{age / 1000:.1f} s" if isinstance(age, float | int) else "?"


def _text(value: Mapping[str, object], key: str) -> str:
    return str(value.get(key, ""))


def _duration(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"
