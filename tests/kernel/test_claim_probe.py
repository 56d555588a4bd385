"""The probe before a claim, asked of real kernels, over ARP and over neighbour discovery."""

import json

import pytest

from pyvrrp.testing.segment import Host
from tests.kernel.daemons import Bench, Daemon, eventually, pyvrrp

pytestmark = pytest.mark.kernel

V6 = ("fe80::51", "2001:db8::100")


def start(bench: Bench, host: Host, policy: str) -> Daemon:
    """A daemon with a virtual router of each family, nobody else's."""
    more = (
        f'claim_probe = "{policy}"\n[[virtual_router]]\nname = "six"\ninterface = "eth0"\n'
        f'vrid = 52\naddresses = ["fe80::51/64", "2001:db8::100/64"]\n'
        f'advertisement_interval = "100ms"\nclaim_probe = "{policy}"\n'
    )
    return bench.start(host, 100, more=more)


def waits_for(daemon: Daemon) -> list[str]:
    shown = json.loads(pyvrrp("status", "--json", "--socket", str(daemon.socket)).stdout)
    return [router["fence"]["waits_for"] for router in shown["virtual_routers"]]


def test_an_address_that_somebody_answers_for_is_not_claimed_until_he_lets_go(
    bench: Bench,
) -> None:
    holder, host = bench.host("holder", 1), bench.host("r2", 2)
    holder.ip("address add 192.0.2.100/24 dev eth0", "address add 2001:db8::100/64 dev eth0")
    mac = holder.macs["eth0"].hex(":")
    daemon = start(bench, host, "refuse")
    eventually(
        "both wait",
        lambda: (
            waits_for(daemon)
            == [
                f"{mac} to have 192.0.2.100 no longer",
                f"{mac} to have 2001:db8::100 no longer",
            ]
        ),
    )
    assert not {"192.0.2.100", *V6} & host.addresses("eth0")
    holder.ip("address del 192.0.2.100/24 dev eth0", "address del 2001:db8::100/64 dev eth0")
    eventually("it has all", lambda: {"192.0.2.100", *V6} <= host.addresses("eth0"))
    assert daemon.events("claim_contested") == []
    assert len(daemon.events("claim_held_back")) == 2


def test_a_warning_names_who_has_the_address_and_the_claim_is_made(bench: Bench) -> None:
    holder, host = bench.host("holder", 1), bench.host("r2", 2)
    holder.ip("address add 192.0.2.100/24 dev eth0", "address add 2001:db8::100/64 dev eth0")
    daemon = start(bench, host, "warn")
    eventually("it has all", lambda: {"192.0.2.100", *V6} <= host.addresses("eth0"))
    eventually("it warns of both", lambda: len(daemon.events("claim_contested")) == 2)
    told = {str(event["address"]) for event in daemon.events("claim_contested")}
    assert told == {"192.0.2.100", "2001:db8::100"}
    eventually("it goes on telling", lambda: len(daemon.events("address_conflict")) >= 2)
