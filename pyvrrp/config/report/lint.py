"""What a valid configuration had better not say: warnings, which change no exit status."""

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
from pyvrrp.config.values.sections import bare
from pyvrrp.config.values.targets import is_tls
from pyvrrp.errors import Problem
from pyvrrp.identity import Family, Version
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

_OWNER = 255
_LARGEST_TTL = 255
_LAST_RESORT = 1
_ADVICE_BELOW = Nanoseconds(100 * MILLISECOND)
_PRIORITY_255 = (
    "255 claims that this node owns the addresses: it always takes them back, whatever preempt "
    "says; use at most 254 unless they are its own"
)
_PRIORITY_1 = (
    "1 is that of a node that serves although its checks fail: every other one takes over from it "
    "at once, whatever preempt says; use at least 2"
)
_SHORT_INTERVAL = (
    "below 100ms a busy machine may send later than the backups wait; test it under load"
)
_STRICT = (
    "in VRRPv2 drops advertisements whose interval or addresses differ, as the RFC says: a "
    "mismatch then makes two masters; in VRRPv3 believes whatever interval a peer advertises"
)
# What only a shell would understand, and what runs a program that stands in its arguments.
_SHELL_WORDS = {"|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1", "2>/dev/null", ">/dev/null"}
_INTERPRETERS = {"sh", "bash", "dash", "env", "perl", "python3", "ruby", "sudo"}
_AS_ROOT = "gives the program every right on this machine; a check that only looks needs none"
_ONLY_WEIGHTS = (
    "all have a weight: if no other node is better, this one keeps the addresses when its service "
    "is dead; a check without a weight lets go"
)
_WEIGHT_WITHOUT_PREEMPTION = (
    "have a weight, which never moves the addresses with preempt = false: no node takes over from "
    "a living one; a check without a weight makes it let go"
)
_REFUSES = (
    '"refuse" takes over from no dead daemon whose kernel still answers: a keepalived that was '
    "killed, or a pyvrrp without lease, keeps the addresses for ever"
)
_FAR_PEERS = (
    "believes packets that were routed here: whoever can send with a peer's address from outside "
    "the segment can take the addresses; have the routers on the way filter that"
)
_LATE = Nanoseconds(10 * MILLISECOND)  # what a machine that is not overloaded may be late
_DIGIT = 100_000  # nanoseconds; more of it nobody wants to read
_RACE = (
    "on a busy machine the wrong one may be the first; priority = { NODE = NUMBER } can put more "
    "between them than the ten that nodes does"
)
_GROUP_INTERVALS = 'differs among the members of the group "{}": it takes over when the slowest may'
_TOO_SMALL = "they never change who is first; use larger ones"
_WEIGHT_OF_AN_OWNER = "have a weight, which has no effect: the priority of an owner is always 255"
_IN_CLEAR = "is no security: the password crosses the network in clear, and RFC 3768 removed it"


def lint(configuration: Configuration) -> tuple[Problem, ...]:
    """Return a warning for everything in *configuration* that deserves a second look."""
    seen: dict[Problem, None] = {}
    for router in configuration.virtual_routers:
        path = f'virtual_router "{router.name}"'
        warnings: Iterator[tuple[str, str]] = chain(
            *(_election(router), _ranking(router)),
            *(_lease(router, guardian=configuration.guardian), _fence(router)),
        )
        # A router of two families says everything twice.
        seen |= dict.fromkeys(Problem(f"{path}{where}", what) for where, what in warnings)
    everywhere = (*configuration.virtual_routers, *configuration.elsewhere)
    seen |= dict.fromkeys(_groups(configuration.virtual_routers))
    used = {name for router in everywhere for name in router.checks}
    for check in configuration.checks:
        path = f"check.{bare(check.name)}"
        warnings = _check(check, used=check.name in used)
        seen |= dict.fromkeys(Problem(f"{path}{where}", what) for where, what in warnings)
    held = {
        router.etcd_lease.check for router in configuration.virtual_routers if router.etcd_lease
    }
    for lease in configuration.leases:
        path = f"check.{bare(lease.check)}"
        warnings = _etcd(lease, used=lease.check in held)
        seen |= dict.fromkeys(Problem(f"{path}{where}", what) for where, what in warnings)
    seen |= dict.fromkeys(lint_resources(configuration))
    return tuple(seen)


def _ranking(router: VirtualRouterConfig) -> Iterator[tuple[str, str]]:
    base = SECOND if router.version is Version.V2 else router.advertisement_interval
    standbys = [priority for _, priority in router.ranking[1:]]
    apart = min(((high - low) * base // 256 for high, low in pairwise(standbys)), default=base)
    if apart < _LATE:
        told = write_duration(Nanoseconds(apart // _DIGIT * _DIGIT))
        yield "", f"two standbys take over {told} after each other at this interval: {_RACE}"


def _election(router: VirtualRouterConfig) -> Iterator[tuple[str, str]]:
    if router.priority == _OWNER:
        yield ".priority", _PRIORITY_255
    if router.advertisement_interval < _ADVICE_BELOW:
        yield ".advertisement_interval", _SHORT_INTERVAL
    if not router.preempt and router.preempt_delay:
        yield ".preempt_delay", "has no effect with preempt = false"
    if router.strict:
        yield ".strict", _STRICT
    if router.checksum is ChecksumPolicy.RFC9568 and router.id.family is Family.IPV4:
        yield ".checksum", 'keepalived and FRR refuse this form by default; "auto" adapts to peers'
    if router.min_ttl < _LARGEST_TTL:
        yield ".min_ttl", _FAR_PEERS
    if router.authentication:
        yield ".authentication", _IN_CLEAR
    if router.claim_probe is ClaimProbePolicy.REFUSE:
        yield ".claim_probe", _REFUSES


def _lease(router: VirtualRouterConfig, *, guardian: bool) -> Iterator[tuple[str, str]]:
    interval = router.advertisement_interval
    takeover = Nanoseconds(3 * interval)
    if router.lease == 0:
        who = "is stopped or hangs" if guardian else "is killed, is stopped or hangs"
        yield ".lease", f"without a lease, a daemon that {who} keeps the addresses for ever"
    elif router.lease * SECOND >= takeover:
        backups = f"the backups take over after {write_duration(takeover)}"
        rest = (
            "the guardian covers a daemon that is killed, not one that is stopped or hangs"
            if guardian
            else "with guardian = false nothing covers the time between"
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
    if router.priority == _OWNER:
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
            yield Problem(f"{path}.group", f'is the only one of the group "{name}" on this node')
        if len({member.advertisement_interval for member in members}) > 1:
            yield Problem(f"{path}.advertisement_interval", _GROUP_INTERVALS.format(name))


def _check(check: CheckConfig, *, used: bool) -> Iterator[tuple[str, str]]:
    if not used:
        yield "", "is used by no virtual router"
    probe = check.probe
    if isinstance(probe, ExecProbeConfig):
        yield from _program(check, probe)
    if isinstance(probe, HttpProbeConfig) and is_tls(probe.url) and not probe.verify:
        yield ".verify", "without it any server that answers passes; give a ca instead"


def _etcd(lease: EtcdLease, *, used: bool) -> Iterator[tuple[str, str]]:
    if not used:
        yield "", "is used by no virtual router"
    if len(lease.servers.endpoints) == 1:
        yield ".lease", "names one member of etcd: while it is away nobody is master"
    if not lease.servers.verify:
        yield ".verify", "without it anybody may play etcd; give a ca instead"


def _program(check: CheckConfig, probe: ExecProbeConfig) -> Iterator[tuple[str, str]]:
    program, *arguments = probe.command
    for word in arguments:
        if word in _SHELL_WORDS:
            yield ".exec", f"hands {word} to the program: no shell reads it; put it in a script"
    if PurePath(program).name in _INTERPRETERS and any(word[:1] == "/" for word in arguments):
        yield ".exec", "who may write to the script is not looked at; name it first, without sh"
    if probe.user == "root":
        yield ".user", _AS_ROOT
    if check.policy.interval < _ADVICE_BELOW:
        starts = write_duration(check.policy.interval)
        yield ".interval", f"starts a process every {starts}: that costs more than most checks see"
