"""Values to octets and back, and octets of a process that is not trusted."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyvrrp.clients.base.resolver import HostName
from pyvrrp.clients.rights.wants import (
    CopyOfFile,
    LookUp,
    NeighbourSocket,
    PatternSearcher,
    PingSocket,
    TcpSocket,
    UnixStream,
)
from pyvrrp.config.model.configuration import (
    ArpProbeConfig,
    EtcdServers,
    HttpProbeConfig,
    PingProbeConfig,
    StatusRange,
    TcpProbeConfig,
)
from pyvrrp.ports import (
    Found,
    Grant,
    Granted,
    Look,
    ProbeResult,
    Record,
    Revoke,
    Revoked,
    Unanswered,
    Write,
)
from pyvrrp.prober.codec import MalformedError, decode, encode
from pyvrrp.prober.messages import (
    AreYouThere,
    AskEtcd,
    CancelCall,
    CannotGoOn,
    EtcdAnswered,
    FromProber,
    IAmHere,
    Introduce,
    Lent,
    ProbeEnded,
    StartProbe,
    ToProber,
    Wanted,
    from_prober,
    may_look_up,
    read_from_daemon,
    read_from_prober,
    to_prober,
    wants_of,
)

LOOPBACK = ip_address("127.0.0.1")
WEB = HttpProbeConfig(
    "https://[fe80::1%25eth0]/",
    headers=(("X-A", "b"),),
    ca=Path("/etc/ca.pem"),
    certificate=Path("/etc/cert.pem"),
    key=Path("/etc/key.pem"),
    status=(StatusRange(200, 299), StatusRange(401, 401)),
    body_regex="a.*b",
    unix_socket=Path("/run/web.sock"),
    source=ip_address("fe80::2%eth0"),
    netns="blue",
)
PING = PingProbeConfig("192.0.2.1", interface="eth0", netns="blue")
ARP = ArpProbeConfig(ip_address("2001:db8::1"), "eth0", netns="blue")
ETCD = EtcdServers(("http://127.0.0.1:2379",), password_file=Path("/etc/password"))
RECORD = Record("a/b", b"\0\xff", 7, 2**63 - 1)

TO_PROBER: list[ToProber] = [
    Introduce(0, WEB),
    Introduce(1, TcpProbeConfig("localhost", 80, LOOPBACK)),
    Introduce(2, PING),
    Introduce(3, ARP),
    Introduce(4, ETCD),
    StartProbe(1, 0, 700_000_000, 800_000_000),
    AskEtcd(2, 4, Grant(2**63 - 1, 10), 1),
    AskEtcd(2, 4, Revoke(1), 1),
    AskEtcd(2, 4, Write("k", b"v", 1, None), 1),
    AskEtcd(2, 4, Look("k"), 1),
    CancelCall(3),
    AreYouThere(),
    Lent(4, addresses=(LOOPBACK, ip_address("fe80::1%3"))),
    Lent(5, problem="there is no interface eth9", error=19),
]
FROM_PROBER: list[FromProber] = [
    ProbeEnded(1, ProbeResult(passed=True, reason="HTTP 200 in 3 ms")),
    EtcdAnswered(1, Granted(10)),
    EtcdAnswered(1, Revoked()),
    EtcdAnswered(1, Found(RECORD, (RECORD, RECORD), written=True)),
    EtcdAnswered(1, Unanswered("é\udcff")),
    Wanted(1, TcpSocket(None, "blue"), LOOPBACK),
    Wanted(2, PingSocket(LOOPBACK, "eth0", ""), LOOPBACK),
    Wanted(3, NeighbourSocket("eth0", "blue", ipv6=True)),
    Wanted(4, UnixStream(Path("/run/web.sock"))),
    Wanted(5, CopyOfFile(Path("/etc/ca.pem")), stamp="1.2"),
    Wanted(6, LookUp(HostName("localhost", "blue"))),
    Wanted(7, PatternSearcher("a.*b")),
    IAmHere(),
    CannotGoOn("MemoryError()"),
]


@pytest.mark.parametrize("message", TO_PROBER, ids=repr)
def test_a_message_of_the_daemon_comes_back_as_it_was(message: ToProber) -> None:
    assert read_from_daemon(to_prober(message)) == message


@pytest.mark.parametrize("message", FROM_PROBER, ids=repr)
def test_a_message_of_the_prober_comes_back_as_it_was(message: FromProber) -> None:
    assert read_from_prober(from_prober(message)) == message


@given(st.binary(max_size=200))
def test_any_octets_are_a_message_or_malformed(octets: bytes) -> None:
    try:
        message = read_from_prober(octets)
    except MalformedError:
        return
    assert from_prober(message) == octets


@given(st.sampled_from(FROM_PROBER), st.integers(0, 400), st.integers(0, 255))
def test_a_message_with_a_wrong_octet_is_a_message_or_malformed(
    message: FromProber, place: int, octet: int
) -> None:
    octets = bytearray(from_prober(message))
    octets[place % len(octets)] = octet
    try:
        read_from_prober(bytes(octets))
    except MalformedError:
        return


@pytest.mark.parametrize("message", FROM_PROBER, ids=repr)
def test_a_message_that_is_cut_or_goes_on_is_malformed(message: FromProber) -> None:
    octets = from_prober(message)
    for cut in range(len(octets)):
        with pytest.raises(MalformedError):
            read_from_prober(octets[:cut])
    with pytest.raises(MalformedError):
        read_from_prober(octets + b"\0")


def test_a_length_does_not_make_the_reader_take_memory() -> None:
    with pytest.raises(MalformedError):
        decode(tuple[int, ...], b"\xff\xff\xff\xff")
    with pytest.raises(MalformedError):
        decode(str, b"\xff\xff\xff\xff")


def test_truth_and_addresses_have_one_form() -> None:
    with pytest.raises(MalformedError):
        decode(bool, b"\2")
    with pytest.raises(MalformedError):
        decode(type(ip_address("::1")), encode(str, "no address"))


def test_a_type_that_has_no_form_is_a_defect() -> None:
    with pytest.raises(TypeError):
        encode(float, 1.0)


def test_a_check_may_want_what_its_keys_name_and_nothing_else() -> None:
    assert wants_of(WEB) == {
        TcpSocket(ip_address("fe80::2%eth0"), "blue"),
        CopyOfFile(Path("/etc/ca.pem")),
        CopyOfFile(Path("/etc/cert.pem")),
        CopyOfFile(Path("/etc/key.pem")),
        UnixStream(Path("/run/web.sock")),
        PatternSearcher("a.*b"),
    }
    assert wants_of(PING) == {PingSocket(None, "eth0", "blue")}
    assert wants_of(ARP) == {NeighbourSocket("eth0", "blue", ipv6=True)}
    assert wants_of(ETCD) == {TcpSocket(None, ""), CopyOfFile(Path("/etc/password"))}


def test_names_are_looked_up_in_the_namespace_of_a_check_only() -> None:
    assert may_look_up(PING, LookUp(HostName("any", "blue")))
    assert not may_look_up(PING, LookUp(HostName("any", "red")))
    assert not may_look_up(ARP, LookUp(HostName("any", "blue")))
