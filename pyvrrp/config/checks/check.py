"""Read one ``[check.NAME]`` table."""

from pyvrrp.config.checks.http_check import HTTP_KIND
from pyvrrp.config.checks.kinds import CheckContext, CheckKind, refuse_long_timeout
from pyvrrp.config.checks.lease_check import LEASE_KIND
from pyvrrp.config.checks.local_checks import EXEC_KIND, FILE_KIND, PROCESS_KIND
from pyvrrp.config.checks.network_checks import ARP_KIND, INTERFACE_KIND, PING_KIND, TCP_KIND
from pyvrrp.config.model.configuration import CheckConfig, EtcdLease, TcpProbeConfig
from pyvrrp.config.values.durations import duration_from
from pyvrrp.config.values.scalars import integer, optional
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.fencing.policy import CheckPolicy
from pyvrrp.units import MILLISECOND, SECOND, Nanoseconds

_HOUR = Nanoseconds(3600 * SECOND)
_LONGEST_DEFAULT_TIMEOUT = Nanoseconds(800 * MILLISECOND)

INTERVAL = Key("interval", duration_from(Nanoseconds(10 * MILLISECOND), _HOUR), "1s")
TIMEOUT = Key("timeout", optional(duration_from(MILLISECOND, _HOUR)))
RISE = Key("rise", integer(1, 100), 2)
FALL = Key("fall", integer(1, 100), 2)
MAX_AGE = Key("max_age", optional(duration_from(MILLISECOND, _HOUR)))
EVERY_KIND: tuple[Key[object], ...] = (INTERVAL, TIMEOUT, RISE, FALL, MAX_AGE)

# The first kind whose key is given is meant. `interface` comes last: other kinds have that key too.
KINDS = (
    LEASE_KIND,
    *(HTTP_KIND, TCP_KIND, EXEC_KIND, PING_KIND, ARP_KIND, PROCESS_KIND, FILE_KIND),
    INTERFACE_KIND,
)
KEYS: tuple[Key[object], ...] = (*(key for kind in KINDS for key in kind.keys), *EVERY_KIND)


def check(section: Section, name: str, node: str) -> CheckConfig | EtcdLease:
    """Return the check that *section* describes for *node*.

    If the section has problems, the result has default values in the place of wrong ones.
    """
    section.refuse_unknown(KEYS)
    meant = next((kind for kind in KINDS if section.given(kind.key)), None)
    policy = CheckPolicy() if meant is LEASE_KIND else _policy(section, meant)
    if meant is None:
        names = ", ".join(kind.key.name for kind in KINDS)
        section.refuse_whole(f"needs one of the keys {names}")
        return CheckConfig(name, TcpProbeConfig("127.0.0.1", 1), policy)
    _refuse_keys_of_others(section, meant)
    found = meant.read(section, CheckContext(name, node))
    if isinstance(found, EtcdLease):
        _refuse_counts(section)
        return found
    return CheckConfig(name, found, policy)


def _refuse_counts(section: Section) -> None:
    for key in filter(section.given, (RISE, FALL, MAX_AGE)):
        section.refuse(key, "has no meaning for a lease: every answer of etcd counts at once")


def _refuse_keys_of_others(section: Section, meant: CheckKind) -> None:
    own = {key.name for key in meant.keys}
    first_keys = {kind.key.name for kind in KINDS}
    other_keys = {key.name: key for kind in KINDS for key in kind.keys if key.name not in own}
    for name, key in other_keys.items():
        if section.given(key):
            advice = "; write a second check for it" if name in first_keys else ""
            section.refuse(key, f"has no meaning for {meant.title}{advice}")


def _policy(section: Section, kind: CheckKind | None) -> CheckPolicy:
    interval = section.read(INTERVAL)
    timeout = section.read(TIMEOUT)
    max_age = section.read(MAX_AGE)
    if timeout is None:
        timeout = min(_LONGEST_DEFAULT_TIMEOUT, Nanoseconds(interval * 8 // 10))
    if kind is not EXEC_KIND:
        refuse_long_timeout(section, (TIMEOUT, timeout), (INTERVAL, interval))
    return CheckPolicy(
        interval=interval,
        timeout=timeout,
        rise=section.read(RISE),
        fall=section.read(FALL),
        max_age=Nanoseconds(interval + timeout) if max_age is None else max_age,
    )
