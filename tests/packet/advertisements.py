"""Hypothesis strategies for every advertisement that can be sent."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from hypothesis import strategies as st

from pyvrrp.identity import Address, Family, Version
from pyvrrp.packet.advertisement import Advertisement
from pyvrrp.packet.checksum import ChecksumForm
from pyvrrp.units import Nanoseconds


@dataclass(frozen=True)
class Sent:
    advertisement: Advertisement
    source: Address
    destination: Address
    form: ChecksumForm
    family: Family


@st.composite
def sendable(draw: st.DrawFn, most_addresses: int = 12) -> Sent:
    version, family = draw(
        st.sampled_from(
            (
                (Version.V2, Family.IPV4),
                (Version.V3, Family.IPV4),
                (Version.V3, Family.IPV6),
            )
        )
    )
    v2 = version is Version.V2
    first = draw(st.ip_addresses(v=6, network="fe80::/10"))
    others = draw(
        st.lists(st.ip_addresses(v=4 if family is Family.IPV4 else 6), max_size=most_addresses - 1)
    )
    start = draw(st.ip_addresses(v=4)) if family is Family.IPV4 else first
    steps = draw(st.integers(1, 255 if v2 else 4095))
    return Sent(
        Advertisement(
            version,
            draw(st.integers(1, 255)),
            draw(st.integers(0, 255)),
            Nanoseconds(steps * (1_000_000_000 if v2 else 10_000_000)),
            (start, *others),
            draw(st.integers(0, 1)) if v2 else 0,
            draw(st.binary(min_size=8, max_size=8)) if v2 else b"",
        ),
        draw(st.ip_addresses(v=4))
        if family is Family.IPV4
        else draw(st.ip_addresses(v=6, network="fe80::/10")),
        IPv4Address("224.0.0.18") if family is Family.IPV4 else IPv6Address("ff02::12"),
        draw(st.sampled_from(ChecksumForm)),
        family,
    )
