"""How a Backup begins to wait (RFC 9568 section 6.4.2)."""

from pyvrrp.identity import Version
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import AdvertisementReceived
from pyvrrp.virtual_router.parameters import Parameters, believed
from pyvrrp.virtual_router.states import Backup, Heard
from pyvrrp.virtual_router.timers import master_down_interval


def wait(
    parameters: Parameters,
    heard: Nanoseconds,
    now: Nanoseconds,
    event: AdvertisementReceived | None = None,
) -> Backup:
    """Return a Backup that waits for a full Master_Down_Interval.

    It counts from *event* if there is one, and learns the interval *heard*.
    """
    # VRRPv2 has no learned interval: every router is configured alike.
    learned = believed(heard, parameters)
    if parameters.version is Version.V2 or event is None:
        learned = parameters.advertisement_interval
    patience = master_down_interval(parameters.version, parameters.priority, learned)
    master = None if event is None else Heard(event.sender, event.priority)
    return Backup(Nanoseconds(now + patience), learned, master)
