"""How a Backup begins to wait (RFC 9568 section 6.4.2)."""

from dataclasses import replace

from pyvrrp.identity import Version
from pyvrrp.units import Nanoseconds
from pyvrrp.virtual_router.events import AdvertisementReceived
from pyvrrp.virtual_router.parameters import LAST_RESORT, RELEASE, Parameters, believed
from pyvrrp.virtual_router.states import Backup, Heard
from pyvrrp.virtual_router.timers import master_down_interval, skew_time


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


def only_moves_deadline(event: AdvertisementReceived, parameters: Parameters) -> bool:
    """Tell whether a Backup that hears *event* again and again only waits anew each time.

    Then the last one of them alone makes the same state as all of them. A release and the
    advertisement of a last resort set deadlines that depend on what was heard before.
    """
    return event.priority != RELEASE and not event.priority == LAST_RESORT < parameters.priority


def hear_last_resort(
    state: Backup, event: AdvertisementReceived, parameters: Parameters, now: Nanoseconds
) -> Backup:
    """Take over from a master that only serves because nobody better does.

    At once, but for the skew, which sorts those who are all better, as after a release; and not
    before a better master that was heard, or may be about to be, has missed an advertisement.
    """
    skew = skew_time(parameters.version, parameters.priority, state.master_adver_interval)
    missed_at = Nanoseconds(state.master_down_at - 2 * state.master_adver_interval)
    preempt_at = max(Nanoseconds(now + skew), missed_at)
    if state.preempt_at is not None:
        preempt_at = min(preempt_at, state.preempt_at)
    preempt_at = min(preempt_at, state.master_down_at)
    return replace(state, lower=Heard(event.sender, event.priority), preempt_at=preempt_at)
