"""Which capabilities (capabilities(7)) a configuration needs, and for what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from pyvrrp.config.model.configuration import (
    Configuration,
    ExecProbeConfig,
    FileProbeConfig,
    HttpProbeConfig,
    InterfaceProbeConfig,
    ProcessProbeConfig,
)
from pyvrrp.namespace_path import namespace_path

ALL = "all"  # every capability that the daemon was started with
_LOCAL = (ExecProbeConfig, ProcessProbeConfig, FileProbeConfig, InterfaceProbeConfig)


class Importance(Enum):
    """What follows if a capability is missing.

    REQUIRED: the daemon does not start. WANTED: it starts, and says what will fail. USEFUL: it
    works, and protects less; the daemon keeps the capability if it has it.
    """

    REQUIRED = "required"
    WANTED = "wanted"
    USEFUL = "useful"


@dataclass(frozen=True, slots=True)
class CapabilityNeed:
    """One capability, or `ALL`, and what it is for."""

    capability: str
    purpose: str
    importance: Importance = Importance.REQUIRED


def capability_needs(configuration: Configuration, *, as_root: bool) -> tuple[CapabilityNeed, ...]:
    """Return what *configuration* needs. *as_root*: the user of the daemon is root.

    Only root can become another user for a program, and only a process of root gives up more than
    it needs. A capability with several purposes comes once for each importance at most.
    """
    found: dict[str, CapabilityNeed] = {}
    for need in _needs(configuration, as_root=as_root):
        known = found.get(need.capability)
        if known is None or _rank(need) < _rank(known):
            found[need.capability] = need
    return tuple(found.values())


def _rank(need: CapabilityNeed) -> int:
    return tuple(Importance).index(need.importance)


def _needs(configuration: Configuration, *, as_root: bool) -> Iterator[CapabilityNeed]:
    yield CapabilityNeed("CAP_NET_ADMIN", "to add and remove addresses")
    yield CapabilityNeed("CAP_NET_RAW", "to send and receive advertisements")
    yield from _namespaces(configuration)
    process = configuration.process
    if process.realtime_priority or process.nice < 0:
        key = "realtime_priority" if process.realtime_priority else "nice"
        yield CapabilityNeed("CAP_SYS_NICE", f"for {key}", Importance.USEFUL)
    if process.lock_memory:
        yield CapabilityNeed("CAP_IPC_LOCK", "for lock_memory", Importance.USEFUL)
    yield from _programs(configuration, as_root=as_root)
    if as_root:
        yield from _of_root(configuration)


def _namespaces(configuration: Configuration) -> Iterator[CapabilityNeed]:
    for router in configuration.virtual_routers:
        what = f"the virtual router {router.name}"
        yield from _namespace(router.id.place.netns, what, Importance.REQUIRED)
    for name, netns in (
        *((check.name, getattr(check.probe, "netns", "")) for check in configuration.checks),
        *((lease.check, lease.servers.netns) for lease in configuration.leases),
    ):
        yield from _namespace(netns, f"the check {name}", Importance.WANTED)


def _namespace(netns: str, what: str, importance: Importance) -> Iterator[CapabilityNeed]:
    purpose = f"to enter the network namespace of {what}"
    if netns:
        yield CapabilityNeed("CAP_SYS_ADMIN", purpose, importance)
    if namespace_path(netns).startswith("/proc/"):
        # The kernel gives the namespace of a process to those who may trace it.
        yield CapabilityNeed("CAP_SYS_PTRACE", purpose, importance)


def _programs(configuration: Configuration, *, as_root: bool) -> Iterator[CapabilityNeed]:
    """Yield what programs need that run as another user, or with the rights of the daemon."""
    if configuration.resources:
        purpose = "for the programs of resources, which have the rights of the daemon"
        yield CapabilityNeed(ALL, purpose, Importance.USEFUL)
    for check in configuration.checks:
        if isinstance(check.probe, ExecProbeConfig):
            what = f"the program of the check {check.name}"
            yield from _program(what, check.probe.user, as_root=as_root)
    for hook in configuration.hooks:
        yield from _program(f"the hook {hook.name}", hook.user, as_root=as_root)


def _program(what: str, given: str, *, as_root: bool) -> Iterator[CapabilityNeed]:
    user = given or ("nobody" if as_root else "")
    if as_root and user == "root":
        yield CapabilityNeed(ALL, f"for {what}, which runs as root", Importance.USEFUL)
    elif user:
        yield from _as_another_user(what, user)


def _as_another_user(what: str, user: str) -> Iterator[CapabilityNeed]:
    run = f"to run {what} as {user}"
    end = f"to end {what}, which runs as {user}"
    yield CapabilityNeed("CAP_SETUID", run, Importance.WANTED)
    yield CapabilityNeed("CAP_SETGID", run, Importance.WANTED)
    yield CapabilityNeed("CAP_KILL", end, Importance.WANTED)
    for capability in ("CAP_SYS_PTRACE", "CAP_SYS_RESOURCE", "CAP_DAC_READ_SEARCH"):
        yield CapabilityNeed(capability, end, Importance.USEFUL)


def _of_root(configuration: Configuration) -> Iterator[CapabilityNeed]:
    """Yield what root would lose, as it owns neither other users' files nor their processes."""
    probes = [check.probe for check in configuration.checks]
    if configuration.leases or any(not isinstance(probe, _LOCAL) for probe in probes):
        yield from _useful(
            ("CAP_SETUID", "CAP_SETGID", "CAP_KILL", "CAP_SETPCAP"),
            "to run the prober as nobody, and to end it",
        )
    if any(map(_has_pattern, probes)):
        yield from _useful(
            ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"),
            "to look for regular expressions as nobody",
        )
    if any(isinstance(probe, FileProbeConfig | ProcessProbeConfig) for probe in probes):
        yield from _useful(
            ("CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"), "to look at files and processes of others"
        )
    if any(isinstance(probe, HttpProbeConfig) and probe.unix_socket for probe in probes):
        yield from _useful(("CAP_DAC_OVERRIDE",), "to connect to UNIX sockets of others")
    if configuration.process.control_group:
        yield from _useful(("CAP_CHOWN",), "to give the control socket to control_group")


def _useful(capabilities: Iterable[str], purpose: str) -> Iterator[CapabilityNeed]:
    for capability in capabilities:
        yield CapabilityNeed(capability, purpose, Importance.USEFUL)


def _has_pattern(probe: object) -> bool:
    match probe:
        case HttpProbeConfig(body_regex=pattern) | FileProbeConfig(contains=pattern):
            return bool(pattern)
        case ProcessProbeConfig(command_line=pattern):
            return bool(pattern)
        case _:
            return False


def capability_in_words(need: CapabilityNeed) -> str:
    """Return one line about *need*."""
    what = "all capabilities" if need.capability == ALL else need.capability
    without = "" if need.importance is Importance.REQUIRED else f" ({need.importance.value})"
    return f"needs {what}{without}: {need.purpose}"
