import errno

import pytest

from pyvrrp.errors import KernelError
from pyvrrp.net.process.privileges import missing, require

WANTED = {"CAP_NET_ADMIN": "to add addresses", "CAP_NET_RAW": "to send"}
NETWORK = 0x3000  # bits 12 and 13


def test_two_capabilities_are_enough() -> None:
    require(WANTED, NETWORK)
    assert missing(WANTED, NETWORK) == {}


def test_everything_that_is_missing_is_named_with_its_purpose_and_how_to_grant_it() -> None:
    with pytest.raises(KernelError) as caught:
        require({**WANTED, "CAP_SYS_ADMIN": "to enter blue"}, 0x1000)
    assert caught.value.code == errno.EPERM
    assert str(caught.value) == (
        "not enough privileges: CAP_NET_RAW (to send) and CAP_SYS_ADMIN (to enter blue) missing: "
        "run as root, or grant with systemd's AmbientCapabilities=CAP_NET_RAW CAP_SYS_ADMIN and "
        "the same in CapabilityBoundingSet"
    )
