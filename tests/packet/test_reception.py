"""The receive checks that depend on the configuration."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from pyvrrp.identity import Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.packet.reception import (
    Accepted,
    Discarded,
    DiscardReason,
    Examined,
    Expectation,
    Mismatch,
    admit,
)
from pyvrrp.units import Nanoseconds

MESSAGE_ONLY = frozenset({ChecksumForm.MESSAGE_ONLY})
PSEUDO_HEADER = frozenset({ChecksumForm.PSEUDO_HEADER})
FORWARDED = ": a router or NAT has forwarded it, or its sender does not send VRRP"
BOTH_FORMS = MESSAGE_ONLY | PSEUDO_HEADER
ONE_FORM: frozenset[ChecksumForm] = frozenset()

OURS, THEIRS = IPv4Address("192.0.2.13"), IPv4Address("192.0.2.20")
GROUP = IPv4Address("224.0.0.18")
VIRTUAL = (IPv4Address("192.0.2.254"), IPv4Address("192.0.2.253"))
OTHER = (IPv4Address("192.0.2.250"),)
ONE_SECOND, TWO_SECONDS = Nanoseconds(1_000_000_000), Nanoseconds(2_000_000_000)

V3 = Examined(THEIRS, GROUP, Advertisement(Version.V3, 51, 200, ONE_SECOND, VIRTUAL), MESSAGE_ONLY)
V2 = Examined(
    THEIRS, GROUP, Advertisement(Version.V2, 51, 200, ONE_SECOND, VIRTUAL, 0, bytes(8)), ONE_FORM
)
EXPECT_V3 = Expectation(Version.V3, OURS, VIRTUAL, ONE_SECOND)
EXPECT_V2 = replace(EXPECT_V3, version=Version.V2)
EXPECT_PASSWORD = replace(EXPECT_V2, authentication=b"secret")


def saying(
    base: Examined,
    *,
    priority: int = 200,
    interval: Nanoseconds = ONE_SECOND,
    addresses: tuple[IPv4Address, ...] = VIRTUAL,
    auth_type: int = 0,
    auth_data: bytes = b"",
) -> Examined:
    advertisement = replace(
        base.advertisement,
        priority=priority,
        interval=interval,
        addresses=addresses,
        auth_type=auth_type,
        auth_data=auth_data,
    )
    return replace(base, advertisement=advertisement)


def refusal(examined: Examined, expectation: Expectation) -> tuple[DiscardReason, str]:
    found = admit(examined, expectation)
    assert isinstance(found, Discarded)
    assert (found.vrid, found.source, found.after_vrid) == (51, examined.source, True)
    return found.reason, found.detail


def mismatches(examined: Examined, expectation: Expectation) -> tuple[Mismatch, ...]:
    found = admit(examined, expectation)
    assert isinstance(found, Accepted)
    return found.mismatches


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(("examined", "expectation"), [(V3, EXPECT_V3), (V2, EXPECT_V2)])
def test_an_advertisement_as_configured_is_accepted_without_a_mismatch(
    examined: Examined, expectation: Expectation, strict: bool
) -> None:
    assert admit(examined, replace(expectation, strict=strict)) == Accepted(
        examined.advertisement, THEIRS, (), examined.checksum_forms
    )


@pytest.mark.rfc("9568:5.2.5")
def test_no_address_is_accepted_only_by_a_router_that_has_none_either() -> None:
    empty = saying(V3, addresses=())
    wanted = (DiscardReason.ADDRESS_COUNT, "no address, must be 1 or more")
    assert refusal(empty, EXPECT_V3) == wanted
    assert mismatches(empty, replace(EXPECT_V3, addresses=())) == ()


@pytest.mark.rfc("9568:7.1")
def test_the_other_version_is_refused() -> None:
    assert refusal(V2, EXPECT_V3) == (DiscardReason.VERSION, "version 2, must be 3")
    assert refusal(V3, EXPECT_V2) == (DiscardReason.VERSION, "version 3, must be 2")


# --- the checksum form ----------------------------------------------------------------------


@pytest.mark.rfc("9568:5.2.8")
@pytest.mark.parametrize(
    ("came", "believed"),
    [
        (MESSAGE_ONLY, MESSAGE_ONLY),
        (MESSAGE_ONLY, BOTH_FORMS),
        (PSEUDO_HEADER, PSEUDO_HEADER),
        (PSEUDO_HEADER, BOTH_FORMS),
        (BOTH_FORMS, MESSAGE_ONLY),
        (BOTH_FORMS, PSEUDO_HEADER),
        (ONE_FORM, MESSAGE_ONLY),
        (ONE_FORM, PSEUDO_HEADER),
    ],
)
def test_an_allowed_checksum_form_is_accepted_and_reported(
    came: frozenset[ChecksumForm], believed: frozenset[ChecksumForm]
) -> None:
    found = admit(replace(V3, checksum_forms=came), replace(EXPECT_V3, checksum=believed))
    assert isinstance(found, Accepted)
    assert found.checksum_forms == came


def test_a_checksum_form_that_is_not_allowed_is_refused_by_name() -> None:
    assert refusal(V3, replace(EXPECT_V3, checksum=PSEUDO_HEADER)) == (
        DiscardReason.CHECKSUM,
        "checksum of the form rfc9568, must be rfc5798",
    )
    pseudo = replace(V3, checksum_forms=PSEUDO_HEADER)
    assert refusal(pseudo, replace(EXPECT_V3, checksum=MESSAGE_ONLY)) == (
        DiscardReason.CHECKSUM,
        "checksum of the form rfc5798, must be rfc9568",
    )


# --- our own advertisements -----------------------------------------------------------------


@pytest.mark.parametrize(("examined", "expectation"), [(V3, EXPECT_V3), (V2, EXPECT_V2)])
def test_an_advertisement_from_our_own_address_is_refused(
    examined: Examined, expectation: Expectation
) -> None:
    assert refusal(replace(examined, source=OURS), expectation) == (
        DiscardReason.OWN_ADVERTISEMENT,
        "sent from our own address 192.0.2.13",
    )


def test_an_owner_that_comes_back_and_sends_from_a_virtual_address_is_accepted() -> None:
    owner = replace(saying(V3, priority=255), source=VIRTUAL[0])
    assert mismatches(owner, EXPECT_V3) == ()


# --- v3: nothing is dropped that the RFC says to log ------------------------------------------


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize("strict", [False, True])
def test_v3_counts_another_interval_and_accepts(strict: bool) -> None:
    expectation = replace(EXPECT_V3, strict=strict)
    assert mismatches(saying(V3, interval=TWO_SECONDS), expectation) == (Mismatch.INTERVAL,)


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("addresses", [OTHER, VIRTUAL + OTHER, VIRTUAL[:1]])
def test_v3_counts_another_address_list_and_accepts(
    addresses: tuple[IPv4Address, ...], strict: bool
) -> None:
    expectation = replace(EXPECT_V3, strict=strict)
    assert mismatches(saying(V3, addresses=addresses), expectation) == (Mismatch.ADDRESS_LIST,)


@pytest.mark.parametrize(
    ("examined", "expectation"),
    [(V3, EXPECT_V3), (V2, EXPECT_V2), (V2, replace(EXPECT_V2, strict=True))],
)
def test_another_order_of_the_addresses_is_no_mismatch(
    examined: Examined, expectation: Expectation
) -> None:
    assert mismatches(saying(examined, addresses=VIRTUAL[::-1]), expectation) == ()


@pytest.mark.rfc("9568:7.1")
@pytest.mark.parametrize("strict", [False, True])
def test_a_v3_owner_accepts_advertisements_of_others_and_counts_them(strict: bool) -> None:
    expectation = replace(EXPECT_V3, owner=True, strict=strict)
    assert mismatches(V3, expectation) == (Mismatch.OWNER,)


def test_all_mismatches_are_reported_in_a_fixed_order() -> None:
    odd = saying(V3, interval=TWO_SECONDS, addresses=OTHER)
    assert mismatches(odd, replace(EXPECT_V3, owner=True)) == (
        Mismatch.OWNER,
        Mismatch.INTERVAL,
        Mismatch.ADDRESS_LIST,
    )


def test_ipv6_is_checked_in_the_same_way() -> None:
    ours, theirs = IPv6Address("fe80::d"), IPv6Address("fe80::ffff")
    virtual = (IPv6Address("fe80::254"), IPv6Address("2001:db8::254"))
    advertisement = Advertisement(Version.V3, 51, 200, ONE_SECOND, virtual)
    examined = Examined(theirs, IPv6Address("ff02::12"), advertisement, ONE_FORM)
    expectation = Expectation(Version.V3, ours, virtual, ONE_SECOND, checksum=MESSAGE_ONLY)
    assert mismatches(examined, expectation) == ()
    assert refusal(replace(examined, source=ours), expectation)[0] is (
        DiscardReason.OWN_ADVERTISEMENT
    )
    shorter = replace(expectation, addresses=virtual[:1])
    assert mismatches(examined, shorter) == (Mismatch.ADDRESS_LIST,)


# --- v2: counted by default, dropped when strict ----------------------------------------------


@pytest.mark.rfc("3768:7.1")
@pytest.mark.parametrize("seconds", [2, 255])
def test_v2_counts_another_interval_and_drops_it_when_strict(seconds: int) -> None:
    odd = saying(V2, interval=Nanoseconds(seconds * 1_000_000_000))
    assert mismatches(odd, EXPECT_V2) == (Mismatch.INTERVAL,)
    assert refusal(odd, replace(EXPECT_V2, strict=True)) == (
        DiscardReason.INTERVAL,
        f"interval {seconds} s, must be 1 s",
    )


@pytest.mark.rfc("3768:7.1")
@pytest.mark.parametrize("strict", [False, True])
def test_v2_never_accepts_an_interval_of_zero(strict: bool) -> None:
    expectation = replace(EXPECT_V2, strict=strict)
    assert refusal(saying(V2, interval=Nanoseconds(0)), expectation) == (
        DiscardReason.INTERVAL,
        "interval 0 ns, must be 1 s",
    )


@pytest.mark.rfc("3768:7.1")
@pytest.mark.parametrize(
    ("addresses", "detail"),
    [
        (OTHER, "addresses 192.0.2.250, must be 192.0.2.254, 192.0.2.253"),
        ((), "addresses none, must be 192.0.2.254, 192.0.2.253"),
    ],
)
def test_v2_counts_another_address_list_and_drops_it_when_strict(
    addresses: tuple[IPv4Address, ...], detail: str
) -> None:
    odd = saying(V2, addresses=addresses)
    assert mismatches(odd, EXPECT_V2) == (Mismatch.ADDRESS_LIST,)
    strict = replace(EXPECT_V2, strict=True)
    assert refusal(odd, strict) == (DiscardReason.ADDRESS_LIST, detail)


@pytest.mark.rfc("3768:7.1")
def test_strict_v2_accepts_another_address_list_from_the_owner() -> None:
    odd = saying(V2, priority=255, addresses=OTHER)
    assert mismatches(odd, replace(EXPECT_V2, strict=True)) == (Mismatch.ADDRESS_LIST,)


def test_strict_v2_drops_another_interval_even_from_the_owner() -> None:
    odd = saying(V2, priority=255, addresses=OTHER, interval=TWO_SECONDS)
    found, _detail = refusal(odd, replace(EXPECT_V2, strict=True))
    assert found is DiscardReason.INTERVAL


@pytest.mark.rfc("3768:7.1")
@pytest.mark.parametrize("priority", [0, 200, 255])
def test_a_v2_owner_refuses_everything(priority: int) -> None:
    found, detail = refusal(saying(V2, priority=priority), replace(EXPECT_V2, owner=True))
    assert found is DiscardReason.OWNER
    assert detail == "this node owns the addresses (priority 255) and follows no other node"


# --- v2 authentication ------------------------------------------------------------------------


@pytest.mark.rfc("3768:5.3.6")
@pytest.mark.parametrize("auth_type", [3, 255])
@pytest.mark.parametrize("expectation", [EXPECT_V2, EXPECT_PASSWORD])
def test_an_unknown_authentication_type_is_refused(
    auth_type: int, expectation: Expectation
) -> None:
    assert refusal(saying(V2, auth_type=auth_type), expectation) == (
        DiscardReason.INVALID_AUTH_TYPE,
        f"authentication type {auth_type}, must be 0 or 1",
    )


@pytest.mark.rfc("3768:7.1")
def test_another_authentication_type_than_configured_is_refused() -> None:
    password = saying(V2, auth_type=1, auth_data=b"secret\0\0")
    assert refusal(password, EXPECT_V2) == (
        DiscardReason.AUTH_TYPE_MISMATCH,
        "authentication type 1, must be 0",
    )
    assert refusal(V2, EXPECT_PASSWORD) == (
        DiscardReason.AUTH_TYPE_MISMATCH,
        "authentication type 0, must be 1",
    )


@pytest.mark.rfc("2338:5.3.6.2")
@pytest.mark.parametrize(
    "auth_data", [b"Secret\0\0", b"secret  ", b"secret\0\x01", b"secrets\0", bytes(8)]
)
def test_a_wrong_password_is_refused_and_no_password_is_shown(auth_data: bytes) -> None:
    assert refusal(saying(V2, auth_type=1, auth_data=auth_data), EXPECT_PASSWORD) == (
        DiscardReason.AUTH_FAILURE,
        "the password differs from ours",
    )


@pytest.mark.rfc("2338:5.3.6.2")
@pytest.mark.parametrize(
    ("configured", "auth_data"), [(b"secret", b"secret\0\0"), (b"12345678", b"12345678")]
)
def test_the_right_password_is_accepted(configured: bytes, auth_data: bytes) -> None:
    examined = saying(V2, auth_type=1, auth_data=auth_data)
    assert mismatches(examined, replace(EXPECT_V2, authentication=configured)) == ()


def test_an_expectation_that_is_printed_does_not_show_its_password() -> None:
    assert "secret" not in repr(EXPECT_PASSWORD)


@pytest.mark.rfc("3768:5.3.10")
def test_the_data_of_type_0_is_ignored() -> None:
    assert mismatches(saying(V2, auth_data=b"whatever"), EXPECT_V2) == ()


# --- the order --------------------------------------------------------------------------------


def test_without_peers_a_packet_that_was_not_sent_to_the_group_is_refused() -> None:
    assert refusal(replace(V3, destination=OURS), EXPECT_V3) == (
        DiscardReason.DESTINATION,
        "sent to 192.0.2.13, must be sent to 224.0.0.18: no peers here",
    )
    other = IPv4Address("224.0.0.5")
    assert refusal(replace(V3, destination=other), EXPECT_V3)[0] is DiscardReason.DESTINATION


def test_with_peers_a_packet_that_was_sent_to_the_group_is_refused_even_from_a_peer() -> None:
    assert refusal(V3, replace(EXPECT_V3, peers=frozenset({THEIRS}))) == (
        DiscardReason.DESTINATION,
        "sent to the group 224.0.0.18, must be sent to this host alone: peers are configured",
    )


def test_with_peers_packets_of_other_nodes_are_refused() -> None:
    expectation = replace(EXPECT_V2, peers=frozenset({THEIRS}))
    unicast = replace(V2, destination=OURS)
    assert isinstance(admit(unicast, expectation), Accepted)
    stranger = replace(unicast, source=IPv4Address("192.0.2.66"))
    assert refusal(stranger, expectation) == (
        DiscardReason.UNKNOWN_PEER,
        "192.0.2.66 is not among the peers: add it, unless NAT has put it there",
    )
    own = replace(unicast, source=OURS)
    assert refusal(own, expectation)[0] is DiscardReason.OWN_ADVERTISEMENT


@pytest.mark.parametrize(
    ("ttl", "lowest", "allowed"), [(254, 255, "255"), (63, 64, "64 to 255"), (0, 1, "1 to 255")]
)
def test_a_peer_that_is_too_far_away_is_refused(ttl: int, lowest: int, allowed: str) -> None:
    expectation = replace(EXPECT_V3, peers=frozenset({THEIRS}), min_ttl=lowest)
    far = replace(V3, destination=OURS, ttl=ttl)
    assert refusal(far, expectation) == (
        DiscardReason.TTL,
        f"TTL {ttl}, must be {allowed}{FORWARDED}",
    )
    assert isinstance(admit(replace(far, ttl=lowest), expectation), Accepted)
    assert isinstance(admit(replace(far, ttl=255), expectation), Accepted)


def test_the_first_failing_check_is_the_reason() -> None:
    worst = replace(
        saying(V2, interval=Nanoseconds(0), addresses=OTHER, auth_type=3),
        source=OURS,
        checksum_forms=MESSAGE_ONLY,
    )
    strict = replace(
        EXPECT_PASSWORD, version=Version.V3, owner=True, strict=True, checksum=PSEUDO_HEADER
    )
    found = [refusal(worst, strict)[0]]
    strict = replace(strict, version=Version.V2)
    found.append(refusal(worst, strict)[0])
    worst = replace(worst, checksum_forms=ONE_FORM)
    found.append(refusal(worst, strict)[0])
    worst = replace(worst, source=THEIRS)
    found.append(refusal(worst, strict)[0])
    strict = replace(strict, owner=False)
    found.append(refusal(worst, strict)[0])
    for auth_type, auth_data in ((0, b""), (1, b"wrong\0\0\0"), (1, b"secret\0\0")):
        worst = saying(
            V2,
            interval=Nanoseconds(0),
            addresses=OTHER,
            auth_type=auth_type,
            auth_data=auth_data,
        )
        found.append(refusal(worst, strict)[0])
    strict = replace(strict, addresses=OTHER)
    found.append(refusal(worst, strict)[0])
    assert found == [
        DiscardReason.VERSION,
        DiscardReason.CHECKSUM,
        DiscardReason.OWN_ADVERTISEMENT,
        DiscardReason.OWNER,
        DiscardReason.INVALID_AUTH_TYPE,
        DiscardReason.AUTH_TYPE_MISMATCH,
        DiscardReason.AUTH_FAILURE,
        DiscardReason.ADDRESS_LIST,
        DiscardReason.INTERVAL,
    ]


def test_the_names_of_the_counters_are_fixed() -> None:
    assert [reason.value for reason in DiscardReason] == [
        "malformed_datagrams",
        "ip_ttl_errors",
        "version_errors",
        "invalid_type_pkts_rcvd",
        "packet_length_errors",
        "checksum_errors",
        "vrid_errors",
        "destination_errors",
        "unknown_peers",
        "address_count_errors",
        "interval_errors",
        "first_address_errors",
        "own_advertisements",
        "owner_discards",
        "invalid_auth_type",
        "auth_type_mismatch",
        "auth_failures",
        "address_list_errors",
    ]
    assert [mismatch.value for mismatch in Mismatch] == [
        "owner_conflicts",
        "first_address_errors",
        "interval_errors",
        "address_list_errors",
    ]


# --- what proves that the sender lives ----------------------------------------------------------

PASSWORD = saying(V2, auth_type=1, auth_data=b"another\0")
TO_US = replace(V3, destination=OURS)


@pytest.mark.parametrize(
    ("examined", "expectation"),
    [
        (V2, EXPECT_V3),
        (V3, EXPECT_V2),
        (replace(V3, checksum_forms=PSEUDO_HEADER), replace(EXPECT_V3, checksum=MESSAGE_ONLY)),
        (PASSWORD, EXPECT_V2),
        (V2, EXPECT_PASSWORD),
        (PASSWORD, EXPECT_PASSWORD),
        (saying(V2, auth_type=2), EXPECT_V2),
        (saying(V2, auth_type=254), EXPECT_PASSWORD),
        (saying(V2, interval=TWO_SECONDS), replace(EXPECT_V2, strict=True)),
        (saying(V2, addresses=OTHER), replace(EXPECT_V2, strict=True)),
        (TO_US, EXPECT_V3),
        (TO_US, replace(EXPECT_V3, peers=frozenset({IPv4Address("192.0.2.1")}))),
    ],
)
def test_a_router_that_is_only_configured_otherwise_proves_that_it_lives(
    examined: Examined, expectation: Expectation
) -> None:
    found = admit(examined, expectation)
    assert isinstance(found, Discarded)
    assert found.neighbour == examined.advertisement
    far = admit(replace(examined, ttl=254), replace(expectation, min_ttl=200))
    assert isinstance(far, Discarded)
    assert far.neighbour is None
    own = admit(replace(examined, source=OURS), expectation)
    assert isinstance(own, Discarded)
    assert own.neighbour is None


def test_an_interval_of_zero_proves_nothing() -> None:
    found = admit(saying(V2, interval=Nanoseconds(0)), EXPECT_V3)
    assert isinstance(found, Discarded)
    assert found.neighbour is None


def test_nobody_is_a_neighbour_of_an_owner_that_refuses_all() -> None:
    found = admit(V2, replace(EXPECT_V2, owner=True))
    assert isinstance(found, Discarded)
    assert found.neighbour is None


@pytest.mark.parametrize(
    ("auth_type", "name"), [(2, "AH, an authentication header of IPsec"), (254, "MD5 of Cisco")]
)
def test_authentication_that_other_products_use_is_named(auth_type: int, name: str) -> None:
    _, detail = refusal(saying(V2, auth_type=auth_type), EXPECT_V2)
    assert detail == f"authentication type {auth_type} ({name}), must be 0 or 1"


LINK_LOCAL, GLOBAL = IPv6Address("fe80::51"), IPv6Address("2001:db8::10")
SIX = Examined(
    IPv6Address("fe80::2"),
    IPv6Address("ff02::12"),
    Advertisement(Version.V3, 51, 200, ONE_SECOND, (GLOBAL, LINK_LOCAL)),
    ONE_FORM,
)
EXPECT_SIX = Expectation(Version.V3, IPv6Address("fe80::1"), (LINK_LOCAL, GLOBAL), ONE_SECOND)


@pytest.mark.rfc("9568:5.2.9")
def test_a_global_first_address_is_accepted_and_reported_where_ours_is_link_local() -> None:
    assert mismatches(SIX, EXPECT_SIX) == (Mismatch.FIRST_ADDRESS,)
    assert mismatches(SIX, replace(EXPECT_SIX, addresses=(GLOBAL, LINK_LOCAL))) == ()
    strict = replace(EXPECT_SIX, strict=True)
    assert refusal(SIX, strict) == (
        DiscardReason.FIRST_ADDRESS,
        "first address 2001:db8::10, must be in fe80::/10",
    )
    found = admit(SIX, strict)
    assert isinstance(found, Discarded)
    assert found.neighbour == SIX.advertisement
