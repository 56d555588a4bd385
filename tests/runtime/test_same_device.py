"""Two names of the configuration that turn out to be one interface."""

from dataclasses import dataclass, field

from pyvrrp.identity import Family, Place
from pyvrrp.runtime.links.same_device import Devices

DEVICE, OTHER = (4026531840, 2), (4026531840, 3)
REFUSED = "eth0 and uplink are one interface, and there VRID 51 over IPv4 is in use already"


@dataclass
class Name:
    place: Place
    vrids: tuple[int, ...] = (51,)
    told: list[str] = field(default_factory=list)

    def uses(self, family: Family, vrid: int) -> bool:
        return family is Family.IPV4 and vrid in self.vrids

    def look_again(self) -> None:
        self.told.append(f"{self.place} looks again")


def two() -> tuple[Devices[Name], Name, Name]:
    return Devices(), Name(Place("", "uplink")), Name(Place("", "eth0"))


def test_the_name_that_was_there_first_keeps_the_vrid() -> None:
    devices, uplink, eth0 = two()
    devices.note(uplink, DEVICE)
    devices.note(eth0, DEVICE)
    assert devices.refusal(uplink, Family.IPV4, 51) == ""
    assert devices.refusal(eth0, Family.IPV4, 51) == REFUSED
    assert list(devices.all_names_of(eth0)) == [uplink, eth0]


def test_other_vrids_families_and_interfaces_are_not_refused() -> None:
    devices, uplink, eth0 = two()
    devices.note(uplink, DEVICE)
    devices.note(eth0, DEVICE)
    assert devices.refusal(eth0, Family.IPV4, 52) == ""
    assert devices.refusal(eth0, Family.IPV6, 51) == ""
    devices.note(eth0, OTHER)
    assert devices.refusal(eth0, Family.IPV4, 51) == ""


def test_when_the_first_name_goes_the_other_one_looks_again_and_is_accepted() -> None:
    devices, uplink, eth0 = two()
    devices.note(uplink, DEVICE)
    devices.note(eth0, DEVICE)
    devices.note(uplink, None)
    assert eth0.told == ["eth0 looks again"]
    assert devices.refusal(eth0, Family.IPV4, 51) == ""
    devices.note(uplink, DEVICE)
    assert devices.refusal(uplink, Family.IPV4, 51) == (
        "uplink and eth0 are one interface, and there VRID 51 over IPv4 is in use already"
    )


def test_the_same_report_again_changes_nothing() -> None:
    devices, uplink, eth0 = two()
    for _ in range(3):
        devices.note(uplink, DEVICE)
        devices.note(eth0, None)
    assert list(devices.all_names_of(uplink)) == [uplink]
    assert list(devices.all_names_of(eth0)) == [eth0]
    assert uplink.told == []
