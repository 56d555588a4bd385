"""Keys of a virtual router with a policy: announce, hold_down, lease and claim_probe."""

from pyvrrp.config.model.configuration import AnnouncePolicy, ClaimProbePolicy
from pyvrrp.config.values.durations import duration, duration_from, write_duration
from pyvrrp.config.values.scalars import WrongValueError, integer, one_of, shown, wrong
from pyvrrp.config.values.sections import Key, Section, table_of
from pyvrrp.fencing.policy import HoldDown
from pyvrrp.units import SECOND, Nanoseconds

_NOTHING = Nanoseconds(0)
_FIVE_MINUTES = Nanoseconds(300 * SECOND)
_DAY = Nanoseconds(86_400 * SECOND)
_SHORTEST_LEASE = 2


def _refresh(value: object) -> Nanoseconds:
    parsed = duration(value)
    if parsed != 0 and not SECOND <= parsed <= _DAY:
        raise wrong(f"must be 0s (never) or from 1s to 86400s, not {shown(value)}")
    return parsed


COUNT = Key("count", integer(1, 100), 5)
DELAY = Key("delay", duration_from(_NOTHING, _FIVE_MINUTES), "5s")
REFRESH = Key("refresh", _refresh, "60s")
GAP = Key("gap", duration_from(_NOTHING, SECOND), "0s")
ANNOUNCE_KEYS: tuple[Key[object], ...] = (COUNT, DELAY, REFRESH, GAP)

INITIAL = Key("initial", duration_from(_NOTHING, _DAY), "5s")
CEILING = Key("ceiling", duration_from(_NOTHING, _DAY), "300s")
WINDOW = Key("window", duration_from(_NOTHING, _DAY), "600s")
HOLD_DOWN_KEYS: tuple[Key[object], ...] = (INITIAL, CEILING, WINDOW)


def _announce(section: Section) -> AnnouncePolicy:
    return AnnouncePolicy(
        count=section.read(COUNT),
        delay=section.read(DELAY),
        refresh=section.read(REFRESH),
        gap=section.read(GAP),
    )


def _hold_down(section: Section) -> HoldDown:
    policy = HoldDown(section.read(INITIAL), section.read(CEILING), section.read(WINDOW))
    if policy.ceiling < policy.initial and section.good(INITIAL, CEILING):
        at_least = write_duration(policy.initial)
        section.refuse(CEILING, f"must be at least initial, which is {at_least}")
    return policy


announce = table_of(ANNOUNCE_KEYS, _announce)
hold_down = table_of(HOLD_DOWN_KEYS, _hold_down)


def lease(value: object) -> int | None:
    """Return the address lease in whole seconds: 0 for "off", None for "auto"."""
    if value == "auto":
        return None
    if value == "off":
        return 0
    try:
        parsed = duration(value)
    except WrongValueError:
        parsed = _NOTHING
    if not SECOND <= parsed <= _DAY or parsed % SECOND:
        allowed = '"auto", "off" or whole seconds from 1s to 86400s'
        raise wrong(f"must be {allowed}, not {shown(value)}")
    return parsed // SECOND


def automatic_lease(interval: Nanoseconds) -> int:
    """Return the address lease for "auto" in seconds: it ends before the backups take over.

    It is at least 2 s, because the kernel counts lifetimes in whole seconds.
    """
    return max(_SHORTEST_LEASE, 2 * interval // SECOND)


claim_probe = one_of({str(policy): policy for policy in ClaimProbePolicy})


def automatic_claim_probe(interval: Nanoseconds) -> ClaimProbePolicy:
    """Return the default of claim_probe: WARN, but OFF if the interval is shorter than a second.

    With such an interval the address lease is longer than the backups wait. The kernel of a node
    whose daemon has just died would often still answer.
    """
    return ClaimProbePolicy.WARN if interval >= SECOND else ClaimProbePolicy.OFF
