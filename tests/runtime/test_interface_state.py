from dataclasses import replace
from ipaddress import ip_address, ip_interface

import pytest

from pyvrrp.ports import InterfaceState

OWN = ip_interface("192.0.2.100/24")
OTHER = ip_interface("192.0.2.101/24")
HOSTS = (OWN.ip,)
STATE = InterfaceState(exists=True, up=True, index=2, addresses=(OWN, OTHER), ours=frozenset({OWN}))


def test_addresses_are_found_by_their_host_whatever_their_prefix() -> None:
    wider = ip_interface("192.0.2.100/16")
    state = replace(STATE, addresses=(OWN, OTHER, wider))
    assert state.present == {OWN, OTHER, wider}
    assert state.by_host[ip_address("192.0.2.100")] == (OWN, wider)
    assert ip_address("192.0.2.7") not in state.by_host


def test_addresses_of_other_hosts_concern_nobody_else() -> None:
    concerned = STATE.concerning(HOSTS)
    for addresses in ((OWN,), (OTHER, OWN), (OWN, OTHER, ip_interface("192.0.2.102/24"))):
        assert replace(STATE, addresses=addresses).concerning(HOSTS) == concerned
    assert replace(STATE, ours=frozenset({OWN, OTHER})).concerning(HOSTS) == concerned


@pytest.mark.parametrize(
    "change",
    [
        {"exists": False},
        {"up": False},
        {"index": 3},
        {"mac": bytes([2, 0, 0, 0, 0, 9])},
        {"mtu": 1400},
        {"arp": False},
        {"addresses": (OTHER,)},
        {"addresses": (OWN, OTHER, ip_interface("192.0.2.100/16"))},
        {"ours": frozenset()},
    ],
    ids=str,
)
def test_everything_else_concerns_each(change: dict[str, object]) -> None:
    changed = replace(STATE, **change)  # type: ignore[arg-type] # a shorthand
    assert changed.concerning(HOSTS) != STATE.concerning(HOSTS)
