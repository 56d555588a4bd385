"""Read one ``[[virtual_router]]`` table: one virtual router for each family of addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pyvrrp.config.model.configuration import ChecksumPolicy, VirtualRouterConfig
from pyvrrp.config.router import held_keys, resource_keys, tracking
from pyvrrp.config.router.check_uses import check_uses
from pyvrrp.config.router.links import (
    INTERFACE,
    INTERFACES,
    MIN_TTL,
    PEERS,
    read_links,
    refuse_other_family,
    with_links,
)
from pyvrrp.config.router.policies import (
    announce,
    automatic_claim_probe,
    automatic_lease,
    claim_probe,
    hold_down,
    lease,
)
from pyvrrp.config.router.priority import DEFAULT_PRIORITY, NODES, PRIORITY, Rank, rank
from pyvrrp.config.values.addresses import advertised_order, most_addresses
from pyvrrp.config.values.durations import duration, duration_from, write_duration
from pyvrrp.config.values.scalars import (
    boolean,
    integer,
    name,
    netns_name,
    one_of,
    optional,
    shown,
    wrong,
)
from pyvrrp.config.values.sections import Key, Section
from pyvrrp.fencing.weight import Weight
from pyvrrp.identity import (
    OWNER_PRIORITY,
    Family,
    InterfaceAddress,
    Place,
    Version,
    VirtualRouterId,
)
from pyvrrp.units import CENTISECOND, SECOND, Nanoseconds

_LONGEST_V2 = Nanoseconds(255 * SECOND)
_LONGEST_V3 = Nanoseconds(4095 * CENTISECOND)
_PASSWORD_OCTETS = 8
_OWNER_AS_LAST_RESORT = (
    'must be "release" with priority 255: the last resort uses priority 1, and an owner always 255'
)


def _version(value: object) -> Version:
    if not isinstance(value, int) or value not in tuple(Version):
        raise wrong(f"must be 2 or 3, not {shown(value)}")
    return Version(value)


def _password(value: object) -> bytes:
    # The value is not shown in the message, because it is a password.
    if not isinstance(value, str) or not 1 <= len(value) <= _PASSWORD_OCTETS or not value.isascii():
        raise wrong("must be a string of 1 to 8 ASCII characters")
    return value.encode("ascii")


def _checksum(value: object) -> ChecksumPolicy:
    if not isinstance(value, str) or value not in tuple(ChecksumPolicy):
        raise wrong(f'must be one of "auto", "rfc9568", "rfc5798", not {shown(value)}')
    return ChecksumPolicy(value)


NAME = Key("name", name, "unnamed", required=True)
NETNS = Key("netns", netns_name, "")
VRID = Key("vrid", integer(1, 255), 1, required=True)
ADDRESSES = held_keys.ADDRESSES
VERSION = Key("version", _version, 3)
INTERVAL = Key("advertisement_interval", duration, "1s")
PREEMPT = Key("preempt", boolean, default=True)
PREEMPT_DELAY = Key(
    "preempt_delay", duration_from(Nanoseconds(0), Nanoseconds(1000 * SECOND)), "0s"
)
STRICT = Key("strict", boolean, default=False)
CHECKSUM = Key("checksum", _checksum, "auto")
AUTHENTICATION = Key("authentication", optional(_password))
MAX_LEARNED_INTERVAL = Key("max_learned_interval", optional(duration))
LEASE = Key("lease", lease, "auto")
CLAIM_PROBE = Key("claim_probe", optional(claim_probe))
CLAIM_AGAINST_INCOMPATIBLE = Key("claim_against_incompatible", boolean, default=False)
ANNOUNCE = Key("announce", announce, {})
CHECKS = Key("checks", check_uses, [])
WHEN_ALL_FAIL = Key("when_all_fail", one_of({"release": False, "last-resort": True}), "release")
HOLD_DOWN = Key("hold_down", hold_down, {})
GROUP = Key("group", optional(name))

KEYS: tuple[Key[object], ...] = (
    *(NAME, INTERFACE, INTERFACES, PEERS, MIN_TTL, NETNS, VRID, ADDRESSES, PRIORITY, NODES),
    *(VERSION, INTERVAL, PREEMPT, PREEMPT_DELAY, GROUP, CHECKS, WHEN_ALL_FAIL, HOLD_DOWN, LEASE),
    *(ANNOUNCE, CLAIM_PROBE, CLAIM_AGAINST_INCOMPATIBLE),
    *(STRICT, CHECKSUM, MAX_LEARNED_INTERVAL, AUTHENTICATION),
    *(key for key in held_keys.KEYS if key is not ADDRESSES),
    *resource_keys.KEYS,
    *tracking.KEYS,
)


def virtual_routers(section: Section, node: str | None) -> tuple[VirtualRouterConfig, ...]:
    """Return the virtual routers that *section* describes on *node*, one for each family.

    If the section has problems, default values replace the wrong ones. The priority has its
    default if *node* takes no part.
    """
    section.refuse_unknown(KEYS)
    interval = section.read(INTERVAL)
    chosen_lease = section.read(LEASE)
    uses = section.read(CHECKS)
    name_given = section.read(NAME)
    links = read_links(section)
    place = Place(section.read(NETNS), links.interfaces[0])
    vrid = section.read(VRID)
    keys = held_keys.read_held(section)
    written = VirtualRouterConfig(
        name=name_given,
        id=VirtualRouterId(place, Family.IPV4, vrid),
        addresses=tuple(one.address for one in keys.advertised),
        version=section.read(VERSION),
        advertisement_interval=interval,
        preempt=section.read(PREEMPT),
        preempt_delay=section.read(PREEMPT_DELAY),
        strict=section.read(STRICT),
        checksum=section.read(CHECKSUM),
        authentication=section.read(AUTHENTICATION) or b"",
        max_learned_interval=Nanoseconds(10 * interval),
        lease=automatic_lease(interval) if chosen_lease is None else chosen_lease,
        announce=section.read(ANNOUNCE),
        claim_probe=section.read(CLAIM_PROBE) or automatic_claim_probe(interval),
        claims_against_incompatible=section.read(CLAIM_AGAINST_INCOMPATIBLE),
        checks=tuple(use.check for use in uses),
        weights=tuple(Weight(use.check, use.weight) for use in uses if use.weight is not None),
        hold_down=section.read(HOLD_DOWN),
        last_resort=section.read(WHEN_ALL_FAIL),
        resources=section.read(resource_keys.RESOURCES),
        on_stop_failure=section.read(resource_keys.ON_STOP_FAILURE),
        accepts_split_brain=section.read(resource_keys.ACCEPT_SPLIT_BRAIN),
        hooks=section.read(resource_keys.HOOKS),
        group=section.read(GROUP) or "",
    )
    written = _ranked(written, rank(section, node))
    _refuse_bad_interval(section, written)
    if written.last_resort and written.priority == OWNER_PRIORITY:
        section.refuse(WHEN_ALL_FAIL, _OWNER_AS_LAST_RESORT)
    written = replace(written, max_learned_interval=_max_learned_interval(section, written))
    _refuse_other_version(section, written)
    written = tracking.with_tracking(section, written)
    routers = _by_family(section, written, keys.family or Family.IPV4)
    families = tuple(router.id.family for router in routers)
    if section.good(ADDRESSES):
        refuse_other_family(section, links, families)
    complete = (held_keys.with_held(router, keys, families) for router in routers)
    return tuple(with_links(section, router, links) for router in complete)


def _ranked(written: VirtualRouterConfig, own: Rank) -> VirtualRouterConfig:
    priority = DEFAULT_PRIORITY if own.priority is None else own.priority
    return replace(written, priority=priority, ranking=own.ranking)


def _refuse_bad_interval(section: Section, written: VirtualRouterConfig) -> None:
    if not section.good(VERSION, INTERVAL):
        return
    step, longest, allowed = (
        (SECOND, _LONGEST_V2, "from 1s to 255s in whole seconds with version = 2")
        if written.version is Version.V2
        else (CENTISECOND, _LONGEST_V3, "from 10ms to 40.95s in steps of 10ms")
    )
    interval = written.advertisement_interval
    if interval % step or not step <= interval <= longest:
        section.refuse(INTERVAL, f"must be {allowed}, not {write_duration(interval)}")


def _max_learned_interval(section: Section, written: VirtualRouterConfig) -> Nanoseconds:
    given = section.read(MAX_LEARNED_INTERVAL)
    own = written.advertisement_interval
    if given is None:
        # 40.95 s is the longest interval of an advertisement, so with it there is no limit.
        return _LONGEST_V3 if written.strict else Nanoseconds(10 * own)
    usable = section.good(INTERVAL) and written.version is Version.V3
    if usable and not own <= given <= _LONGEST_V3:
        allowed = f"from the own interval, {write_duration(own)}, to 40.95s"
        section.refuse(MAX_LEARNED_INTERVAL, f"must be {allowed}, not {write_duration(given)}")
    return given


def _refuse_other_version(section: Section, written: VirtualRouterConfig) -> None:
    if not section.good(VERSION):
        return
    if written.version is Version.V2:
        for key in filter(section.given, (CHECKSUM, MAX_LEARNED_INTERVAL)):
            section.refuse(key, "has a meaning for version = 3 only")
    elif section.given(AUTHENTICATION):
        section.refuse(AUTHENTICATION, "exists in version = 2 only; VRRPv3 has none")


def _by_family(
    section: Section, written: VirtualRouterConfig, default: Family
) -> tuple[VirtualRouterConfig, ...]:
    by_family = {
        family: tuple(entry for entry in written.addresses if len(entry.packed) == family)
        for family in Family
    }
    if section.good(ADDRESSES):
        _refuse_bad_addresses(section, written, by_family)
    if not written.addresses:
        # Without addresses it takes part in the election only.
        return (replace(written, id=replace(written.id, family=default)),)
    return tuple(
        replace(
            written,
            id=VirtualRouterId(written.id.place, family, written.id.vrid),
            addresses=advertised_order(addresses),
            checksum=written.checksum if family is Family.IPV4 else ChecksumPolicy.AUTO,
        )
        for family, addresses in by_family.items()
        if addresses
    )


def _refuse_bad_addresses(
    section: Section,
    written: VirtualRouterConfig,
    by_family: Mapping[Family, Sequence[InterfaceAddress]],
) -> None:
    ipv6 = by_family[Family.IPV6]
    if ipv6 and written.version is Version.V2:
        what = f"VRRPv2 has no IPv6, but {ipv6[0].ip} is an IPv6 address; write version = 3"
        section.refuse(VERSION, what)
    if section.given(CHECKSUM) and not by_family[Family.IPV4]:
        section.refuse(CHECKSUM, "has a meaning for IPv4 only: IPv6 has one form")
    for family, addresses in by_family.items():
        most = most_addresses(written.version, family)
        if len(addresses) > most:
            limit = f"one advertisement holds at most {most} addresses of a family"
            what = f"{limit}, not {len(addresses)}; move the others to excluded_addresses"
            section.refuse(ADDRESSES, what)
