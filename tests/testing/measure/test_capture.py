from pyvrrp.testing.measure.capture import interpret

# Ethernet, then IPv4 with TTL 255 from 10.9.0.1 to 224.0.0.18, then VRRPv3: VRID 51, priority
# 200, 100 cs, 10.9.0.100; as scapy 2.8 builds it.
ADVERTISEMENT = bytes.fromhex(
    "01005e000012020000000001080045c0002000010000ff70d0900a090001e00000123133c801006411610a090064"
)
GRATUITOUS_ARP = bytes.fromhex(
    "ffffffffffff020000000001080600010800060400010200000000010a090064ffffffffffff0a090064"
)
ARP_QUESTION = bytes.fromhex(
    "ffffffffffff020000000003080600010800060400010200000000030a0900090000000000000a090064"
)


def unsolicited_advertisement(flags: int) -> bytes:
    ethernet = bytes.fromhex("33330000000102000000000186dd")
    ipv6 = bytes.fromhex("6000000000203aff") + bytes.fromhex("fe80" + "00" * 13 + "64")
    target = bytes.fromhex("20010db8000900000000000000000100")
    icmp = bytes((136, 0, 0, 0, flags, 0, 0, 0)) + target + b"\x02\x01\x02\x00\x00\x00\x00\x01"
    return ethernet + ipv6 + bytes.fromhex("ff02" + "00" * 13 + "01") + icmp


def test_an_advertisement_is_told_with_all_its_fields() -> None:
    assert interpret(ADVERTISEMENT) == {
        "kind": "advertisement",
        "source": "10.9.0.1",
        "destination": "224.0.0.18",
        "mac": "02:00:00:00:00:01",
        "version": 3,
        "vrid": 51,
        "priority": 200,
        "interval_ms": 1000.0,
        "addresses": ["10.9.0.100"],
    }


def test_a_broken_advertisement_is_malformed_and_raises_nothing() -> None:
    seen = interpret(ADVERTISEMENT[:-2])
    assert seen is not None
    assert seen["kind"] == "malformed"


def test_gratuitous_arp_announces_an_address_at_a_mac() -> None:
    assert interpret(GRATUITOUS_ARP) == {
        "kind": "announcement",
        "protocol": "arp",
        "address": "10.9.0.100",
        "mac": "02:00:00:00:00:01",
    }


def test_an_ordinary_arp_question_announces_nothing() -> None:
    assert interpret(ARP_QUESTION) is None


def test_an_unsolicited_neighbor_advertisement_announces_an_address_at_a_mac() -> None:
    assert interpret(unsolicited_advertisement(0x20)) == {
        "kind": "announcement",
        "protocol": "nd",
        "address": "2001:db8:9::100",
        "mac": "02:00:00:00:00:01",
    }


def test_an_answer_to_a_neighbor_solicitation_announces_nothing() -> None:
    assert interpret(unsolicited_advertisement(0x60)) is None
