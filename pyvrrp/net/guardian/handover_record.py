"""What the guardian needs to hand over for one virtual router if the daemon dies.

The guardian imports this module, so it must import little.
"""

import marshal

from pyvrrp.net.guardian.records import PREPARE, framed
from pyvrrp.virtual_router.after_death import TimesAfterDeath

# Name of a lent socket, address for sendto, whole packet.
Sent = tuple[str, tuple[object, ...], bytes]
# Name of a lent socket, packed addresses of the hosts that count (none: all count), lowest TTL.
Heard = tuple[str, list[bytes], int]


class HandoverRecord:
    """One virtual router: its addresses, its last words, and how its successor is recognised."""

    __slots__ = (
        "addresses",
        "claims",
        "further",
        "hears",
        "index",
        "mac",
        "netns",
        "router",
        "sends",
        "times",
    )

    def __init__(
        self,
        router: str,
        netns: str,
        index: int,
        addresses: list[bytes],
        sends: list[Sent],
        hears: list[Heard],
        claims: str,
        mac: bytes,
        times: TimesAfterDeath,
        further: list[tuple[int, list[bytes]]] | None = None,
    ) -> None:
        self.router = router
        self.netns = netns
        self.index = index  # of the interface with the addresses
        self.addresses = addresses  # packed
        self.sends = sends  # advertisements with priority 0
        self.hears = hears
        self.claims = claims  # name of the lent socket that hears announcements
        self.mac = mac  # of the interface: what comes from there is no announcement of another host
        self.times = times
        self.further = further or []  # on other interfaces: index, packed addresses


def preparation(slot: int, record: HandoverRecord) -> bytes:
    """Return the record PREPARE; *slot* of the shared page says until when it holds."""
    fields = [getattr(record, name) for name in HandoverRecord.__slots__]
    return framed(PREPARE, marshal.dumps((slot, fields)))


def read_preparation(body: bytes) -> tuple[int, list[object]]:
    """Return the slot and the fields in the body of such a record."""
    slot, fields = marshal.loads(body)  # noqa: S302 - this very program has written it
    return slot, fields


def handover_record(fields: list[object]) -> HandoverRecord:
    """Return the record with these fields."""
    named = dict(zip(HandoverRecord.__slots__, fields, strict=True))
    return HandoverRecord(**named)  # type: ignore[arg-type]
