"""Advertisements are counted on the wire, not read."""

import socket

import pytest

from pyvrrp.testing.measure.advertisement_counter import AdvertisementCounter
from pyvrrp.testing.segment import Network

pytestmark = pytest.mark.kernel


def test_only_advertisements_that_arrive_are_counted() -> None:
    with Network() as network:
        lan = network.segment("lan")
        r1, r2 = lan.host("r1", "10.9.0.1/24"), lan.host("r2", "10.9.0.2/24")
        vrrp = r1.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 112))
        other = r1.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 113))
        with (
            vrrp,
            other,
            AdvertisementCounter(lan.namespace, "r1") as sent,
            AdvertisementCounter(r2.namespace, "eth0") as received,
            AdvertisementCounter(lan.namespace, "r2") as from_the_other,
        ):
            for sender in (vrrp, other):
                group = socket.inet_aton("10.9.0.1")
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, group)
            # Far more than a socket without room could keep.
            for _number in range(500):
                vrrp.sendto(b"\x31\x01\x64\x01\x00\x64\x00\x00", ("224.0.0.18", 0))
                other.sendto(b"nothing", ("224.0.0.18", 0))
            assert (sent.restart(), received.restart()) == (500, 500)
            assert from_the_other.restart() == 0
            vrrp.sendto(b"\x31\x01\x64\x01\x00\x64\x00\x00", ("224.0.0.18", 0))
            assert (sent.restart(), received.restart()) == (1, 1)
