"""Warnings about a valid configuration. They do not change the exit status of a command."""

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import PurePath

from pyvrrp.config.model.configuration import (
    CheckConfig,
    ChecksumPolicy,
    ClaimProbePolicy,
    Configuration,
    EtcdLease,
    ExecProbeConfig,
    HttpProbeConfig,
    VirtualRouterConfig,
)
from pyvrrp.config.report.resource_lint import lint_resources
from pyvrrp.config.values.durations import write_duration
from pyvrrp.config.values.sections import path_key
from pyvrrp.config.values.targets import is_tls
from pyvrrp.errors import Problem
from pyvrrp.identity import OWNER_PRIORITY, Family, Version
from pyvrrp.packet.layout import TTL
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

_LAST_RESORT = 1
_ADVICE_BELOW = Nanoseconds(100 * MILLISECOND)
_PRIORITY_255 = (
    "255 means that this node owns the addresses: it always takes them back, even with preempt = "
    "false; use at most 254 unless they are its own addresses"
)
_PRIORITY_1 = (
    "1 is the priority of a last resort: every other node takes over from it at once, even with "
    "preempt = false; use at least 2"
)
_SHORT_INTERVAL = (
    "below 100ms a busy machine may send later than the backups wait; test it under load"
)
_STRICT = (
    "discards advertisements with another interval or other addresses in VRRPv2, as the RFC says: "
    "then two nodes may be master; in VRRPv3 it accepts every interval that a peer advertises"
)
# Words that only a shell understands, and programs that run a program from their arguments.
_SHELL_WORDS = {"|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1", "2>/dev/null", ">/dev/null"}
_INTERPRETERS = {"sh", "bash", "dash", "env", "perl", "python3", "ruby", "sudo"}
_AS_ROOT = "gives the program all rights on this machine; a check usually needs none"
_ONLY_WEIGHTS = (
    "all have a weight: if no other node is better, this one keeps the addresses when its service "
    "is dead; a check without a weight makes it release them"
)
_WEIGHT_WITHOUT_PREEMPTION = (
    "have a weight, which never moves the addresses with preempt = false: no node takes over from "
    "a living master; a check without a weight makes it release them"
)
_REFUSES = (
    '"refuse" never takes over from a dead daemon whose kernel still answers: the node of a '
    "keepalived that was killed, or of a pyvrrp without lease, keeps the addresses for ever"
)
_BOTH_HOLD = (
    "takes the addresses from a living master in another version or with another authentication: "
    "then both nodes have them"
)
_NO_LINK_LOCAL = (
    "no link-local IPv6 address: RFC 9568 section 5.2.9 demands one as the first, the same on "
    "every node, and routers that follow it drop what this node sends; hosts that use a virtual "
    "address as their gateway need it too"
)
_FAR_PEERS = (
    "accepts packets that routers forwarded: a host outside the segment that sends with a peer's "
    "address can take the addresses; filter such packets on the routers"
)
_LATENESS = Nanoseconds(10 * MILLISECOND)  # of a machine that is not overloaded
_ROUNDED_TO = 100_000  # nanoseconds, in texts
_RACE = (
    "on a busy machine the wrong one may be the first; priority = { NODE = NUMBER } allows larger "
    "differences than the 10 of nodes"
)
_GROUP_INTERVALS = (
    'differs among the members of the group "{}": it takes over as late as the member with the '
    "longest interval"
)
_TOO_SMALL = "they never change which node is first; use larger ones"
_WEIGHT_OF_AN_OWNER = "have a weight, which has no effect: the priority of an owner is always 255"
_CLEAR_TEXT = "is no security: the password is sent unencrypted, and RFC 3768 removed it"


def lint(configuration: Configuration) -> tuple[Problem, ...]:
    """Return a warning for everything in *configuration* that is allowed but probably wrong."""
    seen: dict[Problem, None] = {}
    for router in configuration.virtual_routers:
        path = f'virtual_router "{router.name}"'
        warnings: Iterator[tuple[str, str]] = chain(
            *(_election(router), _neighbours(router), _ranking(router)),
            *(_lease(router, guardian=configuration.guardian), _fence(router)),
        )
        # A table with both families has two routers with the same warnings.
        seen |= dict.fromkeys(Problem(f"{path}{where}", what) for where, what in warnings)
    everywhere = (*configuration.virtual_routers, *configuration.elsewhere)
    seen |= dict.fromkeys(_groups(configuration.virtual_routers))
    used = {name for router in everywhere for name in router.checks}
    for check in configuration.checks:
        path = f"check.{path_key(check.name)}"
        warnings = _check(check, used=check.name in used)
        seen |= dict.fromkeys(Problem(f"{path}{where}", what) for where, what in warnings)
    held = {
        router.etcd_lease.check for router in configuration.virtual_routers if router.etcd_lease
    }
    for lease in configuration.leases:
        path = f"check.{path_key(lease.check)}"
        warnings = _etcd(lease, used=lease.check in held)
        seen |= dict.fromkeys(Problem(f"{path}{where}", what) for where, what in warnings)
    seen |= dict.fromkeys(lint_resources(configuration))
    return tuple(seen)


def _ranking(router: VirtualRouterConfig) -> Iterator[tuple[str, str]]:
    base = SECOND if router.version is Version.V2 else router.advertisement_interval
    standbys = [priority for _, priority in router.ranking[1:]]
    apart = min(((high - low) * base // 256 for high, low in pairwise(standbys)), default=base)
    if apart < _LATENESS:
        rounded = write_duration(Nanoseconds(apart // _ROUNDED_TO * _ROUNDED_TO))
        yield "", f"two standbys take over {rounded} after each other at this interval: {_RACE}"


def _election(router: VirtualRouterConfig) -> Iterator[tuple[str, str]]:
    if router.priority == OWNER_PRIORITY:
        yield ".priority", _PRIORITY_255
    if router.advertisement_interval < _ADVICE_BELOW:
        yield ".advertisement_interval", _SHORT_INTERVAL
    if not router.preempt and router.preempt_delay:
        yield ".preempt_delay", "has no effect with preempt = false"
    first = next(iter(router.addresses), None)
    if router.id.family is Family.IPV6 and first is not None and not first.ip.is_link_local:
        example = f'"fe80::{router.id.vrid}/64"'
        yield ".addresses", f"have {_NO_LINK_LOCAL}; add one, such as {example}"


def _neighbours(router: VirtualRouterConfig) -> Iterator[tuple[str, str]]:
    if router.strict:
        yield ".strict", _STRICT
    if router.checksum is ChecksumPolicy.RFC9568 and router.id.family is Family.IPV4:
        yield ".checksum", 'keepalived and FRR refuse this form by default; "auto" adapts to peers'
    if router.min_ttl < TTL:
        yield ".min_ttl", _FAR_PEERS
    if router.authentication:
        yield ".authentication", _CLEAR_TEXT
    if router.claim_probe is ClaimProbePolicy.REFUSE:
        yield ".claim_probe", _REFUSES
    if router.claims_against_incompatible:
        yield ".claim_against_incompatible", _BOTH_HOLD


def _lease(router: VirtualRouterConfig, *, guardian: bool) -> Iterator[tuple[str, str]]:
    interval = router.advertisement_interval
    takeover = Nanoseconds(3 * interval)
    if router.lease == 0:
        who = "is stopped or hangs" if guardian else "is killed, is stopped or hangs"
        yield ".lease", f"without a lease, a daemon that {who} keeps the addresses for ever"
    elif router.lease * SECOND >= takeover:
        backups = f"the backups take over after {write_duration(takeover)}"
        rest = (
            "the guardian removes the addresses of a daemon that is killed, but not those of one "
            "that is stopped or hangs"
            if guardian
            else "with guardian = false two nodes have the addresses in the time between"
        )
        yield ".lease", f"runs out after {router.lease}s, but {backups}: {rest}"


def _fence(router: VirtualRouterConfig) -> Iterator[tuple[str, str]]:
    if not router.checks:
        yield ".checks", "has none: this node keeps the addresses when its service is dead"
    elif not router.fence:
        yield ".checks", _ONLY_WEIGHTS
    if router.last_resort and not router.fence:
        yield ".when_all_fail", "has no effect without a check that can close the fence"
    if router.priority == _LAST_RESORT:
        yield ".priority", _PRIORITY_1
    if router.weights:
        yield from _weights(router)


def _weights(router: VirtualRouterConfig) -> Iterator[tuple[str, str]]:
    if not router.preempt:
        yield ".checks", _WEIGHT_WITHOUT_PREEMPTION
    if router.priority == OWNER_PRIORITY:
        yield ".checks", _WEIGHT_OF_AN_OWNER
        return
    together = sum(abs(weight.points) for weight in router.weights)
    distances = [abs(router.priority - p) for _, p in router.ranking if p != router.priority]
    if distances and together <= min(distances):
        away = f"the nearest other node is {min(distances)} away"
        yield ".checks", f"have weights of {together} together, and {away}: {_TOO_SMALL}"


def _groups(routers: Sequence[VirtualRouterConfig]) -> Iterator[Problem]:
    groups: dict[str, list[VirtualRouterConfig]] = {}
    for router in routers:
        if router.group:
            groups.setdefault(router.group, []).append(router)
    for name, members in groups.items():
        path = f'virtual_router "{members[0].name}"'
        if len(members) == 1:
            what = f'is the only member of the group "{name}" on this node'
            yield Problem(f"{path}.group", what)
        if len({member.advertisement_interval for member in members}) > 1:
            yield Problem(f"{path}.advertisement_interval", _GROUP_INTERVALS.format(name))


def _check(check: CheckConfig, *, used: bool) -> Iterator[tuple[str, str]]:
    if not used:
        yield "", "is used by no virtual router"
    probe = check.probe
    if isinstance(probe, ExecProbeConfig):
        yield from _program(check, probe)
    if isinstance(probe, HttpProbeConfig) and is_tls(probe.url) and not probe.verify:
        yield ".verify", "is off, so any server that answers passes; set ca instead"


def _etcd(lease: EtcdLease, *, used: bool) -> Iterator[tuple[str, str]]:
    if not used:
        yield "", "is used by no virtual router"
    if len(lease.servers.endpoints) == 1:
        yield ".lease", "names one member of etcd: while it is not reached no node is master"
    if not lease.servers.verify:
        yield ".verify", "is off, so any server can answer in the place of etcd; set ca instead"


def _program(check: CheckConfig, probe: ExecProbeConfig) -> Iterator[tuple[str, str]]:
    program, *arguments = probe.command
    for word in arguments:
        if word in _SHELL_WORDS:
            yield ".exec", f"passes {word} to the program: there is no shell; write a script"
    if PurePath(program).name in _INTERPRETERS and any(word[:1] == "/" for word in arguments):
        what = f"does not check who can write the script; write the script first, without {program}"
        yield ".exec", what
    if probe.user == "root":
        yield ".user", _AS_ROOT
    if check.policy.interval < _ADVICE_BELOW:
        starts = write_duration(check.policy.interval)
        yield ".interval", f"starts a process every {starts}, which needs much processor time"
