"""The target for what the prober, which works on what strangers send, tells the daemon."""

import struct

from pyvrrp.ports import ProbeResult, Unanswered
from pyvrrp.prober.codec import MalformedError
from pyvrrp.prober.messages import (
    EtcdAnswered,
    ProbeEnded,
    from_prober,
    read_from_daemon,
    read_from_prober,
)
from tests.borders.nasty import is_harmless
from tests.fuzz.target import Target


def prober(octets: bytes) -> None:
    """Read a message. What was read is written in the same way again."""
    try:
        message = read_from_prober(octets)
    except MalformedError as error:
        assert is_harmless(str(error))
    else:
        assert read_from_prober(from_prober(message)) == message
        match message:
            case ProbeEnded(result=ProbeResult(reason=reason)):
                assert is_harmless(reason)
            case EtcdAnswered(answer=Unanswered(reason=reason)):
                assert is_harmless(reason)
            case _:
                pass
    try:
        read_from_daemon(octets)
    except MalformedError as error:
        assert is_harmless(str(error))


TARGETS = (
    Target(
        "prober",
        prober,
        (*(bytes([number]) for number in range(8)), struct.pack("!q", 7), struct.pack("!I", 5)),
    ),
)
